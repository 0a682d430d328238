# SPDX-License-Identifier: Apache-2.0
"""Every fault of every service that signing depends on, to be tried while somebody signs."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Literal

import keyless
from keyless.auth import Identity
from keyless.errors import KeylessError, ServiceError, VerificationError
from keyless.instance.sigstore import LogVersion
from keyless.protocol.entry_body import HashedRekord, parse_body
from keyless.protocol.json_reader import Json
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import (
    Dribble,
    Fault,
    Huge,
    HugeCompressed,
    Lie,
    Redirect,
    Refuse,
    Slow,
    Status,
    TimeOut,
    Truncate,
    WrongType,
)
from keyless.sandbox.lies import CERTIFICATE_LIES, TIMESTAMP_LIES
from keyless.sandbox.log_lies import FORKED_TREE, LOG_LIES
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.services.answers import answer_of
from keyless.services.http import Request, joined, place, send
from keyless.session import Signed
from keyless.value import value
from tests.instances import NOON
from tests.remains import left_of

Action = Literal["sign", "attest"]
Ending = Literal["signed", "failed", "refused"]

ALICE = "alice@example.com"
ARTIFACT = b"what is signed"
ACTIONS: tuple[Action, ...] = ("sign", "attest")
# How the sandbox calls each service, and how the page does.
SERVICES = {
    "oidc": "issuer",
    "fulcio": "certificate authority",
    "tsa": "timestamp authority",
    "rekor_v1": "log, version 1",
    "rekor_v2": "log, version 2",
}
# What services do as long as the fault lasts: whoever asks must not wait for ever.
_SOON, _NEVER = 5, 3600


@value
class Trouble:
    """A *fault*, in words, and how many requests meet it: None for all of them."""

    words: str
    fault: Fault
    times: int | None = None

    @property
    def services(self) -> tuple[str, ...]:
        """Whom it can happen to."""
        return self.fault.services if isinstance(self.fault, Lie) else tuple(SERVICES)

    @property
    def ending(self) -> Ending:
        """How signing must end: a lie is refused, unless nobody could tell it from the truth."""
        if isinstance(self.fault, Lie):
            return "signed" if self.fault is FORKED_TREE else "refused"
        return "signed" if self.times or self.words.endswith("in time") else "failed"


def _status(code: int, *, body: bytes = b"", retry_after: str = "") -> Status:
    headers = (("Retry-After", retry_after),) if retry_after else ()
    return Status(code=code, body=body, headers=headers)


_SORRY = b'{"message": "we are sorry"}'

LASTING = (
    Trouble(words="refuses connections", fault=Refuse()),
    Trouble(words="does its work, and never answers", fault=TimeOut()),
    Trouble(words="answers after an hour", fault=Slow(seconds=_NEVER)),
    Trouble(words="sends its answer over an hour", fault=Dribble(seconds=_NEVER)),
    Trouble(words="does its work, and breaks off its answer", fault=Truncate()),
    *(
        Trouble(words=f"answers {code}{said}", fault=_status(code, body=body))
        for code, said, body in (
            (400, "", b""),
            (400, ", saying why", _SORRY),
            (401, "", b""),
            (403, "", b""),
            (404, "", b""),
            (429, "", b""),
            (500, "", b""),
            (500, ", saying why", _SORRY),
            (503, "", b""),
        )
    ),
    Trouble(words="answers 503, to be asked in an hour", fault=_status(503, retry_after="3600")),
    Trouble(words="is hidden by another network's page", fault=WrongType()),
    Trouble(words="answers with 64 MiB", fault=Huge()),
    Trouble(words="answers with 1 GiB, compressed", fault=HugeCompressed()),
    Trouble(words="points to another origin", fault=Redirect()),
)
PASSING = (
    Trouble(words="answers after 5 s, in time", fault=Slow(seconds=_SOON)),
    Trouble(words="sends its answer over 5 s, in time", fault=Dribble(seconds=_SOON)),
    Trouble(words="refuses two connections", fault=Refuse(), times=2),
    Trouble(words="does its work, and does not answer once", fault=TimeOut(), times=1),
    Trouble(words="does its work, and breaks off two answers", fault=Truncate(), times=2),
    Trouble(words="answers 503 twice", fault=_status(503), times=2),
    Trouble(
        words="answers 429 once, to be asked in 30 s", fault=_status(429, retry_after="30"), times=1
    ),
)
LYING = tuple(
    Trouble(words=lie.name, fault=lie) for lie in (*CERTIFICATE_LIES, *TIMESTAMP_LIES, *LOG_LIES)
)


@value
class Cell:
    """One *trouble* of one *service* while somebody does an *action*."""

    trouble: Trouble
    service: str
    action: Action

    def __str__(self) -> str:
        return f"{self.service}-{self.action}-{self.trouble.words}"

    @property
    def rekor(self) -> LogVersion:
        """Into which log is signed: what has no log of its own is tried with version 2.

        There it matters most that nothing is logged which could not be verified later.
        """
        return 1 if self.service == "rekor_v1" else 2


CELLS = tuple(
    Cell(trouble=trouble, service=service, action=action)
    for trouble in (*LASTING, *PASSING, *LYING)
    for service, action in product(trouble.services, ACTIONS)
)


class Trial:
    """One cell, tried in a sandbox of its own, with a file in *folder*."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.cell = cell
        self.sandbox = Sandbox(NOON)
        self.tokens: list[str] = []
        self.artifact = folder / "app.whl"
        self.artifact.write_bytes(ARTIFACT)
        self.sigstore = self.sandbox.connect(rekor=cell.rekor)
        self.identity = Identity(self._token)
        # A new one for each trial, as its key shall be found nowhere else.
        self.signer = keyless.Signer(self.identity, sigstore=self.sigstore)

    @cached_property
    def error(self) -> KeylessError | None:
        """What signing fails with under the cell's trouble; None if it does not fail."""
        trouble = self.cell.trouble
        with self.sandbox.inject(self.cell.service, trouble.fault, times=trouble.times):
            try:
                self.act().save()
            except KeylessError as error:
                return error
        return None

    def act(self) -> Signed:
        """Sign the file, or attest to it."""
        if self.cell.action == "sign":
            return self.signer.sign(self.artifact)
        return self.signer.attest(self.artifact, predicate={"reviewed": True}, type="custom")

    def ending(self) -> Ending:
        """How it ended."""
        match self.error:
            case None:
                return "signed"
            case VerificationError():
                return "refused"
            case ServiceError():
                return "failed"
            case other:
                raise other

    @property
    def party(self) -> str:
        """What an error must call the service: by where it is."""
        return place(self.sandbox.services[self.cell.service].url)

    def logged(self) -> list[bytes]:
        """List what either of the logs wrote down under a certificate, which lies are not."""
        core = self.sandbox.core
        return [body for log in (core.log_v1, core.log_v2) for body in _certified(log)]

    def secrets(self) -> list[str]:
        """List what nobody may be shown: tokens, their signatures, and the private key."""
        signatures = [token.rpartition(".")[2] for token in self.tokens]
        return [*self.tokens, *signatures, *_written(self.signer), "PRIVATE KEY"]

    def _token(self) -> str:
        """Log in: every way to do so begins with asking the issuer what it is."""
        url = joined(self.sandbox.services["oidc"].url, ".well-known/openid-configuration")
        name = f"issuer {place(url)}"
        answer = send(self.sigstore.transport, Request(method="GET", url=url), service=name)
        with answer_of(name):
            Json.parse(answer.body).text("issuer")
        self.tokens.append(self.sandbox.token(ALICE))
        return self.tokens[-1]


