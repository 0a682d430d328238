# SPDX-License-Identifier: Apache-2.0
"""Lies of those who keep what others have signed: each is told, and to no other question."""

import json
from pathlib import Path

import pytest

import keyless
from keyless.sandbox import Sandbox
from keyless.sandbox.document_lies import (
    ALTERED_TRUST,
    ANOTHER_BLOB,
    ANOTHER_MANIFEST,
    HIDDEN_REFERRERS,
    IMAGE_LIES,
    OLDER_TRUST,
    OTHERS_REFERRERS,
    TRUST_LIES,
    UNTRUSTED_TRUST,
)
from keyless.sandbox.faults import Lie
from keyless.services.http import Request, Response
from tests.sandbox.registry.client import BUNDLE, EMPTY, MANIFEST, descriptor, digest_of

NO_IMAGE = digest_of(b"an image that somebody else keeps")


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox whose registry has an image, two artifacts about it, and one about another."""
    sandbox = Sandbox()
    ask(sandbox, "POST", f"blobs/uploads/?digest={digest_of(b'{}')}", b"{}")
    image = ask(sandbox, "PUT", "manifests/1.0", manifest_of())
    subject = image.header("Docker-Content-Digest")
    for about, kind in ((subject, "one"), (subject, "two"), (NO_IMAGE, "three")):
        data = manifest_of(
            subject={"mediaType": MANIFEST, "digest": about, "size": 2},
            artifactType=BUNDLE,
            annotations={"kind": kind},
        )
        assert ask(sandbox, "PUT", f"manifests/{digest_of(data)}", data).status == 201
    return sandbox


def manifest_of(**members: object) -> bytes:
    """Write a manifest of next to nothing."""
    base = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}", EMPTY)}
    return json.dumps({**base, "layers": [], **members}).encode()


def ask(sandbox: Sandbox, method: str, path: str, body: bytes | None = None) -> Response:
    """Ask the sandbox's registry about one repository."""
    url = f"{sandbox.registry.url}/v2/app/{path}"
    headers = (("Content-Type", MANIFEST),)
    return sandbox.transport(Request(method=method, url=url, headers=headers, body=body))


def referrers(sandbox: Sandbox) -> list[str]:
    """Return of which kinds the artifacts are that the registry says are about the image."""
    digest = ask(sandbox, "HEAD", "manifests/1.0").header("Docker-Content-Digest")
    index = json.loads(ask(sandbox, "GET", f"referrers/{digest}").body)
    return sorted(it["annotations"]["kind"] for it in index["manifests"])


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (OLDER_TRUST, "an older state than was seen before"),
        (ALTERED_TRUST, "other files than its keyholders signed"),
        (UNTRUSTED_TRUST, "not signed by enough of its keyholders"),
    ],
    ids=repr,
)
def test_a_lie_about_trust_is_noticed(
    lie: Lie, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever connects is told which it is, and does so again when the lie is taken back."""
    monkeypatch.setenv("KEYLESS_CACHE_DIR", str(tmp_path / "cache"))
    sandbox = Sandbox()
    root = tmp_path / "root.json"
    root.write_bytes(sandbox.tuf.first_root)
    sandbox.tuf.publish(dict(sandbox.documents))

    def connect() -> keyless.Sigstore:
        return keyless.connect(
            tuf=sandbox.tuf.url, root=root, refresh="now", transport=sandbox.transport
        )

    if lie is OLDER_TRUST:
        connect()
    with (
        sandbox.inject("tuf", lie),
        pytest.raises(keyless.TrustError, match=said),
    ):
        connect()
    assert connect().trust.version == 2


def test_a_blob_and_a_manifest_are_replaced_by_others(sandbox: Sandbox) -> None:
    """Under the digests that were asked for, and said to have them."""
    for path, lie in (
        (f"blobs/{digest_of(b'{}')}", ANOTHER_BLOB),
        ("manifests/1.0", ANOTHER_MANIFEST),
    ):
        honest = ask(sandbox, "GET", path)
        with sandbox.inject("registry", lie):
            answer = ask(sandbox, "GET", path)
        assert (answer.status, answer.headers) == (200, honest.headers)
        assert digest_of(answer.body) != honest.header("Docker-Content-Digest")


def test_another_manifest_reads_the_same(sandbox: Sandbox) -> None:
    """Only its digest tells."""
    with sandbox.inject("registry", ANOTHER_MANIFEST):
        assert json.loads(ask(sandbox, "GET", "manifests/1.0").body) == json.loads(manifest_of())


def test_referrers_are_hidden_and_made_up(sandbox: Sandbox) -> None:
    """Without the lie, they are what they are."""
    assert referrers(sandbox) == ["one", "two"]
    with sandbox.inject("registry", HIDDEN_REFERRERS):
        assert referrers(sandbox) == []
    with sandbox.inject("registry", OTHERS_REFERRERS):
        assert referrers(sandbox) == ["one", "three", "two"]


@pytest.mark.parametrize("lie", [*TRUST_LIES, *IMAGE_LIES], ids=repr)
def test_nobody_lies_of_what_nobody_asked(lie: Lie, sandbox: Sandbox) -> None:
    """What is not there is not there, and the rest is as it is."""
    paths = {
        "tuf": (sandbox.tuf.url, ["2.root.json", "1.root.json"]),
        "registry": (sandbox.registry.url, ["v2/app/manifests/2.0", "v2/app/tags/list"]),
    }
    url, asked = paths[lie.services[0]]
    party = sandbox.services[lie.services[0]].party
    for path in asked:
        request = Request(method="GET", url=f"{url}/{path}")
        assert lie.tell(party, request) == party.handle(request)
