# SPDX-License-Identifier: Apache-2.0
"""Check 2: clocks that are trusted say when the signature existed."""

from collections.abc import Sequence

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedEntry, VerifiedTime
from keyless.policy import Requirements
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.timestamp import verify_timestamp
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import in_words


def check_time(
    bundle: Bundle,
    entries: Sequence[VerifiedEntry],
    trusted_root: TrustedRoot,
    requirements: Requirements,
) -> tuple[VerifiedTime, ...]:
    """Verify the timestamps of *bundle*, and hold the *entries*' logs to their windows.

    A timestamp that does not hold refuses the bundle, however many others do: one that was altered
    is no accident.
    """
    times = _timestamps(bundle, trusted_root)
    for entry in entries:
        _check_log_window(entry, times, trusted_root)
    times += tuple(
        VerifiedTime(at=entry.integrated_time, source=entry.log, kind="transparency log")
        for entry in entries
        if entry.integrated_time is not None
    )
    sources = {(time.kind, time.source) for time in times}
    if len(sources) < _wanted(bundle, requirements):
        raise VerificationError(
            f"{len(sources)} trusted clocks say when the signature was made, "
            f"{_wanted(bundle, requirements)} wanted",
            check=Check.TIME,
            found=", ".join(str(time) for time in times) or "no trusted time",
            wanted="a timestamp by a trusted authority, or the signed time of a v1 log",
            hint="a certificate lives minutes: without a time nothing says it was valid",
        )
    return times


def _timestamps(bundle: Bundle, trusted_root: TrustedRoot) -> tuple[VerifiedTime, ...]:
    verified = []
    for timestamp in bundle.timestamps:
        authority = verify_timestamp(
            timestamp, bundle.signature, trusted_root.timestamp_authorities
        )
        verified.append(
            VerifiedTime(at=timestamp.at, source=authority.name, kind="timestamp authority")
        )
    return tuple(verified)


def _check_log_window(
    entry: VerifiedEntry, timestamps: Sequence[VerifiedTime], trusted_root: TrustedRoot
) -> None:
    """Refuse an entry made when its log was not, or no longer, trusted.

    Its time is the one its log signed; a log that signs none (v2) is held to the timestamps.
    """
    times = [entry.integrated_time] if entry.integrated_time else [stamp.at for stamp in timestamps]
    windows = [log.window for log in trusted_root.logs_called(entry.log_id)]
    for at in times:
        if not any(window.covers(at) for window in windows):
            raise VerificationError(
                f"{entry.name} was made when its log was not trusted",
                check=Check.LOG,
                found=f"an entry of {in_words(at)}",
                wanted=f"one made {' or '.join(str(window) for window in windows)}",
            )


def _wanted(bundle: Bundle, requirements: Requirements) -> int:
    # A managed key does not expire by itself. A certificate does, and judging one without a time
    # would mean judging it at any time: no requirement relaxes that.
    if isinstance(bundle.material, KeyHint):
        return 0
    return max(1, requirements.times)