@contextmanager
def trial(cell: Cell) -> Iterator[Trial]:
    """Try *cell*, leaving nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        yield Trial(cell, Path(folder))


@contextmanager
def everything_said() -> Iterator[list[str]]:
    """Keep what anything logs meanwhile, down to the finest detail."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        yield said
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def kept(trial: Trial) -> str:
    """Return all that is left of the trial's failure, where a secret might be."""
    left = left_of(trial.error) if trial.error else ()
    return " ".join((*left, f"{trial.signer!r} {vars(trial.signer)} {trial.identity!r}"))


def _certified(log: LogV1 | LogV2) -> Iterator[bytes]:
    for body in map(log.tree.__getitem__, range(len(log.tree))):
        _, _, parsed = parse_body(body)
        one = parsed if isinstance(parsed, HashedRekord) else parsed.signatures[0]
        if one.verifier.is_certificate:
            yield body


def _written(signer: keyless.Signer) -> list[str]:
    """Return the signer's private key in the ways in which one might find it in a text."""
    credential = signer._current  # noqa: SLF001 - what is looked for is what must not be reached
    if credential is None:
        return []
    der = credential._key.to_pkcs8()  # noqa: SLF001 - as above
    number = credential._key._key.private_numbers().private_value  # noqa: SLF001 - as above
    return [der.hex(), repr(der)[2:-1], str(number), f"{number:x}"]
