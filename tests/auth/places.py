# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the places that vouch for jobs: servers on loopback, and programs on the path."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from keyless.auth.ci import place_of

# What tells one place from the next, and what they are asked by.
VARIABLES = (
    "GITHUB_ACTIONS",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "GITLAB_CI",
    "BUILDKITE",
    "CIRCLECI",
    "GOOGLE_SERVICE_ACCOUNT_NAME",
    "SIGSTORE_ID_TOKEN",
)
SECRET = "the-secret-that-asks-for-tokens"  # noqa: S105 - that of a test

Answer = tuple[int, bytes]


class Asked:
    """What a stand-in was asked: method, path and headers, one after the other."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""


@contextmanager
def answering(answer: Callable[[], Answer]) -> Iterator[Asked]:
    """Answer every request on a port of this machine's by *answer*, while the block lasts."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.requests.append((self.command, self.path, dict(self.headers)))
            status, body = answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as the library wants it called

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    asked.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def nowhere(patch: pytest.MonkeyPatch) -> None:
    """Be in none of the places."""
    for name in VARIABLES:
        patch.delenv(name, raising=False)
    assert place_of(os.environ, product_file=os.devnull) is None


def on_github(patch: pytest.MonkeyPatch, url: str) -> None:
    """Be a job of GitHub's that may ask for tokens at *url*."""
    nowhere(patch)
    patch.setenv("GITHUB_ACTIONS", "true")
    patch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", SECRET)
    patch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{url}/job/7?api-version=2.0")


def githubs(token: str) -> Answer:
    """Give *token* as GitHub does."""
    return 200, json.dumps({"count": 1, "value": token}).encode()


def program(folder: Path, name: str, script: str, patch: pytest.MonkeyPatch) -> None:
    """Put a program *name*, a shell *script*, first on the path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def on_google_cloud(patch: pytest.MonkeyPatch, folder: Path, url: str) -> Path:
    """Be on a machine of Google's whose metadata server is at *url*; return what says that it is.

    Neither the address of the server nor the name of that file can be said to that package, so
    they are put where it keeps them.
    """
    from id._internal.oidc import ambient  # noqa: PLC0415 - see above

    nowhere(patch)
    product = folder / "product_name"
    product.write_text("Google Compute Engine\n")
    theirs: Any = ambient
    patch.setattr(theirs, "_GCP_PRODUCT_NAME_FILE", str(product))
    patch.setattr(theirs, "_GCP_IDENTITY_REQUEST_URL", f"{url}/identity")
    patch.setattr(theirs, "_GCP_TOKEN_REQUEST_URL", f"{url}/token")
    patch.setattr(theirs, "_GCP_GENERATEIDTOKEN_REQUEST_URL", url + "/{}:generateIdToken")
    return product
