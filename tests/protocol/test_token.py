# SPDX-License-Identifier: Apache-2.0
"""Identity tokens: what they say, why they will be refused, and that nothing shows them."""

import base64
import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.token import LONGEST_TOKEN, IdentityToken, diagnose

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
DEX = "https://oauth2.sigstore.dev/auth"
GITHUB = "https://github.com/login/oauth"
ROBOTS = "https://robots.example"
ACTIONS = "https://token.actions.githubusercontent.com"
WORKFLOW = "example/project/.github/workflows/release.yml@refs/tags/v1"
CLAIMS: dict[str, Any] = {
    "iss": DEX,
    "sub": "CgVhbGljZQ",
    "aud": "sigstore",
    "exp": int(NOON.timestamp()) + 60,
    "iat": int(NOON.timestamp()),
    "email": "alice@example.com",
    "email_verified": True,
    "federated_claims": {"connector_id": GITHUB, "user_id": "7"},
}


def b64url(data: bytes) -> str:
    """Write a part of a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(payload: bytes, header: bytes = b'{"alg":"ES256","typ":"JWT"}') -> str:
    """Write a token; its signature is nobody's."""
    return f"{b64url(header)}.{b64url(payload)}.{b64url(b'signature' * 7)}"


def token_with(**changes: Any) -> str:
    """Write a token with claims changed, or dropped where None."""
    claims = {name: claim for name, claim in {**CLAIMS, **changes}.items() if claim is not None}
    return token_of(json.dumps(claims).encode())


def test_a_token_says_whose_it_is() -> None:
    """All that is asked of it later."""
    token = IdentityToken.parse(token_with(nbf=int(NOON.timestamp()) - 5))
    assert token.text == token_with(nbf=int(NOON.timestamp()) - 5)
    assert (token.subject, token.issuer) == ("CgVhbGljZQ", DEX)
    assert token.audience == ("sigstore",)
    assert token.expires_at == NOON + timedelta(seconds=60)
    assert token.not_before == NOON - timedelta(seconds=5)
    assert token.issued_at == NOON
    assert (token.email, token.email_verified) == ("alice@example.com", True)
    assert token.connector == GITHUB
    assert token.name == token.certified_name == "alice@example.com"


def test_a_token_need_not_say_more_than_it_must() -> None:
    """Who, for whom, by whom and until when; the audience may be a list, the time have a part."""
    claims = {"iss": DEX, "sub": "robot", "aud": ["a", "sigstore"], "exp": NOON.timestamp() + 0.5}
    token = IdentityToken.parse(token_of(json.dumps(claims).encode()))
    assert token.audience == ("a", "sigstore")
    assert token.expires_at == NOON + timedelta(seconds=0.5)
    assert token.not_before is token.issued_at is token.email is token.connector is None
    assert token.certified_name is None
    assert token.name == "robot"


@pytest.mark.parametrize(
    ("issuer", "claims", "name"),
    [
        (ACTIONS, {"job_workflow_ref": WORKFLOW}, f"https://github.com/{WORKFLOW}"),
        (
            "https://gitlab.com",
            {"ci_config_ref_uri": "gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main"},
            "https://gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main",
        ),
        (ACTIONS, {}, None),
        ("https://ci.example", {"job_workflow_ref": WORKFLOW}, None),
    ],
    ids=["GitHub Actions", "GitLab", "no workflow", "another issuer"],
)
def test_a_workflow_is_named_as_its_certificate_will_be(
    issuer: str, claims: dict[str, str], name: str | None
) -> None:
    """Where the issuer's rule is known; nowhere else."""
    token = IdentityToken.parse(token_with(iss=issuer, email=None, **claims))
    assert token.certified_name == name


@pytest.mark.parametrize(
    ("said", "verified"),
    [(True, True), ("true", True), ("True", True), (False, False), ("yes", False), (1, False)],
    ids=repr,
)
def test_an_address_is_verified_where_the_issuer_says_so(said: Any, verified: bool) -> None:
    """As a truth value or as its name, which is what the authority takes."""
    assert IdentityToken.parse(token_with(email_verified=said)).email_verified is verified


@pytest.mark.parametrize("show", [repr, str, "{}".format])
def test_a_token_is_not_shown(show: Any) -> None:
    """Not by any way in which values are shown: it would end up in a notebook or a log."""
    text = show(IdentityToken.parse(token_with()))
    assert text == f"IdentityToken(alice@example.com, by {DEX})"


