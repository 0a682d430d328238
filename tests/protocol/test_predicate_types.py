# SPDX-License-Identifier: Apache-2.0
"""Predicate types by name and by URI."""

import pytest

from keyless.errors import InputError
from keyless.protocol.predicate_types import (
    PREDICATE_TYPES,
    predicate_name,
    predicate_type_called,
)


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ],
)
def test_a_name_stands_for_its_uri(name: str, uri: str) -> None:
    """The names are those that cosign has."""
    assert predicate_type_called(name) == uri


@pytest.mark.parametrize("uri", ["https://example.com/reviewed/v1", "urn:example:a"])
def test_a_uri_stands_for_itself(uri: str) -> None:
    """A type of one's own needs no name."""
    assert predicate_type_called(uri) == uri
    assert predicate_name(uri) is None


@pytest.mark.parametrize("name", ["SPDX", "slsa", "", "https:", "https://a b", "a\n:b"])
def test_anything_else_is_refused_with_the_names(name: str) -> None:
    """A slip in a name must not become a type that no verifier asks for."""
    with pytest.raises(InputError, match="neither the URI of a predicate type nor") as refusal:
        predicate_type_called(name)
    assert "slsaprovenance1, slsaprovenance, slsaprovenance02, spdx" in str(refusal.value.hint)


def test_of_two_names_for_a_type_the_first_is_the_one_used() -> None:
    """A type has one name when it is shown, and that name leads back to it."""
    assert predicate_name("https://spdx.dev/Document") == "spdx"
    assert predicate_name("https://slsa.dev/provenance/v0.2") == "slsaprovenance"
    assert {predicate_name(uri) for uri in PREDICATE_TYPES.values()} <= PREDICATE_TYPES.keys()
