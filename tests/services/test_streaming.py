# SPDX-License-Identifier: Apache-2.0
"""Bodies too large to be held: sent and had piece by piece, and never waited for without end."""

import gzip
import socket
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from keyless.errors import InputError, ServiceError
from keyless.services.http import PassingError, Request, Transport, Upload
from keyless.services.http.carrier import carrier
from keyless.services.http.deadline import TooLateError
from keyless.services.http.flow import flowing
from keyless.services.http.patience import Patience, persistent
from keyless.services.http.recording import Exchange, recording
from keyless.value import replace
from tests.services.servers import Server, says, serving
from tests.services.transports import Scripted, answered

MIB = 1 << 20


@pytest.fixture(scope="module")
def carry() -> Transport:
    """One carrier for all, as in one process."""
    return carrier()


def download(url: str, *, largest: int = 64 * MIB, seconds: float = 5) -> Request:
    """Ask for something that comes piece by piece."""
    return Request(method="GET", url=url, largest=largest, seconds=seconds, streamed=True)


def upload(url: str, *pieces: bytes, size: int | None = None, seconds: float = 5) -> Request:
    """Send *pieces*, and say that they have *size* bytes."""
    length = sum(map(len, pieces)) if size is None else size
    return Request(
        method="PUT",
        url=url,
        seconds=seconds,
        upload=Upload(size=length, pieces=lambda: iter(pieces)),
    )


def test_what_is_streamed_comes_piece_by_piece(carry: Transport) -> None:
    """It never is in memory as a whole."""
    with serving(says("200 OK", body=bytes(32 * MIB))) as server:
        carry(replace(download(server.url), method="HEAD"))  # whatever is loaded the first time
        tracemalloc.start()
        answer = carry(download(server.url))
        length = sum(map(len, answer.pieces))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert length == 32 * MIB
    assert peak < 4 * MIB


def test_what_is_streamed_comes_as_it_is(carry: Transport) -> None:
    """Compressed on the way, no part of it could be asked for."""
    with serving(says("206 Partial Content", body=b"part")) as server:
        assert b"".join(carry(download(server.url)).pieces) == b"part"
    assert b"Accept-Encoding: identity\r\n" in server.received[0]


def test_a_refusal_is_not_streamed(carry: Transport) -> None:
    """What the server says of it is wanted as ever."""
    with serving(says("404 Not Found", body=b"none")) as server:
        answer = carry(download(server.url))
    assert (answer.stream, answer.body) == (None, b"none")


def test_a_stream_in_another_encoding_is_refused(carry: Transport) -> None:
    """It was not asked for, and its digest would not be the one of what was asked for."""
    script = says("200 OK", "Content-Encoding: gzip", body=gzip.compress(b"x"))
    with serving(script) as server, pytest.raises(ServiceError, match="in the encoding gzip"):
        list(carry(download(server.url)).pieces)


def test_a_stream_of_more_than_is_allowed_is_not_read(carry: Transport) -> None:
    """Whoever asks says how much there can be."""
    with (
        serving(says("200 OK", body=bytes(MIB))) as server,
        pytest.raises(ServiceError, match="more than the 1000 bytes"),
    ):
        list(carry(download(server.url, largest=1000)).pieces)


def test_a_stream_that_breaks_off_says_so(carry: Transport) -> None:
    """After what came of it."""
    came = []
    with (
        serving(says("200 OK", body=b"half", length=8)) as server,
        pytest.raises(PassingError, match="breaks off"),
    ):
        came.extend(carry(download(server.url)).pieces)
    assert not came or came == [b"half"]


