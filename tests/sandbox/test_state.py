# SPDX-License-Identifier: Apache-2.0
"""A sandbox that outlives its process: the same keys, the same logs, and nothing half written."""

import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.errors import InputError, ServiceError
from keyless.instance.sigstore import LogVersion
from keyless.policy import SignedBy
from keyless.protocol.json_reader import Json
from keyless.protocol.merkle import verify_consistency
from keyless.protocol.rest_entry import RestEntry
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.services.rekor_v1 import RekorV1
from tests.sandbox.asking import P256, certified, get, post, refusal, said, signed_artifact
from tests.sandbox.test_rekor_v1 import Client, intoto

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ALICE = SignedBy("alice@example.com", issuer="github")
BOTH_LOGS = pytest.mark.parametrize("rekor", [1, 2])


def sign(sandbox: Sandbox, content: bytes = b"hello", rekor: LogVersion = 1) -> Any:
    """Sign as Alice."""
    alice = sandbox.identity("alice@example.com")
    return keyless.sign(content, alice, sigstore=sandbox.connect(rekor=rekor)).bundle


@BOTH_LOGS
def test_what_was_signed_yesterday_verifies_today(tmp_path: Path, rekor: LogVersion) -> None:
    """By the sandbox that it was signed in, in another process."""
    with Sandbox(NOON, directory=tmp_path) as sandbox:
        bundle = sign(sandbox, rekor=rekor)
    with Sandbox(NOON + timedelta(days=1), directory=tmp_path) as sandbox:
        keyless.verify(b"hello", bundle, policy=ALICE, sigstore=sandbox.sigstore)
        again = sign(sandbox, b"again", rekor)
        keyless.verify(b"again", again, policy=ALICE, sigstore=sandbox.sigstore)
    assert again.entries[0].index == 1


def test_the_trusted_root_stays_the_same(tmp_path: Path) -> None:
    """Whoever has it needs no other."""
    roots = []
    for _ in range(2):
        with Sandbox(directory=tmp_path) as sandbox:
            roots.append(sandbox.core.trusted_root_json())
    assert roots[0] == roots[1]


def test_every_log_goes_on_where_it_was(tmp_path: Path) -> None:
    """With all its shards: no tree has lost anything, and all of them grow."""
    before = {}
    with Sandbox(directory=tmp_path) as sandbox:
        for content in (b"1", b"2"):
            sign(sandbox, content)
            sign(sandbox, content, 2)
        sandbox.rekor_v1.rotate()
        sign(sandbox, b"3")
        trees = trees_of(sandbox)
        before = {name: (len(tree), tree.root()) for name, tree in trees.items()}
        ids = [shard.tree_id for shard in sandbox.rekor_v1.shards]
    with Sandbox(directory=tmp_path) as sandbox:
        assert {name: (len(it), it.root()) for name, it in trees_of(sandbox).items()} == before
        assert [shard.tree_id for shard in sandbox.rekor_v1.shards] == ids
        sign(sandbox, b"4")
        sign(sandbox, b"4", 2)
        for name, tree in trees_of(sandbox).items():
            size, root = before[name]
            proof = tree.prove_consistency(size)
            verify_consistency(
                first=size, second=len(tree), first_root=root, second_root=tree.root(), proof=proof
            )
        assert len(sandbox.rekor_v1.log.tree) == 2
    with Sandbox(directory=tmp_path) as sandbox:
        assert len(sandbox.rekor_v1.log.tree) == 2
        assert len(sandbox.core.log_v2.tree) == 3


