# SPDX-License-Identifier: Apache-2.0
"""Make the pictures of docs/log.md anew, from a sandbox: `python docs/pictures.py`.

What notebooks show as HTML is drawn by Chromium, which must be installed, on a light page and on a
dark one; the plots are matplotlib's own. Keys are new each time, so the hashes in them are too.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

import keyless
from keyless.explorer import plots
from keyless.explorer.listing import Listing

FOLDER = Path(__file__).parent / "images"
# How JupyterLab colours its pages: background, text, links.
THEMES = {"light": ("#ffffff", "#1f1f1f", "#1976d2"), "dark": ("#111111", "#e0e0e0", "#64b5f6")}
# Larger than any of them: what is not needed is cut off.
WIDTH, HEIGHT = 1080, 1600
MARGIN = 16
COLOURS = 32
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1.25",
    f"--window-size={WIDTH},{HEIGHT}",
)

WEEKS = 6
ALICE, BOB = "alice@example.com", "bob@example.com"


def main() -> int:
    """Make all of them, and say how large each is."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write("there is no chromium here to draw HTML with\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    log = _log()
    for name, body in _cards(log).items():
        for theme in THEMES:
            _draw(chromium, body, theme, FOLDER / f"{name}-{theme}.png")
    entries = log[:].read()
    for name, draw in (("over-time", plots.over_time), ("by-identity", plots.by_identity)):
        draw(entries).savefig(FOLDER / f"log-{name}.png", dpi=110)
    for path in sorted(FOLDER.glob("log-*.png")):
        _shrink(path)
        sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KiB\n")
    return 0


def _log() -> keyless.Log:
    """Return a log in which three have signed now and then, for some weeks."""
    sandbox = keyless.Sandbox(datetime(2025, 3, 3, 9, tzinfo=UTC))
    signers = [
        keyless.Signer(who, sigstore=sandbox.sigstore)
        for who in (
            sandbox.identity(ALICE),
            sandbox.identity(BOB),
            sandbox.github_identity("org/app", workflow="release.yml", ref="refs/tags/v1.2"),
        )
    ]
    for day in range(7 * WEEKS):
        for number in range(day * day % 11 if day % 7 < 5 else 0):
            signers[number * (day + 1) % 3].sign(b"day %d, file %d" % (day, number))
            sandbox.clock.advance(timedelta(minutes=31))
        sandbox.clock.set(datetime(2025, 3, 4, 9, tzinfo=UTC) + timedelta(days=day))
    return keyless.log(sigstore=sandbox.sigstore)


def _cards(log: keyless.Log) -> Mapping[str, str]:
    """Return what a notebook is given to show, by the names of the pictures."""
    build = next(entry for entry in log if entry.identity and entry.identity.kind == "URI")
    hits = log.find(email=ALICE) | log.find(email=BOB)
    newest: Listing = hits.newest(6)
    return {
        "log-entry": build._repr_html_(),
        "log-proof": build.proof._repr_html_() if build.proof else "",
        "log-hits": f"{newest._repr_html_()}<br>{hits.newest(60).timeline()._repr_html_()}",
    }


def _draw(chromium: str, body: str, theme: str, path: Path) -> None:
    """Have Chromium draw *body* on a page of *theme*, and cut off what is empty."""
    background, text, link = THEMES[theme]
    style = (
        f"body {{ margin: {MARGIN}px; background: {background}; color: {text};"
        f" font: 13px/1.4 'Noto Sans', 'DejaVu Sans', sans-serif }} a {{ color: {link} }}"
    )
    page = f'<!doctype html><meta charset="utf-8"><style>{style}</style>{body}'
    with TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf-8")
        where = (f"--user-data-dir={folder}/profile", f"--screenshot={path}", source.as_uri())
        subprocess.run(  # noqa: S603 - our own page
            [chromium, *FLAGS, *where], check=True, capture_output=True, timeout=60
        )
    _cut(path)


def _cut(path: Path) -> None:
    """Cut off what is empty, but for a margin."""
    with Image.open(path) as image:
        whole = image.convert("RGB")
    empty = Image.new("RGB", whole.size, whole.getpixel((0, 0)))
    left, top, right, bottom = ImageChops.difference(whole, empty).getbbox() or (0, 0, 1, 1)
    box = (max(left - MARGIN, 0), max(top - MARGIN, 0), right + MARGIN, bottom + MARGIN)
    whole.crop(box).save(path)


def _shrink(path: Path) -> None:
    """Keep no more colours than one sees."""
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
