# SPDX-License-Identifier: Apache-2.0
"""What became of each file that was to be signed: its bundle, or the error that says why not."""

from collections.abc import Sequence

from keyless.cli import output
from keyless.errors import InputError, KeylessError
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown
from keyless.session import Signed
from keyless.value import value

# Of many that failed alike, so many are named.
MOST_NAMED = 5


@value
class SigningOutcome:
    """What became of the artifact called *file*: *signed*, its *bundle* kept; or the *error*."""

    file: str
    signed: Signed | None = None
    bundle: str | None = None
    error: KeylessError | None = None

    @property
    def code(self) -> int:
        """The exit code that says the same."""
        return output.DONE if self.error is None else output.exit_code(self.error)

    @property
    def word(self) -> str:
        """What became of it, in a word."""
        if self.error is not None or self.signed is None:
            return "failed"
        return "reused" if self.signed.reused else "signed"

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON: always the same members, null where there is nothing."""
        signed = self.signed
        return {
            "file": self.file,
            "digest": str(signed.digest) if signed else None,
            "result": self.word,
            "bundle": self.bundle,
            **output.error_json(self.error),
            "proof": signed.proof.to_json() if signed else None,
        }

    def __str__(self) -> str:
        done = {"reused": "signed already"}.get(self.word, self.word)
        return f"{shown(self.file)}: {done}, bundle {shown(self.bundle)}"


def say_outcome(outcome: SigningOutcome, *, alone: bool) -> None:
    """Print *outcome*, of a file that was signed; all of it if it stands *alone*."""
    if alone and outcome.signed is not None:
        output.say(str(outcome.signed))
        output.say(f"bundle: {shown(outcome.bundle)}")
    else:
        output.say(str(outcome))


def complain_of_all(outcomes: Sequence[SigningOutcome]) -> None:
    """Print what went wrong, once for all that it happened to."""
    alike: dict[tuple[object, ...], list[SigningOutcome]] = {}
    for outcome in outcomes:
        if outcome.error is not None:
            key = type(outcome.error), outcome.error.message, outcome.error.hint
            alike.setdefault(key, []).append(outcome)
    for first, *others in alike.values():
        if first.error is not None:
            output.complain(first.error, about=first.file)
        if others:
            names = ", ".join(shown(other.file) for other in others[:MOST_NAMED])
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            output.note(f"the same happened to {names}{more}")


def not_kept(error: KeylessError) -> KeylessError:
    """Say that what is public now was not kept here, because of *error*."""
    return InputError(
        f"it was signed and logged, but its bundle was not kept: {error.message}",
        hint="sign it again once that is mended; the log then has two entries of it",
    )


def document(
    outcomes: Sequence[SigningOutcome],
    *,
    trust: JsonValue = None,
    disclosure: JsonValue = None,
    error: KeylessError | None = None,
) -> JsonValue:
    """Return the schema of `--json`: members may be added to it, and none is taken away."""
    failed = error is not None or any(outcome.error for outcome in outcomes)
    return {
        "keyless": 1,
        "result": "failed" if failed else "signed" if disclosure is None else "disclosed",
        "error": None if error is None else output.error_json(error),
        "trust": trust,
        "disclosure": disclosure,
        "outcomes": [outcome.to_json() for outcome in outcomes],
    }


def one_code(outcomes: Sequence[SigningOutcome]) -> int:
    """Return one exit code for many: a lie weighs more than a failure, that than a slip."""
    codes = {outcome.code for outcome in outcomes}
    weighty = (output.REFUSED, output.FAILED, output.MISUSED)
    return next((code for code in weighty if code in codes), output.DONE)
