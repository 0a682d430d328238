# SPDX-License-Identifier: Apache-2.0
"""Public keys: every way to sign is verified, against signatures by `cryptography` itself."""

import pickle
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    mldsa,
    padding,
    rsa,
    x448,
    x25519,
)
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, ParseError, UnsupportedError
from keyless.protocol.der_writer import bit_string, integer, oid, sequence
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.keys import ALGORITHMS, Algorithm, PublicKey, algorithm_named
from keyless.value import replace
from tests.refusals import refused

MESSAGE = b"what is signed"
SHA256, SHA384, SHA512 = HashAlgorithm
HASHES: dict[HashAlgorithm, hashes.HashAlgorithm] = {
    SHA256: hashes.SHA256(),
    SHA384: hashes.SHA384(),
    SHA512: hashes.SHA512(),
}
ED25519_PH = "PKIX_ED25519_PH"
NAMES = [name for name in ALGORITHMS if name != ED25519_PH]
OVER_HASHES = [name for name in NAMES if ALGORITHMS[name].hash]
OVER_MESSAGES = [name for name in NAMES if not ALGORITHMS[name].hash]
# The first way to sign of each kind of key, and the RSA keys that take long to make left out.
QUICK = {algorithm.kind: name for name, algorithm in reversed(ALGORITHMS.items())}
QUICK = {kind: name for kind, name in QUICK.items() if kind not in {"RSA 3072", "RSA 4096"}}

names = pytest.mark.parametrize("name", NAMES)
kinds = pytest.mark.parametrize("kind", QUICK)


@cache  # an RSA key takes up to seconds to make
def private_key(kind: str) -> PrivateKeyTypes:
    """Return the tests' key of *kind*."""
    family, _, size = kind.partition(" ")
    match family:
        case "ECDSA":
            curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
            return ec.generate_private_key(curves[size])
        case "RSA":
            return rsa.generate_private_key(65537, int(size))
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "ML-DSA-44":
            return mldsa.MLDSA44PrivateKey.generate()
        case "ML-DSA-65":
            return mldsa.MLDSA65PrivateKey.generate()
        case _:
            return mldsa.MLDSA87PrivateKey.generate()


def public_key(kind: str) -> PublicKey:
    """Return the public half of the tests' key of *kind*, read from its DER."""
    return PublicKey.parse(spki(private_key(kind).public_key()))


