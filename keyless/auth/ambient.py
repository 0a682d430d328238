# SPDX-License-Identifier: Apache-2.0
"""Tokens that lie ready on this machine: in the environment, or in a file that somebody renews."""

import os
from collections.abc import Mapping

from keyless import files
from keyless.errors import LoginError
from keyless.protocol.token import LONGEST_TOKEN
from keyless.safe_text import shown

VARIABLE = "SIGSTORE_ID_TOKEN"


def environment_token(environ: Mapping[str, str] = os.environ) -> str:
    """Return the token in the environment variable `SIGSTORE_ID_TOKEN`."""
    text = environ.get(VARIABLE, "").strip()
    if not text:
        raise LoginError(
            f"the environment variable {VARIABLE} is {'empty' if VARIABLE in environ else 'unset'}",
            hint="have it hold an identity token with the audience sigstore",
        )
    return text


def file_token(path: files.Path) -> str:
    """Return the token in the file at *path*."""
    text = files.read(path, largest=LONGEST_TOKEN + 2).decode("utf-8", "replace").strip()
    if not text:
        raise LoginError(f"{shown(files.name_of(path))} is empty, and holds no identity token")
    return text
