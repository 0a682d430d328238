# SPDX-License-Identifier: Apache-2.0
"""Certificates: read as `cryptography` reads them, more strictly, and held to Fulcio's profile."""

import copy
import json
import pickle
import warnings
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, KeylessError, ParseError, VerificationError
from keyless.protocol.certificate import (
    LARGEST_CERTIFICATE,
    Certificate,
    San,
    check_signing_profile,
)
from keyless.protocol.der import GENERALIZED_TIME, encoded
from keyless.protocol.der_writer import (
    NOTHING,
    bit_string,
    certificate_time,
    integer,
    octet_string,
    oid,
    replacing_tag,
    sequence,
    tagged,
    utf8_string,
)
from keyless.protocol.encoding import b64decode, pem_encode
from keyless.protocol.extensions import CODE_SIGNING, TIME_STAMPING
from tests.protocol.pki import (
    AUTHORITY,
    EMAIL,
    NOON,
    ONE,
    SIGNER,
    SIGNS,
    Draft,
    basic_constraints,
    extension,
    key_usage,
    new_key,
    purposes,
    sans,
)
from tests.shared_data import shared

TICK = timedelta(microseconds=1)
KEY = new_key()
DRAFT = Draft(key=KEY)


def parsed(**changes: object) -> Certificate:
    """Parse a signer's certificate that differs from a sound one by *changes*."""
    return Certificate.parse(replace(DRAFT, **changes).der())  # type: ignore[arg-type]  # fields


def by_cryptography(*, country: str = "CH") -> bytes:
    """Make a certificate by means that owe nothing to this project."""
    key = ec.generate_private_key(ec.SECP256R1())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd countries, which is what is wanted
        name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country, _validate=False)])
    digital_signature = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    code_signing = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING])
    names = [x509.RFC822Name("someone@example.com"), x509.DirectoryName(name)]
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON)
        .not_valid_after(datetime(2051, 1, 1, tzinfo=UTC))
        .add_extension(digital_signature, critical=True)
        .add_extension(code_signing, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=2), critical=True)
    )
    return builder.sign(key, hashes.SHA384()).public_bytes(Encoding.DER)


def agree(ours: Certificate, theirs: x509.Certificate) -> None:
    """Demand that *ours* and *theirs* say the same."""
    extensions = {each.oid.dotted_string: each.value for each in theirs.extensions}
    usage, kinds = extensions.get("2.5.29.15"), extensions.get("2.5.29.37")
    constraints, names = extensions.get("2.5.29.19"), extensions.get("2.5.29.17")
    assert ours.tbs == theirs.tbs_certificate_bytes
    assert ours.signature == theirs.signature
    assert ours.serial == theirs.serial_number
    assert ours.issued_by == theirs.issuer.public_bytes()
    assert ours.subject == theirs.subject.public_bytes()
    assert ours.not_before == theirs.not_valid_before_utc
    assert ours.not_after == theirs.not_valid_after_utc
    assert ours.signature_algorithm.hash is not None
    assert ours.signature_algorithm.hash.value == getattr(
        theirs.signature_hash_algorithm, "name", ""
    )
    if ours.sct_list:
        assert ours.precertificate_tbs() == theirs.tbs_precertificate_bytes
    if isinstance(usage, x509.KeyUsage):
        assert usage.digital_signature is ("digitalSignature" in (ours.key_usages or ()))
        assert usage.key_cert_sign is ("keyCertSign" in (ours.key_usages or ()))
    else:
        assert ours.key_usages is None
    expected = (
        {kind.dotted_string for kind in kinds} if isinstance(kinds, x509.ExtendedKeyUsage) else None
    )
    assert ours.purposes == expected
    if isinstance(constraints, x509.BasicConstraints):
        assert (ours.is_authority, ours.path_length) == (constraints.ca, constraints.path_length)
    else:
        assert (ours.is_authority, ours.path_length) == (False, None)
    texts = (
        [each.value for each in names if isinstance(each.value, str)]
        if isinstance(names, x509.SubjectAlternativeName)
        else []
    )
    assert [san.text for san in ours.sans if san.kind in {"e-mail", "URI", "DNS name"}] == texts


