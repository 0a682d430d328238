# SPDX-License-Identifier: Apache-2.0
"""Images in registries: how little is asked of them, and what they may answer."""

import time
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.errors import (
    ImageNotFound,
    NoMatchingSignature,
    NoSignatures,
    RegistryAuthError,
    ServiceError,
)
from keyless.images.candidates import FETCHERS
from keyless.images.layout import Layout
from keyless.images.proof import ImageProof
from keyless.policy import Quorum
from keyless.protocol.digest import Digest
from keyless.protocol.oci import ImageReference
from keyless.sandbox.registry import Basic, Bearer
from keyless.sandbox.registry.access import Action
from keyless.services.http import Request, Response
from keyless.services.registry_options import RegistryOptions
from tests.images.desk import ANONYMOUS, FALLBACK, Desk
from tests.images.gallery import (
    ALICE,
    BOB,
    BY_ALICE,
    BY_BOB,
    BY_KEY,
    KEY,
    REPOSITORY,
    Gallery,
    sandbox,
    signer,
)
from tests.instances import nothing_logged

PULL: tuple[Action, ...] = ("pull",)
KINDS = pytest.mark.parametrize("kind", ["bundle", "legacy"])
HABITS = pytest.mark.parametrize("habits", [None, FALLBACK], ids=["api", "fallback"])


def verify(desk: Desk, reference: str, **options: Any) -> ImageProof:
    """Verify the image that *reference* names, as anybody would; and count from zero."""
    desk.asked.clear()
    asked = {"policy": BY_ALICE, "options": ANONYMOUS, **options}
    return keyless.verify_image(reference, sigstore=desk.sigstore, **asked)


def pinned(gallery: Gallery) -> str:
    """Name the image by its digest."""
    return f"{REPOSITORY}@{gallery.digest}"


# There and back


@HABITS
@KINDS
@pytest.mark.parametrize("who", [ALICE, KEY], ids=["certificate", "key"])
def test_a_signature_is_found(habits: Any, kind: str, who: Any) -> None:
    """In both formats, by both kinds of signers, in both kinds of registries."""
    desk = Desk(habits)
    gallery = Gallery(desk.store())
    gallery.sign(signer(who), format=kind)
    policy = BY_KEY if who is KEY else BY_ALICE
    proof = verify(desk, f"{REPOSITORY}:v1", policy=policy)
    assert proof.pinned == pinned(gallery)
    assert [each.format for each in proof.signatures] == [kind]


@HABITS
@KINDS
def test_an_attestation_is_found(habits: Any, kind: str) -> None:
    """As signatures are."""
    desk = Desk(habits)
    gallery = Gallery(desk.store())
    gallery.attest(format=kind)
    said = keyless.verify_attestations(
        f"{REPOSITORY}:v1",
        type="custom",
        identity=ALICE,
        issuer="github",
        options=ANONYMOUS,
        sigstore=desk.sigstore,
    )
    assert [each.predicate for each in said] == [{"result": "passed"}]


def test_an_image_is_signed_and_attested_to_in_one_line_each() -> None:
    """And in one line verified."""
    desk = Desk()
    gallery = Gallery(desk.store())
    alice = sandbox().identity(ALICE)
    options: dict[str, Any] = {"options": ANONYMOUS, "sigstore": desk.sigstore}
    reference = f"{REPOSITORY}:v1"
    told: list[str] = []
    signed = keyless.sign_image(
        reference, alice, annotations={"a": "1"}, tell=told.append, **options
    )
    attested = keyless.attest_image(reference, alice, predicate={}, type="custom", **options)
    assert (signed.reference, attested.digest, len(told)) == (pinned(gallery), gallery.digest, 1)
    proof = keyless.verify_image(
        reference, identity=ALICE, issuer="github", annotations={"a": "1"}, **options
    )
    assert len(proof.signatures) == 1


def test_what_becomes_public_is_shown_beforehand() -> None:
    """For each signature, and for an attestation."""
    desk = Desk()
    gallery = Gallery(desk.store())
    with (
        nothing_logged(sandbox()),
        keyless.Signer(sandbox().identity(ALICE), sigstore=desk.sigstore) as alice,
    ):
        both = alice.image_disclosures(pinned(gallery), format="both", options=ANONYMOUS)
        attestation = alice.image_attestation_disclosure(
            pinned(gallery), predicate={"a": 1}, type="custom", options=ANONYMOUS
        )
    assert [name for each in both for name, _ in each.what] == [
        "statement",
        "time",
        "artifact",
        "time",
    ]
    assert '"a":1' in dict(attestation.what)["statement"]


def test_an_image_by_digest_is_signed_without_its_registry() -> None:
    """If it is not pushed: nobody is asked for anything."""
    desk = Desk()
    reference = f"{REPOSITORY}@{Digest.of(b'not pushed yet')}"
    signed = keyless.sign_image(
        reference, sandbox().identity(ALICE), format="both", push=False, sigstore=desk.sigstore
    )
    assert (signed.reference, desk.asked) == (reference, [])


