# SPDX-License-Identifier: Apache-2.0
"""The trust that the package is released with: what keyless/roots/README.md says of it, holds."""

import hashlib
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

import keyless
from keyless.errors import InputError
from keyless.protocol.signing_config import SigningConfig
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.embedded_trust import INSTANCES, embedded_root, embedded_snapshot
from keyless.services.trust_snapshot import SIGNING_CONFIG, SIGNING_CONFIG_V2

ROOTS = Path(keyless.__file__).parent / "roots"

# Which files version 14 of production's TUF targets lists, by SHA-256.
TARGETS_14 = {
    "trusted_root.json": "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66",
    "signing_config.v0.2.json": "9711a6d5375706957a4859af31c5866a4474f81f0544f9f4b76c9c4f4c8a539c",
    "signing_config_rekor_v2.v0.2.json": (
        "0f5f38554e29e770d4d5d6f0e1b51fcbf84f61dc6934530a09b7a901eaad5bee"
    ),
}


@pytest.mark.parametrize("instance", INSTANCES)
def test_the_root_is_signed_by_its_own_keyholders(instance: str) -> None:
    """Enough of them, and the snapshot counts for no longer than what they signed."""
    root = Metadata[Root].from_bytes(embedded_root(instance))
    root.verify_delegate("root", root)
    snapshot = embedded_snapshot(instance)
    assert root.signed.version == snapshot.root_version
    assert root.signed.expires == snapshot.expires
    assert snapshot.taken < snapshot.expires


@pytest.mark.parametrize("instance", INSTANCES)
def test_every_document_can_be_read(instance: str) -> None:
    """Trust, and where to sign, of each public instance; nobody in it is unknown to us."""
    snapshot = embedded_snapshot(instance)
    assert TrustedRoot.parse(snapshot.trusted_root).skipped == ()
    documents = dict(snapshot.documents)
    assert SigningConfig.parse(documents[SIGNING_CONFIG]).logs
    assert (SIGNING_CONFIG_V2 in documents) == (instance == "production")


def test_the_documents_of_production_are_those_of_its_version() -> None:
    """Byte for byte what the keyholders signed for."""
    snapshot = embedded_snapshot("production")
    assert snapshot.version == 14
    assert {
        name: hashlib.sha256(data).hexdigest() for name, data in snapshot.documents
    } == TARGETS_14


def test_no_file_is_kept_that_nobody_reads() -> None:
    """Each file beside the documents is the root or the snapshot."""
    for instance in INSTANCES:
        kept = {path.name for path in (ROOTS / instance).iterdir()}
        documents = {name for name, _ in embedded_snapshot(instance).documents}
        assert kept == documents | {"root.json", "snapshot.json"}


def test_a_damaged_installation_says_so() -> None:
    """A file that is missing is no traceback."""
    with pytest.raises(InputError, match=r"lacks its file elsewhere/root\.json: No such"):
        embedded_root("elsewhere")
