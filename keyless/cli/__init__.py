# SPDX-License-Identifier: Apache-2.0
"""The command `keyless`: finds what was asked for, runs it, and is the one place that exits.

A command is a line in `COMMANDS`. Only the one that was typed is imported, and only its options are
known to the parser: most of the time from starting `keyless verify` to its verdict is imports.
"""

import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from keyless.cli import output
from keyless.errors import InputError, KeylessError
from keyless.safe_text import shown

Run = Callable[[Sequence[str]], int]

# name: (the function that runs it, as module:name, and what it does)
COMMANDS = {
    "demo": ("keyless.cli.demo:demo", "show everything once, on this machine alone"),
    "verify": ("keyless.cli.verify:verify", "decide whether whom you name signed a file"),
    "sign": ("keyless.cli.sign:sign", "sign files, as whoever you are"),
    "attest": ("keyless.cli.attest:attest", "sign what you say of a file"),
    "inspect": ("keyless.cli.inspect:inspect", "say in words what a bundle holds"),
    "login": ("keyless.cli.login:login", "sign in, and say who you are"),
    "logout": ("keyless.cli.login:logout", "keep no session any more"),
    "whoami": ("keyless.cli.whoami:whoami", "say who you are, by a token or a session"),
    "log get": ("keyless.cli.log:get", "show one entry of the log, once it is shown to be there"),
    "log head": ("keyless.cli.log:head", "show what the log commits to now"),
    "log consistency": (
        "keyless.cli.log:consistency",
        "have the log show that it has grown from what it was",
    ),
    "log find": ("keyless.cli.log_find:find", "find what somebody signed, or who signed a file"),
    "log tail": ("keyless.cli.log_tail:tail", "show the last entries of the log, and what comes"),
    "log watch": ("keyless.cli.log_watch:watch", "show what is new in a signer's name, for cron"),
    "log scan": ("keyless.cli.log_scan:scan", "find all entries of a signer's, and miss none"),
    "image sign": ("keyless.cli.image_sign:sign", "sign a container image, by its digest"),
    "image attest": ("keyless.cli.image_sign:attest", "sign what you say of an image"),
    "image verify": (
        "keyless.cli.image_verify:verify",
        "decide whether whom you name signed an image",
    ),
    "image verify-attestation": (
        "keyless.cli.image_verify:verify_attestation",
        "decide what they say of an image",
    ),
    "image tree": ("keyless.cli.image_look:tree", "show what belongs to an image"),
    "image ls": ("keyless.cli.image_look:tags", "list the tags of a repository"),
    "image copy": ("keyless.cli.image_carry:copy", "copy an image, with its signatures"),
    "image save": ("keyless.cli.image_carry:save", "save an image to an archive or a folder"),
    "image load": ("keyless.cli.image_carry:load", "push an image out of one"),
    "image attach": (
        "keyless.cli.image_attach:attach",
        "attach a signature that was made elsewhere",
    ),
    "image generate": ("keyless.cli.image_attach:payload", "print what such a one has to sign"),
    "image triangulate": ("keyless.cli.image_look:where", "say where legacy signatures would be"),
    "image clean": ("keyless.cli.image_attach:clean", "remove the signatures of an image"),
    "trust status": ("keyless.cli.trust:status", "say which trust is in use, and how old it is"),
    "trust update": ("keyless.cli.trust:update", "bring trust up to date now"),
    "trust export": ("keyless.cli.trust:export", "print the trusted root that is in use"),
    "sandbox serve": ("keyless.cli.sandbox:serve", "run a whole Sigstore on this machine"),
}
INTERRUPTED = 130  # as shells count a process that ended by SIGINT,
UNHEARD = 141  # and by SIGPIPE


def main() -> int:
    """Run the command that was typed, and return the exit code; for one process, once."""
    # One command makes little garbage and then ends: looking for cycles, while it imports and once
    # more at its end, would take a tenth of its time.
    gc.disable()
    code = run(sys.argv[1:])
    gc.freeze()
    return code


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name, and return its exit code; nothing is raised."""
    try:
        output.prepare()
        code = _command(arguments)
        output.finish()
    except SystemExit:  # the parser has printed its help
        return output.DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except KeylessError as error:
        output.complain(error)
        return output.exit_code(error)
    except BrokenPipeError:
        output.abandon()
        return UNHEARD
    except Exception as error:  # noqa: BLE001 - whoever typed a command has no use for a traceback
        output.complain(_unexpected(error))
        return output.FAILED
    return code


def _command(arguments: Sequence[str]) -> int:
    for words in (2, 1):
        runner = COMMANDS.get(" ".join(arguments[:words]))
        if runner is not None:
            return _imported(runner[0])(arguments[words:])
    word = next(iter(arguments), None)
    if word is None:
        raise InputError("no command was given", hint=_choice(""))
    if word in {"-h", "--help", "help"}:
        output.say(_overview())
    elif word == "--version":
        output.say(f"keyless {_version()}")
    else:
        raise _unknown(*arguments[:2])
    return output.DONE


def _imported(place: str) -> Run:
    module, _, name = place.partition(":")
    run_command: Run = getattr(import_module(module), name)
    return run_command


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  keyless {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        (
            "Sign and verify software through Sigstore, with no key to keep.",
            "",
            *lines,
            "",
            "Each command explains itself: keyless verify --help",
            "Exit codes: 0 done, 1 refused, 2 misused, 3 a service failed",
        )
    )


def _version() -> str:
    # Imported for this one answer: it costs as much as starting Python.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - see above

    try:
        return version("keyless")
    except PackageNotFoundError:
        return "of a checkout that is not installed"


def _unknown(word: str, second: str = "-") -> InputError:
    deeper = _choice(f"{word} ")
    if deeper and not second.startswith("-"):
        return InputError(f"there is no command {shown(word)} {shown(second)}", hint=deeper)
    if deeper:
        return InputError(f"keyless {word} needs to know what to do", hint=deeper)
    return InputError(f"there is no command {shown(word)}", hint=_choice(""))


def _choice(start: str) -> str:
    """List the commands that begin with *start*."""
    return ", ".join(f"keyless {name}" for name in COMMANDS if name.startswith(start))


def _unexpected(error: Exception) -> KeylessError:
    if isinstance(error, OSError):
        return KeylessError(f"the system failed: {shown(error)}")
    return KeylessError(
        f"unexpected {type(error).__name__}: {shown(error)}",
        hint="this is a defect in keyless, and no verdict: please report it",
    )
