# SPDX-License-Identifier: Apache-2.0
"""Credentials: a key, and who vouches for it.

    a certificate     an authority does, for ten minutes: the key is made here, and dies with it
    a hint at a key   nobody does; whoever verifies has to know the key already

After this file nobody asks which of the two it is.
"""

from datetime import datetime

from keyless.auth import Identity
from keyless.auth.kept_session import Session, SessionPlace
from keyless.errors import Check, InputError, KeylessError, PolicyError, VerificationError
from keyless.evidence import VerifiedSigner
from keyless.instance import Sigstore
from keyless.policy import Policy, Requirements, SignedBy, SignedByKey
from keyless.policy.issuers import ISSUERS
from keyless.protocol.bundle import KeyHint, Material, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.keys import Algorithm, PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.protocol.token import TOLERANCE, IdentityToken
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.services.answers import answer_of
from keyless.services.fulcio import Fulcio
from keyless.verification import CertificateMemory, verify_certificate

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
        key = SigningKey.generate(algorithm)
        fulcio = Fulcio(authority.url, sigstore.transport)
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
            now, trusted_root = sigstore.clock(), sigstore.trusted_root
            signer = _verify_current(certificate, now, trusted_root, requirements)
            policy_of(certificate).check(signer)
            _check_kept_for(certificate, cache.place)
            if identity.last_token is not None:
                _check_holder(certificate, identity.last_token)
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

    def sign_statement(self, statement: bytes) -> Envelope:
        """Sign a *statement*, written as JSON."""
        signature = EnvelopeSignature(signature=self._key.sign(pae(IN_TOTO, statement)))
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


def check_issued(
    certificate: Certificate,
    token: IdentityToken,
    *,
    now: datetime,
    trusted_root: TrustedRoot,
    requirements: Requirements = Requirements.PUBLIC,
) -> None:
    """Refuse *certificate*, issued for *token*, unless it can be signed under *now* as its holder.

    What would be refused of a bundle that was made with it is refused here, where nothing has been
    logged yet.
    """
    signer = _verify_current(certificate, now, trusted_root, requirements)
    _check_holder(certificate, token)
    policy_of(certificate).check(signer)


def _verify_current(
    certificate: Certificate,
    now: datetime,
    trusted_root: TrustedRoot,
    requirements: Requirements,
) -> VerifiedSigner:
    signer = verify_certificate(
        certificate,
        at=certificate.not_before,
        trusted_root=trusted_root,
        requirements=requirements,
    )
    if not certificate.not_before - TOLERANCE <= now <= certificate.not_after:
        raise VerificationError(
            "the certificate is not valid now",
            check=Check.CHAIN,
            found=f"{in_words(certificate.not_before)} to {in_words(certificate.not_after)}",
            wanted=f"a span of time around {in_words(now)}",
            hint="the authority's clock is wrong, or this machine's",
        )
    return signer


def _check_holder(certificate: Certificate, token: IdentityToken) -> None:
    """Refuse *certificate* if it is for somebody else than the holder of *token*."""
    _demand_same("issuer", certificate.claims.issuer, _issuers(token))
    _demand_same("identity", certificate.identity.text, _names(certificate, token))
    if certificate.claims.token_subject is not None:
        _demand_same("subject", certificate.claims.token_subject, [token.subject])


def _check_kept_for(certificate: Certificate, place: SessionPlace) -> None:
    """Refuse *certificate* if it is plainly not of whom was to sign in."""
    # The keyring is open to others of the user's programs, and what is kept under a name proves
    # nothing. Who was expected is known; with whom they have an account, if that was named.
    if place.expected is not None:
        _demand_same("identity", certificate.identity.text, [place.expected])
    if place.provider is not None:
        issuers = [place.issuer, ISSUERS.get(place.provider, place.provider)]
        _demand_same("issuer", certificate.claims.issuer, issuers)


def policy_of(certificate: Certificate) -> Policy:
    """Return the policy that accepts whom *certificate* is about, and nobody else."""
    return SignedBy(certificate.identity.text, issuer=certificate.claims.issuer or "")


def _issuers(token: IdentityToken) -> list[str]:
    # Where the issuer asked somebody else, the authority decides whom of the two it names.
    return [token.issuer] if token.connector is None else [token.issuer, token.connector]


def _names(certificate: Certificate, token: IdentityToken) -> list[str]:
    """List what *certificate* may call the holder of *token*; what it does, if that is unknown."""
    if certificate.identity.kind == "e-mail":
        return [token.email or "nobody: the token has no e-mail address"]
    if token.certified_name is not None and token.certified_name != token.email:
        return [token.certified_name]
    return [certificate.identity.text]


def _demand_same(what: str, found: str | None, wanted: list[str]) -> None:
    if found not in wanted:
        raise PolicyError(
            f"the certificate is for somebody else: another {what} than the token's",
            found=shown(found),
            wanted=" or ".join(map(shown, wanted)),
            hint=_DISTRUST,
        )


def _too_late(why: str) -> VerificationError:
    # What is logged cannot be taken back, and this would never verify.
    return VerificationError(
        f"the certificate does not cover the signature, so it was not logged: {why}",
        check=Check.CHAIN,
        hint="sign again; if that does not help, a clock is wrong",
    )


_DISTRUST = "nothing was signed; do not rely on this authority, and tell whoever runs it"
