# SPDX-License-Identifier: Apache-2.0
"""Tokens that can be had without asking a person, wherever this runs.

    the environment variable SIGSTORE_ID_TOKEN     somebody has put one there, for us
    the file /var/run/sigstore/cosign/oidc-token   somebody renews one there, for us
    a place that vouches for its jobs              `ci` asks it

The first of them that is there is taken. All are asked again for each token.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial

from keyless import files
from keyless.auth.ci import PRODUCT_FILE, place_of, place_token
from keyless.errors import LoginError
from keyless.protocol.token import LONGEST_TOKEN
from keyless.safe_text import shown
from keyless.value import value

VARIABLE = "SIGSTORE_ID_TOKEN"
# Where cosign looks for it, too.
TOKEN_FILE = "/var/run/sigstore/cosign/oidc-token"  # noqa: S105 - a path


@value
class AmbientSource:
    """Something to *ask* for tokens that needs no person, by *name*."""

    name: str
    ask: Callable[[], str]


def ambient_source(
    environ: Mapping[str, str] = os.environ,
    *,
    audience: str = "sigstore",
    file: str = TOKEN_FILE,
    product_file: str = PRODUCT_FILE,
) -> AmbientSource | None:
    """Return what gives tokens here without asking a person, if anything does; ask nobody yet."""
    if environ.get(VARIABLE, "").strip():
        name = f"the environment variable {VARIABLE}"
        return AmbientSource(name=name, ask=partial(environment_token, environ))
    if os.path.exists(file):
        return AmbientSource(name=f"the file {shown(file)}", ask=partial(file_token, file))
    place = place_of(environ, product_file=product_file)
    if place is None:
        return None
    return AmbientSource(
        name=place.name, ask=lambda: place_token(place, environ, audience=audience)
    )


def demanded_source(source: AmbientSource | None) -> AmbientSource:
    """Return *source*; say what could have been one if there is none."""
    if source is None:
        raise LoginError(
            "nothing here says who this is: no token was given, and this is no job of a place "
            "that vouches for its jobs",
            hint=f"have {VARIABLE} hold an identity token with the audience sigstore; or run this "
            "in GitHub Actions, GitLab CI, Buildkite, CircleCI or Google Cloud",
        )
    return source


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
