# SPDX-License-Identifier: Apache-2.0
"""Certificate requests: a key, and proof that whoever asks holds it (PKCS #10, RFC 2986).

    CertificationRequest     ::= SEQUENCE { CertificationRequestInfo, algorithm, signature }
    CertificationRequestInfo ::= SEQUENCE { version 0, subject, subjectPKInfo, [0] attributes }

The subject stays empty. Whose key it is, the authority learns from the identity token; from a
request it takes the key and nothing else.
"""

from keyless.protocol.algorithm_writer import signature_identifier
from keyless.protocol.der_writer import bit_string, integer, sequence, tagged
from keyless.protocol.signing_keys import SigningKey


def certificate_request(key: SigningKey) -> bytes:
    """Write the request, in DER, for a certificate of *key*."""
    info = sequence(integer(0), sequence(), key.public.spki, tagged(0))
    return sequence(info, signature_identifier(key.algorithm), bit_string(key.sign(info)))