def real_certificates() -> set[bytes]:
    """Return the certificates of the real bundles and of the public cases."""
    corpus = shared("corpus/cpython-sample.jsonl").read_text().splitlines()
    cases = shared("conformance/bundle-verify").glob("*/*.json")
    texts = [*corpus, *(case.read_text() for case in cases)]
    return {der for text in texts for der in _certificates(json.loads(text))}


def _certificates(value: object, name: str = "") -> set[bytes]:
    if isinstance(value, list):
        return set().union(*(_certificates(each, name) for each in value))
    if not isinstance(value, dict):
        return set()
    here = {b64decode(value["rawBytes"])} if name in {"certificate", "certificates"} else set()
    return here.union(*(_certificates(each, key) for key, each in value.items()))


def test_real_certificates_are_read_as_cryptography_reads_them() -> None:
    """Those of signers, authorities and timestamp authorities, to the last byte."""
    certificates = real_certificates()
    assert len(certificates) > 70
    for der in certificates:
        agree(Certificate.parse(der), x509.load_der_x509_certificate(der))


BY_CRYPTOGRAPHY = by_cryptography()


def test_a_certificate_by_cryptography_is_read_as_it_was_meant() -> None:
    """Its makers and this reader agree on every field."""
    agree(Certificate.parse(BY_CRYPTOGRAPHY), x509.load_der_x509_certificate(BY_CRYPTOGRAPHY))


@given(st.integers(0, len(BY_CRYPTOGRAPHY) - 1), st.integers(1, 255))
def test_an_altered_certificate_is_malformed_or_read_as_cryptography_reads_it(
    place: int, change: int
) -> None:
    """Whatever byte is changed, two readers never understand two different things."""
    altered = bytearray(BY_CRYPTOGRAPHY)
    altered[place] ^= change
    with suppress(ParseError):
        ours = Certificate.parse(bytes(altered))
        unread = (ValueError, TypeError, x509.UnsupportedGeneralNameType)
        with warnings.catch_warnings(), suppress(*unread):
            warnings.simplefilter("ignore")
            theirs = x509.load_der_x509_certificate(bytes(altered))
            _ = theirs.extensions, theirs.issuer, theirs.subject
            agree(ours, theirs)


@given(st.integers(0, len(BY_CRYPTOGRAPHY) - 1))
def test_a_certificate_cut_short_is_malformed(size: int) -> None:
    """At every byte."""
    with pytest.raises(ParseError, match="certificate is malformed"):
        Certificate.parse(BY_CRYPTOGRAPHY[:size])


def test_a_certificate_with_something_behind_it_is_malformed() -> None:
    """One certificate is one certificate."""
    with pytest.raises(ParseError, match="nothing more is wanted"):
        Certificate.parse(BY_CRYPTOGRAPHY + b"\0")


@pytest.mark.parametrize("country", ["USA", ""])
def test_odd_names_warn_nobody(country: str) -> None:
    """Warnings are errors in these tests, so that there would be one."""
    assert Certificate.parse(by_cryptography(country=country)).is_authority


def test_a_certificate_is_read_from_pem() -> None:
    """As log entries and old bundles have it."""
    text = pem_encode("CERTIFICATE", BY_CRYPTOGRAPHY)
    assert Certificate.parse_pem(text).der == BY_CRYPTOGRAPHY


