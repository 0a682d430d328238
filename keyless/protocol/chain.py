# SPDX-License-Identifier: Apache-2.0
"""Chains of certificates: whether a trusted authority issued one, at one given time (RFC 5280, 6).

    certificates of an authority:   issuer, (intermediates,) anchor
                                      ▲ each signed by the next; the anchor is trusted as it is

What links an authority's own certificates does not depend on any bundle: it is verified once, when
the trusted root is parsed. Windows are compared with the time of each signature.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from keyless.errors import Check, ParseError, UnsupportedError, VerificationError
from keyless.protocol.algorithm_identifier import with_key
from keyless.protocol.certificate import Certificate
from keyless.protocol.extensions import ANY_PURPOSE, CODE_SIGNING
from keyless.protocol.names import name_in_words
from keyless.protocol.window import Window, in_words
from keyless.safe_text import shown
from keyless.value import value

LONGEST_CHAIN = 8


@value
class Authority:
    """Who issues certificates to signers: its *certificates* from the issuing one to the anchor."""

    name: str
    certificates: tuple[Certificate, ...]
    window: Window

    @classmethod
    def linked(
        cls, certificates: Sequence[Certificate], *, name: str, window: Window
    ) -> "Authority":
        """Make an authority of *certificates*; raise ParseError if they do not form a chain."""
        check_links(certificates, leaves=0)
        return cls(name=name, certificates=tuple(certificates), window=window)

    def verify_issued(self, leaf: Certificate) -> None:
        """Refuse *leaf* unless this authority issued it; at which time, `check_window` asks."""
        issuer = self.certificates[0]
        if leaf.issued_by != issuer.subject:
            raise _unknown_issuer(leaf, [self])
        for certificate in self.certificates:
            _check_purpose(certificate)
        try:
            verify_signed_by(leaf, issuer)
        except VerificationError as error:
            raise VerificationError(
                f"the certificate says that {shown(name_in_words(issuer.subject))} issued it, "
                "but the key of that authority did not sign it",
                check=Check.CHAIN,
                found=error.found,
                wanted=error.wanted,
                hint="the certificate was altered, or comes from another Sigstore instance",
            ) from None

    def check_window(self, leaf: Certificate, at: datetime) -> None:
        """Refuse unless *leaf* and everything that vouches for it were valid *at* that time."""
        check_validity((leaf, *self.certificates), at=at, check=Check.CHAIN)
        if not self.window.covers(at):
            raise _not_trusted_then([self], at)


def find_authority(
    leaf: Certificate, authorities: Sequence[Authority], *, at: datetime
) -> Authority:
    """Return which of *authorities* issued *leaf* by its name, and was trusted *at* that time."""
    named = [each for each in authorities if each.certificates[0].subject == leaf.issued_by]
    if not named:
        raise _unknown_issuer(leaf, authorities)
    covering = [each for each in named if each.window.covers(at)]
    if not covering:
        raise _not_trusted_then(named, at)
    return covering[0] if len(covering) == 1 else _issuer_among(covering, leaf, at)


def check_links(certificates: Sequence[Certificate], *, leaves: int) -> None:
    """Raise ParseError unless each of *certificates* was issued by the next.

    The first of them, as many as *leaves* says, need not be authorities.
    """
    if not 0 < len(certificates) <= LONGEST_CHAIN:
        raise ParseError(
            f"a chain of {len(certificates)} certificates, not of 1 to {LONGEST_CHAIN}"
        )
    for position, authority in enumerate(certificates[leaves:]):
        _check_authority(authority, below=certificates[leaves : leaves + position])
    for issued, issuer in pairwise(certificates):
        if issued.issued_by != issuer.subject:
            raise ParseError(
                f"{_described(issued)} was issued by {shown(name_in_words(issued.issued_by))}, "
                f"but {_described(issuer)} follows it in the chain"
            )
        try:
            verify_signed_by(issued, issuer)
        except VerificationError:
            raise ParseError(
                f"{_described(issued)} was not signed by {_described(issuer)}, "
                "which follows it in the chain"
            ) from None


def verify_signed_by(certificate: Certificate, issuer: Certificate) -> None:
    """Refuse *certificate* unless the key of *issuer* signed it."""
    issuer.key.verify(
        certificate.signature,
        certificate.tbs,
        check=Check.CHAIN,
        algorithm=with_key(certificate.signature_algorithm, issuer.key),
    )


def check_validity(certificates: Iterable[Certificate], *, at: datetime, check: Check) -> None:
    """Refuse, in the name of *check*, unless all of *certificates* were valid *at* that time."""
    for certificate in certificates:
        if not certificate.covers(at):
            valid = Window(start=certificate.not_before, end=certificate.not_after)
            raise VerificationError(
                f"{_described(certificate)} was not valid at {in_words(at)}",
                check=check,
                found=f"a certificate valid {valid}",
                wanted=f"one valid at {in_words(at)}",
                hint="it had expired, or was not yet issued, when the signature was made",
            )


def _issuer_among(authorities: Sequence[Authority], leaf: Certificate, at: datetime) -> Authority:
    """Return which of *authorities*, all of one name, issued *leaf*; the first if none did.

    An authority that renews its key keeps its name, and for a while both keys are in use.
    """
    for authority in authorities:
        try:
            authority.verify_issued(leaf)
            authority.check_window(leaf, at)
        except VerificationError:
            continue
        return authority
    return authorities[0]


def _check_purpose(authority: Certificate) -> None:
    """Refuse *authority* if it says what it is for, and that is not code signing."""
    purposes = authority.purposes
    if purposes is not None and purposes.isdisjoint((CODE_SIGNING, ANY_PURPOSE)):
        raise VerificationError(
            f"{_described(authority)} may not issue certificates for code signing",
            check=Check.CHAIN,
            found=f"an authority for {', '.join(map(shown, sorted(purposes))) or 'nothing'}",
            wanted=f"one for code signing ({CODE_SIGNING})",
            hint="its certificates are for something else than signatures on software",
        )


def _check_authority(certificate: Certificate, *, below: Sequence[Certificate]) -> None:
    """Raise ParseError unless *certificate* may stand above the authorities *below* it."""
    if not certificate.is_authority:
        raise ParseError(f"{_described(certificate)} is no authority's, but stands among those")
    if "keyCertSign" not in (certificate.key_usages or {"keyCertSign"}):
        raise ParseError(f"the key of {_described(certificate)} may not sign certificates")
    if certificate.critical_unknown:
        raise UnsupportedError(
            f"{_described(certificate)} has the extension {certificate.critical_unknown[0]}, "
            "which limits what it may issue in a way that is not understood here"
        )
    # RFC 5280, 4.2.1.9: an authority that issues to itself, as when it renews its key, is no step.
    steps = sum(each.subject != each.issued_by for each in below)
    if certificate.path_length is not None and steps > certificate.path_length:
        raise ParseError(
            f"{steps} more authorities below {_described(certificate)}, "
            f"which allows for {certificate.path_length}"
        )


def _unknown_issuer(leaf: Certificate, authorities: Iterable[Authority]) -> VerificationError:
    known = {shown(name_in_words(each.certificates[0].subject)) for each in authorities}
    issuer = shown(name_in_words(leaf.issued_by))
    return VerificationError(
        f"the certificate was issued by {issuer}, which is no trusted authority",
        check=Check.CHAIN,
        found=issuer,
        wanted=" or ".join(sorted(known)) or "a trusted authority, but the trusted root has none",
        hint="the signature was made with another Sigstore instance than the one trusted here",
    )


def _not_trusted_then(authorities: Sequence[Authority], at: datetime) -> VerificationError:
    return VerificationError(
        f"{shown(authorities[0].name)} was not trusted at {in_words(at)}",
        check=Check.CHAIN,
        found=f"a signature made at {in_words(at)}",
        wanted=f"one made {' or '.join(str(each.window) for each in authorities)}",
        hint="the authority's key was not yet, or no longer, to be believed",
    )


def _described(certificate: Certificate) -> str:
    names = (f"{san.kind} {shown(san.text)}" for san in certificate.sans)
    return f"the certificate of {', '.join(names) or shown(name_in_words(certificate.subject))}"
