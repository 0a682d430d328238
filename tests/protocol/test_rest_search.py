# SPDX-License-Identifier: Apache-2.0
"""What the index of a log is asked, and what it answers."""

import json

import pytest

from keyless.errors import ParseError
from keyless.protocol.rest_search import Search, parse_found

NAME = "0f" * 40


def test_what_is_not_asked_for_is_left_out() -> None:
    """Only the operator always stands there."""
    assert json.loads(Search(email="a@b.c").to_json()) == {"email": "a@b.c", "operator": "or"}


def test_everything_can_be_asked_at_once() -> None:
    """A key as it was given to the log."""
    search = Search(email="a@b.c", subject="s", hash="sha256:0f", public_key=b"key", operator="and")
    assert json.loads(search.to_json()) == {
        "email": "a@b.c",
        "subject": "s",
        "hash": "sha256:0f",
        "publicKey": {"format": "x509", "content": "a2V5"},
        "operator": "and",
    }


def test_names_come_each_once() -> None:
    """In the order in which they are found."""
    names = [NAME, "5e" * 32, NAME]
    assert parse_found(json.dumps(names).encode()) == (NAME, "5e" * 32)


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'["0f"]', b"<html>", b'["' + b"z" * 80 + b'"]'])
def test_what_is_no_list_of_names_is_refused(data: bytes) -> None:
    """Whatever else it is."""
    with pytest.raises(ParseError):
        parse_found(data)
