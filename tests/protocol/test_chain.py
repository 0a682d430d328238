# SPDX-License-Identifier: Apache-2.0
"""Chains: each link, each limit and each window refuses by itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.certificate import Certificate
from keyless.protocol.chain import Authority, find_authority
from keyless.protocol.der_writer import (
    NOTHING,
    certificate_time,
    integer,
    oid,
    sequence,
    tagged,
)
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.extensions import ANY_PURPOSE, CODE_SIGNING, TIME_STAMPING
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import Window
from keyless.value import replace as replace_value
from tests.protocol.pki import (
    AUTHORITY,
    NOON,
    ONE,
    SIGNS_CERTIFICATES,
    Draft,
    Issued,
    basic_constraints,
    common_name,
    extension,
    key_usage,
    new_key,
    purposes,
    root,
)

TICK = timedelta(microseconds=1)
HALF_PAST = NOON + timedelta(minutes=30)
WINDOW = Window(start=NOON)


def intermediate(name: str = "intermediate", *extensions: bytes) -> Draft:
    """Draft an authority that stands below another."""
    return Draft(subject=common_name(name), extensions=extensions or AUTHORITY)


def linked(*certificates: Certificate, name: str = "the authority") -> Authority:
    """Make an authority that was trusted from noon on."""
    return Authority.linked(certificates, name=name, window=WINDOW)


ROOT = root()
ISSUER = ROOT.issue(intermediate())
LEAF = ISSUER.issue(Draft()).certificate
CHAIN = (ISSUER.certificate, ROOT.certificate)


def under(issuer: Issued, **changes: object) -> Certificate:
    """Issue a signer's certificate."""
    return issuer.issue(replace(Draft(), **changes)).certificate  # type: ignore[arg-type]  # fields


def refused(authority: Authority, leaf: Certificate) -> VerificationError:
    """Return why *authority* is not taken for the issuer of *leaf*."""
    with pytest.raises(VerificationError) as caught:
        authority.verify_issued(leaf)
    assert caught.value.check is Check.CHAIN
    assert caught.value.found
    assert caught.value.wanted
    assert caught.value.hint
    return caught.value


def test_an_authority_issued_what_it_signed() -> None:
    """A leaf under an intermediate under an anchor."""
    linked(*CHAIN).verify_issued(LEAF)


def test_an_anchor_may_issue_by_itself() -> None:
    """A chain of one certificate."""
    linked(ROOT.certificate).verify_issued(under(ROOT))


def test_an_anchor_need_not_be_self_signed() -> None:
    """What is trusted is trusted as it is: nobody asks who stands above it."""
    linked(ISSUER.certificate).verify_issued(LEAF)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("PKIX_ECDSA_P256_SHA_256", sequence(oid("1.2.840.10045.4.3.2"))),
        ("PKIX_ECDSA_P384_SHA_384", sequence(oid("1.2.840.10045.4.3.3"))),
        ("PKIX_ECDSA_P384_SHA_256", sequence(oid("1.2.840.10045.4.3.2"))),
        ("PKIX_ECDSA_P521_SHA_512", sequence(oid("1.2.840.10045.4.3.4"))),
        ("PKIX_ED25519", sequence(oid("1.3.101.112"))),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", sequence(oid("1.2.840.113549.1.1.11"), NOTHING)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_authorities_sign_in_all_accepted_ways(key: str, algorithm: bytes) -> None:
    """Also with keys that other verifiers of chains refuse, as Ed25519."""
    anchor = root(key=new_key(key), algorithm=algorithm)
    issuer = anchor.issue(replace(intermediate(), algorithm=algorithm))
    linked(issuer.certificate, anchor.certificate)
    linked(anchor.certificate).verify_issued(under(anchor, algorithm=algorithm))


