# SPDX-License-Identifier: Apache-2.0
"""Verifying images: what counts, what does not, and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import (
    Check,
    ImageNotFound,
    InputError,
    KeylessError,
    NoMatchingSignature,
    NoSignatures,
    ParseError,
    PolicyError,
)
from keyless.images import candidates, parts
from keyless.images.layout import Layout
from keyless.instance.sigstore import LogVersion
from keyless.policy import Quorum, Requirements
from keyless.protocol.cosign import SimpleSigning, sign_statement
from keyless.protocol.cosign_layers import (
    BUNDLE_NOTE,
    SIGNATURE_NOTE,
    layer_notes,
)
from keyless.protocol.cosign_manifests import LEGACY_ARTIFACT, PREDICATE_TYPE_NOTE
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import IMAGE_INDEX, Descriptor, Manifest
from keyless.services.referrers import Referrers
from keyless.value import replace
from tests.images.gallery import (
    ALICE,
    BOB,
    BY_ALICE,
    BY_BOB,
    BY_KEY,
    CUSTOM,
    KEY,
    REPOSITORY,
    Gallery,
    sandbox,
    signer,
)
from tests.images.layouts import put

FORMATS = pytest.mark.parametrize("kind", ["bundle", "legacy"])
BOTH_LOGS = pytest.mark.parametrize("rekor", [1, 2])


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """An image, in a layout."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


def refusal(gallery: Gallery, *arguments: Any, **options: Any) -> NoMatchingSignature:
    """Return why none of the image's signatures will do."""
    with pytest.raises(NoMatchingSignature) as caught:
        gallery.verify(*arguments, **options)
    return caught.value


def only_reason(gallery: Gallery, *arguments: Any, **options: Any) -> KeylessError:
    """Return why the image's one signature will not do."""
    (rejected,) = refusal(gallery, *arguments, **options).rejected
    return rejected.error


def document(gallery: Gallery, **others: Any) -> bytes:
    """Write what a legacy signature of the image signs."""
    said = {"docker_reference": REPOSITORY, "digest": gallery.digest, **others}
    return SimpleSigning(**said).to_json()


def hang_signature(gallery: Gallery, payload: bytes, *, more: bytes = b"", **notes: str) -> None:
    """Have Alice sign *payload*, and put *more* after it, as the image's one legacy signature."""
    signed = dict(layer_notes(signer().sign(payload).bundle))
    names = {"signature": SIGNATURE_NOTE, "bundle": BUNDLE_NOTE}
    changed = {names[name]: text for name, text in notes.items()}
    gallery.hang_layers([gallery.layer(payload + more, {**signed, **changed})])


def statement(gallery: Gallery, **changes: Any) -> bytes:
    """Write the statement that signs the image, with *changes*."""
    return json.dumps({**json.loads(sign_statement(gallery.digest)), **changes}).encode()


# What holds


@BOTH_LOGS
def test_a_signature_holds(gallery: Gallery, rekor: LogVersion) -> None:
    """In either log; the proof says which image, by whom, since when."""
    gallery.sign(signer(rekor=rekor), annotations=(("git", "3e1f"),))
    proof = gallery.verify()
    (signature,) = proof.signatures
    assert proof.pinned == f"{gallery.store.name}@{gallery.digest}"
    assert (signature.identity, signature.issuer) == (ALICE, "https://github.com/login/oauth")
    assert signature.signed_at == sandbox().clock.now
    assert (signature.format, signature.annotations) == ("bundle", (("git", "3e1f"),))
    assert (signature.missing, proof.rejected) == ((), ())


def test_a_legacy_signature_holds_and_says_what_it_lacks(gallery: Gallery) -> None:
    """A log promised to have it; that it does, nothing proves."""
    gallery.sign(format="legacy", annotations=(("git", "3e1f"),))
    (signature,) = gallery.verify().signatures
    assert (signature.format, signature.annotations) == ("legacy", (("git", "3e1f"),))
    assert signature.payload is not None
    assert signature.payload.docker_reference == REPOSITORY
    (missing,) = signature.missing
    assert "is promised, and not proven to be in the log" in missing


