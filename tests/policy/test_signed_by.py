# SPDX-License-Identifier: Apache-2.0
"""Signers by name and by key: the right one passes, and a refusal says who it was."""

import ipaddress
import pickle
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from keyless.errors import Check, InputError, ParseError, PolicyError
from keyless.policy import Glob, Policy, SignedBy, SignedByKey, Wanted
from keyless.protocol.keys import PublicKey
from tests.policy.signers import GITHUB, GOOGLE, bare_key, person, public_key, signer

ALICE = person("alice")
BY_ALICE = SignedBy("alice@example.com", issuer="google")


def refusal(policy: Policy, who: object) -> PolicyError:
    """Return how *policy* refuses *who*."""
    with pytest.raises(PolicyError) as caught:
        policy.check(who)  # type: ignore[arg-type]  # VerifiedSigner; any other fails the test
    return caught.value


@pytest.mark.parametrize(
    "policy",
    [
        BY_ALICE,
        SignedBy(Glob("*@example.com"), issuer="google"),
        SignedBy(re.compile(r"(alice|bob)@example\.com"), issuer="google"),
        SignedBy("alice@example.com", issuer=Glob("https://*.google.com")),
        SignedBy("alice@example.com", issuer=re.compile(r"https://accounts\.google\..*")),
        SignedBy(Glob("**"), issuer=re.compile(".*")),
    ],
    ids=repr,
)
def test_the_signer_asked_for_is_accepted(policy: SignedBy) -> None:
    """Text, Glob and pattern each take the signer they describe."""
    policy.check(ALICE)


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        ("bob@example.com", "google"),
        ("alice@example.com", "github"),
        ("ALICE@example.com", "google"),
        ("alice@example.co", "google"),
        ("lice@example.com", "google"),
        (re.compile("lice@example.com"), "google"),
        (re.compile("alice"), "google"),
        (Glob("*"), "google"),
        ("alice@example.com", re.compile("https://")),
    ],
    ids=repr,
)
def test_any_other_is_refused_by_policy(identity: Wanted, issuer: Wanted) -> None:
    """Neither a part of the name nor the name under another issuer will do."""
    assert refusal(SignedBy(identity, issuer=issuer), ALICE).check is Check.POLICY


def test_a_refusal_says_who_signed_and_who_was_wanted() -> None:
    """Name, kind of name and issuer of both are shown."""
    error = refusal(SignedBy("bob@example.com", issuer="github"), ALICE)
    assert error.found == "alice@example.com (e-mail), vouched for by https://accounts.google.com"
    assert error.wanted == "bob@example.com, vouched for by https://github.com/login/oauth"
    assert error.message == f"signed by {error.found}, not by {error.wanted}"
    assert error.hint == "the signature is genuine, but by somebody else than you asked for"


def test_a_name_is_compared_as_it_stands_whatever_its_kind() -> None:
    """An URI is an identity as an e-mail address is."""
    uri = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"
    SignedBy(uri, issuer="github-actions").check(
        signer(uri, issuer="https://token.actions.githubusercontent.com")
    )


def test_a_user_name_is_an_identity() -> None:
    """Fulcio's own kind of name is taken as well."""
    username = x509.OtherName(
        x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), b"\x0c\x11alice!example.com"
    )
    SignedBy("alice!example.com", issuer="google").check(signer(username, issuer=GOOGLE))


@pytest.mark.parametrize(
    "name",
    [x509.DNSName("example.com"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))],
    ids=repr,
)
def test_the_name_of_a_machine_is_no_signer(name: x509.GeneralName) -> None:
    """A certificate for a server does not make the server's key a person's."""
    error = refusal(SignedBy(Glob("**"), issuer="google"), signer(name, issuer=GOOGLE))
    assert str(error.hint).startswith("the certificate names a machine")


def test_nobody_vouching_is_not_anybody_vouching() -> None:
    """A pattern that takes every issuer does not take none."""
    error = refusal(SignedBy(Glob("**"), issuer=Glob("**")), person("alice", issuer=None))
    assert error.hint == "the certificate does not say who vouched for the name in it"


def test_a_bare_key_has_no_name() -> None:
    """Without a certificate, nothing says who holds the key."""
    error = refusal(SignedBy(Glob("**"), issuer=Glob("**")), bare_key("release"))
    assert "SignedByKey" in str(error.hint)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (person("Alice"), "the identity differs from the one wanted only in upper and lower case"),
        (
            person("alice", issuer="https://accounts.google.com/"),
            "the issuer differs from the one wanted only in a slash at its end",
        ),
    ],
    ids=["case", "slash"],
)
def test_a_refusal_says_what_is_hard_to_see(who: object, said: str) -> None:
    """Two names that look the same are told apart."""
    assert refusal(BY_ALICE, who).hint == said


