# SPDX-License-Identifier: Apache-2.0
"""Text from outside: shown in full, and harmless in every medium."""

import html.parser
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from keyless.safe_text import LONGEST, Medium, linked, shown

MARKUP = st.text("\\[]/=#@:abkulnosx( 1\n", max_size=40)
TEXT = st.text(max_size=60) | MARKUP


class Reader(html.parser.HTMLParser):
    """Reads HTML as a browser does: which tags there are, and what text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(" ".join([tag, *(name for name, _ in attrs)]))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def printed(markup: str) -> str:
    """Print *markup* as rich does on a terminal with colours."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, highlight=False, width=10_000)
    console.print(markup, end="", soft_wrap=True)
    return out.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com",
        "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main",
        "Jürgen Größe 佐藤 Ольга 🏗",
        "a\\b",
        "",
    ],
)
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    """Names of all countries stay readable."""
    assert shown(text) == text


@pytest.mark.parametrize(
    ("character", "visible"),
    [
        pytest.param("\0", "\\x00", id="nul"),
        pytest.param("\x1b", "\\x1b", id="escape"),
        pytest.param("\r", "\\x0d", id="carriage return"),
        pytest.param("\n", "\\x0a", id="newline"),
        pytest.param("\t", "\\x09", id="tab"),
        pytest.param("\b", "\\x08", id="backspace"),
        pytest.param("\x7f", "\\x7f", id="delete"),
        pytest.param("\x85", "\\x85", id="next line (C1)"),
        pytest.param("\x9b", "\\x9b", id="control sequence (C1)"),
        pytest.param("\xa0", "\\xa0", id="no-break space"),
        pytest.param("\xad", "\\xad", id="soft hyphen"),
        pytest.param("\u034f", "\\u034f", id="grapheme joiner"),
        pytest.param("\u061c", "\\u061c", id="Arabic letter mark"),
        pytest.param("\u115f", "\\u115f", id="Hangul choseong filler"),
        pytest.param("\u2003", "\\u2003", id="em space"),
        pytest.param("\u200b", "\\u200b", id="zero-width space"),
        pytest.param("\u200d", "\\u200d", id="zero-width joiner"),
        pytest.param("\u200f", "\\u200f", id="right-to-left mark"),
        pytest.param("\u2028", "\\u2028", id="line separator"),
        pytest.param("\u2029", "\\u2029", id="paragraph separator"),
        pytest.param("\u202a", "\\u202a", id="left-to-right embedding"),
        pytest.param("\u202e", "\\u202e", id="right-to-left override"),
        pytest.param("\u2060", "\\u2060", id="word joiner"),
        pytest.param("\u2066", "\\u2066", id="left-to-right isolate"),
        pytest.param("\u2069", "\\u2069", id="end of isolate"),
        pytest.param("\u2800", "\\u2800", id="blank Braille pattern"),
        pytest.param("\u3000", "\\u3000", id="ideographic space"),
        pytest.param("\u3164", "\\u3164", id="Hangul filler"),
        pytest.param("\ufe0f", "\\ufe0f", id="variation selector"),
        pytest.param("\ufeff", "\\ufeff", id="byte order mark"),
        pytest.param("\uffa0", "\\uffa0", id="half-width Hangul filler"),
        pytest.param("\ud800", "\\ud800", id="high surrogate alone"),
        pytest.param("\udcff", "\\udcff", id="byte of a file name that is not UTF-8"),
        pytest.param("\ue000", "\\ue000", id="private use"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag character"),
        pytest.param("\U000e0100", "\\U000e0100", id="variation selector, supplementary"),
        pytest.param("\U0010ffff", "\\U0010ffff", id="no character"),
    ],
)
def test_characters_that_act_or_hide_are_made_visible(character: str, visible: str) -> None:
    """Among others, in every medium."""
    media: tuple[Medium, ...] = ("plain", "rich", "html")
    for medium in media:
        assert shown(f"a{character}ü", medium=medium) == f"a{visible}ü"


@given(st.text())
def test_what_is_shown_is_one_printable_line(text: str) -> None:
    """Whatever the text, what is left of it is printable, and can be written in UTF-8."""
    assert shown(text).isprintable()
    assert shown(text).encode("utf-8").decode("utf-8") == shown(text)


@given(TEXT)
@example("[bold]")
@example("[/]")
@example("[/bold]")
@example("\\[bold]")
@example("\\\\[bold]")
@example("\\")
@example("\\\\")
@example("[link=https://evil.example]here[/link]")
@example("[@click=app.quit]x[/]")
@example(":skull:")
@example("::skull::")
@example(":warning-emoji:")
@example("[")
def test_rich_prints_what_is_shown_and_no_more(text: str) -> None:
    """Against rich itself: no tag, no emoji, no colour, no error."""
    assert printed(shown(text, medium="rich")) == shown(text)


@given(MARKUP, MARKUP)
@example("\\", "")
@example("\\\\\\", "")
@example("[bo", "ld]")
@example(":sku", "ll:")
@example("[", "/bold]")
def test_rich_markup_of_ours_around_it_keeps_its_meaning(first: str, second: str) -> None:
    """Two texts in one tag of ours: nothing at their ends joins with the other or with us."""
    safe = [shown(text, medium="rich") for text in (first, second)]
    printed_text = Text.from_markup(f"[bold]{safe[0]}{safe[1]}[/bold]!")
    plain = f"{shown(first)}{shown(second)}"
    assert printed_text.plain == f"{plain}!"
    styled = [(it.start, it.end, it.style) for it in printed_text.spans if it.start < it.end]
    assert styled == ([(0, len(plain), "bold")] if plain else [])


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>", "&lt;script&gt;"),
        ("a & b", "a &amp; b"),
        ("&lt;", "&amp;lt;"),
        ("\"'", "&quot;&#x27;"),
    ],
)
def test_html_is_escaped(text: str, escaped: str) -> None:
    """Inside of elements and of attributes in either quotes."""
    assert shown(text, medium="html") == escaped