@pytest.mark.parametrize(("digest", "arc"), [(HashAlgorithm.SHA256, 1), (HashAlgorithm.SHA384, 2)])
def test_authorities_may_sign_with_rsa_pss(digest: HashAlgorithm, arc: int) -> None:
    """With one hash throughout, whichever it is."""
    how = replace_value(algorithm_named("PKIX_RSA_PSS_2048_SHA256"), hash=digest)
    sha2 = sequence(oid(f"2.16.840.1.101.3.4.2.{arc}"))
    mask = sequence(oid("1.2.840.113549.1.1.8"), sha2)
    parameters = sequence(tagged(0, sha2), tagged(1, mask), tagged(2, integer(digest.size)))
    algorithm = sequence(oid("1.2.840.113549.1.1.10"), parameters)
    anchor = root(key=SigningKey.generate(how), algorithm=algorithm)
    linked(anchor.certificate).verify_issued(under(anchor, algorithm=algorithm))


@pytest.mark.parametrize(
    ("certificates", "message"),
    [
        ((), "a chain of 0 certificates, not of 1 to 8"),
        (9 * (ROOT.certificate,), "a chain of 9 certificates, not of 1 to 8"),
        (
            (ISSUER.certificate, root("another").certificate),
            r"certificate of CN=intermediate was issued by CN=root, but .* CN=another follows",
        ),
        (
            (ISSUER.certificate, root().certificate),
            "certificate of CN=intermediate was not signed by the certificate of CN=root, which",
        ),
        (
            (
                ISSUER.certificate,
                root(
                    key=new_key("PKIX_ED25519"), algorithm=sequence(oid("1.3.101.112"))
                ).certificate,
            ),
            "certificate of CN=intermediate was not signed by the certificate of CN=root, which",
        ),
        ((LEAF, *CHAIN), "e-mail someone@example.com is no authority's"),
    ],
    ids=["empty", "long", "another name", "another key", "another kind of key", "with a leaf"],
)
def test_what_is_no_chain_is_malformed(certificates: Sequence[Certificate], message: str) -> None:
    """A trusted root that holds it is not what it claims to be, and the error says where."""
    with pytest.raises(ParseError, match=message):
        linked(*certificates)


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ((SIGNS_CERTIFICATES,), "is no authority's"),
        ((basic_constraints(), key_usage(0)), "may not sign certificates"),
        ((*AUTHORITY, extension("2.5.29.30", sequence())), r"extension 2\.5\.29\.30, which limits"),
        ((*AUTHORITY, extension("1.2.3", b"", critical=True)), r"extension 1\.2\.3, which limits"),
    ],
    ids=["no authority", "no key to certify", "name constraints", "unknown critical extension"],
)
def test_who_may_not_issue_makes_no_authority(extensions: tuple[bytes, ...], message: str) -> None:
    """Wherever in the chain it stands."""
    anchor = root(extensions=extensions)
    with pytest.raises(ParseError, match=message):
        linked(anchor.certificate)
    issuer = ROOT.issue(intermediate("issuer", *extensions))
    with pytest.raises(ParseError, match=message):
        linked(issuer.certificate, ROOT.certificate)


def test_an_authority_that_leaves_its_key_usage_open_may_issue() -> None:
    """RFC 5280 asks for the bit where there are bits."""
    linked(root(extensions=(basic_constraints(),)).certificate)


def chain_of(*path_lengths: int | None) -> tuple[Certificate, ...]:
    """Make a chain whose authorities, the anchor first, have these path lengths."""
    first, *others = path_lengths
    issuer = root(extensions=(basic_constraints(first), SIGNS_CERTIFICATES))
    certificates = [issuer.certificate]
    for number, length in enumerate(others):
        draft = intermediate(f"{number}", basic_constraints(length), SIGNS_CERTIFICATES)
        issuer = issuer.issue(draft)
        certificates.insert(0, issuer.certificate)
    return tuple(certificates)


@pytest.mark.parametrize("lengths", [(0,), (1, 0), (2, 1, 0), (1, None), (None, None, None)])
def test_path_lengths_allow_so_many_authorities_below(lengths: tuple[int | None, ...]) -> None:
    """The signer's certificate does not count."""
    linked(*chain_of(*lengths))


@pytest.mark.parametrize("lengths", [(0, None), (1, None, None), (2, 0, None), (0, 0, 0)])
def test_path_lengths_refuse_more(lengths: tuple[int | None, ...]) -> None:
    """Wherever one is exceeded."""
    with pytest.raises(ParseError, match=r"more authorities below the certificate of CN="):
        linked(*chain_of(*lengths))


