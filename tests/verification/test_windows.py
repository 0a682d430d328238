# SPDX-License-Identifier: Apache-2.0
"""Windows of trust: hit at both ends, and missed by as little as a microsecond."""

from datetime import datetime, timedelta

import pytest

from keyless.errors import Check
from keyless.protocol.bundle import Bundle
from keyless.protocol.window import Window
from keyless.sandbox.certificate_authority import LIFE, CertificateAuthority
from keyless.sandbox.certificate_writer import Template
from keyless.sandbox.timestamp_authority import TimestampAuthority
from keyless.value import replace
from tests.forge import MICROSECOND, NOON, SECOND, Forge, Signer, trusted
from tests.refusals import refused

# When things happen in these tests. Only timestamps are finer than a second, or a millisecond.
LOGGED = NOON + 5 * SECOND
STAMPED = NOON + 5 * SECOND + 250_001 * MICROSECOND
DAY = timedelta(days=1)

# Each party, the time that its window is held against, and the check that refuses.
PARTIES: dict[str, tuple[str, str, datetime, Check]] = {
    "authority, at the first log's time": ("authority", "v1", LOGGED, Check.CHAIN),
    "authority, at a timestamp's": ("authority", "v2", STAMPED, Check.CHAIN),
    "certificate log": ("ct_log", "v1", NOON, Check.SCT),
    "first log": ("log_v1", "v1", LOGGED, Check.LOG),
    "first log, without its own time": ("log_v1", "v1 unpromised", STAMPED, Check.LOG),
    "second log": ("log_v2", "v2", STAMPED, Check.LOG),
    "timestamp authority": ("tsa", "v2", STAMPED, Check.TIMESTAMP),
}


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def bundles(forge: Forge) -> dict[str, Bundle]:
    """Return one bundle for each way of being dated."""
    signer = forge.signer()
    content = forge.message(signer)
    stamp = forge.timestamp(content, at=STAMPED)
    entry = forge.logged(signer, content, at=LOGGED)
    unpromised = replace(entry, promise=None, integrated_time=0)
    return {
        "v1": forge.bundle(signer=signer, content=content, entries=[entry]),
        "v1 unpromised": forge.bundle(
            signer=signer, content=content, entries=[unpromised], timestamps=[stamp]
        ),
        "v2": forge.bundle(signer=signer, content=content, log=2, timestamps=[stamp]),
    }


@pytest.mark.parametrize(
    ("party", "logged", "at"), [row[:3] for row in PARTIES.values()], ids=PARTIES.keys()
)
def test_a_window_is_hit_at_both_of_its_ends(
    forge: Forge, bundles: dict[str, Bundle], party: str, logged: str, at: datetime
) -> None:
    """Start and end belong to it, also when they are the same instant."""
    for window in (
        Window(start=at),
        Window(start=at - DAY, end=at),
        Window(start=at, end=at + DAY),
        Window(start=at, end=at),
    ):
        forge.verify(bundles[logged], trusted_root=forge.trusted_root(**{party: window}))


@pytest.mark.parametrize("row", PARTIES.values(), ids=PARTIES.keys())
@pytest.mark.parametrize("by", [MICROSECOND, SECOND, DAY])
def test_a_window_is_missed_by_however_little(
    forge: Forge,
    bundles: dict[str, Bundle],
    row: tuple[str, str, datetime, Check],
    by: timedelta,
) -> None:
    """One that starts later, or ended before, refuses in the name of what it is a window of."""
    party, logged, at, check = row
    for window in (
        Window(start=at + by),
        Window(start=at + by, end=at + by + DAY),
        Window(start=at - by - DAY, end=at - by),
    ):
        root = forge.trusted_root(**{party: window})
        with refused(check, "was not trusted|certificate logs have seen"):
            forge.verify(bundles[logged], trusted_root=root)


@pytest.mark.parametrize("party", ["log_v1", "ct_log", "authority"])
def test_one_of_several_windows_is_enough(
    forge: Forge, bundles: dict[str, Bundle], party: str
) -> None:
    """A party that was trusted, dropped and trusted again is listed once for each span."""
    hit = forge.trusted_root()
    early = forge.trusted_root(**{party: Window(start=NOON - 3 * DAY, end=NOON - 2 * DAY)})
    name = {"log_v1": "logs", "ct_log": "ct_logs", "authority": "authorities"}[party]
    both = replace(hit, **{name: (*getattr(early, name), *getattr(hit, name))})
    forge.verify(bundles["v1"], trusted_root=both)


def test_a_gap_between_two_windows_is_in_neither(forge: Forge, bundles: dict[str, Bundle]) -> None:
    """Both are named in the refusal."""
    early = forge.trusted_root(log_v1=Window(start=NOON - DAY, end=LOGGED - MICROSECOND))
    late = forge.trusted_root(log_v1=Window(start=LOGGED + MICROSECOND))
    both = replace(early, logs=(*early.logs, *late.logs))
    with refused(Check.LOG, "was not trusted") as refusal:
        forge.verify(bundles["v1"], trusted_root=both)
    assert " or " in str(refusal.value.wanted)


