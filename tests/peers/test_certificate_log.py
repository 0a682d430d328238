# SPDX-License-Identifier: Apache-2.0
"""The real CT log's receipts, in the certificates that Fulcio issues."""

import json
import urllib.request
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyless
from keyless.errors import Check
from tests.peers.here import needs_peers
from tests.peers.signing import BY_ALICE, sign, verify
from tests.peers.stack.deployment import Stack
from tests.refusals import refused

pytestmark = needs_peers

ARTIFACT = b"what was signed"


def test_its_receipt_is_verified(stack: Stack) -> None:
    """By its key, over what it saw: a certificate without the receipt."""
    (receipt,) = verify(ARTIFACT, sign(ARTIFACT, stack), stack).signer.scts
    assert abs(receipt.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_receipt_of_a_log_with_another_key_is_refused(stack: Stack, tmp_path: Path) -> None:
    """By the name of the log, which is its key's digest."""
    document = json.loads(stack.trusted_root().read_text())
    document["ctlogs"][0]["publicKey"] = document["tlogs"][0]["publicKey"]
    other = tmp_path / "trusted_root.json"
    other.write_text(json.dumps(document))
    signed = sign(ARTIFACT, stack)
    with refused(Check.SCT):
        sigstore = keyless.connect(trusted_root=other)
        keyless.verify(ARTIFACT, signed, policy=BY_ALICE, sigstore=sigstore)


def test_it_holds_what_it_gave_a_receipt_for(stack: Stack) -> None:
    """Its newest entries have the time that the receipt says."""
    (receipt,) = verify(ARTIFACT, sign(ARTIFACT, stack), stack).signer.scts
    milliseconds = round(receipt.at.timestamp() * 1000)
    assert milliseconds in _times(stack)


def _times(stack: Stack) -> list[int]:
    """Return when each entry was received: bytes 2 to 10 of its leaf (RFC 6962, 3.4)."""
    size = _asked(stack, "get-sth")["tree_size"]
    assert isinstance(size, int)
    entries = _asked(stack, f"get-entries?start={max(0, size - 10)}&end={size - 1}")["entries"]
    assert isinstance(entries, list)
    leaves = [b64decode(entry["leaf_input"]) for entry in entries]
    return [int.from_bytes(leaf[2:10]) for leaf in leaves]


def _asked(stack: Stack, what: str) -> dict[str, object]:
    url = f"{stack.urls.ct_log}/ct/v1/{what}"
    with urllib.request.urlopen(url) as response:  # noqa: S310 - on this machine
        answer: dict[str, object] = json.loads(response.read())
    return answer
