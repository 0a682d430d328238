# SPDX-License-Identifier: Apache-2.0
"""Many signatures under one identity: one key and one certificate, renewed before it expires."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from threading import Lock
from typing import Self

from keyless import files
from keyless.auth import Identity
from keyless.credential import P256, Credential
from keyless.disclosure import Disclosure, disclosure
from keyless.errors import InputError, KeylessError, ParseError, VerificationError
from keyless.instance import Sigstore
from keyless.policy import Requirements
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import Statement
from keyless.session.each import in_order
from keyless.session.signed import Signed, own_bundle
from keyless.session.subject import Artifact, Predicate, digested, stated
from keyless.signing import sign_digest, sign_statement
from keyless.verification import verify_remembering

__all__ = ["WORKERS", "Artifact", "Predicate", "Signed", "Signer"]

# So many uploads at a time: a log of version 2 answers only when the entry is in its tree.
WORKERS = 16
# A certificate must outlive the signing for which it is used, delays of the servers included.
SPARE = timedelta(seconds=60)


def _beside(path: str) -> str:
    return path + files.BUNDLE_SUFFIXES[0]


class Signer:
    """Signs as *identity*, for as long as it takes: as a person, a job, or the holder of a key.

        with Signer(identity, sigstore=sigstore) as signer:
            for signed in signer.sign_each(Path("dist").glob("*.whl")):
                signed.save()

    The first signature asks for a certificate, which the others share; a minute before it expires
    it is replaced, and when the block ends the key is thrown away. May be shared between threads.
    """

    def __init__(
        self,
        identity: Identity | SigningKey,
        *,
        sigstore: Sigstore,
        workers: int = WORKERS,
        requirements: Requirements = Requirements.PUBLIC,
    ) -> None:
        if workers < 1:
            raise InputError(f"{workers} workers sign nothing", hint=f"the usual is {WORKERS}")
        self._identity = identity
        self._sigstore = sigstore
        self._workers = workers
        self._requirements = requirements
        self._renewing = Lock()
        self._current: Credential | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        """Begin; nothing is asked of anybody yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Throw the key away."""
        with self._renewing:
            self._current = None
            self._is_over = True

    @property
    def sigstore(self) -> Sigstore:
        """The instance to sign with."""
        return self._sigstore

    def sign(self, artifact: Artifact) -> Signed:
        """Sign *artifact*: a path, bytes, an open binary file, or a `Digest`."""
        path, digest = digested(artifact, self._hash)
        return self._signed(path, digest, self.credential())

    def attest(
        self,
        artifact: Artifact,
        *,
        predicate: Predicate,
        type: str,  # noqa: A002 - what everybody calls it
    ) -> Signed:
        """Sign the statement that *predicate*, which is of *type*, is true of *artifact*.

        *predicate* is a JSON object, its bytes, or the path of a file with it; *type* is a URI, or
        a name such as `slsaprovenance1`, `spdx`, `cyclonedx` or `vuln`.
        """
        path, statement = stated(artifact, predicate, type)
        return self._attested(path, statement)

    def attest_statement(self, statement: bytes) -> Signed:
        """Sign *statement*, an in-toto statement that is written already, byte for byte."""
        return self._attested(None, statement)

    def sign_each(self, paths: Iterable[files.Path]) -> Iterator[Signed]:
        """Sign the files at *paths*, many at a time; yield each when it and all before it are done.

        One that fails does not stop the rest: when all are done, BatchError says which did and why.
        """
        attempt = _Attempt(self)

        def sign(path: str, digest: Digest) -> Signed:
            return self._signed(path, digest, attempt.credential())

        return in_order(paths, hash_file=self._hash_file, sign=sign, workers=self._workers)

    def sign_missing(
        self, paths: Iterable[files.Path], *, bundle_of: Callable[[str], str] = _beside
    ) -> Iterator[Signed]:
        """Sign those of the files at *paths* that have no valid bundle of ours beside them.

        Or where *bundle_of* says of a path that its bundle is. The others come with the bundle
        that is there, and say that it was `reused`. Where somebody else's is there, that file
        fails, and nothing is logged for it.
        """
        attempt = _Attempt(self)

        def sign(path: str, digest: Digest) -> Signed:
            credential = attempt.credential()
            place = bundle_of(path)
            there = self._there(path, place, digest, credential)
            return there or self._signed(path, digest, credential)

        return in_order(paths, hash_file=self._hash_file, sign=sign, workers=self._workers)

    def disclosure(
        self,
        artifact: Artifact,
        *,
        predicate: Predicate | None = None,
        type: str = "custom",  # noqa: A002 - as in `attest`
    ) -> Disclosure:
        """Return what becomes public when *artifact* is signed, or attested to, before it does."""
        if predicate is None:
            _, digest = digested(artifact, self._hash)
            return self._disclosure(digest)
        _, statement = stated(artifact, predicate, type)
        return self._disclosure(statement)

    def statement_disclosure(self, statement: bytes) -> Disclosure:
        """Return what becomes public when *statement*, which is written already, is signed."""
        return self._disclosure(statement)

    def credential(self) -> Credential:
        """Return the key and certificate to sign with: the last ones, or new ones in time."""
        with self._renewing:
            if self._is_over:
                raise InputError("this signer's block is over, and its key thrown away")
            if self._current is None or self._is_due(self._current):
                self._current = self._renewed()
            return self._current

    def _disclosure(self, content: Digest | Statement | bytes) -> Disclosure:
        signer = self._current or self._resumed() or self._identity
        if isinstance(signer, SigningKey):
            signer = self.credential()
        return disclosure(signer, content, sigstore=self._sigstore)

    def _is_due(self, credential: Credential) -> bool:
        expires_at = credential.expires_at
        return expires_at is not None and self._sigstore.clock() + SPARE > expires_at

    def _renewed(self) -> Credential:
        if isinstance(self._identity, SigningKey):
            return Credential.from_key(self._identity)
        resumed = self._resumed()
        return resumed or Credential.issue(
            self._identity, self._sigstore, requirements=self._requirements
        )

    def _resumed(self) -> Credential | None:
        """Return the session that was kept, if there is one to go on with; nobody is asked."""
        if isinstance(self._identity, SigningKey):
            return None
        return Credential.resume(self._identity, self._sigstore, requirements=self._requirements)

    @property
    def _hash(self) -> HashAlgorithm:
        """Which digest the key will sign; known before there is one."""
        signer = self._identity
        algorithm = signer.algorithm if isinstance(signer, SigningKey) else P256
        return algorithm.hash or HashAlgorithm.SHA256

    def _hash_file(self, path: files.Path) -> Digest:
        return files.digest(path, algorithm=self._hash)

    def _signed(self, path: str | None, digest: Digest, credential: Credential) -> Signed:
        bundle, proof = sign_digest(
            digest, credential, sigstore=self._sigstore, requirements=self._requirements
        )
        return Signed(bundle=bundle, proof=proof, path=path)

    def _attested(self, path: str | None, statement: Statement | bytes) -> Signed:
        bundle, proof = sign_statement(
            statement,
            self.credential(),
            sigstore=self._sigstore,
            requirements=self._requirements,
        )
        return Signed(bundle=bundle, proof=proof, path=path)

    def _there(
        self, path: str, place: str, digest: Digest, credential: Credential
    ) -> Signed | None:
        """Return the valid bundle of ours at *place*; None where ours is missing or invalid."""
        there = own_bundle(place, None, credential.material)
        if there is None:
            return None
        try:
            proof = verify_remembering(
                there,
                digest,
                trusted_root=self._sigstore.trusted_root,
                policy=credential.policy,
                requirements=self._requirements,
                memory=credential.memory,
            )
        except (ParseError, VerificationError):
            return None
        return Signed(bundle=there, proof=proof, path=path, reused=True)

    def __repr__(self) -> str:
        return f"Signer({self._current or self._identity!r})"


class _Attempt:
    """One batch's way to a certificate: where none can be had once, nobody asks for it again.

    Otherwise a batch of a thousand would wait a thousand times, or open as many browsers.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._asking = Lock()
        self._refusal: KeylessError | None = None

    def credential(self) -> Credential:
        """Return the signer's credential, or raise what kept it from having one."""
        with self._asking:
            if self._refusal is not None:
                raise self._refusal.with_traceback(None)
            try:
                return self._signer.credential()
            except KeylessError as error:
                self._refusal = error
                raise
