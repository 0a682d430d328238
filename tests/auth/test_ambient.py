# SPDX-License-Identifier: Apache-2.0
"""Being a job: what says who it is, when it is asked, and what it says when it will not tell."""

import json
import os
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.auth.ambient import AmbientSource, ambient_source
from keyless.auth.ci import Place, place_of, place_token
from keyless.errors import LoginError, LoginFailure
from tests.auth.places import (
    SECRET,
    Answer,
    answering,
    githubs,
    nowhere,
    on_github,
    on_google_cloud,
    program,
)
from tests.protocol.test_token import ACTIONS, NOON, WORKFLOW, token_with

JOB = {"iss": ACTIONS, "job_workflow_ref": WORKFLOW, "email": None, "federated_claims": None}
GOOGLE = {"iss": "https://accounts.google.com", "federated_claims": None}


def jobs(minute: int = 0, **changes: Any) -> str:
    """Write the token of a job, for the given minute after noon."""
    start = int(NOON.timestamp()) + 60 * minute
    return token_with(**{**JOB, "iat": start, "exp": start + 60, **changes})


def source(**changes: Any) -> AmbientSource | None:
    """Look for what gives tokens here."""
    return ambient_source(**{"file": os.devnull + "/none", "product_file": os.devnull, **changes})


def refusal() -> LoginError:
    """Return why there is no identity here."""
    found = source()
    assert found is not None
    with pytest.raises(LoginError) as caught:
        found.ask()
    return caught.value


def at(now: datetime) -> Any:
    """Make a clock that stands at *now*."""
    return lambda: now


def test_a_job_of_githubs_is_who_github_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for a token with our audience, and shown the secret that the job was given."""
    with answering(lambda: githubs(jobs())) as github:
        on_github(monkeypatch, github.url)
        me = Identity.ambient()
    assert (me.name, me.issuer) == (f"https://github.com/{WORKFLOW}", ACTIONS)
    ((method, path, headers),) = github.requests
    assert (method, path) == ("GET", "/job/7?api-version=2.0&audience=sigstore")
    assert headers["Authorization"] == f"bearer {SECRET}"


def test_github_is_asked_again_when_a_token_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release may take longer than a token lives."""
    tokens = iter([jobs(0), jobs(1), jobs(2)])
    with answering(lambda: githubs(next(tokens))) as github:
        on_github(monkeypatch, github.url)
        me = Identity.ambient()
        expiries = [
            me.token(clock=at(NOON + timedelta(seconds=second))).expires_at
            for second in (0, 50, 60, 110, 120)
        ]
    assert [(end - NOON).seconds for end in expiries] == [60, 60, 120, 120, 180]
    assert len(github.requests) == 3