def test_a_hostile_name_is_shown_safely() -> None:
    """The issuer's users choose what they are called."""
    token = IdentityToken.parse(token_with(email="\x1b[2Jmallory@example.com"))
    assert repr(token).startswith(r"IdentityToken(\x1b[2Jmallory@example.com")


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_token_is_not_copied(duplicate: Any) -> None:
    """Pickles lie about in queues and caches."""
    with pytest.raises(TypeError, match="not pickled or copied"):
        duplicate(IdentityToken.parse(token_with()))


SEGMENT = token_with().split(".")[1]
MALFORMED = {
    "nothing": ("", "three parts"),
    "an opaque access token": ("gho_16C7e42F292c6912E7710c838347Ae178B4a", "three parts"),
    "no signature": (f"{token_with().rpartition('.')[0]}.", "three parts"),
    "five parts, being encrypted": (f"{token_with()}.{SEGMENT}.{SEGMENT}", "three parts"),
    "a line end": (token_with() + "\n", "three parts"),
    "something that is not ASCII": (token_with() + "é", "three parts"),
    "too long": (token_with(x="y" * LONGEST_TOKEN), "three parts"),
    "an incomplete part": (token_with() + "A", "its parts cannot be read"),
    "a header that is no JSON": (token_of(b"{}", b"secret"), "its parts cannot be read"),
    "a header without end": (token_of(b"{}", b"[" * 20_000), "its parts cannot be read"),
    "a payload that is no JSON": (token_of(b"secret"), "not JSON"),
    "a list": (token_of(b"[]"), "not a JSON object but a list"),
    "a claim twice": (token_of(b'{"iss": "a", "iss": "b"}'), "iss stands twice"),
    "no subject": (token_with(sub=None), "$.sub: missing"),
    "no issuer": (token_with(iss=None), "$.iss: missing"),
    "no end": (token_with(exp=None), "$.exp: missing"),
    "an end that is text": (token_with(exp="tomorrow"), "$.exp: a string where a whole number"),
    "an end that is true": (token_with(exp=True), "$.exp: a truth value where a whole number"),
    "an end too late": (token_with(exp=1e300), "$.exp: a time before 1970 or after"),
    "a start too early": (token_with(nbf=-0.5), "$.nbf: a time before 1970 or after"),
    "an odd audience": (token_with(aud=7), "$.aud: a number where a list"),
    "an odd address": (token_with(email=["a"]), "$.email: a list where a string"),
    "an odd connector": (token_with(federated_claims="a"), "$.federated_claims: a string where"),
}


@pytest.mark.parametrize(("text", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_token_is_refused(text: str, message: str) -> None:
    """And not repeated: it may well be another secret."""
    with pytest.raises(ParseError) as caught:
        IdentityToken.parse(text)
    assert message in caught.value.message
    assert caught.value.message.startswith("not an identity token: ")
    assert caught.value.hint is not None
    assert "secret" not in caught.value.message
    assert text == "" or text not in caught.value.message


@given(
    st.one_of(st.text(), st.binary().map(token_of), st.binary().map(lambda it: token_of(b"{}", it)))
)
def test_nothing_but_a_parse_error_escapes(text: str) -> None:
    """Whatever is pasted in place of a token."""
    with pytest.raises(ParseError):
        IdentityToken.parse(text)


def refusal(
    text: str,
    *,
    now: datetime = NOON,
    expected: str | None = None,
    ahead: timedelta | None = None,
) -> LoginError:
    """Return why the token would be refused."""
    token = IdentityToken.parse(text)
    with pytest.raises(LoginError) as caught:
        diagnose(token, now=now, audience="sigstore", expected=expected, ahead=ahead)
    assert caught.value.hint is not None
    return caught.value


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["other", "sigstore"]},
        {"iat": None},
        {"iat": int(NOON.timestamp()) + 60, "exp": int(NOON.timestamp()) + 120},
        {"exp": int(NOON.timestamp()) + 3},
        {"iss": ACTIONS, "job_workflow_ref": WORKFLOW, "email_verified": False},
        {"iss": ROBOTS, "email": None, "email_verified": None, "federated_claims": None},
        {"iss": "http://localhost:4455", "email": None, "email_verified": None},
    ],
    ids=["plain", "audiences", "no iat", "fast issuer", "short", "workflow", "robot", "stand-in"],
)
def test_a_token_in_order_passes(changes: dict[str, Any]) -> None:
    """Clocks may differ a little, and what is not an e-mail address is not verified as one."""
    token = IdentityToken.parse(token_with(**changes))
    diagnose(token, now=NOON, audience="sigstore", expected=token.certified_name)


