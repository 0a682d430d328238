# SPDX-License-Identifier: Apache-2.0
"""What a batch remembers of certificates: what was found true, and nothing else."""

import pytest

from keyless.errors import Check, ParseError, VerificationError
from keyless.verification import CertificateMemory
from tests.forge import Forge


def test_a_fact_is_verified_once() -> None:
    """What was found true is not verified again."""
    memory = CertificateMemory()
    verified: list[str] = []
    for _ in range(3):
        memory.once("issued", b"a certificate", verify=lambda: verified.append("issued"))
    assert verified == ["issued"]


def test_another_fact_is_verified_for_itself() -> None:
    """What is true of one certificate says nothing of another."""
    memory = CertificateMemory()
    verified: list[bytes] = []
    for der in (b"one", b"another", b"one"):
        memory.once("issued", der, verify=lambda der=der: verified.append(der))
    assert verified == [b"one", b"another"]


def test_what_was_refused_is_refused_again() -> None:
    """A refusal is not remembered as anything else."""
    memory = CertificateMemory()

    def refuse() -> None:
        raise VerificationError("no", check=Check.CHAIN)

    for _ in range(2):
        with pytest.raises(VerificationError, match="no"):
            memory.once("issued", b"a certificate", verify=refuse)


def test_a_certificate_is_read_once() -> None:
    """The same bytes are the same certificate, other bytes another one."""
    memory = CertificateMemory()
    forge = Forge(others=0)
    one, another = (forge.signer().certificate for _ in range(2))
    assert one is not None
    assert another is not None
    read = memory.parse(one.der)
    assert read == one
    assert memory.parse(bytes(bytearray(one.der))) is read
    assert memory.parse(another.der) == another


def test_a_malformed_certificate_is_refused_each_time() -> None:
    """It does not become a certificate by being seen twice."""
    memory = CertificateMemory()
    for _ in range(2):
        with pytest.raises(ParseError, match="the certificate is malformed"):
            memory.parse(b"\x30\x03\x02\x01\x00")
