# SPDX-License-Identifier: Apache-2.0
"""Whose a certificate is, told before anything is signed under it.

What would be refused of a bundle that was made with it is refused here, where nothing has been
logged yet.
"""

from datetime import datetime

from keyless.auth.kept_session import SessionPlace
from keyless.errors import Check, PolicyError, VerificationError
from keyless.evidence import VerifiedSigner
from keyless.policy import Policy, Requirements, SignedBy
from keyless.policy.issuers import ISSUERS
from keyless.protocol.certificate import Certificate
from keyless.protocol.token import TOLERANCE, IdentityToken
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.verification import verify_certificate


def check_issued(
    certificate: Certificate,
    token: IdentityToken,
    *,
    now: datetime,
    trusted_root: TrustedRoot,
    requirements: Requirements = Requirements.PUBLIC,
) -> None:
    """Refuse *certificate*, issued for *token*, unless its holder can sign under it *now*."""
    signer = _verify_current(certificate, now, trusted_root, requirements)
    _check_holder(certificate, token)
    policy_of(certificate).check(signer)


def check_kept(  # noqa: PLR0913 - whose it is, and by what that is told
    certificate: Certificate,
    token: IdentityToken | None,
    place: SessionPlace,
    *,
    expected: str | None = None,
    now: datetime,
    trusted_root: TrustedRoot,
    requirements: Requirements = Requirements.PUBLIC,
) -> None:
    """Refuse *certificate*, kept at *place*, unless it can be signed under *now* as who is meant.

    That is the holder of *token*, if there is one, and whoever is *expected*, now or when the
    session was begun.
    """
    signer = _verify_current(certificate, now, trusted_root, requirements)
    if token is not None:
        _check_holder(certificate, token)
    # Other programs of the user's can write to the keyring, so the name that something has there
    # proves nothing.
    for meant in filter(None, [expected, place.expected]):
        _demand_same("identity", certificate.identity.text, [meant])
    if place.provider is not None:
        issuers = [place.issuer, ISSUERS.get(place.provider, place.provider)]
        _demand_same("issuer", certificate.claims.issuer, issuers)
    policy_of(certificate).check(signer)


def policy_of(certificate: Certificate) -> Policy:
    """Return the policy that accepts whom *certificate* is about, and nobody else."""
    return SignedBy(certificate.identity.text, issuer=certificate.claims.issuer or "")


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


_DISTRUST = "nothing was signed; do not rely on this authority, and tell whoever runs it"
