# SPDX-License-Identifier: Apache-2.0
"""Whom to trust, and with whom to sign: documents made by cosign, as every client reads them."""

import json
import subprocess
from pathlib import Path

from keyless.value import value
from tests.peers.stack.keys import START
from tests.peers.stack.programs import place

SINCE = START.strftime("%Y-%m-%dT%H:%M:%SZ")
CLIENT_TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@value
class Urls:
    """Where the stack's services are; *frozen* is a second log of version 2."""

    oidc: str
    fulcio: str
    ct_log: str
    tsa: str
    rekor_v1: str
    rekor_v2: str
    frozen: str


@value
class Files:
    """The certificates and public keys of the services, in PEM."""

    fulcio: Path
    ct_log: Path
    tsa: Path
    rekor_v1: Path
    rekor_v2: Path
    frozen: Path


def create_trusted_root(path: Path, urls: Urls, files: Files) -> None:
    """Have cosign write the trusted root to *path*."""
    _cosign(
        *("trusted-root", "create", f"--out={path}"),
        f"--fulcio=url={urls.fulcio},certificate-chain={files.fulcio},start-time={SINCE}",
        f"--ctfe=url={urls.ct_log},public-key={files.ct_log},start-time={SINCE}",
        f"--tsa=url={urls.tsa},certificate-chain={files.tsa},start-time={SINCE}",
        f"--rekor=url={urls.rekor_v1},public-key={files.rekor_v1},start-time={SINCE}",
        *(
            f"--rekor=url={url},public-key={key},start-time={SINCE},origin=localhost"
            for url, key in ((urls.rekor_v2, files.rekor_v2), (urls.frozen, files.frozen))
        ),
    )


def create_signing_config(path: Path, urls: Urls, *, rekor: int, tsa: bool) -> None:
    """Have cosign write a configuration that names the log of version *rekor* to *path*."""
    common = f"start-time={SINCE},operator=keyless"
    log = urls.rekor_v1 if rekor == 1 else urls.rekor_v2
    timed = [f"--tsa=url={urls.tsa},api-version=1,{common}", "--tsa-config=ANY"] if tsa else []
    _cosign(
        *("signing-config", "create", f"--out={path}"),
        f"--fulcio=url={urls.fulcio},api-version=1,{common}",
        f"--oidc-provider=url={urls.oidc},api-version=1,{common}",
        *(f"--rekor=url={log},api-version={rekor},{common}", "--rekor-config=ANY", *timed),
    )
    if not tsa:
        _drop_selector(path)


def _drop_selector(path: Path) -> None:
    """Mend the configuration in *path*: sigstore-python and sigstore-js cannot read cosign's."""
    config = json.loads(path.read_text())
    assert config.pop("tsaConfig") == {}, "cosign has mended that: mend docs/interop.md, too"
    path.write_text(json.dumps(config))


def join(path: Path, *, trusted_root: Path, signing_config: Path) -> None:
    """Write both into one document at *path*, as sigstore-python and keyless read them."""
    both = {
        "mediaType": CLIENT_TRUST_CONFIG,
        "trustedRoot": json.loads(trusted_root.read_text()),
        "signingConfig": json.loads(signing_config.read_text()),
    }
    path.write_text(json.dumps(both, indent=2))


def _cosign(*words: str) -> None:
    subprocess.run([place("cosign-v3"), *words], check=True, capture_output=True)
