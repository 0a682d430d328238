# SPDX-License-Identifier: Apache-2.0
"""How requests are taken apart: what is asked for, and with which parameters."""

import pytest

from keyless.sandbox.answering import form_of, media_type, path_under, query_of
from keyless.services.http import Request


def request(url: str, body: bytes | None = None, kind: str = "") -> Request:
    """Ask for something."""
    return Request(method="GET", url=url, headers=(("content-type", kind),), body=body)


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("https://a.test", "https://a.test/api/v1/log", "api/v1/log"),
        ("https://a.test/", "https://a.test/api/v1/log/?x=/y", "api/v1/log"),
        ("https://a.test/base", "http://127.0.0.1:80/base/keys", "keys"),
        ("https://a.test/base", "https://a.test/keys", ""),
        ("https://a.test/base", "https://a.test/basement/keys", ""),
        ("https://a.test", "https://a.test", ""),
    ],
)
def test_a_path_is_under_the_services_own(base: str, url: str, path: str) -> None:
    """Whatever the host is called."""
    assert path_under(base, request(url)) == path


def test_parameters_come_by_name() -> None:
    """The first of those that stand there twice, and empty ones too."""
    assert query_of(request("https://a.test/?a=1&a=2&b=&c=%20d")) == {"a": "1", "b": "", "c": " d"}
    assert form_of(request("https://a.test/", b"a=1&b=%C3%BC+%FF")) == {"a": "1", "b": "ü �"}
    assert form_of(request("https://a.test/")) == {}


def test_too_many_parameters_are_none() -> None:
    """Nobody has so many."""
    assert query_of(request(f"https://a.test/?{'&'.join(['a=1'] * 65)}")) == {}


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_media_type_is_without_its_parameters(kind: str) -> None:
    """In small letters."""
    assert media_type(request("https://a.test", kind=kind)) == "application/json"