def test_policy_can_refuse_what_is_only_promised(gallery: Gallery) -> None:
    """By the requirements that hold for files, too."""
    gallery.sign(format="legacy")
    error = only_reason(gallery, requirements=Requirements(inclusion="proof"))
    assert "comes without a proof that it is in the log" in error.message


@FORMATS
def test_a_signature_with_a_key_of_ones_own_holds(gallery: Gallery, kind: str) -> None:
    """For whoever trusts that key; for nobody else."""
    gallery.sign(signer(KEY), format=kind)
    (signature,) = gallery.verify(BY_KEY).signatures
    assert (signature.identity, signature.proof.signer.key) == (None, KEY.public)
    assert "carries no certificate" in only_reason(gallery, BY_ALICE).message


def test_everything_that_holds_is_returned(gallery: Gallery) -> None:
    """Of both formats: the presence of one says nothing against the other."""
    gallery.sign(format="both")
    gallery.sign()
    assert [each.format for each in gallery.verify().signatures] == ["bundle", "bundle", "legacy"]


def test_a_format_that_nobody_knows_is_refused(gallery: Gallery) -> None:
    """Taken for any, it would let count what was to be excluded."""
    gallery.sign(format="legacy")
    with pytest.raises(InputError, match="'Bundle' is no format of signatures"):
        gallery.verify(formats="Bundle")
    with pytest.raises(InputError, match="'Bundle' is no format of signatures"):
        gallery.said(formats="Bundle")


@pytest.mark.parametrize(("formats", "found"), [("bundle", "bundle"), ("legacy", "legacy")])
def test_only_one_format_may_count(gallery: Gallery, formats: str, found: str) -> None:
    """What is not looked for is not looked at."""
    gallery.sign(format="both")
    assert {each.format for each in gallery.verify(formats=formats).signatures} == {found}


def test_a_layer_may_be_there_twice(gallery: Gallery) -> None:
    """The same payload, signed by two: each is found by its own notes."""
    gallery.sign(format="legacy")
    gallery.sign(signer(BOB), format="legacy")
    first, second = gallery.layers()
    assert first["digest"] == second["digest"]
    (signature,) = gallery.verify(BY_BOB).signatures
    assert signature.identity == BOB


def test_dockers_media_types_are_read(gallery: Gallery) -> None:
    """Which some registries make of the manifest."""
    gallery.sign(format="legacy")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    gallery.hang_layers(gallery.layers(), mediaType=kind)
    assert len(gallery.verify().signatures) == 1


def test_a_legacy_signature_may_refer_to_its_image(gallery: Gallery) -> None:
    """As one setting of cosign's has it: with a subject, and without a tag."""
    gallery.sign(format="legacy")
    config = {"mediaType": "application/vnd.dev.cosign.artifact.sig.v1+json"}
    layers = gallery.layers()
    gallery.hang_layers([gallery.layer(b"{}", {})], suffix="sig")
    gallery.attach(
        b"{}",
        config={**gallery.image.descriptor.to_json(), **config},
        layers=layers,
        artifactType=None,
    )
    (signature,) = gallery.verify().signatures
    assert (signature.format, signature.location.partition(" ")[0]) == ("legacy", "referrer")
    with pytest.raises(NoSignatures):
        gallery.verify(formats="bundle")


@pytest.mark.parametrize(
    "changes",
    [
        {"predicate": None},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": {"anything": 1}},
    ],
)
def test_cosigns_other_ways_to_say_it_are_read(gallery: Gallery, changes: dict[str, Any]) -> None:
    """Versions of it left the predicate out, and write a statement of the older type."""
    signed = signer().attest_statement(statement(gallery, **changes))
    gallery.attach(signed.bundle.to_json())
    assert len(gallery.verify().signatures) == 1


