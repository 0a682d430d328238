# SPDX-License-Identifier: Apache-2.0
"""The words of one command: `argparse`, speaking as everything else here does."""

from argparse import ArgumentParser, HelpFormatter, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import NoReturn

from keyless.errors import InputError
from keyless.safe_text import shown

__all__ = ["FileOptions", "Namespace", "Parser"]


class FileOptions(Namespace):
    """What a command was told that takes files."""

    files: list[str]


class Parser(ArgumentParser):
    """The parser of one command; a mistake is an InputError, and nothing is abbreviated.

    A script that wrote `--iss` would break, or worse mean something else, on the day a second
    option begins like that.
    """

    def __init__(self, command: str, *, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=f"keyless {command}",
            description=description,
            epilog=epilog,
            formatter_class=_formatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words typed."""
        raise InputError(shown(message), hint=f"{self.prog} --help says what it takes")

    def parse_files(self, arguments: Sequence[str], options: FileOptions) -> None:
        """Read *arguments* into *options*: files and options mixed, and files alone after `--`."""
        words, files = list(arguments), []
        if "--" in words:  # which argparse forgets when it lets the two mix
            end = words.index("--")
            words, files = words[:end], words[end + 1 :]
        self.parse_intermixed_args(words, options)
        options.files += files


def _formatter(prog: str) -> HelpFormatter:
    # Without a width it would load `shutil` to learn that of the terminal, for every option that is
    # added, and not only when help is asked for.
    return RawDescriptionHelpFormatter(prog, width=80)
