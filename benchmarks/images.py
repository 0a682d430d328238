# SPDX-License-Identifier: Apache-2.0
"""Rows on verifying images: how many requests it takes, and how long where each takes its time.

The registry is the sandbox's, in this process. The peer of the first rows is the number that is
allowed; that of the last is ourselves, who ask for one thing after the other.
"""

from contextlib import nullcontext
from functools import partial
from threading import Lock
from time import perf_counter, sleep

import keyless
from benchmarks.row import Row, at_most
from benchmarks.stopwatch import taking_turns
from keyless.images.formats import ReadFormat
from keyless.instance import Sigstore
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_options import RegistryOptions

# So many bundles, in which formats they may be, and how many requests are allowed: the list, two
# for each bundle, and a look for legacy signatures where these count as well.
COUNTED: dict[str, tuple[int, ReadFormat, int]] = {
    "images/requests-1": (1, "bundle", 3),
    "images/requests-1-any": (1, "any", 4),
    "images/requests-5": (5, "bundle", 11),
    "images/requests-5-any": (5, "any", 12),
}
REQUESTS_GOALS = {name: at_most(1) for name in COUNTED}
PARALLEL_GOALS = {"images/parallel": at_most(0.3)}

ALICE = "alice@example.com"
REGISTRY = "registry.sandbox.test"
SIGNATURES, DELAY, ROUNDS = 50, 0.02, 7
ANYBODY = RegistryOptions(credentials=anonymous)


def requests_rows() -> list[Row]:
    """Count the requests to verify an image by its digest."""
    rows = []
    for name, (bundles, formats, allowed) in COUNTED.items():
        wire, image = _signed(bundles)
        wire.asked = 0
        _verify(wire, image, formats, holding=bundles)
        rows.append(
            Row(
                name=name,
                goal=REQUESTS_GOALS[name],
                unit="requests, allowed",
                ours=(float(wire.asked),),
                peer=(float(allowed),),
                note="cosign 3.1.2 takes 8 for one bundle, and 24 for five",
            )
        )
    return rows


def parallel_rows() -> list[Row]:
    """Time the verification of an image with many signatures, where each request takes a while."""
    wire, image = _signed(SIGNATURES)
    wire.delay = DELAY

    def seconds(*, serial: bool) -> float:
        wire.serial = serial
        start = perf_counter()
        _verify(wire, image, "any", holding=SIGNATURES)
        return perf_counter() - start

    ways = [partial(seconds, serial=False), partial(seconds, serial=True)]
    ours, serial = taking_turns(ways, rounds=ROUNDS)
    ((name, goal),) = PARALLEL_GOALS.items()
    note = f"{SIGNATURES} signatures, {1000 * DELAY:.0f} ms a request, 8 at a time"
    return [Row(name=name, goal=goal, unit="s", ours=ours, peer=serial, note=note)]


class Wire:
    """The transport to *sandbox*; each request to its registry is counted, and takes its time.

    Where it is *serial*, it carries one at a time.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._one = Lock()
        self._counting = Lock()
        self.asked = 0
        self.delay = 0.0
        self.serial = False

    @property
    def sigstore(self) -> Sigstore:
        """The sandbox's instance, by this way."""
        direct = self._sandbox.sigstore
        return Sigstore(
            direct.name,
            trusted_root=direct.trusted_root,
            trust=direct.trust,
            transport=self,
            documents=direct.documents,
            clock=direct.clock,
        )

    def __call__(self, request: Request) -> Response:
        """Carry *request*."""
        if request.host != REGISTRY:
            return self._sandbox.transport(request)
        with self._counting:
            self.asked += 1
        with self._one if self.serial else nullcontext():
            sleep(self.delay)
            return self._sandbox.transport(request)


def _signed(count: int) -> tuple[Wire, str]:
    """Push an image and sign it so often; return the way to it, and its pinned name."""
    sandbox = Sandbox()
    image = sandbox.push_image("me/app:1")
    with keyless.Signer(sandbox.identity(ALICE), sigstore=sandbox.sigstore) as signer:
        for _ in range(count):
            signed = signer.sign_image(image, options=ANYBODY)
    return Wire(sandbox), signed.reference


def _verify(wire: Wire, image: str, formats: ReadFormat, *, holding: int) -> None:
    proof = keyless.verify_image(
        image,
        identity=ALICE,
        issuer="github",
        format=formats,
        options=ANYBODY,
        sigstore=wire.sigstore,
    )
    assert len(proof.signatures) == holding
