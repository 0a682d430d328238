# SPDX-License-Identifier: Apache-2.0
"""What becomes public when something is signed, shown before anything does.

A log never forgets: a name that is in it once stays there. So whoever signs can see beforehand who
will be named, what will be said of them and of the artifact, and where all of it will stand.
"""

from collections.abc import Iterator
from typing import Literal, assert_never

from keyless.auth import Identity
from keyless.credential import Credential
from keyless.instance import Sigstore
from keyless.protocol.certificate import Certificate
from keyless.protocol.certified import certified_claims
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import pae
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.signing_config import SigningServices
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.protocol.token import IdentityToken
from keyless.protocol.trusted_root import host_of
from keyless.report import Row, html, text
from keyless.value import value

# What a token says for its bearer and its verifier alone; certificates do not repeat it.
_FORMALITIES = {"aud", "iat", "exp", "nbf", "jti", "nonce", "at_hash", "c_hash", "auth_time", "azp"}

_TITLE = "signing makes this public, for ever"

Certainty = Literal["stated", "foretold", "possible"]


@value
class Disclosure:
    """What becomes public: *who* signed, *what*, and *where* both will stand.

    *certainty* says how well the former is known: a certificate that is there says it, rules of the
    authority foretell it, or the token merely says it, and the authority may take any of it over.
    """

    who: tuple[tuple[str, str], ...]
    certainty: Certainty
    what: tuple[tuple[str, str], ...]
    where: tuple[str, ...]
    unpublished: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "who": dict(self.who),
            "certainty": self.certainty,
            "what": [{"name": name, "content": content} for name, content in self.what],
            "where": list(self.where),
            "unpublished": list(self.unpublished),
        }

    def __str__(self) -> str:
        return text(_TITLE, list(self._rows()))

    def _repr_html_(self) -> str:
        return html(_TITLE, list(self._rows()))

    def _rows(self) -> Iterator[Row]:
        maybe = "possibly, " if self.certainty == "possible" else ""
        for name, said in self.who:
            yield f"{maybe}{name.replace('_', ' ')}", said, ""
        for name, content in self.what:
            yield name, content, ""
        for place in self.where:
            yield "in", place, ""
        for thing in self.unpublished:
            yield "but not", thing, ""


def disclosure(
    signer: Identity | Credential,
    content: Digest | Statement | bytes,
    *,
    sigstore: Sigstore,
) -> Disclosure:
    """Return what becomes public when *signer* signs *content*: an artifact, or a statement.

    A statement may be written already, as bytes.
    An identity is asked for a token, which may mean to sign in; nothing is sent to anybody else.
    """
    services = sigstore.signing_services()
    certified = isinstance(signer, Identity) or signer.certificate is not None
    who, certainty = _who(signer, sigstore)
    if isinstance(content, Statement):
        content = content.to_json()
    return Disclosure(
        who=who,
        certainty=certainty,
        what=tuple(_what(content, services)),
        where=tuple(_where(services, certified=certified)),
        unpublished=tuple(_unpublished(content, services)),
    )


def _who(
    signer: Identity | Credential, sigstore: Sigstore
) -> tuple[tuple[tuple[str, str], ...], Certainty]:
    match signer:
        case Identity():
            return _of_token(signer.token(clock=sigstore.clock))
        case Credential(certificate=Certificate() as certificate):
            said = certificate.claims.items()
            return (("identity", certificate.identity.text), *said), "stated"
        case Credential():
            return (("key", str(signer.fingerprint)),), "stated"
        case _:
            assert_never(signer)


def _of_token(token: IdentityToken) -> tuple[tuple[tuple[str, str], ...], Certainty]:
    claims = certified_claims(token)
    if claims is not None and token.certified_name is not None:
        return (("identity", token.certified_name), *claims.items()), "foretold"
    said = token.said()
    names = (name for name in said.names() if name not in _FORMALITIES)
    return tuple((name, str(said.value(name))) for name in names), "possible"


def _what(content: Digest | bytes, services: SigningServices) -> Iterator[tuple[str, str]]:
    match content:
        case Digest():
            yield "artifact", str(content)
        case bytes() if _is_sent(services):
            yield "statement", content.decode("utf-8", "backslashreplace")
        case bytes():
            yield "digest of the statement", str(Digest.of(pae(IN_TOTO, content)))
        case _:
            assert_never(content)
    yield "time", "when it was signed"


def _where(services: SigningServices, *, certified: bool) -> Iterator[str]:
    if certified and services.authority is not None:
        yield f"the certificate log of {host_of(services.authority.url)} (who, and nothing else)"
    for log in services.logs:
        yield f"the log {host_of(log.url)}"


def _unpublished(content: Digest | bytes, services: SigningServices) -> Iterator[str]:
    match content:
        case Digest():
            yield "the artifact, its name, or where it lies"
        case bytes() if _is_sent(services):
            yield "the artifacts that the statement is about"
        case bytes():
            yield "the statement: only who is given the bundle can read it"
        case _:
            assert_never(content)
    for authority in services.timestamp_authorities:
        yield f"what {host_of(authority.url)} sees: the digest of a signature"


def _is_sent(services: SigningServices) -> bool:
    # Version 1 of the log is sent the whole envelope, and may publish it; version 2 a digest.
    return any(log.major_version == 1 for log in services.logs)
