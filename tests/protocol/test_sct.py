# SPDX-License-Identifier: Apache-2.0
"""Certificate timestamps: a log's word on the certificate as it was before."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.certificate import Certificate
from keyless.protocol.der_writer import octet_string
from keyless.protocol.encoding import b64decode
from keyless.protocol.keys import PublicKey
from keyless.protocol.sct import Sct, parse_scts, verify_sct
from keyless.protocol.signing_keys import SigningKey
from keyless.value import replace as replace_value
from tests.protocol.pki import NOON, SIGNER, Draft, Issued, extension, new_key, root
from tests.shared_data import shared

ROOT = root()
DRAFT = replace(Draft(), issuer=ROOT.certificate.subject)
LOG = new_key()
LOG_ID = LOG.public.fingerprint.value
ECDSA = b"\x04\x03"


def counted(content: bytes, size: int = 2) -> bytes:
    """Write *content* behind its length of *size* bytes."""
    return len(content).to_bytes(size, "big") + content


def signed_data(at: datetime, extensions: bytes = b"", issuer: Issued = ROOT) -> bytes:
    """Write what a log signs for the drafted certificate (RFC 6962, 3.2)."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    key_hash = hashlib.sha256(issuer.certificate.spki).digest()
    return (
        b"\0\0"
        + milliseconds.to_bytes(8, "big")
        + b"\0\1"
        + key_hash
        + counted(DRAFT.tbs(), 3)
        + counted(extensions)
    )


def sct(
    *,
    at: datetime = NOON,
    extensions: bytes = b"",
    key: SigningKey = LOG,
    algorithm: bytes = ECDSA,
    issuer: Issued = ROOT,
) -> bytes:
    """Write a timestamp as a log with *key* makes it."""
    data = signed_data(at, extensions, issuer)
    milliseconds = data[2:10]
    signature = key.sign(data)
    return b"\0" + LOG_ID + milliseconds + counted(extensions) + algorithm + counted(signature)


def listed(content: bytes) -> Certificate:
    """Issue the drafted certificate with *content* in its timestamp extension."""
    scts = extension("1.3.6.1.4.1.11129.2.4.2", octet_string(content))
    return ROOT.issue(replace(DRAFT, extensions=(*SIGNER[:1], scts, *SIGNER[1:]))).certificate


def carrying(*scts: bytes) -> Certificate:
    """Issue the drafted certificate with *scts*."""
    return listed(counted(b"".join(map(counted, scts))))


def verify(one: bytes, key: PublicKey = LOG.public) -> Sct:
    """Verify the timestamp that a certificate carries, and return it."""
    certificate = carrying(one)
    (parsed,) = parse_scts(certificate)
    verify_sct(parsed, certificate, issuer=ROOT.certificate, log_key=key)
    return parsed


def refusal(one: bytes, key: PublicKey = LOG.public) -> VerificationError:
    """Return why a timestamp is refused."""
    with pytest.raises(VerificationError) as caught:
        verify(one, key)
    assert caught.value.check is Check.SCT
    return caught.value


def test_a_logs_word_is_verified() -> None:
    """Over the certificate without it, and the issuer's key."""
    parsed = verify(sct())
    assert parsed.log_id == LOG_ID
    assert parsed.at == NOON


def test_extensions_are_signed_as_given() -> None:
    """Newer logs put the leaf's index there."""
    assert verify(sct(extensions=b"\0\0\5\0\0\0\0\7")).extensions == b"\0\0\5\0\0\0\0\7"


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_are_exact_to_the_millisecond(at: datetime) -> None:
    """They are signed as a number, and come back as it."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert verify(sct(at=at)).at == at


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("PKIX_ECDSA_P256_SHA_256", b"\x04\x03"),
        ("PKIX_ECDSA_P384_SHA_256", b"\x04\x03"),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", b"\x04\x01"),
        ("PKIX_ED25519", b"\x08\x07"),
    ],
)
def test_logs_sign_with_their_kind_of_key(name: str, algorithm: bytes) -> None:
    """Over SHA-256, except where the kind of key has its own way."""
    key = new_key(name)
    verify(sct(key=key, algorithm=algorithm), key.public)


def test_several_are_read_in_order() -> None:
    """A certificate may have been shown to several logs."""
    scts = parse_scts(carrying(sct(), sct(at=NOON + timedelta(seconds=1))))
    assert [each.at.second for each in scts] == [0, 1]


def test_a_certificate_may_carry_none() -> None:
    """Whether that is enough is not asked here."""
    assert parse_scts(ROOT.certificate) == ()


def test_another_logs_signature_is_refused() -> None:
    """Whatever log it says it comes from."""
    assert "does not verify" in refusal(sct(), new_key().public).message


def test_another_issuers_certificate_is_refused() -> None:
    """The log signed the issuer's key along, as two issuers may have one name."""
    assert "does not verify" in refusal(sct(issuer=root())).message


def test_another_time_is_refused() -> None:
    """It is signed as well."""
    altered = sct().replace(signed_data(NOON)[2:10], signed_data(NOON + timedelta(hours=1))[2:10])
    assert "does not verify" in refusal(altered).message


