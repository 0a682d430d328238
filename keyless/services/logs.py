# SPDX-License-Identifier: Apache-2.0
"""Which client speaks to a log, by the version of its interface."""

from keyless.protocol.signing_config import Service
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.http import Transport
from keyless.services.rekor_v1 import RekorV1
from keyless.services.rekor_v2 import RekorV2


def log_client(
    log: Service, transport: Transport, *, trusted_root: TrustedRoot
) -> RekorV1 | RekorV2:
    """Return the client of *log*, over *transport*, who believes the logs of *trusted_root*."""
    if log.major_version == 1:
        return RekorV1(log.url, transport)
    return RekorV2(log.url, transport, logs=trusted_root.logs)
