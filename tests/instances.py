# SPDX-License-Identifier: Apache-2.0
"""Instances to sign with: a forge's parties, connected, and nobody to answer for them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from keyless.errors import ServiceError
from keyless.instance import Sigstore, TrustStatus
from keyless.services.http import Request, Response
from tests.forge import NOON, Forge

Edit = Callable[[dict[str, Any]], object]


def connected(
    forge: Forge,
    *,
    edit: Edit = lambda _: None,
    now: datetime = NOON,
    rekor: Any = None,
) -> Sigstore:
    """Connect to the instance of *forge*, with what *edit* leaves of its signing configuration."""
    config = json.loads(forge.core.signing_config_json())
    edit(config)
    documents = (
        ("trusted_root.json", forge.core.trusted_root_json()),
        ("signing_config.v0.2.json", json.dumps(config).encode()),
    )
    return Sigstore(
        "the forge",
        trusted_root=forge.trusted_root(),
        trust=TrustStatus(instance="the forge", source="file"),
        transport=_nobody,
        documents=documents,
        clock=lambda: now,
        rekor=rekor,
    )


def _nobody(request: Request) -> Response:
    raise ServiceError(f"{request.host} cannot be reached", service="nobody")
