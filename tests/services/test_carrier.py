# SPDX-License-Identifier: Apache-2.0
"""What carries requests over the network, against servers that do their worst."""

import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyless.errors import ServiceError
from keyless.services.http import PassingError, Request, Response, Transport, requests_transport
from keyless.services.http.carrier import carrier
from keyless.services.http.patience import Patience
from tests.services.servers import (
    KEEP,
    PatientServer,
    Script,
    Server,
    says,
    serving,
    write_certificate,
)

ONCE = Patience(attempts=1)
LARGEST = 1 << 16
BOMB = gzip.compress(bytes(8 << 20), mtime=0)


@pytest.fixture(scope="module")
def carry() -> Transport:
    """One carrier for all, as in one process."""
    return carrier()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine's stands in between, unless a test says so."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


def ask(url: str, *, method: str = "GET", body: bytes | None = None, seconds: float = 5) -> Request:
    """Ask for something small."""
    return Request(method=method, url=url, body=body, seconds=seconds, largest=LARGEST)


def answer(carry: Transport, script: Script, *, seconds: float = 5) -> Response:
    """Return what *script* answers."""
    with serving(script) as server:
        return carry(ask(server.url, seconds=seconds))


def failure(carry: Transport, script: Script, *, seconds: float = 5) -> ServiceError:
    """Return how *script* fails."""
    with serving(script) as server, pytest.raises(ServiceError) as caught:
        carry(ask(server.url, seconds=seconds))
    assert caught.value.service in server.url
    assert caught.value.service in caught.value.message
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 429, 500, 503])
def test_an_answer_is_handed_on_whatever_its_status(carry: Transport, status: int) -> None:
    """With its headers and its body: who asked decides what it means."""
    got = answer(carry, says(f"{status} So", "X-Thing: it", body=b"the body"))
    assert (got.status, got.header("x-thing"), got.body) == (status, "it", b"the body")


def test_a_request_is_sent_as_it_is(carry: Transport) -> None:
    """Method, path, headers and body; and who is asking."""
    with serving(says("200 OK")) as server:
        carry(
            Request(
                method="POST",
                url=server.url,
                headers=(("Content-Type", "application/x"), ("Authorization", "Bearer t0ken")),
                body=b"\x00\xff",
            )
        )
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /path HTTP/1.1"
    assert {"Content-Type: application/x", "Authorization: Bearer t0ken"} < set(lines)
    assert "User-Agent: keyless" in lines
    assert body == b"\x00\xff"


