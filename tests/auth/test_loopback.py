# SPDX-License-Identifier: Apache-2.0
"""A port that a browser comes back to: who can reach it, who can block it, that it goes away."""

import errno
import socket
import threading
import time

import pytest
import requests

from keyless.auth import loopback as module
from keyless.auth.answers import LONGEST_ANSWER, Answers, Verdict
from keyless.auth.loopback import Loopback
from keyless.auth.pages import failed_page, signed_in_page
from keyless.errors import LoginError, LoginFailure
from tests.auth.people import visit

RIGHT = "code=x&state=right"


def test_both_addresses_of_this_machine_are_listened_on_and_no_other() -> None:
    """On the same port, as browsers take localhost for either."""
    with Loopback(Answers("right")) as loopback:
        addresses = [each.getsockname()[0] for each in loopback._sockets]  # noqa: SLF001 - what is bound
        ports = {each.getsockname()[1] for each in loopback._sockets}  # noqa: SLF001 - likewise
    assert addresses == ["127.0.0.1", "::1"]
    assert ports == {loopback.port}
    assert loopback.redirect == f"http://localhost:{loopback.port}/auth/callback"


def test_one_address_is_enough_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every machine speaks both versions of the protocol."""
    create = socket.create_server

    def without_v6(address: tuple[str, int], *, family: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return create(address, family=family)

    monkeypatch.setattr(module.socket, "create_server", without_v6)
    with Loopback(Answers("right")) as loopback:
        assert visit(f"http://127.0.0.1:{loopback.port}/").status_code == 404


def test_a_port_that_somebody_else_has_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the other address: a browser could come back to them."""
    create, refused = socket.create_server, []

    def taken_once(address: tuple[str, int], *, family: int) -> socket.socket:
        if family == socket.AF_INET6 and not refused:
            refused.append(address[1])
            raise OSError(errno.EADDRINUSE, "in use")
        return create(address, family=family)

    monkeypatch.setattr(module.socket, "create_server", taken_once)
    with Loopback(Answers("right")) as loopback:
        assert visit(f"http://[::1]:{loopback.port}/").status_code == 404
    assert refused != [loopback.port]


def test_no_port_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another way to sign in."""

    def nothing(address: tuple[str, int], *, family: int) -> socket.socket:
        raise PermissionError(errno.EACCES, "not here", address, family)

    monkeypatch.setattr(module.socket, "create_server", nothing)
    with pytest.raises(LoginError, match="no port of this machine can be listened on") as caught:
        Loopback(Answers("right"))
    assert caught.value.reason is LoginFailure.NO_PORT
    assert "device" in str(caught.value.hint)


def test_nobody_can_keep_others_from_being_served() -> None:
    """Connections that say nothing, or say it slowly, are for themselves."""
    answers = Answers("right")
    with Loopback(answers) as loopback:
        silent = [socket.create_connection(("127.0.0.1", loopback.port)) for _ in range(8)]
        silent[0].send(b"GET /auth/callback?")
        threading.Thread(target=visit, args=(f"{loopback.redirect}?{RIGHT}",), daemon=True).start()
        assert answers.wait(10) == {"code": "x", "state": "right"}
        loopback.show(signed_in_page("alice@example.com", "GitHub"))
    for each in silent:
        each.close()


def test_there_is_a_limit_to_how_many_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would have a thread of its own."""
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 2)
    with Loopback(Answers("right")) as loopback:
        silent = [socket.create_connection(("127.0.0.1", loopback.port)) for _ in range(2)]
        deadline = time.monotonic() + 10
        while len(loopback._channels) < 2 and time.monotonic() < deadline:  # noqa: SLF001 - how many there are
            time.sleep(0.01)
        with pytest.raises(requests.ConnectionError):
            visit(f"http://127.0.0.1:{loopback.port}/")
        for each in silent:
            each.close()


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\n"],
)
def test_what_is_no_request_ends_nothing(sent: bytes) -> None:
    """A browser that tries TLS first, for one."""
    with Loopback(Answers("right")) as loopback:
        with socket.create_connection(("127.0.0.1", loopback.port), timeout=10) as channel:
            channel.sendall(sent)
            channel.shutdown(socket.SHUT_WR)
            while channel.recv(4096):
                pass
        assert visit(f"http://127.0.0.1:{loopback.port}/").status_code == 404


def test_whoever_waits_for_the_result_is_let_go_when_it_is_over() -> None:
    """As when it was interrupted: the browser is not left waiting, and nothing listens."""
    answers = Answers("right")
    ends: list[object] = []

    def browse(url: str) -> None:
        try:
            ends.append(visit(url).text)
        except requests.RequestException as error:
            ends.append(error)

    with Loopback(answers) as loopback:
        thread = threading.Thread(target=browse, args=(f"{loopback.redirect}?{RIGHT}",))
        thread.start()
        assert answers.wait(10)
    thread.join(10)
    assert len(ends) == 1
    with pytest.raises(requests.ConnectionError):
        visit(loopback.redirect)


def test_an_answer_that_comes_after_the_end_is_told() -> None:
    """It is not taken, and does no harm."""
    answers = Answers("right")
    with Loopback(answers) as loopback:
        loopback.show(failed_page(LoginError("it took too long")))
        late = visit(f"{loopback.redirect}?{RIGHT}")
    assert late.status_code == 409
    assert "is over" in late.text
    assert answers.wait(0.01) is None


def test_an_answer_is_taken_once() -> None:
    """Whatever else comes is told what it is, and counted if it is a stranger's."""
    answers = Answers("right")
    queries = ["", "state=wrong", RIGHT, RIGHT, "code=y&code=z&state=right"]
    verdicts = [answers.offer(query) for query in queries]
    assert verdicts == [
        Verdict.NO_STATE,
        Verdict.WRONG_STATE,
        Verdict.TAKEN,
        Verdict.SECOND,
        Verdict.UNREADABLE,
    ]
    assert answers.wait(0) == {"code": "x", "state": "right"}
    assert answers.strays == 3
    assert repr(answers) == "Answers()"


def test_an_answer_is_no_longer_than_answers_are() -> None:
    """Somebody may paste anything."""
    answers = Answers("right")
    padding = "&x=" + "y" * (LONGEST_ANSWER - len(RIGHT) - 3)
    assert answers.offer(f"{RIGHT}{padding}y") is Verdict.UNREADABLE
    assert answers.offer(f"{RIGHT}{padding}") is Verdict.TAKEN


def test_a_page_shows_what_it_is_told_as_text() -> None:
    """Whoever chose it."""
    hostile = "<script>alert(1)</script>"
    for page in (
        signed_in_page(hostile, hostile),
        failed_page(LoginError(hostile, hint=hostile)),
        failed_page(LoginError(hostile)),
    ):
        assert b"<script" not in page.body
        assert b"&lt;script&gt;" in page.body
    assert signed_in_page("alice@example.com", "").status == 200