def test_annotations_may_be_demanded(gallery: Gallery) -> None:
    """Each that is wanted has to be there, word for word; there may be others."""
    gallery.sign(annotations=(("git", "3e1f"), ("build", "7")))
    assert len(gallery.verify(annotations=(("git", "3e1f"),)).signatures) == 1
    error = only_reason(gallery, annotations=(("git", "3e1f"), ("build", "8")))
    assert isinstance(error, PolicyError)
    assert (error.found, error.wanted) == ("build=7, git=3e1f", "git=3e1f, build=8")


def test_annotations_of_another_subject_do_not_count(gallery: Gallery) -> None:
    """A statement may be about many things; what it says of them, it does not say of the image."""
    ours = {"digest": {"sha256": gallery.digest.hex}, "annotations": {"tested": "no"}}
    theirs = {"digest": {"sha256": "00" * 32}, "annotations": {"tested": "yes"}}
    signed = signer().attest_statement(statement(gallery, subject=[theirs, ours]))
    gallery.attach(signed.bundle.to_json())
    error = only_reason(gallery, annotations=(("tested", "yes"),))
    assert isinstance(error, PolicyError)
    assert error.found == "tested=no"


def test_legacy_annotations_may_be_demanded(gallery: Gallery) -> None:
    """They stand in what was signed."""
    gallery.sign(format="legacy")
    assert "says other things" in only_reason(gallery, annotations=(("git", "3e1f"),)).message


def test_a_quorum_wants_different_people(gallery: Gallery) -> None:
    """Whoever signs twice is one."""
    gallery.sign()
    gallery.sign(format="legacy")
    two = Quorum(2, BY_ALICE, BY_BOB)
    error = refusal(gallery, two)
    assert "1 of the 2 signers wanted" in error.message
    assert error.check is Check.POLICY
    gallery.sign(signer(BOB), format="legacy")
    assert {each.identity for each in gallery.verify(two).signatures} == {ALICE, BOB}


# What does not


def test_somebody_elses_signature_is_refused(gallery: Gallery) -> None:
    """Genuine, and by the wrong one: the refusal says by whom."""
    gallery.sign(signer(BOB))
    error = refusal(gallery)
    assert error.check is Check.POLICY
    assert "signed by bob@example.com" in error.message
    assert error.wanted == BY_ALICE.description


def test_every_reason_is_told(gallery: Gallery) -> None:
    """One for each that was found, with the place of it."""
    gallery.sign(signer(BOB))
    gallery.attach(b"junk")
    hang_signature(gallery, document(gallery, digest=Digest.of(b"another")))
    rejected = refusal(gallery).rejected
    assert len(rejected) == 3
    assert [each.location.partition(" ")[0] for each in rejected] == ["referrer"] * 2 + ["tag"]


def test_junk_beside_a_signature_does_no_harm(gallery: Gallery) -> None:
    """Anybody who may push can put it there; it is told, and that is all."""
    gallery.attach(b"junk")
    gallery.attach(b"{}", layers=[])
    gallery.sign()
    proof = gallery.verify()
    assert len(proof.signatures) == 1
    reasons = sorted(each.error.message for each in proof.rejected)
    assert reasons == [
        "0 layers where a bundle is one",
        "not JSON: Expecting value: line 1 column 1 (char 0)",
    ]


def test_what_is_plainly_something_else_is_passed_over(gallery: Gallery) -> None:
    """As a bill of materials: nobody said that it was a signature."""
    gallery.attach(b"{}", artifactType="text/spdx+json", layers=[])
    gallery.sign()
    assert gallery.verify().rejected == ()


def test_another_images_signature_is_refused(gallery: Gallery) -> None:
    """Moved here, with a manifest that says it was meant so: the statement says otherwise."""
    other = gallery.hang("other", b"another layer")
    signed = gallery.sign(named="other")
    gallery.attach(signed.bundle.to_json())
    error = only_reason(gallery)
    assert error.message == "the statement is about other artifacts"
    assert str(other.digest) in str(error.__dict__["wanted"])


