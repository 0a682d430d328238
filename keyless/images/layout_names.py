# SPDX-License-Identifier: Apache-2.0
"""What a person calls an image in a layout on this machine.

    oci:app.tar                 the one image in an archive
    oci:/var/images/app:1.2     the one in a folder that has that tag
    oci:app.tar@sha256:0f5e…    the one with that digest, or a part of one

What stands there as a whole is its own name, colons and all.
"""

import os
from contextlib import suppress

from keyless.errors import InputError, ParseError
from keyless.images.layout import Layout
from keyless.protocol.digest import Digest
from keyless.protocol.oci import is_tag
from keyless.safe_text import shown

PREFIX = "oci:"


def is_layout(text: str) -> bool:
    """Say whether *text* names an image in a layout."""
    return text.startswith(PREFIX)


def layout_named(text: str) -> tuple[Layout, str]:
    """Return the layout that *text* names, and what it says of the image: tag, digest, or ""."""
    path, named = split_layout(text.removeprefix(PREFIX))
    if not path:
        raise InputError(f"{shown(text, longest=160)!r} names no layout", hint="as in oci:app.tar")
    return Layout.at(path), named


def split_layout(text: str) -> tuple[str, str]:
    """Split *text* into the path of a layout, and the tag or the digest of an image in it."""
    if _is_there(text):
        return text, ""
    path, at, pin = text.rpartition("@")
    if at:
        with suppress(ParseError):
            return path, str(Digest.parse(pin))
    path, colon, tag = text.rpartition(":")
    return (path, tag) if colon and is_tag(tag) else (text, "")


def _is_there(path: str) -> bool:
    with suppress(ValueError):
        return os.path.lexists(path)
    return False
