# SPDX-License-Identifier: Apache-2.0
"""Proof that whoever wants a key certified holds it, in either of the two forms that there are.

{"certificateSigningRequest": base64(PEM of a PKCS #10 request, which its own key has signed)}
{"publicKeyRequest": {"publicKey": {"content": PEM},
                      "proofOfPossession": base64(signature over who the token is about)}}
"""

from keyless.errors import Check, KeylessError, ParseError, UnsupportedError
from keyless.protocol.algorithm_identifier import parse_signature_algorithm, with_key
from keyless.protocol.der import SEQUENCE, Der, encoded, sequence
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.encoding import pem_decode
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import PublicKey
from keyless.sandbox.answering import RefusedError

# The words of the real authority, in which other clients look for what went wrong.
BAD_REQUEST = "The certificate signing request could not be parsed"
BAD_KEY = "The public key supplied in the request could not be parsed"
WEAK_KEY = "The public key supplied in the request is insecure"
BAD_SIGNATURE = "The signature supplied in the request could not be verified"

_ACCEPTED = ("ECDSA", "RSA", "Ed25519")


def held_key(wanted: Json, challenge: str) -> PublicKey:
    """Return the key in the request *wanted*, from somebody who was asked to sign *challenge*."""
    if wanted.has("certificateSigningRequest"):
        return _requested(wanted)
    asked = wanted.optional_object("publicKeyRequest")
    try:
        key = _key(asked)
        proof = asked.base64("proofOfPossession") if asked else b""
    except UnsupportedError:
        raise RefusedError(400, WEAK_KEY) from None
    except ParseError:
        raise RefusedError(400, BAD_KEY) from None
    how = key.algorithm_with(HashAlgorithm.SHA256)
    try:
        key.verify(proof, challenge.encode("utf-8"), check=Check.SIGNATURE, algorithm=how)
    except KeylessError:
        raise RefusedError(400, BAD_SIGNATURE) from None
    return key


def _key(asked: Json | None) -> PublicKey:
    if asked is None:
        raise ParseError("no key")
    return _accepted(PublicKey.parse_pem(asked.object("publicKey").text("content")))


def _requested(wanted: Json) -> PublicKey:
    """Read CertificationRequest { info, algorithm, signature }, and verify the signature."""
    try:
        der = pem_decode(_ascii(wanted.base64("certificateSigningRequest")), "CERTIFICATE REQUEST")
        with sequence(der, "certificate request") as fields:
            info = fields.content(SEQUENCE)
            algorithm = parse_signature_algorithm(fields.element(SEQUENCE))
            signature = fields.whole_bytes()
        key = _accepted(_requested_key(Der(info, "certificate request")))
    except UnsupportedError:
        raise RefusedError(400, WEAK_KEY) from None
    except ParseError:
        raise RefusedError(400, BAD_REQUEST) from None
    signed, how = encoded(SEQUENCE, info), with_key(algorithm, key)
    try:
        key.verify(signature, signed, check=Check.SIGNATURE, algorithm=how)
    except KeylessError:
        raise RefusedError(400, BAD_SIGNATURE) from None
    return key


def _requested_key(info: Der) -> PublicKey:
    """Read CertificationRequestInfo { version, subject, subjectPKInfo, [0] attributes }."""
    info.integer()
    # Who it is about, the token says: what stands here is not even looked at.
    info.content(SEQUENCE)
    return PublicKey.parse(info.element(SEQUENCE))


def _accepted(key: PublicKey) -> PublicKey:
    if not key.kind.startswith(_ACCEPTED):
        raise UnsupportedError(f"{key.kind} is not certified")
    return key


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise ParseError("not ASCII") from None
