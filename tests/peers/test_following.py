# SPDX-License-Identifier: Apache-2.0
"""Following the real logs while others write to them: each entry once, and none left out."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

import pytest

import keyless
from keyless.explorer import Log
from keyless.explorer.follow import Pace
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.http import place, requests_transport
from keyless.services.rekor_v1 import RekorV1
from keyless.services.rekor_v2 import RekorV2
from tests.peers.here import needs_peers
from tests.peers.proposals import proposal
from tests.peers.signing import BY_ALICE, connected, sign
from tests.peers.stack.deployment import Stack

pytestmark = needs_peers

Version = Literal[1, 2]

EACH_LOG = pytest.mark.parametrize("version", [1, 2])
MANY = 40
AT_ONCE = 8
PATIENCE = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path) -> Iterator[None]:
    """Keep tiles in a folder of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEYLESS_CACHE_DIR", str(tmp_path / "cache"))
        yield


def log(stack: Stack, version: Version) -> Log:
    """Return the stack's log of *version*."""
    url = stack.urls.rekor_v1 if version == 1 else stack.urls.rekor_v2
    return keyless.log(place(url), sigstore=connected(stack, rekor=version))


def written(stack: Stack, version: Version, number: int) -> list[int]:
    """Have a *number* of entries logged, some of them at once; return where they are."""
    logs = TrustedRoot.parse(stack.trusted_root().read_bytes()).logs
    client: RekorV1 | RekorV2 = RekorV1(stack.urls.rekor_v1, requests_transport())
    if version == 2:
        client = RekorV2(stack.urls.rekor_v2, requests_transport(), logs=logs)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        entries = pool.map(lambda each: client.append(proposal(b"entry %d" % each)), range(number))
        return sorted(entry.index for entry in entries)


def soon() -> Pace:
    """Look often, and not for ever."""
    return Pace(seconds=0.2, until=datetime.now(UTC) + PATIENCE)


@EACH_LOG
def test_whatever_comes_is_seen_once(stack: Stack, version: Version) -> None:
    """In the order of the log, each entry proved to be in it, while many write."""
    followed = log(stack, version)
    start = followed.checkpoint()
    following = followed.follow(start, pace=soon())
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(written, stack, version, MANY)
        seen = list(islice(following, MANY))
        indexes = writing.result()
    following.close()
    assert [entry.index for entry in seen] == indexes
    assert all(entry.is_verified for entry in seen)
    assert followed.consistent(start)


@EACH_LOG
def test_whoever_goes_on_misses_nothing(stack: Stack, version: Version, tmp_path: Path) -> None:
    """What came while nobody looked is read from where they stopped, and the last one again."""
    followed, position = log(stack, version), tmp_path / "position"
    assert list(followed.follow(position, pace=Pace(rounds=1))) == []
    first = written(stack, version, 5)
    following = followed.follow(position, pace=soon())
    seen = [entry.index for entry in islice(following, 3)]
    following.close()
    second = written(stack, version, 5)
    rest = [entry.index for entry in followed.follow(position, pace=Pace(rounds=1))]
    assert seen == first[:3]
    assert rest == first[2:] + second  # nobody said that they were done with the third


@EACH_LOG
def test_whom_one_looks_for_is_seen_among_others(stack: Stack, version: Version) -> None:
    """As the instance's owner would: an alarm for a name."""
    followed = log(stack, version)
    following = followed.follow(followed.checkpoint(), match=BY_ALICE, pace=soon())
    written(stack, version, 1)
    signed = sign(b"among others", stack, rekor=version)
    written(stack, version, 1)
    (hers,) = islice(following, 1)
    following.close()
    assert hers.index == signed.bundle.entries[0].index


def test_all_logs_of_an_instance_are_followed(stack: Stack, tmp_path: Path) -> None:
    """Whoever names none follows those of both versions."""
    document = json.loads(stack.trust_config(rekor=1, tsa=True).read_text())
    root = document["trustedRoot"]
    # The third is not always there; who follows all of them does not do with less.
    root["tlogs"] = [it for it in root["tlogs"] if it["baseUrl"] != stack.urls.frozen]
    (tmp_path / "trust.json").write_text(json.dumps(document))
    everything = keyless.log(sigstore=keyless.connect(trust_config=tmp_path / "trust.json"))
    position = tmp_path / "position"
    assert list(everything.follow(position, pace=Pace(rounds=1))) == []
    for version in (1, 2):
        sign(b"in either", stack, rekor=version)  # type: ignore[arg-type]
    seen = everything.follow(position, match=BY_ALICE, pace=Pace(rounds=1))
    assert [entry.log.version for entry in seen] == [1, 2]
