# SPDX-License-Identifier: Apache-2.0
"""The sandbox's certificate log: its timestamps, by every kind of key a log may have."""

from datetime import UTC, datetime, timedelta

import pytest

from keyless.errors import Check, VerificationError
from keyless.protocol.certificate import Certificate
from keyless.protocol.keys import algorithm_named
from keyless.protocol.merkle import leaf_hash
from keyless.protocol.names import San
from keyless.protocol.sct import Sct, parse_scts, verify_sct
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.certificate_authority import NO_CLAIMS, CertificateAuthority
from keyless.sandbox.clock import Clock
from keyless.sandbox.ct_log import CtLog, leaf_index_extension

NOON = datetime(2025, 3, 1, 12, 0, 0, 250_999, tzinfo=UTC)
P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
CLOCK = Clock(NOON)
ISSUER = CertificateAuthority.create(CLOCK, url="https://fulcio.sandbox.test")
TEMPLATE = ISSUER.template(
    SigningKey.generate(P256).public, [San(kind="e-mail", text="alice@example.com")], NO_CLAIMS
)


def logged(log: CtLog, *, extensions: bytes = b"", at: datetime | None = None) -> Certificate:
    """Have *log* see the certificate, and put its timestamp into it."""
    sct = log.append(
        TEMPLATE.to_tbs(P256), issuer=ISSUER.chain[0].key, extensions=extensions, at=at
    )
    return ISSUER.sign(TEMPLATE, scts=[sct])


def verified(log: CtLog, certificate: Certificate) -> Sct:
    """Verify the one timestamp in *certificate*."""
    (sct,) = parse_scts(certificate)
    verify_sct(sct, certificate, issuer=ISSUER.chain[0], log_key=log.key)
    return sct


@pytest.mark.parametrize(
    "algorithm", ["PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_ED25519"]
)
def test_a_timestamp_verifies_by_the_logs_key(algorithm: str) -> None:
    """Whichever kind of key the log has."""
    key = SigningKey.generate(algorithm_named(algorithm))
    log = CtLog(CLOCK, url="https://ct.sandbox.test", key=key)
    assert verified(log, logged(log)).log_id == log.log_id


def test_a_timestamp_says_the_clocks_millisecond() -> None:
    """What is finer is cut off."""
    log = CtLog(CLOCK, url="https://ct.sandbox.test")
    assert verified(log, logged(log)).at == NOON.replace(microsecond=250_000)


def test_a_timestamp_can_be_of_another_time() -> None:
    """As logs take a while to see a certificate."""
    log = CtLog(CLOCK, url="https://ct.sandbox.test")
    later = NOON.replace(microsecond=0) + timedelta(milliseconds=1)
    assert verified(log, logged(log, at=later)).at == later


def test_extensions_are_signed_as_well() -> None:
    """A log on tiles says in them where the certificate stands."""
    log = CtLog(CLOCK, url="https://ct.sandbox.test")
    extension = leaf_index_extension(0x01_02_03)
    assert extension.hex() == "0000050000010203"
    assert verified(log, logged(log, extensions=extension)).extensions == extension


def test_another_logs_key_does_not_verify_the_timestamp() -> None:
    """The signature is what binds a timestamp to its log."""
    log = CtLog(CLOCK, url="https://ct.sandbox.test")
    with pytest.raises(VerificationError) as refusal:
        verified(CtLog(CLOCK, url="https://ct.sandbox.test"), logged(log))
    assert refusal.value.check is Check.SCT


def test_what_was_promised_stands_in_the_tree() -> None:
    """The log keeps as a leaf the very bytes that it signed (RFC 6962, 3.4)."""
    log = CtLog(CLOCK, url="https://ct.sandbox.test")
    certificate = logged(log)
    (sct,) = parse_scts(certificate)
    assert len(log.tree) == 1
    assert log.tree.root() == leaf_hash(log.tree[0])
    log.key.verify(sct.signature, log.tree[0], check=Check.SCT)
    assert certificate.precertificate_tbs() in log.tree[0]
