# SPDX-License-Identifier: Apache-2.0
"""Whose tokens an authority takes, as it says itself (Fulcio's interface, version 2).

    {"issuers": [{"issuerUrl":         "https://accounts.google.com",
                  "audience":          "sigstore",
                  "challengeClaim":    "email",
                  "issuerType":        "email"},
                 {"wildcardIssuerUrl": "https://oidc.eks.*.amazonaws.com/id/*", …}]}

What its certificates will say of them it does not tell: see `issuer_rules`.
"""

import re

from keyless.protocol.issuer_rules import issuer_pattern
from keyless.protocol.json_reader import Json
from keyless.value import value

LARGEST_CONFIGURATION = 1 << 20
MOST_ISSUERS = 4096


@value
class AcceptedIssuer:
    """An issuer whose tokens for *audience* are taken; in *url*, a `*` stands for one word.

    *kind* is whom it vouches for, as `email` or `ci-provider`.
    """

    url: str
    is_wildcard: bool
    audience: str
    kind: str | None

    def is_that(self, issuer: str) -> bool:
        """Say whether *issuer* is the one, or one of those, that are meant."""
        if self.is_wildcard:
            return re.fullmatch(issuer_pattern(self.url), issuer) is not None
        return self.url == issuer


def parse_accepted_issuers(data: bytes) -> tuple[AcceptedIssuer, ...]:
    """Read the configuration of an authority."""
    configuration = Json.parse(data, largest=LARGEST_CONFIGURATION)
    return tuple(_issuer(each) for each in configuration.objects("issuers", most=MOST_ISSUERS))


def _issuer(json: Json) -> AcceptedIssuer:
    named_by = json.only_one_of("issuerUrl", "wildcardIssuerUrl")
    return AcceptedIssuer(
        url=json.text(named_by),
        is_wildcard=named_by == "wildcardIssuerUrl",
        audience=json.text("audience"),
        kind=json.optional_text("issuerType"),
    )