@pytest.mark.parametrize("order", [1, -1])
def test_a_second_log_is_held_to_every_timestamp(forge: Forge, order: int) -> None:
    """It says no time of its own, so each that others say must be within its window."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [forge.timestamp(content, at=at) for at in (LOGGED, STAMPED)][::order]
    bundle = forge.bundle(signer=signer, content=content, log=2, timestamps=stamps)
    forge.verify(bundle, trusted_root=forge.trusted_root(log_v2=Window(start=LOGGED)))
    root = forge.trusted_root(log_v2=Window(start=LOGGED, end=STAMPED - MICROSECOND))
    with refused(Check.LOG, "was not trusted"):
        forge.verify(bundle, trusted_root=root)


# The signer's certificate: ten minutes from NOON.
CERTIFICATE_TIMES = [(NOON, True), (NOON + LIFE, True)]
FIRST_LOG = [(NOON - SECOND, False), (NOON + LIFE + SECOND, False)]
TIMESTAMP = [(NOON - MICROSECOND, False), (NOON + LIFE + MICROSECOND, False)]


@pytest.mark.parametrize(("at", "valid"), [*CERTIFICATE_TIMES, *FIRST_LOG])
def test_a_certificate_is_valid_when_the_first_log_says(
    forge: Forge, at: datetime, valid: bool
) -> None:
    """To the second, which is as fine as that log's time is."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content, at=at)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry])
    _verify(forge, bundle, valid=valid)


@pytest.mark.parametrize(("at", "valid"), [*CERTIFICATE_TIMES, *TIMESTAMP])
def test_a_certificate_is_valid_when_the_timestamp_says(
    forge: Forge, at: datetime, valid: bool
) -> None:
    """To the microsecond."""
    signer = forge.signer()
    content = forge.message(signer)
    bundle = forge.bundle(
        signer=signer, content=content, log=2, timestamps=[forge.timestamp(content, at=at)]
    )
    _verify(forge, bundle, valid=valid)


def _verify(forge: Forge, bundle: Bundle, *, valid: bool) -> None:
    if valid:
        forge.verify(bundle)
        return
    with refused(Check.CHAIN, r"the certificate of e-mail alice@example\.com was not valid at"):
        forge.verify(bundle)


@pytest.mark.parametrize("late", ["timestamp", "log"])
def test_every_time_must_fit_not_just_one(forge: Forge, late: str) -> None:
    """A stolen key is not believed for an old time of one kind beside a new one of the other."""
    signer = forge.signer()
    content = forge.message(signer)
    expired = NOON + LIFE + SECOND
    entry = forge.logged(signer, content, at=expired if late == "log" else NOON)
    stamp = forge.timestamp(content, at=expired if late == "timestamp" else NOON)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], timestamps=[stamp])
    with refused(Check.CHAIN, "was not valid at 2025-03-01 12:10:01 UTC"):
        forge.verify(bundle)


def test_one_of_two_timestamps_too_late_is_too_late(forge: Forge) -> None:
    """However good the other is."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [forge.timestamp(content, at=at) for at in (NOON, NOON + LIFE + MICROSECOND)]
    with refused(Check.CHAIN, "was not valid"):
        forge.verify(forge.bundle(signer=signer, content=content, log=2, timestamps=stamps))


@pytest.mark.parametrize(
    "valid",
    [
        Window(start=NOON - DAY, end=NOON + 4 * SECOND),
        Window(start=NOON + 6 * SECOND, end=NOON + DAY),
    ],
    ids=["expired", "not yet valid"],
)
def test_an_authority_whose_own_certificate_was_not_valid(valid: Window) -> None:
    """The trusted root may believe it for longer than it lives; its life counts as well."""
    forge = Forge()
    forge.core.authority = CertificateAuthority.create(
        forge.core.clock,
        url=forge.core.urls.authority,
        ct_logs=(forge.core.ct_log,),
        valid=valid,
    )
    signer = forge.signer(edit=_living_all_day)
    with refused(Check.CHAIN, "the certificate of O=keyless sandbox, CN=sandbox intermediate was"):
        forge.verify(_logged_at_five(forge, signer))


def _living_all_day(template: Template) -> Template:
    return replace(template, not_before=NOON - DAY, not_after=NOON + DAY)


def _logged_at_five(forge: Forge, signer: Signer) -> Bundle:
    content = forge.message(signer)
    entry = forge.logged(signer, content, at=LOGGED)
    return forge.bundle(signer=signer, content=content, entries=[entry])


@pytest.mark.parametrize(
    "valid",
    [
        Window(start=NOON - DAY, end=NOON + 5 * SECOND),
        Window(start=NOON + 6 * SECOND, end=NOON + DAY),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_timestamp_authority_whose_certificate_was_not_valid(forge: Forge, valid: Window) -> None:
    """At the time it stated, whatever today is."""
    authority = TimestampAuthority.create(
        forge.core.clock, url="https://short.sandbox.test", valid=valid
    )
    (listed,) = forge.core.trust.timestamp_authorities
    short = replace(listed, url=authority.url, certificates=authority.chain)
    root = trusted(replace(forge.core.trust, timestamp_authorities=(short,)))
    signer = forge.signer()
    content = forge.message(signer)
    stamp = forge.timestamp(content, at=STAMPED, authority=authority)
    bundle = forge.bundle(signer=signer, content=content, log=2, timestamps=[stamp])
    with refused(Check.TIMESTAMP, "was not valid at 2025-03-01 12:00:05.250001 UTC"):
        forge.verify(bundle, trusted_root=root)
