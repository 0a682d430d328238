# SPDX-License-Identifier: Apache-2.0
"""Timestamps: read strictly, believed only when a trusted authority made them, in its time."""

import hashlib
import json
import pickle
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc3161_client
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.certificate import Certificate
from keyless.protocol.der import GENERALIZED_TIME, UTC_TIME, encoded
from keyless.protocol.der_writer import (
    NOTHING,
    TRUE,
    bit_string,
    certificate_time,
    generalized_time,
    integer,
    octet_string,
    oid,
    replacing_tag,
    sequence,
    tagged,
    utf8_string,
)
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import b64decode, pem_encode
from keyless.protocol.extensions import ANY_PURPOSE, CODE_SIGNING, TIME_STAMPING
from keyless.protocol.timestamp import (
    LARGEST_TIMESTAMP,
    Timestamp,
    TimestampAuthority,
    verify_timestamp,
)
from keyless.protocol.window import Window
from tests.protocol.pki import (
    AUTHORITY,
    NOON,
    ONE,
    SIGNER,
    SIGNS,
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
from tests.protocol.tokens import (
    CERTIFICATE,
    CERTIFICATE_V2,
    GRANTED,
    SHA256,
    SHA384,
    SHA512,
    SIGNATURE,
    STAMPS,
    Info,
    Token,
    attribute,
    authority,
)
from tests.sandbox.openssl import openssl
from tests.shared_data import shared

TICK = timedelta(microseconds=1)
HALF = timedelta(milliseconds=500)
ROOT = root()
CLOCK = authority(ROOT)
WINDOW = Window(start=NOON)


def trusted(*chain: Issued, name: str = "the clock", window: Window = WINDOW) -> TimestampAuthority:
    """Trust the authority with this chain."""
    certificates = [each.certificate for each in chain or (CLOCK, ROOT)]
    return TimestampAuthority.linked(certificates, name=name, window=window)


def parse(**changes: object) -> Timestamp:
    """Parse a timestamp that differs from a sound one by *changes*."""
    token = Token(**{"signer": CLOCK, **changes})  # type: ignore[arg-type]  # names of fields
    return Timestamp.parse(token.der())


def about(**changes: bytes) -> Timestamp:
    """Parse a timestamp that says something else."""
    return parse(info=Info(**changes))


def refusal(
    timestamp: Timestamp, *authorities: TimestampAuthority, signature: bytes = SIGNATURE
) -> VerificationError:
    """Return why *timestamp* is refused."""
    with pytest.raises(VerificationError) as caught:
        verify_timestamp(timestamp, signature, authorities or [trusted()])
    assert caught.value.check is Check.TIMESTAMP
    assert caught.value.found
    assert caught.value.wanted
    assert caught.value.hint
    return caught.value


# ---- read -----------------------------------------------------------------------------------


def test_a_timestamp_is_read() -> None:
    """What it says, and of what."""
    timestamp = parse()
    assert timestamp.at == NOON
    assert timestamp.imprint == Digest.of(SIGNATURE)
    assert timestamp.nonce is None
    assert timestamp.accuracy is None


def test_a_timestamp_granted_with_modifications_is_read() -> None:
    """As when it was not as accurate as asked for."""
    assert parse(status=sequence(integer(1), sequence(utf8_string("roughly")))).at == NOON


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (sequence(integer(2)), "no timestamp but a refusal: status 2"),
        (
            sequence(
                integer(2),
                sequence(utf8_string("bad"), utf8_string("\x1b[1mhash")),
                bit_string(b"\x80", spare=7),
            ),
            r"no timestamp but a refusal: status 2, bad; \\x1b\[1mhash",
        ),
        (sequence(), "nothing more where an integer is wanted"),
        (sequence(integer(0), NOTHING), "a null where nothing more is wanted"),
    ],
    ids=["without reason", "with reasons", "without status", "with something else"],
)
def test_a_refusal_is_no_timestamp(status: bytes, message: str) -> None:
    """The reason is told, safely."""
    with pytest.raises(ParseError, match=message):
        parse(status=status)


def test_a_response_without_a_timestamp_is_refused() -> None:
    """It may say that there is one."""
    with pytest.raises(ParseError, match="nothing more where a sequence is wanted"):
        Timestamp.parse(sequence(GRANTED))


