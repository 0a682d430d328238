# SPDX-License-Identifier: Apache-2.0
"""The sandbox on loopback: the same services over HTTP, and the documents for other clients."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

import keyless
from keyless.errors import InputError
from keyless.instance.sigstore import LogVersion
from keyless.policy import SignedBy
from keyless.protocol.client_trust_config import ClientTrustConfig
from keyless.protocol.signing_config import SigningConfig
from keyless.sandbox import Sandbox
from keyless.sandbox.instance_core import DEFAULT_URLS
from keyless.sandbox.served import Served

BOTH_LOGS = pytest.mark.parametrize("rekor", [1, 2])
ALICE = SignedBy("alice@example.com", issuer="github")
DOCUMENTS = [
    "client_trust_config.json",
    "client_trust_config_rekor_v2.json",
    "root.json",
    "signing_config.json",
    "signing_config_rekor_v2.json",
    "trusted_root.json",
]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """One sandbox for all."""
    return Sandbox()


@pytest.fixture(scope="module")
def served(sandbox: Sandbox) -> Iterator[Served]:
    """The sandbox, served."""
    with sandbox.serve() as served:
        yield served


@BOTH_LOGS
def test_signing_over_sockets_is_signing(
    sandbox: Sandbox, served: Served, rekor: LogVersion
) -> None:
    """By the very same client that signs in public."""
    alice = sandbox.identity("alice@example.com")
    signed = keyless.sign(b"over sockets", alice, sigstore=served.connect(rekor=rekor))
    keyless.verify(b"over sockets", signed.bundle, policy=ALICE, sigstore=served.sigstore)


@BOTH_LOGS
def test_a_client_trust_configuration_is_enough(
    sandbox: Sandbox, served: Served, rekor: LogVersion
) -> None:
    """To sign and to verify with, from nothing but a file."""
    sigstore = keyless.connect(trust_config=served.trust_config(rekor=rekor), rekor=rekor)
    alice = keyless.Identity(lambda: sandbox.token("alice@example.com"))
    signed = keyless.sign(b"by a file", alice, sigstore=sigstore)
    keyless.verify(b"by a file", signed.bundle, policy=ALICE, sigstore=sigstore)


def test_the_documents_are_written(served: Served) -> None:
    """Each names the log of one version."""
    folder = Path(served.directory)
    assert sorted(path.name for path in folder.iterdir()) == DOCUMENTS
    for suffix, url in (("", served.urls.log_v1), ("_rekor_v2", served.urls.log_v2)):
        config = (folder / f"signing_config{suffix}.json").read_bytes()
        both = ClientTrustConfig.parse((folder / f"client_trust_config{suffix}.json").read_bytes())
        assert [log.url for log in SigningConfig.parse(config).logs] == [url]
        assert SigningConfig.parse(both.signing_config) == SigningConfig.parse(config)


def test_the_documents_can_be_kept(tmp_path: Path) -> None:
    """In a folder that is made for them, and written anew when it is served again."""
    folder = tmp_path / "a" / "b"
    sandbox = Sandbox()
    for _ in range(2):
        with sandbox.serve(folder) as served:
            assert served.directory == str(folder)
            config = served.trust_config()
    assert Path(config).exists()


def test_a_temporary_folder_is_gone_with_the_server() -> None:
    """Nothing is left behind."""
    with Sandbox().serve() as served:
        folder = Path(served.directory)
        assert folder.exists()
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """And the sandbox is where it was."""
    (tmp_path / "file").write_text("")
    sandbox = Sandbox()
    with pytest.raises(InputError, match="no folder"):
        sandbox.serve(tmp_path / "file")
    assert sandbox.core.urls == DEFAULT_URLS


def test_everything_is_on_loopback(served: Served) -> None:
    """Each service has a port, and no other interface has any of them."""
    urls = [urlsplit(url) for url in served.urls.__dict__.values()]
    assert {url.hostname for url in urls} == {"127.0.0.1"}
    assert len({url.port for url in urls}) == len(urls) - 1  # the certificate log has no wire


def test_a_sandbox_goes_by_its_own_names_again_when_it_is_closed() -> None:
    """What was signed before verifies as before."""
    sandbox = Sandbox()
    alice = sandbox.identity("alice@example.com")
    before = keyless.sign(b"before", alice, sigstore=sandbox.sigstore)
    with sandbox.serve() as served:
        assert sandbox.sigstore.trusted_root == served.sigstore.trusted_root
        during = keyless.sign(b"during", alice, sigstore=sandbox.sigstore)
        url = served.urls.log_v1
    keyless.verify(b"before", before.bundle, policy=ALICE, sigstore=sandbox.sigstore)
    assert during.bundle.entries[0].index == 1
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/api/v1/log", timeout=5)


def test_a_shard_that_is_closed_is_served_too() -> None:
    """With its own names again afterwards."""
    sandbox = Sandbox()
    sandbox.rekor_v1.rotate()
    with sandbox.serve() as served:
        info = requests.get(f"{served.urls.log_v1}/api/v1/log", timeout=5).json()
        origins = [
            shard["signedTreeHead"].partition(" - ")[0] for shard in (info, *info["inactiveShards"])
        ]
    assert origins == ["127.0.0.1", "127.0.0.1"]
    assert [shard.url for shard in sandbox.rekor_v1.shards] == [DEFAULT_URLS.log_v1] * 2


READ = {
    "issuer": "/.well-known/openid-configuration",
    "authority": "/api/v2/trustBundle",
    "timestamp_authority": "/certchain",
    "log_v1": "/api/v1/log",
    "log_v2": "/api/v2/checkpoint",
    "tuf": "/timestamp.json",
    "registry": "/v2/",
}


@pytest.mark.parametrize(("name", "path"), READ.items())
def test_every_service_answers(served: Served, name: str, path: str) -> None:
    """Over HTTP, at its own URL, and has nothing at others."""
    url = getattr(served.urls, name)
    assert requests.get(f"{url}{path}", timeout=5).status_code == 200
    assert requests.get(f"{url}/elsewhere", timeout=5).status_code == 404


def test_a_head_has_no_body(served: Served) -> None:
    """But says how long it would be."""
    answer = requests.head(f"{served.urls.log_v2}/api/v2/checkpoint", timeout=5)
    assert (answer.status_code, answer.content) == (404, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_a_request_may_come_in_chunks(served: Served) -> None:
    """Some clients do not say how much they send."""
    content = json.dumps({"email": "nobody@example.com"}).encode()
    answer = requests.post(
        f"{served.urls.log_v1}/api/v1/index/retrieve",
        data=iter([content[:5], content[5:]]),
        headers={"Content-Type": "application/json"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_connection_is_kept(served: Served) -> None:
    """For as many requests as a client has."""
    url = urlsplit(served.urls.log_v2)
    with closing(http.client.HTTPConnection(url.netloc, timeout=5)) as connection:
        for _ in range(3):
            connection.request("GET", "/api/v2/checkpoint")
            kept = connection.sock
            answer = connection.getresponse()
            assert answer.read()
            assert connection.sock is kept


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: x",
        "Content-Length: -1",
        f"Content-Length: {1 << 40}",
        "Transfer-Encoding: chunked",
    ],
)
def test_a_body_that_cannot_be_read_is_refused(served: Served, headers: str) -> None:
    """And the connection is closed, as nobody knows where the next request would begin."""
    url = urlsplit(served.urls.log_v1)
    request = f"POST /api/v1/log/entries HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\nzzz\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=5) as channel:
        channel.sendall(request.encode())
        answer = b""
        while piece := channel.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_server_closes_while_somebody_is_connected() -> None:
    """Who is connected is cut off, and nobody waits."""
    sandbox = Sandbox()
    with sandbox.serve() as served:
        url = urlsplit(served.urls.log_v2)
        channel = socket.create_connection((url.hostname, url.port), timeout=5)
        channel.sendall(b"GET /api/v2/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
        assert channel.recv(12) == b"HTTP/1.1 200"
    with channel:
        while channel.recv(4096):
            pass
