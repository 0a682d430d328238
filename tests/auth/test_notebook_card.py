# SPDX-License-Identifier: Apache-2.0
"""The card on which somebody signs in to a notebook: what it shows, and what is left of it."""

import pytest

from keyless.auth.contact import Invitation
from keyless.auth.notebook_card import Contents, NotebookCard, Update

INVITATION = Invitation(
    url="https://oauth2.example/device?user_code=WDJB-MJHT",
    page="https://oauth2.example/device",
    user_code="WDJB-MJHT",
    seconds=180,
)


class Output:
    """A place in a notebook, with what it showed one after the other."""

    def __init__(self) -> None:
        self.displayed: list[Contents] = []
        self.updated: list[Contents] = []

    def display(self, contents: Contents) -> Update:
        """Show *contents*; return what shows something else there."""
        self.displayed.append(contents)
        return self.updated.append

    @property
    def last(self) -> Contents:
        """What it shows."""
        return (self.displayed + self.updated)[-1]


@pytest.fixture
def output() -> Output:
    """A place in a notebook."""
    return Output()


@pytest.fixture
def card(output: Output) -> NotebookCard:
    """A card in it."""
    return NotebookCard(output.display)


def test_the_card_has_a_link_a_code_and_the_time(card: NotebookCard, output: Output) -> None:
    """As text as well, for whoever reads the notebook without a browser."""
    card.invite(INVITATION)
    html, plain = output.last["text/html"], output.last["text/plain"]
    assert f'<a href="{INVITATION.url}" target="_blank" rel="noopener noreferrer">' in html
    assert ">WDJB-MJHT</code>" in html
    assert "for another 3 min 00 s" in html
    assert INVITATION.url in plain
    assert "compare the code WDJB-MJHT" in plain


def test_the_card_is_live(card: NotebookCard, output: Output) -> None:
    """It is one output, which is replaced."""
    card.invite(INVITATION)
    card.wait(59.6)
    card.wait(7)
    assert len(output.displayed) == 1
    assert [
        each["text/html"].partition("for another ")[2].partition("<")[0] for each in output.updated
    ] == ["1 min 00 s", "7 s"]


def test_nothing_of_the_code_is_left_in_the_end(card: NotebookCard, output: Output) -> None:
    """The notebook may be saved."""
    card.invite(INVITATION)
    card.end("signed in as alice@example.com (GitHub)")
    assert "WDJB" not in str(output.last)
    assert "signed in as alice@example.com (GitHub)" in output.last["text/html"]
    card.wait(5)
    assert "WDJB" not in str(output.last)


def test_a_failure_is_shown_even_if_nothing_else_was(card: NotebookCard, output: Output) -> None:
    """The issuer may not have answered at all."""
    card.end("not signed in", "the issuer cannot be reached")
    assert "the issuer cannot be reached" in output.displayed[0]["text/html"]
    assert output.last["text/plain"] == "not signed in: the issuer cannot be reached"


def test_without_a_code_there_is_a_link_alone(card: NotebookCard, output: Output) -> None:
    """As where a browser comes back to this machine."""
    card.invite(Invitation(url="https://oauth2.example/auth?x=1&y=2", seconds=5))
    assert "x=1&amp;y=2" in output.last["text/html"]
    assert "code" not in output.last["text/html"]


def test_what_an_issuer_says_is_no_markup(card: NotebookCard, output: Output) -> None:
    """Nor what people are called."""
    hostile = '"><script>alert(1)</script>'
    card.invite(Invitation(url=hostile, page=hostile, user_code=hostile, seconds=5))
    card.end(hostile, hostile)
    for contents in output.displayed + output.updated:
        assert "<script" not in contents["text/html"]
        assert 'href="">' not in contents["text/html"]
