# SPDX-License-Identifier: Apache-2.0
"""The pages on which a browser ends that was sent to sign in.

They say what has come of it, as who closes the tab may not look at the terminal again; in the
system's colours, light or dark, and without scripts, pictures or fonts. What they show may come
from anywhere.
"""

from keyless.errors import KeylessError
from keyless.safe_text import shown
from keyless.value import value

_ALLOWED = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", _ALLOWED),
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>keyless: {title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ background: Canvas; color: CanvasText; font: 1.05rem/1.6 system-ui, sans-serif;
  max-width: 34rem; margin: 14vh auto 2rem; padding: 0 1.25rem; overflow-wrap: anywhere }}
h1 {{ font-size: 1.6rem; line-height: 1.3; margin: 0 0 1rem }}
h1::before {{ content: "{mark}"; margin-right: 0.6rem }}
p {{ margin: 0 0 0.8rem }}
footer {{ margin-top: 2.5rem; padding-top: 0.8rem; border-top: 1px solid; opacity: 0.75;
  font-size: 0.9rem }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{words}
</main>
<footer>This page comes from keyless, a program on this computer.</footer>
</body>
</html>
"""
_GOOD, _BAD = "\\2713", "\\2717"  # in the style sheet: a tick, and a cross


@value
class Page:
    """What a browser is shown."""

    status: int
    body: bytes


def signed_in_page(who: str, provider: str) -> Page:
    """Say *who* has signed in, and with whom they have the account."""
    by = f" ({provider})" if provider else ""
    return _page(
        200,
        f"Signed in as {who}{by}",
        "You may close this tab, and go back to where you came from.",
    )


def failed_page(error: KeylessError) -> Page:
    """Say why nobody has signed in."""
    hint = (f"{error.hint[0].upper()}{error.hint[1:]}.",) if error.hint else ()
    return _page(400, "Not signed in", _sentence(error.message), *hint)


def stray_page(why: str) -> Page:
    """Say of a request that it is not the one that is waited for."""
    return _page(
        400,
        "This is not the sign-in that was started",
        _sentence(why),
        "Nothing has come of it. The program still waits for the page that it opened; if that is "
        "gone, start again.",
    )


def late_page(why: str) -> Page:
    """Say of a request that it comes too late."""
    return _page(409, "There is nothing more to do here", _sentence(why), "You may close this tab.")


def absent_page(status: int = 404) -> Page:
    """Say that there is nothing."""
    return _page(status, "There is nothing here", "Only the end of a sign-in is shown here.")


def _page(status: int, title: str, *words: str) -> Page:
    paragraphs = "\n".join(f"<p>{_escaped(each)}</p>" for each in words)
    mark = _GOOD if status == 200 else _BAD
    body = _PAGE.format(title=_escaped(title), mark=mark, words=paragraphs)
    return Page(status=status, body=body.encode("utf-8"))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _escaped(text: str) -> str:
    return shown(text, medium="html", longest=2000)
