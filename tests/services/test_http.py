# SPDX-License-Identifier: Apache-2.0
"""The seam to other machines: what counts as an answer, what is tried again, what is repeated."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ServiceError
from keyless.services.http import (
    PassingError,
    Patience,
    Request,
    Response,
    persistent,
    requests_transport,
    send,
    server_words,
)
from keyless.services.http.recording import Exchange, recording
from keyless.services.http.scrub import HIDDEN, SHORTEST_PIECE, scrubbed
from tests.services.transports import Scripted, answered

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlc2lnbmF0dXJl"
SERVICE = "certificate authority fulcio.example"
REQUEST = Request(
    method="POST",
    url="https://fulcio.example/api/v2/signingCert?x=y",
    headers=(("Authorization", f"Bearer {JWT}"),),
    body=b"the question",
)
GONE = PassingError("fulcio.example does not answer", service="fulcio.example", hint="wait")
FOR_GOOD = ServiceError("fulcio.example answers too much", service="fulcio.example")


def refusal(*answers: Response | Exception, request: Request = REQUEST) -> ServiceError:
    """Return why *answers* are not what was asked for."""
    with pytest.raises(ServiceError) as caught:
        send(Scripted(*answers), request, service=SERVICE)
    assert caught.value.service == SERVICE
    assert SERVICE in caught.value.message
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_yes_is_an_answer(status: int) -> None:
    """Whatever yes it is."""
    response = answered(status, b"the answer")
    assert send(Scripted(response), REQUEST, service=SERVICE) is response


def test_a_no_may_be_an_answer_too() -> None:
    """To whom says so beforehand: a log's 409 says where the entry is."""
    response = answered(409)
    assert send(Scripted(response), REQUEST, service=SERVICE, also=(409,)) is response
    assert refusal(answered(409)).status == 409


@pytest.mark.parametrize("status", [100, 300, 307, 400, 401, 404, 405, 429, 500, 599])
def test_anything_else_is_an_error(status: int) -> None:
    """With its status, for whoever handles it."""
    error = refusal(answered(status))
    assert error.status == status
    assert f"answered {status}" in error.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code": 3, "message": "no such issuer"}', "no such issuer"),
        (b'{"error": "invalid_grant", "error_description": "too late"}', "too late"),
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"message": 7, "detail": "so"}', "so"),
        (b'{"code": 3}', '{"code": 3}'),
        (b"  plain words\n", "plain words"),
        (b"\xff\x1b[2Jhidden", "\ufffd\\x1b[2Jhidden"),
        (b"<!DOCTYPE html><html><title> 502 Bad\nGateway </title>", "a page with the title"),
        (b"<html><body>", "a page for a browser"),
    ],
)
def test_what_the_server_says_is_kept(body: bytes, words: str) -> None:
    """In JSON or not; shown so that it cannot do anything."""
    assert f"answered 400: {words}" in refusal(answered(400, body)).message


def test_what_the_server_says_is_cut() -> None:
    """An error is not the place for a book."""
    assert len(server_words(answered(400, b"x" * 100_000))) < 600
    long = json.dumps({"message": "x" * 100_000}).encode()
    assert len(server_words(answered(400, long))) < 600


def test_a_server_may_say_nothing() -> None:
    """Then its status says it all."""
    assert refusal(answered(400)).message == f"the {SERVICE} answered 400"


@pytest.mark.parametrize("name", ["X-Request-Id", "x-correlation-id", "CF-Ray"])
def test_the_id_of_the_request_is_kept(name: str) -> None:
    """Whoever runs the server can find the request by it."""
    error = refusal(answered(500, b"oops", **{name: "7\x1b-abc"}))
    assert error.message.endswith(r": oops (request 7\x1b-abc)")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("https://elsewhere.example/\x1b", r"https://elsewhere.example/\x1b"),
        ("", "nowhere"),
        (f"https://elsewhere.example/?token={JWT}", "token=[hidden]"),
    ],
)
def test_a_redirection_is_said_and_not_followed(place: str, words: str) -> None:
    """Where to, and nothing that was told in confidence."""
    error = refusal(answered(302, Location=place))
    assert "it points to " in error.message
    assert f"{words}, which is not followed" in error.message


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "something else may have answered"),
        (403, "it does not serve everybody"),
        (413, "too large"),
        (501, "something else may have answered"),
        (429, "try again later"),
        (503, "try again later"),
    ],
)
def test_what_passes_is_worth_another_try(status: int, hint: str) -> None:
    """What does not is not."""
    assert hint in str(refusal(answered(status)).hint)


def test_a_server_may_say_when_to_come_back() -> None:
    """Later than anybody would wait for."""
    error = refusal(answered(429, Retry_After="3600"))
    assert error.hint == "try again in 3600 seconds, as it asks"