def trees_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return every tree there is."""
    shards = {f"v1 {number}": it.tree for number, it in enumerate(sandbox.rekor_v1.shards)}
    return {"ct": sandbox.core.ct_log.tree, "v2": sandbox.core.log_v2.tree, **shards}


def test_an_entry_keeps_its_time_and_its_promise(tmp_path: Path) -> None:
    """What the log has said once it says again."""
    with Sandbox(NOON, directory=tmp_path) as sandbox:
        sign(sandbox)
    with Sandbox(directory=tmp_path) as sandbox:
        found = RekorV1(sandbox.core.urls.log_v1, sandbox.transport).entry(0)
    assert found.entry.integrated_time == int(NOON.timestamp())


def test_what_is_beside_a_log_is_kept_as_well(tmp_path: Path) -> None:
    """Who is found by what, and the payloads of older envelopes."""
    with Sandbox(directory=tmp_path) as sandbox:
        url, client = sandbox.core.urls.log_v1, Client()
        client.certificate = certified(sandbox, client.key.public)
        proposal = intoto(client)
        (uuid,) = said(sandbox.transport(post(url, "api/v1/log/entries", proposal)))
    with Sandbox(directory=tmp_path) as sandbox:
        query = post(url, "api/v1/index/retrieve", {"email": "alice@example.com"})
        assert said(sandbox.transport(query)) == [uuid]
        answer = sandbox.transport(get(url, f"api/v1/log/entries/{uuid}"))
        assert RestEntry.parse(Json.parse(answer.body)).attestation is not None


def test_the_same_entry_is_still_not_written_down_twice(tmp_path: Path) -> None:
    """Though another process did so."""
    proposals, statuses = [], []
    for _ in range(2):
        with Sandbox(directory=tmp_path) as sandbox:
            if not proposals:
                key = SigningKey.generate(P256)
                proposals.append(signed_artifact(key, key.public).v1_body())
            request = post(sandbox.core.urls.log_v1, "api/v1/log/entries", proposals[0])
            statuses.append(sandbox.transport(request).status)
    assert statuses == [201, 409]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_can_read_the_keys(tmp_path: Path) -> None:
    """Nor what happened."""
    with Sandbox(directory=tmp_path / "sandbox"):
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (tmp_path / "sandbox").iterdir()
        }
    assert modes == {"sandbox.json": 0o600, "journal.jsonl": 0o600, "lock": 0o600}


def test_two_sandboxes_cannot_be_one(tmp_path: Path) -> None:
    """The second has to wait until the first is closed."""
    with Sandbox(directory=tmp_path), pytest.raises(InputError, match="another sandbox is kept"):
        Sandbox(directory=tmp_path)
    with Sandbox(directory=tmp_path):
        pass


@BOTH_LOGS
def test_a_closed_sandbox_logs_nothing_more(tmp_path: Path, rekor: int) -> None:
    """It would not be kept: the log says that it cannot."""
    with Sandbox(directory=tmp_path) as sandbox:
        pass
    key = SigningKey.generate(P256)
    proposal = signed_artifact(key, key.public)
    path, body = {
        1: ("api/v1/log/entries", proposal.v1_body()),
        2: ("api/v2/log/entries", proposal.v2_request()),
    }[rekor]
    answer = sandbox.transport(post(sandbox.services[f"rekor_v{rekor}"].url, path, body))
    assert refusal(answer) == (500, f"the sandbox in {tmp_path} is closed")
    sandbox.close()


def test_half_a_line_was_never_told(tmp_path: Path) -> None:
    """A process that was killed while it wrote has not answered."""
    with Sandbox(directory=tmp_path) as sandbox:
        sign(sandbox)
    journal = tmp_path / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"v2":"AAA')
    with Sandbox(directory=tmp_path) as sandbox:
        assert len(sandbox.core.log_v2.tree) == 0
        assert journal.read_bytes() == whole
        sign(sandbox, rekor=2)
    with Sandbox(directory=tmp_path) as sandbox:
        assert len(sandbox.core.log_v2.tree) == 1


DAMAGE = {
    "no JSON": ("journal.jsonl", b"{\n", "line 1, is damaged: not JSON"),
    "no event": ("journal.jsonl", b"{}\n", "exactly one of ct, v1, v2"),
    "no instance": ("sandbox.json", b"{}", "version: missing"),
    "of another version": ("sandbox.json", b'{"version":2}', "of another version"),
}


@pytest.mark.parametrize(("name", "data", "words"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_said(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """With where it is; and the folder is free again."""
    with Sandbox(directory=tmp_path):
        pass
    path = tmp_path / name
    before = path.read_bytes()
    path.write_bytes(data)
    with pytest.raises(InputError, match=words):
        Sandbox(directory=tmp_path)
    path.write_bytes(before)
    with Sandbox(directory=tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no sandbox can be kept in"):
        Sandbox(directory=tmp_path / "file")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("left", [0, 10])
def test_what_cannot_be_kept_is_not_logged(tmp_path: Path, left: int) -> None:
    """And what was written of it is taken back, so that the next line is a line."""
    with Sandbox(directory=tmp_path) as sandbox:
        sign(sandbox)
        size = (tmp_path / "journal.jsonl").stat().st_size
        with pytest.raises(ServiceError, match="cannot be kept: ") as error, room_for(size + left):
            sign(sandbox)
        assert error.value.status == 500
        assert (tmp_path / "journal.jsonl").stat().st_size == size
        assert len(sandbox.core.ct_log.tree) == 1
        sign(sandbox)
    with Sandbox(directory=tmp_path) as sandbox:
        assert len(sandbox.core.ct_log.tree) == 2


def test_a_log_of_version_2_keeps_its_shards(tmp_path: Path) -> None:
    """Each with its key, its entries, and the time at which it was frozen."""
    with Sandbox(NOON, directory=tmp_path) as sandbox:
        sandbox.core.log_v2.tree.append(b"{}")
        sandbox.rotate()
        sandbox.core.log_v2.tree.append(b"[]")
        sandbox.core.log_v2.tree.append(b"{}")
        before = [(log.url, log.key, log.tree.root()) for log in sandbox.core.shards_v2]
        root = sandbox.core.trusted_root_json()
    with Sandbox(directory=tmp_path) as sandbox:
        assert [(it.url, it.key, it.tree.root()) for it in sandbox.core.shards_v2] == before
        assert sandbox.core.trusted_root_json() == root
        assert sandbox.rekor_v2.log is sandbox.core.log_v2
        sandbox.core.log_v2.tree.append(b"null")
    with Sandbox(directory=tmp_path) as sandbox:
        assert [len(log.tree) for log in sandbox.core.shards_v2] == [1, 3]
