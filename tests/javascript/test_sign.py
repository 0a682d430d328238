# SPDX-License-Identifier: Apache-2.0
"""What `@sigstore/sign` signs against the served sandbox, we take; and what we sign, it takes."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless
from keyless.evidence import Verified
from keyless.instance.sigstore import LogVersion
from keyless.interop import second_opinion
from keyless.policy import SignedBy
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox import Sandbox
from keyless.sandbox.served import Served
from tests.forge import ALICE, ARTIFACT, STATEMENT
from tests.javascript.node import needs_node, run
from tests.refusals import refused

pytestmark = needs_node

VERSIONS = pytest.mark.parametrize("version", [1, 2])
CONFIGS = {1: "signing_config.json", 2: "signing_config_rekor_v2.json"}
BY_ALICE = SignedBy(ALICE.text, issuer="github")


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """One instance for all, on the machine's clock, which the other clients go by.

    Something is in its logs: sigstore-python cannot read a log's entry 0 as others write it.
    """
    sandbox = Sandbox()
    for version in (1, 2):
        keyless.sign(b"", sandbox.identity(ALICE.text), sigstore=sandbox.connect(rekor=version))
    return sandbox


@pytest.fixture(scope="module")
def served(sandbox: Sandbox) -> Iterator[Served]:
    """It answers on this machine's loopback interface."""
    with sandbox.serve() as served:
        yield served


def signed_there(
    sandbox: Sandbox, served: Served, version: LogVersion, *, kind: str, data: bytes
) -> dict[str, JsonValue]:
    """Have *data* signed by Alice, through the services that the instance's documents name."""
    answer = run(
        "sign.js",
        {
            "signingConfig": (Path(served.directory) / CONFIGS[version]).read_text(),
            "token": sandbox.token(ALICE.text),
            "kind": kind,
            "data": b64encode(data).decode(),
            "type": IN_TOTO if kind == "dsseEnvelope" else None,
        },
    )
    assert isinstance(answer, dict)
    return answer


def bundle_of(answer: dict[str, JsonValue]) -> bytes:
    """Return the bundle in *answer*, as it was written."""
    assert "bundle" in answer, answer.get("error")
    return json.dumps(answer["bundle"]).encode()


def verified_there(served: Served, *bundles: bytes, artifact: bytes = ARTIFACT) -> list[str | None]:
    """Have all *bundles* verified as Alice's, and return the words of each refusal."""
    root = (Path(served.directory) / "trusted_root.json").read_text()
    answer = run(
        "verify.js",
        [
            {
                "bundle": bundle.decode(),
                "trustedRoot": root,
                "artifact": b64encode(artifact).decode(),
                "identity": ALICE.text,
                "issuer": BY_ALICE.issuer,
            }
            for bundle in bundles
        ],
    )
    assert isinstance(answer, list)
    return answer  # type: ignore[return-value]  # the script's words


def verified_here(served: Served, bundle: bytes, artifact: bytes = ARTIFACT) -> Verified:
    """Verify *bundle* as Alice's."""
    return keyless.verify(artifact, bundle, policy=BY_ALICE, sigstore=served.sigstore)


@VERSIONS
def test_a_file_that_it_signed_is_accepted_by_all(
    sandbox: Sandbox, served: Served, version: LogVersion
) -> None:
    """By us, by itself, and by sigstore-python."""
    bundle = bundle_of(
        signed_there(sandbox, served, version, kind="messageSignature", data=ARTIFACT)
    )
    proof = verified_here(served, bundle)
    assert proof.content.digest == Digest.of(ARTIFACT)
    assert proof.times[0].kind == "timestamp authority"
    assert verified_there(served, bundle) == [None]
    both = second_opinion(bundle, ARTIFACT, trust=served.sigstore, policy=BY_ALICE)
    assert both.theirs is None


def test_a_statement_that_it_signed_is_accepted_by_all(sandbox: Sandbox, served: Served) -> None:
    """In the log of version 1; of the other see below."""
    statement = json.dumps(STATEMENT).encode()
    bundle = bundle_of(signed_there(sandbox, served, 1, kind="dsseEnvelope", data=statement))
    proof = verified_here(served, bundle)
    assert proof.statement
    assert proof.statement.predicate_type == STATEMENT["predicateType"]
    assert verified_there(served, bundle) == [None]
    both = second_opinion(bundle, ARTIFACT, trust=served.sigstore, policy=BY_ALICE)
    assert both.theirs is None


def test_a_statement_for_the_second_log_is_proposed_as_that_log_no_longer_takes_it(
    sandbox: Sandbox, served: Served
) -> None:
    """The sandbox's log has no `dsse` kind, like the public one; docs/interop.md tells."""
    statement = json.dumps(STATEMENT).encode()
    answer = signed_there(sandbox, served, 2, kind="dsseEnvelope", data=statement)
    assert "(400)" in str(answer["error"])
    assert "dsseRequestV002" in str(answer["error"])


@VERSIONS
def test_what_it_signed_is_refused_for_another_artifact(
    sandbox: Sandbox, served: Served, version: LogVersion
) -> None:
    """By us, in the name of the artifact."""
    bundle = bundle_of(
        signed_there(sandbox, served, version, kind="messageSignature", data=ARTIFACT)
    )
    with refused(keyless.Check.ARTIFACT):
        verified_here(served, bundle, b"something else")


@VERSIONS
def test_what_we_signed_is_accepted_by_it(
    sandbox: Sandbox, served: Served, version: LogVersion
) -> None:
    """A file and a statement, by either log."""
    bundles = signed_here(sandbox, served, version)
    assert verified_there(served, *bundles) == [None, None]


@VERSIONS
def test_what_we_signed_is_refused_by_it_once_altered(
    sandbox: Sandbox, served: Served, version: LogVersion
) -> None:
    """Another signature in place of its own was not timestamped, another statement not logged."""
    file, statement = signed_here(sandbox, served, version)
    other = signed_here(sandbox, served, version)[0]
    swapped = _with(file, "messageSignature", json.loads(other)["messageSignature"])
    envelope = json.loads(statement)["dsseEnvelope"]
    altered = {**envelope, "payload": b64encode(b"{}").decode()}
    words = verified_there(served, swapped, _with(statement, "dsseEnvelope", altered))
    assert [str(each).split(":")[0] for each in words] == ["TIMESTAMP_ERROR", "TLOG_BODY_ERROR"]


def signed_here(sandbox: Sandbox, served: Served, version: LogVersion) -> list[bytes]:
    """Sign the artifact, and a statement about it, as Alice."""
    identity, sigstore = sandbox.identity(ALICE.text), served.connect(rekor=version)
    with keyless.Signer(identity, sigstore=sigstore) as signer:
        signed = [
            signer.sign(ARTIFACT),
            signer.attest(ARTIFACT, predicate={"buildDefinition": {}}, type="slsaprovenance1"),
        ]
    return [each.bundle.to_json() for each in signed]


def _with(bundle: bytes, name: str, content: JsonValue) -> bytes:
    return json.dumps({**json.loads(bundle), name: content}).encode()
