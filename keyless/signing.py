# SPDX-License-Identifier: Apache-2.0
"""Signing: one artifact or one statement, one bundle, verified before anybody gets it.

    Digest ────┐                                    ┌─► timestamps ─┐
               ├─► Credential ─► content, signature ┤               ├─► Bundle ─► verify
    Statement ─┘                                    └─► log entries ┘

Timestamps come first. A log never forgets, and an entry of version 2 says nothing about the time:
written down without a timestamp, it would be public for ever and verify never. So where a timestamp
cannot be had, nothing is logged.
"""

from collections.abc import Iterator
from itertools import chain

from keyless.credential import Credential
from keyless.errors import Check, InputError, ParseError, VerificationError
from keyless.evidence import Verified
from keyless.instance import Sigstore
from keyless.policy import Requirements
from keyless.protocol.bundle import Bundle, Content
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.entry import LogEntry
from keyless.protocol.proposal import Proposal
from keyless.protocol.signing_config import SigningServices
from keyless.protocol.statement import Statement
from keyless.protocol.timestamp import Timestamp, verify_timestamp
from keyless.services.answers import answer_of
from keyless.services.logs import log_client
from keyless.services.tsa import TimestampService
from keyless.verification import verify_remembering

VERSION = "0.3"
# In base64, and with all the rest, a statement must fit into the 16 MiB of a bundle.
LARGEST_STATEMENT = 11 << 20


def sign(
    artifact: Digest | bytes,
    credential: Credential,
    *,
    sigstore: Sigstore,
    requirements: Requirements = Requirements.PUBLIC,
) -> Bundle:
    """Sign *artifact*, have it timestamped and logged, and return the proof.

    A `Digest` must be by the hash that the credential signs: `credential.hash`.
    """
    bundle, _ = sign_digest(
        artifact if isinstance(artifact, Digest) else Digest.of(artifact, credential.hash),
        credential,
        sigstore=sigstore,
        requirements=requirements,
    )
    return bundle


def attest(
    statement: Statement | bytes,
    credential: Credential,
    *,
    sigstore: Sigstore,
    requirements: Requirements = Requirements.PUBLIC,
) -> Bundle:
    """Sign *statement*, have it timestamped and logged, and return the proof.

    One that is bytes already is signed as it stands, byte for byte.
    """
    bundle, _ = sign_statement(statement, credential, sigstore=sigstore, requirements=requirements)
    return bundle


def sign_digest(
    digest: Digest, credential: Credential, *, sigstore: Sigstore, requirements: Requirements
) -> tuple[Bundle, Verified]:
    """Sign what *digest* stands for; return the bundle, and our own verifier's proof of it."""
    content = credential.sign_digest(digest)
    return _recorded(content, digest, credential, sigstore=sigstore, requirements=requirements)


def sign_statement(
    statement: Statement | bytes,
    credential: Credential,
    *,
    sigstore: Sigstore,
    requirements: Requirements,
) -> tuple[Bundle, Verified]:
    """Sign *statement*; return the bundle, and our own verifier's proof of it."""
    payload = statement.to_json() if isinstance(statement, Statement) else statement
    digest = _readable_subject(payload)
    algorithm = credential.statement_algorithm(_versions(sigstore.signing_services()))
    content = credential.sign_statement(payload, algorithm=algorithm)
    return _recorded(content, digest, credential, sigstore=sigstore, requirements=requirements)


def _readable_subject(payload: bytes) -> Digest:
    """Return a digest that the statement names; refuse one that no verifier would accept."""
    if len(payload) > LARGEST_STATEMENT:
        raise InputError(
            f"a statement of {len(payload)} bytes, more than the {LARGEST_STATEMENT} that fit into "
            "a bundle",
            hint="attest to the digest of what is large, and publish it beside the bundle",
        )
    try:
        statement = Statement.parse(payload)
    except ParseError as error:
        raise InputError(
            f"nobody would accept the statement: {error.message}", hint=error.hint
        ) from None
    digests = chain.from_iterable(subject.digests for subject in statement.subjects)
    digest = next(digests, None)
    if digest is None:
        raise InputError(
            "the statement names no artifact by a digest that verifiers compare",
            hint="name it by its SHA-256, SHA-384 or SHA-512",
        )
    return digest


def _recorded(
    content: Content,
    artifact: Digest,
    credential: Credential,
    *,
    sigstore: Sigstore,
    requirements: Requirements,
) -> tuple[Bundle, Verified]:
    """Have *content* timestamped and logged, and verify what came of it."""
    services = sigstore.signing_services()
    algorithm = credential.algorithm
    if isinstance(content, Envelope):
        algorithm = credential.statement_algorithm(_versions(services))
    proposal = Proposal.of(content, credential.verifier, algorithm=algorithm)
    _demand_services(services, credential, requirements)
    timestamps = tuple(_timestamps(services, content.signature, credential, sigstore))
    credential.demand_unexpired(sigstore.clock())
    logs = [
        log_client(log, sigstore.transport, trusted_root=sigstore.trusted_root)
        for log in services.logs
    ]
    entries = tuple(log.append(proposal) for log in logs)
    # What there was before is verified already: what is wrong now, a log said.
    with answer_of(" and the ".join(log.name for log in logs)):
        made = Bundle(
            version=VERSION,
            content=content,
            material=credential.material,
            entries=tuple(map(_proved, entries)),
            timestamps=timestamps,
        )
        # What is verified is what will be read, and not what was meant to be written.
        bundle = Bundle.parse(made.to_json())
        proof = verify_remembering(
            bundle,
            artifact,
            trusted_root=sigstore.trusted_root,
            policy=credential.policy,
            requirements=requirements,
            memory=credential.memory,
        )
    return bundle, proof


def _versions(services: SigningServices) -> set[int]:
    return {log.major_version for log in services.logs}


def _demand_services(
    services: SigningServices, credential: Credential, requirements: Requirements
) -> None:
    """Refuse to begin what could not become a bundle that verifies."""
    clocks = len(services.timestamp_authorities)
    clocks += sum(log.major_version == 1 for log in services.logs)
    wanted = 0 if credential.certificate is None else max(1, requirements.times)
    if clocks < wanted:
        raise InputError(
            f"{clocks} of the services to sign with say what time it is, {wanted} wanted",
            hint="the signing configuration needs a timestamp authority, or a log of version 1",
        )
    if len(services.logs) < requirements.logs:
        raise InputError(
            f"{len(services.logs)} of the services to sign with are logs, "
            f"{requirements.logs} wanted",
            hint="the signing configuration says how many, by its rekorTlogConfig",
        )


def _timestamps(
    services: SigningServices, signature: bytes, credential: Credential, sigstore: Sigstore
) -> Iterator[Timestamp]:
    for service in services.timestamp_authorities:
        authority = TimestampService(service.url, sigstore.transport)
        timestamp = authority.timestamp(signature)
        with answer_of(authority.name):
            verify_timestamp(timestamp, signature, sigstore.trusted_root.timestamp_authorities)
        credential.demand_valid(timestamp.at, by=authority.name)
        yield timestamp


def _proved(entry: LogEntry) -> LogEntry:
    """Return *entry*; refuse one without a proof, which no bundle may be without."""
    if entry.proof is None or entry.proof.checkpoint is None:
        raise VerificationError(
            "it wrote the signature down, and does not prove that it did",
            check=Check.INCLUSION,
            found="a promise to include it" if entry.promise is not None else "nothing",
            wanted="an inclusion proof with a signed checkpoint",
            hint="sign again; if that does not help, tell whoever runs the log",
        )
    return entry
