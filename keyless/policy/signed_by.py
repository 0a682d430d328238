# SPDX-License-Identifier: Apache-2.0
"""Signers by their name, and by their key."""

from keyless.errors import InputError, ParseError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy.base import Policy
from keyless.policy.issuers import issuer_called
from keyless.policy.likeness import explained
from keyless.policy.wanted import Wanted, demand, described, matches
from keyless.protocol.keys import PublicKey
from keyless.protocol.names import San
from keyless.value import value

# The names that a certificate authority of Sigstore's gives to signers. That of a host or of an
# address says which machine answers, and not who signs.
IDENTITY_KINDS = {"e-mail", "URI", "other name"}

SOMEBODY_ELSE = "the signature is genuine, but by somebody else than you asked for"


@value
class SignedBy(Policy):
    """The signer named *identity*, for whom *issuer* vouches: one without the other means little.

    Either is exact text, a compiled pattern that must fit from end to end, or a `Glob`; an *issuer*
    may also be called `github`, `google`, `microsoft`, `github-actions`, `gitlab`, `buildkite` or
    `codefresh`.
    """

    identity: Wanted
    issuer: Wanted

    def __init__(self, identity: Wanted, *, issuer: Wanted) -> None:
        demand(identity, "identity")
        self.__dict__.update(identity=identity, issuer=issuer_called(issuer))

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* of another name, or for whom another issuer vouches."""
        if not self._accepts(signer.identity, signer.issuer):
            raise PolicyError(
                f"signed by {signer}, not by {self.description}",
                found=str(signer),
                wanted=self.description,
                hint=self._hint(signer),
            )

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        return f"{described(self.identity)}, vouched for by {described(self.issuer)}"

    def _accepts(self, identity: San | None, issuer: str | None) -> bool:
        # Without an issuer, a pattern that takes anything would take a name nobody vouched for.
        if identity is None or identity.kind not in IDENTITY_KINDS or not issuer:
            return False
        return matches(self.identity, identity.text) and matches(self.issuer, issuer)

    def _hint(self, signer: VerifiedSigner) -> str:
        identity = signer.identity
        if identity is None:
            return "no certificate says whose key it is; SignedByKey trusts a key by itself"
        if identity.kind not in IDENTITY_KINDS:
            return f"the certificate names a machine ({identity.kind}), and no signer"
        if not signer.issuer:
            return "the certificate does not say who vouched for the name in it"
        hints = explained("identity", identity.text, self.identity)
        hints += explained("issuer", signer.issuer, self.issuer)
        return "; ".join(hints) or SOMEBODY_ELSE

    def __repr__(self) -> str:
        return f"SignedBy({self.identity!r}, issuer={self.issuer!r})"


@value
class SignedByKey(Policy):
    """Whoever holds *key*: a `PublicKey`, or one in PEM.

    A certificate beside it is not needed and not asked about; `SignedByKey(…) & SignedBy(…)` wants
    both.
    """

    key: PublicKey

    def __init__(self, key: PublicKey | str | bytes) -> None:
        self.__dict__.update(key=_key_of(key))

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* with another key."""
        if signer.key != self.key:
            raise PolicyError(
                f"signed by {signer}, not by {self.description}",
                found=f"the key with SHA-256 {signer.key.fingerprint.hex}",
                wanted=self.description,
                hint=SOMEBODY_ELSE,
            )

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        return f"the key with SHA-256 {self.key.fingerprint.hex}"

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The key itself."""
        return (self.key,)

    def __repr__(self) -> str:
        return f"SignedByKey({self.key!r})"


def _key_of(key: object) -> PublicKey:
    if isinstance(key, bytes):
        try:
            key = key.decode("ascii")
        except UnicodeDecodeError:
            raise ParseError(
                "the key is not PEM", hint="it begins with -----BEGIN PUBLIC KEY-----"
            ) from None
    if isinstance(key, str):
        return PublicKey.parse_pem(key)
    if not isinstance(key, PublicKey):
        raise InputError(
            f"{type(key).__name__} is not a public key",
            hint="give a PublicKey, or the text of a PEM file",
        )
    return key
