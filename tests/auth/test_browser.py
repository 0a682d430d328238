# SPDX-License-Identifier: Apache-2.0
"""Signing in with a browser: who comes back, with what, and what they see at the end."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from keyless.auth.wish import Wish
from keyless.errors import LoginError, LoginFailure, ServiceError
from keyless.sandbox import Sandbox
from keyless.sandbox.answering import json_response
from keyless.sandbox.faults import Fault, Lie, Party, Redirect, Refuse, Slow, Status, TimeOut
from keyless.sandbox.login_lies import (
    ANOTHER_RESPONSE_ISSUER,
    BARE_REFUSAL,
    NO_CODE,
    NO_DEVICES,
    NO_PROOF_OF_KEY,
    NO_RESPONSE_ISSUER,
    NO_STATE,
    OTHER_KEYS,
    REFUSAL,
)
from keyless.sandbox.token_lies import ANOTHER_NONCE, ANOTHER_STATE, FORGED_TOKEN, NO_EMAIL
from keyless.services.http import Request, Response
from keyless.value import replace
from tests.auth.people import Browser, Desk, nothing_typed, visit

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
GOOGLE = "https://accounts.google.com"


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which Alice signs in."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve("alice@example.com")
    return sandbox


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[Browser]:
    """A browser without a person before it."""
    browser = Browser(sandbox)
    yield browser
    for thread in browser.threads:
        thread.join()


@pytest.fixture
def desk(sandbox: Sandbox, browser: Browser) -> Desk:
    """A desktop with it."""
    return Desk(sandbox, open_browser=browser)


def refusal(desk: Desk, wish: Wish = Wish()) -> LoginError:  # noqa: B008 - it is a value
    """Return why nobody can sign in."""
    with pytest.raises(LoginError) as caught:
        desk.sign_in(wish)
    assert caught.value.hint
    return caught.value


def test_somebody_signs_in(desk: Desk, browser: Browser) -> None:
    """The token is asked for once, and is used at once."""
    me = desk.sign_in()
    assert (me.name, me.issuer) == ("alice@example.com", "https://github.com/login/oauth")
    assert me.token(clock=lambda: NOON).email == "alice@example.com"
    assert len(browser.opened) == 1


def test_the_page_says_who_came(desk: Desk, browser: Browser) -> None:
    """After the token was verified, and without the code in its address."""
    desk.sign_in()
    page = browser.page
    assert page.status_code == 200
    assert "Signed in as alice@example.com (GitHub)" in page.text
    assert "You may close this tab" in page.text
    assert "code" not in page.url
    assert page.history[0].status_code == 303
    for each in (page, *page.history):
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Referrer-Policy"] == "no-referrer"
        assert each.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src")
        assert each.headers["Connection"] == "close"
    assert "<script" not in page.text
    assert "color-scheme: light dark" in page.text


def test_the_address_is_always_shown(desk: Desk, browser: Browser) -> None:
    """What opens browsers says that it has when nothing has appeared."""
    desk.sign_in()
    assert browser.opened[0] in desk.person.heard
    assert "signing in with a browser, as this machine has a display" in desk.person.heard
    assert desk.person.lines[-1] == "signed in as alice@example.com (GitHub)"


def test_nothing_listens_any_more_afterwards(desk: Desk, browser: Browser) -> None:
    """Neither after a success nor after a failure."""
    desk.sign_in()
    desk.sandbox.issuer.deny()
    refusal(desk)
    for url in browser.opened:
        (redirect,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        with pytest.raises(requests.ConnectionError):
            visit(redirect)


@pytest.mark.parametrize("provider", ["google", GOOGLE])
def test_a_provider_can_be_chosen(desk: Desk, browser: Browser, provider: str) -> None:
    """The issuer is told to ask it, and the page names it."""
    me = desk.sign_in(Wish(provider=provider))
    assert me.issuer == GOOGLE
    assert "(Google)" in browser.page.text


def test_an_issuer_need_not_know_any_provider(desk: Desk) -> None:
    """Then it signs people in itself; whoever chose a provider is told."""
    desk.sandbox.issuer.federated = False
    me = desk.sign_in(Wish(provider="google"))
    assert me.name == "alice@example.com"
    assert "has signed you in itself, and asked nobody else: it does not know Google" in (
        desk.person.heard
    )


def test_another_provider_than_the_one_that_was_chosen_is_refused(
    desk: Desk, browser: Browser
) -> None:
    """The certificate would name another issuer than the one that is meant."""
    desk.sandbox.issuer.approve("alice@example.com", connector="https://idp.example/x")
    error = refusal(desk, Wish(provider="google"))
    assert error.message == "signed in with idp.example, not with Google"
    assert error.reason is LoginFailure.UNEXPECTED_PROVIDER
    assert "Not signed in" in browser.page.text


def test_whoever_was_not_expected_is_refused(desk: Desk, browser: Browser) -> None:
    """The page says so as well, before the authority knows anything."""
    error = refusal(desk, Wish(expected="bob@example.com"))
    assert error.message == "signed in as alice@example.com, not as bob@example.com"
    assert error.reason is LoginFailure.UNEXPECTED_IDENTITY
    assert browser.page.status_code == 400
    assert "Signed in as alice@example.com, not as bob@example.com." in browser.page.text
    assert desk.sign_in(Wish(expected="alice@example.com")).name == "alice@example.com"


def test_somebody_who_says_no_is_believed(desk: Desk, browser: Browser) -> None:
    """And the page does not say that all is well."""
    desk.sandbox.issuer.deny()
    error = refusal(desk)
    assert error.reason is LoginFailure.CANCELLED
    assert "was told no (access_denied: somebody said no)" in error.message
    assert "Not signed in" in browser.page.text
    assert "was told no" in browser.page.text


BACK: dict[Lie, tuple[LoginFailure, str]] = {
    REFUSAL: (
        LoginFailure.REFUSED,
        "the issuer oauth.sandbox.test refused: server_error: the database is <b>asleep</b>",
    ),
    BARE_REFUSAL: (
        LoginFailure.REFUSED,
        "the issuer oauth.sandbox.test refused: temporarily_unavailable",
    ),
    NO_CODE: (LoginFailure.REFUSED, "with neither a code nor a reason"),
    NO_RESPONSE_ISSUER: (LoginFailure.RESPONSE_ISSUER, "came back without saying who sent it"),
    ANOTHER_RESPONSE_ISSUER: (LoginFailure.RESPONSE_ISSUER, "came back from https://elsewhere"),
}


@pytest.mark.parametrize(("lie", "found"), BACK.items(), ids=str)
def test_a_browser_that_comes_back_with_bad_news_is_told_why(
    desk: Desk, browser: Browser, lie: Lie, found: tuple[LoginFailure, str]
) -> None:
    """In its own page, with markup as what it is, and in the error."""
    with desk.sandbox.inject("oidc", lie):
        error = refusal(desk)
    assert error.reason is found[0]
    assert found[1] in error.message
    assert "Not signed in" in browser.page.text
    assert "<b>" not in browser.page.text


def _who_does_not_say_that_it_names_itself(lie: Lie) -> Lie:
    """Return *lie*, of an issuer whose description does not have what RFC 9207 adds to it."""

    def tell(party: Party, request: Request) -> Response:
        if not request.url.endswith("/openid-configuration"):
            return lie.tell(party, request)
        said = json.loads(party.handle(request).body)
        del said["authorization_response_iss_parameter_supported"]
        return json_response(said)

    return replace(lie, tell=tell)


def test_an_issuer_that_need_not_name_itself_may_not_be_another(desk: Desk) -> None:
    """What it says is compared, whether or not it had said that it would say it."""
    with desk.sandbox.inject("oidc", _who_does_not_say_that_it_names_itself(NO_RESPONSE_ISSUER)):
        assert desk.sign_in().name == "alice@example.com"
    lie = _who_does_not_say_that_it_names_itself(ANOTHER_RESPONSE_ISSUER)
    with desk.sandbox.inject("oidc", lie):
        assert refusal(desk).reason is LoginFailure.RESPONSE_ISSUER


TOKENS: dict[Lie, LoginFailure] = {
    ANOTHER_NONCE: LoginFailure.NONCE,
    FORGED_TOKEN: LoginFailure.SIGNATURE,
    NO_EMAIL: LoginFailure.NO_EMAIL,
    OTHER_KEYS: LoginFailure.SIGNATURE,
}


@pytest.mark.parametrize(("lie", "reason"), TOKENS.items(), ids=str)
def test_a_token_that_is_no_good_is_refused(
    desk: Desk, browser: Browser, lie: Lie, reason: LoginFailure
) -> None:
    """And the browser does not say that somebody signed in."""
    with desk.sandbox.inject("oidc", lie):
        assert refusal(desk).reason is reason
    assert "Not signed in" in browser.page.text


def test_an_address_that_was_not_verified_is_refused(desk: Desk) -> None:
    """The authority would not say why."""
    desk.sandbox.issuer.approve("alice@example.com", verified=False)
    assert refusal(desk).reason is LoginFailure.EMAIL_NOT_VERIFIED


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "300 seconds behind"), (-5, "300 seconds ahead")]
)
def test_a_wrong_clock_is_measured_and_told(desk: Desk, minutes: int, words: str) -> None:
    """By a fast clock, every token has expired at birth."""
    desk.sandbox.issuer.ahead = timedelta(minutes=minutes)
    error = refusal(desk)
    assert error.reason is LoginFailure.CLOCK
    assert words in error.message


def test_an_issuer_that_is_not_safe_is_not_signed_in_to(desk: Desk, browser: Browser) -> None:
    """No browser is opened at all."""
    with desk.sandbox.inject("oidc", NO_PROOF_OF_KEY):
        assert refusal(desk).reason is LoginFailure.UNSAFE_ISSUER
    assert browser.opened == []


def test_keys_that_were_changed_meanwhile_are_fetched_again(desk: Desk) -> None:
    """Once: after discovery, the page and the token comes the old key set, and then the new."""
    with desk.sandbox.inject("oidc", OTHER_KEYS, after=3, times=1):
        assert desk.sign_in().name == "alice@example.com"


SERVICES: dict[str, tuple[Fault, type[Exception], str]] = {
    "redirect": (Redirect(), ServiceError, "answered 307: it points to"),
    "down": (Refuse(), ServiceError, "cannot be reached"),
    "never": (TimeOut(), ServiceError, "takes longer than 30 seconds"),
    "no": (
        Status(code=400, body=b'{"error": "invalid_client", "error_description": "who?"}'),
        LoginError,
        "refused: invalid_client: who?",
    ),
}


@pytest.mark.parametrize(("fault", "kind", "words"), SERVICES.values(), ids=SERVICES.keys())
def test_a_token_endpoint_that_fails_is_told_in_both_places(
    desk: Desk, browser: Browser, fault: Fault, kind: type[Exception], words: str
) -> None:
    """A redirect of what holds the code is not followed."""
    with desk.sandbox.inject("oidc", fault, after=2), pytest.raises(kind, match=words):
        desk.sign_in()
    assert "Not signed in" in browser.page.text


def test_a_slow_issuer_is_waited_for(desk: Desk) -> None:
    """It is not as fast everywhere as here."""
    with desk.sandbox.inject("oidc", Slow(seconds=2)):
        assert desk.sign_in().name == "alice@example.com"


def test_nobody_waits_for_ever(desk: Desk) -> None:
    """The time that was allowed counts, whatever happens."""
    desk.open_browser, desk.seconds = None, 0.3
    error = refusal(desk)
    assert error.reason is LoginFailure.TIMED_OUT
    assert error.message == "nobody signed in within 0.3 seconds"


def test_what_is_no_answer_is_counted(desk: Desk, browser: Browser) -> None:
    """So that somebody whose browser has lost the state knows more than that it took too long."""
    desk.seconds = 0.6
    with desk.sandbox.inject("oidc", NO_STATE):
        error = refusal(desk)
    assert "; one request was left alone that came here" in error.message
    assert "does not say which attempt to sign in it answers" in browser.page.text


def strayed(*before: str) -> Callable[[str], str]:
    """Send something else there first."""

    def detour(back: str) -> str:
        place = back.partition("?")[0]
        for query in before:
            visit(f"{place}{query}")
        return back

    return detour


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?code=x",
        "?error=access_denied",
        "?code=x&state=wrong",
        "?error=access_denied&state=wrong",
        "?state=",
        "?code=x&state=%FF%00",
        "?" + "&".join(f"a{n}=b" for n in range(99)),
        "?code=" + "x" * 20_000,
    ],
)
def test_a_stray_request_ends_nothing(desk: Desk, browser: Browser, query: str) -> None:
    """Any page in any browser can send one; the right answer is still taken."""
    browser.detour = strayed(query)
    assert desk.sign_in().name == "alice@example.com"


def test_a_wrong_state_may_be_followed_by_the_right_one(desk: Desk, browser: Browser) -> None:
    """The wrong one is told what it is."""
    seen = []

    def detour(back: str) -> str:
        state = parse_qs(urlsplit(back).query)["state"][0]
        seen.append(visit(back.replace(state, "another")))
        seen.append(visit(f"{back}&state={state}"))
        return back

    browser.detour = detour
    desk.sign_in()
    assert [each.status_code for each in seen] == [400, 400]
    assert "It answers another attempt to sign in." in seen[0].text
    assert "It cannot be read." in seen[1].text


def test_the_issuers_own_lie_about_the_state_is_no_answer(desk: Desk) -> None:
    """However right the code may be."""
    desk.seconds = 0.6
    with desk.sandbox.inject("oidc", ANOTHER_STATE):
        assert refusal(desk).reason is LoginFailure.TIMED_OUT


def test_a_second_tab_and_a_replay_are_told_apart_from_the_answer(
    desk: Desk, browser: Browser
) -> None:
    """Whoever opens the page twice, or goes back to it, ends nothing and learns that it is done."""
    late: list[requests.Response] = []

    def detour(back: str) -> str:
        first = visit(back, allow_redirects=False)
        other = browser.back(browser.opened[0])
        late.extend([visit(other), visit(back)])
        return back.partition("/auth/")[0] + first.headers["Location"]

    browser.detour = detour
    assert desk.sign_in().name == "alice@example.com"
    assert "Signed in as alice@example.com" in browser.page.text
    assert [each.status_code for each in late] == [409, 409]
    assert all("has been answered already" in each.text for each in late)


def test_nothing_else_is_served(desk: Desk, browser: Browser) -> None:
    """No other path, no other method, no other name of the host; and HEAD takes no answer."""
    found: list[int] = []

    def detour(back: str) -> str:
        origin = back.partition("/auth/")[0]
        found.extend(visit(f"{origin}{path}").status_code for path in ("/", "/favicon.ico"))
        found.append(visit(f"{origin}/auth/done/guess").status_code)
        found.append(requests.post(back, timeout=20).status_code)
        found.append(requests.head(back, timeout=20).status_code)
        found.append(requests.request("BREW", back, timeout=20).status_code)
        found.append(visit(back, headers={"Host": "mallory.test"}).status_code)
        return back

    browser.detour = detour
    desk.sign_in()
    assert found == [404, 404, 404, 405, 405, 501, 400]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_browser_finds_its_way_by_any_of_the_addresses(
    desk: Desk, browser: Browser, host: str
) -> None:
    """Some take localhost for one, some for the other."""
    browser.detour = lambda back: back.replace("localhost", host, 1)
    assert desk.sign_in().name == "alice@example.com"


def say_no(_: str) -> bool:
    """Open nothing, and say so."""
    return False


def break_down(_: str) -> bool:
    """Open nothing, and say it in a worse way."""
    raise KeyError("no display")


@pytest.mark.parametrize("open_browser", [say_no, break_down])
def test_a_browser_that_does_not_open_is_told(
    desk: Desk, browser: Browser, open_browser: Callable[[str], bool]
) -> None:
    """Somebody opens the page themselves then."""

    def open_it_oneself(line: str) -> None:
        if line == "no browser could be opened here: open the page above yourself":
            browser(desk.person.heard.partition("on this machine:\n")[2].split()[0])

    desk.open_browser, desk.person.reaction = open_browser, open_it_oneself
    assert desk.sign_in().name == "alice@example.com"


def test_reading_ends_when_the_browser_was_faster(desk: Desk) -> None:
    """Nobody goes on waiting for a line that nobody needs."""
    ended = Event()

    def read(stop: Event) -> str:
        nothing_typed(stop)
        ended.set()
        return ""

    desk.read = read
    desk.sign_in()
    assert ended.wait(5)
    assert "or paste here the address" in desk.person.heard


def test_no_device_is_needed(desk: Desk) -> None:
    """Of an issuer that knows none."""
    with desk.sandbox.inject("oidc", NO_DEVICES):
        assert desk.sign_in().name == "alice@example.com"
