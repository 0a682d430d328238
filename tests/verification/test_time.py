# SPDX-License-Identifier: Apache-2.0
"""What is refused as a time: none, a timestamp over something else, or one by nobody trusted.

Times that are sound, but outside somebody's window, are in test_windows.py.
"""

import pytest

from keyless.errors import Check
from keyless.policy import Requirements
from keyless.protocol.digest import Digest
from keyless.protocol.timestamp import Timestamp
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from keyless.value import replace
from tests.forge import ARTIFACT, NOON, SECOND, Forge, Signer, trusted
from tests.refusals import refused


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def signer(forge: Forge) -> Signer:
    """Alice, with a key and a certificate."""
    return forge.signer()


def test_no_time_at_all(forge: Forge, signer: Signer) -> None:
    """The second log knows none, and nobody else was asked."""
    with refused(Check.TIME, "^0 trusted clocks say when the signature was made, 1 w") as refusal:
        forge.verify(forge.bundle(signer=signer, log=2, timestamps=[]))
    assert refusal.value.found == "no trusted time"


def test_a_first_logs_time_that_it_did_not_promise(forge: Forge, signer: Signer) -> None:
    """The proof covers the entry and not its time, so the time is hearsay and is dropped."""
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content), promise=None)
    assert entry.integrated_time == int(NOON.timestamp())
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], timestamps=[])
    with refused(Check.TIME, "0 trusted clocks"):
        forge.verify(bundle)


def test_a_second_logs_entry_that_states_a_time(forge: Forge, signer: Signer) -> None:
    """Nothing signs it."""
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content, log=2), integrated_time=int(NOON.timestamp()))
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], timestamps=[])
    with refused(Check.TIME, "0 trusted clocks"):
        forge.verify(bundle)


@pytest.mark.parametrize("imprint", [ARTIFACT, b"another signature"])
def test_a_timestamp_over_something_else(forge: Forge, signer: Signer, imprint: bytes) -> None:
    """It says when something existed, and not when this signature did."""
    query = TimestampQuery(imprint=Digest.of(imprint), nonce=None, wants_certificate=True)
    stamp = Timestamp.parse(forge.core.timestamp_authority.timestamp(query))
    with refused(Check.TIMESTAMP, "was made for something else than this signature"):
        forge.verify(forge.bundle(signer=signer, log=2, timestamps=[stamp]))


def test_a_timestamp_by_an_authority_that_is_not_trusted(forge: Forge, signer: Signer) -> None:
    """Its certificate comes along, and is not trusted for that."""
    stranger = TimestampAuthority.create(forge.core.clock, url=forge.core.urls.timestamp_authority)
    content = forge.message(signer)
    stamp = forge.timestamp(content, authority=stranger)
    assert stamp.message.embedded
    bundle = forge.bundle(signer=signer, content=content, log=2, timestamps=[stamp])
    with refused(Check.TIMESTAMP, "no trusted authority made the timestamp"):
        forge.verify(bundle)


def test_a_timestamp_where_no_authority_is_trusted(forge: Forge, signer: Signer) -> None:
    """A trusted root without any cannot be convinced."""
    root = trusted(replace(forge.core.trust, timestamp_authorities=()))
    with refused(Check.TIMESTAMP, "no trusted authority made the timestamp"):
        forge.verify(forge.bundle(signer=signer, log=2), trusted_root=root)


def test_a_timestamp_whose_signature_was_altered(forge: Forge, signer: Signer) -> None:
    """The last byte of a timestamp is the last of its signature."""
    content = forge.message(signer)
    der = forge.timestamp(content).der
    altered = Timestamp.parse(der[:-1] + bytes((der[-1] ^ 1,)))
    bundle = forge.bundle(signer=signer, content=content, log=2, timestamps=[altered])
    with refused(Check.TIMESTAMP, "^the timestamp "):
        forge.verify(bundle)


@pytest.mark.parametrize("log", [1, 2])
def test_one_timestamp_that_does_not_hold_among_those_that_do(
    forge: Forge, signer: Signer, log: int
) -> None:
    """A bundle in which something was exchanged is refused, however many clocks remain."""
    content = forge.message(signer)
    stamps = [forge.timestamp(content), forge.timestamp(forge.message(signer, b"other"))]
    bundle = forge.bundle(signer=signer, content=content, log=log, timestamps=stamps)
    with refused(Check.TIMESTAMP, "was made for something else"):
        forge.verify(bundle)


def test_a_clock_counts_once_however_often_it_was_asked(forge: Forge, signer: Signer) -> None:
    """Two timestamps by one authority are one clock's word, twice."""
    content = forge.message(signer)
    stamps = [forge.timestamp(content, at=NOON + offset * SECOND) for offset in (0, 1)]
    bundle = forge.bundle(signer=signer, content=content, log=2, timestamps=stamps)
    with refused(Check.TIME, "^1 trusted clock") as refusal:
        forge.verify(bundle, requirements=Requirements(times=2))
    assert str(refusal.value.found).count(forge.core.urls.timestamp_authority) == 2
