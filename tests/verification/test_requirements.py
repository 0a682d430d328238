# SPDX-License-Identifier: Apache-2.0
"""Asking for less, or for more, than the public instance gives: each alone, and said so."""

import pytest

from keyless.errors import Check
from keyless.policy import Requirements, SignedByKey
from keyless.protocol.keys import algorithm_named
from keyless.sandbox.ct_log import CtLog
from keyless.sandbox.timestamp_authority import TimestampAuthority
from keyless.sandbox.trust_documents import LogTrust, TrustDocument
from keyless.value import replace
from tests.forge import ALICE, GOOGLE, P256, Forge, Signer, managed, signing_key, trusted
from tests.refusals import refused


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def signer(forge: Forge) -> Signer:
    """Alice, with a key and a certificate."""
    return forge.signer()


def test_no_log_is_needed_when_none_is_asked_for(forge: Forge, signer: Signer) -> None:
    """A timestamp dates the certificate; that nobody may have seen the signature is said."""
    bundle = forge.bundle(signer=signer, entries=[])
    verified = forge.verify(bundle, requirements=Requirements(logs=0))
    assert verified.entries == ()
    assert any("no transparency log" in said for said in verified.relaxations)
    assert "no transparency log" in str(verified)


def test_an_entry_that_is_there_must_hold_though_none_is_asked_for(
    forge: Forge, signer: Signer
) -> None:
    """To need no log is not to believe any."""
    bundle = forge.bundle(signer=signer, log=Forge().core.log_v1)
    with refused(Check.LOG, "is in a log that is not trusted"):
        forge.verify(bundle, requirements=Requirements(logs=0))


def test_two_logs_are_two_logs(forge: Forge, signer: Signer) -> None:
    """Asked for two, one refuses, however many of its entries there are."""
    content = forge.message(signer)
    requirements = Requirements(logs=2)
    both = [forge.logged(signer, content, log=log) for log in (1, 2)]
    bundle = forge.bundle(
        signer=signer, content=content, entries=both, timestamps=[forge.timestamp(content)]
    )
    assert len(forge.verify(bundle, requirements=requirements).entries) == 2
    twice = [forge.logged(signer, content) for _ in range(2)]
    with refused(Check.LOG, "^1 transparency log vouches for the signature, 2 wanted") as refusal:
        forge.verify(
            forge.bundle(signer=signer, content=content, entries=twice), requirements=requirements
        )
    assert refusal.value.found == "1 transparency log"


def test_a_certificate_needs_a_time_whatever_is_asked_for(forge: Forge, signer: Signer) -> None:
    """Without one, there is nothing to hold its ten minutes against."""
    bundle = forge.bundle(signer=signer, log=2, timestamps=[])
    with refused(Check.TIME, "^0 trusted clocks say when the signature was made, 1 wanted"):
        forge.verify(bundle, requirements=Requirements(times=0))


def test_two_clocks_are_two_clocks(forge: Forge, signer: Signer) -> None:
    """A log's and an authority's, or two authorities'."""
    requirements = Requirements(times=2)
    content = forge.message(signer)
    stamp = forge.timestamp(content)
    with_log = forge.bundle(signer=signer, content=content, timestamps=[stamp])
    assert len(forge.verify(with_log, requirements=requirements).times) == 2
    another = TimestampAuthority.create(forge.core.clock, url="https://another.sandbox.test")
    trust = forge.core.trust
    (listed,) = trust.timestamp_authorities
    second = replace(listed, url=another.url, certificates=another.chain)
    root = trusted(replace(trust, timestamp_authorities=(listed, second)))
    stamps = [stamp, forge.timestamp(content, authority=another)]
    two = forge.bundle(signer=signer, content=content, log=2, timestamps=stamps)
    assert len(forge.verify(two, trusted_root=root, requirements=requirements).times) == 2


def test_one_clock_is_not_two(forge: Forge, signer: Signer) -> None:
    """The refusal says which one there was."""
    with refused(Check.TIME, "^1 trusted clock") as refusal:
        forge.verify(forge.bundle(signer=signer), requirements=Requirements(times=2))
    assert "rekor.sandbox.test" in str(refusal.value.found)


def test_no_certificate_log_is_needed_when_none_is_asked_for(forge: Forge) -> None:
    """A private authority may have none; the proof says so."""
    bundle = forge.bundle(signer=forge.signer(scts=[]))
    verified = forge.verify(bundle, requirements=Requirements(scts=0))
    assert verified.signer.scts == ()
    assert any("no certificate log" in said for said in verified.relaxations)


def test_two_certificate_logs_are_two(forge: Forge) -> None:
    """Two timestamps of one log are one log's word."""
    requirements = Requirements(scts=2)
    another = CtLog(forge.core.clock, url="https://another.sandbox.test")
    listed = LogTrust(
        url=another.url, log_id=another.log_id, key=another.key, window=forge.core.window
    )
    trust = forge.core.trust
    root = trusted(replace(trust, ct_logs=(*trust.ct_logs, listed)))
    both = _seen_by(forge, forge.core.ct_log, another)
    verified = forge.verify(forge.bundle(signer=both), trusted_root=root, requirements=requirements)
    assert [sct.log for sct in verified.signer.scts] == ["ct.sandbox.test", "another.sandbox.test"]
    twice = _seen_by(forge, forge.core.ct_log, forge.core.ct_log)
    with refused(Check.SCT, "^1 trusted certificate log"):
        forge.verify(forge.bundle(signer=twice), trusted_root=root, requirements=requirements)


def _seen_by(forge: Forge, *logs: CtLog) -> Signer:
    template = forge.core.authority.template(signing_key(P256).public, [ALICE], GOOGLE)
    tbs = template.to_tbs(algorithm_named(P256))
    issuer = forge.core.authority.chain[0].key
    scts = [log.append(tbs, issuer=issuer) for log in logs]
    return forge.signer(edit=lambda _: template, scts=scts)


def test_a_promise_will_not_do_where_a_proof_is_asked_for(forge: Forge, signer: Signer) -> None:
    """By default it will, for bundles that are old enough to have nothing else."""
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content), proof=None)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], version="0.1")
    forge.verify(bundle)
    with refused(Check.INCLUSION, "comes without a proof that it is in the log") as refusal:
        forge.verify(bundle, requirements=Requirements(inclusion="proof"))
    assert refusal.value.found == "a promise to include it"


def test_a_proof_is_a_proof_where_one_is_asked_for(forge: Forge, signer: Signer) -> None:
    """Nothing changes for bundles that have one."""
    for log in (1, 2):
        bundle = forge.bundle(signer=signer, log=log)
        forge.verify(bundle, requirements=Requirements(inclusion="proof"))


def test_a_bare_key_without_a_log(forge: Forge) -> None:
    """The least there can be: a key that is trusted, and its signature."""
    signer = managed()
    bundle = forge.bundle(signer=signer, entries=[])
    policy = SignedByKey(signer.key.public)
    with refused(Check.LOG, "no transparency log vouches"):
        forge.verify(bundle, policy=policy)
    empty = TrustDocument(logs=(), ct_logs=(), authorities=(), timestamp_authorities=())
    verified = forge.verify(
        bundle, policy=policy, trusted_root=trusted(empty), requirements=Requirements(logs=0)
    )
    assert (verified.entries, verified.times) == ((), ())