def test_a_token_that_is_not_in_a_response_is_refused() -> None:
    """Bundles hold whole responses."""
    token = Token(signer=CLOCK).der()
    inside = token[token.index(GRANTED) + len(GRANTED) :]
    with pytest.raises(ParseError, match="an object identifier where a sequence is wanted"):
        Timestamp.parse(inside)


def test_a_huge_timestamp_is_refused_unread() -> None:
    """Whatever is in it."""
    with pytest.raises(ParseError, match="a timestamp of 65537 bytes"):
        Timestamp.parse(bytes(LARGEST_TIMESTAMP + 1))


def test_something_behind_it_is_refused() -> None:
    """One response is one response."""
    with pytest.raises(ParseError, match="nothing more is wanted"):
        Timestamp.parse(Token(signer=CLOCK).der() + NOTHING)


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        (HashAlgorithm.SHA256, SHA256),
        (HashAlgorithm.SHA384, SHA384),
        (HashAlgorithm.SHA512, SHA512),
    ],
)
def test_imprints_of_three_hashes_are_read(algorithm: HashAlgorithm, digest: bytes) -> None:
    """Whoever asked for the timestamp chose which."""
    made = sequence(digest, octet_string(algorithm.hash(SIGNATURE)))
    timestamp = about(imprint=made)
    assert timestamp.imprint == Digest.of(SIGNATURE, algorithm)
    verify_timestamp(timestamp, SIGNATURE, [trusted()])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": integer(2)}, "it is not of version 1"),
        ({"policy": NOTHING}, "a null where an object identifier is wanted"),
        (
            {"imprint": sequence(sequence(oid("1.3.14.3.2.26")), octet_string(bytes(20)))},
            r"the hash algorithm 1\.3\.14\.3\.2\.26 is not accepted",
        ),
        (
            {"imprint": sequence(SHA256, octet_string(bytes(20)))},
            "a sha256 digest has 32 bytes, this one has 20",
        ),
        ({"imprint": sequence(SHA256, octet_string(bytes(32)), NOTHING)}, "nothing more is"),
        ({"serial": b""}, "a time where an integer is wanted"),
        ({"time": encoded(UTC_TIME, b"250301120000Z")}, "a two-digit time where a time is wanted"),
        ({"time": encoded(GENERALIZED_TIME, b"20250301120000.50Z")}, "is not a time as DER"),
        ({"rest": NOTHING}, "a null where nothing more is wanted"),
        ({"rest": integer(1) + TRUE}, "a truth value where nothing more is wanted"),
        (
            {"rest": tagged(1, extension("1.2.3", b"", critical=True))},
            r"it has the critical extension 1\.2\.3",
        ),
        ({"rest": tagged(1, sequence(oid("1.2.3")))}, "nothing more where an octet string"),
    ],
    ids=[
        "version 2",
        "no policy",
        "SHA-1",
        "a short imprint",
        "a long imprint",
        "no serial number",
        "two digits for the year",
        "idle zeros",
        "something else",
        "another order",
        "a critical extension",
        "half an extension",
    ],
)
def test_malformed_infos_are_refused(changes: dict[str, bytes], message: str) -> None:
    """By what is wrong with them."""
    with pytest.raises(ParseError, match=message):
        about(**changes)


def test_all_that_may_be_said_is_read() -> None:
    """Accuracy, ordering, nonce, the authority's name and extensions."""
    accuracy = sequence(integer(1), replacing_tag(0, b"\2"), replacing_tag(1, b"\3"))
    name, extensions = tagged(0, tagged(4, sequence())), tagged(1, extension("1.2.3", b""))
    timestamp = about(rest=accuracy + TRUE + integer(-9) + name + extensions)
    assert timestamp.accuracy == timedelta(seconds=1, milliseconds=2, microseconds=3)
    assert timestamp.nonce == -9


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [
        (sequence(), timedelta(0)),
        (sequence(replacing_tag(1, b"\x01")), timedelta(microseconds=1)),
        (sequence(integer(60)), timedelta(minutes=1)),
    ],
    ids=["nothing", "microseconds alone", "seconds alone"],
)
def test_accuracy_may_be_said_in_part(accuracy: bytes, said: timedelta) -> None:
    """What is left out is nothing."""
    assert about(rest=accuracy).accuracy == said


