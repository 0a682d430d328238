# SPDX-License-Identifier: Apache-2.0
"""The log of certificates: ctfe, on Trillian."""

from pathlib import Path

from tests.peers.stack.keys import PASSWORD, LogKey
from tests.peers.stack.ports import HOST, answers, free_port
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place

PREFIX = "peers"
_CONFIG = """\
backends {{ backend {{ name: "trillian" backend_spec: "{backend}" }} }}
log_configs {{
  config {{
    log_id: {tree}
    prefix: "{prefix}"
    roots_pem_file: "{roots}"
    private_key: {{
      [type.googleapis.com/keyspb.PEMKeyFile] {{ path: "{key}" password: "{password}" }}
    }}
    ext_key_usages: "CodeSigning"
    log_backend_name: "trillian"
  }}
}}
"""


def ct_server(
    folder: Path, port: int, *, tree: int, backend: int, key: LogKey, roots: Path
) -> Server:
    """Make the log of certificates under *roots*, at *port*; Trillian is at *backend*."""
    config = folder / "ct.cfg"
    config.write_text(
        _CONFIG.format(
            backend=f"{HOST}:{backend}",
            tree=tree,
            prefix=PREFIX,
            roots=roots,
            key=key.key,
            password=PASSWORD,
        )
    )
    return Server(
        "ct-server",
        [
            *(place("ct-server"), f"--http_endpoint={HOST}:{port}", f"--log_config={config}"),
            f"--metrics_endpoint={HOST}:{free_port()}",
        ],
        is_ready=lambda: answers(f"{ct_url(port)}/ct/v1/get-sth"),
    )


def ct_url(port: int) -> str:
    """Return the log's URL."""
    return f"http://{HOST}:{port}/{PREFIX}"