def spki(key: PublicKeyTypes) -> bytes:
    """Write *key* as `cryptography` does."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(how: Algorithm, *, salt: int = 32) -> bytes:
    """Sign the message as *how* says, PSS with *salt* bytes of salt."""
    key = private_key(how.kind)
    match key:
        case ec.EllipticCurvePrivateKey():
            assert how.hash
            return key.sign(MESSAGE, ec.ECDSA(HASHES[how.hash]))
        case rsa.RSAPrivateKey():
            assert how.hash
            hashing = HASHES[how.hash]
            pss = padding.PSS(padding.MGF1(hashing), salt)
            return key.sign(MESSAGE, pss if how.scheme == "pss" else padding.PKCS1v15(), hashing)
        case _:
            return key.sign(MESSAGE)  # type: ignore[union-attr]  # the kinds that sign messages


def verify(how: Algorithm, signature: bytes, message: bytes | Digest = MESSAGE) -> None:
    """Verify *signature* as *how* says."""
    key = public_key(how.kind)
    key.verify(signature, message, check=Check.SIGNATURE, algorithm=how)


@names
def test_every_algorithm_of_the_registry_is_verified(name: str) -> None:
    """A genuine signature verifies, one with a bit changed does not, nor does another message."""
    how = algorithm_named(name)
    signature = sign(how)
    verify(how, signature)
    altered = signature[:-1] + bytes([signature[-1] ^ 1])
    for wrong, message in ((altered, MESSAGE), (signature, MESSAGE + b"."), (b"", MESSAGE)):
        with refused(Check.SIGNATURE, "the signature does not verify with its key"):
            verify(how, wrong, message)


@pytest.mark.parametrize("name", OVER_HASHES)
def test_digest_stands_for_its_message(name: str) -> None:
    """The artifact need not be at hand when its digest is."""
    how = algorithm_named(name)
    assert how.hash
    signature = sign(how)
    verify(how, signature, Digest.of(MESSAGE, how.hash))
    with refused(Check.SIGNATURE, "does not verify"):
        verify(how, signature, Digest.of(b"another", how.hash))


@pytest.mark.parametrize("name", OVER_HASHES)
def test_digest_by_another_hash_is_refused(name: str) -> None:
    """The error names both hashes."""
    how = algorithm_named(name)
    for algorithm in HashAlgorithm:
        if algorithm is not how.hash:
            with refused(Check.SIGNATURE, f"the digest given is {algorithm.name}") as refusal:
                verify(how, sign(how), Digest.of(MESSAGE, algorithm))
            assert how.hash
            assert refusal.value.wanted == how.hash.value


@pytest.mark.parametrize("name", OVER_MESSAGES)
def test_content_is_needed_where_the_content_is_signed(name: str) -> None:
    """Its digest would be another message."""
    how = algorithm_named(name)
    with refused(Check.SIGNATURE, "covers the content itself, and only its digest was given"):
        verify(how, sign(how), Digest.of(MESSAGE))


@pytest.mark.parametrize("kind", ["ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "RSA 2048"])
@pytest.mark.parametrize("algorithm", HASHES, ids=lambda it: it.value)
def test_each_kind_of_key_signs_with_each_hash(kind: str, algorithm: HashAlgorithm) -> None:
    """Release bundles carry P-384 keys over SHA-256; a signature over another hash is refused."""
    how = public_key(kind).algorithm_with(algorithm)
    assert how.hash is algorithm
    verify(how, sign(how))
    for other in HashAlgorithm:
        if other is not algorithm:
            with refused(Check.SIGNATURE, "does not verify"):
                verify(replace(how, hash=other), sign(how))


@pytest.mark.parametrize("name", OVER_MESSAGES)
def test_key_that_signs_messages_ignores_a_hash(name: str) -> None:
    """There is but one way."""
    how = algorithm_named(name)
    assert public_key(how.kind).algorithm_with(SHA512) == how


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda it: it.value)
@pytest.mark.parametrize("salt", [0, 20, 32, 64, None])
def test_pss_is_verified_whatever_its_salt(algorithm: HashAlgorithm, salt: int | None) -> None:
    """Some clients sign with as much salt as the hash is long, others with as much as fits."""
    how = Algorithm(kind="RSA 2048", scheme="pss", hash=algorithm)
    verify(how, sign(how, salt=256 - algorithm.size - 2 if salt is None else salt))


def test_two_paddings_of_rsa_are_not_mistaken_for_each_other() -> None:
    """A signature by the one does not verify as the other."""
    pss = algorithm_named("PKIX_RSA_PSS_2048_SHA256")
    pkcs1 = algorithm_named("PKIX_RSA_PKCS1V15_2048_SHA256")
    for signed, claimed in ((pss, pkcs1), (pkcs1, pss)):
        with refused(Check.SIGNATURE, "does not verify"):
            verify(claimed, sign(signed))


@kinds
def test_key_verifies_by_its_usual_algorithm_when_told_none(kind: str) -> None:
    """The first of the registry for its kind."""
    key = public_key(kind)
    assert (key.kind, key.algorithm) == (kind, algorithm_named(QUICK[kind]))
    key.verify(sign(key.algorithm), MESSAGE, check=Check.CHECKPOINT)


@kinds
def test_refusal_is_in_the_name_of_the_check_and_names_the_key(kind: str) -> None:
    """What is verified, and by which key, is for whoever reads it."""
    key = public_key(kind)
    with refused(Check.CHECKPOINT, "the checkpoint does not verify with its key") as refusal:
        key.verify(b"forged", MESSAGE, check=Check.CHECKPOINT)
    assert refusal.value.found == "a signature of 6 bytes"
    assert key.fingerprint.hex in str(refusal.value.wanted)
    assert "altered" in str(refusal.value.hint)


@kinds
@given(signature=st.binary(max_size=5000))
def test_forged_signatures_are_refusals_whatever_their_bytes(kind: str, signature: bytes) -> None:
    """No other error comes of them."""
    key = public_key(kind)
    with refused(Check.SCT):
        key.verify(signature, MESSAGE, check=Check.SCT)


@kinds
def test_signature_by_another_key_is_refused(kind: str) -> None:
    """Of the same kind."""
    how = public_key(kind).algorithm
    made = private_key.__wrapped__(kind)
    with refused(Check.SIGNATURE, "does not verify"):
        PublicKey(made.public_key()).verify(sign(how), MESSAGE, check=Check.SIGNATURE)


def test_algorithm_of_another_kind_of_key_is_refused() -> None:
    """The error names the key's kind, and the one that was claimed."""
    key = public_key("ECDSA P-384")
    with refused(Check.KEY, r"signed with ECDSA P-256 over SHA256, but its key is ECDSA P-384"):
        key.verify(b"", MESSAGE, check=Check.KEY, algorithm=algorithm_named(QUICK["ECDSA P-256"]))


