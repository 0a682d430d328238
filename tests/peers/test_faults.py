# SPDX-License-Identifier: Apache-2.0
"""Servers that are killed while somebody signs: who failed is named, nothing is lost or doubled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

import keyless
from keyless.errors import BatchError, ServiceError
from keyless.services.http import requests_transport
from keyless.services.rekor_v1 import RekorV1
from tests.peers.here import needs_peers
from tests.peers.signing import BY_ALICE, alice, connected, verify
from tests.peers.stack.deployment import Stack
from tests.peers.stack.process import Server

pytestmark = needs_peers

Version = Literal[1, 2]

FILES = 30
KILLED_AFTER = 4
BACK_AFTER = 1.0  # seconds
ARTIFACT = b"what was signed"

# The server that is down, the log that is signed into, and how the service that fails is called.
DOWN: tuple[tuple[str, Version, str], ...] = (
    ("timestamp-server", 1, "timestamp authority"),
    ("rekor-v1", 1, "transparency log 127.0.0.1"),
    ("trillian-server", 1, "transparency log 127.0.0.1"),
    ("postgresql", 1, "transparency log 127.0.0.1"),
    ("rekor-v2", 2, "transparency log localhost"),
    ("tile-front", 2, "transparency log localhost"),
)
# Without its certificate log Fulcio takes half a minute to say so, and is asked again.
UNCERTIFIED = ("fulcio", "ct-server", "postgresql")


def size(stack: Stack, version: Version) -> int:
    """Return how many entries the log has."""
    if version == 2:
        return int((stack.folder / "rekor-v2" / "checkpoint").read_text().splitlines()[1])
    return RekorV1(stack.urls.rekor_v1, requests_transport()).log_info().size


@contextmanager
def killed(stack: Stack, name: str) -> Iterator[None]:
    """Have the server called *name* killed, and started again afterwards."""
    stack.servers[name].kill()
    try:
        yield
    finally:
        stack.servers[name].start_again()
        stack.settle()


@pytest.mark.parametrize(("name", "version", "called"), DOWN)
def test_a_server_that_was_killed_is_named(
    stack: Stack, name: str, version: Version, called: str
) -> None:
    """Nothing is logged; when it is back, the same signer signs what it could not."""
    with keyless.Signer(alice(stack), sigstore=connected(stack, rekor=version)) as signer:
        signer.sign(b"before")
        before = size(stack, version)
        with killed(stack, name), pytest.raises(ServiceError) as caught:
            signer.sign(ARTIFACT)
        assert called in str(caught.value)
        assert caught.value.hint
        verify(ARTIFACT, signer.sign(ARTIFACT), stack)
    assert size(stack, version) == before + 1


@pytest.mark.parametrize("name", UNCERTIFIED)
def test_who_cannot_be_certified_signs_nothing(stack: Stack, name: str) -> None:
    """Whatever fails behind it, it is the authority that did not answer, or says that it failed."""
    with killed(stack, name), pytest.raises(ServiceError, match="certificate authority") as caught:
        keyless.sign(ARTIFACT, alice(stack), sigstore=connected(stack))
    assert caught.value.hint
    signed = keyless.sign(ARTIFACT, alice(stack), sigstore=connected(stack))
    verify(ARTIFACT, signed, stack)


def test_without_its_index_the_log_takes_entries_all_the_same(stack: Stack) -> None:
    """What redis keeps is searched, and nothing is proven by it."""
    with killed(stack, "redis"):
        signed = keyless.sign(ARTIFACT, alice(stack), sigstore=connected(stack))
    verify(ARTIFACT, signed, stack)


@pytest.mark.parametrize(
    ("name", "version"), [(name, version) for name, version, _ in DOWN] + [("trillian-signer", 1)]
)
def test_a_server_that_is_killed_while_many_are_signed_costs_nothing(
    stack: Stack, tmp_path: Path, name: str, version: Version
) -> None:
    """What is missing is signed the next time; what was signed is neither lost nor logged twice."""
    paths = [tmp_path / f"{number}.txt" for number in range(FILES)]
    for path in paths:
        path.write_text(f"{path.name} while {name} was killed")
    before = size(stack, version)
    failed = sign_while_killing(stack, stack.servers[name], paths, version)
    with keyless.Signer(alice(stack), sigstore=connected(stack, rekor=version)) as signer:
        for signed in signer.sign_missing(paths):
            signed.save()
    sigstore = connected(stack, rekor=version)
    proofs = [keyless.verify(path, policy=BY_ALICE, sigstore=sigstore) for path in paths]
    assert len({proof.entries[0].index for proof in proofs}) == FILES
    assert FILES <= size(stack, version) - before <= FILES + failed


def sign_while_killing(stack: Stack, server: Server, paths: list[Path], version: Version) -> int:
    """Sign the files at *paths*, and kill *server* meanwhile; say how many were not signed."""
    back = threading.Timer(BACK_AFTER, server.start_again)
    try:
        with keyless.Signer(alice(stack), sigstore=connected(stack, rekor=version)) as signer:
            for number, signed in enumerate(signer.sign_each(paths)):
                signed.save()
                if number == KILLED_AFTER:
                    server.kill()
                    back.start()
    except BatchError as error:
        return len(error.failures)
    finally:
        back.join()
        stack.settle()
    return 0
