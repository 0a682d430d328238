# SPDX-License-Identifier: Apache-2.0
"""The log: what was signed, by whom, and whether it is in there."""

from keyless.explorer import Log, open_log
from keyless.instance import Sigstore, connect
from keyless.instance.sigstore import LogVersion


def log(
    name: str | None = None,
    *,
    sigstore: Sigstore | None = None,
    rekor: LogVersion | None = None,
) -> Log:
    """Return a log to look things up in; nothing is asked until something is.

        entry = keyless.log()[95412912]
        entry.identity, entry.issuer, entry.authority, entry.time, entry.covers("app.whl")

    It is the log of version 1 where *sigstore*, or the public instance, has one, and else the
    newest of version 2; or the one that is called *name*, as in `log2025-1`; or the newest of
    version *rekor*. One that is not named stands, when it is followed, for all that it could be.
    """
    return open_log(sigstore or connect(), name, rekor=rekor)
