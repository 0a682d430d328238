# SPDX-License-Identifier: Apache-2.0
"""Registries that lie, or lead their clients astray: nothing of it is believed, or followed."""

from base64 import b64encode

import pytest

from keyless.errors import ImageNotFound, RateLimited, RegistryAuthError, ServiceError
from keyless.protocol.oci import IMAGE_INDEX, Descriptor, ImageReference
from keyless.protocol.oci_index import listing
from keyless.sandbox.faults import Fault, Status
from keyless.sandbox.registry import Basic
from keyless.sandbox.registry.lies import (
    BLOBS_ELSEWHERE,
    BLOBS_IN_THE_CLEAR,
    BLOBS_INSIDE,
    ENDLESS_LIST,
    LIST_AROUND,
    LIST_ELSEWHERE,
    TOKENS_ELSEWHERE,
    UPLOAD_ELSEWHERE,
    WRONG_BYTES,
    WRONG_DIGEST,
)
from keyless.services.http import Request, Response, Transport
from keyless.services.registry import Registry
from keyless.services.registry_credentials import Password, keychain
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions
from keyless.services.registry_targets import LONGEST_URL, target
from keyless.value import replace
from tests.services.registries import APP, AT_ONCE, HOST, LAYER_TYPE, Client
from tests.services.transports import Scripted, answered

PASSWORD = "correct horse battery staple"  # noqa: S105 - of nobody
TOKENS = f'Bearer realm="https://auth.{HOST}/token"'
KNOWN = keychain({HOST: Password(user="me", secret=PASSWORD)})
LAYER = Descriptor.of(b"a new layer", media_type=LAYER_TYPE)


def known() -> Client:
    """A registry that wants a password, and a client that has it."""
    client = Client(credentials=KNOWN)
    client.sandbox.registry.access = Basic({"me": PASSWORD})
    return client


def opened(transport: Transport) -> Registry:
    """Open a repository over *transport*, as who has a password."""
    options = RegistryOptions(credentials=KNOWN)
    return open_registry(APP, transport=transport, options=options, patience=AT_ONCE)


