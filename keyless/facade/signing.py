# SPDX-License-Identifier: Apache-2.0
"""Signing: as whoever you are, what you have, in the public instance if you name no other."""

from keyless import session
from keyless.auth import Identity
from keyless.facade.login import somebody
from keyless.instance import Sigstore, connect
from keyless.policy import Requirements
from keyless.protocol.signing_keys import SigningKey
from keyless.session import WORKERS, Artifact, Predicate, Signed


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