def test_another_images_legacy_signature_is_refused(gallery: Gallery) -> None:
    """Its layer was put under this image's tag; the payload has the digest it was made for."""
    other = gallery.hang("other", b"another layer")
    gallery.sign(named="other", format="legacy")
    gallery.hang_layers(gallery.layers(other.digest))
    error = only_reason(gallery)
    assert error.message == "it is a signature of another image"
    assert error.__dict__["found"] == str(other.digest)


def test_an_attestation_is_no_signature(gallery: Gallery) -> None:
    """Whoever attests that a test failed has not signed the image (cosign 3 takes it for that)."""
    gallery.attest(predicate={"result": "failed"})
    with pytest.raises(NoSignatures) as caught:
        gallery.verify()
    assert caught.value.found is not None
    assert f"it is an attestation of type {CUSTOM}, which is no signature" in caught.value.found


def test_an_attestation_beside_a_signature_is_told(gallery: Gallery) -> None:
    """By its type."""
    gallery.attest()
    gallery.sign()
    proof = gallery.verify()
    assert len(proof.signatures) == 1
    (other,) = proof.rejected
    assert other.error.__dict__["found"] == CUSTOM


def test_a_signature_over_a_file_is_no_signature_of_an_image(gallery: Gallery) -> None:
    """It says nothing of an image, were it over the manifest's bytes."""
    gallery.attach(signer().sign(gallery.digest).bundle.to_json())
    assert only_reason(gallery).message == "it signs a file, and says nothing of an image"


def test_an_altered_payload_is_refused(gallery: Gallery) -> None:
    """The signature is over its bytes."""
    hang_signature(gallery, document(gallery), more=b" ")
    assert only_reason(gallery).__dict__["check"] is Check.SIGNATURE


def test_an_altered_promise_is_refused(gallery: Gallery) -> None:
    """What the log signed is what counts."""
    payload = document(gallery)
    note = json.loads(dict(layer_notes(signer().sign(payload).bundle))[BUNDLE_NOTE])
    note["Payload"]["integratedTime"] += 1
    hang_signature(gallery, payload, bundle=json.dumps(note))
    assert only_reason(gallery).__dict__["check"] is Check.PROMISE


def test_the_promise_of_another_signature_is_refused(gallery: Gallery) -> None:
    """Genuine, and of something else."""
    payload = document(gallery)
    other = dict(layer_notes(signer().sign(b"another payload").bundle))[BUNDLE_NOTE]
    hang_signature(gallery, payload, bundle=other)
    assert only_reason(gallery).__dict__["check"] in {Check.ENTRY, Check.SIGNATURE}


def test_a_signature_that_no_log_promised_is_refused(gallery: Gallery) -> None:
    """The note is missing: it may never have been seen by anybody."""
    payload = document(gallery)
    hang_signature(gallery, payload, bundle="")
    assert "no transparency log vouches" in only_reason(gallery).message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mediaType": "text/plain"}, "text/plain where application/vnd.dev.cosign.simplesigning"),
        ({"annotations": {}}, "dev.cosignproject.cosign/signature: no signature"),
        ({"size": 17 << 20}, "17825792 bytes, more than the 16777216 that are fetched"),
        ({"digest": f"sha256:{'00' * 32}"}, "lacks sha256:0000"),
    ],
)
def test_a_layer_that_is_none_is_refused(
    gallery: Gallery, changes: dict[str, Any], reason: str
) -> None:
    """Each for its own reason."""
    gallery.sign(format="legacy")
    (layer,) = gallery.layers()
    gallery.hang_layers([{**layer, **changes}])
    assert reason in only_reason(gallery).message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"mediaType": "application/vnd.dev.sigstore.bundle.v9+json"}', "is not a bundle of"),
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
    ],
)
def test_a_bundle_that_is_none_is_refused(gallery: Gallery, content: bytes, reason: str) -> None:
    """Each for its own reason."""
    gallery.attach(content)
    assert reason in only_reason(gallery).message


def test_a_bundle_under_another_type_is_refused(gallery: Gallery) -> None:
    """It is said to be a bundle, and its one layer is something else."""
    gallery.attach(b"{}", layers=[gallery.layer(b"{}", {})])
    assert "where a bundle is wanted" in only_reason(gallery).message