def test_credentials_of_the_machine_are_not_sent(
    carry: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ~/.netrc neither replaces a token, nor is shown to a server that needs none."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(says("200 OK")) as server:
        carry(ask(server.url))
        token = (("Authorization", "Bearer t0ken"),)
        carry(Request(method="GET", url=server.url, headers=token))
    first, second = server.received
    assert b"Authorization" not in first
    assert b"Authorization: Bearer t0ken\r\n" in second


def test_cookies_are_not_kept(carry: Transport) -> None:
    """Nobody is to know us again."""
    with serving(says("200 OK", "Set-Cookie: id=7; Path=/"), kind=PatientServer) as server:
        carry(ask(server.url))
        carry(ask(server.url))
    assert b"Cookie" not in server.received[1]


def test_connections_are_kept(carry: Transport) -> None:
    """A new one costs more than the request, and a session signs many times."""
    with serving(says("200 OK", KEEP, body=b"body"), kind=PatientServer) as server:
        for _ in range(5):
            carry(ask(server.url, method="POST", body=b"question"))
    assert (server.connections, len(server.received)) == (1, 5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["http://127.0.0.1:1/", "http://[broken", "/elsewhere", ""])
def test_a_redirection_is_not_followed(carry: Transport, status: int, place: str) -> None:
    """It would carry a token, or a signature, to another server."""
    got = answer(carry, says(f"{status} There", f"Location: {place}", body=b"over there"))
    assert (got.status, got.header("Location"), got.body) == (status, place, b"over there")


def test_a_redirection_is_no_way_around_the_limit(carry: Transport) -> None:
    """Requests would read all of it, and decompress it, to prepare for what it must not do."""
    script = says("302 There", "Location: http://127.0.0.1:1/", "Content-Encoding: gzip", body=BOMB)
    assert "more than the 65536 bytes allowed" in failure(carry, script).message


def endless(connection: socket.socket) -> None:
    """Send without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(65536))


@pytest.mark.parametrize(
    "script",
    [
        endless,
        says("200 OK", body=bytes(LARGEST + 1)),
        says("500 Broken", body=bytes(LARGEST + 1)),
        says("200 OK", "Content-Encoding: gzip", body=BOMB),
        says("200 OK", "Content-Encoding: gzip", body=gzip.compress(bytes(LARGEST + 1))),
    ],
    ids=["endless", "large", "large error", "bomb", "small bomb"],
)
def test_a_huge_answer_is_refused(carry: Transport, script: Script) -> None:
    """However it comes; and asking again would not make it smaller."""
    error = failure(carry, script)
    assert "more than the 65536 bytes allowed" in error.message
    assert not isinstance(error, PassingError)


@pytest.mark.parametrize("size", [0, 1, LARGEST])
@pytest.mark.parametrize("encoding", ["gzip", "identity", "Identity"])
def test_an_answer_may_be_as_large_as_is_allowed(
    carry: Transport, size: int, encoding: str
) -> None:
    """Compressed or not."""
    content = bytes(size)
    sent = gzip.compress(content) if encoding == "gzip" else content
    got = answer(carry, says("200 OK", f"Content-Encoding: {encoding}", body=sent))
    assert got.body == content


def test_an_empty_answer_need_not_be_compressed(carry: Transport) -> None:
    """Some servers say so without meaning it."""
    assert answer(carry, says("200 OK", "Content-Encoding: gzip")).body == b""


@pytest.mark.parametrize(
    ("encoding", "body", "message"),
    [
        ("gzip", b"not gzip", "in damaged gzip"),
        ("gzip", gzip.compress(b"the body")[:-9], "in gzip that breaks off"),
        ("br", b"the body", "in the encoding br"),
        ("gzip, gzip", b"the body", "in the encoding gzip, gzip"),
    ],
    ids=["damaged", "short", "unknown", "twice"],
)
def test_what_cannot_be_decompressed_is_refused(
    carry: Transport, encoding: str, body: bytes, message: str
) -> None:
    """Not handed on as it came: it would be taken for the answer."""
    error = failure(carry, says("200 OK", f"Content-Encoding: {encoding}", body=body))
    assert message in error.message


def drips_headers(connection: socket.socket) -> None:
    """Send a header now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        connection.sendall(b"X-More: to come\r\n")
        time.sleep(0.05)


def drips_body(connection: socket.socket) -> None:
    """Send a letter now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (drips_headers, "takes longer than 0.3 seconds"),
        (drips_body, "takes longer than 0.3 seconds"),
        (lambda _: time.sleep(3), "does not answer"),
    ],
    ids=["headers", "body", "silent"],
)
def test_an_answer_takes_no_longer_than_it_may(
    carry: Transport, script: Script, message: str
) -> None:
    """Each piece is on time, and the whole of it is not."""
    start = time.monotonic()
    error = failure(carry, script, seconds=0.3)
    assert time.monotonic() - start < 2
    assert isinstance(error, PassingError)
    assert message in error.message


def sends(data: bytes) -> Script:
    """Return the script that sends *data* and nothing else."""
    return lambda connection: connection.sendall(data)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (says("200 OK", body=b"half", length=8), "breaks off its answer"),
        (sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf"), "breaks off"),
        (sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "breaks off"),
        (sends(b""), "cannot be reached"),
        (sends(b"\x00\x01\r\n\r\n"), "cannot be reached"),
        (sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "cannot be reached"),
        (sends(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), "cannot be reached"),
    ],
    ids=["short", "short chunk", "no chunk", "nothing", "no http", "many headers", "long header"],
)
def test_an_answer_that_breaks_off_may_be_asked_for_again(
    carry: Transport, script: Script, message: str
) -> None:
    """It is never taken for a whole one."""
    error = failure(carry, script)
    assert message in error.message
    assert isinstance(error, PassingError)


def test_a_server_that_is_not_there_may_be_asked_again(carry: Transport) -> None:
    """It may be back soon."""
    with serving(says("200 OK")) as server:
        pass
    with pytest.raises(PassingError, match="cannot be reached"):
        carry(ask(server.url))


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:99999/",
        "http://[::1",
        "http://a b/",
    ],
)
def test_a_url_that_is_none_is_an_error_for_good(carry: Transport, url: str) -> None:
    """And nothing that requests or urllib3 raise."""
    with pytest.raises(ServiceError, match="cannot be asked") as caught:
        carry(ask(url))
    assert not isinstance(caught.value, PassingError)


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server with a certificate of its own making, and the file with that certificate."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(says("200 OK", body=b"in private"), tls=context) as server:
        yield server, certificate


def test_who_does_not_prove_who_they_are_are_told_nothing(
    carry: Transport, certified: tuple[Server, Path]
) -> None:
    """Nobody vouches for the certificate."""
    server, _ = certified
    with pytest.raises(ServiceError, match="does not prove who it is") as caught:
        carry(ask(server.url))
    assert "REQUESTS_CA_BUNDLE" in str(caught.value.hint)
    assert not isinstance(caught.value, PassingError)
    assert server.received == []


def test_whom_to_believe_the_environment_may_say(
    carry: Transport, certified: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a company's proxy."""
    server, certificate = certified
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert carry(ask(server.url)).body == b"in private"


def test_a_proxy_is_used_where_the_environment_names_one(
    carry: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given the whole URL."""
    with serving(says("200 OK", body=b"from the proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        got = carry(ask("http://rekor.example/api"))
    assert got.body == b"from the proxy"
    assert proxy.received[0].startswith(b"GET http://rekor.example/api HTTP/1.1")


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_what_is_for_this_machine_goes_through_no_proxy(
    carry: Transport, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Another machine would hear what is said in the clear because nobody could hear it."""
    with (
        serving(says("200 OK", body=b"from the proxy")) as proxy,
        serving(says("200 OK", body=b"from here")) as server,
    ):
        monkeypatch.setenv(variable, proxy.url)
        assert carry(ask(server.url)).body == b"from here"
    assert proxy.received == []


def test_a_proxy_that_fails_is_named_as_one(
    carry: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its user would look for the fault in the wrong place."""
    with serving(says("200 OK")) as gone:
        pass
    monkeypatch.setenv("http_proxy", gone.url)
    with pytest.raises(
        PassingError, match=r"the proxy on the way to rekor\.example fails"
    ) as caught:
        carry(ask("http://rekor.example/api"))
    assert "HTTPS_PROXY" in str(caught.value.hint)


@pytest.fixture
def flaky() -> Iterator[Server]:
    """A server that breaks off, then is busy, then answers."""
    scripts = iter((sends(b""), says("503 Busy"), says("200 OK", body=b"at last")))

    def script(connection: socket.socket) -> None:
        next(scripts)(connection)

    with serving(script) as server:
        yield server


def test_the_transport_asks_again_with_the_same_bytes(flaky: Server) -> None:
    """Another signature would be another entry of the log."""
    pauses: list[float] = []
    transport = requests_transport(Patience(sleep=pauses.append, chance=lambda: 0.5))
    got = transport(ask(flaky.url, method="POST", body=b"the same"))
    assert got.body == b"at last"
    assert len(set(flaky.received)) == 1
    assert len(flaky.received) == 3
    assert pauses == [0.375, 0.75]


def test_the_transport_opens_nothing_until_it_is_used() -> None:
    """It can be made where there is no network."""
    transport = requests_transport(ONCE)
    with serving(says("200 OK")) as server:
        assert server.connections == 0
        assert transport(ask(server.url)).status == 200
        assert transport(ask(server.url)).status == 200
