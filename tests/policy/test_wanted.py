# SPDX-License-Identifier: Apache-2.0
"""Wanted text: exact, a pattern, or a Glob, and from end to end in each case."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import InputError
from keyless.policy import Glob, Wanted
from keyless.policy.wanted import demand, described, matches

NAMES = st.text(alphabet="ab/@*\n", max_size=12)


@pytest.mark.parametrize(
    ("wanted", "text", "fits"),
    [
        pytest.param("me@example.com", "me@example.com", True, id="the same text"),
        pytest.param("me@example.com", "ME@example.com", False, id="another case"),
        pytest.param("me@example.com", "me@example.com ", False, id="a space more"),
        pytest.param("*@example.com", "me@example.com", False, id="a star in exact text"),
        pytest.param(re.compile(r".*@example\.com"), "me@example.com", True, id="a pattern"),
        pytest.param(
            re.compile(r"@example\.com"), "me@example.com", False, id="a pattern has a start"
        ),
        pytest.param(
            re.compile(r"me@example\.com"), "me@example.com.evil.org", False, id="and an end"
        ),
        pytest.param(
            re.compile(r"me@a\.com|you@b\.com"),
            "me@a.com.evil.org",
            False,
            id="each choice in a pattern has an end",
        ),
        pytest.param(
            re.compile(r"^me@a\.com$", re.MULTILINE),
            "evil\nme@a.com",
            False,
            id="a line is not the whole",
        ),
        pytest.param(
            re.compile(r"me@a\.com$"), "me@a.com\n", False, id="a last newline is not nothing"
        ),
        pytest.param(re.compile("ME@A.COM", re.IGNORECASE), "me@a.com", True, id="with a flag"),
        pytest.param(Glob("*@example.com"), "me@example.com", True, id="a Glob"),
    ],
)
def test_wanted_text_fits_from_end_to_end(wanted: Wanted, text: str, fits: bool) -> None:
    """Neither more nor less than what was wanted is taken for it."""
    assert matches(wanted, text) is fits


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        ("*@example.com", "@example.com", True),
        ("*@example.com", "bob@evil.org@example.com", False),
        ("*@example.com", "bob/x@example.com", False),
        ("*@example.com", "bob@example.com.evil.org", False),
        ("**@example.com", "bob@evil.org@example.com", True),
        ("refs/tags/*", "refs/tags/v1.0", True),
        ("refs/tags/*", "refs/tags/v1/evil", False),
        ("refs/tags/*", "refs/heads/refs/tags/v1", False),
        ("refs/**", "refs/tags/v1/evil", True),
        ("a*b*c", "abbbcbc", True),
        ("a*b*c", "abbbcb", False),
        ("***", "any/thing@at all\n", True),
        ("a?c", "abc", False),
        ("a?c", "a?c", True),
        ("a.c", "abc", False),
        ("[a-z]", "m", False),
    ],
)
def test_a_star_crosses_neither_slash_nor_at(glob: str, name: str, fits: bool) -> None:
    """`*` stays within a part of a name, `**` does not, and nothing else is special."""
    assert Glob(glob).matches(name) is fits


@given(glob=NAMES.filter(bool), name=NAMES)
def test_a_glob_means_what_the_obvious_pattern_means(glob: str, name: str) -> None:
    """The one-pass matcher agrees with a backtracking one."""
    pieces = [
        {"**": "(?s:.*)", "*": "[^/@]*"}.get(piece, re.escape(piece))
        for piece in re.split(r"(\*\*?)", glob)
    ]
    assert Glob(glob).matches(name) is bool(re.fullmatch("".join(pieces), name))


def test_no_glob_makes_a_name_slow() -> None:
    """Five thousand stars over ten thousand characters end; by backtracking they never would."""
    assert not Glob("*a**" * 2_500 + "b").matches("a" * 10_000)


@pytest.mark.parametrize("text", ["", None, b"*"])
def test_a_glob_of_nothing_is_refused(text: object) -> None:
    """A Glob is made of text."""
    with pytest.raises(InputError, match="a Glob needs text"):
        Glob(text)  # type: ignore[arg-type]  # that is the test


def test_a_glob_is_a_value() -> None:
    """It can be compared, hashed, pickled and read."""
    glob = Glob("*@example.com")
    assert {pickle.loads(pickle.dumps(glob))} == {glob}
    assert repr(glob) == "Glob('*@example.com')"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("me@example.com\n", r"me@example.com\x0a"),
        (Glob("**"), 'anything like "**"'),
        (re.compile(".*"), "anything matching /.*/"),
        (re.compile("a", re.IGNORECASE), "anything matching /a/ (IGNORECASE)"),
    ],
)
def test_what_is_wanted_is_said_in_words(wanted: Wanted, words: str) -> None:
    """However much a pattern allows, it is shown."""
    assert described(wanted) == words


@pytest.mark.parametrize("wanted", ["", re.compile("")], ids=repr)
def test_nothing_is_not_anybody(wanted: object) -> None:
    """Empty text is not taken for a policy."""
    with pytest.raises(InputError, match="the identity is empty"):
        demand(wanted, "identity")


@pytest.mark.parametrize("wanted", [None, b"me@example.com", re.compile(b"."), 1], ids=repr)
def test_what_is_no_text_is_refused(wanted: object) -> None:
    """Bytes and None compare unequal to every name, which would surprise later."""
    with pytest.raises(InputError, match="the identity must be text"):
        demand(wanted, "identity")
