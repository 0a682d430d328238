# SPDX-License-Identifier: Apache-2.0
"""The authority that certifies keys: Fulcio. Two cannot run at once; these take turns."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.peers.stack.keys import PASSWORD, Authority
from tests.peers.stack.ports import HOST, answers, free_port
from tests.peers.stack.process import Server
from tests.peers.stack.programs import PUBLIC_FULCIO, place

# What Fulcio calls the kinds of issuers whose tokens it can read.
PERSON, GITHUB, CHAINGUARD, KUBERNETES = (
    "email",
    "github-workflow",
    "chainguard-identity",
    "kubernetes",
)
JOBS = (GITHUB, "gitlab-pipeline", "buildkite-job", "circleci-job", "codefresh-workflow")


def write_config(folder: Path, *, people: str, federated: str, others: Mapping[str, str]) -> Path:
    """Write whom to believe: issuers of people, of which *federated* speaks for others; *others*.

    The latter are by their kinds. How a job's claims become a certificate's is the public one's.
    """
    believed = {
        people: _issuer(people, PERSON),
        federated: {
            **_issuer(federated, PERSON),
            "issuer-claim": "$.federated_claims.connector_id",
        },
        **{url: _issuer(url, kind) for kind, url in others.items()},
    }
    public = PUBLIC_FULCIO.place.read_text()
    names, rules = (public.index(f"{head}:\n") for head in ("oidc-issuers", "ci-issuer-metadata"))
    path = folder / "fulcio.yaml"
    # JSON is YAML: ours takes the place of the issuers in theirs, between its names and its rules.
    issuers = f"oidc-issuers: {json.dumps(believed)}\n"
    path.write_text(f"{public[:names]}{issuers}{public[rules:]}")
    return path


def _issuer(url: str, kind: str) -> dict[str, str]:
    common = {"issuer-url": url, "client-id": "sigstore"}
    if kind in JOBS:
        return {**common, "type": "ci-provider", "ci-provider": kind}
    return {**common, "type": kind}


def fulcio(port: int, *, config: Path, ct_log: str, authority: Authority | None) -> Server:
    """Make the server of *authority* at *port*; without one, of an authority it makes itself.

    *ct_log* is the URL of the certificate log, or empty.
    """
    return Server(
        "fulcio" if authority else "fulcio-ephemeral",
        [
            *(place("fulcio"), "serve", f"--host={HOST}", f"--port={port}"),
            *(f"--grpc-host={HOST}", f"--grpc-port={free_port()}"),
            *(f"--metrics-port={free_port()}", f"--config-path={config}"),
            *(f"--ct-log-url={ct_log}", *_authority(authority)),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{port}/api/v2/configuration"),
    )


def _authority(authority: Authority | None) -> list[str]:
    if authority is None:
        return ["--ca=ephemeralca"]
    return [
        *("--ca=fileca", f"--fileca-cert={authority.chain}", f"--fileca-key={authority.key}"),
        *(f"--fileca-key-passwd={PASSWORD}", "--fileca-watch=false"),
    ]
