# SPDX-License-Identifier: Apache-2.0
"""What a registry says that is well formed and wrong, or leads its clients astray.

    sandbox.inject("registry", WRONG_BYTES)

What it points to is at `elsewhere.test`, which nobody should tell a password.
"""

from collections.abc import Callable
from itertools import count

from keyless.protocol.digest import Digest
from keyless.sandbox.faults import Lie, Party
from keyless.services.http import Request, Response
from keyless.services.http.messages import Headers
from keyless.value import replace

ELSEWHERE = "https://elsewhere.test"

_Twist = Callable[[Request, Response], Response]


def _lie(name: str, twist: _Twist, *methods: str) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        return twist(request, answer) if request.method in methods else answer

    return Lie(name=name, services=("registry",), tell=tell)


def _with(answer: Response, **changed: str) -> Response:
    """Return *answer* with headers of these names; an underscore stands for a hyphen."""
    named = {name.replace("_", "-"): text for name, text in changed.items()}
    kept = tuple((name, text) for name, text in answer.headers if name not in named)
    return replace(answer, headers=(*kept, *named.items()))


def _is_content(request: Request, answer: Response) -> bool:
    kinds = ("/manifests/", "/blobs/")
    return answer.status in (200, 206) and any(kind in request.url for kind in kinds)


def _wrong_bytes(request: Request, answer: Response) -> Response:
    if not _is_content(request, answer):
        return answer
    return replace(answer, body=answer.body[:-1] + b"\n")


def _wrong_digest(request: Request, answer: Response) -> Response:
    if "/manifests/" not in request.url:
        return answer
    return _with(answer, Docker_Content_Digest=str(Digest.of(b"something else")))


def _without_digest(request: Request, answer: Response) -> Response:
    kept = tuple(pair for pair in answer.headers if pair[0] != "Docker-Content-Digest")
    return replace(answer, headers=kept) if "/manifests/" in request.url else answer


def _list_elsewhere(_: Request, answer: Response) -> Response:
    return _with(answer, Link=f'<{ELSEWHERE}/v2/app/tags/list?n=1>; rel="next"')


def _list_around(request: Request, answer: Response) -> Response:
    return _with(answer, Link=f'<{request.url}>; rel="next"')


def _list_for_ever() -> _Twist:
    pages = count()

    def twist(request: Request, answer: Response) -> Response:
        there = request.url.partition("?")[0]
        return _with(answer, Link=f'<{there}?page={next(pages)}>; rel="next"')

    return twist


def _upload_elsewhere(_: Request, answer: Response) -> Response:
    return _with(answer, Location=f"{ELSEWHERE}/upload") if answer.status == 202 else answer


def _redirect(to: str) -> _Twist:
    def twist(request: Request, answer: Response) -> Response:
        if not _is_content(request, answer) or "/blobs/" not in request.url:
            return answer
        return Response(status=307, headers=(("Location", to),))

    return twist


def _challenge(text: str) -> _Twist:
    def twist(_: Request, answer: Response) -> Response:
        headers: Headers = (("WWW-Authenticate", text),)
        return replace(answer, headers=headers) if answer.status == 401 else answer

    return twist


# What comes is of the right size, and something else.
WRONG_BYTES = _lie("wrong bytes", _wrong_bytes, "GET")
# The bytes are right, and what is said of them is not; or nothing is said.
WRONG_DIGEST = _lie("a wrong digest", _wrong_digest, "GET", "HEAD")
NO_DIGEST = _lie("no digest", _without_digest, "GET", "HEAD")
# A list goes on at another server, on the same page, or for ever.
LIST_ELSEWHERE = _lie("a list that goes on elsewhere", _list_elsewhere, "GET")
LIST_AROUND = _lie("a list that goes around", _list_around, "GET")
ENDLESS_LIST = _lie("a list without end", _list_for_ever(), "GET")
# It sends its clients to others: with what they push, for blobs, and with their passwords.
UPLOAD_ELSEWHERE = _lie("a place for uploads elsewhere", _upload_elsewhere, "POST")
BLOBS_ELSEWHERE = _lie("blobs that are elsewhere", _redirect(f"{ELSEWHERE}/blob"), "GET")
BLOBS_INSIDE = _lie("blobs in a private network", _redirect("https://169.254.169.254/"), "GET")
BLOBS_IN_THE_CLEAR = _lie("blobs in the clear", _redirect("http://elsewhere.test/"), "GET")
_TOKENS = f'Bearer realm="{ELSEWHERE}/token",service="elsewhere"'
TOKENS_ELSEWHERE = _lie("tokens from elsewhere", _challenge(_TOKENS), "GET", "HEAD", "POST", "PUT")

REGISTRY_LIES = (
    WRONG_BYTES,
    WRONG_DIGEST,
    NO_DIGEST,
    LIST_ELSEWHERE,
    LIST_AROUND,
    ENDLESS_LIST,
    UPLOAD_ELSEWHERE,
    BLOBS_ELSEWHERE,
    BLOBS_INSIDE,
    BLOBS_IN_THE_CLEAR,
    TOKENS_ELSEWHERE,
)
