# SPDX-License-Identifier: Apache-2.0
"""Entries of every kind that the real Rekor of version 1 takes, as they are read by us.

rekor-cli logs what Rekor's own tests have as examples: a package, a chart, an archive, a timestamp.
"""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import keyless
from keyless.credential import P256
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.signing_keys import SigningKey
from keyless.services.http import requests_transport
from keyless.services.tsa import TimestampService
from tests.peers.here import needs_peers
from tests.peers.rekor_cli import rekor_cli
from tests.peers.signing import alice, connected
from tests.peers.stack.deployment import Stack
from tests.peers.stack.programs import SIGNED_EXAMPLES

pytestmark = needs_peers

# The kind, and its example: the artifact, the key, and whatever else rekor-cli has to be told.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "rekord": (
        *("--artifact=rekord/tests/test_file.txt", "--signature=rekord/tests/test_file.sig"),
        *("--public-key=rekord/tests/test_public_key.key", "--pki-format=pgp"),
    ),
    "rpm": (
        "--artifact=rpm/tests/test.rpm",
        "--public-key=rpm/tests/test_rpm_public_key.key",
        "--pki-format=pgp",
    ),
    "alpine": (
        "--artifact=alpine/tests/test_alpine.apk",
        "--public-key=alpine/tests/test_alpine.pub",
    ),
    "jar": ("--artifact=jar/v0.0.1/tests/test.jar",),
    "helm": (
        "--artifact=helm/tests/test-0.1.0.tgz.prov",
        "--public-key=helm/tests/test_helm_armor.pub",
        "--pki-format=pgp",
    ),
}
ATTESTED = ("intoto:0.0.1", "intoto:0.0.2", "dsse")
KINDS = (*EXAMPLES, *ATTESTED, "rfc3161", "cose", "tuf")


@pytest.fixture(scope="module")
def logged(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Have one of each kind logged; say where each is."""
    folder = tmp_path_factory.mktemp("kinds")
    made = {
        **_attested(stack, folder),
        "rfc3161": _timestamp(stack, folder),
        "cose": _cose(folder),
        "tuf": _metadata(folder),
    }
    words = {**EXAMPLES, **made}
    log = keyless.log(sigstore=connected(stack))
    indexes = {}
    for kind in KINDS:
        command = ("upload", "--type", kind, *words[kind])
        rekor_cli(stack, folder, *command, cwd=SIGNED_EXAMPLES.place)
        indexes[kind] = len(log) - 1
    return indexes


def _attested(stack: Stack, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return how to log statements of Alice's once more, as each kind that there is for them."""
    words = {}
    for number, kind in enumerate(ATTESTED):
        predicate: dict[str, str] = {"for": kind}
        with keyless.Signer(alice(stack), sigstore=connected(stack)) as signer:
            bundle = signer.attest(b"what was signed", predicate=predicate, type="custom").bundle
        envelope, key = folder / f"{number}.json", folder / f"{number}.pem"
        envelope.write_text(json.dumps(json.loads(bundle.to_json())["dsseEnvelope"]))
        key.write_text(pem_encode("CERTIFICATE", bundle.material.der))
        words[kind] = (f"--artifact={envelope}", f"--public-key={key}")
    return words


def _cose(folder: Path) -> tuple[str, ...]:
    """Sign something in CBOR (RFC 9052, 4.4), whose short texts are a byte and themselves."""
    key = SigningKey.generate(P256)
    headers = b"\xa1\x01\x26"  # 1, the algorithm: -7, which is ES256

    def text(kind: int, content: bytes) -> bytes:
        assert len(content) < 24
        return bytes((kind << 5 | len(content),)) + content

    payload, outside = b"what was signed", b"and for whom"
    parts = (text(3, b"Signature1"), text(2, headers), text(2, outside), text(2, payload))
    signature = _raw(key.sign(Digest.of(b"\x84" + b"".join(parts))))
    message = b"\xd2\x84" + text(2, headers) + b"\xa0" + text(2, payload) + b"\x58\x40" + signature
    artifact, public = folder / "message.cose", folder / "cose.pem"
    artifact.write_bytes(message)
    public.write_text(pem_encode("PUBLIC KEY", key.public.spki))
    return (
        f"--artifact={artifact}",
        f"--public-key={public}",
        f"--aad={b64encode(outside).decode()}",
    )


def _timestamp(stack: Stack, folder: Path) -> tuple[str, ...]:
    """Have something timestamped."""
    service = TimestampService(stack.urls.tsa, requests_transport())
    (folder / "answer.tsr").write_bytes(service.timestamp(b"a signature").der)
    return (f"--artifact={folder / 'answer.tsr'}",)


def _metadata(folder: Path) -> tuple[str, ...]:
    """Have the sandbox sign metadata of updates: Rekor's own example has expired."""
    with keyless.Sandbox() as sandbox:
        for name in ("timestamp.json", "1.root.json"):
            content = sandbox.tuf.file(name)
            assert content
            (folder / name).write_bytes(content)
    return f"--artifact={folder / 'timestamp.json'}", f"--public-key={folder / '1.root.json'}"


def _raw(signature: bytes) -> bytes:
    return b"".join(number.to_bytes(32) for number in decode_dss_signature(signature))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_and_verified(stack: Stack, logged: dict[str, int], kind: str) -> None:
    """Nothing of it is left unread; it says what was signed, and by which key."""
    entry = keyless.log(sigstore=connected(stack))[logged[kind]]
    assert entry.is_verified
    assert (entry.kind, entry.content.unread) == (kind.partition(":")[0], ())
    assert entry.digests or kind == "tuf"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_as_rekor_cli_writes_it(
    stack: Stack, logged: dict[str, int], tmp_path: Path, kind: str
) -> None:
    """Member by member."""
    index = logged[kind]
    ours = keyless.log(sigstore=connected(stack))[index].to_rekor_cli_json()
    words = ("get", "--log-index", str(index), "--format", "json")
    assert json.loads(rekor_cli(stack, tmp_path, *words)) == ours


def test_what_cannot_be_read_of_an_entry_is_said(stack: Stack, tmp_path: Path) -> None:
    """As of Rekor's own example of a timestamp, which is not of the version that it has to be."""
    words = ("--type=rfc3161", "--artifact=rfc3161/tests/test.tsr")
    rekor_cli(stack, tmp_path, "upload", *words, cwd=SIGNED_EXAMPLES.place)
    entry = keyless.log(sigstore=connected(stack))[-1]
    assert entry.is_verified
    (unread,) = entry.content.unread
    assert "its signed message is not of version 3" in unread


def test_kinds_follow_each_other_in_a_slice(stack: Stack, logged: dict[str, int]) -> None:
    """In the order of the log, and each by its kind."""
    first, last = min(logged.values()), max(logged.values())
    entries = list(keyless.log(sigstore=connected(stack))[first : last + 1])
    assert [entry.index for entry in entries] == list(range(first, last + 1))
    assert {entry.kind for entry in entries} == {kind.partition(":")[0] for kind in KINDS}