def test_other_extensions_are_refused() -> None:
    """They are signed as well."""
    whole = sct(extensions=b"abc")
    assert "does not verify" in refusal(whole.replace(b"\0\3abc", b"\0\3abd")).message


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        (b"\x04\x01", LOG.public),
        (b"\x02\x03", LOG.public),
        (b"\x04\x03", new_key("PKIX_ED25519").public),
        (b"\x08\x07", new_key("ML_DSA_44").public),
    ],
    ids=["RSA by ECDSA", "SHA-1", "ECDSA by Ed25519", "a key no log has"],
)
def test_another_algorithm_than_the_keys_is_refused(algorithm: bytes, key: PublicKey) -> None:
    """The list does not choose how it is verified."""
    error = refusal(sct(algorithm=algorithm), key)
    assert error.message == "the certificate timestamp is not signed as its log signs"
    assert algorithm.hex() in (error.found or "")
    assert key.kind in (error.wanted or "")
    assert error.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "list of timestamps is cut short"),
        (counted(33 * counted(sct())), "more than 32 timestamps"),
        (b"\0", "list of timestamps is cut short"),
        (b"\0\0", "list of timestamps is empty"),
        (counted(counted(sct())) + b"\0", "something follows it"),
        (counted(counted(sct()) + b"\0"), "list of timestamps is cut short"),
        (counted(counted(sct())[:-1]), "list of timestamps is cut short"),
        (counted(counted(b"")), "cut short, or not of version 1"),
        (counted(counted(sct()[:42])), "cut short, or not of version 1"),
        (counted(counted(b"\1" + sct()[1:])), "cut short, or not of version 1"),
        (counted(counted(sct() + b"\0")), "a certificate timestamp that something follows"),
        (counted(counted(sct()[:-1])), "list of timestamps is cut short"),
        (
            counted(counted(sct()[:33] + b"\xff" * 8 + sct()[41:])),
            "from after the year 9999",
        ),
        (
            counted(counted(sct()[:33] + (253402300800000).to_bytes(8, "big") + sct()[41:])),
            "from after the year 9999",
        ),
    ],
    ids=[
        "no length",
        "endless",
        "half a length",
        "none",
        "more behind",
        "more inside",
        "cut short",
        "empty",
        "without signature",
        "version 2",
        "more behind the signature",
        "half a signature",
        "endless time",
        "year 10000",
    ],
)
def test_malformed_lists_are_refused(content: bytes, message: str) -> None:
    """Every length is that of what is there, and there is nothing else."""
    with pytest.raises(ParseError, match=message):
        parse_scts(listed(content))


def test_a_list_in_another_form_is_refused() -> None:
    """It stands in an octet string of its own."""
    scts = extension("1.3.6.1.4.1.11129.2.4.2", counted(counted(sct())))
    certificate = ROOT.issue(replace(DRAFT, extensions=(*SIGNER, scts))).certificate
    with pytest.raises(ParseError, match="where an octet string is wanted"):
        parse_scts(certificate)


@given(st.integers(0, 200), st.integers(1, 255))
def test_an_altered_list_is_refused(place: int, change: int) -> None:
    """Whatever byte is changed: but for the log's id, by which its key is found."""
    content = bytearray(counted(counted(sct())))
    place %= len(content)
    content[place] ^= change
    certificate = listed(bytes(content))
    in_log_id = 5 <= place < 37
    try:
        (parsed,) = parse_scts(certificate)
        verify_sct(parsed, certificate, issuer=ROOT.certificate, log_key=LOG.public)
    except (ParseError, VerificationError):
        assert not in_log_id
    else:
        assert in_log_id
        assert parsed.log_id != LOG_ID


def real_certificates() -> Iterator[tuple[Certificate, list[Certificate], dict[bytes, PublicKey]]]:
    """Yield a case's certificate with the authorities and log keys of its own trusted root."""
    for folder in sorted(shared("conformance/bundle-verify").iterdir()):
        if not (folder / "trusted_root.json").exists():
            continue
        trust = json.loads((folder / "trusted_root.json").read_text())
        material = json.loads((folder / "bundle.sigstore.json").read_text())["verificationMaterial"]
        authorities = [
            Certificate.parse(b64decode(each["rawBytes"]))
            for authority in trust["certificateAuthorities"]
            for each in authority["certChain"]["certificates"]
        ]
        logs = {
            b64decode(log["logId"]["keyId"]): PublicKey.parse(
                b64decode(log["publicKey"]["rawBytes"])
            )
            for log in trust["ctlogs"]
            if log["publicKey"]["keyDetails"] != "PKCS1_RSA_PKCS1V5"  # a bare key, retired
        }
        if "certificate" in material:
            yield (
                Certificate.parse(b64decode(material["certificate"]["rawBytes"])),
                authorities,
                logs,
            )


def test_real_logs_words_are_verified() -> None:
    """Those of the staging instance, and of the makers of the public cases."""
    verified = 0
    for certificate, authorities, logs in real_certificates():
        (issuer,) = (each for each in authorities if each.subject == certificate.issued_by)
        for one in parse_scts(certificate):
            if one.log_id in logs:
                verify_sct(one, certificate, issuer=issuer, log_key=logs[one.log_id])
                verified += 1
    assert verified > 10


def test_a_timestamp_is_a_value() -> None:
    """Equal by content, as what a batch remembers."""
    (one,), (same,) = parse_scts(carrying(sct())), parse_scts(carrying(sct()))
    assert replace_value(one, signature=b"") == replace_value(same, signature=b"")
