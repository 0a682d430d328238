# SPDX-License-Identifier: Apache-2.0
"""What is said of images: by whom, of what type, and what does not count."""

import json
from pathlib import Path

import pytest

from keyless.errors import Check, ImageNotFound, NoMatchingSignature, NoSignatures
from keyless.images.layout import Layout
from keyless.policy import Quorum, Requirements
from keyless.protocol.cosign import SIGN_PREDICATE
from tests.images.gallery import (
    ALICE,
    BOB,
    BY_ALICE,
    BY_BOB,
    BY_KEY,
    CUSTOM,
    KEY,
    Gallery,
    signer,
)

PROVENANCE = "https://slsa.dev/provenance/v1"
FORMATS = pytest.mark.parametrize("kind", ["bundle", "legacy"])


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """An image, in a layout."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


@FORMATS
def test_what_is_said_is_returned(gallery: Gallery, kind: str) -> None:
    """With the proof of who says it."""
    gallery.attest(format=kind)
    said = gallery.said()
    assert said.pinned == f"{gallery.store.name}@{gallery.digest}"
    (attestation,) = said
    assert (attestation.predicate, attestation.predicate_type) == ({"result": "passed"}, CUSTOM)
    assert (attestation.format, len(said), said[0]) == (kind, 1, attestation)
    identity = attestation.proof.signer.identity
    assert identity is not None
    assert identity.text == ALICE


@FORMATS
def test_a_key_of_ones_own_may_attest(gallery: Gallery, kind: str) -> None:
    """For whoever trusts it."""
    gallery.attest(signer(KEY), format=kind)
    assert len(gallery.said(BY_KEY)) == 1


def test_it_is_found_in_both_formats(gallery: Gallery) -> None:
    """Or in the one that counts."""
    gallery.attest(format="both")
    assert [each.format for each in gallery.said()] == ["bundle", "legacy"]
    assert [each.format for each in gallery.said(formats="legacy")] == ["legacy"]


def test_the_type_is_that_of_the_statement(gallery: Gallery) -> None:
    """Whatever the note beside it says; of another type it is something else, and not rejected."""
    gallery.attest()
    gallery.attest(predicate={"builder": "x"}, type="slsaprovenance1")
    said = gallery.said(predicate_type=PROVENANCE)
    assert [each.predicate for each in said] == [{"builder": "x"}]
    assert said.rejected == ()


def test_a_note_of_another_type_is_not_believed(gallery: Gallery) -> None:
    """It is not signed: the layer is what its envelope says."""
    gallery.attest(format="legacy")
    tag = f"sha256-{gallery.digest.hex}.att"
    manifest = gallery.store.manifest(gallery.store.resolve(tag))
    (layer,) = json.loads(manifest.raw)["layers"]
    layer["annotations"]["predicateType"] = PROVENANCE
    gallery.hang_layers([layer], suffix="att")
    with pytest.raises(NoSignatures):
        gallery.said(predicate_type=PROVENANCE)
    assert len(gallery.said()) == 1


def test_a_type_that_nobody_attested_is_told_beside_those_there_are(gallery: Gallery) -> None:
    """So that a mistyped one is noticed."""
    gallery.attest()
    gallery.sign()
    with pytest.raises(NoSignatures, match=f"no attestations of type {PROVENANCE}") as caught:
        gallery.said(predicate_type=PROVENANCE)
    assert caught.value.found is not None
    assert caught.value.found.count("which is something else") == 2
    assert CUSTOM in caught.value.found
    assert SIGN_PREDICATE in caught.value.found


def test_somebody_elses_attestation_is_refused(gallery: Gallery) -> None:
    """It is genuine, and by the wrong one."""
    gallery.attest(signer(BOB))
    with pytest.raises(NoMatchingSignature, match="signed by bob@") as caught:
        gallery.said()
    assert caught.value.check is Check.POLICY


def test_an_attestation_of_another_image_is_refused(gallery: Gallery) -> None:
    """Moved here: the statement says of which it is."""
    gallery.hang("other", b"another layer")
    gallery.attach(gallery.attest(named="other").bundle.to_json())
    with pytest.raises(NoMatchingSignature, match="about other artifacts"):
        gallery.said()


def test_a_quorum_wants_different_people_to_say_it(gallery: Gallery) -> None:
    """One for each policy."""
    gallery.attest()
    two = Quorum(2, BY_ALICE, BY_BOB)
    with pytest.raises(NoMatchingSignature, match="1 of the 2 signers wanted"):
        gallery.said(two)
    gallery.attest(signer(BOB), format="legacy")
    assert len(gallery.said(two)) == 2


def test_policy_can_refuse_what_is_only_promised(gallery: Gallery) -> None:
    """A layer has no room for the proof."""
    gallery.attest(format="legacy")
    with pytest.raises(NoMatchingSignature, match="without a proof that it is in the log"):
        gallery.said(requirements=Requirements(inclusion="proof"))


def test_a_signature_over_a_file_says_nothing(gallery: Gallery) -> None:
    """It has no statement."""
    gallery.attach(signer().sign(gallery.digest).bundle.to_json())
    with pytest.raises(NoMatchingSignature, match="signs a file, and says nothing"):
        gallery.said()


def test_an_envelope_of_another_kind_says_nothing(gallery: Gallery) -> None:
    """What is in it is no statement."""
    gallery.attest(format="legacy")
    content = json.dumps(
        {"payloadType": "text/plain", "payload": "aGk=", "signatures": [{"sig": "aGk="}]}
    ).encode()
    kind = {"mediaType": "application/vnd.dsse.envelope.v1+json"}
    gallery.hang_layers([gallery.layer(content, {}, **kind)], suffix="att")
    with pytest.raises(NoMatchingSignature):
        gallery.said()


def test_an_image_without_attestations_says_where_they_were_looked_for(gallery: Gallery) -> None:
    """Under the tag of attestations, not of signatures."""
    with pytest.raises(NoSignatures) as caught:
        gallery.said()
    assert caught.value.found is not None
    assert caught.value.found.endswith(".att")


def test_an_image_that_is_not_there_is_told(gallery: Gallery) -> None:
    """It is not one that nobody says anything of."""
    gallery.store.delete(gallery.digest)
    with pytest.raises(ImageNotFound):
        gallery.said()


def test_what_is_said_is_shown(gallery: Gallery) -> None:
    """As text, as HTML, and as JSON."""
    gallery.attest()
    gallery.attest(signer(BOB))
    said = gallery.said()
    assert CUSTOM in str(said)
    assert ALICE in said._repr_html_()
    written = json.loads(json.dumps(said.to_json()))
    assert written["attestations"][0]["predicate"] == {"result": "passed"}
    assert "signed by bob@example.com" in written["rejected"][0]["reason"]
    assert ALICE in str(said[0])
    assert CUSTOM in said[0]._repr_html_()
