# SPDX-License-Identifier: Apache-2.0
"""What people have in hand when they ask for an entry: a number, a name, a link, a bundle.

95412912                                            its index
24296fb24b8ad77a…                                   its name: 80 digits, or the last 64 of them
https://search.sigstore.dev/?logIndex=95412912      a link that has either in it: its host is
https://rekor.example/api/v1/log/entries/2429…      never asked
log2025-1:228                                       the name of a log, and the index there
app.whl.sigstore.json                               the path of a bundle
"""

import re
from os import PathLike
from urllib.parse import parse_qsl, urlsplit

from keyless import files
from keyless.errors import InputError
from keyless.protocol.bundle import Bundle
from keyless.protocol.encoding import LARGEST_INT64
from keyless.safe_text import shown
from keyless.value import value

_NAME = re.compile(r"(?:[0-9a-f]{16})?[0-9a-f]{64}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,19}")
_IN_SHARD = re.compile(r"([^/\\\s]+):([0-9]{1,19})")
_HINT = (
    "give an index, a name of 64 or 80 hexadecimal digits, a link that has either in it, "
    "LOG:INDEX, a bundle, or the path of one"
)


@value
class AtIndex:
    """The entry at *index*, of the log called *shard*, or of the one that is asked."""

    index: int
    shard: str | None = None


@value
class Called:
    """The entry called *uuid*."""

    uuid: str


@value
class InBundle:
    """The entry in *bundle*."""

    bundle: Bundle


Asked = AtIndex | Called | InBundle


def read_asked(asked: object) -> Asked:
    """Say which entry is *asked* for."""
    match asked:
        case Bundle():
            return InBundle(bundle=asked)
        case bool():
            pass
        case int() if 0 <= asked <= LARGEST_INT64:
            return AtIndex(index=asked)
        case str():
            return _in_text(asked.strip())
        case PathLike():
            return InBundle(bundle=files.read_bundle(asked))
        case _ if isinstance(bundle := getattr(asked, "bundle", None), Bundle):
            return InBundle(bundle=bundle)
        case _:
            pass
    raise InputError(f"{shown(asked, longest=120)} names no entry of a log", hint=_HINT)


def _in_text(text: str) -> Asked:
    if text.lower().startswith(("https://", "http://")):
        return _in_url(text)
    if _NUMBER.fullmatch(text):
        return _at(text)
    if _NAME.fullmatch(text):
        return Called(uuid=text.lower())
    if match := _IN_SHARD.fullmatch(text):
        return _at(match[2], shard=match[1])
    try:
        return InBundle(bundle=files.read_bundle(text))
    except InputError as error:
        raise InputError(
            f"{error.message}, and no other way to name an entry", hint=_HINT
        ) from None


def _in_url(text: str) -> Asked:
    """Take out of a link what it says of the entry; where it leads does not matter."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InputError(f"not a link: {shown(text, longest=120)}", hint=_HINT) from None
    query = dict(parse_qsl(parts.query))
    last = parts.path.rstrip("/").rpartition("/")[2]
    for name in ("logIndex", "uuid"):
        if said := query.get(name):
            return _said(said, text)
    return _said(last, text)


def _said(said: str, url: str) -> Asked:
    if _NUMBER.fullmatch(said):
        return _at(said)
    if _NAME.fullmatch(said):
        return Called(uuid=said.lower())
    raise InputError(
        f"the link {shown(url, longest=120)} has neither an index nor the name of an entry in it",
        hint=_HINT,
    )


def _at(digits: str, *, shard: str | None = None) -> AtIndex:
    if (index := int(digits)) > LARGEST_INT64:
        raise InputError(f"{digits} is not the index of an entry")
    return AtIndex(index=index, shard=shard)
