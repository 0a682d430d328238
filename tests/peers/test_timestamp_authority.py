# SPDX-License-Identifier: Apache-2.0
"""The real timestamp authority's timestamps, before us and before OpenSSL."""

import shutil
import subprocess
from pathlib import Path

from keyless.errors import Check
from keyless.protocol.timestamp import Timestamp, verify_timestamp
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.http import requests_transport
from keyless.services.tsa import TimestampService
from tests.peers.here import needs_peers
from tests.peers.stack.deployment import Stack
from tests.refusals import refused

pytestmark = needs_peers

SIGNATURE = b"a signature"


def timestamped(stack: Stack) -> Timestamp:
    """Have the signature timestamped."""
    return TimestampService(stack.urls.tsa, requests_transport()).timestamp(SIGNATURE)


def test_its_timestamp_is_verified(stack: Stack) -> None:
    """By the chain in the trusted root; and of another signature it is refused."""
    authorities = TrustedRoot.parse(stack.trusted_root().read_bytes()).timestamp_authorities
    timestamp = timestamped(stack)
    verify_timestamp(timestamp, SIGNATURE, authorities)
    with refused(Check.TIMESTAMP):
        verify_timestamp(timestamp, b"another", authorities)


def test_openssl_takes_it_for_what_we_do(stack: Stack, tmp_path: Path) -> None:
    """A second opinion on what came."""
    (tmp_path / "signature").write_bytes(SIGNATURE)
    (tmp_path / "answer").write_bytes(timestamped(stack).der)
    openssl = shutil.which("openssl")
    assert openssl
    files = ("-data", "signature", "-in", "answer", "-CAfile", str(stack.clock.chain))
    done = subprocess.run(
        [openssl, "ts", "-verify", *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr
