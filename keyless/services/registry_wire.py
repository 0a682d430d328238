# SPDX-License-Identifier: Apache-2.0
"""What is said to one registry, and to whom it points instead: there without any credential."""

from collections.abc import Collection

from keyless.errors import KeylessError, ServiceError
from keyless.safe_text import shown
from keyless.services.http import Patience, Request, Response, Transport, Upload, place, send
from keyless.services.http.messages import Headers
from keyless.services.http.scrub import scrubbed
from keyless.services.registry_auth import Doorkeeper, Scope
from keyless.services.registry_errors import Attempt, refused
from keyless.services.registry_targets import origin_of, target
from keyless.value import replace, value

MOST_REDIRECTS = 5
MOST_WARNINGS = 20
LONGEST_WARNING = 2000
LARGEST_ANSWER = 1 << 20
_ANY_STATUS = range(100, 600)
_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_VERBS = (("delete", "delete from"), ("push", "write to"), ("pull", "read"))


@value
class Question:
    """What is asked: a *method* of a *url*, for which *scopes* are needed."""

    method: str
    url: str
    scopes: tuple[Scope, ...]
    headers: Headers = ()
    body: bytes | None = None
    upload: Upload | None = None
    streamed: bool = False
    once: bool = False
    largest: int = LARGEST_ANSWER

    @property
    def do(self) -> str:
        """What it is to do, in words."""
        scope = self.scopes[0]
        verb = next(verb for action, verb in _VERBS if action in scope.actions)
        return f"{verb} {scope.repository}"


class Wire:
    """The way to the registry *name*, at *url*. May be shared between threads."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        transport: Transport,
        doorkeeper: Doorkeeper,
        patience: Patience,
    ) -> None:
        self.name = name
        self.url = url
        self.patience = patience
        self.warnings: list[str] = []
        self._transport = transport
        self._doorkeeper = doorkeeper

    def ask(self, question: Question, *, also: Collection[int] = ()) -> Response:
        """Return the answer to *question*; raise what a refusal means unless *also* has it."""
        url, response = question.url, self._carried(question)
        for _ in range(MOST_REDIRECTS):
            if not _points_elsewhere(question, response):
                break
            url = target(response.header("Location"), base=url, what="place of what it has")
            response = self._carried(replace(question, url=url))
        self._note(response)
        if 200 <= response.status < 300 or response.status in also:
            return response
        raise self.refusal(question, response)

    def refusal(self, question: Question, response: Response) -> KeylessError:
        """Return the error that *response* is to whoever asked *question*."""
        credential = self._doorkeeper.tried(question.scopes[0].repository)
        attempt = Attempt(
            registry=self.name,
            do=question.do,
            credential=credential,
            secrets=self._doorkeeper.confidences,
        )
        return refused(response, attempt, self.patience)

    def broken(self, why: str, *, hint: str) -> ServiceError:
        """Return the error that the registry says something that it cannot mean."""
        return ServiceError(f"{shown(self.name)} {why}", service=self.name, hint=hint)

    def _carried(self, question: Question) -> Response:
        """Ask once, or twice if the registry wants to know first who asks."""
        if origin_of(question.url) != origin_of(self.url):
            return self._sent(question, ())
        headers = self._doorkeeper.headers(question.scopes)
        response = self._sent(question, headers)
        if response.status != 401 or (question.upload and not question.upload.again):
            return response
        more = self._doorkeeper.admitted(response, question.scopes, headers)
        return self._sent(question, more) if more else response

    def _sent(self, question: Question, credentials: Headers) -> Response:
        request = Request(
            method=question.method,
            url=question.url,
            headers=(*question.headers, *credentials),
            body=question.body,
            upload=question.upload,
            streamed=question.streamed,
            largest=question.largest,
            once=question.once,
        )
        service = f"registry {shown(self.name)}"
        if (there := place(question.url)) != place(self.url):
            service += f", at {there}"
        return send(self._transport, request, service=service, also=_ANY_STATUS)

    def _note(self, response: Response) -> None:
        """Keep what the registry wants its users to know (299, as in the OCI specification)."""
        text = response.header("Warning")
        if text.startswith("299 ") and len(self.warnings) < MOST_WARNINGS:
            said = scrubbed(
                text[4:].removeprefix("- ")[:LONGEST_WARNING], self._doorkeeper.confidences
            )
            words = shown(said, longest=300)
            if words not in self.warnings:
                self.warnings.append(words)


def _points_elsewhere(question: Question, response: Response) -> bool:
    return question.method in ("GET", "HEAD") and response.status in _FOLLOWED
