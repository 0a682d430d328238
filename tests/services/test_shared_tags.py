# SPDX-License-Identifier: Apache-2.0
"""Lists that many write to at once: nobody's entry is lost, whatever the registry makes of it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from keyless.errors import ServiceError
from keyless.protocol.oci import Descriptor, Manifest
from keyless.protocol.oci_index import listing, with_entries
from keyless.sandbox.faults import Lie, Party, Status
from keyless.services.http import PATIENCE, Patience, Request, Response
from keyless.services.registry import Registry
from keyless.value import replace
from tests.services.registries import APP, EMPTY, LAYER_TYPE, Client, image

WRITERS = 8
TAG = "sha256-0.sig"


def layer(content: bytes, note: str = "") -> Descriptor:
    """Describe a layer."""
    notes = (("note", note),) if note else ()
    return Descriptor.of(content, media_type=LAYER_TYPE, annotations=notes)


def adding(*layers: Descriptor) -> Callable[[Manifest | None], Manifest]:
    """Return the change that adds *layers* to an image, as a legacy signature is added."""

    def change(there: Manifest | None) -> Manifest:
        before = () if there is None else there.layers
        every = [each.to_json() for each in (*before, *layers)]
        return image(b"", layers=every)

    return change


def at_once(work: Callable[[Registry, int], None], client: Client, writers: int = WRITERS) -> None:
    """Have each of the *writers* work, all at the same time, each as a program of its own."""
    ready = Barrier(writers)

    def run(number: int) -> None:
        registry = client.again()
        ready.wait()
        work(registry, number)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(run, range(writers)))


@pytest.mark.parametrize("conditions", ["honoured", "ignored"])
def test_many_who_sign_at_once_lose_nothing(conditions: str) -> None:
    """On a list that clients keep, whether the registry helps them with it or not."""
    client = Client(referrers="unknown", conditions=conditions, patience=PATIENCE)
    pushed = client.push()
    client.registry.put_blob(EMPTY, [b"{}"])

    def sign(registry: Registry, number: int) -> None:
        content = b"signature %d" % number
        registry.put_blob(layer(content), [content])
        subject = pushed.descriptor.to_json()
        registry.add_referrers([image(content, subject=subject)])

    at_once(sign, client)
    found = client.registry.referrers(pushed.digest)
    assert len(found.descriptors) == WRITERS


@pytest.mark.parametrize("conditions", ["honoured", "ignored"])
def test_many_who_add_legacy_signatures_at_once_lose_nothing(conditions: str) -> None:
    """They are layers of one image, and the same layer may be there with different notes."""
    client = Client(conditions=conditions, contents="ignored", patience=PATIENCE)

    def sign(registry: Registry, number: int) -> None:
        registry.edit_tag(TAG, adding(layer(b"one payload", note=str(number))))

    at_once(sign, client)
    there = client.registry.manifest(client.registry.resolve(TAG))
    notes = sorted(dict(each.annotations)["note"] for each in there.layers)
    assert notes == [str(number) for number in range(WRITERS)]


def test_what_somebody_overwrites_is_added_again() -> None:
    """As where another program read before us, and wrote after us."""
    client = Client(referrers="unknown", conditions="ignored", contents="ignored")
    theirs = listing([layer(b"theirs")])
    overwritten = 0

    def overwrite(_: float) -> None:
        nonlocal overwritten
        overwritten += 1
        if overwritten == 2:  # not at once
            client.registry.put_manifest(theirs, tag=TAG)

    registry = _like(client, Patience(sleep=overwrite))
    registry.edit_tag(TAG, lambda there: with_entries(there, [layer(b"ours")]))
    there = client.registry.manifest(client.registry.resolve(TAG))
    assert set(there.manifests) == {layer(b"theirs"), layer(b"ours")}


CONFUSED = b'{"errors": [{"code": "DIGEST_INVALID", "message": "provided digest did not match"}]}'


@pytest.mark.parametrize(
    "refusal",
    [Response(status=503), Response(status=429), Response(status=400, body=CONFUSED)],
    ids=["failing", "busy", "confused"],
)
def test_what_failed_is_not_sent_again_as_it_was(refusal: Response) -> None:
    """Others may have written while it failed: what is there is read anew, and theirs is kept."""
    client = Client(referrers="unknown", conditions="ignored", contents="ignored")
    theirs = listing([layer(b"theirs")])
    put = 0

    def fail_first(party: Party, request: Request) -> Response:
        nonlocal put
        if request.method == "PUT" and request.url.endswith(TAG):
            put += 1
            if put == 1:
                party.handle(replace(request, body=theirs.raw))
                return refusal
        return party.handle(request)

    lie = Lie(name="somebody was faster", services=("registry",), tell=fail_first)
    with client.sandbox.inject("registry", lie):
        client.registry.edit_tag(TAG, lambda there: with_entries(there, [layer(b"ours")]))
    there = client.registry.manifest(client.registry.resolve(TAG))
    assert set(there.manifests) == {layer(b"theirs"), layer(b"ours")}


def test_what_was_written_though_its_answer_was_lost_is_not_written_twice() -> None:
    """It is found when what is there is read again."""
    client = Client(contents="ignored")
    put = 0

    def lose_first(party: Party, request: Request) -> Response:
        nonlocal put
        answer = party.handle(request)
        if request.method == "PUT":
            put += 1
            return Response(status=502) if put == 1 else answer
        return answer

    lie = Lie(name="an answer is lost", services=("registry",), tell=lose_first)
    with client.sandbox.inject("registry", lie):
        client.registry.edit_tag(TAG, adding(layer(b"ours")))
    assert client.registry.manifest(client.registry.resolve(TAG)).layers == (layer(b"ours"),)


def test_a_registry_that_fails_for_good_is_not_asked_for_ever() -> None:
    """What it says is told."""
    client = Client(contents="ignored")

    def fail(party: Party, request: Request) -> Response:
        return Response(status=503) if request.method == "PUT" else party.handle(request)

    lie = Lie(name="it cannot write", services=("registry",), tell=fail)
    with client.sandbox.inject("registry", lie), pytest.raises(ServiceError) as caught:
        client.registry.edit_tag(TAG, adding(layer(b"x")))
    assert caught.value.status == 503


def test_what_is_there_already_is_not_written_again() -> None:
    """Nobody has to wait for that either."""
    client = Client(contents="ignored")
    client.registry.edit_tag(TAG, lambda there: with_entries(there, [layer(b"ours")]))
    client.heard.asked.clear()
    client.registry.edit_tag(TAG, lambda there: with_entries(there, [layer(b"ours")]))
    assert client.heard.lines == [f"GET manifests/{TAG}"]


def test_a_registry_is_told_what_is_to_be_replaced() -> None:
    """Where it says how it knows what is there."""
    client = Client(contents="ignored")
    for content in (b"1", b"2"):
        client.registry.edit_tag(TAG, adding(layer(content)))
    first, second = (each for each in client.heard.asked if each.method == "PUT")
    assert first.header("If-None-Match") == "*"
    assert json.loads(second.header("If-Match")).startswith("sha256:")


def test_a_list_that_is_not_there_for_a_moment_is_not_begun_anew() -> None:
    """Some registries have nothing under a tag while they are writing it."""
    client = Client(contents="ignored")
    client.registry.edit_tag(TAG, adding(layer(b"theirs")))
    # Between two looks after our own was written, and at the beginning of the next round.
    missing = Status(code=404)
    with client.sandbox.inject("registry", missing, after=2, times=2):
        client.registry.edit_tag(TAG, adding(layer(b"ours")))
    there = client.registry.manifest(client.registry.resolve(TAG))
    assert set(there.layers) == {layer(b"theirs"), layer(b"ours")}


def test_a_list_that_never_holds_is_given_up() -> None:
    """As where a registry forgets at once what it is told."""

    def forget(party: Party, request: Request) -> Response:
        asked = request.method == "GET" and request.url.endswith(TAG)
        return Response(status=404) if asked else party.handle(request)

    client = Client(contents="ignored")
    lie = Lie(name="a tag that is forgotten", services=("registry",), tell=forget)
    with (
        client.sandbox.inject("registry", lie),
        pytest.raises(ServiceError, match=f"changing the tag {TAG} of {APP.name}"),
    ):
        client.registry.edit_tag(TAG, adding(layer(b"x")))


def test_a_registry_that_never_lets_write_is_given_up() -> None:
    """It says each time that something else is there by now."""
    client = Client()

    def refuse(party: Party, request: Request) -> Response:
        return Response(status=412) if request.method == "PUT" else party.handle(request)

    lie = Lie(name="never", services=("registry",), tell=refuse)
    with client.sandbox.inject("registry", lie), pytest.raises(ServiceError, match="keep changing"):
        client.registry.edit_tag(TAG, adding(layer(b"x")))


def test_a_tag_that_is_immutable_is_not_tried_for_ever() -> None:
    """Some say so with the status that is for conditions."""
    client = Client()
    body = b'{"errors": [{"code": "PRECONDITION", "message": "configured as immutable"}]}'
    with (
        client.sandbox.inject("registry", Status(code=412, body=body), after=1),
        pytest.raises(ServiceError, match="configured as immutable") as caught,
    ):
        client.registry.edit_tag(TAG, adding(layer(b"x")))
    assert "cannot be changed" in str(caught.value.hint)


def _like(client: Client, patience: Patience) -> Registry:
    other = Client(patience=patience)
    other.sandbox.registry = client.sandbox.registry
    return other.again()
