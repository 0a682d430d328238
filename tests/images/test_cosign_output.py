# SPDX-License-Identifier: Apache-2.0
"""Verdicts as cosign prints them: what cosign 3.1.2 printed of such images, name by name."""

import json
from pathlib import Path

import pytest

from keyless.images.cosign_output import cosign_attestations_json, cosign_json
from keyless.images.layout import Layout
from keyless.policy import UnsafeAnySigner
from keyless.protocol.encoding import b64encode
from tests.images.gallery import ALICE, BY_KEY, KEY, REPOSITORY, Gallery, sandbox, signer

NOTE = (("git", "3e1f"),)


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """An image, in a layout."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


def test_a_bundle_is_printed_as_if_it_were_legacy(gallery: Gallery) -> None:
    """By the name that was asked for, with nothing but the annotations beside it."""
    gallery.sign(annotations=NOTE)
    assert cosign_json(gallery.verify()) == [
        {
            "critical": {
                "identity": {"docker-reference": f"{REPOSITORY}:v1"},
                "image": {"docker-manifest-digest": str(gallery.digest)},
                "type": "https://sigstore.dev/cosign/sign/v1",
            },
            "optional": {"git": "3e1f"},
        }
    ]


def test_a_bundle_without_annotations_has_an_empty_object(gallery: Gallery) -> None:
    """Where a legacy signature has null."""
    gallery.sign()
    (printed,) = cosign_json(gallery.verify())
    assert isinstance(printed, dict)
    assert printed["optional"] == {}


def test_a_legacy_signature_is_printed_with_its_proofs(gallery: Gallery) -> None:
    """Who signed, under cosign's names; what the log promised; and the timestamp."""
    signed = gallery.sign(format="legacy", annotations=NOTE)
    (printed,) = cosign_json(gallery.verify())
    assert isinstance(printed, dict)
    (entry,), (timestamp,) = signed.bundle.entries, signed.bundle.timestamps
    assert printed == {
        "critical": {
            "identity": {"docker-reference": REPOSITORY},
            "image": {"docker-manifest-digest": str(gallery.digest)},
            "type": "cosign container image signature",
        },
        "optional": {
            "git": "3e1f",
            "Subject": ALICE,
            "Issuer": "https://github.com/login/oauth",
            "1.3.6.1.4.1.57264.1.1": "https://github.com/login/oauth",
            "Bundle": {
                "SignedEntryTimestamp": b64encode(entry.promise or b""),
                "Payload": {
                    "body": b64encode(entry.canonical_body),
                    "integratedTime": entry.integrated_time,
                    "logIndex": entry.index,
                    "logID": entry.log_id.hex(),
                },
            },
            "RFC3161Timestamp": {"SignedRFC3161Timestamp": b64encode(timestamp.der)},
        },
    }


def test_of_a_run_on_github_its_claims_are_printed(gallery: Gallery) -> None:
    """Each under a name and a number."""
    gallery.sign(signer(sandbox().github_identity("me/app")), format="legacy")
    (printed,) = cosign_json(gallery.verify(UnsafeAnySigner()))
    assert isinstance(printed, dict)
    said = printed["optional"]
    assert isinstance(said, dict)
    assert said["githubWorkflowRepository"] == said["1.3.6.1.4.1.57264.1.5"] == "me/app"
    assert said["githubWorkflowRef"] == said["1.3.6.1.4.1.57264.1.6"] == "refs/heads/main"
    assert {"githubWorkflowSha", "githubWorkflowName", "githubWorkflowTrigger"} <= said.keys()


def test_a_key_has_no_name(gallery: Gallery) -> None:
    """The log's promise is all there is beside the payload."""
    gallery.sign(signer(KEY), format="legacy")
    (printed,) = cosign_json(gallery.verify(BY_KEY))
    assert isinstance(printed, dict)
    said = printed["optional"]
    assert isinstance(said, dict)
    assert said.keys() == {"Bundle", "RFC3161Timestamp"}


def test_where_there_is_a_bundle_legacy_signatures_are_not_printed(gallery: Gallery) -> None:
    """Cosign does not look at them then."""
    gallery.sign(format="both")
    printed = json.dumps(cosign_json(gallery.verify()))
    assert printed.count("critical") == 1
    assert "cosign container image signature" not in printed


def test_attestations_are_printed_as_they_were_signed(gallery: Gallery) -> None:
    """The envelope of each, and nothing that says who signed it."""
    gallery.attest()
    (only,) = cosign_attestations_json(gallery.said())
    assert isinstance(only, dict)
    assert sorted(only) == ["payload", "payloadType", "signatures"]
    assert only["payloadType"] == "application/vnd.in-toto+json"
