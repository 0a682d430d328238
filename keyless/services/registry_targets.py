# SPDX-License-Identifier: Apache-2.0
"""Where a registry may send its clients, and what they say there.

A registry points elsewhere all the time: to a store of blobs, to a server that gives tokens. Who
could speak in its place would like to point to a machine that only we can reach, or to one that
collects passwords. So it may point to what is encrypted, unless it is not itself; to nothing that
is called by an address of a private network, unless it is called so itself; and a credential goes
no further than to its own name, or its neighbours'.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urljoin, urlsplit

from keyless.errors import ServiceError
from keyless.safe_text import shown
from keyless.services.http import place

LONGEST_URL = 16 << 10
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of *url*: who has them in common is one server."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def target(pointer: str, *, base: str, what: str) -> str:
    """Return the URL that *pointer* stands for in an answer of *base*'s, as its *what*.

    ServiceError if that is not where a registry may point to.
    """
    try:
        url = urljoin(base, pointer[: LONGEST_URL + 1])
        parts, (_, host, _) = urlsplit(url), origin_of(url)
    except ValueError:
        raise _astray(pointer, base, what, "which cannot be read") from None
    if not pointer or not host or not pointer.isprintable() or len(pointer) > LONGEST_URL:
        raise _astray(pointer, base, what, "which is no address")
    if parts.scheme not in ("https", urlsplit(base).scheme):
        raise _astray(url, base, what, "which is not encrypted")
    if parts.username is not None or parts.password is not None:
        raise _astray(url, base, what, "with a password in it")
    if is_private(host) and not is_private(origin_of(base)[1]):
        raise _astray(url, base, what, "which is in a private network")
    return url


def is_private(host: str) -> bool:
    """Say whether *host* is an address that means another machine elsewhere, or this one."""
    address = _address(host)
    if address is None:
        return is_loopback(host)
    return not address.is_global or address.is_multicast


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine by name, or by an address."""
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def may_know(url: str, registry: str) -> bool:
    """Say whether whoever is at *url* may be told the credential for the host *registry*.

    The registry itself may, on any port; what is under its name, and what is beside it, as
    `auth.docker.io` is beside `index.docker.io`.
    """
    host = origin_of(url)[1]
    if host == registry or host.endswith(f".{registry}"):
        return True
    family = registry.partition(".")[2]
    if _address(registry) is not None or "." not in family:
        return False
    return host == family or host.endswith(f".{family}")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _astray(pointer: str, base: str, what: str, why: str) -> ServiceError:
    return ServiceError(
        f"{place(base)} points to {shown(pointer, longest=160) or 'nowhere'} {why}, as its {what}",
        service=place(base),
        hint="something else may have answered in its place, or it is not set up as it should be",
    )
