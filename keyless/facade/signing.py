# SPDX-License-Identifier: Apache-2.0
"""Signing: as whoever you are, what you have, in the public instance if you name no other."""

from collections.abc import Callable, Mapping

from keyless import session
from keyless.auth import Identity
from keyless.disclosure import Disclosure
from keyless.facade.login import somebody
from keyless.images.formats import WriteFormat
from keyless.images.signed import SignedImage
from keyless.instance import Sigstore, connect
from keyless.policy import Requirements
from keyless.protocol.cosign import signed_annotations
from keyless.protocol.signing_keys import SigningKey
from keyless.services.registry_options import RegistryOptions
from keyless.session import WORKERS, Artifact, Predicate, Signed

Tell = Callable[[str], None]


class Signer(session.Signer):
    """Signs many artifacts as *identity*, for as long as it takes, under one certificate.

        with keyless.Signer(me) as signer:
            for signed in signer.sign_each(Path("dist").glob("*.whl")):
                signed.save()

    Without an *identity* it is whoever this place says, as a job of CI, or has signed in, or does
    so now; and without *sigstore* it is the public instance. May be shared between threads.
    """

    def __init__(
        self,
        identity: Identity | SigningKey | None = None,
        *,
        sigstore: Sigstore | None = None,
        workers: int = WORKERS,
        requirements: Requirements = Requirements.PUBLIC,
    ) -> None:
        instance = sigstore or connect()
        super().__init__(
            somebody(instance) if identity is None else identity,
            sigstore=instance,
            workers=workers,
            requirements=requirements,
        )

    def sign_image(  # noqa: PLR0913 - each of these is a question of its own
        self,
        reference: str,
        *,
        annotations: Mapping[str, str] | None = None,
        format: WriteFormat = "bundle",  # noqa: A002 - what everybody calls it
        recursive: bool = False,
        push: bool = True,
        tell: Tell | None = None,
        options: RegistryOptions | None = None,
    ) -> SignedImage:
        """Sign the image that *reference* names, as `keyless.sign_image` does."""
        # Who signs files need not wait for what speaks to registries.
        from keyless.images.open import open_place  # noqa: PLC0415
        from keyless.images.sign import sign_image  # noqa: PLC0415

        return sign_image(
            open_place(reference, options=options, transport=self.sigstore.transport),
            self,
            annotations=signed_annotations(annotations),
            format=format,
            recursive=recursive,
            push=push,
            tell=tell or _nobody,
        )

    def attest_image(  # noqa: PLR0913 - likewise
        self,
        reference: str,
        *,
        predicate: Predicate,
        type: str,  # noqa: A002 - what everybody calls it
        format: WriteFormat = "bundle",  # noqa: A002 - likewise
        push: bool = True,
        tell: Tell | None = None,
        options: RegistryOptions | None = None,
    ) -> SignedImage:
        """Sign what is true of the image that *reference* names, as `keyless.attest_image` does."""
        from keyless.images.open import open_place  # noqa: PLC0415 - likewise
        from keyless.images.sign import attest_image  # noqa: PLC0415 - likewise

        return attest_image(
            open_place(reference, options=options, transport=self.sigstore.transport),
            self,
            predicate=predicate,
            type=type,
            format=format,
            push=push,
            tell=tell or _nobody,
        )

    def image_disclosures(
        self,
        reference: str,
        *,
        annotations: Mapping[str, str] | None = None,
        format: WriteFormat = "bundle",  # noqa: A002 - likewise
        options: RegistryOptions | None = None,
    ) -> tuple[Disclosure, ...]:
        """Return what becomes public when the image is signed, one for each signature of it."""
        from keyless.images.disclosing import disclosures  # noqa: PLC0415 - likewise
        from keyless.images.open import open_place  # noqa: PLC0415 - likewise

        place = open_place(reference, options=options, transport=self.sigstore.transport)
        said = signed_annotations(annotations)
        return disclosures(place, self, annotations=said, format=format)

    def image_attestation_disclosure(
        self,
        reference: str,
        *,
        predicate: Predicate,
        type: str,  # noqa: A002 - likewise
        options: RegistryOptions | None = None,
    ) -> Disclosure:
        """Return what becomes public when the image is attested to."""
        from keyless.images.disclosing import attestation_disclosure  # noqa: PLC0415
        from keyless.images.open import open_place  # noqa: PLC0415 - likewise

        place = open_place(reference, options=options, transport=self.sigstore.transport)
        return attestation_disclosure(place, self, predicate=predicate, type=type)


def sign(
    artifact: Artifact,
    identity: Identity | SigningKey | None = None,
    *,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> Signed:
    """Sign *artifact*, a path, bytes, an open binary file or a `Digest`; verify what came of it.

    It is signed as *identity*, or as whoever this place says, as a job of CI, or has signed in, or
    does so now, where there is a terminal or a notebook. Who that is becomes public for ever:
    `Signer(…).disclosure(artifact)` shows it before it does.
    """
    with Signer(identity, sigstore=sigstore, requirements=requirements) as signer:
        return signer.sign(artifact)


def attest(  # noqa: PLR0913 - what is said of which artifact, by whom, and where
    artifact: Artifact,
    identity: Identity | SigningKey | None = None,
    *,
    predicate: Predicate,
    type: str,  # noqa: A002 - what everybody calls it
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> Signed:
    """Sign the statement that *predicate*, which is of *type*, is true of *artifact*.

    *predicate* is a JSON object, its bytes, or the path of a file with it; *type* is a URI, or a
    name such as `slsaprovenance1`, `spdx`, `cyclonedx` or `vuln`. By whom, `sign` explains.
    """
    with Signer(identity, sigstore=sigstore, requirements=requirements) as signer:
        return signer.attest(artifact, predicate=predicate, type=type)


def _nobody(_said: str) -> None:
    """Tell nobody."""
