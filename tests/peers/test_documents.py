# SPDX-License-Identifier: Apache-2.0
"""Whom to trust, as cosign writes it down and as the sandbox's writer would: the same people."""

import pytest

from keyless.protocol.certificate import Certificate
from keyless.protocol.checkpoint import note_key_id
from keyless.protocol.keys import PublicKey
from keyless.protocol.signing_config import SigningConfig
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import Window
from keyless.sandbox.trust_documents import ChainTrust, LogTrust, TrustDocument
from tests.peers.here import needs_peers
from tests.peers.stack.deployment import Stack
from tests.peers.stack.keys import START, Authority, LogKey

pytestmark = needs_peers

ALWAYS = Window(start=START)
_END = "-----END CERTIFICATE-----\n"


def log(url: str, key: LogKey, *, origin: str | None = None) -> LogTrust:
    """Have a log trusted, known by its key, or by that and its *origin*."""
    public = PublicKey.parse_pem(key.public.read_text())
    log_id = public.fingerprint.value if origin is None else note_key_id(origin, public)
    return LogTrust(url=url, log_id=log_id, key=public, window=ALWAYS)


def chain(url: str, authority: Authority) -> ChainTrust:
    """Have an authority trusted."""
    pems = [f"{pem}{_END}" for pem in authority.chain.read_text().split(_END) if pem]
    return ChainTrust(
        url=url,
        organization="peers.keyless.test",
        common_name="somebody",
        certificates=tuple(map(Certificate.parse_pem, pems)),
        window=ALWAYS,
    )


def test_cosign_trusts_whom_our_writer_would(stack: Stack) -> None:
    """The same logs by the same ids and keys, and the same authorities, since the same time."""
    urls = stack.urls
    ours = TrustDocument(
        logs=(
            log(urls.rekor_v1, stack.rekor_v1_key),
            log(urls.rekor_v2, stack.rekor_v2_key, origin="localhost"),
            log(urls.frozen, stack.frozen_key, origin="localhost"),
        ),
        ct_logs=(log(urls.ct_log, stack.ct_key),),
        authorities=(chain(urls.fulcio, stack.authority),),
        timestamp_authorities=(chain(urls.tsa, stack.clock),),
    )
    theirs = TrustedRoot.parse(stack.trusted_root().read_bytes())
    assert trusted(TrustedRoot.parse(ours.to_json())) == trusted(theirs)


def trusted(root: TrustedRoot) -> dict[str, object]:
    """Return whom *root* trusts; who runs what one of the writers does not say, nor keep order."""
    logs = sorted((*root.logs, *root.ct_logs), key=lambda log: log.base_url)
    return {
        "logs": [_facts(each) for each in logs],
        "authorities": root.authorities,
        "timestamp authorities": root.timestamp_authorities,
        "skipped": root.skipped,
    }


def _facts(each: object) -> dict[str, object]:
    return {name: fact for name, fact in vars(each).items() if name != "operator"}


@pytest.mark.parametrize("version", [1, 2])
def test_cosign_s_configuration_names_the_services(stack: Stack, version: int) -> None:
    """Each kind of them, and the log of the version that is meant."""
    config = SigningConfig.parse(stack.signing_config(rekor=version, tsa=True).read_bytes())
    services = (*config.authorities, *config.issuers, *config.timestamp_authorities, *config.logs)
    urls = stack.urls
    wanted = [urls.fulcio, urls.oidc, urls.tsa, urls.rekor_v1 if version == 1 else urls.rekor_v2]
    assert [service.url for service in services] == wanted
    assert [service.major_version for service in services] == [1, 1, 1, version]