@pytest.mark.parametrize(
    "accuracy",
    [
        sequence(integer(-1)),
        sequence(integer(1 << 31)),
        sequence(replacing_tag(0, b"\x03\xe8")),
        sequence(replacing_tag(1, b"\xff")),
    ],
    ids=["negative", "a lifetime", "a thousand milliseconds", "negative microseconds"],
)
def test_absurd_accuracy_is_refused(accuracy: bytes) -> None:
    """It has bounds."""
    with pytest.raises(ParseError, match="its accuracy is out of bounds"):
        about(rest=accuracy)


def test_a_timestamp_is_shown_in_short() -> None:
    """Its bytes say nothing to a person."""
    assert repr(parse()) == f"Timestamp(2025-03-01 12:00:00 UTC, {Digest.of(SIGNATURE)})"


def test_a_timestamp_travels() -> None:
    """To another process, as part of a bundle."""
    timestamp = parse()
    assert pickle.loads(pickle.dumps(timestamp)) == timestamp


# ---- verified -------------------------------------------------------------------------------


def test_a_trusted_authority_vouches() -> None:
    """For the very signature, by its own key, in its time."""
    clock = trusted()
    assert verify_timestamp(parse(), SIGNATURE, [clock]) is clock


@pytest.mark.parametrize(
    ("name", "algorithm", "digest", "hashed"),
    [
        ("PKIX_ECDSA_P384_SHA_384", "1.2.840.10045.4.3.3", SHA384, "sha384"),
        ("PKIX_ECDSA_P521_SHA_512", "1.2.840.10045.4.3.4", SHA512, "sha512"),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", "1.2.840.113549.1.1.11", SHA256, "sha256"),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", "1.2.840.113549.1.1.1", SHA256, "sha256"),
        ("PKIX_ED25519", "1.3.101.112", SHA512, "sha512"),
    ],
)
def test_authorities_sign_in_all_accepted_ways(
    name: str, algorithm: str, digest: bytes, hashed: str
) -> None:
    """With any key of the registry, over any of the hashes."""
    clock = authority(ROOT, key=new_key(name))
    token = Token(signer=clock, digest=digest, algorithm=sequence(oid(algorithm)))
    content_type, _, certificate = token.sound_attributes()
    content_digest = octet_string(hashlib.new(hashed, token.info.der()).digest())
    attributes = (content_type, attribute("1.2.840.113549.1.9.4", content_digest), certificate)
    timestamp = Timestamp.parse(replace(token, attributes=attributes).der())
    verify_timestamp(timestamp, SIGNATURE, [trusted(clock, ROOT)])


def test_another_signature_is_refused() -> None:
    """The timestamp is moved from one bundle to another."""
    error = refusal(parse(), signature=b"another")
    assert error.message == "the timestamp was made for something else than this signature"
    assert str(Digest.of(b"another")) in (error.wanted or "")


def test_an_untrusted_authority_is_refused() -> None:
    """Also where its certificate comes along."""
    stranger = authority(root("stranger"))
    embedded = tagged(0, stranger.certificate.der)
    error = refusal(parse(signer=stranger, embedded=embedded))
    assert error.message == "no trusted authority made the timestamp"
    assert error.found == "a timestamp by certificate 7 of CN=stranger"


def test_no_authority_at_all_is_refused() -> None:
    """A trusted root may have none."""
    with pytest.raises(VerificationError, match="no trusted authority made the timestamp"):
        verify_timestamp(parse(), SIGNATURE, [])


def test_another_serial_number_is_refused() -> None:
    """The issuer's name is not enough."""
    other = authority(ROOT, serial=integer(8))
    assert "no trusted authority" in refusal(parse(signer=other)).message


def test_another_certificate_of_that_number_is_refused() -> None:
    """The hash tells which one signed, whatever it claims to be."""
    other = authority(ROOT)
    error = refusal(parse(signer=other), trusted(name="the clock"))
    assert "made with another certificate than that of the clock" in error.message
    assert hashlib.sha256(other.certificate.der).hexdigest() in (error.found or "")