@pytest.mark.parametrize(
    "missing", ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"]
)
def test_a_job_of_githubs_without_the_permission_is_told_which(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """And where to write it."""
    on_github(monkeypatch, "http://127.0.0.1:1")
    monkeypatch.delenv(missing)
    error = refusal()
    assert error.reason is LoginFailure.NOT_ALLOWED
    assert error.message.startswith(
        "this job of GitHub Actions has no permission `id-token: write`"
    )
    assert "`permissions: {contents: read, id-token: write}`" in str(error.hint)


def test_a_job_of_gitlabs_without_a_token_is_told_how_to_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GitLab writes it into the variable that the job names."""
    nowhere(monkeypatch)
    monkeypatch.setenv("GITLAB_CI", "true")
    error = refusal()
    assert error.reason is LoginFailure.NOT_ALLOWED
    assert "has no SIGSTORE_ID_TOKEN" in error.message
    assert error.hint == "add to the job `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`"


@pytest.mark.parametrize("place", ["GITLAB_CI", "GITHUB_ACTIONS", "BUILDKITE", None])
def test_a_token_in_the_environment_is_taken_wherever_it_is(
    monkeypatch: pytest.MonkeyPatch, place: str | None
) -> None:
    """Somebody has put it there for us, so no place is asked for another."""
    nowhere(monkeypatch)
    if place is not None:
        monkeypatch.setenv(place, "true")
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", f"{jobs()}\n")
    assert Identity.ambient().name == f"https://github.com/{WORKFLOW}"
    found = source()
    assert found is not None
    assert found.name == "the environment variable SIGSTORE_ID_TOKEN"


def test_a_token_in_cosigns_file_is_taken_and_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody renews it there."""
    nowhere(monkeypatch)
    file = tmp_path / "oidc-token"
    file.write_text(jobs())
    found = source(file=str(file))
    assert found is not None
    assert found.ask() == jobs()
    file.write_text(jobs(1))
    assert found.ask() == jobs(1)
    assert found.name == f"the file {file}"


def test_where_nothing_says_who_this_is_the_places_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what to do elsewhere."""
    nowhere(monkeypatch)
    if place_of(os.environ) is not None:
        pytest.fail("this machine is Google's: the test means any other")
    with pytest.raises(LoginError, match="nothing here says who this is") as caught:
        Identity.ambient()
    assert caught.value.reason is LoginFailure.NO_IDENTITY
    assert "have SIGSTORE_ID_TOKEN hold an identity token" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("variable", "name", "arguments"),
    [
        ("BUILDKITE", "buildkite-agent", "oidc request-token --audience sigstore"),
        ("CIRCLECI", "circleci", 'run oidc get --claims {"aud": "sigstore"} --root-issuer'),
    ],
)
def test_a_program_of_the_places_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, name: str, arguments: str
) -> None:
    """By the name under which it lies on the path."""
    nowhere(monkeypatch)
    monkeypatch.setenv(variable, "true")
    script = f'echo "$@" > {tmp_path}/asked; echo {jobs()}'
    program(tmp_path, name, script, monkeypatch)
    found = source()
    assert found is not None
    assert found.ask() == jobs()
    assert (tmp_path / "asked").read_text().strip() == arguments


def test_a_machine_of_googles_asks_its_metadata_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is known by what it says it is."""
    with answering(lambda: (200, token_with(**GOOGLE).encode())) as google:
        product = on_google_cloud(monkeypatch, tmp_path, google.url)
        found = source(product_file=str(product))
        assert found is not None
        assert (found.name, found.ask()) == ("Google Cloud", token_with(**GOOGLE))
    ((_, path, headers),) = google.requests
    assert path == "/identity?audience=sigstore&format=full"
    assert headers["Metadata-Flavor"] == "Google"


def test_a_service_account_of_googles_may_be_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its name is in the environment; the machine's own access lets it be that."""
    token = token_with(**GOOGLE, email="robot@example.com")
    answer = json.dumps({"access_token": "ya29.x", "token": token}).encode()
    with answering(lambda: (200, answer)) as google:
        on_google_cloud(monkeypatch, tmp_path, google.url)
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_NAME", "robot@example.com")
        me = Identity.ambient()
    assert me.name == "robot@example.com"
    assert [path.partition("?")[0] for _, path, _ in google.requests] == [
        "/token",
        "/robot@example.com:generateIdToken",
    ]


def test_the_token_of_the_machine_is_not_that_of_the_job(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A job of Buildkite's on a machine of Google's would sign as the machine."""
    with answering(lambda: (200, token_with(**GOOGLE).encode())) as google:
        product = on_google_cloud(monkeypatch, tmp_path, google.url)
        monkeypatch.setenv("BUILDKITE", "true")
        found = source(product_file=str(product))
        assert found is not None
        with pytest.raises(LoginError, match="was given the token of that machine") as caught:
            found.ask()
    assert caught.value.reason is LoginFailure.WRONG_ISSUER


def test_nobody_is_asked_where_a_job_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Until a token is wanted."""
    with answering(lambda: githubs(jobs())) as github:
        on_github(monkeypatch, github.url)
        assert source() is not None
    program(tmp_path, "buildkite-agent", f"touch {tmp_path}/asked", monkeypatch)
    nowhere(monkeypatch)
    monkeypatch.setenv("BUILDKITE", "true")
    assert source() is not None
    assert github.requests == []
    assert not (tmp_path / "asked").exists()


HOSTILE: dict[str, Answer] = {
    "its own token": (500, f"no: {jobs()}".encode()),
    "the secret": (403, f"bad credentials: bearer {SECRET}".encode()),
    "a URL": (404, b"see https://vstoken.example/?token=0123456789"),
    "control characters": (400, b"\x1b[2Jgone"),
    "another's token": (200, b'{"value": 7}'),
    "no JSON": (200, b"<html>"),
    "no text": (500, b"\xff\xfe"),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_went_wrong_is_told_without_what_was_said_in_confidence(
    monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """Neither in words nor in what a traceback keeps."""
    with answering(lambda: answer) as github:
        on_github(monkeypatch, github.url)
        error = refusal()
    assert error.message.startswith("GitHub Actions gave this job no identity token: ")
    assert error.reason is LoginFailure.SOURCE
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    inner = error.message + str(error.hint)
    for secret in (SECRET, jobs(), "0123456789", "\x1b"):
        assert secret not in inner
    assert error.__cause__ is error.__context__ is None
    assert "detect_github" not in told


def test_the_status_of_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is what whoever mends it starts from."""
    with answering(lambda: (503, b"busy")) as github:
        on_github(monkeypatch, github.url)
        assert "code=503" in refusal().message


def test_a_place_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without where it would have been."""
    on_github(monkeypatch, "http://127.0.0.1:1")
    error = refusal()
    assert "timed out" in error.message
    assert "127.0.0.1" not in error.message


def test_a_program_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As far as it says nothing in confidence."""
    nowhere(monkeypatch)
    monkeypatch.setenv("CIRCLECI", "true")
    program(tmp_path, "circleci", f'echo "not here {jobs()}" >&2; exit 3', monkeypatch)
    assert refusal().message.endswith("an error: not here [hidden]")


def test_a_program_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its name."""
    nowhere(monkeypatch)
    monkeypatch.setenv("BUILDKITE", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "could not find Buildkite agent" in refusal().message


def test_a_program_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A build would hang with it."""
    nowhere(monkeypatch)
    monkeypatch.setenv("BUILDKITE", "true")
    program(tmp_path, "buildkite-agent", "sleep 1", monkeypatch)
    with pytest.raises(LoginError, match=r"within 0\.2 seconds") as caught:
        place_token(Place(name="Buildkite"), os.environ, audience="sigstore", seconds=0.2)
    assert caught.value.reason is LoginFailure.TIMED_OUT


def test_a_place_that_the_package_does_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the two disagree, there is no token."""
    nowhere(monkeypatch)
    with pytest.raises(LoginError, match="it says that this is no place that it knows"):
        place_token(Place(name="GitHub Actions"), {}, audience="sigstore")


def test_a_token_for_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody is shown it."""
    with answering(lambda: githubs(jobs(aud="elsewhere"))) as github:
        on_github(monkeypatch, github.url)
        assert "audience" in refusal().message


def test_what_the_package_lets_through_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words could be anything."""
    on_github(monkeypatch, "http://[::1")
    error = refusal()
    assert error.message == "GitHub Actions gave this job no identity token: ValueError"
