# SPDX-License-Identifier: Apache-2.0
"""Signed messages: one signer, signed attributes that say what and by whom, and nothing odd."""

import hashlib

import pytest

from keyless.errors import Check, ParseError
from keyless.protocol.cms import CertificateHash, SignedMessage, parse_signed_message
from keyless.protocol.der import SEQUENCE, SET, encoded, oid_bytes, sequence
from keyless.protocol.der_writer import (
    NOTHING,
    integer,
    octet_string,
    oid,
    replacing_tag,
    set_of,
    tagged,
    utf8_string,
)
from keyless.protocol.der_writer import sequence as write_sequence
from keyless.protocol.digest import HashAlgorithm
from tests.protocol.pki import root
from tests.protocol.tokens import (
    CERTIFICATE,
    CERTIFICATE_V2,
    CONTENT_TYPE,
    GRANTED,
    MESSAGE_DIGEST,
    SHA256,
    SHA384,
    SHA512,
    TST_INFO,
    Token,
    attribute,
    authority,
)

SIGNER = authority(root())
SOUND = Token(signer=SIGNER).sound_attributes()
ECDSA_SHA384 = write_sequence(oid("1.2.840.10045.4.3.3"))
SHA1 = write_sequence(oid("1.3.14.3.2.26"))


def parse(**changes: object) -> SignedMessage:
    """Parse a message that differs from a sound one by *changes*."""
    der = Token(signer=SIGNER, **changes).der()  # type: ignore[arg-type]  # names of fields
    response = sequence(der, "timestamp")
    response.content(SEQUENCE)
    return parse_signed_message(
        response.inside(), content_type=oid_bytes("1.2.840.113549.1.9.16.1.4")
    )


def certificate_ids(*ids: bytes, policies: bytes = b"") -> bytes:
    """Write which certificates signed."""
    return write_sequence(write_sequence(*ids), policies)


def test_a_sound_message_is_read() -> None:
    """Its content, its signer, and what the signature covers."""
    message = parse()
    token = Token(signer=SIGNER)
    assert message.content == token.info.der()
    assert message.issuer == SIGNER.certificate.issued_by
    assert message.serial == SIGNER.certificate.serial
    assert message.content_digest.value == hashlib.sha256(message.content).digest()
    assert message.signed == set_of(*SOUND)
    assert str(message.algorithm) == "ECDSA over SHA256"
    assert message.embedded == ()
    SIGNER.key.public.verify(message.signature, message.signed, check=Check.TIMESTAMP)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"message_type": oid("1.2.840.113549.1.7.1")}, "it is not a signed message"),
        ({"version": integer(1)}, "its signed message is not of version 3"),
        ({"version": integer(4)}, "its signed message is not of version 3"),
        (
            {"content_type": oid("1.2.840.113549.1.7.1")},
            r"what is signed is of type 1\.2\.840\.113549\.1\.7\.1",
        ),
        (
            {"content": encoded(0x24, octet_string(b"a"))},
            "tag 0x24 where an octet string is wanted",
        ),
        ({"signers": 0}, "nothing more where a sequence is wanted"),
        ({"signers": 2}, "a sequence where nothing more is wanted"),
        ({"signer_version": integer(3)}, "its signer is not named by issuer and serial number"),
        ({"name": replacing_tag(0, b"key")}, "tag 0x80 where a sequence is wanted"),
        ({"digest": SHA1}, r"the hash algorithm 1\.3\.14\.3\.2\.26 is not accepted"),
        ({"digests": ()}, "nothing more where a sequence is wanted"),
        ({"digests": (SHA256, SHA384)}, "a sequence where nothing more is wanted"),
        ({"digests": (SHA384,)}, "its signer hashed it otherwise than it says"),
        ({"attributes": (), "signature": b"a"}, "it has no signed attributes"),
        ({"algorithm": SHA1}, r"the signature algorithm 1\.3\.14\.3\.2\.26 is not accepted"),
        ({"algorithm": ECDSA_SHA384}, "its content and its signature are hashed differently"),
        ({"unsigned": encoded(0xA2, b"")}, "tag 0xa2 where nothing more is wanted"),
    ],
    ids=[
        "unsigned",
        "version 1",
        "version 4",
        "other content",
        "content in pieces",
        "no signer",
        "two signers",
        "version of a key identifier",
        "signer by key identifier",
        "SHA-1",
        "no hash announced",
        "two hashes announced",
        "another hash announced",
        "no attributes",
        "no signature algorithm",
        "two hashes",
        "more than unsigned attributes",
    ],
)
def test_other_messages_are_refused(changes: dict[str, object], message: str) -> None:
    """By what is odd about them."""
    with pytest.raises(ParseError, match=message):
        parse(**changes)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (SOUND[1:], "its signed attributes are not for what it holds"),
        (
            (attribute(CONTENT_TYPE, oid("1.2.3")), *SOUND[1:]),
            "its signed attributes are not for what it holds",
        ),
        (
            (attribute(CONTENT_TYPE, TST_INFO, TST_INFO), *SOUND[1:]),
            "its signed attributes are not for what it holds",
        ),
        ((*SOUND, SOUND[0]), r"1\.2\.840\.113549\.1\.9\.3 stands there twice"),
        ((SOUND[0], SOUND[2]), "its signed attributes hold no digest of it"),
        (
            (SOUND[0], attribute(MESSAGE_DIGEST), SOUND[2]),
            "nothing more where an octet string is wanted",
        ),
        (
            (SOUND[0], attribute(MESSAGE_DIGEST, octet_string(bytes(32)), NOTHING), SOUND[2]),
            "where nothing more is wanted",
        ),
        (
            (SOUND[0], attribute(MESSAGE_DIGEST, octet_string(bytes(31))), SOUND[2]),
            "a sha256 digest has 32 bytes, this one has 31",
        ),
        (SOUND[:2], "it does not say which certificate signed it"),
        (
            (*SOUND[:2], attribute(CERTIFICATE_V2, certificate_ids())),
            "nothing more where a sequence is wanted",
        ),
        (
            (
                *SOUND[:2],
                attribute(
                    CERTIFICATE_V2, certificate_ids(write_sequence(SHA1, octet_string(bytes(20))))
                ),
            ),
            r"the hash algorithm 1\.3\.14\.3\.2\.26 is not accepted",
        ),
        ((*SOUND, utf8_string("a")), "a UTF-8 string where a sequence is wanted"),
    ],
    ids=[
        "no content type",
        "another content type",
        "two content types",
        "content type twice",
        "no digest",
        "an empty digest attribute",
        "two digests",
        "a short digest",
        "no certificate",
        "an empty list of certificates",
        "a certificate by SHA-1 where the hash is free",
        "no attribute",
    ],
)
def test_other_attributes_are_refused(attributes: tuple[bytes, ...], message: str) -> None:
    """Without them the signature would not say what it is for, and whose it is."""
    with pytest.raises(ParseError, match=message):
        parse(attributes=attributes)


