# SPDX-License-Identifier: Apache-2.0
"""Whatever fails, no token and no private key is in what is left of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.errors import BatchError, KeylessError
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, Transport
from keyless.session import Signer
from tests.instances import NOON, Wire, on
from tests.remains import left_of

HOSTS = ("fulcio", "timestamp", "rekor", "log2025")


def refuse(request: Request, _: Transport) -> Response:
    """Say no, and repeat all that was said."""
    said = f"{request.headers} {request.body!r}"
    return Response(status=400, body=json.dumps({"message": said}).encode())


def babble(request: Request, _: Transport) -> Response:
    """Answer with what was asked, as if it were the answer."""
    return Response(status=200, body=f"{request.headers} {request.body!r}".encode())


def lie(request: Request, _: Transport) -> Response:
    """Answer as another instance would."""
    return OTHER.transport(request)


OTHER = Sandbox(NOON)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("answer", [refuse, babble, lie])
def test_no_failure_keeps_a_secret(host: str, answer: Any, tmp_path: Path) -> None:
    """Of every service, however it fails: one file, and one of a batch."""
    sandbox = Sandbox(NOON)
    token = sandbox.token("alice@example.com")
    wire = Wire(sandbox)
    wire.bend(host, answer)
    sigstore = on(sandbox, rekor=2 if host == "log2025" else 1, transport=wire)
    (tmp_path / "app.whl").touch()
    signer = Signer(Identity.from_token(token), sigstore=sigstore)
    with pytest.raises(KeylessError) as one:
        signer.sign(tmp_path / "app.whl")
    with pytest.raises(BatchError) as many:
        list(signer.sign_each([tmp_path / "app.whl"]))
    left = " ".join((*left_of(one.value), *left_of(many.value), f"{signer!r} {vars(signer)}"))
    assert token not in left
    assert token.rpartition(".")[2] not in left
    assert "PRIVATE KEY" not in left
    assert [each.name for each in tmp_path.iterdir()] == ["app.whl"]