def test_a_stream_that_stands_still_is_given_up(carry: Transport) -> None:
    """However much of it came before."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        time.sleep(2)

    with serving(script) as server, pytest.raises(PassingError, match="does not answer"):
        list(carry(download(server.url, seconds=0.2)).pieces)


def test_next_to_nothing_is_as_good_as_nothing() -> None:
    """A server that drips keeps nobody busy for days."""

    def drip() -> bytes:
        time.sleep(0.02)
        return b"."

    with pytest.raises(TooLateError):
        list(flowing(drip, seconds=0.1))


def test_a_stream_may_take_longer_than_a_request() -> None:
    """As long as it moves."""
    pieces = iter([b"." * 2048] * 8 + [b""])

    def steady() -> bytes:
        time.sleep(0.02)
        return next(pieces)

    assert len(list(flowing(steady, seconds=0.05))) == 8


def test_whoever_takes_a_stream_may_take_their_time() -> None:
    """Only the server is timed."""
    pieces = iter([b".", b".", b""])
    for _ in flowing(lambda: next(pieces), seconds=0.05):
        time.sleep(0.06)


def test_an_upload_says_how_long_it_is(carry: Transport) -> None:
    """Registries take nothing whose length they do not know."""
    with serving(says("201 Created")) as server:
        carry(upload(server.url, b"one ", b"two"))
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 7" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"one two"


def test_an_empty_upload_has_a_length_too(carry: Transport) -> None:
    """It is 0."""
    with serving(says("201 Created")) as server:
        carry(upload(server.url))
    assert b"Content-Length: 0\r\n" in server.received[0]


def test_a_large_upload_is_never_held(carry: Transport) -> None:
    """Neither here nor on its way."""
    piece = bytes(64 << 10)

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with serving(script, kind=Forgetful) as server:
        tracemalloc.start()
        request = Request(
            method="PUT",
            url=server.url,
            upload=Upload(size=32 * MIB, pieces=lambda: (piece for _ in range(512))),
        )
        assert carry(request).status == 201
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4 * MIB


@pytest.mark.parametrize("size", [2, 4])
def test_an_upload_of_another_length_than_it_says_is_no_upload(carry: Transport, size: int) -> None:
    """Whoever wrote it miscounted; the server is not to be left to guess."""
    with (
        serving(says("201 Created")) as server,
        pytest.raises(InputError, match=f"not the {size} bytes"),
    ):
        carry(upload(server.url, b"one", size=size, seconds=1))


def test_an_upload_that_cannot_be_read_is_not_the_networks_failure(carry: Transport) -> None:
    """A disk fails as a disk."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise OSError(5, "Input/output error")

    request = Request(method="PUT", url="", upload=Upload(size=8, pieces=pieces), seconds=1)
    with (
        serving(says("201 Created")) as server,
        pytest.raises(InputError, match="cannot be read: Input/output error"),
    ):
        carry(replace(request, url=server.url))


def test_an_upload_may_take_longer_than_a_request(carry: Transport) -> None:
    """As long as it moves, or it is not the server's turn."""

    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            time.sleep(0.2)
            yield b"."

    request = Request(method="PUT", url="", upload=Upload(size=4, pieces=pieces), seconds=0.3)
    with serving(says("201 Created")) as server:
        assert carry(replace(request, url=server.url)).status == 201


def test_an_upload_that_nobody_takes_is_given_up(carry: Transport) -> None:
    """And nothing more of it is sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    piece = bytes(MIB)
    with listening, pytest.raises(PassingError):
        carry(upload(url, *[piece] * 64, seconds=0.3))


def test_what_can_be_sent_only_once_is_not_tried_again() -> None:
    """What came of the second attempt would be the rest of it."""
    once = upload("https://server.test/", b"x")
    again, upload_once = once, replace(once.upload, again=False)
    patience = Patience(sleep=lambda _: None)
    answers = [answered(503)] * 3
    for request, asked in ((again, 3), (replace(once, upload=upload_once), 1)):
        transport = Scripted(*answers)
        persistent(transport, patience)(request)
        assert len(transport.asked) == asked


def test_what_is_streamed_is_not_recorded() -> None:
    """Nor is it used up by whoever keeps the record."""
    log: list[Exchange] = []
    answer = replace(answered(200), stream=iter([b"large"]))
    got = recording(Scripted(answer), log)(upload("https://server.test/", b"x"))
    assert b"".join(got.pieces) == b"large"
    assert log[0].request.upload is None
    assert log[0].response is not None
    assert log[0].response.stream is None


class Forgetful(Server):
    """A server that reads what it is sent, and keeps none of it."""

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            length = 32 * MIB - len(head.partition(b"\r\n\r\n")[2])
            while length > 0:
                length -= len(connection.recv(1 << 16))
            self._script(connection)
