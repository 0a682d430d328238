# SPDX-License-Identifier: Apache-2.0
"""Each client's signatures of images before all that know images."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.peers.agreement import Agreement, Cell, Verdict
from tests.peers.clients.client import ALTERED, ARTIFACT, IMAGE_SETTINGS, CannotError, Setting
from tests.peers.clients.cosign_images import CosignImages
from tests.peers.clients.image_client import ImageClient
from tests.peers.clients.our_images import KeylessImages
from tests.peers.images import Repository
from tests.peers.stack.deployment import Stack

IMAGE_CLIENTS: tuple[ImageClient, ...] = (
    KeylessImages(),
    CosignImages("cosign-v3"),
    CosignImages("cosign-v2"),
)
IMAGE_NAMES = tuple(client.name for client in IMAGE_CLIENTS)
AT_ONCE = 4


def image_agreement(
    stack: Stack, registry: int, settings: Sequence[Setting] = IMAGE_SETTINGS
) -> Agreement:
    """Have everybody sign an image in every way at *settings*, and everybody verify each.

    The images are in the stack's registry at the port *registry*.
    """
    jobs = [(client, setting) for client in IMAGE_CLIENTS for setting in settings]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda job: _tried(*job, stack=stack, registry=registry), jobs))
    failures: dict[Cell, str] = {}
    verdicts: dict[tuple[Cell, str], Verdict] = {}
    for (client, setting), result in zip(jobs, results, strict=True):
        cell = (client.name, setting)
        if isinstance(result, str):
            failures[cell] = result
        else:
            verdicts |= {(cell, name): verdict for name, verdict in result.items()}
    signed = frozenset(cell for cell, _ in verdicts)
    return Agreement(signed=signed, failures=failures, verdicts=verdicts)


def _tried(
    signer: ImageClient, setting: Setting, *, stack: Stack, registry: int
) -> str | dict[str, Verdict]:
    """Have an image signed and judged; then move what was signed to another, and judge that."""
    words = f"{signer.name} {setting.kind} {setting.rekor} {'tsa' if setting.tsa else ''}"
    repository = Repository(registry, words.strip().replace(" ", "-"))
    image, other = repository.push(ARTIFACT, "true"), repository.push(ALTERED, "altered")
    try:
        signer.sign_image(setting, repository.at(image), stack)
    except CannotError as error:
        return str(error)
    repository.move_signatures(image, other)
    return {
        verifier.name: Verdict(
            of_the_true=_refusal(verifier, setting, repository.at(image), stack),
            of_the_altered=_refusal(verifier, setting, repository.at(other), stack),
        )
        for verifier in IMAGE_CLIENTS
    }


def _refusal(verifier: ImageClient, setting: Setting, reference: str, stack: Stack) -> str | None:
    try:
        verifier.verify_image(setting, reference, stack)
    except CannotError as error:
        return str(error)
    return None
