# SPDX-License-Identifier: Apache-2.0
"""The pages on which people sign in to a sandbox; what they type is believed."""

from collections.abc import Mapping

from keyless.safe_text import shown
from keyless.services.http import Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>keyless sandbox</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem }}
:root {{ color-scheme: light dark }}</style></head>
<body><h1>{title}</h1>
{content}
</body></html>
"""
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
)
_LONGEST = 4000
_ASKED = frozenset({"email", "decision", "user_code"})


def who_page(action: str, query: Mapping[str, str], *, asks_code: bool = False) -> Response:
    """Ask who it is; the answer goes to *action*, together with what is in *query*."""
    kept = "".join(
        f'<input type="hidden" name="{_shown(name)}" value="{_shown(text)}">\n'
        for name, text in query.items()
        if name not in _ASKED
    )
    code = _field("user_code", "Code", query.get("user_code", "")) if asks_code else ""
    return _page(
        "Who are you?",
        f'<form action="{_shown(action)}">\n{kept}{code}'
        f"{_field('email', 'E-mail address', query.get('login_hint', ''))}"
        '<p><button name="decision" value="yes">Sign in</button>\n'
        '<button name="decision" value="no">Cancel</button></p></form>'
        "<p>This is a sandbox: whatever you say is believed, and nobody else believes it.</p>",
    )


def code_page(code: str) -> Response:
    """Show *code*, to be carried over by hand."""
    return _page("Your code", f"<p><code>{_shown(code)}</code></p>")


def done_page() -> Response:
    """Say that it is done."""
    return _page("Done", "<p>You can go back to where you came from.</p>")


def error_page(words: str) -> Response:
    """Say what is wrong with what was asked."""
    return _page("This does not work", f"<p>{_shown(words)}</p>", status=400)


def _field(name: str, label: str, text: str) -> str:
    return f'<p><label>{label}: <input name="{name}" value="{_shown(text)}"></label></p>\n'


def _page(title: str, content: str, *, status: int = 200) -> Response:
    body = _PAGE.format(title=title, content=content).encode("utf-8")
    return Response(status=status, headers=_HEADERS, body=body)


def _shown(text: str) -> str:
    return shown(text, medium="html", longest=_LONGEST)
