# SPDX-License-Identifier: Apache-2.0
"""Reports: aligned, escaped, and plain enough for wherever they are shown."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import (
    Check,
    InputError,
    KeylessError,
    ParseError,
    PolicyError,
    ServiceError,
    VerificationError,
)
from keyless.report import html, refusal_html, refusal_text, table_html, table_text, text

ROWS = [
    ("signer", "alice@example.com", ""),
    ("run", "https://github.com/org/app/actions/runs/1", ""),
    ("log", "entry 5", "promised by the log"),
]

REFUSAL = PolicyError("signed by bob", found="bob", wanted="alice", hint="ask alice")


def test_text_is_aligned() -> None:
    """Values stand below each other, and details below their values."""
    assert text("verified", ROWS).splitlines() == [
        "verified",
        "  signer  alice@example.com",
        "  run     https://github.com/org/app/actions/runs/1",
        "  log     entry 5",
        "            promised by the log",
    ]


def test_text_without_rows_is_its_title() -> None:
    """There may be nothing more to say."""
    assert text("verified", []) == "verified"


def test_a_row_without_a_value_has_no_space_at_its_end() -> None:
    """Lines can be compared."""
    assert text("verified", [("log", "", "")]).splitlines() == ["verified", "  log"]


def test_text_cannot_break_out_of_its_line() -> None:
    """A newline in any field is shown as such."""
    written = text("a\nb", [("c\nd", "e\x1b[2J\nf", "g\u202eh")])
    assert written.splitlines() == [
        r"a\x0ab",
        r"  c\x0ad  e\x1b[2J\x0af",
        r"            g\u202eh",
    ]


class Reader(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)


def test_html_says_what_text_says() -> None:
    """Title, labels, values and details, in this order."""
    assert Reader(html("verified", ROWS)).texts == [
        "verified",
        *("signer", "alice@example.com"),
        *("run", "https://github.com/org/app/actions/runs/1"),
        *("log", "entry 5", "promised by the log"),
    ]


def test_details_are_folded_away() -> None:
    """Without a script: `<details>` does that."""
    tags = Reader(html("verified", ROWS)).tags
    assert tags.count("details") == tags.count("summary") == 1


def test_only_https_becomes_a_link() -> None:
    """A link that a stranger chose leads to the web and nowhere else."""
    urls = ["https://example.com/", "http://example.com/", "javascript:alert(1)", "data:,x"]
    reader = Reader(html("verified", [("url", url, url) for url in urls]))
    assert reader.tags.count("a") == 2  # as value and as detail
    assert reader.attributes["href"] == "https://example.com/"


def test_html_inherits_its_colours() -> None:
    """A dark theme stays one, and nothing needs a style sheet."""
    written = html("verified", ROWS)
    assert "color:" not in written.replace("color:inherit", "")
    assert not {"script", "style", "img"} & set(Reader(written).tags)


@given(st.text(), st.text(), st.text())
def test_no_field_becomes_markup(label: str, value: str, detail: str) -> None:
    """Whatever stands in a field, the tags are those of the layout."""
    tags = Reader(html(label, [(label, value, detail)])).tags
    layout = ["div", "strong", "table", "tbody", "tr", "th", "td"]
    folded = [*layout, "details", "summary", "div"] if detail else layout
    assert [tag for tag in tags if tag != "a"] == folded


@pytest.mark.parametrize("field", ["<script>alert(1)</script>", '" onmouseover="x', "'><b>"])
def test_markup_in_a_field_is_shown(field: str) -> None:
    """It is text, letter by letter."""
    assert Reader(html(field, [(field, field, field)])).texts == [field] * 4


def test_a_refusal_says_check_found_wanted_and_hint() -> None:
    """All that the error holds, one line each."""
    assert refusal_text(REFUSAL).splitlines() == [
        "signed by bob",
        "  check   policy",
        "  found   bob",
        "  wanted  alice",
        "  hint    ask alice",
    ]


@pytest.mark.parametrize(
    ("error", "rows"),
    [
        (VerificationError("no", check=Check.SCT), ["check", "certificate timestamp"]),
        (ParseError("no JSON", path="$.a"), ["check", "parse"]),
        (InputError("no such file", hint="look"), ["hint", "look"]),
        (ServiceError("down", service="rekor", status=503), ["service", "rekor", "status 503"]),
        (ServiceError("down", service="rekor"), ["service", "rekor"]),
        (KeylessError("no"), []),
    ],
    ids=["refusal", "malformed", "misused", "service with status", "service", "bare"],
)
def test_each_kind_of_error_says_what_it_holds(error: KeylessError, rows: list[str]) -> None:
    """And nothing of what it does not."""
    assert Reader(refusal_html(error)).texts == [error.message, *rows]


def test_a_table_has_columns_as_wide_as_what_is_in_them() -> None:
    """Columns stand below each other, and a cell that is too wide is cut."""
    lines = table_text(("who", "what"), [("alice", "x"), ("b\x1b", "y" * 100)]).splitlines()
    assert lines[:2] == ["who    what", "alice  x"]
    assert lines[2].startswith("b\\x1b  yyy")
    assert lines[2].endswith("y…")


def test_a_table_of_html_is_escaped() -> None:
    """What stands in a cell is text, or a link where it plainly is one."""
    made = table_html(("who",), [("<b>",), ("https://github.com/a",)])
    assert "&lt;b&gt;</td>" in made
    assert 'title="&lt;b&gt;"' in made
    assert 'href="https://github.com/a"' in made