def test_an_authority_that_issued_to_itself_is_no_step() -> None:
    """A renewed key under the old one does not use up the path length (RFC 5280, 4.2.1.9)."""
    anchor = root(extensions=(basic_constraints(0), SIGNS_CERTIFICATES))
    renewed = anchor.issue(intermediate("root"))
    linked(renewed.certificate, anchor.certificate)


def test_another_issuer_is_refused_by_name() -> None:
    """Both names are told."""
    error = refused(linked(*CHAIN), under(ROOT))
    assert error.message == "the certificate was issued by CN=root, which is no trusted authority"
    assert error.wanted == "CN=intermediate"


def test_the_same_name_with_another_key_is_refused() -> None:
    """As staging is, which calls its authority as production does."""
    pretender = root().issue(intermediate())
    error = refused(linked(*CHAIN), under(pretender))
    assert "CN=intermediate issued it, but" in error.message
    assert "another Sigstore instance" in (error.hint or "")


def test_an_altered_certificate_is_refused() -> None:
    """One bit of its name is enough."""
    altered = Certificate.parse(LEAF.der.replace(b"someone@", b"anyone_@"))
    assert "did not sign it" in refused(linked(*CHAIN), altered).message


@pytest.mark.parametrize("place", [0, 1])
def test_an_authority_for_something_else_is_refused(place: int) -> None:
    """The issuer or the anchor: what one may issue, those below cannot widen."""
    extensions = [AUTHORITY, AUTHORITY]
    extensions[place] = (*AUTHORITY, purposes(TIME_STAMPING))
    anchor = root(extensions=extensions[1])
    issuer = anchor.issue(intermediate("issuer", *extensions[0]))
    error = refused(linked(issuer.certificate, anchor.certificate), under(issuer))
    assert "may not issue certificates for code signing" in error.message
    assert TIME_STAMPING in (error.found or "")


@pytest.mark.parametrize("kinds", [(CODE_SIGNING,), (TIME_STAMPING, CODE_SIGNING), (ANY_PURPOSE,)])
def test_an_authority_for_code_signing_issues(kinds: tuple[str, ...]) -> None:
    """Alone, among others, or for any purpose."""
    anchor = root(extensions=(*AUTHORITY, purposes(*kinds)))
    linked(anchor.certificate).verify_issued(under(anchor))


def valid(start: datetime, end: datetime) -> bytes:
    """Write a certificate's validity."""
    return sequence(certificate_time(start), certificate_time(end))


LONG = valid(NOON - timedelta(days=1), NOON + timedelta(days=1))
SHORT = valid(NOON, ONE)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("at", "fits"),
    [(NOON - TICK, False), (NOON, True), (ONE, True), (ONE + TICK, False)],
    ids=["just before", "first", "last", "just after"],
)
def test_every_certificate_must_be_valid_at_the_time(place: int, at: datetime, fits: bool) -> None:
    """The leaf's, the issuer's and the anchor's validity, to the fraction of a second."""
    validity = [LONG, LONG, LONG]
    validity[place] = SHORT
    anchor = root(validity=validity[2])
    issuer = anchor.issue(replace(intermediate(), validity=validity[1]))
    leaf = under(issuer, validity=validity[0])
    window = Window(start=NOON - timedelta(days=1))
    authority = Authority.linked(
        (issuer.certificate, anchor.certificate), name="the authority", window=window
    )
    if fits:
        authority.check_window(leaf, at)
        return
    with pytest.raises(VerificationError) as caught:
        authority.check_window(leaf, at)
    name = ("e-mail someone@example.com", "CN=intermediate", "CN=root")[place]
    assert caught.value.check is Check.CHAIN
    assert caught.value.message.startswith(f"the certificate of {name} was not valid at 2025-03-01")
    assert caught.value.found == (
        "a certificate valid from 2025-03-01 12:00:00 UTC to 2025-03-01 13:00:00 UTC"
    )