@pytest.mark.parametrize("kind", [CERTIFICATE, CERTIFICATE_V2])
@pytest.mark.parametrize("fits", [True, False])
def test_each_hash_of_the_certificate_must_fit(kind: str, fits: bool) -> None:
    """The old form, by SHA-1, as well as the new one."""
    hashed = hashlib.sha1 if kind == CERTIFICATE else hashlib.sha256
    value = hashed(CLOCK.certificate.der if fits else b"another").digest()
    named = attribute(kind, sequence(sequence(sequence(octet_string(value)))))
    attributes = (*Token(signer=CLOCK).sound_attributes()[:2], named)
    timestamp = parse(attributes=attributes)
    if fits:
        verify_timestamp(timestamp, SIGNATURE, [trusted()])
    else:
        assert "made with another certificate" in refusal(timestamp).message


def test_an_altered_content_is_refused() -> None:
    """The signature covers its digest alone."""
    sound = Token(signer=CLOCK).sound_attributes()
    earlier = Info(time=generalized_time(NOON + timedelta(minutes=1)))
    error = refusal(parse(info=earlier, attributes=sound))
    assert error.message == "the timestamp's content is not what its authority signed"


def test_altered_attributes_are_refused() -> None:
    """They are what is signed."""
    token = Token(signer=CLOCK)
    signature = CLOCK.key.sign(b"something else")
    timestamp = Timestamp.parse(replace(token, signature=signature).der())
    with pytest.raises(VerificationError, match="does not verify") as caught:
        verify_timestamp(timestamp, SIGNATURE, [trusted()])
    assert caught.value.check is Check.TIMESTAMP


def test_another_kind_of_signature_than_the_keys_is_refused() -> None:
    """The timestamp does not choose how it is verified."""
    timestamp = parse(algorithm=sequence(oid("1.3.101.112")))
    with pytest.raises(VerificationError, match="its key is ECDSA P-256") as caught:
        verify_timestamp(timestamp, SIGNATURE, [trusted()])
    assert caught.value.check is Check.TIMESTAMP


def valid(start: datetime, end: datetime) -> bytes:
    """Write a certificate's validity."""
    return sequence(certificate_time(start), certificate_time(end))


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("at", "fits"),
    [
        (NOON - TICK, False),
        (NOON, True),
        (ONE, True),
        (ONE + TICK, False),
        (ONE + HALF, False),
    ],
    ids=["just before", "first", "last", "just after", "half a second after"],
)
def test_the_whole_chain_must_be_valid_at_the_time(place: int, at: datetime, fits: bool) -> None:
    """At the time that is stamped, not now; to the fraction of a second."""
    validity = [valid(NOON - timedelta(1), NOON + timedelta(1))] * 3
    validity[place] = valid(NOON, ONE)
    anchor = root(validity=validity[2])
    issuer = anchor.issue(
        Draft(subject=common_name("middle"), extensions=AUTHORITY, validity=validity[1])
    )
    clock = authority(issuer, validity=validity[0])
    timestamp = parse(signer=clock, info=Info(time=generalized_time(at)))
    everyone = trusted(clock, issuer, anchor, window=Window(start=NOON - timedelta(1)))
    if fits:
        verify_timestamp(timestamp, SIGNATURE, [everyone])
        return
    name = ("clock", "middle", "root")[place]
    message = refusal(timestamp, everyone).message
    assert message.startswith(f"the certificate of CN={name} was not valid at 2025-03-01")


@pytest.mark.parametrize(
    ("at", "fits"),
    [(NOON - TICK, False), (NOON, True), (NOON + HALF, True), (NOON + HALF + TICK, False)],
    ids=["just before", "first", "last", "just after"],
)
def test_the_authority_must_be_trusted_at_the_time(at: datetime, fits: bool) -> None:
    """The trusted root's window counts as well as the certificates' validity."""
    long = valid(NOON - timedelta(1), NOON + timedelta(1))
    anchor = root(validity=long)
    clock = authority(anchor, validity=long)
    timestamp = parse(signer=clock, info=Info(time=generalized_time(at)))
    everyone = trusted(clock, anchor, window=Window(start=NOON, end=NOON + HALF))
    if fits:
        verify_timestamp(timestamp, SIGNATURE, [everyone])
        return
    error = refusal(timestamp, everyone)
    assert error.message.startswith("the clock was not trusted at 2025-03-01")
    assert error.wanted == f"one of a time {everyone.window}"