@pytest.mark.parametrize(
    ("audience", "found"),
    [("other", "for other,"), (["a", "b"], "for a and b,"), (None, "for nobody in particular,")],
)
def test_a_token_for_somebody_else_is_refused(audience: Any, found: str) -> None:
    """It says for whom it is, and for whom it should be."""
    error = refusal(token_with(aud=audience))
    assert found in error.message
    assert "not for sigstore" in error.message
    assert error.reason is LoginFailure.WRONG_AUDIENCE


@pytest.mark.parametrize("said", [False, None, "false"])
def test_an_address_that_is_not_verified_is_refused(said: Any) -> None:
    """The authority would refuse it, and not say why."""
    error = refusal(token_with(email_verified=said))
    assert f"{DEX} has not verified the e-mail address alice@example.com" in error.message
    assert error.reason is LoginFailure.EMAIL_NOT_VERIFIED


def test_a_person_without_an_address_is_refused() -> None:
    """Somebody vouched for by another issuer is called by their address, or not at all."""
    error = refusal(token_with(email=None))
    assert "CgVhbGljZQ has no e-mail address" in error.message
    assert error.reason is LoginFailure.NO_EMAIL


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_an_access_token_is_refused(kind: str) -> None:
    """It may say the same as the identity token that came along, but is for something else."""
    header = json.dumps({"alg": "ES256", "typ": kind}).encode()
    error = refusal(token_of(json.dumps(CLAIMS).encode(), header))
    assert f"{DEX} gave is an access token" in error.message
    assert error.reason is LoginFailure.ACCESS_TOKEN


def test_another_account_is_refused() -> None:
    """Before anything is sent: the log would keep the wrong name for ever."""
    error = refusal(token_with(), expected="bob@example.com")
    assert error.message == "signed in as alice@example.com, not as bob@example.com"
    assert error.reason is LoginFailure.UNEXPECTED_IDENTITY


def test_a_robot_may_be_expected_by_its_subject() -> None:
    """Where nobody knows what a certificate will say, whoever it plainly is not is refused."""
    claims = {"email": None, "email_verified": None, "federated_claims": None}
    robot = token_with(iss=ROBOTS, **claims)
    diagnose(IdentityToken.parse(robot), now=NOON, audience="sigstore", expected="CgVhbGljZQ")
    assert refusal(robot, expected="alice@example.com").message.startswith("signed in as CgVh")


@pytest.mark.parametrize(
    ("seconds", "message"),
    [(58, "is about to expire"), (60, "has expired"), (4000, "has expired")],
)
def test_an_expired_token_is_refused(seconds: int, message: str) -> None:
    """With the time, and what this machine takes for the time."""
    error = refusal(token_with(), now=NOON + timedelta(seconds=seconds))
    assert f"{message}: it is valid until 2025-03-01 12:01:00 UTC" in error.message
    assert "clock (2025-03-01 1" in str(error.hint)
    assert error.reason is LoginFailure.EXPIRED


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_refused(claim: str) -> None:
    """More than a minute ahead, one of the clocks is wrong."""
    late = int(NOON.timestamp()) + 94
    error = refusal(token_with(**{claim: late, "exp": late + 60}))
    assert "not valid yet: it begins 94 seconds from now" in error.message
    assert "clock (2025-03-01 12:00:00 UTC) is slow" in str(error.hint)
    assert error.reason is LoginFailure.NOT_YET_VALID


@pytest.mark.parametrize(
    ("minutes", "message"),
    [(5, f"clock is 300 seconds ahead of that of {DEX}"), (-5, "clock is 300 seconds behind")],
)
def test_a_wrong_clock_is_told_from_a_bad_token(minutes: int, message: str) -> None:
    """By a fast one every token of a minute has expired at birth."""
    ahead = timedelta(minutes=minutes)
    error = refusal(token_with(), now=NOON + ahead, ahead=ahead)
    assert message in error.message
    assert "set the clock" in str(error.hint)
    assert error.reason is LoginFailure.CLOCK


def test_a_bad_token_is_not_blamed_on_a_clock() -> None:
    """It has expired by the issuer's as well."""
    late = NOON + timedelta(minutes=9)
    assert refusal(token_with(), now=late, ahead=timedelta(minutes=1)).reason is (
        LoginFailure.EXPIRED
    )
