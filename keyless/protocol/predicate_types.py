# SPDX-License-Identifier: Apache-2.0
"""What attestations say, by everyday names: the type of a predicate is a URI nobody remembers.

The names are those that cosign's users type.
"""

import re

from keyless.errors import InputError
from keyless.safe_text import shown

PREDICATE_TYPES = {
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
    "openvex": "https://openvex.dev/ns",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "link": "https://in-toto.io/Link/v1",
    "custom": "https://cosign.sigstore.dev/attestation/v1",
}
_NAMES = {uri: name for name, uri in reversed(PREDICATE_TYPES.items())}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


def predicate_type_called(name: str) -> str:
    """Return the URI of the predicate type that is called *name*, which may be that URI."""
    if name in PREDICATE_TYPES:
        return PREDICATE_TYPES[name]
    if _URI.fullmatch(name):
        return name
    raise InputError(
        f"{shown(name, longest=120)} is neither the URI of a predicate type nor a name known here",
        hint=f"the names are {', '.join(PREDICATE_TYPES)}",
    )


def predicate_name(predicate_type: str) -> str | None:
    """Return what *predicate_type*, a URI, is called here; None when it has no name."""
    return _NAMES.get(predicate_type)
