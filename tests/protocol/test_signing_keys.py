# SPDX-License-Identifier: Apache-2.0
"""Private keys: what they sign verifies, and nothing shows them."""

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from keyless.errors import Check, InputError, ParseError, UnsupportedError, VerificationError
from keyless.protocol.der_writer import integer, octet_string, oid, sequence
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import b64encode
from keyless.protocol.keys import ALGORITHMS, LARGEST_KEY, Algorithm, algorithm_named
from keyless.protocol.signing_keys import SigningKey

MESSAGE = b"what is signed"
P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
ED25519 = algorithm_named("PKIX_ED25519")
# Large RSA keys take seconds to make, and are no different from small ones.
QUICK = [
    name
    for name in ALGORITHMS
    if "_3072_" not in name and "_4096_" not in name and "PH" not in name
]
OVER_A_DIGEST = [name for name in QUICK if algorithm_named(name).hash]


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    """One key for each way of signing."""
    return {name: SigningKey.generate(algorithm_named(name)) for name in QUICK}


@pytest.mark.parametrize("name", QUICK)
def test_a_signature_verifies_by_the_algorithm_the_key_was_made_for(
    name: str, keys: dict[str, SigningKey]
) -> None:
    """What a new key signs, its public half accepts."""
    signature = keys[name].sign(MESSAGE)
    keys[name].public.verify(
        signature, MESSAGE, check=Check.SIGNATURE, algorithm=algorithm_named(name)
    )


@pytest.mark.parametrize("name", OVER_A_DIGEST)
def test_a_digest_is_signed_as_the_message_it_stands_for(
    name: str, keys: dict[str, SigningKey]
) -> None:
    """A signer that has only the digest makes the same kind of signature."""
    algorithm = algorithm_named(name)
    assert algorithm.hash
    signature = keys[name].sign(Digest.of(MESSAGE, algorithm.hash))
    keys[name].public.verify(signature, MESSAGE, check=Check.SIGNATURE, algorithm=algorithm)


@pytest.mark.parametrize("name", ["PKIX_ED25519", "ML_DSA_65"])
def test_an_algorithm_over_the_content_refuses_a_digest(
    name: str, keys: dict[str, SigningKey]
) -> None:
    """Signing the digest's bytes instead would be a signature over something else."""
    with pytest.raises(InputError, match="signs the content itself"):
        keys[name].sign(Digest.of(MESSAGE))


def test_a_digest_by_another_hash_is_refused(keys: dict[str, SigningKey]) -> None:
    """P-256 over SHA-256 does not sign a SHA-512 digest."""
    with pytest.raises(InputError, match="signs a SHA256 digest"):
        keys["PKIX_ECDSA_P256_SHA_256"].sign(Digest.of(MESSAGE, HashAlgorithm.SHA512))


def test_an_algorithm_may_be_named_for_one_signature(keys: dict[str, SigningKey]) -> None:
    """A P-384 key signs over SHA-256 when told so."""
    over_sha256 = algorithm_named("PKIX_ECDSA_P384_SHA_256")
    key = keys["PKIX_ECDSA_P384_SHA_384"]
    signature = key.sign(MESSAGE, algorithm=over_sha256)
    key.public.verify(signature, MESSAGE, check=Check.SIGNATURE, algorithm=over_sha256)
    with pytest.raises(VerificationError):
        key.public.verify(signature, MESSAGE, check=Check.SIGNATURE)


def test_an_algorithm_for_another_kind_of_key_is_refused(keys: dict[str, SigningKey]) -> None:
    """A P-256 key cannot sign as Ed25519."""
    with pytest.raises(InputError, match="ECDSA P-256 does not sign by Ed25519"):
        keys["PKIX_ECDSA_P256_SHA_256"].sign(MESSAGE, algorithm=ED25519)


def test_ed25519ph_is_refused_with_what_to_use_instead() -> None:
    """What the library does not offer is said to be missing, not made by hand."""
    with pytest.raises(InputError, match="Ed25519ph") as refusal:
        SigningKey.generate(algorithm_named("PKIX_ED25519_PH"))
    assert "Ed25519, ECDSA or RSA" in str(refusal.value.hint)


@pytest.mark.parametrize("name", QUICK)
def test_a_key_survives_being_written_and_read(name: str, keys: dict[str, SigningKey]) -> None:
    """PKCS#8 keeps the key; how it is to sign is said by whoever reads it."""
    algorithm = algorithm_named(name)
    again = SigningKey.parse(keys[name].to_pkcs8(), algorithm=algorithm)
    assert (again.public, again.algorithm) == (keys[name].public, algorithm)
    again.public.verify(again.sign(MESSAGE), MESSAGE, check=Check.SIGNATURE, algorithm=algorithm)


