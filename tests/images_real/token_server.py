# SPDX-License-Identifier: Apache-2.0
"""A server for tokens as `docker-registry` takes them: JWTs, signed by a key that it is told.

GET  /token?service=…&scope=…   with a password, or as anybody, who may read
POST /token                     with an identity token (OAuth's `refresh_token`)
"""

import base64
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self
from urllib.parse import parse_qs, urlsplit

import jwt

from tests.images_real.authority import Authority

ISSUER, SERVICE = "keyless tests", "a registry"
IDENTITY_TOKEN = "a long-lived token of mine"  # noqa: S105 - of nobody


class TokenServer:
    """The server, on a port of its own; *users* have passwords, and *identities* are told so."""

    def __init__(self, authority: Authority, users: dict[str, str]) -> None:
        self._users = users
        self._key = authority.key
        chain = authority.certificate_der
        self._header = {"typ": "JWT", "x5c": [base64.b64encode(chain).decode()]}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                """Give a token for a password, or to anybody."""
                server.asked.append(self.path)
                query = parse_qs(urlsplit(self.path).query)
                self._answer(server.user(self.headers.get("Authorization")), query["scope"])

            def do_POST(self) -> None:
                """Give a token for another one."""
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = parse_qs(body)
                server.asked.append(f"POST {form['grant_type'][0]}")
                known = form["refresh_token"][0] == IDENTITY_TOKEN
                self._answer("me" if known else None, form["scope"][0].split())

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name there
                """Log nothing."""

            def _answer(self, user: str | None, scopes: list[str]) -> None:
                token = None if user is None else server.token(user, scopes)
                body = json.dumps({"token": token, "expires_in": 300}).encode()
                self.send_response(401 if token is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"

    def user(self, authorization: str | None) -> str | None:
        """Return whose password that is; nobody in particular if there is none."""
        if authorization is None:
            return ""
        name, _, password = base64.b64decode(authorization.split()[1]).decode().partition(":")
        return name if self._users.get(name) == password else None

    def token(self, user: str, scopes: list[str]) -> str:
        """Write a token for *scopes*, as far as *user* may do what they say."""
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            granted = [each for each in actions.split(",") if user or each == "pull"]
            access.append({"type": kind, "name": name, "actions": granted})
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": user,
            "nbf": now - 10,
            "exp": now + 300,
            "access": access,
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers=self._header)

    def configuration(self, certificate: Path) -> dict[str, object]:
        """Return how a registry is told of this server."""
        return {
            "token": {
                "realm": self.url,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(certificate),
            }
        }

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