def test_a_server_that_cannot_be_asked_is_an_error_of_the_service() -> None:
    """The transport knows a host; the user asked for a certificate."""
    error = refusal(GONE)
    assert error.message == f"the {SERVICE} cannot be asked: fulcio.example does not answer"
    assert error.hint == "wait"
    assert not isinstance(error, PassingError)


# What is repeated to nobody


@pytest.mark.parametrize(
    "said",
    [
        f"cannot verify {JWT}",
        f"cannot verify {JWT[:30]}…",
        f"bad payload: {JWT.split('.')[1]}",
        f'{{"message": "cannot verify {JWT}"}}',
        f"<html><title>{JWT}</title>",
        "x" * 3980 + JWT,
    ],
    ids=["whole", "cut", "a part", "json", "title", "at the end"],
)
def test_a_token_is_not_repeated(said: str) -> None:
    """Logs of builds are read by everybody, and this is all it takes to sign as somebody."""
    error = refusal(answered(401, said.encode(), X_Request_Id=JWT))
    assert not any(JWT[at : at + 16] in error.message for at in range(len(JWT) - 16))


def test_a_secret_in_the_body_is_not_repeated() -> None:
    """As whoever asks names it."""
    request = Request(method="POST", url="https://x.example", body=b"code=abc", secrets=("abc",))
    assert refusal(answered(400, b"abc is no code"), request=request).message.endswith(
        f": {HIDDEN} is no code"
    )


def test_a_token_in_a_failure_is_not_repeated() -> None:
    """Such as what requests say of a header that they cannot send."""
    error = refusal(ServiceError(f"bad header 'Bearer {JWT}'", service="x", hint=None))
    assert error.message.endswith(f"bad header 'Bearer {HIDDEN}'")


@given(st.text(), st.text(min_size=1))
def test_nothing_is_left_of_a_secret(text: str, secret: str) -> None:
    """Not even of one that stands in several pieces."""
    hidden = scrubbed(f"{text}{secret}{text}", [secret])
    pieces = hidden.split(HIDDEN)
    size = min(len(secret), SHORTEST_PIECE)
    for piece in pieces:
        assert not any(secret[at : at + size] in piece for at in range(len(secret) - size + 1))


@given(st.text(), st.text(alphabet="xyz", min_size=SHORTEST_PIECE))
def test_everything_else_is_left(text: str, secret: str) -> None:
    """What is no secret stays as it is."""
    plain = text.replace("x", "").replace("y", "").replace("z", "")
    assert scrubbed(plain, [secret, ""]) == plain


def test_a_request_shows_nothing_of_what_it_says() -> None:
    """It may come up in a traceback."""
    assert repr(REQUEST) == "Request(POST to fulcio.example, 12 bytes)"
    login = Request(method="GET", url="https://alice:secret@x.example:8080/path?code=abc")
    assert repr(login) == "Request(GET to x.example:8080)"
    assert repr(Request(method="GET", url="\x1bnonsense")) == r"Request(GET to \x1bnonsense)"
    assert repr(answered(200, b"token")) == "Response(200, 5 bytes)"


# What is tried again


