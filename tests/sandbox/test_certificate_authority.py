# SPDX-License-Identifier: Apache-2.0
"""The sandbox's authority: its certificates are Fulcio's in all that anybody looks at."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from keyless.protocol.certificate import Certificate, Claims, check_signing_profile
from keyless.protocol.chain import Authority
from keyless.protocol.encoding import pem_encode
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.sct import parse_scts, verify_sct
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import Window
from keyless.sandbox.certificate_authority import CertificateAuthority
from keyless.sandbox.clock import Clock
from keyless.sandbox.ct_log import CtLog
from tests.sandbox.openssl import openssl

NOON = datetime(2025, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
URL = "https://fulcio.sandbox.test"
ALICE = San(kind="e-mail", text="alice@example.com")
KEY = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256")).public
EVERY_CLAIM = Claims(**{name: f"what {name} says" for name in Claims.__annotations__})


def authority(*, logs: int = 1, algorithm: str = "PKIX_ECDSA_P256_SHA_256") -> CertificateAuthority:
    """Make an authority at noon, with so many certificate logs."""
    clock = Clock(NOON)
    ct_logs = [CtLog(clock, url=f"https://ct{number}.sandbox.test") for number in range(logs)]
    return CertificateAuthority.create(
        clock, url=URL, ct_logs=ct_logs, algorithm=algorithm_named(algorithm)
    )


def trusted(issuer: CertificateAuthority) -> Authority:
    """Trust *issuer*, as a trusted root does."""
    return Authority.linked(issuer.chain, name=issuer.url, window=Window(start=NOON))


def second_opinion(certificate: Certificate) -> x509.Certificate:
    """Read *certificate* with somebody else's reader."""
    return x509.load_der_x509_certificate(certificate.der)


@pytest.mark.parametrize(
    "algorithm",
    [
        "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ECDSA_P384_SHA_384",
        "PKIX_ECDSA_P521_SHA_512",
        "PKIX_RSA_PKCS1V15_2048_SHA256",
        "PKIX_ED25519",
    ],
)
def test_a_certificate_is_issued_by_a_chain_that_holds(algorithm: str) -> None:
    """Root, intermediate and leaf are linked, whatever kind of key the authority has."""
    issuer = authority(algorithm=algorithm)
    leaf = issuer.issue(KEY, ALICE)
    trusted(issuer).verify_issued(leaf)
    second_opinion(leaf).verify_directly_issued_by(second_opinion(issuer.chain[0]))
    second_opinion(issuer.chain[0]).verify_directly_issued_by(second_opinion(issuer.chain[1]))


def test_a_certificate_has_the_profile_of_a_signers() -> None:
    """It is for code signing, and for nothing else."""
    leaf = authority().issue(KEY, ALICE)
    check_signing_profile(leaf)
    assert leaf.key == KEY
    assert leaf.key_usages == {"digitalSignature"}


def test_a_certificate_lives_ten_minutes_from_the_clocks_second() -> None:
    """Certificates know no fractions; the one in which it is issued is cut off."""
    leaf = authority().issue(KEY, ALICE)
    second = NOON.replace(microsecond=0)
    assert (leaf.not_before, leaf.not_after) == (second, second + timedelta(minutes=10))


@pytest.mark.parametrize(
    "san",
    [
        ALICE,
        San(kind="URI", text="https://github.com/o/r/.github/workflows/w.yml@refs/heads/main"),
        San(kind="other name", text="alicé"),
        San(kind="DNS name", text="build.example.com"),
    ],
    ids=lambda san: san.kind,
)
def test_a_certificate_is_about_the_name_it_was_issued_for(san: San) -> None:
    """Every kind of name that Fulcio gives can be read back, alone and critical."""
    leaf = authority().issue(KEY, san)
    assert leaf.sans == (san,)
    assert (
        second_opinion(leaf)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .critical
    )


def test_every_claim_is_read_back() -> None:
    """What the issuer of the login said stands in the certificate, all of it."""
    leaf = authority().issue(KEY, ALICE, EVERY_CLAIM)
    assert leaf.claims == EVERY_CLAIM


def test_claims_stand_where_the_specification_puts_them() -> None:
    """Under the numbers that Fulcio gives them: the first six bare, the others as DER."""
    leaf = second_opinion(authority().issue(KEY, ALICE, EVERY_CLAIM))
    said = {
        extension.oid.dotted_string.removeprefix("1.3.6.1.4.1.57264.1."): extension.value.value
        for extension in leaf.extensions
        if isinstance(extension.value, x509.UnrecognizedExtension)
    }
    numbers = ["8", "2", "3", "4", "5", "6", *map(str, range(9, 25))]
    texts = [text.encode() for text in EVERY_CLAIM.__dict__.values()]
    expected = {
        number: text if number in {"2", "3", "4", "5", "6"} else bytes((0x0C, len(text))) + text
        for number, text in zip(numbers, texts, strict=True)
    }
    assert said == {"1": texts[0], **expected}


def test_nothing_is_said_where_nothing_was_claimed() -> None:
    """A login that says nothing but who leaves no extension of Fulcio's."""
    leaf = second_opinion(authority().issue(KEY, ALICE))
    oids = [extension.oid.dotted_string for extension in leaf.extensions]
    assert not [oid for oid in oids if oid.startswith("1.3.6.1.4.1.57264")]


@pytest.mark.parametrize("logs", [0, 1, 2])
def test_every_certificate_log_says_that_it_has_seen_the_certificate(logs: int) -> None:
    """The certificate carries one timestamp of each log, which verifies."""
    issuer = authority(logs=logs)
    leaf = issuer.issue(KEY, ALICE, EVERY_CLAIM)
    scts = parse_scts(leaf)
    assert [sct.log_id for sct in scts] == [log.log_id for log in issuer.ct_logs]
    for sct, log in zip(scts, issuer.ct_logs, strict=True):
        verify_sct(sct, leaf, issuer=issuer.chain[0], log_key=log.key)


def test_what_the_log_saw_is_the_certificate_without_the_logs_word() -> None:
    """Others than us find the same bytes to have been logged."""
    leaf = authority().issue(KEY, ALICE)
    assert second_opinion(leaf).tbs_precertificate_bytes == leaf.precertificate_tbs()


SIGNERS = [
    "PKIX_ECDSA_P256_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_ED25519",
    "ML_DSA_65",
]


@pytest.mark.parametrize("name", SIGNERS)
def test_any_kind_of_key_can_be_certified(name: str) -> None:
    """The signer chooses the key, the authority does not."""
    key = SigningKey.generate(algorithm_named(name)).public
    assert authority().issue(key, ALICE).key == key


def test_two_certificates_are_never_the_same() -> None:
    """Of one key and one name, issued in one second."""
    issuer = authority()
    assert issuer.issue(KEY, ALICE).serial != issuer.issue(KEY, ALICE).serial


def test_openssl_accepts_the_chain(tmp_path: Path) -> None:
    """A verifier that knows all of RFC 5280 finds nothing to refuse."""
    issuer = authority()
    leaf = issuer.issue(KEY, ALICE, EVERY_CLAIM)
    for name, each in {"leaf": leaf, "middle": issuer.chain[0], "root": issuer.chain[1]}.items():
        (tmp_path / name).write_text(pem_encode("CERTIFICATE", each.der))
    said = openssl(
        f"verify -x509_strict -attime {NOON.timestamp():.0f} -CAfile root -untrusted middle leaf",
        folder=tmp_path,
    )
    assert "leaf: OK" in said
