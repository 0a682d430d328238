# SPDX-License-Identifier: Apache-2.0
"""Verifying: whom you name signed what you have, or it is refused."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, TypeVar, overload

from keyless import batch, files, verification
from keyless.batch import Executor, Outcome
from keyless.errors import InputError, KeylessError
from keyless.evidence import Verified
from keyless.instance import Sigstore, connect
from keyless.policy import Policy, Quorum, Requirements, SignedBy, Wanted
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.verification import artifact_algorithm

P = TypeVar("P")

Path = str | os.PathLike[str]
Artifact = Path | bytes | Digest | BinaryIO


class HasBundle(Protocol):
    """Something that carries its bundle, as what signing returns does."""

    @property
    def bundle(self) -> Bundle:
        """The bundle."""


BundleLike = Bundle | HasBundle | Path | bytes


@overload
def verify(
    artifact: Artifact,
    bundle: BundleLike | None = None,
    *,
    identity: Wanted,
    issuer: Wanted,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> Verified: ...
@overload
def verify(
    artifact: Artifact,
    bundle: BundleLike | None = None,
    *,
    policy: Policy,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> Verified: ...
def verify(  # noqa: PLR0913 - who may have signed is said in two ways: two names, or a policy
    artifact: Artifact,
    bundle: BundleLike | None = None,
    *,
    identity: Wanted | None = None,
    issuer: Wanted | None = None,
    policy: Policy | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> Verified:
    """Decide whether *bundle* proves that whom you name signed *artifact*.

    *artifact* is a path, an open binary file, bytes or a `Digest`. *bundle* is a `Bundle`, its
    bytes, a path, or what signing returned; without it, the file beside the artifact:
    `FILE.sigstore.json`, then `FILE.sigstore`. Say who must have signed by both *identity* and
    *issuer*, or by *policy*.
    """
    proof = _bundle_of(artifact, bundle)
    return verification.verify(
        proof,
        _digest_of(artifact, proof),
        trusted_root=(sigstore or connect()).trusted_root,
        policy=policy_of(identity, issuer, policy),
        requirements=requirements,
    )


def verify_all(
    bundles: Iterable[BundleLike],
    artifact: Artifact,
    *,
    quorum: Quorum,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> tuple[Verified, ...]:
    """Decide whether *bundles* prove that as many signers as *quorum* asks signed *artifact*."""
    proofs = [_parsed(bundle) for bundle in bundles]
    return verification.verify_all(
        proofs,
        _digest_of(artifact, proofs[0]) if proofs else b"",
        trusted_root=(sigstore or connect()).trusted_root,
        quorum=quorum,
        requirements=requirements,
    )


def verify_many(
    pairs: Iterable[tuple[Artifact, BundleLike]],
    *,
    policy: Policy,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
    executor: Executor | None = None,
) -> Iterator[Outcome]:
    """Verify each of *pairs* of artifact and bundle, on any *executor*; yield one outcome each.

    Outcomes come in the order of the pairs. One that is refused, or cannot even be read, never
    stops the rest: its outcome holds the error.
    """
    unreadable: deque[KeylessError | None] = deque()  # in the order of the pairs; None: was read
    outcomes = batch.verify_many(
        _readable(pairs, unreadable),
        trusted_root=(sigstore or connect()).trusted_root,
        policy=policy,
        requirements=requirements,
        executor=executor,
    )
    for outcome in outcomes:
        while (error := unreadable.popleft()) is not None:
            yield Outcome(verified=None, error=error)
        yield outcome
    for error in unreadable:
        yield Outcome(verified=None, error=error)


def _readable(
    pairs: Iterable[tuple[Artifact, BundleLike]],
    unreadable: deque[KeylessError | None],
) -> Iterator[tuple[Bundle, Digest | bytes]]:
    for artifact, bundle in pairs:
        try:
            proof = _parsed(bundle)
            pair = proof, _digest_of(artifact, proof)
        except KeylessError as error:
            unreadable.append(error)
        else:
            unreadable.append(None)
            yield pair


def _bundle_of(artifact: Artifact, bundle: BundleLike | None) -> Bundle:
    if bundle is not None:
        return _parsed(bundle)
    if isinstance(artifact, (str, os.PathLike)):
        return files.read_bundle(files.find_bundle(artifact))
    raise InputError(
        "no bundle was given, and what was given as the artifact is no file to find one beside",
        hint="give the bundle, or its path, as the second argument",
    )


def _parsed(bundle: BundleLike) -> Bundle:
    match bundle:
        case Bundle():
            return bundle
        case bytes():
            return Bundle.parse(bundle)
        case str() | os.PathLike():
            return files.read_bundle(bundle)
        case _:
            return bundle.bundle


def _digest_of(artifact: Artifact, bundle: Bundle) -> Digest | bytes:
    match artifact:
        case Digest() | bytes():
            return artifact
        case str() | os.PathLike():
            return files.digest(artifact, algorithm=artifact_algorithm(bundle))
        case _:
            return files.digest_stream(artifact, algorithm=artifact_algorithm(bundle))


def policy_of(identity: Wanted | None, issuer: Wanted | None, policy: P | None) -> P | SignedBy:
    """Return who must have signed, which is said either by two names, or by *policy*."""
    if policy is not None and identity is None and issuer is None:
        return policy
    if policy is None and identity is not None and issuer is not None:
        return SignedBy(identity, issuer=issuer)
    raise InputError(
        "who must have signed is said either by both identity and issuer, or by a policy",
        hint='as in identity="alice@example.com", issuer="github"',
    )
