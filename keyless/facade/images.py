# SPDX-License-Identifier: Apache-2.0
"""Images: signed as whoever you are, and verified to be signed by whom you name."""

from collections.abc import Callable, Mapping
from typing import overload

from keyless.auth import Identity
from keyless.facade.signing import Signer
from keyless.facade.verifying import policy_of
from keyless.images.formats import ReadFormat, WriteFormat
from keyless.images.open import open_place
from keyless.images.proof import ImageProof, ImageStatements
from keyless.images.signed import SignedImage
from keyless.images.verify import Wish
from keyless.images.verify import verify_attestations as attestations_at
from keyless.images.verify import verify_image as image_at
from keyless.instance import Sigstore, connect
from keyless.policy import Policy, Quorum, Requirements, Wanted
from keyless.protocol.cosign import signed_annotations
from keyless.protocol.predicate_types import predicate_type_called
from keyless.protocol.signing_keys import SigningKey
from keyless.services.registry_options import RegistryOptions
from keyless.session import Predicate


def sign_image(  # noqa: PLR0913 - each of these is a question of its own
    reference: str,
    identity: Identity | SigningKey | None = None,
    *,
    annotations: Mapping[str, str] | None = None,
    format: WriteFormat = "bundle",  # noqa: A002 - what everybody calls it
    recursive: bool = False,
    push: bool = True,
    tell: Callable[[str], None] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> SignedImage:
    """Sign the image that *reference* names, as *identity*, with *annotations*; and push that.

    What is signed is its digest: name the image by that, or a tag is resolved, once, and *tell* is
    told what it stands for. *format* is `bundle`, as cosign 3 writes it, `legacy`, as cosign 2 did,
    or `both`; *recursive* signs the parts of a multi-platform image, too. Not *pushed*, an image
    that is named by its digest is signed without asking anybody for it. By whom, `sign` explains.
    """
    with Signer(identity, sigstore=sigstore, requirements=requirements) as signer:
        return signer.sign_image(
            reference,
            annotations=annotations,
            format=format,
            recursive=recursive,
            push=push,
            tell=tell,
            options=options,
        )


def attest_image(  # noqa: PLR0913 - likewise
    reference: str,
    identity: Identity | SigningKey | None = None,
    *,
    predicate: Predicate,
    type: str,  # noqa: A002 - what everybody calls it
    format: WriteFormat = "bundle",  # noqa: A002 - likewise
    push: bool = True,
    tell: Callable[[str], None] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> SignedImage:
    """Sign that *predicate*, which is of *type*, is true of the image that *reference* names.

    Predicates and their types are as for `attest`, all else as for `sign_image`.
    """
    with Signer(identity, sigstore=sigstore, requirements=requirements) as signer:
        return signer.attest_image(
            reference,
            predicate=predicate,
            type=type,
            format=format,
            push=push,
            tell=tell,
            options=options,
        )


@overload
def verify_image(
    reference: str,
    *,
    identity: Wanted,
    issuer: Wanted,
    annotations: Mapping[str, str] | None = None,
    format: ReadFormat = "any",
    platform: str | None = None,
    recursive: bool = False,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageProof: ...
@overload
def verify_image(
    reference: str,
    *,
    policy: Policy | Quorum,
    annotations: Mapping[str, str] | None = None,
    format: ReadFormat = "any",
    platform: str | None = None,
    recursive: bool = False,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageProof: ...
def verify_image(  # noqa: PLR0913 - who may have signed is said in two ways: two names, or a policy
    reference: str,
    *,
    identity: Wanted | None = None,
    issuer: Wanted | None = None,
    policy: Policy | Quorum | None = None,
    annotations: Mapping[str, str] | None = None,
    format: ReadFormat = "any",  # noqa: A002 - what everybody calls it
    platform: str | None = None,
    recursive: bool = False,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageProof:
    """Decide whether the image that *reference* names is signed by whom you name; `pinned` is it.

    *reference* is to a registry, or to an OCI layout, as in `oci:app.tar`. Say who must have signed
    by both *identity* and *issuer*, or by *policy*; of a quorum, different people. *annotations*
    are those they must have signed, at least. *format* says which signatures count: `any`, or only
    a `bundle`, or a `legacy` one. Of a multi-platform image, it is the index that is verified; or
    its part for *platform*, or, *recursive*, the index and every part, each with signatures of its
    own.
    """
    chosen = sigstore or connect()
    wish = Wish(
        policy=policy_of(identity, issuer, policy),
        trusted_root=chosen.trusted_root,
        requirements=requirements,
        annotations=signed_annotations(annotations),
        formats=format,
    )
    place = open_place(reference, options=options, transport=chosen.transport)
    return image_at(place, wish, platform=platform, recursive=recursive)


@overload
def verify_attestations(
    reference: str,
    *,
    type: str,
    identity: Wanted,
    issuer: Wanted,
    format: ReadFormat = "any",
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageStatements: ...
@overload
def verify_attestations(
    reference: str,
    *,
    type: str,
    policy: Policy | Quorum,
    format: ReadFormat = "any",
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageStatements: ...
def verify_attestations(  # noqa: PLR0913 - likewise
    reference: str,
    *,
    type: str,  # noqa: A002 - what everybody calls it
    identity: Wanted | None = None,
    issuer: Wanted | None = None,
    policy: Policy | Quorum | None = None,
    format: ReadFormat = "any",  # noqa: A002 - likewise
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageStatements:
    """Return what those whom you name say of the image that *reference* names, of that *type*.

    *type* is a URI, or a name such as `slsaprovenance1`, `spdx`, `cyclonedx` or `vuln`; it is held
    against the statement that was signed. All else is as for `verify_image`.
    """
    chosen = sigstore or connect()
    wish = Wish(
        policy=policy_of(identity, issuer, policy),
        trusted_root=chosen.trusted_root,
        requirements=requirements,
        formats=format,
    )
    place = open_place(reference, options=options, transport=chosen.transport)
    return attestations_at(place, wish, predicate_type=predicate_type_called(type))
