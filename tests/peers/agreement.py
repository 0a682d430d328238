# SPDX-License-Identifier: Apache-2.0
"""Each client's signatures before all of them: signed once, judged once, looked up by each test."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from keyless.value import value
from tests.peers.clients.client import (
    ALTERED,
    ARTIFACT,
    SETTINGS,
    CannotError,
    Client,
    Question,
    Setting,
)
from tests.peers.clients.cosign import Cosign
from tests.peers.clients.ours import Keyless
from tests.peers.clients.sigstore_js import SigstoreJs
from tests.peers.clients.sigstore_python import SigstorePython
from tests.peers.stack.deployment import Stack

CLIENTS: tuple[Client, ...] = (
    Keyless(),
    Cosign("cosign-v3"),
    Cosign("cosign-v2"),
    SigstorePython(),
    SigstoreJs(),
)
NAMES = tuple(client.name for client in CLIENTS)

Cell = tuple[str, Setting]  # who signed what


@value
class Verdict:
    """What one client said of the true artifact, and of one in which a bit is another."""

    of_the_true: str | None
    of_the_altered: str | None


@value
class Agreement:
    """What was signed, what was not, in whose words, and what everybody said of each signature."""

    signed: frozenset[Cell]
    failures: dict[Cell, str]
    verdicts: dict[tuple[Cell, str], Verdict]


def agreement(stack: Stack) -> Agreement:
    """Have everybody sign everything, and everybody verify all of that."""
    _open_logs(stack)
    bundles, failures = _signed(stack)
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        judged = list(pool.map(lambda client: _judged(client, bundles, stack), CLIENTS))
    verdicts = {
        (cell, client.name): verdict
        for client, row in zip(CLIENTS, judged, strict=True)
        for cell, verdict in zip(bundles, row, strict=True)
    }
    return Agreement(signed=frozenset(bundles), failures=failures, verdicts=verdicts)


def _open_logs(stack: Stack) -> None:
    # sigstore-python cannot read a log's entry 0 as others write it; test_rekor_v2 is about that.
    for rekor in (1, 2):
        Keyless().sign(Setting(kind="file", rekor=rekor, tsa=True), stack)  # type: ignore[arg-type]


def _signed(stack: Stack) -> tuple[dict[Cell, bytes], dict[Cell, str]]:
    def attempt(client: Client, setting: Setting) -> bytes | CannotError:
        try:
            return client.sign(setting, stack)
        except CannotError as error:
            return error

    cells = [(client, setting) for client in CLIENTS for setting in SETTINGS]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda cell: attempt(*cell), cells))
    pairs = [
        ((c.name, setting), result) for (c, setting), result in zip(cells, results, strict=True)
    ]
    bundles = {cell: result for cell, result in pairs if isinstance(result, bytes)}
    failures = {cell: str(result) for cell, result in pairs if isinstance(result, CannotError)}
    return bundles, failures


def _judged(client: Client, bundles: dict[Cell, bytes], stack: Stack) -> Sequence[Verdict]:
    true = [_question(cell, bundle) for cell, bundle in bundles.items()]
    altered = [_altered(question, client) for question in true]
    words = list(client.verdicts([*true, *altered], stack))
    halves = words[: len(true)], words[len(true) :]
    return [
        Verdict(of_the_true=true, of_the_altered=altered)
        for true, altered in zip(*halves, strict=True)
    ]


def _question(cell: Cell, bundle: bytes) -> Question:
    return Question(setting=cell[1], bundle=bundle, artifact=ARTIFACT)


def _altered(question: Question, client: Client) -> Question:
    """Alter one bit of the artifact, or of the statement, for who looks at nothing else."""
    bundle, artifact = question.bundle, ALTERED
    if client.name == "sigstore-js" and question.setting.kind == "statement":
        document = json.loads(bundle)
        payload = b64decode(document["dsseEnvelope"]["payload"])
        payload = payload.replace(b"example.com", b"example.con", 1)
        document["dsseEnvelope"]["payload"] = b64encode(payload).decode()
        bundle, artifact = json.dumps(document).encode(), question.artifact
    return Question(setting=question.setting, bundle=bundle, artifact=artifact)
