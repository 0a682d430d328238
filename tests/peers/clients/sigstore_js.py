# SPDX-License-Identifier: Apache-2.0
"""sigstore-js, by the scripts that `nox -s javascript` runs."""

import hashlib
import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

from keyless.protocol.json_reader import JsonValue
from keyless.protocol.statement import IN_TOTO
from tests.peers.clients.client import (
    ARTIFACT,
    PREDICATE,
    PREDICATE_TYPE,
    SECONDS,
    CannotError,
    Documents,
    Question,
    Setting,
)
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN
from tests.peers.stack.programs import node_modules

SCRIPTS = Path(__file__).parents[2] / "javascript"
PACKAGES = json.loads((SCRIPTS / "package.json").read_text())["dependencies"]
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [
        {"name": "artifact.txt", "digest": {"sha256": hashlib.sha256(ARTIFACT).hexdigest()}}
    ],
    "predicateType": PREDICATE_TYPE,
    "predicate": PREDICATE,
}


class SigstoreJs:
    """`@sigstore/sign` and `@sigstore/verify`."""

    name = "sigstore-js"
    version = f"{PACKAGES['@sigstore/sign']} and {PACKAGES['@sigstore/verify']}"

    def sign(self, setting: Setting, stack: Documents) -> bytes:
        """Sign with the stack's signing configuration."""
        is_file = setting.kind == "file"
        data = ARTIFACT if is_file else json.dumps(STATEMENT).encode()
        config = stack.signing_config(rekor=setting.rekor, tsa=setting.tsa)
        answer = _run(
            "sign.js",
            {
                "signingConfig": config.read_text(),
                "token": stack.token(),
                "kind": "messageSignature" if is_file else "dsseEnvelope",
                "data": b64encode(data).decode(),
                "type": None if is_file else IN_TOTO,
            },
        )
        assert isinstance(answer, dict)
        if "bundle" not in answer:
            raise CannotError(answer["error"])
        return json.dumps(answer["bundle"]).encode()

    def verdicts(self, questions: Sequence[Question], stack: Documents) -> Iterable[str | None]:
        """Verify all at once: Node takes longer to start than to judge."""
        root = stack.trusted_root().read_text()
        answers = _run(
            "verify.js",
            [
                {
                    "bundle": question.bundle.decode(),
                    "trustedRoot": root,
                    "artifact": b64encode(question.artifact).decode(),
                    "identity": ALICE,
                    "issuer": GITHUB_LOGIN,
                }
                for question in questions
            ],
        )
        assert isinstance(answers, list)
        return answers  # type: ignore[return-value]  # the script's words


def _run(script: str, question: JsonValue) -> JsonValue:
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, str(SCRIPTS / script)],
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(node_modules())},
        timeout=SECONDS,
        check=True,
    )
    answer: JsonValue = json.loads(done.stdout)
    return answer
