# SPDX-License-Identifier: Apache-2.0
"""The sandbox beside the real servers: asked the same, it answers alike."""

import json
from collections.abc import Callable, Iterator

import pytest

from keyless.credential import P256
from keyless.protocol.certificate_request import certificate_request
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.signing_config import SigningServices
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.timestamp_request import TimestampRequest
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, requests_transport
from keyless.value import value
from tests.peers.here import needs_peers
from tests.peers.proposals import proposal
from tests.peers.signing import connected
from tests.peers.stack.deployment import Stack

pytestmark = needs_peers

JSON = ("Content-Type", "application/json")
NOTHING = 404


@value
class Instance:
    """An instance to ask: where its services are, and a token of Alice's."""

    fulcio: str
    tsa: str
    rekor_v1: str
    rekor_v2: str
    token: Callable[[], str]


Asked = Callable[[Instance], Iterator[Request]]


def post(url: str, body: bytes, *headers: tuple[str, str]) -> Request:
    """Ask to do something."""
    return Request(method="POST", url=url, body=body, headers=headers or (JSON,))


def get(url: str) -> Request:
    """Ask for something."""
    return Request(method="GET", url=url)


def certified(token: str, url: str) -> Request:
    """Ask for a certificate."""
    pem = pem_encode("CERTIFICATE REQUEST", certificate_request(SigningKey.generate(P256)))
    body = json.dumps({"certificateSigningRequest": b64encode(pem.encode())}).encode()
    bearer = ("Authorization", f"Bearer {token}")
    return post(f"{url}/api/v2/signingCert", body, JSON, bearer)


def logged_twice(url: str, body: bytes) -> Iterator[Request]:
    """Ask for an entry to be made, and then for the same one."""
    yield post(url, body)
    yield post(url, body)


def _v1(path: str) -> Callable[[Instance], Iterator[Request]]:
    return lambda it: iter([get(f"{it.rekor_v1}/api/v1/log{path}")])


def _v1_post(path: str, body: bytes) -> Callable[[Instance], Iterator[Request]]:
    return lambda it: iter([post(f"{it.rekor_v1}/api/v1/{path}", body)])


# Of several requests it is the last one's answer that is compared.
REQUESTS: dict[str, Asked] = {
    "a certificate": lambda it: iter([certified(it.token(), it.fulcio)]),
    "a certificate, with a token that is none": lambda it: iter([certified("a.b.c", it.fulcio)]),
    "the configuration of the authority": lambda it: iter(
        [get(f"{it.fulcio}/api/v2/configuration")]
    ),
    "a timestamp": lambda it: iter(
        [
            post(
                it.tsa,
                TimestampRequest.over(b"it", nonce=7).to_der(),
                ("Content-Type", "application/timestamp-query"),
            )
        ]
    ),
    "an entry of log v1": lambda it: iter(
        [post(f"{it.rekor_v1}/api/v1/log/entries", proposal(b"v1").v1_body())]
    ),
    "an entry of log v1, twice": lambda it: logged_twice(
        f"{it.rekor_v1}/api/v1/log/entries", proposal(b"twice").v1_body()
    ),
    "an entry of log v1 that does not verify": lambda it: iter(
        [post(f"{it.rekor_v1}/api/v1/log/entries", proposal(b"a", signed=b"b").v1_body())]
    ),
    "an entry of log v1 by index": _v1("/entries?logIndex=0"),
    "an entry of log v1 that is not there": _v1("/entries?logIndex=99999"),
    "an entry of log v1 by a name that is none": _v1("/entries/abc"),
    "what log v1 commits to": _v1(""),
    "the proof that log v1 grew": _v1("/proof?firstSize=1&lastSize=2"),
    "eleven entries of log v1 at once": _v1_post(
        "log/entries/retrieve", json.dumps({"logIndexes": list(range(11))}).encode()
    ),
    "two entries of log v1 at once": _v1_post(
        "log/entries/retrieve", json.dumps({"logIndexes": [0, 1]}).encode()
    ),
    "a search of log v1": _v1_post("index/retrieve", b'{"email": "nobody@example.com"}'),
    "an entry of log v2": lambda it: iter(
        [post(f"{it.rekor_v2}/api/v2/log/entries", proposal(b"v2").v2_request())]
    ),
    "an entry of log v2, twice": lambda it: logged_twice(
        f"{it.rekor_v2}/api/v2/log/entries", proposal(b"twice").v2_request()
    ),
    "an entry of log v2 that does not verify": lambda it: iter(
        [post(f"{it.rekor_v2}/api/v2/log/entries", proposal(b"a", signed=b"b").v2_request())]
    ),
    "an entry of log v2 that is no JSON": lambda it: iter(
        [post(f"{it.rekor_v2}/api/v2/log/entries", b"{")]
    ),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Instance]:
    """Serve a sandbox on this machine."""
    instance = Sandbox()
    with instance.serve() as served:
        first, second = (served.connect(rekor=version).signing_services() for version in (1, 2))
        yield _instance(first, second, lambda: instance.token("alice@example.com"))


@pytest.fixture(scope="module")
def real(stack: Stack) -> Instance:
    """Name the real servers."""
    first, second = (connected(stack, rekor=version).signing_services() for version in (1, 2))
    return _instance(first, second, stack.token)


def _instance(
    first: SigningServices, second: SigningServices, token: Callable[[], str]
) -> Instance:
    assert first.authority
    return Instance(
        fulcio=first.authority.url,
        tsa=first.timestamp_authorities[0].url,
        rekor_v1=first.logs[0].url,
        rekor_v2=second.logs[0].url,
        token=token,
    )


@pytest.fixture(scope="module", autouse=True)
def _something_logged(sandbox: Instance, real: Instance) -> None:
    """Have two entries in each log of both."""
    for instance in (sandbox, real):
        for each in (b"1", b"2"):
            carry(post(f"{instance.rekor_v1}/api/v1/log/entries", proposal(each).v1_body()))
            carry(post(f"{instance.rekor_v2}/api/v2/log/entries", proposal(each).v2_request()))


@pytest.mark.parametrize("what", REQUESTS)
def test_the_sandbox_answers_as_the_real_server_does(
    sandbox: Instance, real: Instance, what: str
) -> None:
    """With the same status, of the same type, and JSON with the same members."""
    ours, theirs = (described(answer(REQUESTS[what](it))) for it in (sandbox, real))
    assert ours == theirs


def answer(requests: Iterator[Request]) -> Response:
    """Ask for all of it, and return the last answer."""
    return [carry(each) for each in requests][-1]


def carry(request: Request) -> Response:
    """Send *request*."""
    return requests_transport()(request)


def described(response: Response) -> tuple[int, str, object]:
    """Return what is compared of *response*: not what it says, but how."""
    kind = response.header("Content-Type").partition(";")[0]
    shape = shape_of(json.loads(response.body)) if kind == "application/json" else None
    # That there is nothing is said by the status: some servers add a word to it, and some do not.
    return response.status, "" if response.status == NOTHING else kind, shape


def shape_of(json_value: JsonValue) -> object:
    """Return the members of *json_value*, and the kinds of their values."""
    match json_value:
        case dict():
            named = ((_plain(name), shape_of(each)) for name, each in json_value.items())
            return dict(sorted(named, key=lambda pair: pair[0]))
        case list():
            return [shape_of(each) for each in json_value[:1]]
        case _:
            return type(json_value).__name__


def _plain(name: str) -> str:
    return "NAME OF AN ENTRY" if len(name) in (64, 80) else name