def test_the_window_tells_entries_for_one_authority_apart() -> None:
    """A trusted root may list it twice."""
    old = trusted(window=Window(start=NOON - timedelta(1), end=NOON - TICK))
    new = trusted(window=Window(start=NOON))
    assert verify_timestamp(parse(), SIGNATURE, [old, new]) is new


def test_the_hash_tells_authorities_of_one_number_apart() -> None:
    """Two instances may count their certificates alike."""
    other = authority(ROOT)
    mine = trusted()
    assert verify_timestamp(parse(), SIGNATURE, [trusted(other, ROOT), mine]) is mine


# ---- authorities ----------------------------------------------------------------------------


def test_an_authority_may_be_its_own_anchor() -> None:
    """A certificate that is trusted by itself needs nobody above it."""
    verify_timestamp(parse(), SIGNATURE, [trusted(CLOCK)])


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ((*STAMPS, basic_constraints()), "the clock is an authority's over others"),
        ((SIGNS, purposes(TIME_STAMPING)), "the clock is not for timestamps alone, marked as"),
        ((SIGNS,), "the clock is not for timestamps alone, marked as critical"),
        (
            (SIGNS, purposes(TIME_STAMPING, CODE_SIGNING, critical=True)),
            "the clock is not for timestamps alone, marked as critical",
        ),
        (
            (SIGNS, purposes(CODE_SIGNING, critical=True)),
            "the clock is not for timestamps alone, marked as critical",
        ),
        ((key_usage(5), STAMPS[1]), "the clock has a key that may not sign"),
        (
            (*STAMPS, extension("1.2.3", b"", critical=True)),
            r"the clock has the unknown critical extension 1\.2\.3",
        ),
    ],
    ids=[
        "an authority over others",
        "not critical",
        "for anything",
        "for code as well",
        "for code",
        "not to sign",
        "unknown critical extension",
    ],
)
def test_other_certificates_make_no_timestamp_authority(
    extensions: tuple[bytes, ...], message: str
) -> None:
    """RFC 3161, 2.3: a key for timestamps signs timestamps alone."""
    with pytest.raises(ParseError, match=message):
        trusted(authority(ROOT, extensions=extensions), ROOT)


@pytest.mark.parametrize(
    "extensions",
    [(STAMPS[1],), (key_usage(1), STAMPS[1])],
    ids=["key usage left open", "content commitment"],
)
def test_key_usages_of_timestamp_authorities(extensions: tuple[bytes, ...]) -> None:
    """Some call a signature a commitment, some nothing."""
    clock = authority(ROOT, extensions=extensions)
    verify_timestamp(parse(signer=clock), SIGNATURE, [trusted(clock, ROOT)])


@pytest.mark.parametrize("kind", [TIME_STAMPING, ANY_PURPOSE])
def test_authorities_above_may_be_for_timestamps(kind: str) -> None:
    """Or for anything."""
    anchor = root(extensions=(*AUTHORITY, purposes(kind)))
    trusted(authority(anchor), anchor)


def test_authorities_above_may_not_be_for_something_else() -> None:
    """What one may issue, those below cannot widen."""
    anchor = root(extensions=(*AUTHORITY, purposes(CODE_SIGNING)))
    with pytest.raises(ParseError, match="above that of the clock is not for timestamps"):
        trusted(authority(anchor), anchor)


def test_a_broken_chain_makes_no_timestamp_authority() -> None:
    """It is verified once, when the trusted root is parsed."""
    with pytest.raises(ParseError, match="was not signed by the certificate of CN=root"):
        trusted(CLOCK, root())


def test_a_signers_certificate_may_not_stand_above() -> None:
    """Only authorities issue."""
    leaf = ROOT.issue(Draft(subject=common_name("leaf"), extensions=SIGNER))
    with pytest.raises(ParseError, match="is no authority's, but stands among those"):
        trusted(authority(leaf), leaf, ROOT)


