# SPDX-License-Identifier: Apache-2.0
"""What a certificate will say of whoever holds a token, where that can be told.

An authority writes down who signs by rules of its own, one set for each issuer; those of the public
one are in `issuer_rules`. So what becomes public can be shown before it does. Nothing is judged by
them.
"""

from keyless.protocol.claims import Claims
from keyless.protocol.issuer_rules import GITHUB, GITLAB
from keyless.protocol.known_issuers import certified_texts
from keyless.protocol.token import IdentityToken

__all__ = ["GITHUB", "GITLAB", "certified_claims"]


def certified_claims(token: IdentityToken) -> Claims | None:
    """Return what a certificate for the holder of *token* will say; None where no rule is known.

    Authorities of before 2026 leave the token's subject out.
    """
    texts = certified_texts(token.said(), token.issuer)
    return None if texts is None else Claims(**texts)