def limited(**headers: str) -> Status:
    """Refuse because of too many requests."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    body = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "too many pulls"}]}'
    return Status(code=429, headers=named, body=body)


def test_a_manifest_of_other_bytes_is_refused() -> None:
    """Whatever its tag or the registry says of it."""
    client = Client()
    pushed = client.push()
    with client.sandbox.inject("registry", WRONG_BYTES):
        with pytest.raises(ServiceError, match=f"something else than {pushed.digest}"):
            client.registry.manifest(pushed.digest)
        with pytest.raises(ServiceError, match=f"something else than {pushed.digest}"):
            client.registry.manifest(client.registry.resolve("v1"))


def test_a_blob_of_other_bytes_is_refused() -> None:
    """At its end: nobody can tell before."""
    client = Client()
    pushed = client.push()
    with client.sandbox.inject("registry", WRONG_BYTES):
        pieces = client.registry.stream_blob(pushed.layers[0])
        assert next(pieces) == b"a laye\n"
        with pytest.raises(ServiceError, match=f"something else than {pushed.layers[0].digest}"):
            next(pieces)


def test_a_blob_of_more_bytes_is_refused() -> None:
    """As soon as there is one too many."""
    client = Client()
    pushed = client.push()
    answer = Status(code=200, body=b"a layer and more")
    with (
        client.sandbox.inject("registry", answer),
        pytest.raises(ServiceError, match="more than 7 bytes"),
    ):
        client.registry.blob(pushed.layers[0], largest=100)


def test_another_part_of_a_blob_than_was_asked_for_is_refused() -> None:
    """It would be put together wrongly."""
    client = Client()
    pushed = client.push()
    answer = Status(code=206, body=b"a", headers=(("Content-Range", "bytes 3-3/7"),))
    with (
        client.sandbox.inject("registry", answer),
        pytest.raises(ServiceError, match="another part"),
    ):
        client.registry.blob(pushed.layers[0], largest=100)


def test_a_tag_whose_digest_is_a_lie_leads_nowhere() -> None:
    """What is asked for by that digest has it, or is not there."""
    client = Client()
    client.push()
    with client.sandbox.inject("registry", WRONG_DIGEST):
        found = client.registry.resolve("v1")
        with pytest.raises(ImageNotFound, match=str(found.digest)):
            client.registry.manifest(found)


def test_a_tag_that_moves_meanwhile_leads_to_what_it_was_resolved_to() -> None:
    """Or nowhere: never to what it stands for by then."""
    client = Client()
    first = client.push()
    found = client.registry.resolve("v1")
    client.push(layer=b"moved")
    assert client.registry.manifest(found) == first


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (LIST_ELSEWHERE, r"goes on at https://elsewhere\.test"),
        (LIST_AROUND, "without end"),
        (ENDLESS_LIST, "without end"),
    ],
)
def test_a_list_that_leads_astray_is_not_followed(lie: Fault, why: str) -> None:
    """Neither to other servers, nor for ever."""
    client = known()
    client.push()
    with client.sandbox.inject("registry", lie), pytest.raises(ServiceError, match=why):
        list(client.registry.tags())
    assert {each.host for each in client.heard.asked} == {HOST}


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.test\\@{HOST}/v2/me/app/tags/list?last=1",
        f"https://me@{HOST}/v2/me/app/tags/list?last=1",
        f"https://evil.test\\.{HOST}/v2/me/app/tags/list?last=1",
        f"https://{HOST}/v2/me/app/tags/list?last=\x07",
    ],
)
def test_a_list_that_goes_on_where_readers_differ_is_not_followed(link: str) -> None:
    """What is the registry to who parses the link is another server to who asks it."""
    script = Scripted(
        answered(401, WWW_Authenticate="Basic"),
        answered(200, b'{"tags": ["1"]}', Link=f'<{link}>; rel="next"'),
    )
    registry = opened(script)
    with pytest.raises(ServiceError, match="goes on at"):
        list(registry.tags())


@pytest.mark.parametrize("pointer", ["https://a.test/" + "x" * LONGEST_URL, "https://a.test/\x7f"])
def test_what_is_no_address_is_not_pointed_to(pointer: str) -> None:
    """What is cut off, or would be read without what cannot be seen, would be another one."""
    with pytest.raises(ServiceError, match="which is no address"):
        target(pointer, base=f"https://{HOST}/", what="place")


@pytest.mark.parametrize(
    "head",
    [
        answered(200, Docker_Content_Digest=str(listing([LAYER]).digest), Content_Type="text/html"),
        answered(200, Docker_Content_Digest=f"sha256:{'0' * 64}", Content_Type=IMAGE_INDEX),
    ],
)
def test_headers_that_do_not_fit_are_not_believed(head: Response) -> None:
    """The manifest is fetched, and says itself what it is."""
    manifest = listing([LAYER])
    head = replace(head, headers=(*head.headers, ("Content-Length", "9")))
    script = Scripted(head, answered(200, manifest.raw, Content_Type=IMAGE_INDEX))
    registry = opened(script)
    assert registry.resolve(str(manifest.digest)) == manifest.descriptor


def test_a_credential_is_not_told_at_another_port() -> None:
    """There may be somebody else's server."""
    script = Scripted(
        answered(401, WWW_Authenticate="Basic"),
        answered(307, Location=f"https://{HOST}:8443/blob"),
        answered(200, b"a new layer"),
    )
    assert opened(script).blob(LAYER, largest=99) == b"a new layer"
    assert [bool(each.header("Authorization")) for each in script.asked] == [False, True, False]


def test_what_is_pushed_is_not_sent_on() -> None:
    """Only who asks for something follows where a registry points."""
    script = Scripted(answered(404), answered(307, Location="https://elsewhere.test/"))
    with pytest.raises(ServiceError, match=r"307 it points to https://elsewhere\.test/"):
        opened(script).put_blob(LAYER, [b"a new layer"])
    assert {each.host for each in script.asked} == {HOST}


def test_a_list_in_a_refusal_is_none() -> None:
    """What says that there is nothing is not read as if it were something."""
    listed = listing([LAYER])
    script = Scripted(answered(404, listed.raw, Content_Type=IMAGE_INDEX), answered(404))
    assert opened(script).referrers(LAYER.digest).source == "none"


