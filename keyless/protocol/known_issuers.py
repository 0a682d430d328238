# SPDX-License-Identifier: Apache-2.0
"""Whom and what a certificate will name for a token, by the rules for its issuer.

The rules, and where they come from, are in `issuer_rules`. Nothing is judged by what is told here.
"""

import re
from collections.abc import Iterator, Mapping

from keyless.protocol.issuer_rules import Rules, Texts, known_rules
from keyless.protocol.json_reader import Json, JsonValue

_PLACE = re.compile(r"\{([^{}]+)\}")
# The authority takes a name for a URI, and writes others than these characters in another way.
_STABLE_URI = re.compile(
    r"https?://[\w.~!$&'()*+,;=:@/\[\]-]+(#[\w.~!$&'()*+,;=:@/\[\]-]*)?", re.ASCII
)
_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
# Its program writes whole numbers from a million on with an exponent.
_FIRST_WITH_EXPONENT = 1_000_000


def certified_identity(said: Json, issuer: str) -> str | None:
    """Return whom a certificate for a token of *issuer* that has *said* this will name, if known.

    None as well where the authority will refuse it, or may write it in another way.
    """
    rules = known_rules(issuer)
    if rules is None:
        return None
    identity = _filled_in(rules.identity, _texts(said, rules))
    stable = _ADDRESS if rules.identity == "{email}" else _STABLE_URI
    return identity if identity is not None and stable.fullmatch(identity) else None


def certified_texts(said: Json, issuer: str) -> Texts | None:
    """Return what else the certificate will say, by the names of `Claims`; None as above.

    What is not said in the token is not there, and what would be empty is not written either.
    """
    rules = known_rules(issuer)
    if rules is None:
        return None
    texts = _texts(said, rules)
    templates = {"issuer": rules.issuer, "token_subject": "{sub}", **rules.claims}
    filled = ((name, _filled_in(template, texts)) for name, template in templates.items())
    return {name: text for name, text in filled if text}


def _texts(said: Json, rules: Rules) -> Texts:
    claims = {name: said.value(name) for name in said.names()}
    texts = {**rules.defaults, **dict(_flat("", claims))}
    return {**texts, **rules.derived(texts)}


def _flat(prefix: str, claims: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Walk the *claims* that can be written down, those within others by both of their names."""
    for name, claim in claims.items():
        match claim:
            case str():
                yield prefix + name, claim
            case bool():
                yield prefix + name, str(claim).lower()
            case int() if 0 <= claim < _FIRST_WITH_EXPONENT:
                yield prefix + name, str(claim)
            case dict():
                yield from _flat(f"{prefix}{name}/", claim)
            case _:
                pass  # nothing that a rule asks for


def _filled_in(template: str, texts: Texts) -> str | None:
    """Fill in *template*; None where something that it needs is not said."""
    if any(name not in texts for name in _PLACE.findall(template)):
        return None
    return _PLACE.sub(lambda place: texts[place[1]], template)