def test_ed25519ph_is_refused_for_what_it_is() -> None:
    """The library has no such signatures, and nothing here is written by hand."""
    with refused(Check.SIGNATURE, "the signature is Ed25519ph") as refusal:
        verify(algorithm_named(ED25519_PH), bytes(64))
    assert "Ed25519, ECDSA or RSA" in str(refusal.value.hint)


@pytest.mark.parametrize("name", ["", "PKIX_ECDSA_P224_SHA_256", "pkix_ed25519", "LMS_SHA256"])
def test_algorithms_that_are_not_in_the_registry_are_not_supported(name: str) -> None:
    """By their exact names only."""
    with pytest.raises(UnsupportedError, match=f"^{name} is not an algorithm accepted here$"):
        algorithm_named(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PKIX_ECDSA_P384_SHA_256", "ECDSA P-384 over SHA256"),
        ("PKIX_RSA_PSS_3072_SHA256", "RSA 3072 PSS over SHA256"),
        ("PKIX_RSA_PKCS1V15_4096_SHA256", "RSA 4096 over SHA256"),
        ("PKIX_ED25519", "Ed25519"),
        ("ML_DSA_65", "ML-DSA-65"),
    ],
)
def test_algorithm_is_said_in_words(name: str, text: str) -> None:
    """As it stands in messages."""
    assert str(algorithm_named(name)) == text


@kinds
def test_key_is_read_as_it_is_written(kind: str) -> None:
    """From DER, from PEM and after pickling, and equal by content."""
    key = public_key(kind)
    made = private_key(kind).public_key()
    pem = made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert key == PublicKey(made) == PublicKey.parse_pem(pem) == pickle.loads(pickle.dumps(key))
    assert key.spki == spki(made)
    assert len({key, PublicKey.parse_pem(pem)}) == 1


def test_keys_differ() -> None:
    """From other keys, and from what is no key."""
    assert len({public_key(kind) for kind in QUICK}) == len(QUICK)
    key: object = public_key("Ed25519")
    assert key != spki(private_key("Ed25519").public_key())


def test_key_shows_its_kind_and_fingerprint() -> None:
    """The same fingerprint by which logs are called."""
    key = public_key("Ed25519")
    assert key.fingerprint == Digest.of(key.spki)
    assert repr(key) == f"PublicKey(Ed25519, sha256={key.fingerprint.hex})"


def named(identifier: str, *parameters: bytes, key: bytes = bytes(65)) -> bytes:
    """Write *key* under an object identifier and its parameters."""
    return sequence(sequence(oid(identifier), *parameters), bit_string(key))


EC, RSA = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1"


@pytest.mark.parametrize(
    ("der", "kind"),
    [
        pytest.param(spki(ec.generate_private_key(curve).public_key()), kind, id=curve.name)
        for curve, kind in (
            (ec.SECP224R1(), "EC 224"),
            (ec.SECP256K1(), "EC 256"),
            (ec.BrainpoolP256R1(), "EC 256"),
        )
    ]
    + [
        pytest.param(spki(made.generate().public_key()), kind, id=made.__name__)
        for made, kind in (
            (x25519.X25519PrivateKey, "1.3.101.110"),
            (x448.X448PrivateKey, "1.3.101.111"),
            (ed448.Ed448PrivateKey, "1.3.101.113"),
        )
    ]
    + [
        pytest.param(
            named(RSA, b"\5\0", key=sequence(integer((1 << 1023) + 1), integer(65537))),
            "RSA 1024",
            id="RSA of 1024 bits",
        ),
        pytest.param(named("1.2.840.10040.4.1"), "1.2.840.10040.4.1", id="DSA"),
        pytest.param(
            named("1.2.840.113549.1.3.1", sequence(integer(23), integer(5)), key=integer(8)),
            "1.2.840.113549.1.3.1",
            id="Diffie-Hellman",
        ),
        pytest.param(
            named("1.2.840.113549.1.1.10"), "1.2.840.113549.1.1.10", id="RSA for PSS only"
        ),
        pytest.param(
            named(EC, oid("1.2.3.4"), key=b"\4" + bytes(64)), "Curve 1.2.3.4", id="no curve known"
        ),
        pytest.param(
            named(EC, oid("1.3.132.0.16"), key=b"\4" + bytes(64)),
            "Curve 1.3.132.0.16",
            id="a binary curve",
        ),
    ],
)
def test_keys_of_other_kinds_are_not_supported(der: bytes, kind: str) -> None:
    """Too small, out of use, not for signing, or simply not known: and nobody is warned of them."""
    with pytest.raises(UnsupportedError, match=kind):
        PublicKey.parse(der)


