# SPDX-License-Identifier: Apache-2.0
"""Where a registry may send its clients, and what they say there.

A registry points elsewhere all the time: to a store of blobs, to a server that gives tokens. Who
could speak in its place would like to point to a machine that only we can reach, or to one that
collects passwords. So it may point to what is encrypted, unless it is not itself; to nothing that
is called by an address of a private network, unless it is called so itself; and a credential goes
no further than to its own name, or its neighbours'.
"""

import re
from urllib.parse import urljoin, urlsplit

from keyless.errors import ServiceError
from keyless.safe_text import shown
from keyless.services.http import place
from keyless.services.http.hosts import address_of, is_loopback

LONGEST_URL = 16 << 10
_PORTS = {"http": 80, "https": 443}

# As every reader of URLs reads it. Where a backslash, an "@" or a letter beyond ASCII stands, they
# differ, and one that is checked here would be another one that is asked.
_ORIGIN = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?=[/?#]|\Z)",
    re.ASCII | re.IGNORECASE,
)
# What a host ends in that looks like no address, and that a resolver takes for one: 2130706433,
# 127.1 and 0x7f.1 are all 127.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Under `co.uk` and its like, everybody's neighbour is everybody.
_OPEN_TO_ALL = re.compile(r"(?:ac|co|com|edu|gov|net|or|org)\.[a-z]{2}")


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of *url*: who has them in common is one server.

    ValueError if it could be read in more than one way.
    """
    match = _ORIGIN.match(url)
    if match is None:
        raise ValueError
    scheme, host = match[1].lower(), match[2].lower().strip("[]")
    return scheme, host, int(match[3]) if match[3] else _PORTS[scheme]


def target(pointer: str, *, base: str, what: str) -> str:
    """Return the URL that *pointer* stands for in an answer of *base*'s, as its *what*.

    ServiceError if that is not where a registry may point to.
    """
    try:
        url = urljoin(base, pointer[: LONGEST_URL + 1])
        parts = urlsplit(url)
    except ValueError:
        raise _astray(pointer, base, what, "which cannot be read") from None
    if not pointer or not parts.netloc or not pointer.isprintable() or len(pointer) > LONGEST_URL:
        raise _astray(pointer, base, what, "which is no address")
    if parts.scheme not in ("https", urlsplit(base).scheme):
        raise _astray(url, base, what, "which is not encrypted")
    if "@" in parts.netloc:
        raise _astray(url, base, what, "with a password in it")
    try:
        host = origin_of(url)[1]
    except ValueError:
        raise _astray(url, base, what, "which cannot be read") from None
    if is_private(host) and not is_private(origin_of(base)[1]):
        raise _astray(url, base, what, "which is in a private network")
    return url


def is_private(host: str) -> bool:
    """Say whether *host* is an address that means another machine elsewhere, or this one."""
    address = address_of(host)
    if address is None:
        last = host.rstrip(".").rpartition(".")[2]
        return is_loopback(host) or _NUMBER.fullmatch(last) is not None
    return not address.is_global or address.is_multicast


def may_know(url: str, registry: str) -> bool:
    """Say whether whoever is at *url* may be told the credential for the host *registry*.

    The registry itself may, on any port; what is under its name, and what is beside it, as
    `auth.docker.io` is beside `index.docker.io`.
    """
    host = origin_of(url)[1]
    if host == registry or host.endswith(f".{registry}"):
        return True
    family = registry.partition(".")[2]
    if address_of(registry) is not None or "." not in family or _OPEN_TO_ALL.fullmatch(family):
        return False
    return host == family or host.endswith(f".{family}")


def _astray(pointer: str, base: str, what: str, why: str) -> ServiceError:
    return ServiceError(
        f"{place(base)} points to {shown(pointer, longest=160) or 'nowhere'} {why}, as its {what}",
        service=place(base),
        hint="something else may have answered in its place, or it is not set up as it should be",
    )