# ---- second opinions ------------------------------------------------------------------------


def tokens() -> Iterator[tuple[str, bytes, bytes]]:
    """Yield name, response and signature of each timestamp in the public cases."""
    for path in sorted(shared("conformance/bundle-verify").glob("*/bundle.sigstore.json")):
        bundle = json.loads(path.read_text())
        data = bundle["verificationMaterial"].get("timestampVerificationData") or {}
        content = bundle.get("messageSignature")
        signature = (
            content["signature"] if content else bundle["dsseEnvelope"]["signatures"][0]["sig"]
        )
        for each in data.get("rfc3161Timestamps", []):
            yield path.parent.name, b64decode(each["signedTimestamp"]), b64decode(signature)


def authorities_of(case: str) -> list[TimestampAuthority]:
    """Return the authorities of the case's own trusted root."""
    path = shared(f"conformance/bundle-verify/{case}") / "trusted_root.json"
    listed = json.loads(path.read_text())["timestampAuthorities"] if path.exists() else []
    return [
        TimestampAuthority.linked(
            [
                Certificate.parse(b64decode(one["rawBytes"]))
                for one in each["certChain"]["certificates"]
            ],
            name=each["uri"],
            window=Window(
                start=datetime.fromisoformat(each["validFor"]["start"]),
                end=datetime.fromisoformat(each["validFor"].get("end", "9999-12-31T00:00:00Z")),
            ),
        )
        for each in listed
    ]


REFUSED = {
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "was not trusted at",
    "rekor2-timestamp-outside-tsa-cert-validity_fail": "was not valid at",
    "rekor2-timestamp-payload-mismatch_fail": "for something else than this signature",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "no trusted authority made",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": "no trusted authority made",
}


def test_the_public_cases_are_judged_for_the_right_reason() -> None:
    """Those whose timestamp is wrong are refused by what is wrong with it, all others verify."""
    judged: dict[str, str] = {}
    for case, der, signature in tokens():
        if authorities := authorities_of(case):
            try:
                verify_timestamp(Timestamp.parse(der), signature, authorities)
            except VerificationError as error:
                judged[case] = error.message
    assert judged.keys() == REFUSED.keys()
    assert all(REFUSED[case] in message for case, message in judged.items())


def test_real_timestamps_are_read_as_rfc3161_client_reads_them() -> None:
    """Two readers of one token agree, unless the other one stops at unsorted certificates."""
    responses = [der for _, der, _ in tokens()]
    sorted_ones = [der for der in responses if is_read_by_rfc3161_client(der)]
    assert len(sorted_ones) >= len(responses) - 1
    for der in sorted_ones:
        agree(Timestamp.parse(der), rfc3161_client.decode_timestamp_response(der))


def is_read_by_rfc3161_client(der: bytes) -> bool:
    """Say whether rfc3161-client takes the timestamp for one."""
    try:
        rfc3161_client.decode_timestamp_response(der)
    except ValueError:
        return False
    return True


def agree(ours: Timestamp, theirs: rfc3161_client.TimeStampResponse) -> None:
    """Demand that *ours* and *theirs* say the same."""
    info = theirs.tst_info
    assert ours.at.replace(microsecond=0) == info.gen_time.replace(microsecond=0)
    assert ours.imprint.value == info.message_imprint.message
    assert ours.nonce == info.nonce
    assert set(ours.message.embedded) == set(theirs.signed_data.certificates)
    (signer,) = theirs.signed_data.signer_infos
    assert ours.message.serial == signer.serial_number


def accepted_by_rfc3161_client(der: bytes) -> bool:
    """Say whether rfc3161-client, trusting the same authority, verifies the timestamp."""
    verifier = (
        rfc3161_client.VerifierBuilder()
        .tsa_certificate(x509.load_der_x509_certificate(CLOCK.certificate.der))
        .add_root_certificate(x509.load_der_x509_certificate(ROOT.certificate.der))
        .build()
    )
    try:
        verifier.verify_message(rfc3161_client.decode_timestamp_response(der), SIGNATURE)
    except (ValueError, rfc3161_client.VerificationError):
        return False
    return True