def test_a_huge_certificate_is_refused_unread() -> None:
    """Whatever is in it."""
    with pytest.raises(ParseError, match="a certificate of 65537 bytes"):
        Certificate.parse(bytes(LARGEST_CERTIFICATE + 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": b""}, "it is not of version 3"),
        ({"version": tagged(0, integer(1))}, "it is not of version 3"),
        ({"serial": integer(1 << 160)}, "a serial number of 161 bits"),
        ({"algorithm_inside": sequence(oid("1.3.101.112"))}, "it names two signature algorithms"),
        (
            {"algorithm": sequence(oid("1.2.840.113549.1.1.5"), NOTHING)},
            r"algorithm 1\.2\.840\.113549\.1\.1\.5 is not accepted",
        ),
        ({"validity": sequence(certificate_time(NOON))}, "nothing more where a time is wanted"),
        ({"validity": sequence(*3 * [certificate_time(NOON)])}, "nothing more is wanted"),
        ({"spki": sequence()}, "the public key is malformed"),
        ({"extensions": ()}, "it has no extensions"),
        ({"extensions": (sans(b"\x80\0"),)}, "a name with tag 0x80"),
    ],
    ids=[
        "no version",
        "version 2",
        "long serial number",
        "two algorithms",
        "SHA-1",
        "one date",
        "three dates",
        "no key",
        "no extensions",
        "odd name",
    ],
)
def test_malformed_certificates_are_refused(changes: dict[str, object], message: str) -> None:
    """By what is wrong with them."""
    with pytest.raises(ParseError, match=message):
        parsed(**changes)


def test_a_signature_of_bits_is_refused() -> None:
    """Signatures are bytes."""
    tbs = DRAFT.tbs()
    der = sequence(tbs, DRAFT.algorithm, bit_string(b"\x80", spare=7))
    with pytest.raises(ParseError, match="ends within a byte"):
        Certificate.parse(der)


def test_the_longest_serial_number_is_read() -> None:
    """Twenty bytes, as RFC 5280 allows."""
    assert parsed(serial=integer((1 << 160) - 1)).serial == (1 << 160) - 1


@pytest.mark.parametrize("serial", [0, -1])
def test_odd_serial_numbers_warn_nobody(serial: int) -> None:
    """They are only ever compared."""
    assert parsed(serial=integer(serial)).serial == serial


def test_unique_ids_are_overlooked() -> None:
    """Nobody has used them for decades."""
    ids = encoded(0x81, b"\0a") + encoded(0x82, b"\0b")
    assert parsed(unique_ids=ids).identity.text == "someone@example.com"


def test_a_year_beyond_2049_is_read() -> None:
    """It has four digits."""
    late = encoded(GENERALIZED_TIME, b"20500101000000Z")
    assert parsed(validity=sequence(certificate_time(NOON), late)).not_after.year == 2050


@pytest.mark.parametrize(
    ("at", "covered"),
    [(NOON - TICK, False), (NOON, True), (ONE, True), (ONE + TICK, False)],
    ids=["just before", "first", "last", "just after"],
)
def test_a_certificate_is_valid_to_the_last_moment(at: datetime, covered: bool) -> None:
    """Both ends belong to it, and a microsecond beyond does not."""
    assert parsed().covers(at) is covered


def test_the_precertificate_lacks_the_timestamps_alone() -> None:
    """What the log signed is the certificate as it was before."""
    scts = extension("1.3.6.1.4.1.11129.2.4.2", octet_string(b"list"))
    before, after = SIGNER[:1], SIGNER[1:]
    certificate = parsed(extensions=(*before, scts, *after))
    assert certificate.sct_list == octet_string(b"list")
    assert certificate.precertificate_tbs() == replace(DRAFT, extensions=SIGNER).tbs()


def test_a_long_precertificate_has_long_lengths() -> None:
    """Lengths shrink with what is taken out, and so may the bytes that hold them."""
    scts = extension("1.3.6.1.4.1.11129.2.4.2", octet_string(bytes(200)))
    certificate = parsed(extensions=(scts, sans()))
    assert certificate.precertificate_tbs() == replace(DRAFT, extensions=(sans(),)).tbs()


def test_a_certificate_equals_its_copy() -> None:
    """By its bytes: pickled for another process, copied, or parsed again."""
    certificate = parsed()
    same = [
        Certificate.parse(certificate.der),
        pickle.loads(pickle.dumps(certificate)),
        copy.deepcopy(certificate),
    ]
    assert {certificate, *same} == {certificate}
    assert all(each.key == certificate.key for each in same)


