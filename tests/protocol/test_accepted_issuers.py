# SPDX-License-Identifier: Apache-2.0
"""Whose tokens an authority takes, read from its configuration."""

import json
from typing import Any

import pytest

from keyless.errors import ParseError
from keyless.protocol.accepted_issuers import AcceptedIssuer, parse_accepted_issuers

GOOGLE = "https://accounts.google.com"
CLUSTERS = "https://oidc.eks.*.amazonaws.com/id/*"


def parsed(*issuers: Any) -> tuple[AcceptedIssuer, ...]:
    """Read a configuration that lists *issuers*."""
    return parse_accepted_issuers(json.dumps({"issuers": issuers}).encode())


def test_issuers_stand_by_their_urls_or_by_what_many_have_in_common() -> None:
    """With whom their tokens are for, and whom they vouch for."""
    one, many = parsed(
        {"issuerUrl": GOOGLE, "audience": "sigstore", "issuerType": "email"},
        {"wildcardIssuerUrl": CLUSTERS, "audience": "sigstore"},
    )
    assert one == AcceptedIssuer(url=GOOGLE, is_wildcard=False, audience="sigstore", kind="email")
    assert many == AcceptedIssuer(url=CLUSTERS, is_wildcard=True, audience="sigstore", kind=None)


@pytest.mark.parametrize(
    ("issuer", "is_that"),
    [
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/0A", True),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/0A/", False),
        ("https://oidc.eks..amazonaws.com/id/0A", False),
        ("https://oidc.eks.a/b.amazonaws.com/id/0A", False),
        ("https://oidcXeks.eu-west-1.amazonaws.com/id/0A", False),
        (CLUSTERS, False),
    ],
)
def test_a_star_is_one_word(issuer: str, *, is_that: bool) -> None:
    """As the authority has it."""
    (many,) = parsed({"wildcardIssuerUrl": CLUSTERS, "audience": "sigstore"})
    assert many.is_that(issuer) is is_that


def test_a_url_is_that_url() -> None:
    """A star in it is a star."""
    (one,) = parsed({"issuerUrl": GOOGLE, "audience": "sigstore"})
    assert one.is_that(GOOGLE)
    assert not one.is_that(f"{GOOGLE}/")


@pytest.mark.parametrize(
    "issuer",
    [{"audience": "sigstore"}, {"issuerUrl": GOOGLE}, {"issuerUrl": 7, "audience": "sigstore"}, 7],
)
def test_what_names_no_issuer_is_an_error(issuer: Any) -> None:
    """Who is not understood may be the one that is looked for."""
    with pytest.raises(ParseError, match=r"issuers\[0\]"):
        parsed(issuer)
