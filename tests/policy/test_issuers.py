# SPDX-License-Identifier: Apache-2.0
"""Issuers: by alias or URL, and not by what people take for one."""

import re

import pytest

from keyless.errors import InputError
from keyless.policy import ISSUERS, Glob, Wanted
from keyless.policy.issuers import issuer_called


@pytest.mark.parametrize(
    ("alias", "url"),
    [
        ("github", "https://github.com/login/oauth"),
        ("google", "https://accounts.google.com"),
        ("microsoft", "https://login.microsoftonline.com"),
        ("github-actions", "https://token.actions.githubusercontent.com"),
        ("gitlab", "https://gitlab.com"),
        ("buildkite", "https://agent.buildkite.com"),
        ("codefresh", "https://oidc.codefresh.io"),
    ],
)
def test_an_alias_stands_for_its_url(alias: str, url: str) -> None:
    """An everyday name gives the URL that certificates hold."""
    assert issuer_called(alias) == url


@pytest.mark.parametrize(
    "issuer",
    [
        *ISSUERS.values(),
        "https://issuer.example.org/realms/x",
        "http://localhost:5556",
        Glob("https://token.actions.githubusercontent.com/*"),
        re.compile(".*"),
    ],
)
def test_an_issuer_is_taken_as_given(issuer: Wanted) -> None:
    """A URL that is nobody's known mistake is compared as it stands, and patterns may be wide."""
    assert issuer_called(issuer) == issuer


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        ("https://github.com", "'github' .* or 'github-actions'"),
        ("https://github.com/", "'github' .* or 'github-actions'"),
        ("http://github.com", "'github' .* or 'github-actions'"),
        ("github.com", "'github' .* or 'github-actions'"),
        ("https://google.com", "'google'"),
        ("https://www.google.com", "'google'"),
        ("accounts.google.com", "'google'"),
        ("https://accounts.google.com/", "'google'"),
        ("http://accounts.google.com", "'google'"),
        ("https://Accounts.Google.com", "'google'"),
        (" https://accounts.google.com", "'google'"),
        ("Google", "'google'"),
        ("https://github.com/login/oauth/", "'github'"),
        ("https://login.microsoftonline.com/", "'microsoft'"),
        ("https://token.actions.githubusercontent.com/", "'github-actions'"),
        ("token.actions.githubusercontent.com", "'github-actions'"),
        ("https://gitlab.com/", "'gitlab'"),
        ("gitlab.com", "'gitlab'"),
        ("https://oauth2.sigstore.dev/auth", "'github' .* or 'google' .* or 'microsoft'"),
        ("https://oauth2.sigstage.dev/auth", "'github' .* or 'google' .* or 'microsoft'"),
    ],
)
def test_a_classic_mistake_is_refused_with_what_is_meant(mistake: str, hint: str) -> None:
    """What looks like an issuer, but stands in no certificate, would refuse everyone for ever."""
    with pytest.raises(InputError, match="no certificate names") as caught:
        issuer_called(mistake)
    assert re.match(f"use {hint} ", str(caught.value.hint))


def test_a_word_that_is_no_alias_is_refused_with_those_there_are() -> None:
    """An issuer that is neither known nor a URL is a slip."""
    with pytest.raises(InputError, match="gihub is neither") as caught:
        issuer_called("gihub")
    assert str(caught.value.hint).startswith("the names are github, google, microsoft,")


def test_an_empty_issuer_is_refused() -> None:
    """No issuer is not any issuer."""
    with pytest.raises(InputError, match="the issuer is empty"):
        issuer_called("")
