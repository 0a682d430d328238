# SPDX-License-Identifier: Apache-2.0
"""Entries in a row: as text, HTML, a table of pandas, a timeline and pictures."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import keyless
from keyless.explorer import plots
from keyless.explorer.directory import known_logs
from keyless.explorer.listing import MOST_ROWS, Listing
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.timeline import MOST_BARS, Timeline
from keyless.sandbox import Sandbox

START = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
# Three of one evening, one of a month later.
HOURS = ((0, "alice"), (1, "bob"), (0, "alice"), (24 * 31, "carol"))
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def listing() -> Listing:
    """Four signatures by three signers."""
    with Sandbox(now=START) as sandbox:
        for number, (hours, who) in enumerate(HOURS):
            sandbox.clock.advance(timedelta(hours=hours))
            signer = sandbox.identity(f"{who}@example.com")
            keyless.sign(b"artifact %d" % number, signer, sigstore=sandbox.sigstore)
        return Listing(_log(sandbox).entries(range(len(HOURS))))


def test_text_is_a_table(listing: Listing) -> None:
    """Each entry is a line, under one line that names the columns."""
    header, *lines = str(listing).splitlines()
    assert header.split() == ["index", "time", "kind", "identity", "issuer", "digest"]
    assert [line.split()[0] for line in lines] == ["0", "1", "2", "3"]
    assert "2026-01-31 23:30:00 UTC" in lines[1]
    assert "bob@example.com" in lines[1]


def test_html_is_a_table(listing: Listing) -> None:
    """A notebook gets a table, the issuer as a link."""
    html = listing._repr_html_()
    assert html.count("<tr>") == 5
    assert 'href="https://github.com/login/oauth"' in html


def test_a_slice_is_a_listing(listing: Listing) -> None:
    """A part of a listing is shown as the whole is, and one of it is an entry."""
    assert isinstance(listing[1:3], Listing)
    assert listing[1:3][0] is listing[1]
    assert repr(listing[1:3]) == "Listing(2 entries)"


def test_a_long_listing_is_cut_on_a_screen(listing: Listing) -> None:
    """Of very many entries the first are shown, and how many more there are."""
    many = Listing([*listing] * 30)
    assert len(str(many).splitlines()) == 1 + MOST_ROWS + 1
    assert str(many).endswith("… and 20 more")
    assert "… and 20 more" in many._repr_html_()


def test_what_nobody_verified_says_so() -> None:
    """An entry that was not verified says that in its row."""
    with Sandbox() as sandbox:
        keyless.sign(b"it", sandbox.identity("alice@example.com"), sigstore=sandbox.sigstore)
        unverified = Listing(_log(sandbox).unverified().entries([0]))
    assert "0 UNVERIFIED" in str(unverified)
    assert "0 UNVERIFIED" in unverified._repr_html_()


def test_a_name_that_nobody_trusted_vouches_for_says_so() -> None:
    """Anybody can have a certificate logged that names Alice: it is not counted as hers."""
    with Sandbox(now=START) as sandbox, Sandbox(now=START) as elsewhere:
        genuine, forged = (
            keyless.sign(b"it", each.identity("alice@example.com"), sigstore=each.sigstore)
            for each in (sandbox, elsewhere)
        )
        sandbox.rekor_v1.log.append(forged.bundle.entries[0].canonical_body)
        both = keyless.log(sigstore=sandbox.sigstore)[:].read()
    assert both[0].uuid.endswith(genuine.bundle.entries[0].leaf.hex())
    assert str(both).count("NOT TRUSTED: alice@example.com") == 1
    assert both[1:]._repr_html_().count(">NOT TRUSTED: alice@example.com<") == 1
    assert list(both.to_dataframe()["authority"].isna()) == [False, True]
    labels = [it.get_text() for it in plots.by_identity(both).axes[0].get_yticklabels()]
    assert sorted(labels) == ["NOT TRUSTED: alice@example.com", "alice@example.com"]


def test_markup_in_a_name_stays_text() -> None:
    """A name is chosen by a stranger: it is shown, and is no markup."""
    hostile = "alice<script>@example.com"
    with Sandbox() as sandbox:
        keyless.sign(b"it", sandbox.identity(hostile), sigstore=sandbox.sigstore)
        html = Listing(_log(sandbox).entries([0]))._repr_html_()
    assert "alice&lt;script&gt;@example.com" in html
    assert "<script>" not in html


def test_pandas_gets_types_that_fit(listing: Listing) -> None:
    """Numbers are numbers, times are times, and what repeats is a category."""
    table = listing.to_dataframe()
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        "index": "int64",
        "time": "datetime64[ns, UTC]",
        "kind": "category",
        "version": "category",
        "identity": "string",
        "issuer": "category",
        "digest": "string",
        "shard": "category",
        "uuid": "string",
        "verified": "bool",
        "authority": "category",
    }
    assert list(table["identity"]) == [f"{who}@example.com" for _, who in HOURS]
    assert table["verified"].all()


def test_no_entries_are_a_table_of_the_same_types(listing: Listing) -> None:
    """Who finds nothing gets an empty table, which the same program can go on with."""
    empty, full = Listing().to_dataframe(), listing.to_dataframe()
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert str(empty.dtypes["time"]) == "datetime64[ns, UTC]"


@pytest.mark.parametrize(
    ("by", "counts"),
    [("hour", [1, 2]), ("day", [3, *[0] * 30, 1]), ("month", [3, 0, 1])],
)
def test_a_timeline_counts_and_leaves_no_gap_out(
    listing: Listing, by: str, counts: list[int]
) -> None:
    """What had none between two that had some is there, with none."""
    timeline = listing.timeline(by=by)  # type: ignore[arg-type]  # all of them are spans
    assert [count for _, count in timeline.counts][: len(counts)] == counts
    assert sum(count for _, count in timeline.counts) == 4


def test_a_timeline_is_text_and_a_drawing(listing: Listing) -> None:
    """A terminal gets bars, a notebook a drawing."""
    timeline = listing.timeline(by="month")
    assert str(timeline).splitlines()[0].startswith("2026-01       3  ████")
    assert str(timeline).splitlines()[1] == "2026-02       0"
    assert timeline._repr_html_().count("<rect") == 3


def test_entries_far_apart_have_no_gaps_drawn(listing: Listing) -> None:
    """Years between two entries are not drawn hour by hour."""
    hours = listing.timeline(by="hour").counts
    assert len(hours) <= MOST_BARS
    assert [count for _, count in hours] == [1, 2, 1]


def test_what_has_no_time_is_counted_apart() -> None:
    """An entry that says nothing about the time is in no bar, and is not forgotten."""
    with Sandbox() as sandbox:
        signed = keyless.sign(
            b"it", sandbox.identity("alice@example.com"), sigstore=sandbox.connect(rekor=2)
        )
        entry = keyless.log(sigstore=sandbox.sigstore).entry(signed.bundle)
    timeline = Timeline.of([entry], by="day")
    assert timeline.undated == 1
    assert str(timeline) == "1 of which nobody says when"
    assert "1 of which nobody says when" in timeline._repr_html_()


@pytest.mark.parametrize(
    "draw", [plots.over_time, plots.by_issuer, plots.by_identity, plots.by_kind]
)
def test_pictures_are_drawn(listing: Listing, draw: "plots.Draw", tmp_path: Path) -> None:
    """Each picture can be saved."""
    path = tmp_path / "picture.png"
    draw(listing).savefig(path)
    assert path.read_bytes().startswith(PNG)


def test_a_notebook_shows_a_picture(listing: Listing) -> None:
    """As it is, where nobody has imported what notebooks of matplotlib usually import."""
    assert plots.by_kind(listing)._repr_png_().startswith(PNG)


def test_a_timeline_says_what_it_counts(listing: Listing) -> None:
    """In one line, where a program is typed; printed, it is drawn."""
    assert repr(listing.timeline(by="month")) == "Timeline(4 entries, by the month)"


def test_bars_say_what_was_counted(listing: Listing) -> None:
    """The bars of a picture are as many as there are names, and as long as they are often."""
    (axes,) = plots.by_identity(listing).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    drawn = dict(zip(labels, (bar.get_width() for bar in axes.patches), strict=True))
    assert drawn == Counter(f"{who}@example.com" for _, who in HOURS)


def test_mathematics_in_a_name_stays_text() -> None:
    """What would be typeset as a formula, or fail to be, is drawn as it stands."""
    hostile = "a$\\frac{$@example.com"
    with Sandbox() as sandbox:
        keyless.sign(b"it", sandbox.identity(hostile), sigstore=sandbox.sigstore)
        figure = plots.by_identity(Listing(_log(sandbox).entries([0])))
    figure.canvas.draw()
    assert figure.axes[0].get_yticklabels()[0].get_text() == hostile


def _log(sandbox: Sandbox) -> LogV1:
    return LogV1(
        known_logs(sandbox.sigstore)[0],
        sandbox.transport,
        trusted_root=sandbox.sigstore.trusted_root,
    )
