# SPDX-License-Identifier: Apache-2.0
"""One instance, connected: whom to trust, whom to ask, and how."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from keyless.errors import InputError
from keyless.protocol.signing_config import LOG_VERSIONS, SigningConfig, SigningServices
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.services.http import Transport
from keyless.services.trust_snapshot import SIGNING_CONFIG, SIGNING_CONFIG_V2, TRUSTED_ROOT
from keyless.services.trust_status import TrustStatus

Clock = Callable[[], datetime]
LogVersion = Literal[1, 2]
Documents = tuple[tuple[str, bytes], ...]  # by name


def now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)


class Sigstore:
    """One instance: the *trusted_root* to judge by, the services to sign with, a way to ask them.

    It does not change, and may be shared between threads. *trust* says where the trust came from
    and how old it is. What is signed goes to a log of version *rekor*, or to the one that the
    instance prefers.
    """

    def __init__(  # noqa: PLR0913 - an instance is all of this, and few make one by hand
        self,
        name: str,
        *,
        trusted_root: TrustedRoot,
        trust: TrustStatus,
        transport: Transport,
        documents: Documents,
        clock: Clock = now,
        rekor: LogVersion | None = None,
    ) -> None:
        self.name = name
        self.trusted_root = trusted_root
        self.trust = trust
        self.transport = transport
        self.documents = documents
        self.clock = clock
        self.rekor = rekor

    @property
    def trusted_root_json(self) -> bytes:
        """The trusted root as it came, byte for byte."""
        return dict(self.documents)[TRUSTED_ROOT]

    def signing_services(self) -> SigningServices:
        """Choose the services that a signature made now goes through."""
        config = self.signing_config(log_version=self.rekor or 1)
        versions = LOG_VERSIONS if self.rekor is None else (self.rekor,)
        return config.services(at=self.clock(), log_versions=versions)

    def issuer_url(self) -> str:
        """Choose the issuer that somebody who signs in now does it at."""
        return self.signing_config().issuer(at=self.clock()).url

    def signing_config(self, *, log_version: LogVersion = 1) -> SigningConfig:
        """Return which services to sign with, for logs of version 1 or, if there are any, 2."""
        documents = dict(self.documents)
        first = documents.get(SIGNING_CONFIG)
        chosen = documents.get(SIGNING_CONFIG_V2, first) if log_version == 2 else first
        if chosen is None:
            raise InputError(
                f"{shown(self.name)} has no signing configuration: it is there to verify with",
                hint="connect to an instance by its name, or by the URL of its TUF repository",
            )
        return SigningConfig.parse(chosen)

    def __repr__(self) -> str:
        return f"Sigstore({self.trust})"
