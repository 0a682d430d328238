# SPDX-License-Identifier: Apache-2.0
"""Credentials: a key, and who vouches for it.

    a certificate     an authority does, for ten minutes: the key is made here, and dies with it
    a hint at a key   nobody does; whoever verifies has to know the key already

After this room nobody asks which of the two it is.
"""

from collections.abc import Collection
from datetime import datetime

from keyless.auth import Identity
from keyless.auth.kept_session import Session
from keyless.credential.holder import check_issued, check_kept, policy_of
from keyless.errors import Check, InputError, KeylessError, VerificationError
from keyless.instance import Sigstore
from keyless.policy import Policy, Requirements, SignedByKey
from keyless.protocol.bundle import KeyHint, Material, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.issuer_rules import known_rules
from keyless.protocol.keys import Algorithm, PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.protocol.token import IdentityToken
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.services.answers import answer_of
from keyless.services.fulcio import Fulcio
from keyless.verification import CertificateMemory

__all__ = ["P256", "Credential", "check_issued"]

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")


class Credential:
    """A key that signs, and what tells others whose it is; `issue` and `from_key` make one.

    It does not change, and may be shared between threads. Its *memory* is of what was verified of
    the certificate once, and need not be for each signature.
    """

    def __init__(
        self,
        key: SigningKey,
        *,
        certificate: Certificate | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        self._key = key
        self.certificate = certificate
        self.expires_at = expires_at
        self.memory = CertificateMemory()

    @classmethod
    def issue(
        cls,
        identity: Identity,
        sigstore: Sigstore,
        *,
        algorithm: Algorithm = P256,
        requirements: Requirements = Requirements.PUBLIC,
    ) -> "Credential":
        """Make a key, and have the authority of *sigstore* certify that it is *identity*'s.

        From here on the identity is public, for ever: the certificate is logged. It is checked
        before anything is signed under it; one for somebody else is refused. Where the identity
        has its sessions kept, this one is.
        """
        authority = sigstore.signing_services().authority
        if authority is None:
            raise InputError(
                f"{shown(sigstore.name)} has no authority that issues certificates",
                hint="sign with a key of your own",
            )
        token = identity.token(clock=sigstore.clock)
        fulcio = Fulcio(authority.url, sigstore.transport)
        if known_rules(token.issuer) is None:
            # It may be nobody's business who this is: an authority that takes no such tokens is
            # not shown any.
            fulcio.demand_accepted(token)
        key = SigningKey.generate(algorithm)
        certificate = _issued(fulcio, key, token)
        now = sigstore.clock()
        with answer_of(fulcio.name):
            check_issued(
                certificate,
                token,
                now=now,
                trusted_root=sigstore.trusted_root,
                requirements=requirements,
            )
        if identity.kept_in is not None:
            identity.kept_in.keep(Session(key=key, certificate=certificate))
        # By this machine's clock, which may be slow: it lives no longer than from now on.
        life = certificate.not_after - certificate.not_before
        return cls(key, certificate=certificate, expires_at=min(certificate.not_after, now + life))

    @classmethod
    def resume(
        cls,
        identity: Identity,
        sigstore: Sigstore,
        *,
        requirements: Requirements = Requirements.PUBLIC,
    ) -> "Credential | None":
        """Go on with the session that is kept of *identity*; None if there is none, or none good.

        It is believed no more than any certificate: one that *sigstore* does not vouch for, or for
        somebody else than *identity* is known to be, is none, and is removed.
        """
        cache = identity.kept_in
        session = None if cache is None else cache.find(sigstore.clock())
        if cache is None or session is None:
            return None
        certificate = session.certificate
        try:
            check_kept(
                certificate,
                identity.last_token,
                cache.place,
                expected=identity.expected,
                now=sigstore.clock(),
                trusted_root=sigstore.trusted_root,
                requirements=requirements,
            )
        except KeylessError:
            cache.forget()
            return None
        return cls(session.key, certificate=certificate, expires_at=certificate.not_after)

    @classmethod
    def from_key(cls, key: SigningKey) -> "Credential":
        """Sign with a *key* of one's own, which verifiers must know."""
        return cls(key)

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""
        return self._key.algorithm

    @property
    def hash(self) -> HashAlgorithm:
        """Which digest of an artifact it signs."""
        return self.algorithm.hash or HashAlgorithm.SHA256

    @property
    def verifier(self) -> Certificate | PublicKey:
        """What its signatures are verified with."""
        return self.certificate or self._key.public

    @property
    def fingerprint(self) -> Digest:
        """The digest of its public key."""
        return self._key.public.fingerprint

    @property
    def material(self) -> Material:
        """How its bundles say who signed."""
        # Of the ways to hint at a key this one, cosign's, finds it among any number.
        return self.certificate or KeyHint(hint=b64encode(self.fingerprint.value))

    @property
    def policy(self) -> Policy:
        """Who it says we are, as whoever verifies would ask for us."""
        if self.certificate is None:
            return SignedByKey(self._key.public)
        return policy_of(self.certificate)

    def demand_unexpired(self, now: datetime) -> None:
        """Refuse to go on if the certificate has expired by *now*, by this machine's clock."""
        if self.expires_at is not None and now > self.expires_at:
            raise _too_late(f"it expired at {in_words(self.expires_at)}, it is {in_words(now)}")

    def demand_valid(self, at: datetime, *, by: str) -> None:
        """Refuse to go on if the certificate is not valid *at* a time that is vouched for *by*."""
        certificate = self.certificate
        if certificate is not None and not certificate.covers(at):
            life = f"{in_words(certificate.not_before)} to {in_words(certificate.not_after)}"
            raise _too_late(f"it is valid {life}, and by the {by} it is {in_words(at)}")

    def sign_digest(self, digest: Digest) -> MessageSignature:
        """Sign the artifact that *digest* stands for."""
        return MessageSignature(signature=self._key.sign(digest), digest=digest)

    def statement_algorithm(self, log_versions: Collection[int] = ()) -> Algorithm:
        """How it signs statements that go to logs of *log_versions*."""
        over_sha256 = self._key.public.algorithm_with(HashAlgorithm.SHA256)
        if 1 not in log_versions or over_sha256 == self.algorithm:
            return self.algorithm
        # Version 1 verifies envelopes over SHA-256 and no other hash, version 2 over that of the
        # key: no signature would do for both.
        if set(log_versions) != {1}:
            raise InputError(
                f"a statement signed by {self.algorithm} cannot go to logs of both versions",
                hint="sign with a key of ECDSA P-256, or name one version of the log",
            )
        return over_sha256

    def sign_statement(self, statement: bytes, *, algorithm: Algorithm | None = None) -> Envelope:
        """Sign a *statement*, written as JSON."""
        signed = self._key.sign(pae(IN_TOTO, statement), algorithm=algorithm)
        signature = EnvelopeSignature(signature=signed)
        return Envelope(payload_type=IN_TOTO, payload=statement, signatures=(signature,))

    def __repr__(self) -> str:
        return f"Credential({self.certificate or self._key.public!r})"


def _issued(fulcio: Fulcio, key: SigningKey, token: IdentityToken) -> Certificate:
    try:
        return fulcio.issue(key, token)
    except KeylessError as error:
        refusal = error
    # Raised from here, with nothing left of where it came from: the frames on that way hold what
    # was sent, and what came back may repeat it.
    refusal.__context__ = None
    raise refusal.with_traceback(None)


def _too_late(why: str) -> VerificationError:
    # What is logged cannot be taken back, and this would never verify.
    return VerificationError(
        f"the certificate does not cover the signature, so it was not logged: {why}",
        check=Check.CHAIN,
        hint="sign again; if that does not help, a clock is wrong",
    )
