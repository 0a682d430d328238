# SPDX-License-Identifier: Apache-2.0
"""What people have in hand when they ask for an entry."""

from pathlib import Path

import pytest

from keyless.errors import InputError, ParseError
from keyless.explorer.asked import AtIndex, Called, read_asked

LEAF = "0f" * 32
NAME = "108e9186e8c5677a" + LEAF

INDEXES = {
    "a number": 95412912,
    "digits": " 95412912 ",
    "a link of the search page": "https://search.sigstore.dev/?logIndex=95412912",
    "the same with more in it": "https://search.sigstore.dev/?x=1&logIndex=95412912#top",
    "a link of the log": "https://rekor.sigstore.dev/api/v1/log/entries?logIndex=95412912",
    "a link of nobody": "http://localhost/95412912/",
}
NAMES = {
    "a name": NAME,
    "a name in capitals": NAME.upper(),
    "a link of the search page": f"https://search.sigstore.dev/?uuid={NAME}",
    "a link of the log": f"https://rekor.sigstore.dev/api/v1/log/entries/{NAME}",
}


@pytest.mark.parametrize("asked", INDEXES.values(), ids=INDEXES)
def test_an_index_is_found_in_it(asked: object) -> None:
    """However it is written."""
    assert read_asked(asked) == AtIndex(index=95412912)


@pytest.mark.parametrize("asked", NAMES.values(), ids=NAMES)
def test_a_name_is_found_in_it(asked: object) -> None:
    """With its tree."""
    assert read_asked(asked) == Called(uuid=NAME)


def test_a_name_may_be_without_its_tree() -> None:
    """The hash of the leaf is the part that counts."""
    assert read_asked(LEAF) == Called(uuid=LEAF)


@pytest.mark.parametrize("shard", ["log2025-1", "localhost:3003", "1193050959916656506"])
def test_an_index_may_be_of_another_log(shard: str) -> None:
    """By its name, which may have a port."""
    assert read_asked(f"{shard}:228") == AtIndex(index=228, shard=shard)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (-1, "-1 names no entry"),
        (True, "True names no entry"),
        (1 << 63, "names no entry"),
        (1.5, "1.5 names no entry"),
        (None, "None names no entry"),
        (b"5", "names no entry"),
        ("9999999999999999999", "is not the index of an entry"),
        ("log:9999999999999999999", "is not the index of an entry"),
        ("no such file", "no such file"),
        ("", "no other way to name an entry"),
        ("\0", "no other way to name an entry"),
        ("\x1b[2J", r"\\x1b\[2J"),
        ("0f5e", "no other way to name an entry"),
        ("https://search.sigstore.dev/", "has neither an index nor the name"),
        ("https://search.sigstore.dev/?email=alice@example.com", "has neither an index nor"),
        ("https://search.sigstore.dev/?logIndex=-5", "has neither an index nor"),
        ("https://[", "not a link"),
    ],
)
def test_what_names_no_entry_is_refused(asked: object, reason: str) -> None:
    """The refusal says what would."""
    with pytest.raises(InputError, match=reason):
        read_asked(asked)


def test_a_path_is_that_of_a_bundle(tmp_path: Path) -> None:
    """What is no bundle is said to be none."""
    path = tmp_path / "bundle.json"
    path.write_text("{}")
    for each in (path, str(path)):
        with pytest.raises(ParseError, match="mediaType"):
            read_asked(each)
