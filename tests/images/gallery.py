# SPDX-License-Identifier: Apache-2.0
"""An image in a store, and people who sign it; and whatever else somebody might put beside it."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from keyless.auth import Identity
from keyless.images.place import Place
from keyless.images.proof import ImageProof, ImageStatements
from keyless.images.sign import attest_image, sign_image
from keyless.images.signed import SignedImage
from keyless.images.store import Store
from keyless.images.verify import Wish, verify_attestations, verify_image
from keyless.instance.sigstore import LogVersion
from keyless.policy import Policy, Quorum, SignedBy, SignedByKey
from keyless.protocol.bundle import MEDIA_TYPE
from keyless.protocol.cosign_layers import SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import EMPTY_CONFIG
from keyless.protocol.digest import Digest
from keyless.protocol.keys import algorithm_named
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, ImageReference, Manifest
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.session import Signer
from tests.images.layouts import image, index, put
from tests.instances import NOON

REPOSITORY = "registry.sandbox.test/me/app"
ALICE, BOB = "alice@example.com", "bob@example.com"
BY_ALICE, BY_BOB = SignedBy(ALICE, issuer="github"), SignedBy(BOB, issuer="github")
KEY = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
BY_KEY = SignedByKey(KEY.public)
CUSTOM = "https://cosign.sigstore.dev/attestation/v1"


@cache
def sandbox() -> Sandbox:
    """A whole instance, at noon, for all tests."""
    return Sandbox(NOON)


@cache
def person(email: str) -> Signer:
    """Sign as *email*, under one certificate."""
    return Signer(sandbox().identity(email), sigstore=sandbox().sigstore)


def signer(who: str | SigningKey | Identity = ALICE, *, rekor: LogVersion | None = None) -> Signer:
    """Sign as *who*, in a log of version *rekor*."""
    if isinstance(who, str) and rekor is None:
        return person(who)
    identity = sandbox().identity(who) if isinstance(who, str) else who
    return Signer(identity, sigstore=sandbox().connect(rekor=rekor))


def wish(policy: Policy | Quorum = BY_ALICE, **others: Any) -> Wish:
    """Want an image signed by whom *policy* says."""
    return Wish(policy=policy, trusted_root=sandbox().sigstore.trusted_root, **others)


class Gallery:
    """The image `v1` in *store*, beside others that tests put there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[str] = []
        self.image = self.hang("v1")

    @property
    def digest(self) -> Digest:
        """The image's digest."""
        return self.image.digest

    def hang(self, tag: str, *layers: bytes) -> Manifest:
        """Put an image of *layers* under *tag*."""
        manifest = image(self.store, *layers)
        self.store.put_manifest(manifest, tag=tag)
        return manifest

    def hang_index(self, tag: str) -> tuple[Manifest, dict[str, Manifest]]:
        """Put an image for two platforms under *tag*; return it, and its parts."""
        parts = {
            f"linux/{name}": image(self.store, name.encode(), architecture=name)
            for name in ("amd64", "arm64")
        }
        for part in parts.values():
            self.store.put_manifest(part)
        whole = index(parts)
        self.store.put_manifest(whole, tag=tag)
        return whole, parts

    def place(self, named: str | Digest = "v1", **others: Any) -> Place:
        """Return the place of the image that is *named* so."""
        joint = "@" if isinstance(named, Digest) else ":"
        options = {"store": self.store, "repository": REPOSITORY, **others}
        return Place(f"{REPOSITORY}{joint}{named}", named=str(named), **options)

    def sign(
        self, who: Signer | None = None, *, named: str | Digest = "v1", **options: Any
    ) -> SignedImage:
        """Sign the image that is *named* so, as Alice if nobody else is."""
        return sign_image(
            self.place(named), who or signer(), **{"tell": self.told.append, **options}
        )

    def attest(
        self, who: Signer | None = None, *, named: str | Digest = "v1", **options: Any
    ) -> SignedImage:
        """Attest to the image that is *named* so."""
        said = {"predicate": {"result": "passed"}, "type": "custom", "tell": self.told.append}
        return attest_image(self.place(named), who or signer(), **{**said, **options})

    def verify(
        self,
        policy: Policy | Quorum = BY_ALICE,
        *,
        named: str | Digest = "v1",
        platform: str | None = None,
        recursive: bool = False,
        **wishes: Any,
    ) -> ImageProof:
        """Verify the image that is *named* so, to be signed by Alice if nobody else is."""
        wanted = wish(policy, **wishes)
        return verify_image(self.place(named), wanted, platform=platform, recursive=recursive)

    def said(
        self, policy: Policy | Quorum = BY_ALICE, *, predicate_type: str = CUSTOM, **wishes: Any
    ) -> ImageStatements:
        """Verify what is said of the image."""
        return verify_attestations(
            self.place(), wish(policy, **wishes), predicate_type=predicate_type
        )

    def attach(self, content: bytes, **changes: Any) -> Descriptor:
        """Put *content* as a bundle that refers to the image, with *changes* in its manifest."""
        document = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": put(self.store, EMPTY_CONFIG, "application/vnd.oci.empty.v1+json").to_json(),
            "layers": [put(self.store, content, MEDIA_TYPE).to_json()],
            "subject": self.image.descriptor.to_json(),
            "artifactType": MEDIA_TYPE,
            **changes,
        }
        manifest = Manifest.parse(json.dumps(document).encode())
        self.store.add_referrers([manifest])
        return manifest.descriptor

    def layer(self, content: bytes, notes: dict[str, str], **changes: Any) -> dict[str, Any]:
        """Put *content* as a blob, and return a layer of it with *notes*."""
        described = put(self.store, content, SIMPLE_SIGNING).to_json()
        return {**described, "annotations": notes, **changes}

    def hang_layers(
        self, layers: Iterable[dict[str, Any]], *, suffix: str = "sig", **changes: Any
    ) -> None:
        """Put *layers* under the tag of the image's legacy signatures, in place of those there."""
        config = put(self.store, b"{}", "application/vnd.oci.image.config.v1+json").to_json()
        document = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config,
            "layers": list(layers),
            **changes,
        }
        tag = f"{ImageReference.fallback_tag(self.digest)}.{suffix}"
        self.store.put_manifest(Manifest.parse(json.dumps(document).encode()), tag=tag)

    def layers(self, of: Digest | None = None) -> list[dict[str, Any]]:
        """Return the layers under the tag of legacy signatures, of the image or another one."""
        tag = ImageReference.signature_tag(of or self.digest)
        manifest = self.store.manifest(self.store.resolve(tag))
        layers: list[dict[str, Any]] = json.loads(manifest.raw)["layers"]
        return layers
