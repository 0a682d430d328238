# SPDX-License-Identifier: Apache-2.0
"""The sandbox's issuer: what it says of whom, and for how long."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from keyless.errors import LoginError, ParseError
from keyless.protocol.certified import certified_claims
from keyless.protocol.claims import Claims
from keyless.protocol.token import IdentityToken
from keyless.sandbox.clock import Clock
from keyless.sandbox.oidc import Issuer
from tests.sandbox.asking import get, said

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
URL = "https://oauth.sandbox.test/auth"


@pytest.fixture
def issuer() -> Issuer:
    """An issuer at noon, whose URL has a path."""
    return Issuer(Clock(NOON), url=URL)


def test_a_token_says_who_somebody_is_and_who_knows_them(issuer: Issuer) -> None:
    """As the public instance's tokens do."""
    token = issuer.verified(issuer.token("alice@example.com"))
    assert (token.email, token.email_verified) == ("alice@example.com", True)
    assert (token.issuer, token.connector) == (URL, "https://github.com/login/oauth")
    assert token.audience == ("sigstore",)


def test_a_token_lives_for_a_minute(issuer: Issuer) -> None:
    """Public ones do not live longer."""
    token = IdentityToken.parse(issuer.token("alice@example.com"))
    assert (token.issued_at, token.expires_at) == (NOON, NOON + timedelta(seconds=60))


def test_a_token_of_the_issuers_own_has_no_connector(issuer: Issuer) -> None:
    """A certificate then names this issuer."""
    token = IdentityToken.parse(issuer.token("alice@example.com", connector=None))
    assert certified_claims(token) == Claims(issuer=URL, token_subject=token.subject)


def test_a_token_that_has_expired_is_refused(issuer: Issuer) -> None:
    """By the clock that it was given by."""
    clock = Clock(NOON)
    issuer = Issuer(clock, url=URL)
    text = issuer.token("alice@example.com")
    clock.advance(timedelta(seconds=60))
    with pytest.raises(LoginError, match="has expired"):
        issuer.verified(text)


def test_a_token_for_somebody_else_is_refused(issuer: Issuer) -> None:
    """It was not meant to be passed on."""
    with pytest.raises(LoginError, match="is for other, not for sigstore"):
        issuer.verified(issuer.token("alice@example.com", audience="other"))


def test_an_address_that_was_not_verified_is_refused(issuer: Issuer) -> None:
    """Anybody can say any."""
    with pytest.raises(LoginError, match="has not verified"):
        issuer.verified(issuer.token("alice@example.com", verified=False))


def test_another_issuers_token_is_refused(issuer: Issuer) -> None:
    """However much it looks like one of this one."""
    other = Issuer(Clock(NOON), url=URL)
    with pytest.raises(ParseError, match="no key of this issuer's"):
        issuer.verified(other.token("alice@example.com"))


def test_a_token_in_the_name_of_an_unknown_issuer_is_refused(issuer: Issuer) -> None:
    """Even if this one signed it."""
    text = issuer.token_of({"iss": "https://elsewhere.test", "sub": "alice"})
    with pytest.raises(LoginError, match="in the name of an issuer that is not known"):
        issuer.verified(text)


@pytest.mark.parametrize(
    ("ref", "kind"), [("refs/heads/main", "branch"), ("refs/tags/v1", "tag")], ids=str
)
def test_a_workflow_on_github_is_said_all_that_a_certificate_says(
    issuer: Issuer, ref: str, kind: str
) -> None:
    """There is a claim for each of the extensions that a run without an environment has."""
    token = issuer.verified(issuer.github_token("org/app", workflow="release.yml", ref=ref))
    claims = certified_claims(token)
    assert claims is not None
    workflow = f"https://github.com/org/app/.github/workflows/release.yml@{ref}"
    assert token.certified_name == claims.build_signer_uri == claims.build_config_uri == workflow
    missing = {name for name in Claims.__annotations__ if getattr(claims, name) is None}
    assert missing == {"deployment_environment"}
    assert token.said().text("ref_type") == kind


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/tags/v1"])
def test_a_pipeline_on_gitlab_is_said_all_that_a_certificate_says(issuer: Issuer, ref: str) -> None:
    """The same for GitLab, in whose certificates GitHub's own extensions are missing."""
    token = issuer.verified(issuer.gitlab_token("group/app", ref=ref))
    claims = certified_claims(token)
    assert claims is not None
    assert claims.source_repository_ref == ref
    assert token.certified_name == f"https://gitlab.com/group/app//.gitlab-ci.yml@{ref}"
    missing = {name for name in Claims.__annotations__ if getattr(claims, name) is None}
    assert {it for it in missing if not it.startswith("github")} == {"deployment_environment"}


def test_a_client_finds_the_keys_from_the_discovery_document(issuer: Issuer) -> None:
    """And verifies a token with them, by another library."""
    found = said(issuer.handle(get(URL, ".well-known/openid-configuration")))
    assert found["issuer"] == URL
    text = issuer.token_of({"sub": "alice"}, algorithm="RS256")
    keys = jwt.PyJWKSet.from_dict(said(issuer.handle(get(found["jwks_uri"], ""))))
    key = keys[jwt.get_unverified_header(text)["kid"]]
    options = {"verify_exp": False}
    assert jwt.decode(text, key, audience="sigstore", options=options)["sub"] == "alice"


def test_there_is_no_rsa_key_before_it_is_wanted(issuer: Issuer) -> None:
    """It takes longer to make than everything else in a sandbox."""
    before = said(issuer.handle(get(URL, "keys")))["keys"]
    issuer.token_of({"sub": "alice"}, algorithm="RS256")
    after = said(issuer.handle(get(URL, "keys")))["keys"]
    assert [key["kty"] for key in before] == ["EC"]
    assert [key["kty"] for key in after] == ["EC", "RSA"]


def test_elsewhere_there_is_nothing(issuer: Issuer) -> None:
    """Neither beside the issuer nor under it."""
    assert issuer.handle(get(URL, "elsewhere")).status == 404
    assert issuer.handle(get("https://oauth.sandbox.test", "keys")).status == 404