def test_a_list_with_too_many_entries_is_not_read_to_its_end() -> None:
    """Whoever fills a repository does not keep others busy for ever."""
    client = Client()
    for page in range(2):
        entries = (Descriptor.of(b"%d.%d" % (page, n), media_type=LAYER_TYPE) for n in range(6000))
        link = ("Link", f'</v2/me/app/referrers/x?page={page}>; rel="next"')
        headers = (("Content-Type", IMAGE_INDEX), link)
        answer = Status(code=200, headers=headers, body=listing(entries).raw)
        client.sandbox.inject("registry", answer, times=1)
    with pytest.raises(ServiceError, match="more than 10000 things"):
        client.registry.referrers(LAYER.digest)


def test_a_list_with_endless_notes_is_not_read_to_its_end() -> None:
    """Few entries may say very much, page after page."""
    page = iter(range(100))

    def answer(request: Request) -> Response:
        number = next(page)
        notes = (("note", "x" * 4_000_000),)
        entry = Descriptor.of(b"%d" % number, media_type=LAYER_TYPE, annotations=notes)
        body = listing([entry]).raw
        link = f'<{request.url}?page={number}>; rel="next"'
        return answered(200, body, Content_Type=IMAGE_INDEX, Link=link)

    registry = opened(answer)
    with pytest.raises(ServiceError, match=r"more than 33554432 bytes of them"):
        registry.referrers(LAYER.digest)


def test_what_is_pushed_elsewhere_is_pushed_without_a_credential() -> None:
    """Only who is known by it is told it."""
    client = known()
    client.heard.elsewhere = lambda _: answered(201)
    with client.sandbox.inject("registry", UPLOAD_ELSEWHERE):
        client.registry.put_blob(LAYER, [b"a new layer"])
    sent = client.heard.asked[-1]
    assert (sent.method, sent.host) == ("PUT", "elsewhere.test")
    assert sent.url.endswith(f"/upload?digest={LAYER.digest}")
    assert client.heard.told(HOST)
    assert not client.heard.told("elsewhere.test")


def test_a_blob_that_is_elsewhere_is_had_without_a_credential() -> None:
    """It is compared with its digest all the same."""
    client = known()
    pushed = client.push()
    client.heard.elsewhere = lambda _: answered(200, b"a layer")
    with client.sandbox.inject("registry", BLOBS_ELSEWHERE):
        assert client.registry.blob(pushed.layers[0], largest=10) == b"a layer"
        client.heard.elsewhere = lambda _: answered(200, b"a liar!")
        with pytest.raises(ServiceError, match="something else"):
            client.registry.blob(pushed.layers[0], largest=10)
    assert not client.heard.told("elsewhere.test")


def test_who_points_around_is_not_followed_for_ever() -> None:
    """After a few times it is an answer like any other that is of no use."""
    client = Client()
    pushed = client.push()

    def around(request: Request) -> Response:
        return answered(307, Location=request.url)

    client.heard.elsewhere = around
    with (
        client.sandbox.inject("registry", BLOBS_ELSEWHERE),
        pytest.raises(ServiceError, match="307"),
    ):
        client.registry.blob(pushed.layers[0], largest=10)


@pytest.mark.parametrize(
    ("lie", "why"),
    [(BLOBS_INSIDE, "in a private network"), (BLOBS_IN_THE_CLEAR, "not encrypted")],
)
def test_nobody_is_led_where_they_would_not_go(lie: Fault, why: str) -> None:
    """As to a machine that only they can reach."""
    client = Client()
    pushed = client.push()
    client.heard.asked.clear()
    with client.sandbox.inject("registry", lie), pytest.raises(ServiceError, match=why):
        client.registry.blob(pushed.layers[0], largest=10)
    assert {each.host for each in client.heard.asked} == {HOST}


def test_a_server_for_tokens_elsewhere_is_not_told_a_password() -> None:
    """Whoever wants one there has to be named by who has it."""
    client = known()
    client.heard.elsewhere = lambda _: answered(401)
    with (
        client.sandbox.inject("registry", TOKENS_ELSEWHERE),
        pytest.raises(
            RegistryAuthError, match=r"elsewhere\.test.*without the credential"
        ) as caught,
    ):
        client.registry.resolve("v1")
    assert "token_servers" in str(caught.value.hint)
    assert not client.heard.told("elsewhere.test")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [
        (limited(Retry_After="3600"), 3600),
        (limited(RateLimit_Reset="120"), 120),
        (limited(X_RateLimit_Reset="1"), 1),
    ],
)
def test_who_asks_too_often_is_told_when_to_come_back(refusal: Status, seconds: float) -> None:
    """In seconds, and by the clock."""
    client = Client()
    with (
        client.sandbox.inject("registry", refusal),
        pytest.raises(RateLimited, match=rf"again in {seconds} seconds, at ..:..:.. UTC") as caught,
    ):
        client.registry.referrers(LAYER.digest)
    assert caught.value.seconds == seconds
    assert "TOOMANYREQUESTS: too many pulls" in caught.value.message


