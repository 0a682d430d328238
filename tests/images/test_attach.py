# SPDX-License-Identifier: Apache-2.0
"""A signature made elsewhere is attached once it is verified, and found by whoever verifies."""

import json
from pathlib import Path

import pytest

from keyless.errors import Check, InputError, ParseError, PolicyError, VerificationError
from keyless.images.attach import attach_signature, generate
from keyless.images.layout import Layout
from keyless.images.place import Place
from keyless.images.proof import ImageSignature
from keyless.protocol.digest import Digest
from tests.images.gallery import BOB, BY_ALICE, BY_BOB, REPOSITORY, Gallery, signer, wish
from tests.instances import NOON


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Return where `v1` is, unsigned."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


def attach(
    gallery: Gallery, bundle: bytes, policy: object = BY_ALICE, payload: bytes | None = None
) -> ImageSignature:
    """Attach *bundle* to `v1`, if it is a signature as by *policy*."""
    return attach_signature(gallery.place(), bundle, wish(policy), payload=payload, now=NOON)


def elsewhere(gallery: Gallery) -> bytes:
    """Sign the image without pushing anything."""
    return gallery.sign(named=gallery.digest, push=False).bundle.to_json()


def test_a_bundle_is_attached_where_it_is_found(gallery: Gallery) -> None:
    """Signed where there is no registry, verified where there is one."""
    attached = attach(gallery, elsewhere(gallery))
    found = gallery.verify().signatures[0]
    assert (found.location, found.identity) == (attached.location, "alice@example.com")


def test_a_bundle_that_is_attached_twice_is_there_once(gallery: Gallery) -> None:
    """A job that runs again adds nothing."""
    bundle = elsewhere(gallery)
    first, second = attach(gallery, bundle), attach(gallery, bundle)
    assert first.location == second.location
    assert len(gallery.verify().signatures) == 1


def test_a_bundle_of_somebody_else_is_not_attached(gallery: Gallery) -> None:
    """Who may have signed is asked before anything is pushed."""
    with pytest.raises(PolicyError) as refusal:
        attach(gallery, elsewhere(gallery), BY_BOB)
    assert refusal.value.check is Check.POLICY
    assert gallery.store.referrers(gallery.digest).descriptors == ()


def test_a_bundle_of_another_image_is_not_attached(gallery: Gallery) -> None:
    """It would vouch for nothing here."""
    gallery.hang("v2", b"another")
    bundle = gallery.sign(named="v2", push=False).bundle.to_json()
    with pytest.raises(VerificationError) as refusal:
        attach(gallery, bundle)
    assert refusal.value.check is Check.ARTIFACT


def test_an_attestation_is_no_signature(gallery: Gallery) -> None:
    """It may say that a test failed."""
    bundle = gallery.attest(named=gallery.digest, push=False).bundle.to_json()
    with pytest.raises(VerificationError, match="it is an attestation"):
        attach(gallery, bundle)


def test_what_is_no_bundle_is_not_attached(gallery: Gallery) -> None:
    """Bytes are read before anybody is asked for anything."""
    with pytest.raises(ParseError):
        attach(gallery, b"{}")


def test_what_cosign_would_sign_is_written_byte_for_byte(gallery: Gallery) -> None:
    """As `cosign generate` prints it: in its order, without a space, no line end."""
    assert generate(gallery.place(), annotations=(("git", "3e1f"),)) == (
        b'{"critical":{"identity":{"docker-reference":"registry.sandbox.test/me/app"},'
        b'"image":{"docker-manifest-digest":"%s"},'
        b'"type":"cosign container image signature"},"optional":{"git":"3e1f"}}'
        % str(gallery.digest).encode()
    )


def test_nobody_is_asked_for_an_image_named_by_its_digest(tmp_path: Path) -> None:
    """What is signed can be written before the image is anywhere."""
    nowhere = Layout.at(str(tmp_path / "nowhere"))
    digest = Digest.of(b"an image")
    place = Place(REPOSITORY, store=nowhere, named=str(digest), repository=REPOSITORY)
    assert json.loads(generate(place))["critical"]["image"] == {
        "docker-manifest-digest": str(digest)
    }


def test_a_layout_has_no_name_that_could_be_signed(gallery: Gallery) -> None:
    """A legacy signature has the name of a repository in it."""
    with pytest.raises(InputError, match="is in no registry"):
        generate(gallery.place(repository=None))


def test_a_signature_over_the_payload_becomes_a_legacy_one(gallery: Gallery) -> None:
    """Signed as a file, by whatever signs files; attached as cosign 2 would have."""
    payload = generate(gallery.place())
    bundle = signer(rekor=1).sign(payload).bundle.to_json()
    for _ in range(2):
        attached = attach(gallery, bundle)
        assert attached.location == f"tag sha256-{gallery.digest.hex}.sig, {Digest.of(payload)}"
    (found,) = gallery.verify(formats="legacy").signatures
    assert (found.format, found.payload) == ("legacy", attached.payload)


def test_a_payload_with_annotations_has_to_be_given(gallery: Gallery) -> None:
    """The bundle has only its digest."""
    payload = generate(gallery.place(), annotations=(("git", "3e1f"),))
    bundle = signer(rekor=1).sign(payload).bundle.to_json()
    with pytest.raises(VerificationError) as refusal:
        attach(gallery, bundle)
    assert refusal.value.check is Check.SIGNATURE
    assert attach(gallery, bundle, payload=payload).annotations == (("git", "3e1f"),)


def test_a_payload_of_another_image_is_not_attached(gallery: Gallery) -> None:
    """The signature may be genuine: the image in it is what counts."""
    gallery.hang("v2", b"another")
    payload = generate(gallery.place("v2"))
    bundle = signer(rekor=1).sign(payload).bundle.to_json()
    with pytest.raises(VerificationError, match="a signature of another image"):
        attach(gallery, bundle, payload=payload)


def test_a_statement_comes_without_a_payload(gallery: Gallery) -> None:
    """Two things that were signed would be one too many."""
    with pytest.raises(InputError, match="has in it what it signs"):
        attach(gallery, elsewhere(gallery), payload=b"{}")


def test_a_log_of_version_2_promises_nothing_to_legacy_signatures(gallery: Gallery) -> None:
    """There is no room for its proof in a layer, and it is said before anything is pushed."""
    bundle = signer(BOB, rekor=2).sign(generate(gallery.place())).bundle.to_json()
    with pytest.raises(InputError, match="without a promise"):
        attach(gallery, bundle, BY_BOB)
