# SPDX-License-Identifier: Apache-2.0
"""Rows on signing, against the served sandbox: a release, one signature, large files, a sandbox.

The peer is sigstore-python with one signing context and one certificate. It does not verify what it
made; ours does, and that is part of what it takes.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext

import keyless
from benchmarks.idleness import Patience
from benchmarks.row import Row, at_least, at_most
from benchmarks.serving import ALICE, Serving, serving
from benchmarks.stopwatch import process, taking_turns, warm
from keyless.sandbox import Sandbox

RELEASE_GOALS = {"signing/release": at_least(5), "signing/cost": at_most(0.5)}
LARGE_GOALS = {"signing/large": at_most(1.1), "signing/memory": at_most(1.1)}
SANDBOX_GOALS = {"sandbox/start": at_most(1), "sandbox/sign+verify": at_most(1)}

FILES = 100
DELAY = 50  # milliseconds
# Nothing is hashed while the certificate, or the last file's timestamp and entry, are awaited.
REQUESTS_ALONE = 3
LARGE_FILES, LARGE, SMALL = 8, 256, 80  # MiB; from 64 MiB on, a second thread may read ahead
MIB = 1 << 20
MILLISECONDS = 1e3
START_ALLOWED, BOTH_ALLOWED = 100.0, 30.0  # milliseconds
BARE = (sys.executable, "-c", "pass")


def release_rows() -> list[Row]:
    """Time a release on slow servers, and count what a signature costs on fast ones."""
    with serving() as served, _folder(FILES, size=1000) as paths:
        slow = [_keyless(served, paths), _sigstore_python(served, paths)]
        ours, peer = taking_turns([_timed(each, served, DELAY) for each in slow], rounds=3)
        fast = [_keyless(served, paths, one_by_one=True), slow[1]]
        timed = [_timed(each, served, 0, clock=process_time) for each in fast]
        for each in timed:
            each()
        cost, peer_cost = taking_turns(timed, rounds=5)
    release, one = RELEASE_GOALS.items()
    return [
        Row(
            name=release[0],
            goal=release[1],
            unit="files/s",
            ours=_rates(ours),
            peer=_rates(peer),
            note=f"{FILES} files, each request takes {DELAY} ms more",
        ),
        Row(
            name=one[0],
            goal=one[1],
            unit="ms of processor",
            ours=_each(cost),
            peer=_each(peer_cost),
            note="ours verifies what it made, its peer does not",
        ),
    ]


def large_rows() -> list[Row]:
    """Time eight large files while their signatures are uploaded, and weigh the process."""
    patience = Patience()
    alone = REQUESTS_ALONE * DELAY / MILLISECONDS
    with (
        serving() as served,
        _folder(LARGE_FILES, size=LARGE * MIB) as large,
        _folder(LARGE_FILES, size=SMALL * MIB) as small,
    ):
        sign = _keyless(served, large)
        served_sign = _timed(sign, served, DELAY)
        calls = (served_sign, lambda: _clocked(lambda: _hash_by_two(large)) + alone)
        for call in calls:
            call()
        ours, peer = taking_turns(calls, rounds=5, before_each=patience.wait)
        peaks, small_peaks = (tuple(_peak(paths) for _ in range(3)) for paths in (large, small))
    speed, memory = LARGE_GOALS.items()
    return [
        Row(
            name=speed[0],
            goal=speed[1],
            unit="s",
            ours=ours,
            peer=peer,
            note=f"bare hashlib on two threads, then three requests; {patience.note}".rstrip("; "),
        ),
        Row(name=memory[0], goal=memory[1], unit="MiB at peak", ours=peaks, peer=small_peaks),
    ]


def sandbox_rows() -> list[Row]:
    """Time what a suite of tests would wait for."""
    start = (sys.executable, "-c", "from keyless.sandbox import Sandbox; Sandbox().sigstore")
    commands = (start, BARE)
    calls = [lambda command=command: process(command, {}).seconds for command in commands]
    whole, bare = (each[1:] for each in taking_turns(calls, rounds=16))
    over = tuple((run - floor) * MILLISECONDS for run, floor in zip(whole, bare, strict=True))
    sandbox = Sandbox()
    me = sandbox.identity(ALICE)

    def both() -> None:
        signed = keyless.sign(b"what is signed", me, sigstore=sandbox.sigstore)
        keyless.verify(
            b"what is signed",
            signed.bundle,
            identity=ALICE,
            issuer="github",
            sigstore=sandbox.sigstore,
        )

    (taken,) = warm([both], rounds=101)
    first, second = SANDBOX_GOALS.items()
    return [
        Row(
            name=first[0],
            goal=first[1],
            unit="ms over bare Python, allowed",
            ours=over,
            peer=(START_ALLOWED,) * len(over),
            note="imports included",
        ),
        Row(
            name=second[0],
            goal=second[1],
            unit="ms, allowed",
            ours=tuple(each * MILLISECONDS for each in taken),
            peer=(BOTH_ALLOWED,) * len(taken),
            note="each under a certificate of its own",
        ),
    ]


def _keyless(
    served: Serving, paths: Sequence[Path], *, one_by_one: bool = False
) -> Callable[[str], None]:
    sigstore = keyless.connect(trust_config=served.trust_config)

    def sign(token: str) -> None:
        with keyless.Signer(keyless.Identity.from_token(token), sigstore=sigstore) as signer:
            signing = map(signer.sign, paths) if one_by_one else signer.sign_each(paths)
            for signed in signing:
                signed.save(overwrite="anything")

    return sign


def _sigstore_python(served: Serving, paths: Sequence[Path]) -> Callable[[str], None]:
    config = ClientTrustConfig.from_json(served.trust_config.read_text(encoding="utf-8"))
    context = SigningContext.from_trust_config(config)

    def sign(token: str) -> None:
        with context.signer(IdentityToken(token)) as signer:
            for path in paths:
                bundle = signer.sign_artifact(path.read_bytes())
                path.with_name(f"{path.name}.peer.json").write_text(bundle.to_json())

    return sign


def _timed(
    sign: Callable[[str], None],
    served: Serving,
    delay: int,
    *,
    clock: Callable[[], float] = perf_counter,
) -> Callable[[], float]:
    def seconds() -> float:
        token = served.token(delay=delay)
        return _clocked(lambda: sign(token), clock)

    return seconds


def _clocked(call: Callable[[], None], clock: Callable[[], float] = perf_counter) -> float:
    start = clock()
    call()
    return clock() - start


def _hash_by_two(paths: Sequence[Path]) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(_hash, paths))


def _hash(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def _peak(paths: Sequence[Path]) -> float:
    program = (
        "import json, sys; from keyless import Sandbox, Signer; it = Sandbox(); "
        f"signer = Signer(it.identity({ALICE!r}), sigstore=it.sigstore); "
        "list(signer.sign_each(json.loads(sys.argv[1])))"
    )
    names = json.dumps(list(map(str, paths)))
    return process((sys.executable, "-c", program, names), {}).peak_mib


@contextmanager
def _folder(count: int, *, size: int) -> Iterator[list[Path]]:
    """Make *count* files of *size* bytes; large ones are one file by many names."""
    with TemporaryDirectory() as name:
        paths = [Path(name) / f"{number:03}.whl" for number in range(count)]
        if size < MIB:
            for path in paths:
                path.write_bytes(os.urandom(size))
        else:
            block = os.urandom(MIB)
            with paths[0].open("wb") as file:
                for _ in range(size // MIB):
                    file.write(block)
            for path in paths[1:]:
                path.hardlink_to(paths[0])
        yield paths


def _rates(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(FILES / each for each in seconds)


def _each(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(each / FILES * MILLISECONDS for each in seconds)