def test_a_payload_of_another_kind_is_refused(gallery: Gallery) -> None:
    """Signed by whom it should be, and no signature of an image."""
    payload = document(gallery).replace(b"cosign container image", b"atomic container")
    hang_signature(gallery, payload)
    assert "'cosign container image signature' is wanted" in only_reason(gallery).message


# How much is looked at


def test_a_thousand_candidates_are_looked_at(gallery: Gallery) -> None:
    """And told; the good one among them is found."""
    gallery.sign(format="legacy")
    (good,) = gallery.layers()
    junk = gallery.layer(b"{}", {})
    gallery.hang_layers([*[junk] * 999, good])
    proof = gallery.verify()
    assert (len(proof.signatures), len(proof.rejected)) == (1, 999)


def test_more_than_a_thousand_are_not(gallery: Gallery) -> None:
    """Whoever fills a repository cannot exhaust us; that something was left out is told."""
    gallery.sign(format="legacy")
    (good,) = gallery.layers()
    gallery.hang_layers([*[gallery.layer(b"{}", {})] * 1000, good])
    error = refusal(gallery)
    assert len(error.rejected) == candidates.MOST_CANDIDATES + 1
    assert "more than 1000, and the rest was not looked at" in error.rejected[-1].error.message


def test_more_bundles_than_a_thousand_are_not_fetched(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here three: what matters is that the rest is told, and that hints say which come first."""
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 3)
    for number in range(3):
        gallery.attach(b"junk", annotations={"number": str(number)})
    gallery.sign()
    proof = gallery.verify(formats="bundle")
    assert len(proof.signatures) == 1
    assert [each.error.message for each in proof.rejected][-1] == (
        "there are more than 3, and the rest was not looked at"
    )


def test_what_is_passed_over_counts_as_well(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of ten thousand things that are no signatures would have to be fetched to see that."""
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 3)
    sbom = "application/spdx+json"
    layer = put(gallery.store, b"{}", sbom).to_json()
    for number in range(4):
        notes = {"number": str(number)}
        gallery.attach(b"", artifactType=sbom, layers=[layer], annotations=notes)
    (told,) = refusal(gallery, formats="bundle").rejected
    assert told.error.message == "there are more than 3, and the rest was not looked at"


class Listing(Layout):
    """A layout that lists what it is told to, and counts the blobs that it is asked for."""

    listed: tuple[Descriptor, ...] = ()
    blobs = 0

    def referrers(self, subject: Digest) -> Referrers:
        """List that, and else what there is."""
        found = super().referrers(subject)
        return replace(found, descriptors=self.listed or found.descriptors)

    def blob(self, descriptor: Descriptor, *, largest: int) -> bytes:
        """Count it."""
        self.blobs += 1
        return super().blob(descriptor, largest=largest)


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """A layout of such a kind."""
    return Listing.at(str(tmp_path / "listing"))


def test_hints_say_which_come_first(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else: but where there are too many, what is called a signature is looked at."""
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 1)
    gallery = Gallery(listing)
    gallery.sign()
    (signature,) = listing.referrers(gallery.digest).descriptors
    notes = {PREDICATE_TYPE_NOTE: "https://example.com/"}
    junk = [gallery.attach(b"junk"), gallery.attach(b"junk", annotations=notes)]
    others = [replace(each, annotations=tuple(notes.items())) for each in junk]
    listing.listed = (*others, signature)
    assert len(gallery.verify(formats="bundle").signatures) == 1


def test_requests_are_counted_whatever_they_are_for(
    listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One manifest that refers to the image may have ten thousand layers."""
    gallery = Gallery(listing)
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 3)
    layers = [gallery.layer(b"%d" % number, {}) for number in range(9)]
    gallery.attach(b"", artifactType=LEGACY_ARTIFACT, layers=layers)
    listing.blobs = 0
    refusal(gallery)
    assert listing.blobs == 6  # the manifest, and five layers


