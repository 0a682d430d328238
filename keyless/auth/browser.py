# SPDX-License-Identifier: Apache-2.0
"""Signing in with a browser, which comes back to this machine (RFC 8252, RFC 6749, RFC 7636).

    here ── authorization_url ──► browser ──► issuer: who are you?
    here ◄── /auth/callback?code=… ── browser ◄───────┘
    here ── code, verifier ──► issuer
    here ◄── token ───────────────┘    verified before the browser says who has signed in

What opens a browser says that it has when nothing has appeared, so the address is always shown. And
a browser on another machine ends at an address that leads nowhere there: where somebody can type,
it can be pasted here instead, and whatever comes first counts.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from keyless.auth.answers import Answers, Verdict, advice_on_pasted, pasted_query
from keyless.auth.contact import Contact, Invitation, in_background
from keyless.auth.deadline import Deadline
from keyless.auth.loopback import Loopback
from keyless.auth.pages import failed_page, signed_in_page
from keyless.errors import KeylessError, LoginError, LoginFailure
from keyless.safe_text import shown
from keyless.services.authorization import Attempt, authorization_url
from keyless.services.oidc import OpenIdIssuer, SignedIn
from keyless.services.refusal import Refusal
from keyless.value import value


@value
class Caller:
    """Who came, by the *name* that they will be called, with an account at *provider*."""

    name: str
    provider: str


@value
class SigningIn:
    """A sign-in to *issuer*, by *connector*, of somebody whom *check* lets pass."""

    issuer: OpenIdIssuer
    connector: str | None
    check: Callable[[SignedIn], Caller]


def sign_in_with_browser(wanted: SigningIn, *, contact: Contact, deadline: Deadline) -> SignedIn:
    """Have somebody sign in as *wanted* with a browser; LoginError if nobody does."""
    attempt = Attempt.new()
    answers = Answers(attempt.state)
    with Loopback(answers) as loopback:
        url = authorization_url(
            wanted.issuer.metadata,
            wanted.issuer.client,
            attempt,
            redirect=loopback.redirect,
            connector=wanted.connector,
        )
        _invite(url, contact, deadline)
        with _reading(contact, answers):
            answer = answers.wait(deadline.left)
        if answer is None:
            deadline.miss(_strays(answers))
        return _concluded(
            wanted, lambda: _redeemed(wanted.issuer, answer, attempt, loopback), loopback, deadline
        )


def _invite(url: str, contact: Contact, deadline: Deadline) -> None:
    contact.shown_on().invite(Invitation(url=url, seconds=deadline.left))
    if contact.read is not None:
        contact.tell("or paste here the address at which the browser ends, wherever it runs:")
    open_browser = contact.open_browser
    if open_browser is None:
        return

    def open_it() -> None:
        try:
            opened = open_browser(url)
        except Exception:  # noqa: BLE001 - it is the caller's, and may raise anything
            opened = False
        if not opened:
            contact.tell("no browser could be opened here: open the page above yourself")

    # Some commands that show a page return when it is closed.
    in_background(open_it, name="browser")


@contextmanager
def _reading(contact: Contact, answers: Answers) -> Iterator[None]:
    """Offer *answers* what somebody pastes, as long as the block lasts."""
    read, stop = contact.read, Event()
    if read is None:
        yield
        return

    def offer_lines() -> None:
        while not stop.is_set():
            try:
                line = read(stop)
            except Exception:  # noqa: BLE001 - it is the caller's, and may raise anything
                return
            if not line:
                return
            if not line.strip():
                continue
            verdict = answers.offer(pasted_query(line))
            if verdict is Verdict.TAKEN:
                return  # whatever is typed from now on is for somebody else
            contact.tell(advice_on_pasted(verdict))

    in_background(offer_lines, name="pasted address")
    try:
        yield
    finally:
        stop.set()


def _strays(answers: Answers) -> str:
    if not answers.strays:
        return ""
    many = f"{answers.strays} requests were" if answers.strays > 1 else "one request was"
    return f"; {many} left alone that came here, and did not answer this sign-in"


def _redeemed(
    issuer: OpenIdIssuer, answer: Mapping[str, str], attempt: Attempt, loopback: Loopback
) -> SignedIn:
    _check_responder(issuer, answer)
    if "error" in answer:
        raise Refusal(error=answer["error"], words=answer.get("error_description", "")).by(
            issuer.name
        )
    if not answer.get("code"):
        raise LoginError(
            f"the {issuer.name} sent the browser back with neither a code nor a reason",
            reason=LoginFailure.REFUSED,
            hint="sign in again; if it happens again, ask who runs the issuer",
        )
    return issuer.redeem(answer["code"], attempt=attempt, redirect=loopback.redirect)


def _check_responder(issuer: OpenIdIssuer, answer: Mapping[str, str]) -> None:
    # An issuer that somebody else runs could pass its codes off as this one's (RFC 9207).
    said, wanted = answer.get("iss"), issuer.metadata.issuer
    if said != wanted and (said is not None or issuer.metadata.names_itself):
        found = "without saying who sent it" if said is None else f"from {shown(said)}"
        raise LoginError(
            f"the browser came back {found}, not from {shown(wanted)}",
            reason=LoginFailure.RESPONSE_ISSUER,
            hint="nothing was signed; sign in again, and if it happens again, do not go on",
        )


def _concluded(
    wanted: SigningIn, redeem: Callable[[], SignedIn], loopback: Loopback, deadline: Deadline
) -> SignedIn:
    """Return who came, once the browser shows it; or have it show why they do not count."""
    try:
        signed_in = deadline.within(redeem)
        caller = wanted.check(signed_in)
    except KeylessError as error:
        loopback.show(failed_page(error))
        raise
    loopback.show(signed_in_page(caller.name, caller.provider))
    return signed_in
