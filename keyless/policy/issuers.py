# SPDX-License-Identifier: Apache-2.0
"""Who may vouch for identities: issuers by their everyday names, and what is mistaken for them.

A certificate holds the issuer as a URL, and the URL is not always the one a person would guess:
who signed in through GitHub was vouched for by `https://github.com/login/oauth`, and that is not
who vouches for a GitHub workflow.
"""

from keyless.errors import InputError
from keyless.policy.wanted import Wanted, demand
from keyless.safe_text import shown

GITHUB_ACTIONS = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"

ISSUERS = {
    "github": "https://github.com/login/oauth",
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com",
    "github-actions": GITHUB_ACTIONS,
    "gitlab": GITLAB,
    "buildkite": "https://agent.buildkite.com",
    "codefresh": "https://oidc.codefresh.io",
}

_PEOPLE = ("github", "google", "microsoft")

# What is given for an issuer, bare of its scheme and final slashes, and what is meant by it.
_MISTAKES = {
    "github.com": ("github", "github-actions"),
    "github.com/login": ("github",),
    "google.com": ("google",),
    "gmail.com": ("google",),
    "microsoft.com": ("microsoft",),
    "outlook.com": ("microsoft",),
    "login.microsoft.com": ("microsoft",),
    "buildkite.com": ("buildkite",),
    "codefresh.io": ("codefresh",),
    # Sigstore's own login page asks one of the others and writes that one into the certificate.
    "oauth2.sigstore.dev": _PEOPLE,
    "oauth2.sigstore.dev/auth": _PEOPLE,
    "oauth2.sigstage.dev": _PEOPLE,
    "oauth2.sigstage.dev/auth": _PEOPLE,
}


def issuer_called(issuer: Wanted) -> Wanted:
    """Return *issuer* with its everyday name made a URL; refuse one that no certificate names."""
    demand(issuer, "issuer")
    if not isinstance(issuer, str) or issuer in ISSUERS.values():
        return issuer
    if issuer in ISSUERS:
        return ISSUERS[issuer]
    if meant := _meant(issuer):
        raise InputError(
            f"no certificate names {shown(issuer)} as its issuer",
            hint=f"use {' or '.join(f'{alias!r} ({ISSUERS[alias]})' for alias in meant)}",
        )
    if "://" not in issuer:
        raise InputError(
            f"{shown(issuer)} is neither an issuer's URL nor one of the names known here",
            hint=f"the names are {', '.join(ISSUERS)}",
        )
    return issuer


def _meant(issuer: str) -> tuple[str, ...]:
    """Return the names of what someone who wrote *issuer* may have meant."""
    bare = _bare(issuer)
    known = tuple(alias for alias, url in ISSUERS.items() if bare in {alias, _bare(url)})
    return known or _MISTAKES.get(bare, ())


def _bare(url: str) -> str:
    address = url.strip().lower().removeprefix("http://").removeprefix("https://")
    return address.removeprefix("www.").rstrip("/")