def test_a_bundle_that_refers_to_nothing_is_refused(listing: Listing) -> None:
    """Whatever list it is on."""
    gallery = Gallery(listing)
    gallery.attach(gallery.sign(push=False).bundle.to_json())
    (there,) = listing.referrers(gallery.digest).descriptors
    document = json.loads(listing.manifest(there.digest).raw)
    del document["subject"]
    manifest = Manifest.parse(json.dumps(document).encode())
    listing.put_manifest(manifest)
    listing.listed = (manifest.descriptor,)
    (rejected,) = refusal(gallery).rejected
    assert rejected.error.message == "it refers to another image"


def test_not_more_is_fetched_than_is_enough(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By size, in all; what comes first may do."""
    gallery.sign()
    gallery.attach(b"x" * 20_000)
    gallery.attach(b"y" * 20_000)
    monkeypatch.setattr(candidates, "MOST_BYTES", 40_000)
    proof = gallery.verify(formats="bundle")
    assert len(proof.signatures) == 1
    assert any("40000 bytes are enough" in each.error.message for each in proof.rejected)


class Understating(Layout):
    """A layout that lists what refers to an image as if it were next to nothing."""

    def referrers(self, subject: Digest) -> Referrers:
        """Say of each that it is a single byte."""
        found = super().referrers(subject)
        return replace(found, descriptors=tuple(replace(it, size=1) for it in found.descriptors))

    def manifest(self, wanted: Descriptor | Digest) -> Manifest:
        """Take no notice of what was said, as a registry does."""
        return super().manifest(wanted.digest if isinstance(wanted, Descriptor) else wanted)


def test_what_a_list_says_of_sizes_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Manifests of megabytes could be listed as if they were next to nothing."""
    gallery = Gallery(Understating.at(str(tmp_path / "other")))
    for content in (b"x", b"y", b"z"):
        gallery.attach(content)
    monkeypatch.setattr(candidates, "FETCHERS", 1)
    monkeypatch.setattr(candidates, "MOST_BYTES", 900)
    errors = [each.error.message for each in refusal(gallery).rejected]
    assert any("900 bytes are enough" in error for error in errors)


def test_an_index_of_very_many_images_is_refused(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would have to be signed, and verified."""
    monkeypatch.setattr(parts, "MOST_PARTS", 1)
    gallery.hang_index("multi")
    gallery.sign(named="multi")
    with pytest.raises(ParseError, match="an index of more than 1 image"):
        gallery.verify(named="multi", recursive=True)


def test_an_image_by_sha512_has_no_legacy_signatures(gallery: Gallery) -> None:
    """The tag would be longer than any may be."""
    digest = Digest.of(gallery.image.raw, HashAlgorithm.SHA512)
    with pytest.raises(ImageNotFound):
        gallery.verify(named=digest)
    with pytest.raises(InputError, match="are of images by their SHA-256"):
        gallery.sign(named=digest, push=False, format="legacy")
    signed = gallery.sign(named=digest, push=False)
    assert signed.proof.content.digest == digest


# What is not there


def test_an_image_without_signatures_says_where_they_were_looked_for(gallery: Gallery) -> None:
    """Both places, by name."""
    with pytest.raises(NoSignatures) as caught:
        gallery.verify()
    assert caught.value.found == (
        f"nothing in the referrers of {gallery.digest} (layout) "
        f"or in the tag sha256-{gallery.digest.hex}.sig"
    )


@pytest.mark.parametrize("named", ["v2", Digest.of(b"no image")])
def test_an_image_that_is_not_there_is_not_unsigned(gallery: Gallery, named: str | Digest) -> None:
    """By a tag or by a digest."""
    with pytest.raises(ImageNotFound):
        gallery.verify(named=named)


# Images for several platforms


def test_of_several_platforms_the_index_is_verified(gallery: Gallery) -> None:
    """As cosign has it; what it lists is not looked at."""
    whole, _ = gallery.hang_index("multi")
    gallery.sign(named="multi")
    proof = gallery.verify(named="multi")
    assert (proof.digest, proof.platforms) == (whole.digest, ())


def test_a_platform_has_to_be_signed_itself(gallery: Gallery) -> None:
    """As podman wants it: the index's signature is not the part's."""
    _, parts = gallery.hang_index("multi")
    gallery.sign(named="multi")
    with pytest.raises(NoSignatures):
        gallery.verify(named="multi", platform="linux/arm64")
    gallery.sign(named=parts["linux/arm64"].digest)
    proof = gallery.verify(named="multi", platform="linux/arm64")
    assert (proof.digest, proof.platform) == (parts["linux/arm64"].digest, "linux/arm64")


def test_all_of_an_image_may_have_to_be_signed(gallery: Gallery) -> None:
    """The index, and every part of it: what is missing one is refused."""
    _, parts = gallery.hang_index("multi")
    gallery.sign(named="multi")
    gallery.sign(named=parts["linux/amd64"].digest)
    with pytest.raises(NoSignatures, match=parts["linux/arm64"].digest.hex):
        gallery.verify(named="multi", recursive=True)
    gallery.sign(named=parts["linux/arm64"].digest)
    proof = gallery.verify(named="multi", recursive=True)
    assert [part.platform for part in proof.platforms] == ["linux/amd64", "linux/arm64"]


def test_signed_parts_do_not_make_a_signed_index(gallery: Gallery) -> None:
    """Who may put signed parts together as they like could leave one out."""
    whole, images = gallery.hang_index("multi")
    for part in images.values():
        gallery.sign(named=part.digest)
    with pytest.raises(NoSignatures, match=str(whole.digest)):
        gallery.verify(named="multi", recursive=True)


def test_a_platform_that_two_parts_are_for_is_told(gallery: Gallery) -> None:
    """Which of them is meant nobody can know."""
    both = [gallery.hang("a", b"a"), gallery.hang("b", b"b")]
    platform = {"os": "linux", "architecture": "amd64"}
    entries = [{**each.descriptor.to_json(), "platform": platform} for each in both]
    document = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries}
    gallery.store.put_manifest(Manifest.parse(json.dumps(document).encode()), tag="two")
    with pytest.raises(InputError, match="2 parts of the image are for linux/amd64"):
        gallery.verify(named="two", platform="linux/amd64")


def test_a_platform_that_is_not_there_is_named(gallery: Gallery) -> None:
    """With those that are."""
    gallery.hang_index("multi")
    with pytest.raises(InputError, match="0 parts of the image are for linux/s390x") as caught:
        gallery.verify(named="multi", platform="linux/s390x")
    assert caught.value.hint == "it has parts for linux/amd64, linux/arm64"


def test_an_image_without_parts_has_none_for_a_platform(gallery: Gallery) -> None:
    """It says for what it is in its configuration, which is not asked."""
    gallery.hang("single", b"a")
    with pytest.raises(InputError, match="0 parts of the image are for linux/amd64") as caught:
        gallery.verify(named="single", platform="linux/amd64")
    assert caught.value.hint == "it is no index of several platforms"


def test_one_platform_or_all(gallery: Gallery) -> None:
    """Not both at once."""
    with pytest.raises(InputError, match="either one platform"):
        gallery.verify(platform="linux/amd64", recursive=True)


# How it is shown


def test_a_proof_is_shown_whole(gallery: Gallery) -> None:
    """As text, as HTML, and as JSON: whom, what, and what was rejected."""
    gallery.sign(annotations=(("git", "<b>3e1f"),))
    gallery.attach(b"junk")
    proof = gallery.verify()
    assert str(gallery.digest) in str(proof)
    assert "git=<b>3e1f" in str(proof)
    assert "<b>" not in proof._repr_html_()
    written = json.dumps(proof.to_json())
    assert '"reason": "not JSON' in written
    gallery.hang_index("multi")
    gallery.sign(named="multi", recursive=True)
    assert "linux/arm64" in str(gallery.verify(named="multi", recursive=True))
    assert ALICE in str(proof.signatures[0])
    assert "annotation: git" in proof.signatures[0]._repr_html_()
