# SPDX-License-Identifier: Apache-2.0
"""A log that is known becomes one that can be asked."""

from keyless.explorer.directory import KnownLog
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.tile_cache import tile_folder
from keyless.instance import Sigstore


def open_known(known: KnownLog, sigstore: Sigstore) -> LogV1 | ShardV2:
    """Return the log of *sigstore* that is *known*, to look things up in."""
    if known.version == 1:
        return LogV1(known, sigstore.transport, trusted_root=sigstore.trusted_root)
    # An instance that somebody describes in a file may be gone tomorrow, and its tiles with it.
    folder = None if sigstore.trust.source == "file" else tile_folder()
    return ShardV2(known, sigstore.transport, folder=folder, trusted_root=sigstore.trusted_root)