def test_signatures_may_be_kept_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another repository, by an option, or by the variable that cosign has for it."""
    desk = Desk()
    gallery = Gallery(desk.store())
    elsewhere = RegistryOptions(credentials=ANONYMOUS.credentials, repository=f"{REPOSITORY}/sigs")
    alice = sandbox().identity(ALICE)
    keyless.sign_image(pinned(gallery), alice, options=elsewhere, sigstore=desk.sigstore)
    with pytest.raises(NoSignatures):
        verify(desk, pinned(gallery))
    assert len(verify(desk, pinned(gallery), options=elsewhere).signatures) == 1
    monkeypatch.setenv("COSIGN_REPOSITORY", f"{REPOSITORY}/sigs")
    assert len(verify(desk, pinned(gallery)).signatures) == 1


@pytest.mark.parametrize("named", ["", ":v1", "@"], ids=["alone", "tag", "digest"])
def test_an_image_in_a_layout_is_verified_without_a_registry(tmp_path: Path, named: str) -> None:
    """Straight from where it lies, by whatever it is called there."""
    desk = Desk()
    path = tmp_path / "app"
    gallery = Gallery(Layout.at(str(path)))
    gallery.sign()
    named = named.replace("@", f"@{gallery.digest}")
    proof = verify(desk, f"oci:{path}{named}")
    assert (proof.pinned, desk.asked) == (f"oci:{path}@{gallery.digest}", [])
    assert proof.reference == f"oci:{path}{named}"


# How much is asked


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("formats", "probe"), [("bundle", 0), ("any", 1)], ids=["bundles alone", "any"]
)
def test_a_list_and_two_requests_for_each_bundle(count: int, formats: str, probe: int) -> None:
    """One more to see whether there are legacy signatures, unless only bundles count."""
    desk = Desk()
    gallery = Gallery(desk.store())
    for _ in range(count):
        gallery.sign()
    assert len(verify(desk, pinned(gallery), format=formats).signatures) == count
    assert len(desk.asked) == 1 + 2 * count + probe


def test_a_tag_takes_one_request_more() -> None:
    """It is resolved once, by a request that no registry counts."""
    desk = Desk()
    Gallery(desk.store()).sign()
    verify(desk, f"{REPOSITORY}:v1", format="bundle")
    assert len(desk.asked) == 4
    assert desk.asked[0] == "HEAD me/app/manifests/v1"


def test_the_fallback_takes_one_request_more() -> None:
    """Where the registry keeps no list, what its clients have noted is read."""
    desk = Desk(FALLBACK)
    gallery = Gallery(desk.store())
    gallery.sign()
    verify(desk, pinned(gallery), format="bundle")
    assert len(desk.asked) == 4
    assert desk.asked[1] == f"GET me/app/manifests/{ImageReference.fallback_tag(gallery.digest)}"


def test_a_token_takes_two_requests_more() -> None:
    """One that is refused, and one for the token, which then is good for all the others."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign()
    desk.registry.access = Bearer(sandbox().clock, {}, anonymous=PULL)
    verify(desk, pinned(gallery), format="bundle")
    assert len(desk.asked) == 5


def test_legacy_signatures_take_a_request_for_each_payload() -> None:
    """Beside the list of them; the tag and its manifest are the other two."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign(format="legacy")
    gallery.sign(signer(BOB), format="legacy")  # which signs the same payload
    assert len(verify(desk, pinned(gallery), format="legacy").signatures) == 1
    assert len(desk.asked) == 3


def test_many_are_fetched_at_once() -> None:
    """Never more than eight; and fifty signatures take less than a third of one by one."""
    desk = Desk()
    gallery = Gallery(desk.store())
    bundle = gallery.sign().bundle.to_json()
    for number in range(49):
        gallery.attach(bundle, annotations={"number": str(number)})
    desk.delay = 0.02
    started = time.monotonic()
    proof = verify(desk, pinned(gallery), format="bundle")
    took = time.monotonic() - started
    assert len(proof.signatures) == 50
    assert 1 < desk.most <= FETCHERS
    assert took < 0.3 * len(desk.asked) * desk.delay + 1  # a busy machine's second


# What registries may answer


def test_an_image_that_is_not_there_is_told() -> None:
    """By a tag or by a digest; it is not called unsigned."""
    desk = Desk()
    Gallery(desk.store())
    with pytest.raises(ImageNotFound):
        verify(desk, f"{REPOSITORY}:v2")
    with pytest.raises(ImageNotFound):
        verify(desk, f"{REPOSITORY}@{Digest.of(b'nothing')}")


def test_an_image_without_signatures_is_told() -> None:
    """With the places where they were looked for, and who said that there is none."""
    desk = Desk(FALLBACK)
    gallery = Gallery(desk.store())
    with pytest.raises(NoSignatures) as caught:
        verify(desk, pinned(gallery))
    assert caught.value.found == (
        f"nothing in the referrers of {gallery.digest} (none) "
        f"or in the tag sha256-{gallery.digest.hex}.sig"
    )


def test_a_registry_that_lets_nobody_in_says_so() -> None:
    """That is no verdict about the image."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign()
    desk.registry.access = Basic({"alice": "secret"})
    with pytest.raises(RegistryAuthError):
        verify(desk, pinned(gallery))


