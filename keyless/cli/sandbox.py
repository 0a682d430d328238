# SPDX-License-Identifier: Apache-2.0
"""`keyless sandbox serve`: a whole Sigstore on this machine, for keyless and for other clients."""

import os
import shlex
import signal
from collections.abc import Mapping, Sequence
from datetime import timedelta
from threading import Event
from types import FrameType

from keyless import files
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.cli.program import program
from keyless.protocol.json_reader import JsonValue
from keyless.report import Row, text
from keyless.safe_text import shown
from keyless.sandbox import Sandbox
from keyless.sandbox.oidc import CONNECTOR
from keyless.sandbox.served import Served

DESCRIPTION = """\
Serve a whole Sigstore on this machine until Ctrl-C: an issuer of identity tokens, a certificate
authority, a timestamp authority, logs of versions 1 and 2, a TUF repository and a registry. Only
this machine reaches it, and nobody else trusts its keys.
"""
LIFETIME = timedelta(hours=1)
RENEWAL = timedelta(minutes=20)

# What each client is told, in the words of `_words`.
USES: Mapping[str, Sequence[str]] = {
    "keyless": (
        "{keyless} sign FILE --trust-config {config} --identity-token-file {token}",
        "{keyless} verify FILE --trusted-root {root} --identity {who} --issuer {issuer}",
    ),
    "images, of which the registry has none yet": (
        "{keyless} image load IMAGE.tar {registry}/app:1",
        """\
{keyless} image sign {registry}/app:1 --trust-config {config} --identity-token-file {token}""",
        """\
{keyless} image verify {registry}/app:1 --trusted-root {root} --identity {who} \
--issuer {issuer}""",
    ),
    "signing in, as whoever you say you are": (
        "{keyless} login --trust-config {config}",
        "{keyless} login --trust-config {config} --flow device",
    ),
    "sigstore-python": (
        'SIGSTORE_IDENTITY_TOKEN="$(cat {token})" sigstore --trust-config {config} sign FILE',
        """\
sigstore --trust-config {config} verify identity FILE --cert-identity {who} \
--cert-oidc-issuer {issuer}""",
    ),
    "cosign": (
        """\
cosign sign-blob FILE --yes --bundle FILE.sigstore.json --identity-token {token} \
--signing-config {services} --trusted-root {root}""",
        """\
cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity {who} \
--certificate-oidc-issuer {issuer} --trusted-root {root}""",
        """\
cosign sign {registry}/app@sha256:DIGEST --yes --identity-token {token} \
--signing-config {services} --trusted-root {root}""",
        """\
cosign verify {registry}/app:1 --certificate-identity {who} --certificate-oidc-issuer {issuer} \
--trusted-root {root}""",
    ),
    "sigstore-js, in code": (
        "bundleBuilderFromSigningConfig of @sigstore/sign takes {services}",
        "toTrustMaterial of @sigstore/verify takes {root}",
    ),
}


class Options(Namespace):
    """What `keyless sandbox serve` was told."""

    dir: str | None
    identity: str
    json: bool


def serve(arguments: Sequence[str]) -> int:
    """Run `keyless sandbox serve`."""
    options = _parser().parse_args(arguments, Options())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    with Sandbox(directory=options.dir) as sandbox, sandbox.serve(options.dir) as served:
        token = os.path.join(served.directory, "identity_token")
        try:
            _write_token(sandbox, options.identity, token)
            _say(served, options, token)
            while not Event().wait(RENEWAL.total_seconds()):
                _write_token(sandbox, options.identity, token)
        except KeyboardInterrupt:
            output.note(_farewell(options.dir))
    return output.DONE


def _stop(_: int, __: FrameType | None) -> None:
    """End, once: a second signal must not keep what is temporary from being removed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _parser() -> Parser:
    parser = Parser("sandbox serve", description=DESCRIPTION)
    parser.add_argument(
        "--dir",
        metavar="FOLDER",
        help="where it is kept, with its documents, and goes on the next time; else it is gone",
    )
    parser.add_argument(
        "--identity",
        metavar="EMAIL",
        default="alice@example.com",
        help="whom the identity token there is about; else alice@example.com",
    )
    parser.add_argument("--json", action="store_true", help="say as JSON where everything is")
    return parser


def _farewell(folder: str | None) -> str:
    if folder is None:
        return "the sandbox is gone; its trusted root still verifies what was signed in it"
    return f"the sandbox stays in {shown(folder)}: served from there, it goes on"


def _write_token(sandbox: Sandbox, who: str, path: str) -> None:
    # It proves something to this sandbox alone, so nobody need be kept from reading it.
    files.write(path, sandbox.token(who, lifetime=LIFETIME).encode("ascii"))


def _say(served: Served, options: Options, token: str) -> None:
    if options.json:
        output.say_json(_json(served, options.identity, token))
    else:
        output.say(text("a whole Sigstore on this machine, until Ctrl-C", _rows(served, options)))
        words = _words(served, options.identity, token)
        for client, uses in USES.items():
            output.say(f"\n{client}:")
            for use in uses:
                output.say("  " + use.format_map(words))
    output.finish()  # it will be long before the command ends, and somebody waits for this


def _rows(served: Served, options: Options) -> list[Row]:
    urls = served.urls
    return [
        ("certificate authority", urls.authority, ""),
        ("timestamp authority", urls.timestamp_authority, ""),
        ("log, version 1", urls.log_v1, ""),
        ("log, version 2", urls.log_v2, ""),
        ("issuer of tokens", urls.issuer, ""),
        ("TUF repository", urls.tuf, ""),
        ("registry", urls.registry, ""),
        ("documents", served.directory, "with _rekor_v2 in the name: for the log of version 2"),
        ("you are", options.identity, f"vouched for by {CONNECTOR}"),
    ]


def _words(served: Served, who: str, token: str) -> Mapping[str, str]:
    words = {**_documents(served), "token": token, "who": who, "issuer": CONNECTOR}
    words["registry"] = served.urls.registry.partition("//")[2]
    return {"keyless": program(), **{name: shlex.quote(word) for name, word in words.items()}}


def _documents(served: Served) -> dict[str, str]:
    names = {
        "root": "trusted_root.json",
        "services": "signing_config.json",
        "config": "client_trust_config.json",
    }
    return {what: os.path.join(served.directory, name) for what, name in names.items()}


def _json(served: Served, who: str, token: str) -> JsonValue:
    urls = served.urls
    documents = _documents(served)
    return {
        "keyless": 1,
        "directory": served.directory,
        "trusted_root": documents["root"],
        "signing_config": documents["services"],
        "client_trust_config": documents["config"],
        "client_trust_config_rekor_v2": served.trust_config(rekor=2),
        "identity": who,
        "issuer": CONNECTOR,
        "identity_token_file": token,
        "urls": {
            "fulcio": urls.authority,
            "tsa": urls.timestamp_authority,
            "rekor_v1": urls.log_v1,
            "rekor_v2": urls.log_v2,
            "oidc": urls.issuer,
            "tuf": urls.tuf,
            "registry": urls.registry,
        },
    }
