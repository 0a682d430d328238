# SPDX-License-Identifier: Apache-2.0
"""What is not read must not name whom somebody looks for."""

import json
import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.explorer.sieve import Sieve
from keyless.policy import GitHubWorkflow, Glob, Policy, SignedBy, SignedByKey
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from tests.explorer.logs import ALICE, BOB, ISSUER, Scene

HERS, HIS = SignedBy(ALICE, issuer=ISSUER), SignedBy(BOB, issuer=ISSUER)
few_bytes = st.binary(max_size=40)
KEY = SigningKey.generate(algorithm_named("PKIX_ED25519")).public


def body(data: bytes, *, kind: str = "hashedrekord") -> bytes:
    """Write an entry with *data* in it as a certificate."""
    spec = {"x509Certificate": {"rawBytes": b64encode(data).decode()}}
    document = {"apiVersion": "0.0.2", "kind": kind, "spec": spec}
    return json.dumps(document, separators=(",", ":")).encode()


@given(
    before=st.binary(max_size=40), after=st.binary(max_size=40), text=st.text("ab@.x", min_size=6)
)
def test_a_name_is_found_wherever_it_stands(before: bytes, after: bytes, text: str) -> None:
    """However many bytes come before it, and after."""
    sieve = Sieve(SignedBy(text, issuer=ISSUER))
    assert sieve.lets_through(body(before + text.encode() + after))


@pytest.mark.parametrize("kind", ["hashedrekord", "dsse"])
def test_others_are_not_read(kind: str) -> None:
    """Their entries are most of a log."""
    assert not Sieve(HERS).lets_through(body(b"0\x82" + BOB.encode(), kind=kind))
    assert Sieve(HERS).lets_through(body(b"0\x82" + ALICE.encode(), kind=kind))


def test_entries_of_the_sandbox_are_told_apart() -> None:
    """As the log writes them."""
    written = Scene(0).written
    assert Sieve(HERS).lets_through(written.entry(1, ALICE))
    assert not Sieve(HERS).lets_through(written.entry(1, BOB))


@pytest.mark.parametrize(
    "strange",
    [
        b"\xff",
        b"",
        b"{}",
        b" " + body(b"x"),
        body(b"x", kind="intoto"),
        body(b"x").replace(b"rawBytes", b"raw\\u0042ytes"),
    ],
)
def test_what_is_written_in_another_way_is_read(strange: bytes) -> None:
    """Its spelling could hide a name."""
    assert Sieve(HERS).lets_through(strange)


@pytest.mark.parametrize(
    "policy",
    [
        SignedBy(Glob("**@example.com"), issuer=ISSUER),
        SignedBy(re.compile("a.*"), issuer=ISSUER),
        SignedBy("a@b.c", issuer=ISSUER),
        SignedBy("älice@example.com", issuer=ISSUER),
        GitHubWorkflow("org/app"),
        SignedByKey(KEY),
        HERS | SignedByKey(KEY),
    ],
    ids=lambda policy: policy.description,
)
def test_who_is_not_asked_for_by_one_exact_name_is_looked_for_in_all(policy: Policy) -> None:
    """Nothing can be told from afar."""
    assert Sieve(policy).lets_through(body(BOB.encode()))


def test_a_subclass_may_accept_anybody() -> None:
    """Only it knows whom."""

    class Anybody(SignedBy):
        def check(self, signer: object) -> None:
            """Accept."""

    assert Sieve(Anybody(ALICE, issuer=ISSUER)).lets_through(body(BOB.encode()))


def test_either_of_two_names_is_found() -> None:
    """And nobody else's."""
    either = HERS | HIS
    assert Sieve(either).lets_through(body(ALICE.encode()))
    assert Sieve(either).lets_through(body(BOB.encode()))
    assert not Sieve(either).lets_through(body(b"carol@example.com"))


def test_of_two_demands_one_will_do() -> None:
    """Who is not named in it does not meet both."""
    both = SignedByKey(KEY) & HERS
    assert Sieve(both).lets_through(body(ALICE.encode()))
    assert not Sieve(both).lets_through(body(BOB.encode()))