def test_who_may_not_push_learns_it_before_signing() -> None:
    """Nothing is logged that nobody could be given."""
    desk = Desk()
    gallery = Gallery(desk.store())
    desk.registry.access = Basic({}, anonymous=PULL)
    with nothing_logged(sandbox()), pytest.raises(RegistryAuthError):
        keyless.sign_image(
            pinned(gallery), sandbox().identity(ALICE), options=ANONYMOUS, sigstore=desk.sigstore
        )


def test_what_cannot_be_fetched_is_rejected_alone() -> None:
    """The others may do; if none does, the reasons tell of it."""
    desk = Desk()
    gallery = Gallery(desk.store())
    lost = gallery.sign().location
    gallery.sign(signer(BOB))
    assert lost is not None

    def answer(request: Request) -> Response | None:
        return Response(status=500) if lost.rpartition(" ")[2] in request.url else None

    desk.bend = answer
    assert len(verify(desk, pinned(gallery), policy=BY_BOB).signatures) == 1
    with pytest.raises(NoMatchingSignature) as caught:
        verify(desk, pinned(gallery))
    assert sorted(type(each.error).__name__ for each in caught.value.rejected) == [
        "PolicyError",
        "ServiceError",
    ]


def test_where_nothing_can_be_fetched_that_is_the_error() -> None:
    """It says nothing about the image."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign()
    desk.bend = lambda request: Response(status=500) if "/blobs/" in request.url else None
    with pytest.raises(ServiceError) as caught:
        verify(desk, pinned(gallery))
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("manifests/sha256:", "answers with something else than sha256:"),
        ("blobs/sha256:", "breaks off again and again"),
    ],
)
def test_other_bytes_than_the_digest_says_are_refused(part: str, reason: str) -> None:
    """Whatever stands in them: a registry is asked, and not believed."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign()

    def answer(request: Request) -> Response | None:
        if request.method != "GET" or part not in request.url:
            return None
        return Response(status=200, body=b'{"schemaVersion": 2}')

    desk.bend = answer
    with pytest.raises(ServiceError, match=reason):
        gallery.verify(named=gallery.digest)


def test_a_bundle_on_another_images_list_is_refused() -> None:
    """A list under a tag is anybody's to write: each manifest says to what it refers."""
    desk = Desk(FALLBACK)
    gallery = Gallery(desk.store())
    other = gallery.hang("other", b"another layer")
    gallery.sign(named="other")
    there = gallery.store.resolve(ImageReference.fallback_tag(other.digest))
    tag = ImageReference.fallback_tag(gallery.digest)
    gallery.store.put_manifest(gallery.store.manifest(there), tag=tag)
    with pytest.raises(NoMatchingSignature, match="refers to another image"):
        verify(desk, pinned(gallery))


def test_a_quorum_may_decide() -> None:
    """In one line, too."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign()
    gallery.sign(signer(BOB), format="legacy")
    assert len(verify(desk, pinned(gallery), policy=Quorum(2, BY_ALICE, BY_BOB)).signatures) == 2


def test_who_must_have_signed_is_said_in_one_way() -> None:
    """By two names, or by a policy; never by neither."""
    with pytest.raises(keyless.InputError, match="either by both identity and issuer"):
        keyless.verify_image(f"{REPOSITORY}:v1", sigstore=Desk().sigstore)  # type: ignore[call-overload]  # that is the point


def test_what_docker_built_is_told_from_what_is_not_there() -> None:
    """A name without a registry is Docker Hub's; what was only built is nowhere but here."""
    desk = Desk()

    def hub(request: Request) -> Response:
        if request.host == "index.docker.io":
            return Response(status=401, headers=(("WWW-Authenticate", 'Basic realm="hub"'),))
        return desk(request)

    sigstore = Desk().sigstore
    sigstore.transport = hub
    alice = sandbox().identity(ALICE)
    with nothing_logged(sandbox()), pytest.raises(ImageNotFound) as caught:
        keyless.sign_image("my-app:latest", alice, options=ANONYMOUS, sigstore=sigstore)
    assert "where no registry is named, Docker Hub is asked" in caught.value.message
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("what `docker build` makes is on this machine alone: push")
    with pytest.raises(RegistryAuthError):
        keyless.sign_image("docker.io/me/app", alice, options=ANONYMOUS, sigstore=sigstore)