@given(st.text() | st.text("<>&\"'/=!- scriptaon#x27;", max_size=40))
def test_browser_reads_what_is_shown_and_no_tags(text: str) -> None:
    """Between tags as in an attribute."""
    safe = shown(text, medium="html")
    reader = Reader(f"<p>{safe}</p><p title='{safe}'></p><p title=\"{safe}\"></p>")
    assert reader.tags == ["p", "p title", "p title"]
    assert reader.text == shown(text)


def test_long_text_is_cut() -> None:
    """What is left away is counted."""
    assert shown("a" * LONGEST) == "a" * LONGEST
    assert shown("a" * 1000) == f"{'a' * LONGEST}… (600 more characters)"
    assert shown("abcdef", longest=4) == "abcd… (2 more characters)"


def test_text_is_cut_before_it_is_escaped() -> None:
    """No half of an escape is left, and what counts are the characters that were given."""
    assert shown("<<<", medium="html", longest=2) == "&lt;&lt;… (1 more characters)"
    assert shown("\n\n\n", longest=2) == "\\x0a\\x0a… (1 more characters)"


def test_other_things_than_text_are_shown_as_text() -> None:
    """An error of a library's is most often what is shown."""
    assert shown(ValueError("a\nb")) == "a\\x0ab"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com",
        "https://github.com/o/r/actions/runs/1/attempts/2?x=y#z",
        "https://localhost:8080/x",
        "https://example.com/%F0%9F",
        "https://example.com/a'b\"c<d>",
    ],
)
def test_https_becomes_a_link(url: str) -> None:
    """One that opens elsewhere, and does not say where from."""
    safe = shown(url, medium="html")
    reader = Reader(linked(url))
    assert reader.tags == ["a href target rel"]
    assert reader.text == url
    assert linked(url).startswith(f'<a href="{safe}" ')


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "HTTPS://example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "https:example.com",
        "https://",
        "https:///x",
        "https://github.com@evil.example/",
        "https://user:secret@evil.example/",
        "https://exämple.com",
        "https://example.com/\u202egpj",
        "https://example.com/a b",
        "https://example.com/a\nb",
        " https://example.com",
        "https://example.com\n",
        "https://example.com:/",
        f"https://example.com/{'a' * LONGEST}",
        "jane@example.com",
        "",
    ],
)
def test_nothing_else_becomes_a_link(url: str) -> None:
    """Other schemes, names and passwords before the host, letters that look like others."""
    assert linked(url) == shown(url, medium="html")
