# SPDX-License-Identifier: Apache-2.0
"""Client trust configurations, taken apart."""

import json
from typing import Any

import pytest

from keyless.errors import ParseError
from keyless.protocol.client_trust_config import MEDIA_TYPE, ClientTrustConfig

BOTH: dict[str, Any] = {
    "mediaType": MEDIA_TYPE,
    "trustedRoot": {"größe": [1, 2.5]},
    "signingConfig": {"caUrls": []},
}


def test_the_two_documents_are_taken_out() -> None:
    """Each as JSON of its own, saying what it said."""
    config = ClientTrustConfig.parse(json.dumps(BOTH).encode())
    assert json.loads(config.trusted_root) == BOTH["trustedRoot"]
    assert json.loads(config.signing_config) == BOTH["signingConfig"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mediaType": "text/plain"}, r"\$\.mediaType: text/plain is not a client trust"),
        ({"mediaType": None}, r"\$\.mediaType: missing"),
        ({"trustedRoot": None}, r"\$\.trustedRoot: missing"),
        ({"signingConfig": []}, r"\$\.signingConfig: a list where an object is wanted"),
    ],
)
def test_what_is_malformed_is_refused(change: dict[str, Any], reason: str) -> None:
    """The error says where."""
    with pytest.raises(ParseError, match=reason):
        ClientTrustConfig.parse(json.dumps({**BOTH, **change}).encode())