def test_a_refusal_marks_letters_that_only_look_like_others() -> None:
    """A Cyrillic letter in a workflow's name is named."""
    who = signer(
        x509.OtherName(
            x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), b"\x0c\x06" + "\u0430lice".encode()
        ),
        issuer=GOOGLE,
    )
    error = refusal(SignedBy("alice", issuer="google"), who)
    assert "U+0430 CYRILLIC SMALL LETTER A" in str(error.hint)


def test_a_name_cannot_write_to_the_terminal() -> None:
    """Control characters in an identity are shown, not sent."""
    who = signer(
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), b"\x0c\x05\x1b[2Ja"),
        issuer=GOOGLE,
    )
    assert r"\x1b[2Ja (other name)" in refusal(BY_ALICE, who).message


@pytest.mark.parametrize("identity", ["", None])
def test_a_policy_without_an_identity_cannot_be_made(identity: object) -> None:
    """Nothing is no policy."""
    with pytest.raises(InputError, match="the identity"):
        SignedBy(identity, issuer="google")  # type: ignore[arg-type]  # that is the test


def test_a_policy_without_an_issuer_cannot_be_made() -> None:
    """A name for which just anybody vouches proves nothing."""
    with pytest.raises(InputError, match="the issuer is empty"):
        SignedBy("alice@example.com", issuer="")


def test_the_issuer_may_be_called_by_its_everyday_name() -> None:
    """An alias and its URL make one and the same policy."""
    assert SignedBy("a@b.c", issuer="github") == SignedBy("a@b.c", issuer=GITHUB)


def test_a_pattern_that_takes_everyone_is_shown() -> None:
    """What such a policy accepted is plain from its description."""
    policy = SignedBy(re.compile(".*"), issuer=Glob("**"))
    assert policy.description == 'anything matching /.*/, vouched for by anything like "**"'


@pytest.mark.parametrize(
    "policy",
    [BY_ALICE, SignedBy(re.compile("a"), issuer=Glob("b*")), SignedByKey(public_key("release"))],
    ids=["text", "patterns", "key"],
)
def test_policies_are_values(policy: Policy) -> None:
    """They can be compared, hashed, and sent to another process."""
    assert {pickle.loads(pickle.dumps(policy))} == {policy}


def test_a_policy_cannot_be_changed() -> None:
    """What was decided stays decided."""
    with pytest.raises(AttributeError, match="identity cannot change"):
        BY_ALICE.identity = "mallory@example.com"  # type: ignore[misc]  # that is the test


def test_policies_are_written_as_they_are_typed() -> None:
    """A representation could be pasted back."""
    assert repr(BY_ALICE) == f"SignedBy('alice@example.com', issuer='{GOOGLE}')"
    assert repr(SignedByKey(public_key("k"))) == f"SignedByKey({public_key('k')!r})"


def pem(key: PublicKey) -> bytes:
    """Return *key* in PEM."""
    return load_der_public_key(key.spki).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


def test_a_key_is_taken_as_object_text_or_bytes() -> None:
    """All three are the same policy."""
    key = public_key("release")
    assert SignedByKey(key) == SignedByKey(pem(key)) == SignedByKey(pem(key).decode())


@pytest.mark.parametrize("data", [b"", b"\xff", "no key", b"-----BEGIN PRIVATE KEY-----"])
def test_what_is_no_public_key_in_pem_is_refused(data: str | bytes) -> None:
    """Bytes that are not a key are malformed."""
    with pytest.raises(ParseError, match="PEM"):
        SignedByKey(data)


def test_what_is_no_key_at_all_is_refused() -> None:
    """A policy about a key needs one."""
    with pytest.raises(InputError, match="NoneType is not a public key"):
        SignedByKey(None)  # type: ignore[arg-type]  # that is the test


def test_the_holder_of_the_key_is_accepted() -> None:
    """With a certificate or without."""
    SignedByKey(public_key("release")).check(bare_key("release"))
    SignedByKey(public_key("release")).check(person("alice", key="release"))


def test_the_holder_of_another_key_is_refused() -> None:
    """Both keys are named by their fingerprints."""
    error = refusal(SignedByKey(public_key("release")), person("alice", key="another"))
    assert error.found == f"the key with SHA-256 {public_key('another').fingerprint.hex}"
    assert error.wanted == f"the key with SHA-256 {public_key('release').fingerprint.hex}"


def test_only_a_key_policy_trusts_a_key_by_itself() -> None:
    """A verifier asks which keys might have signed a bundle without a certificate."""
    assert SignedByKey(public_key("release")).keys == (public_key("release"),)
    assert BY_ALICE.keys == ()
