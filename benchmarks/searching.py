# SPDX-License-Identifier: Apache-2.0
"""A row on what a search of a log of version 1 found, as a table of pandas, and who took how long.

The sandbox answers in this process. What it takes for that is measured apart, as are the requests:
a public log would take its own time, and the network's.
"""

from collections.abc import Callable
from hashlib import sha256
from statistics import median
from time import process_time

from benchmarks.idleness import Patience
from benchmarks.material import AbsentError
from benchmarks.row import Row, at_most
from benchmarks.stopwatch import taking_turns
from keyless.explorer import open_log
from keyless.instance import Sigstore
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.entry_body import Verifier
from keyless.protocol.merkle import leaf_hash
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.sandbox.certificate_authority import P256
from keyless.sandbox.entry_writer import hashedrekord_v1
from keyless.services.http import Request, Response, Transport

DATAFRAME_GOALS = {"log/dataframe": at_most(1)}

SIZE = 10_000
ALLOWED = 10.0  # seconds
ROUNDS = 3
ALICE, ISSUER = "alice@example.com", "https://accounts.google.com"
# Signatures under one certificate, as of a release of so many files.
RELEASE = 10


class Watched:
    """A *transport* that counts its requests, and the processor's seconds that they took."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.requests = 0
        self.seconds = 0.0

    def __call__(self, request: Request) -> Response:
        """Ask it."""
        start = process_time()
        try:
            return self._transport(request)
        finally:
            self.seconds += process_time() - start
            self.requests += 1


def dataframe_rows() -> list[Row]:
    try:
        import pandas as pd  # noqa: F401, PLC0415 - an extra, which may be absent
    except ImportError:
        message = "there is no pandas here to make a table of"
        raise AbsentError(message) from None
    sigstore = _filled().connect()
    watched = sigstore.transport = Watched(sigstore.transport)
    patience = Patience()
    (ours,) = taking_turns((_timed(sigstore),), rounds=ROUNDS, before_each=patience.wait)
    theirs = watched.seconds / ROUNDS
    note = (
        f"of which keyless itself {median(ours) - theirs:.1f} s, the sandbox {theirs:.1f} s in"
        f" {watched.requests // ROUNDS} requests"
    )
    note += f"; {patience.note}" * bool(patience.note)
    name, goal = next(iter(DATAFRAME_GOALS.items()))
    allowed = (ALLOWED,) * ROUNDS
    return [Row(name=name, goal=goal, unit="s, allowed", ours=ours, peer=allowed, note=note)]


def _timed(sigstore: Sigstore) -> Callable[[], float]:
    def seconds() -> float:
        start = process_time()
        table = open_log(sigstore).find(email=ALICE).to_dataframe()
        took = process_time() - start
        assert len(table) == SIZE
        assert table["verified"].all()
        assert table["authority"].notna().all()
        return took

    return seconds


def _filled() -> Sandbox:
    """Return a sandbox with so many entries of Alice's; nobody looks at their signatures here."""
    sandbox = Sandbox()
    log, index = sandbox.rekor_v1.log, sandbox.rekor_v1.index
    at = int(sandbox.clock.now.timestamp())
    verifier = _verifier(sandbox)
    for number in range(SIZE):
        if number % RELEASE == 0:
            verifier = _verifier(sandbox)
        signature = sha256(b"signature %d" % number).digest() * 2
        body = hashedrekord_v1(Digest.of(b"artifact %d" % number), signature, verifier)
        # As append() does, but for the proof that nobody asks for.
        log.times.append(at)
        log.tree.append(body)
        index.add(f"{log.tree_id:016x}{leaf_hash(body).hex()}", [ALICE])
    return sandbox


def _verifier(sandbox: Sandbox) -> Verifier:
    key = SigningKey.generate(P256).public
    certificate = sandbox.core.authority.issue(
        key, San(kind="e-mail", text=ALICE), Claims(issuer=ISSUER)
    )
    return Verifier(der=certificate.der, is_certificate=True)
