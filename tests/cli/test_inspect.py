# SPDX-License-Identifier: Apache-2.0
"""`keyless inspect` finds words for whatever a bundle may hold, and may lack."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyless.cli import run
from tests.shared_data import shared

Change = Callable[[dict[str, Any]], None]


def _without_digest(bundle: dict[str, Any]) -> None:
    del bundle["messageSignature"]["messageDigest"]


def _of_another_type(bundle: dict[str, Any]) -> None:
    bundle["dsseEnvelope"]["payloadType"] = "text/plain\x1b[2J"


def _without_proof(bundle: dict[str, Any]) -> None:
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    del bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]


def _without_hint(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["publicKey"]["hint"] = ""


CHANGES: dict[str, tuple[str, Change, str]] = {
    "no digest": (
        "happy-path-v0.3",
        _without_digest,
        "an artifact, of which the bundle does not name the digest",
    ),
    "no statement": (
        "happy-path-intoto-in-dsse-v3",
        _of_another_type,
        "bytes of type text/plain\\x1b[2J",
    ),
    "only a promise": ("happy-path-v0.2", _without_proof, "; a promise to include it\n"),
    "no hint": ("managed-key-happy-path", _without_hint, "hint: (none)"),
}


@pytest.mark.parametrize(("case", "change", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_what_a_bundle_lacks_is_put_into_words(
    case: str, change: Change, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is absent is said to be, for people and for machines."""
    source = shared("conformance/bundle-verify") / case / "bundle.sigstore.json"
    bundle = json.loads(source.read_text())
    change(bundle)
    changed = tmp_path / "bundle.json"
    changed.write_text(json.dumps(bundle))
    assert run(["inspect", str(changed)]) == 0
    assert words in capsys.readouterr().out
    assert run(["inspect", str(changed), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False


def test_a_statement_is_told_to_machines_by_its_type_and_subjects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An attestation's JSON says what it is about."""
    folder = shared("conformance/bundle-verify") / "happy-path-intoto-in-dsse-v3"
    assert run(["inspect", str(folder / "bundle.sigstore.json"), "--json"]) == 0
    signed = json.loads(capsys.readouterr().out)["signed"]
    assert signed["predicate_type"] == "https://slsa.dev/provenance/v1"
    assert signed["digest"] is None
    assert [subject["name"] for subject in signed["subjects"]] == ["a.txt"]