def test_key_of_another_kind_is_not_wrapped_either() -> None:
    """The error says what it is, and which kinds there are."""
    with pytest.raises(UnsupportedError, match="a key of kind X25519, which") as refusal:
        PublicKey(x25519.X25519PrivateKey.generate().public_key())
    assert "use ECDSA P-256" in str(refusal.value.hint)


P256 = oid("1.2.840.10045.3.1.7")


@pytest.mark.parametrize("form", [0, 2, 3, 6, 7])
@pytest.mark.parametrize("kind", ["ECDSA P-256", "ECDSA P-384", "ECDSA P-521"])
def test_points_are_written_in_full(kind: str, form: int) -> None:
    """Or one key would have several names: compressed, hybrid, and none at infinity."""
    der = public_key(kind).spki
    start = der.index(b"\x00\x04") + 1
    with pytest.raises(UnsupportedError, match="ECDSA with its point compressed"):
        PublicKey.parse(der[:start] + bytes([form]) + der[start + 1 :])


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="an empty sequence"),
        pytest.param(b"not a key", id="text"),
        pytest.param(spki(private_key("Ed25519").public_key()) + b"\0", id="a byte more"),
        pytest.param(spki(private_key("Ed25519").public_key())[:-1], id="a byte less"),
        pytest.param(named("1.3.101.112", key=bytes(31)), id="a short Ed25519 key"),
        pytest.param(named("2.16.840.1.101.3.4.3.17", key=bytes(31)), id="a short ML-DSA key"),
        pytest.param(named(EC, P256, key=b"\4" + bytes(63) + b"\1"), id="a point off the curve"),
        pytest.param(named(EC, key=b"\4" + bytes(64)), id="no curve"),
        pytest.param(
            named(EC, sequence(integer(1)), key=b"\4" + bytes(64)), id="a curve by its numbers"
        ),
        pytest.param(named(RSA, b"\5\0", key=sequence(integer(0), integer(3))), id="RSA modulo 0"),
        pytest.param(
            named(RSA, b"\5\0", key=sequence(integer((1 << 2047) + 1), integer(1))),
            id="RSA that changes nothing",
        ),
        pytest.param(sequence(sequence(integer(1)), bit_string(b"")), id="a number for a kind"),
        pytest.param(
            sequence(integer((1 << 2047) + 1), integer(65537)), id="an RSA key without its kind"
        ),
    ],
)
def test_malformed_keys_are_refused(der: bytes) -> None:
    """As what they are: not keys."""
    with pytest.raises(ParseError, match=r"not a public key: |the public key is malformed: "):
        PublicKey.parse(der)


def test_enormous_keys_are_not_looked_at() -> None:
    """Sixty-four kibibytes hold any key there is."""
    with pytest.raises(ParseError, match="a public key of 65537 bytes"):
        PublicKey.parse(bytes((64 << 10) + 1))


@given(data=st.data())
@kinds
def test_altered_keys_are_malformed_or_other_keys(kind: str, data: st.DataObject) -> None:
    """Whatever byte is changed: no other error, and what is read is written and read again."""
    der = bytearray(public_key(kind).spki)
    der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        key = PublicKey.parse(bytes(der))
    except ParseError:
        return
    assert key != public_key(kind)
    assert PublicKey.parse(key.spki) == key
