# SPDX-License-Identifier: Apache-2.0
"""Likeness: what a person would overlook between two texts is said."""

import re

import pytest

from keyless.policy import Glob, Wanted
from keyless.policy.likeness import explained


@pytest.mark.parametrize(
    ("found", "wanted", "difference"),
    [
        pytest.param("Me@example.com", "me@example.com", "in upper and lower case", id="case"),
        pytest.param("https://a.com/", "https://a.com", "in a slash at its end", id="slash"),
        pytest.param("me@example.com ", "me@example.com", "in space around it", id="space"),
        pytest.param("jose\u0301", "jos\u00e9", "in Unicode form: one is not in NFC", id="NFC"),
        pytest.param("\uff4de", "me", "in Unicode form: one is not in NFKC", id="NFKC"),
        pytest.param("\uff2de", "me", "in case and Unicode form", id="case and form"),
    ],
)
def test_a_difference_hard_to_see_is_named(found: str, wanted: str, difference: str) -> None:
    """Two texts that look the same are said to differ, and in what alone."""
    said = f"the identity differs from the one wanted only {difference}"
    assert said in explained("identity", found, wanted)


def test_a_letter_that_looks_like_another_is_named() -> None:
    """A Cyrillic letter among Latin ones is marked by its code point and name."""
    assert explained("identity", "\u0430lice@example.com", "alice@example.com") == (
        "the identity found has characters beyond ASCII: U+0430 CYRILLIC SMALL LETTER A",
    )


def test_letters_beyond_ascii_are_marked_in_what_is_wanted_too() -> None:
    """The mistake may be in the policy."""
    assert explained("identity", "alice@example.com", "\u0430lice@example.com") == (
        "the identity wanted has characters beyond ASCII: U+0430 CYRILLIC SMALL LETTER A",
    )


def test_characters_without_a_name_are_marked_by_number() -> None:
    """Private and unassigned characters have a code point only."""
    (said,) = explained("identity", "\ue000", "a")
    assert said == "the identity found has characters beyond ASCII: U+E000"


def test_many_strange_characters_are_not_all_listed() -> None:
    """A name in another script is not spelled out; five of its letters do."""
    said = explained("identity", "\u0430\u0431\u0432\u0433\u0434\u0435\u0430", "a")[0]
    assert said.endswith("U+0434 CYRILLIC SMALL LETTER DE, …")


def test_a_star_in_exact_text_is_pointed_out() -> None:
    """Whoever writes a star means a Glob."""
    (said,) = explained("identity", "me@example.com", "*@example.com")
    assert "Glob" in said


@pytest.mark.parametrize("wanted", [Glob("ME@*"), re.compile("ME@.*")])
def test_patterns_are_not_like_anything(wanted: Wanted) -> None:
    """Only exact text can nearly be the same."""
    assert explained("identity", "me@example.com", wanted) == ()


def test_there_is_nothing_to_explain_of_what_fits() -> None:
    """A name in any script is welcome where it is the one wanted."""
    assert explained("identity", "\u0430", "\u0430") == ()
