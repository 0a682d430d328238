# SPDX-License-Identifier: Apache-2.0
"""What is left of a failure, where secrets might be: its words, and whatever it keeps alive."""

import traceback
from collections.abc import Iterator


def left_of(error: BaseException) -> Iterator[str]:
    """Yield all that *error* says and keeps: its words, and variables of the calls it came from."""
    reason: BaseException | None = error
    while reason is not None:
        yield f"{reason!r} {vars(reason)}"
        frames = traceback.TracebackException.from_exception(reason, capture_locals=True).stack
        yield from (str(frame.locals) for frame in frames if "/tests/" not in frame.filename)
        reason = reason.__cause__ or reason.__context__
