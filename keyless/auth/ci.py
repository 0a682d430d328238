# SPDX-License-Identifier: Apache-2.0
"""Who a job is: places that vouch for what runs in them, asked through the `id` package.

    place            known by                                      asked by
    GitHub Actions   GITHUB_ACTIONS                                a URL in the environment
    GitLab CI        GITLAB_CI                                     (it has SIGSTORE_ID_TOKEN or not)
    Buildkite        BUILDKITE                                     its program buildkite-agent
    CircleCI         CIRCLECI                                      its program circleci
    Google Cloud     GOOGLE_SERVICE_ACCOUNT_NAME, or the machine   its metadata server

Where it runs is told without asking anybody. What that package says when it fails is not repeated
as it is: it quotes what servers answered, and they may answer with a token.
"""

import re
from collections.abc import Mapping
from threading import Thread

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.token import IdentityToken
from keyless.safe_text import shown
from keyless.services.http.scrub import HIDDEN, scrubbed
from keyless.value import value

SECONDS = 60.0
# What a machine of Google's says it is.
PRODUCT_FILE = "/sys/class/dmi/id/product_name"
_PRODUCTS = {"Google", "Google Compute Engine"}
_GOOGLE_CLOUD = "Google Cloud"
_GOOGLE = "https://accounts.google.com"
_REQUEST_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")

LONGEST_REASON = 300
_CONFIDENTIAL = re.compile("TOKEN|SECRET|PASSWORD|CREDENTIAL|KEY")
_SHORTEST_SECRET = 8
_URL = re.compile(r"(https?://[^/?#\s'\"]+)[^\s'\"]*")
_LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{24,}")


@value
class Place:
    """Where a job runs, by *name*; what it *lacks* to be given a token, and how to mend that."""

    name: str
    lacks: str | None = None
    hint: str | None = None


def place_of(environ: Mapping[str, str], *, product_file: str = PRODUCT_FILE) -> Place | None:
    """Return the place that vouches for what runs here, if there is one; nobody is asked."""
    if environ.get("GITHUB_ACTIONS"):
        return _github(environ)
    if environ.get("GITLAB_CI"):
        return _GITLAB
    if environ.get("BUILDKITE"):
        return Place(name="Buildkite")
    if environ.get("CIRCLECI"):
        return Place(name="CircleCI")
    if environ.get("GOOGLE_SERVICE_ACCOUNT_NAME") or _product(product_file) in _PRODUCTS:
        return Place(name=_GOOGLE_CLOUD)
    return None


def place_token(
    place: Place, environ: Mapping[str, str], *, audience: str, seconds: float = SECONDS
) -> str:
    """Ask *place* for a token for *audience*; one that takes longer than *seconds* gives none."""
    if place.lacks is not None:
        raise LoginError(place.lacks, reason=LoginFailure.NOT_ALLOWED, hint=place.hint)
    answers: list[str | LoginError] = []
    # A program that is asked may hang; a thread that waits for it is left behind, a caller is not.
    asking = Thread(target=lambda: answers.append(_asked(place, environ, audience)), daemon=True)
    asking.start()
    asking.join(seconds)
    answer = answers[0] if answers else _no_answer(place, seconds)
    # Raised from here, with nothing left of where it came from: the frames on that way hold what
    # was sent, and what came back.
    if isinstance(answer, LoginError):
        raise answer
    _demand_of(place, answer)
    return answer


def _asked(place: Place, environ: Mapping[str, str], audience: str) -> str | LoginError:
    # It brings urllib3, which who signs in by hand does not wait for.
    import id as ambient  # noqa: PLC0415

    try:
        text = ambient.detect_credential(audience)
    except ambient.IdentityError as error:
        why = _without_secrets(str(error), environ)
    except Exception as error:  # noqa: BLE001 - it lets through whatever its tools raise
        why = type(error).__name__
    else:
        return text or _refusal(place, "it says that this is no place that it knows")
    return _refusal(place, why)


def _refusal(place: Place, why: str) -> LoginError:
    return LoginError(
        f"{place.name} gave this job no identity token: {why}",
        reason=LoginFailure.SOURCE,
        hint="run the job again; if that does not help, see whether it may ask for OpenID tokens",
    )


def _no_answer(place: Place, seconds: float) -> LoginError:
    return LoginError(
        f"{place.name} gave this job no identity token within {seconds:g} seconds",
        reason=LoginFailure.TIMED_OUT,
        hint="run the job again",
    )


def _demand_of(place: Place, text: str) -> None:
    """Refuse a token of the machine's where the job's was asked for."""
    # On a machine of Google's that package asks Google before it asks who runs the job.
    try:
        issuer = IdentityToken.parse(text).issuer
    except ParseError:
        return  # which whoever reads it says better
    if issuer == _GOOGLE and place.name != _GOOGLE_CLOUD:
        raise LoginError(
            f"this job of {place.name} runs on a machine of Google's, and was given the token of "
            "that machine in place of its own",
            reason=LoginFailure.WRONG_ISSUER,
            hint=f"ask {place.name} for a token with the audience sigstore, and have "
            "SIGSTORE_ID_TOKEN hold it",
        )


def _without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return *text*, short, safe to show, and with nothing in it that could be a secret."""
    secrets = (
        content
        for name, content in environ.items()
        if _CONFIDENTIAL.search(name) and len(content) >= _SHORTEST_SECRET
    )
    clean = scrubbed(text[: 8 * LONGEST_REASON], secrets)
    clean = _LIKE_A_TOKEN.sub(HIDDEN, _URL.sub(r"\1/…", clean))
    return shown(" ".join(clean.split()), longest=LONGEST_REASON)


def _github(environ: Mapping[str, str]) -> Place:
    if all(map(environ.get, _REQUEST_VARIABLES)):
        return Place(name="GitHub Actions")
    return Place(
        name="GitHub Actions",
        lacks="this job of GitHub Actions has no permission `id-token: write`, without which "
        "GitHub gives it no identity token",
        hint="add it to the job or to the workflow, as in `permissions: {contents: read, "
        "id-token: write}`; a pull request from a fork is never given it",
    )


_GITLAB = Place(
    name="GitLab CI",
    lacks="this job of GitLab CI has no SIGSTORE_ID_TOKEN, in which GitLab would give it an "
    "identity token",
    hint="add to the job `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`",
)


def _product(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(64).strip()
    except OSError:
        return None