def test_a_key_read_without_an_algorithm_signs_as_its_kind_usually_does(
    keys: dict[str, SigningKey],
) -> None:
    """P-384 means SHA-384 unless something else is said."""
    again = SigningKey.parse(keys["PKIX_ECDSA_P384_SHA_256"].to_pkcs8())
    assert again.algorithm == algorithm_named("PKIX_ECDSA_P384_SHA_384")


def test_what_is_no_key_is_not_quoted() -> None:
    """A file that was meant to hold a key may hold another secret."""
    with pytest.raises(ParseError, match="not a private key") as refusal:
        SigningKey.parse(b"hunter2")
    assert "hunter2" not in str(refusal.value)


def test_a_key_too_large_to_be_one_is_refused() -> None:
    """Bytes without end are not handed to the library."""
    with pytest.raises(ParseError, match=f"a private key of {LARGEST_KEY + 1} bytes"):
        SigningKey.parse(bytes(LARGEST_KEY + 1))


def test_a_key_that_agrees_on_secrets_is_refused() -> None:
    """X25519 keys sign nothing."""
    key = x25519.X25519PrivateKey.generate()
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnsupportedError, match=r"of kind 1\.3\.101\.110"):
        SigningKey.parse(pkcs8)
    with pytest.raises(UnsupportedError, match="of kind X25519"):
        SigningKey(key)


def test_a_key_in_another_form_than_pkcs8_is_refused() -> None:
    """The forms from before it say of what kind a key is by where it was found."""
    key = ec.generate_private_key(ec.SECP256R1())
    sec1 = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    with pytest.raises(ParseError, match="not a private key in unencrypted PKCS#8"):
        SigningKey.parse(sec1)


def test_a_kind_of_key_that_the_library_warns_about_is_refused_first() -> None:
    """Diffie-Hellman: a warning is no way to refuse."""
    kind = sequence(oid("1.2.840.113549.1.3.1"), sequence(integer(23), integer(5)))
    pkcs8 = sequence(integer(0), kind, octet_string(integer(7)))
    with pytest.raises(UnsupportedError, match=r"of kind 1\.2\.840\.113549\.1\.3\.1"):
        SigningKey.parse(pkcs8)


def test_an_encrypted_key_is_refused() -> None:
    """Who encrypted it has a password, which is not asked for here."""
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted = key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    with pytest.raises(ParseError, match="not a private key in unencrypted PKCS#8"):
        SigningKey.parse(encrypted)


def test_a_damaged_key_is_refused(keys: dict[str, SigningKey]) -> None:
    """Its kind can be read, and the rest cannot."""
    pkcs8 = keys["PKIX_ECDSA_P256_SHA_256"].to_pkcs8()
    with pytest.raises(ParseError, match="not a private key in unencrypted PKCS#8"):
        SigningKey.parse(sequence(*(integer(0), pkcs8[6:27])))


def test_a_curve_outside_the_registry_is_refused() -> None:
    """Secp256k1 signs, but nobody in Sigstore accepts it."""
    with pytest.raises(ParseError, match="of kind EC 256"):
        SigningKey(ec.generate_private_key(ec.SECP256K1()))


@pytest.mark.parametrize("show", [repr, str, "{}".format, ascii])
def test_a_key_is_shown_by_its_public_half(show: object, keys: dict[str, SigningKey]) -> None:
    """A key in a log line or a traceback says which key it is, and no more."""
    key = keys["PKIX_ECDSA_P256_SHA_256"]
    assert callable(show)
    assert show(key) == f"SigningKey(ECDSA P-256, sha256={key.public.fingerprint.hex})"
    assert b64encode(key.to_pkcs8())[60:90] not in show(key)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_duplicated_unasked(duplicate: object, keys: dict[str, SigningKey]) -> None:
    """A key does not travel to another process, or into a cache, inside something else."""
    assert callable(duplicate)
    with pytest.raises(TypeError, match="to_pkcs8"):
        duplicate(keys["PKIX_ED25519"])


def test_two_keys_are_never_the_same() -> None:
    """Each signer has a key of their own."""
    algorithms: list[Algorithm] = [P256, P256]
    assert len({SigningKey.generate(each).public for each in algorithms}) == 2