def test_another_certificate_is_another() -> None:
    """And nothing else is one."""
    assert parsed() != parsed(serial=integer(8))
    assert parsed() != "a certificate"


def test_a_certificate_is_shown_safely() -> None:
    """Its names were chosen by a stranger."""
    certificate = parsed(extensions=(sans(replacing_tag(1, b"a\x1b[31m@example.com")),))
    assert repr(certificate) == (
        "Certificate(e-mail a\\x1b[31m@example.com, from 2025-03-01 12:00:00 UTC)"
    )


def test_an_authority_is_shown_without_a_name() -> None:
    """It has no alternative one."""
    shown = repr(parsed(extensions=AUTHORITY))
    assert shown == "Certificate(no name, from 2025-03-01 12:00:00 UTC)"


def test_the_identity_is_the_only_name() -> None:
    """In the sense it is given."""
    assert parsed().identity == San(kind="e-mail", text="someone@example.com")


def test_claims_are_read() -> None:
    """Beside everything else."""
    claim = extension("1.3.6.1.4.1.57264.1.20", utf8_string("push"))
    assert parsed(extensions=(*SIGNER, claim)).claims.build_trigger == "push"


def test_a_signers_certificate_fits_the_profile() -> None:
    """One name, a key that signs, for code."""
    check_signing_profile(parsed())


def test_a_user_name_in_a_critical_extension_fits_the_profile() -> None:
    """Fulcio's own kind of name is understood, though other programs stop at it."""
    name = tagged(0, oid("1.3.6.1.4.1.57264.1.7"), tagged(0, utf8_string("me!example.com")))
    certificate = parsed(extensions=(SIGNS, purposes(CODE_SIGNING), sans(name)))
    check_signing_profile(certificate)
    assert certificate.identity == San(kind="other name", text="me!example.com")


@pytest.mark.parametrize(
    ("extensions", "message", "found"),
    [
        ((*SIGNER, extension("1.2.3", b"", critical=True)), "something unknown", "1.2.3"),
        ((*SIGNER, basic_constraints()), "an authority's", "an authority's certificate"),
        ((key_usage(5), *SIGNER[1:]), "its key to sign", "keyCertSign"),
        (SIGNER[1:], "its key to sign", "no key usage"),
        ((SIGNS, purposes(TIME_STAMPING), SIGNER[2]), "not for code signing", TIME_STAMPING),
        ((SIGNS, SIGNER[2]), "not for code signing", "no purpose"),
        (SIGNER[:2], "has 0 subject alternative names", "none"),
        ((*SIGNER[:2], sans()), "has 0 subject alternative names", "none"),
        (
            (*SIGNER[:2], sans(EMAIL, replacing_tag(6, b"https://a.example"))),
            "has 2 subject alternative names",
            "e-mail someone@example.com, URI https://a.example",
        ),
    ],
    ids=[
        "unknown critical extension",
        "authority",
        "key that certifies",
        "no key usage",
        "for timestamps",
        "for nothing",
        "no names",
        "empty names",
        "two names",
    ],
)
def test_other_certificates_are_refused_by_the_profile(
    extensions: tuple[bytes, ...], message: str, found: str
) -> None:
    """The refusal names the check, what was found, what is wanted, and a hint."""
    with pytest.raises(VerificationError, match=message) as caught:
        check_signing_profile(parsed(extensions=extensions))
    assert caught.value.check is Check.PROFILE
    assert found in (caught.value.found or "")
    assert caught.value.wanted
    assert caught.value.hint


@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_a_parse_error(data: bytes) -> None:
    """Nothing else escapes, also from inside a sequence."""
    for der in (data, sequence(data), sequence(sequence(data), DRAFT.algorithm, bit_string(b""))):
        with pytest.raises(KeylessError):
            Certificate.parse(der)