def test_a_limit_without_an_end_says_no_time() -> None:
    """Nobody knows when it ends."""
    client = Client()
    with client.sandbox.inject("registry", limited()), pytest.raises(RateLimited) as caught:
        client.registry.referrers(LAYER.digest)
    assert caught.value.seconds is None


@pytest.mark.parametrize("end", ["Fri, 31 Dec 9999 23:59:59 -1200", "9" * 40])
def test_a_limit_without_an_end_that_has_a_date_is_told(end: str) -> None:
    """No calendar has the day on which it ends."""
    client = Client()
    with (
        client.sandbox.inject("registry", limited(Retry_After=end)),
        pytest.raises(RateLimited) as caught,
    ):
        client.registry.resolve("v1")
    assert caught.value.seconds == 1e9


def test_a_limit_may_say_at_which_second_it_ends() -> None:
    """Since 1970, as some count."""
    client = Client()
    at = client.sandbox.clock.now.timestamp() + 500
    with (
        client.sandbox.inject("registry", limited(RateLimit_Reset=f"{at:.0f}")),
        pytest.raises(RateLimited) as caught,
    ):
        client.registry.referrers(LAYER.digest)
    assert caught.value.seconds == pytest.approx(500, abs=10)


def test_what_a_registry_repeats_of_a_password_is_not_repeated() -> None:
    """Its words end in logs that everybody can read."""
    client = known()
    body = f'{{"errors": [{{"code": "DENIED", "message": "not {PASSWORD}"}}]}}'.encode()
    client.push()
    with (
        client.sandbox.inject("registry", Status(code=403, body=body)),
        pytest.raises(RegistryAuthError, match="DENIED") as caught,
    ):
        list(client.registry.tags())
    assert PASSWORD not in str(caught.value)
    assert "[hidden]" in str(caught.value)


@pytest.mark.parametrize(
    ("challenge", "sent"),
    [("Basic", f"bWU6{b64encode(PASSWORD.encode()).decode()}"), (TOKENS, "dt0kenthatnobodymaysee")],
)
def test_what_a_registry_repeats_of_what_it_was_sent_is_not_repeated(
    challenge: str, sent: str
) -> None:
    """It was sent a password in another spelling, or a token that was had for it."""
    refusal = f'{{"errors": [{{"code": "DENIED", "message": "not {sent}"}}]}}'.encode()

    def answer(request: Request) -> Response:
        if request.host == f"auth.{HOST}":
            return answered(200, f'{{"token": "{sent}"}}'.encode())
        if not request.header("Authorization"):
            return answered(401, WWW_Authenticate=challenge)
        assert sent in request.header("Authorization")
        warning = f'299 - "used {sent}"'
        if request.url.endswith("tags/list"):
            return answered(200, b"{}", Warning=warning)
        return answered(403, refusal)

    registry = opened(answer)
    list(registry.tags())
    with pytest.raises(RegistryAuthError, match=r"DENIED: not \[hidden\]") as caught:
        registry.manifest(LAYER.digest)
    assert sent[4:] not in str(caught.value)
    assert registry.warnings == ('"used [hidden]"',)


def test_tags_that_could_be_parts_of_an_address_are_not_told() -> None:
    """They would be asked for next."""
    client = Client()
    answer = Status(code=200, body=b'{"tags": ["v1", "../../v2/x", "a b", "v2"]}')
    with client.sandbox.inject("registry", answer):
        assert list(client.registry.tags()) == ["v1", "v2"]


def test_a_repository_of_another_registry_is_never_asked() -> None:
    """A client is for one registry."""
    client = Client(image=ImageReference.parse("ghcr.io/me/app"))
    with pytest.raises(ServiceError, match=r"ghcr\.io cannot be asked"):
        client.registry.resolve("v1")
    assert APP.registry not in {each.host for each in client.heard.asked}