TSA = """
[tsa]
default_tsa = clock
[clock]
serial = serial
signer_cert = certificate.pem
signer_key = key.pem
signer_digest = sha384
default_policy = 1.2.3
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 6
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
"""


@pytest.mark.parametrize("certificate_hash", ["sha1", "sha256", "sha384"])
@pytest.mark.parametrize("name", ["PKIX_ECDSA_P384_SHA_384", "PKIX_RSA_PKCS1V15_2048_SHA256"])
def test_timestamps_by_openssl_are_verified(
    name: str, certificate_hash: str, tmp_path: Path
) -> None:
    """With all that can be said in one, made by means that owe nothing to this project."""
    long = valid(datetime(2000, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC))
    anchor = root(validity=long)
    clock = authority(anchor, validity=long, key=new_key(name))
    (tmp_path / "key.pem").write_text(pem_encode("PRIVATE KEY", clock.key.to_pkcs8()))
    pem = pem_encode("CERTIFICATE", clock.certificate.der)
    (tmp_path / "certificate.pem").write_text(pem)
    (tmp_path / "tsa.cnf").write_text(f"{TSA}ess_cert_id_alg = {certificate_hash}\n")
    (tmp_path / "serial").write_text("0b")
    (tmp_path / "data").write_bytes(SIGNATURE)
    openssl("ts -query -data data -sha512 -cert -out request.tsq", folder=tmp_path)
    openssl("ts -reply -config tsa.cnf -queryfile request.tsq -out response.tsr", folder=tmp_path)
    timestamp = Timestamp.parse((tmp_path / "response.tsr").read_bytes())
    everyone = trusted(clock, anchor)
    assert verify_timestamp(timestamp, SIGNATURE, [everyone]) is everyone
    assert timestamp.imprint == Digest.of(SIGNATURE, HashAlgorithm.SHA512)
    assert timestamp.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert timestamp.message.embedded == (clock.certificate.der,)
    assert timestamp.message.certificate_hashes[0].algorithm == certificate_hash


WHOLE = Token(signer=CLOCK).der()
STATUS = WHOLE.index(GRANTED) + len(GRANTED) - 1
WITH_CERTIFICATE = Token(signer=CLOCK, embedded=tagged(0, CLOCK.certificate.der)).der()


def test_what_is_made_for_these_tests_is_a_timestamp_to_others() -> None:
    """Otherwise their refusals of altered ones would say nothing."""
    assert accepted_by_rfc3161_client(WHOLE)
    assert accepted_by_rfc3161_client(WITH_CERTIFICATE)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_an_altered_timestamp_is_refused(place: int, change: int) -> None:
    """By every byte: but for how it was granted, and for what nobody understands otherwise."""
    altered = bytearray(WHOLE)
    altered[place] ^= change
    try:
        timestamp = Timestamp.parse(bytes(altered))
        verify_timestamp(timestamp, SIGNATURE, [trusted()])
    except (ParseError, VerificationError):
        return
    assert timestamp.at == NOON
    assert place == STATUS or accepted_by_rfc3161_client(bytes(altered))


@given(st.integers(0, len(WITH_CERTIFICATE) - 1), st.integers(1, 255))
def test_an_altered_certificate_beside_it_says_nothing(place: int, change: int) -> None:
    """It is no part of what was signed, and never looked at."""
    altered = bytearray(WITH_CERTIFICATE)
    altered[place] ^= change
    with suppress(ParseError, VerificationError):
        timestamp = Timestamp.parse(bytes(altered))
        verify_timestamp(timestamp, SIGNATURE, [trusted()])
        assert timestamp.message.signed == Timestamp.parse(WITH_CERTIFICATE).message.signed


@given(st.integers(0, len(WHOLE) - 1))
def test_a_timestamp_cut_short_is_malformed(size: int) -> None:
    """At every byte."""
    with pytest.raises(ParseError, match="the timestamp is malformed"):
        Timestamp.parse(WHOLE[:size])


@given(st.binary(max_size=200))
def test_any_bytes_are_no_timestamp(data: bytes) -> None:
    """Nothing but a parse error escapes, also from inside."""
    for der in (data, sequence(data), sequence(GRANTED, data), sequence(GRANTED, sequence(data))):
        with pytest.raises(ParseError):
            Timestamp.parse(der)