def test_other_attributes_beside_them_are_signed_and_overlooked() -> None:
    """As the signing time, which is not the time that counts."""
    time = attribute("1.2.840.113549.1.9.5", utf8_string("whenever"))
    assert time in parse(attributes=(*SOUND, time)).signed


def test_the_order_of_attributes_is_kept() -> None:
    """What was signed is what came, sorted or not; only the tag is that of a plain set."""
    unsorted = b"".join(sorted(SOUND, reverse=True))
    der = Token(signer=SIGNER).der().replace(b"".join(sorted(SOUND)), unsorted)
    response = sequence(der, "timestamp")
    assert response.element(SEQUENCE) == GRANTED
    message = parse_signed_message(
        response.inside(), content_type=oid_bytes("1.2.840.113549.1.9.16.1.4")
    )
    assert message.signed == encoded(SET, unsorted)


@pytest.mark.parametrize(
    ("kind", "ids", "hashes"),
    [
        (
            CERTIFICATE,
            certificate_ids(write_sequence(octet_string(b"short"))),
            [("sha1", b"short")],
        ),
        (
            CERTIFICATE,
            certificate_ids(
                write_sequence(octet_string(b"one"), write_sequence()),
                write_sequence(octet_string(b"two")),
                policies=write_sequence(),
            ),
            [("sha1", b"one")],
        ),
        (
            CERTIFICATE_V2,
            certificate_ids(write_sequence(octet_string(bytes(32)))),
            [("sha256", bytes(32))],
        ),
        (
            CERTIFICATE_V2,
            certificate_ids(write_sequence(SHA256, octet_string(bytes(32)), write_sequence())),
            [("sha256", bytes(32))],
        ),
        (
            CERTIFICATE_V2,
            certificate_ids(write_sequence(SHA512, octet_string(bytes(64)))),
            [("sha512", bytes(64))],
        ),
    ],
    ids=["old", "old, with all there is", "new", "new, with all there is", "by SHA-512"],
)
def test_the_signers_certificate_is_named_by_its_hash(
    kind: str, ids: bytes, hashes: list[tuple[str, bytes]]
) -> None:
    """The first of those named, in the old form or in the new one."""
    message = parse(attributes=(*SOUND[:2], attribute(kind, ids)))
    found = [(each.algorithm, each.value) for each in message.certificate_hashes]
    assert found == hashes


def test_both_forms_may_name_it() -> None:
    """Then both count."""
    old = attribute(CERTIFICATE, certificate_ids(write_sequence(octet_string(b"one"))))
    assert len(parse(attributes=(*SOUND, old)).certificate_hashes) == 2


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_a_hash_fits_its_certificate_alone(algorithm: str) -> None:
    """Whatever the function."""
    value = hashlib.new(algorithm, b"certificate").digest()
    named = CertificateHash(algorithm=algorithm, value=value)
    assert named.fits(b"certificate")
    assert not named.fits(b"another")
    assert str(named) == f"{algorithm}:{value.hex()}"


def test_embedded_certificates_are_kept_as_they_came() -> None:
    """Sorted or not, certificates or not: nothing rests on them."""
    embedded = (write_sequence(integer(2)), write_sequence(integer(1)), b"\xa1\0")
    assert parse(embedded=tagged(0, *embedded)).embedded == embedded


def test_revocation_lists_and_unsigned_attributes_are_overlooked() -> None:
    """Nobody signed them."""
    message = parse(embedded=tagged(0) + tagged(1, NOTHING), unsigned=tagged(1, NOTHING))
    assert message.embedded == ()


@pytest.mark.parametrize(
    ("digest", "algorithm"),
    [(SHA256, HashAlgorithm.SHA256), (SHA384, HashAlgorithm.SHA384)],
)
def test_rsa_may_leave_its_hash_to_the_digest(digest: bytes, algorithm: HashAlgorithm) -> None:
    """As openssl writes it."""
    rsa = write_sequence(oid("1.2.840.113549.1.1.1"), NOTHING)
    content_digest = attribute(MESSAGE_DIGEST, octet_string(bytes(algorithm.size)))
    message = parse(digest=digest, algorithm=rsa, attributes=(SOUND[0], content_digest, SOUND[2]))
    assert message.algorithm.hash is algorithm