class Waiting:
    """A machine on which time passes only while it is waited."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def patience(self, attempts: int = 3) -> Patience:
        """Wait here, always the longest that chance allows."""
        return Patience(
            attempts=attempts, sleep=self.pauses.append, chance=lambda: 1.0, now=lambda: NOON
        )


@pytest.mark.parametrize(
    "failure", [answered(429), answered(500), answered(502), answered(503), answered(504), GONE]
)
def test_what_may_pass_is_tried_again(failure: Response | Exception) -> None:
    """Twice, with the same request, after waiting longer each time."""
    waiting = Waiting()
    transport = Scripted(failure, failure, answered(200))
    assert persistent(transport, waiting.patience())(REQUEST).status == 200
    assert transport.asked == [REQUEST] * 3
    assert waiting.pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 404, 409, 422, 501, 505])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    """The answer would be the same."""
    waiting = Waiting()
    transport = Scripted(answered(status))
    assert persistent(transport, waiting.patience())(REQUEST).status == status
    assert waiting.pauses == []


def test_what_fails_for_good_is_not_tried_again() -> None:
    """As an answer that is too long."""
    transport = Scripted(FOR_GOOD)
    with pytest.raises(ServiceError, match="too much"):
        persistent(transport, Waiting().patience())(REQUEST)
    assert len(transport.asked) == 1


def test_patience_has_an_end() -> None:
    """The last answer is the answer, or the last failure."""
    waiting = Waiting()
    busy = [answered(503, b"first"), answered(503, b"second"), answered(503, b"last")]
    assert persistent(Scripted(*busy), waiting.patience())(REQUEST).body == b"last"
    with pytest.raises(PassingError, match="does not answer"):
        persistent(Scripted(GONE, GONE, GONE), waiting.patience())(REQUEST)
    assert len(waiting.pauses) == 4


def test_one_attempt_may_be_all() -> None:
    """For who has no time, or a code that is good for one."""
    waiting = Waiting()
    assert persistent(Scripted(answered(503)), waiting.patience(attempts=1))(REQUEST).status == 503
    assert waiting.pauses == []


def test_who_were_refused_together_do_not_come_back_together() -> None:
    """Chance takes up to half off."""
    pauses: list[float] = []
    for chance in (0.0, 0.5, 0.99):
        patience = Patience(sleep=pauses.append, chance=lambda chance=chance: chance)
        patience.pause(1, 0)
    assert pauses == [0.25, 0.375, pytest.approx(0.4975)]


def test_chance_is_less_than_one_and_differs() -> None:
    """The machine's own."""
    chances = {Patience().chance() for _ in range(50)}
    assert len(chances) > 10
    assert all(0 <= chance < 1 for chance in chances)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 60 ", 60.0),
        ("0", 0.0),
        (format_datetime(NOON + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOON - timedelta(seconds=30), usegmt=True), 0.0),
        ("Sat, 01 Mar 2025 12:00:10 -0000", 10.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("\u0663", 0.0),
        ("Sat, 99 Mar 2025 12:00:10 GMT", 0.0),
    ],
)
def test_a_server_is_given_the_time_it_asks_for(text: str, seconds: float) -> None:
    """In seconds, or as a date; anything else it says means nothing."""
    waiting = Waiting()
    transport = Scripted(answered(429, Retry_After=text), answered(200))
    assert persistent(transport, waiting.patience())(REQUEST).status == 200
    assert waiting.pauses == [seconds + 0.5]


@pytest.mark.parametrize("text", ["61", "9" * 5000, "Sat, 01 Mar 2025 12:01:01 GMT"])
def test_a_server_that_asks_for_too_much_time_is_left_alone(text: str) -> None:
    """Nobody wants to wait for more than a minute without being told."""
    waiting = Waiting()
    transport = Scripted(answered(429, Retry_After=text))
    assert persistent(transport, waiting.patience())(REQUEST).status == 429
    assert waiting.pauses == []


@given(st.text())
def test_nothing_in_retry_after_is_an_error(text: str) -> None:
    """Whatever a server writes there."""
    assert Patience(now=lambda: NOON).asked_by(answered(429, Retry_After=text)) >= 0


def test_the_machine_has_a_clock() -> None:
    """A date long past asks for nothing."""
    past = answered(429, Retry_After="Mon, 01 Jan 1990 00:00:00 GMT")
    assert Patience().asked_by(past) == 0


# What is recorded


def test_a_record_holds_every_byte() -> None:
    """What was asked, and what was answered."""
    log: list[Exchange] = []
    request = Request(method="GET", url="https://x.example", headers=(("Accept", "a/b"),))
    response = answered(404, b"\x00\xff", X_Thing="it")
    assert recording(Scripted(response), log)(request) is response
    assert log == [Exchange(request=request, response=response)]


def test_a_record_holds_no_secret() -> None:
    """Neither what was sent in confidence, nor a token that was answered."""
    log: list[Exchange] = []
    request = Request(
        method="POST",
        url="https://x.example",
        headers=(("authorization", f"Bearer {JWT}"),),
        body=b"code=abcdef&grant_type=code",
        secrets=("abcdef",),
    )
    response = answered(200, f'{{"id_token": "{JWT}", "code": "abcdef"}}'.encode(), Echo=JWT)
    recording(Scripted(response), log)(request)
    (exchange,) = log
    assert exchange.request.headers == (("authorization", f"Bearer {HIDDEN}"),)
    assert exchange.request.body == b"code=[hidden]&grant_type=code"
    assert exchange.request.secrets == ()
    assert exchange.response == answered(
        200, b'{"id_token": "[hidden]", "code": "[hidden]"}', Echo=HIDDEN
    )


def test_a_record_holds_what_failed() -> None:
    """And the failure goes on to whoever asked."""
    log: list[Exchange] = []
    with pytest.raises(PassingError):
        recording(Scripted(GONE), log)(REQUEST)
    (exchange,) = log
    assert (exchange.request.url, exchange.response) == (REQUEST.url, None)


def test_the_network_can_be_asked_from_another_process() -> None:
    """As patiently, and with nothing opened yet."""
    patience = Patience(attempts=5)
    there = pickle.loads(pickle.dumps(requests_transport(patience, ca="ca.pem")))
    assert there.__reduce__()[1] == (patience, "ca.pem")