@pytest.mark.parametrize(
    ("at", "fits"),
    [(HALF_PAST - TICK, False), (HALF_PAST, True), (HALF_PAST + TICK, False)],
    ids=["just before", "the moment", "just after"],
)
def test_the_authority_must_be_trusted_at_the_time(at: datetime, fits: bool) -> None:
    """The trusted root's window counts as well as the certificates' validity."""
    window = Window(start=HALF_PAST, end=HALF_PAST)
    authority = Authority.linked(CHAIN, name="the authority", window=window)
    if fits:
        authority.check_window(LEAF, at)
        assert find_authority(LEAF, [authority], at=at) is authority
        return
    for ask in (
        lambda: authority.check_window(LEAF, at),
        lambda: find_authority(LEAF, [authority], at=at),
    ):
        with pytest.raises(VerificationError, match="the authority was not trusted at") as caught:
            ask()
        assert caught.value.check is Check.CHAIN
        assert caught.value.wanted == f"one made {window}"


def test_the_authority_is_found_by_name() -> None:
    """Among others, in any order."""
    others = [linked(root(name).certificate) for name in ("one", "two")]
    wanted = linked(*CHAIN)
    assert find_authority(LEAF, [others[0], wanted, others[1]], at=NOON) is wanted


@pytest.mark.parametrize(
    ("authorities", "wanted"),
    [
        ((linked(root("b").certificate), linked(root("a").certificate)), "CN=a or CN=b"),
        ((), "a trusted authority, but the trusted root has none"),
    ],
    ids=["others", "none"],
)
def test_an_unknown_issuer_is_refused(authorities: tuple[Authority, ...], wanted: str) -> None:
    """The refusal says who issued the certificate, and who could have."""
    with pytest.raises(VerificationError, match="issued by CN=intermediate, which is no") as caught:
        find_authority(LEAF, authorities, at=NOON)
    assert caught.value.check is Check.CHAIN
    assert caught.value.wanted == wanted


def test_the_window_tells_authorities_of_one_name_apart() -> None:
    """The one that was trusted at the time is asked."""
    old = Authority.linked(CHAIN, name="old", window=Window(start=NOON, end=NOON))
    new = Authority.linked(CHAIN, name="new", window=Window(start=NOON + TICK))
    assert find_authority(LEAF, [old, new], at=NOON) is old
    assert find_authority(LEAF, [old, new], at=ONE) is new


def test_no_window_of_that_name_covers_the_time() -> None:
    """All of them are told."""
    windows = (Window(start=NOON, end=NOON), Window(start=ONE))
    authorities = [Authority.linked(CHAIN, name="it", window=window) for window in windows]
    with pytest.raises(VerificationError, match="it was not trusted at 2025-03-01 12:30") as caught:
        find_authority(LEAF, authorities, at=HALF_PAST)
    assert caught.value.wanted == f"one made {windows[0]} or {windows[1]}"


def test_the_signature_tells_authorities_of_one_name_and_window_apart() -> None:
    """While an authority changes its key, both are trusted."""
    renewed = root().issue(intermediate())
    before, after = linked(*CHAIN, name="before"), linked(renewed.certificate, name="after")
    assert find_authority(LEAF, [after, before], at=NOON) is before
    assert find_authority(under(renewed), [before, after], at=NOON) is after


def test_the_validity_tells_authorities_of_one_key_apart() -> None:
    """A key certified twice is asked under the certificate that was valid."""
    expired = ROOT.issue(
        replace(intermediate(), key=ISSUER.key, validity=valid(NOON, HALF_PAST - TICK))
    )
    before, after = linked(expired.certificate, name="before"), linked(*CHAIN, name="after")
    assert find_authority(LEAF, [before, after], at=HALF_PAST) is after


def test_an_impostor_of_that_name_is_still_refused() -> None:
    """Where none of them issued it, the first is returned, and refuses."""
    both = [linked(*CHAIN, name="one"), linked(*CHAIN, name="two")]
    leaf = under(root().issue(intermediate()))
    found = find_authority(leaf, both, at=NOON)
    assert found is both[0]
    assert "CN=intermediate issued it, but" in refused(found, leaf).message


def test_names_from_a_certificate_are_shown_safely() -> None:
    """A stranger chose them."""
    leaf = Certificate.parse(Draft(issuer=common_name("\x1b[2J")).der())
    error = refused(linked(*CHAIN), leaf)
    assert "CN=\\x1b[2J" in error.message
    assert "\x1b" not in f"{error.message}{error.found}{error.wanted}"
