# SPDX-License-Identifier: Apache-2.0
"""What a certificate says about its signer, as the issuer of the login told it (Fulcio's OIDs).

Everything lies under 1.3.6.1.4.1.57264.1. The first six are from before Fulcio wrote extensions as
DER: their text stands there bare. 7 is no extension but a kind of subject alternative name.
"""

from collections.abc import Iterator, Mapping

from keyless.errors import ParseError
from keyless.protocol.der import UTF8_STRING, content_of, oid_bytes
from keyless.safe_text import shown
from keyless.value import value


@value
class Claims:
    """What a certificate says about its signer; what it does not say is None."""

    issuer: str | None = None
    github_workflow_trigger: str | None = None
    github_workflow_sha: str | None = None
    github_workflow_name: str | None = None
    github_workflow_repository: str | None = None
    github_workflow_ref: str | None = None
    build_signer_uri: str | None = None
    build_signer_digest: str | None = None
    runner_environment: str | None = None
    source_repository_uri: str | None = None
    source_repository_digest: str | None = None
    source_repository_ref: str | None = None
    source_repository_identifier: str | None = None
    source_repository_owner_uri: str | None = None
    source_repository_owner_identifier: str | None = None
    build_config_uri: str | None = None
    build_config_digest: str | None = None
    build_trigger: str | None = None
    run_invocation_uri: str | None = None
    source_repository_visibility_at_signing: str | None = None
    deployment_environment: str | None = None
    token_subject: str | None = None

    def items(self) -> Iterator[tuple[str, str]]:
        """Walk what is said, by name."""
        return ((name, text) for name, text in self.__dict__.items() if text is not None)


_FULCIO = oid_bytes("1.3.6.1.4.1.57264.1")
_ISSUER_AS_BARE_TEXT = _FULCIO + b"\x01"
_AS_BARE_TEXT = {
    _FULCIO + bytes((2,)): "github_workflow_trigger",
    _FULCIO + bytes((3,)): "github_workflow_sha",
    _FULCIO + bytes((4,)): "github_workflow_name",
    _FULCIO + bytes((5,)): "github_workflow_repository",
    _FULCIO + bytes((6,)): "github_workflow_ref",
}
_AS_DER = {
    _FULCIO + bytes((8,)): "issuer",
    _FULCIO + bytes((9,)): "build_signer_uri",
    _FULCIO + bytes((10,)): "build_signer_digest",
    _FULCIO + bytes((11,)): "runner_environment",
    _FULCIO + bytes((12,)): "source_repository_uri",
    _FULCIO + bytes((13,)): "source_repository_digest",
    _FULCIO + bytes((14,)): "source_repository_ref",
    _FULCIO + bytes((15,)): "source_repository_identifier",
    _FULCIO + bytes((16,)): "source_repository_owner_uri",
    _FULCIO + bytes((17,)): "source_repository_owner_identifier",
    _FULCIO + bytes((18,)): "build_config_uri",
    _FULCIO + bytes((19,)): "build_config_digest",
    _FULCIO + bytes((20,)): "build_trigger",
    _FULCIO + bytes((21,)): "run_invocation_uri",
    _FULCIO + bytes((22,)): "source_repository_visibility_at_signing",
    _FULCIO + bytes((23,)): "deployment_environment",
    _FULCIO + bytes((24,)): "token_subject",
}
CLAIM_OIDS = frozenset((_ISSUER_AS_BARE_TEXT, *_AS_BARE_TEXT, *_AS_DER))


def parse_claims(extensions: Mapping[bytes, bytes]) -> Claims:
    """Read the claims among a certificate's *extensions*, whose values stand by their OID."""
    said: dict[str, str] = {}
    for oid, content in extensions.items():
        if oid in _AS_DER:
            said[_AS_DER[oid]] = _bare_text(content_of(content, UTF8_STRING, "certificate"))
        elif oid in _AS_BARE_TEXT:
            said[_AS_BARE_TEXT[oid]] = _bare_text(content)
    if _ISSUER_AS_BARE_TEXT in extensions:
        bare = _bare_text(extensions[_ISSUER_AS_BARE_TEXT])
        if said.setdefault("issuer", bare) != bare:
            raise ParseError(
                f"the certificate names two issuers, {shown(said['issuer'])} and {shown(bare)}"
            )
    return Claims(**said)


def _bare_text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"the certificate has a claim not UTF-8 at byte {error.start}") from None
