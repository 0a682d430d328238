# SPDX-License-Identifier: Apache-2.0
"""The only file that knows `requests`; slow to import, so imported when first needed.

Each request stands for itself: no cookies, no credentials out of files, no redirects. Which proxy
and which certificate authorities to use, `requests` takes from the environment as ever; but what is
for this machine goes through no other, which would hear passwords that are said in the clear.
"""

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.response import BaseHTTPResponse

from keyless.errors import ServiceError
from keyless.safe_text import shown
from keyless.services.http.deadline import TooLateError, in_time
from keyless.services.http.flow import Outgoing, flowing
from keyless.services.http.hosts import is_loopback
from keyless.services.http.messages import (
    CONNECT_SECONDS,
    PassingError,
    Request,
    Response,
    Transport,
)

CHUNK = 64 << 10
# By so much a socket's own timeout comes first: it knows better what was waited for.
GRACE_SECONDS = 0.25
# As many may be used at once without one being opened anew for each request.
CONNECTIONS = 32

# Either of the two may let through what Python raises at a name or a socket that it cannot use; and
# there may be no room for another thread.
_FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
    RuntimeError,
)
_GZIP = 16 + zlib.MAX_WBITS


def carrier(ca: str | None = None) -> Transport:
    """Return what carries one request over the network, once; the file *ca* says whom to trust."""
    session = _Session()
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(pool_maxsize=CONNECTIONS))

    def carry(request: Request) -> Response:
        outgoing = None if request.upload is None else Outgoing(request.upload)
        call = partial(_carry, session, request, outgoing, ca)
        seconds = request.seconds + GRACE_SECONDS
        with _failures_told(request):
            if outgoing is None:
                return in_time(call, seconds=seconds)
            with outgoing:
                return in_time(call, seconds=seconds, latest=outgoing.latest)

    return carry


@contextmanager
def _failures_told(request: Request) -> Iterator[None]:
    """Tell what goes wrong while *request* is carried, in words of our own."""
    try:
        yield
    except TooLateError:
        raise _too_late(request) from None
    except _FAILURES as error:
        raise _failure(request, error) from None


class _Session(requests.Session):
    """A session that does not even look where an answer points to."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as it is there
        # Told not to follow, `requests` prepares to do so all the same, and for that reads the
        # whole answer, however long it is.
        return None


class _Adapter(HTTPAdapter):
    """An adapter whose connections print nothing, whatever `http.client` has been told.

    Setting its `debuglevel` is how people look at what `requests` does: it prints all that is sent,
    tokens and passwords as well.
    """

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001 - as it is there
        proxies: dict[str, str] | None = None,
        cert: str | tuple[str, str] | None = None,
    ) -> urllib3.HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        if getattr(pool.ConnectionCls, "debuglevel", 0):
            pool.ConnectionCls = type("Silent", (pool.ConnectionCls,), {"debuglevel": 0})
        return pool


class _NothingAdded(AuthBase):
    """The request's own credentials, or none.

    Without this, `requests` would look for the host in ~/.netrc, and send what it finds there in
    place of what the request says.
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _carry(
    session: requests.Session, request: Request, outgoing: Outgoing | None, ca: str | None
) -> Response:
    deadline = time.monotonic() + request.seconds
    # Of what is streamed, the bytes are wanted as they are kept: a part of them may be asked for.
    encoding = "identity" if request.streamed else "gzip"
    # The first of two limits holds for each piece that is sent, too.
    connecting = request.seconds if outgoing else min(CONNECT_SECONDS, request.seconds)
    answer = session.request(
        request.method,
        request.url,
        headers={"User-Agent": "keyless", "Accept-Encoding": encoding, **dict(request.headers)},
        data=request.body if outgoing is None else outgoing.data,
        timeout=(connecting, request.seconds),
        allow_redirects=False,
        stream=True,
        auth=_NothingAdded(),
        proxies=_proxies(request),
        verify=ca or True,  # named for each request: the environment would come before a session
    )
    headers = tuple(answer.headers.items())
    if request.streamed and answer.status_code in (200, 206):
        return Response(
            status=answer.status_code, headers=headers, stream=_streamed(answer, request)
        )
    with answer:
        if outgoing is not None:
            deadline = time.monotonic() + request.seconds
        body = b"".join(_chunks(answer.raw, request, deadline))
        return Response(
            status=answer.status_code,
            headers=headers,
            body=_decoded(body, answer.headers.get("Content-Encoding", "identity"), request),
        )


