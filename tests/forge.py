# SPDX-License-Identifier: Apache-2.0
"""Bundles made to order: sound ones, and ones in which exactly one thing is wrong.

A forge has a whole instance of the sandbox and makes the parts of a bundle one by one; what a test
does not give, it makes as the public instance would:

    forge = Forge()
    signer = forge.signer()                            a key and a certificate for it
    content = forge.message(signer)                    a signature over ARTIFACT
    entry = forge.logged(signer, content)              written down, promised and proved
    forge.verify(forge.bundle(signer=signer, content=content, entries=[entry]))

To forge a fault is to give one part that belongs to something else.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from keyless.evidence import Verified
from keyless.policy import Policy, Requirements, SignedBy
from keyless.protocol.bundle import VERSIONS, Bundle, Content, KeyHint, Material, MessageSignature
from keyless.protocol.certificate import Certificate, Claims
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.entry_body import Verifier
from keyless.protocol.keys import Algorithm, algorithm_named
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.protocol.timestamp import Timestamp
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import Window
from keyless.sandbox.certificate_writer import Template
from keyless.sandbox.clock import Clock
from keyless.sandbox.entry_writer import (
    dsse_v1,
    dsse_v2,
    hashedrekord_v1,
    hashedrekord_v2,
    intoto_v2,
)
from keyless.sandbox.instance_core import InstanceCore
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.sandbox.trust_documents import TrustDocument
from keyless.value import replace
from keyless.verification import verify

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
EARLIER = 4_163_431

ARTIFACT = b"what was signed\n"
P256 = "PKIX_ECDSA_P256_SHA_256"
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "artifact", "digest": {"sha256": Digest.of(ARTIFACT).hex}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {"buildDefinition": {}},
}

ALICE = San(kind="e-mail", text="alice@example.com")
GOOGLE = Claims(issuer="https://accounts.google.com")
BY_ALICE = SignedBy("alice@example.com", issuer="google")

_GITHUB_WORKFLOW = "https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1.2"
GITHUB = San(kind="URI", text=_GITHUB_WORKFLOW)
GITHUB_CLAIMS = Claims(
    issuer="https://token.actions.githubusercontent.com",
    github_workflow_trigger="push",
    github_workflow_sha="0123456789abcdef0123456789abcdef01234567",
    github_workflow_name="Release",
    github_workflow_repository="org/app",
    github_workflow_ref="refs/tags/v1.2",
    build_signer_uri=_GITHUB_WORKFLOW,
    build_signer_digest="0123456789abcdef0123456789abcdef01234567",
    runner_environment="github-hosted",
    source_repository_uri="https://github.com/org/app",
    source_repository_digest="0123456789abcdef0123456789abcdef01234567",
    source_repository_ref="refs/tags/v1.2",
    source_repository_identifier="632596897",
    source_repository_owner_uri="https://github.com/org",
    source_repository_owner_identifier="131804563",
    build_config_uri=_GITHUB_WORKFLOW,
    build_config_digest="0123456789abcdef0123456789abcdef01234567",
    build_trigger="push",
    run_invocation_uri="https://github.com/org/app/actions/runs/8347481628/attempts/1",
    source_repository_visibility_at_signing="public",
)

_GITLAB_PIPELINE = "https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main"
GITLAB = San(kind="URI", text=_GITLAB_PIPELINE)
GITLAB_CLAIMS = Claims(
    issuer="https://gitlab.com",
    build_signer_uri=_GITLAB_PIPELINE,
    build_signer_digest="89abcdef0123456789abcdef0123456789abcdef",
    runner_environment="gitlab-hosted",
    source_repository_uri="https://gitlab.com/group/app",
    source_repository_digest="89abcdef0123456789abcdef0123456789abcdef",
    source_repository_ref="refs/heads/main",
    source_repository_identifier="42",
    source_repository_owner_uri="https://gitlab.com/group",
    source_repository_owner_identifier="7",
    build_config_uri=_GITLAB_PIPELINE,
    build_config_digest="89abcdef0123456789abcdef0123456789abcdef",
    build_trigger="push",
    run_invocation_uri="https://gitlab.com/group/app/-/jobs/1",
    source_repository_visibility_at_signing="private",
)


@dataclass(frozen=True)
class Signer:
    """Somebody with a key, and with a certificate for it unless they manage it themselves."""

    key: SigningKey
    certificate: Certificate | None = None

    @property
    def material(self) -> Material:
        """What a bundle says of the key."""
        fingerprint = self.key.public.fingerprint
        return self.certificate or KeyHint(hint=b64encode(fingerprint.value))

    @property
    def verifier(self) -> Verifier:
        """What a log is given to verify signatures with."""
        if self.certificate is None:
            return Verifier(der=self.key.public.spki, is_certificate=False)
        return Verifier(der=self.certificate.der, is_certificate=True)

    @property
    def algorithm(self) -> Algorithm:
        """How the signer signs."""
        return self.key.algorithm

    @property
    def hash(self) -> HashAlgorithm:
        """Which digest stands for what the signer signs."""
        return self.algorithm.hash or HashAlgorithm.SHA256


class Forge:
    """Makes bundles of one instance, and the trusted root that they are verified by."""

    def __init__(self, *, others: int = 5) -> None:
        self.core = InstanceCore(Clock(NOON), earlier=EARLIER)
        for number in range(others):  # so that an entry has some to be proved against
            verifier = Verifier(der=b"somebody's", is_certificate=True)
            body = hashedrekord_v1(Digest.of(b"%d" % number), b"other", verifier)
            self.core.log_v1.append(body)
            self.core.log_v2.append(body)

    def signer(
        self,
        *,
        algorithm: str = P256,
        names: Sequence[San] = (ALICE,),
        claims: Claims = GOOGLE,
        scts: Sequence[bytes] | None = None,
        edit: Callable[[Template], Template] = lambda template: template,
    ) -> Signer:
        """Make a key, and have it certified by what *edit* leaves of the usual certificate."""
        key = signing_key(algorithm)
        template = edit(self.core.authority.template(key.public, names, claims))
        return Signer(key=key, certificate=self.core.authority.sign(template, scts=scts))

    def message(self, signer: Signer, artifact: bytes = ARTIFACT) -> MessageSignature:
        """Have *signer* sign *artifact*."""
        digest = Digest.of(artifact, signer.hash)
        return MessageSignature(signature=signer.key.sign(artifact), digest=digest)

    def envelope(
        self, signer: Signer, payload: object = None, *, payload_type: str = IN_TOTO
    ) -> Envelope:
        """Have *signer* sign *payload*, the usual statement about the artifact if none is given."""
        written = json.dumps(STATEMENT if payload is None else payload).encode()
        signature = signer.key.sign(pae(payload_type, written))
        return Envelope(
            payload_type=payload_type,
            payload=written,
            signatures=(EnvelopeSignature(signature=signature),),
        )

    def logged(
        self,
        signer: Signer,
        content: Content,
        *,
        log: LogV1 | LogV2 | int = 1,
        kind: str | None = None,
        at: datetime | None = None,
    ) -> LogEntry:
        """Have *log* write down *content*, as a *kind* that suits it if none is given."""
        if isinstance(log, int):
            log = {1: self.core.log_v1, 2: self.core.log_v2}[log]
        if isinstance(log, LogV2):
            return log.append(body_v2(signer, content, kind=kind))
        return log.append(body_v1(signer, content, kind=kind), at=at)

    def timestamp(
        self,
        content: Content,
        *,
        at: datetime | None = None,
        authority: TimestampAuthority | None = None,
    ) -> Timestamp:
        """Have the signature of *content* timestamped."""
        request = TimestampQuery(
            imprint=Digest.of(content.signature), nonce=None, wants_certificate=True
        )
        answer = (authority or self.core.timestamp_authority).timestamp(request, at=at)
        return Timestamp.parse(answer)

    def bundle(
        self,
        *,
        signer: Signer | None = None,
        content: Content | None = None,
        log: LogV1 | LogV2 | int = 1,
        entries: Sequence[LogEntry] | None = None,
        timestamps: Sequence[Timestamp] | None = None,
        version: str = "0.3",
    ) -> Bundle:
        """Put a bundle together, written and read as one of *version*.

        Without *entries*, *log* writes it down; without *timestamps*, it gets one if a certificate
        needs one and the log does not say when.
        """
        signer = signer or self.signer()
        content = content or self.message(signer)
        if entries is None:
            entries = [self.logged(signer, content, log=log)]
        if timestamps is None:
            dated = signer.certificate is None or any(entry.promise for entry in entries)
            timestamps = [] if dated else [self.timestamp(content)]
        made = Bundle(
            version=version,
            content=content,
            material=signer.material,
            entries=tuple(entries),
            timestamps=tuple(timestamps),
        )
        return Bundle.parse(written(made, version))

    def trusted_root(self, **windows: Window) -> TrustedRoot:
        """Trust the instance, some of its parties only within *windows*; see `windowed`."""
        return trusted(windowed(self.core.trust, **windows))

    def verify(
        self,
        bundle: Bundle,
        artifact: bytes | Digest = ARTIFACT,
        *,
        trusted_root: TrustedRoot | None = None,
        policy: Policy = BY_ALICE,
        requirements: Requirements = Requirements.PUBLIC,
    ) -> Verified:
        """Verify *bundle* as one by Alice, trusting the instance."""
        return verify(
            bundle,
            artifact,
            trusted_root=trusted_root or self.trusted_root(),
            policy=policy,
            requirements=requirements,
        )


@cache
def signing_key(algorithm: str) -> SigningKey:
    """Return a key that signs by *algorithm*: always the same one, as some take long to make."""
    return SigningKey.generate(algorithm_named(algorithm))


def managed(algorithm: str = P256) -> Signer:
    """Return somebody who has a key of their own, and no certificate."""
    return Signer(key=SigningKey.generate(algorithm_named(algorithm)))


def body_v1(signer: Signer, content: Content, *, kind: str | None = None) -> bytes:
    """Write what the first log would about *content*."""
    if isinstance(content, MessageSignature):
        digest = content.digest or Digest.of(ARTIFACT)
        return hashedrekord_v1(digest, content.signature, signer.verifier)
    write = {None: dsse_v1, "dsse": dsse_v1, "intoto": intoto_v2}[kind]
    return write(content, signer.verifier)


def body_v2(signer: Signer, content: Content, *, kind: str | None = None) -> bytes:
    """Write what the second log would about *content*: an envelope's encoding is hashed."""
    if kind == "dsse" and isinstance(content, Envelope):
        return dsse_v2(content, signer.verifier, algorithm=signer.algorithm)
    if isinstance(content, Envelope):
        digest = Digest.of(pae(content.payload_type, content.payload), signer.hash)
    else:
        digest = content.digest or Digest.of(ARTIFACT)
    return hashedrekord_v2(digest, content.signature, signer.verifier, algorithm=signer.algorithm)


