# SPDX-License-Identifier: Apache-2.0
"""What becomes public when an image is signed, shown before it is.

The image's name does not: neither statement has it in a log. An attestation's subject has a name.
"""

from keyless.disclosure import Disclosure
from keyless.images.formats import WriteFormat
from keyless.images.place import Place
from keyless.images.sign import formats_of, payload_of, statement_of
from keyless.protocol.cosign import Annotations
from keyless.session import Predicate, Signer


def disclosures(
    place: Place,
    signer: Signer,
    *,
    annotations: Annotations = (),
    format: WriteFormat = "bundle",  # noqa: A002 - what everybody calls it
) -> tuple[Disclosure, ...]:
    """Return what becomes public when *signer* signs the image at *place*, for each format."""
    digest = place.digest()
    payloads = {
        each: payload_of(place, digest, annotations, kind=each)
        for each in formats_of(format, signer.sigstore)
    }
    return tuple(
        signer.statement_disclosure(payload) if each == "bundle" else signer.disclosure(payload)
        for each, payload in payloads.items()
    )


def attestation_disclosure(
    place: Place,
    signer: Signer,
    *,
    predicate: Predicate,
    type: str,  # noqa: A002 - what everybody calls it
) -> Disclosure:
    """Return what becomes public when *signer* attests to the image at *place*."""
    statement = statement_of(place, place.digest(), predicate, type)
    return signer.statement_disclosure(statement.to_json())
