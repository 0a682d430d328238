# SPDX-License-Identifier: Apache-2.0
"""Leaves the stack running for a person, and says how to use it: `nox -s peers -- --up`."""

import signal
import sys
import threading
from pathlib import Path

from tests.peers.stack.deployment import Stack
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN
from tests.peers.stack.ports import HOST
from tests.peers.stack.programs import node_modules, place

FRESH = 30.0  # seconds after which the token, which lives for sixty, is written anew

_WORDS = """\
A Sigstore runs on this machine until Ctrl-C. Its files are in {folder}, its servers' logs in
{folder}/logs. Who signs in at {oidc} can be anybody; the file `token`
there holds a token of {alice}'s, kept fresh. Configurations without TSA and with Rekor v2
are beside those named here.

    cd {folder}

keyless, as it is installed here:
    keyless() {{ {python} -m keyless "$@"; }}
    keyless sign FILE --trust-config {config} --identity-token-file token
    keyless verify FILE --trusted-root trusted_root.json --identity {alice} --issuer github
    keyless log find --email {alice} --trust-config {config}

Without a token keyless signs in: where it is asked to, type any name and any password.

cosign 3 (cosign 2, which wants --new-bundle-format as well, is {cosign2}):
    {cosign} sign-blob FILE --yes --bundle FILE.sigstore.json --identity-token token \\
        --signing-config {signing} --trusted-root trusted_root.json
    {cosign} verify-blob FILE --bundle FILE.sigstore.json --trusted-root trusted_root.json \\
        --certificate-identity {alice} --certificate-oidc-issuer {github}

sigstore-python:
    export SIGSTORE_IDENTITY_TOKEN="$(cat token)"
    {python} -m sigstore --trust-config {config} sign --overwrite FILE
    {python} -m sigstore --trust-config {config} verify identity FILE \\
        --cert-identity {alice} --cert-oidc-issuer {github}

sigstore-js, in code as docs/sandbox.md has it, with
    NODE_PATH={modules}

Images, in a registry with referrers ({registry}) or without ({old_registry}):
    {crane} append --new_layer FILE.tar --new_tag {registry}/app:1
    keyless image sign {registry}/app:1 --trust-config {config} --identity-token-file token
    keyless image verify {registry}/app:1 --trusted-root trusted_root.json \\
        --identity {alice} --issuer github
    {cosign} verify {registry}/app:1 --trusted-root trusted_root.json \\
        --certificate-identity {alice} --certificate-oidc-issuer {github}

rekor-cli:
    {rekor_cli} --rekor_server {rekor_v1} loginfo
    {rekor_cli} --rekor_server {rekor_v1} search --email {alice}

Services: {urls}
"""


def main() -> int:
    """Run the stack until told to end."""
    over = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: over.set())
    with Stack() as stack:
        print(words(stack), flush=True)
        while not over.is_set():
            _write_token(stack.folder / "token", stack.token())
            over.wait(FRESH)
    return 0


def words(stack: Stack) -> str:
    """Say how to use *stack*."""
    return _WORDS.format(
        folder=stack.folder,
        oidc=stack.urls.oidc,
        alice=ALICE,
        github=GITHUB_LOGIN,
        config=stack.trust_config(rekor=1, tsa=True).name,
        signing=stack.signing_config(rekor=1, tsa=True).name,
        cosign=place("cosign-v3"),
        cosign2=place("cosign-v2"),
        rekor_cli=place("rekor-cli"),
        python=sys.executable,
        modules=node_modules(),
        rekor_v1=stack.urls.rekor_v1,
        crane=place("crane"),
        registry=f"{HOST}:{stack.registry_port}",
        old_registry=f"{HOST}:{stack.old_registry_port}",
        urls=stack.urls,
    )


def _write_token(path: Path, token: str) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(token)
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