def written(bundle: Bundle, version: str) -> bytes:
    """Write *bundle* as JSON of *version*."""
    document = json.loads(replace(bundle, entries=()).to_json())
    document["mediaType"] = next(name for name, each in VERSIONS.items() if each == version)
    material = document["verificationMaterial"]
    material["tlogEntries"] = [entry.to_json() for entry in bundle.entries]
    if version != "0.3" and "certificate" in material:
        material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    return json.dumps(document).encode()


def with_proof(entry: LogEntry, **changes: object) -> LogEntry:
    """Return *entry* with some of its proof changed."""
    assert isinstance(entry.proof, InclusionProof)
    return replace(entry, proof=replace(entry.proof, **changes))


def windowed(trust: TrustDocument, **windows: Window) -> TrustDocument:
    """Return *trust* with *windows* for `log_v1`, `log_v2`, `ct_log`, `authority` and `tsa`."""
    log_v1, log_v2 = trust.logs
    (ct_log,) = trust.ct_logs
    (authority,) = trust.authorities
    (tsa,) = trust.timestamp_authorities
    parties = {
        "log_v1": log_v1,
        "log_v2": log_v2,
        "ct_log": ct_log,
        "authority": authority,
        "tsa": tsa,
    }
    changed = {
        name: replace(party, window=windows.pop(name, party.window))
        for name, party in parties.items()
    }
    assert not windows, windows
    return TrustDocument(
        logs=(changed["log_v1"], changed["log_v2"]),
        ct_logs=(changed["ct_log"],),
        authorities=(changed["authority"],),
        timestamp_authorities=(changed["tsa"],),
    )


def trusted(trust: TrustDocument) -> TrustedRoot:
    """Write *trust* down and read it, as it comes to a client."""
    return TrustedRoot.parse(trust.to_json(), origin="the forge")
