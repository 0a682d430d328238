# SPDX-License-Identifier: Apache-2.0
"""A sandbox that other programs can speak to, and the documents that they need for it.

trusted_root.json                        whom to trust
signing_config.json                      which services to sign with, the log of version 1
signing_config_rekor_v2.json             the same, with the log of version 2
client_trust_config.json                 the root and the first of them in one document
client_trust_config_rekor_v2.json        and the second
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from keyless import files
from keyless.errors import InputError
from keyless.instance import Sigstore
from keyless.instance.sigstore import LogVersion
from keyless.safe_text import shown
from keyless.sandbox.instance_core import InstanceCore, InstanceUrls
from keyless.sandbox.trust_documents import client_trust_config_json
from keyless.services.http import joined

_SUFFIXES: Mapping[LogVersion, str] = {1: "", 2: "_rekor_v2"}

Connect = Callable[[LogVersion | None], Sigstore]
Close = Callable[[], None]


class Served:
    """An instance on loopback, until it is closed; what others need to know is in *directory*.

    *connect* connects to it as any client does, over sockets.
    """

    def __init__(
        self, *, urls: InstanceUrls, directory: str, connect: Connect, close: Close
    ) -> None:
        self._connect = connect
        self._close = close
        self.urls = urls
        self.directory = directory

    @property
    def sigstore(self) -> Sigstore:
        """The instance, over sockets."""
        return self.connect()

    def connect(self, *, rekor: LogVersion | None = None) -> Sigstore:
        """Return the instance, over sockets; what is signed goes to its log of version *rekor*."""
        return self._connect(rekor)

    def trust_config(self, *, rekor: LogVersion = 1) -> str:
        """Return the path of the client trust configuration for the log of version *rekor*."""
        return os.path.join(self.directory, f"client_trust_config{_SUFFIXES[rekor]}.json")

    def close(self) -> None:
        """Stop answering."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def urls_on(origins: Mapping[str, str]) -> InstanceUrls:
    """Return where the parties of an instance are, if these are the *origins* of its services."""
    return InstanceUrls(
        authority=origins["fulcio"],
        issuer=origins["oidc"],
        ct_log=joined(origins["fulcio"], "ct"),
        timestamp_authority=joined(origins["tsa"], "api/v1/timestamp"),
        log_v1=origins["rekor_v1"],
        log_v2=origins["rekor_v2"],
        tuf=origins["tuf"],
        registry=origins["registry"],
    )


@contextmanager
def folder_of(directory: files.Path | None) -> Iterator[str]:
    """Return *directory*, made if need be; or a temporary one, for as long as the block lasts."""
    if directory is not None:
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"no folder {shown(directory)} can be made: {error.strerror}"
            ) from None
        yield os.fspath(directory)
        return
    # It takes longer to import than a sandbox to start.
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory(prefix="keyless-sandbox-") as folder:
        yield folder


def write_documents(directory: str, core: InstanceCore, *, tuf_root: bytes) -> None:
    """Write into *directory* what other programs need to know of *core*."""
    root = core.trusted_root_json()
    documents = {"root.json": tuf_root, "trusted_root.json": root}
    for version, suffix in _SUFFIXES.items():
        config = core.signing_config_json(log_versions=(version,))
        documents[f"signing_config{suffix}.json"] = config
        documents[f"client_trust_config{suffix}.json"] = client_trust_config_json(root, config)
    for name, document in documents.items():
        files.write(os.path.join(directory, name), document)