def _proxies(request: Request) -> dict[str, str]:
    """Return what comes before the environment: for this machine, that there is no proxy."""
    host = urlsplit(request.url).hostname or ""
    return {"http": "", "https": "", "all": ""} if is_loopback(host) else {}


def _streamed(answer: requests.Response, request: Request) -> Iterator[bytes]:
    """Yield what comes in *answer* while it comes; how long it is between two is not ours."""
    with answer, _failures_told(request):
        encoding = answer.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise _unreadable(request, f"in the encoding {shown(encoding, longest=40)}")
        length = 0
        for chunk in flowing(
            partial(answer.raw.read1, CHUNK, decode_content=False), seconds=request.seconds
        ):
            length += len(chunk)
            if length > request.largest:
                raise _too_large(request)
            yield chunk


def _chunks(raw: BaseHTTPResponse, request: Request, deadline: float) -> Iterator[bytes]:
    """Yield the body piece by piece, as it comes, until it is too late or too much."""
    length = 0
    while chunk := raw.read1(CHUNK, decode_content=False):
        length += len(chunk)
        if length > request.largest:
            raise _too_large(request)
        if time.monotonic() > deadline:
            raise TooLateError
        yield chunk


def _decoded(body: bytes, encoding: str, request: Request) -> bytes:
    if encoding.lower() == "identity" or not body:
        return body
    if encoding.lower() != "gzip":
        raise _unreadable(request, f"in the encoding {shown(encoding, longest=40)}")
    inflater = zlib.decompressobj(_GZIP)
    try:
        # A kilobyte can stand for a megabyte: no more is made of it than is allowed.
        decoded = inflater.decompress(body, request.largest + 1)
    except zlib.error as error:
        raise _unreadable(request, f"in damaged gzip: {error}") from None
    if len(decoded) > request.largest:
        raise _too_large(request)
    if not inflater.eof:
        raise _unreadable(request, "in gzip that breaks off")
    return decoded


def _failure(request: Request, error: Exception) -> ServiceError:
    host, why = request.host, shown(_root_cause(error), longest=200)
    hint = "look at the network, or try again later"
    match error:
        case requests.exceptions.SSLError():
            return ServiceError(
                f"{host} does not prove who it is ({why})",
                service=host,
                hint="a proxy may stand in between: REQUESTS_CA_BUNDLE names whom to trust",
            )
        case requests.exceptions.ProxyError():
            message, hint = f"the proxy on the way to {host} fails", "look at HTTPS_PROXY"
        case ValueError():
            return ServiceError(f"{host} cannot be asked ({why})", service=host)
        case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
            message = f"{host} does not answer"
        case urllib3.exceptions.ProtocolError():
            message = f"{host} breaks off its answer"
        case _:
            message = f"{host} cannot be reached"
    return PassingError(f"{message} ({why})", service=host, hint=hint)


def _root_cause(error: BaseException) -> BaseException:
    """Return what went wrong in the end, out of the layers that `requests` wraps around it."""
    for _ in range(8):  # they could go round in a circle
        layers = (getattr(error, "reason", None), *error.args[:1], error.__cause__)
        deeper = next((each for each in layers if isinstance(each, BaseException)), None)
        if deeper is None:
            break
        error = deeper
    return error


def _too_late(request: Request) -> ServiceError:
    return PassingError(
        f"{request.host} takes longer than {request.seconds:g} seconds to answer",
        service=request.host,
        hint="try again later",
    )


def _too_large(request: Request) -> ServiceError:
    return ServiceError(
        f"{request.host} answers with more than the {request.largest} bytes allowed",
        service=request.host,
    )


def _unreadable(request: Request, how: str) -> ServiceError:
    return ServiceError(f"{request.host} answers {how}, which cannot be read", service=request.host)
