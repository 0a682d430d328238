# SPDX-License-Identifier: Apache-2.0
"""`keyless image tree`, `triangulate` and `ls`: what is there, nothing of it verified."""

import re
from collections.abc import Sequence

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.image_options import (
    EXIT_CODES,
    IMAGES,
    RegistryWords,
    add_json_option,
    add_registry_options,
    demand_no_password,
    registry_options,
    told_as_json,
)
from keyless.facade.carrying import Attached, image_tags, image_tree, triangulate
from keyless.safe_text import shown

KINDS: tuple[Attached, ...] = ("signature", "attestation", "sbom", "referrers")
# What is kept under such tags is about images, and none itself.
_ABOUT = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64,}(?:\.[a-z]+)?")


class LookOptions(RegistryWords):
    """What each of these commands was told."""

    image: str


class KindOptions(LookOptions):
    """What `keyless image triangulate` was told."""

    kind: Attached


class TagOptions(LookOptions):
    """What `keyless image ls` was told."""

    all: bool


def tree(arguments: Sequence[str]) -> int:
    """Run `keyless image tree`."""
    demand_no_password(arguments)
    parser = _parser("image tree", "Show what belongs to IMAGE: its parts, and what is attached.")
    add_json_option(parser)
    options = parser.parse_args(arguments, LookOptions())
    with told_as_json({"tree": None}, wanted=options.json):
        found = image_tree(options.image, options=registry_options(options, options.image))
    if options.json:
        output.say_json({"keyless": 1, "error": None, "tree": found.to_json()})
    else:
        output.say(str(found))
    return output.DONE


def where(arguments: Sequence[str]) -> int:
    """Run `keyless image triangulate`."""
    demand_no_password(arguments)
    parser = _parser(
        "image triangulate",
        "Say under which tag legacy signatures of IMAGE would be; nobody looks whether they are.",
    )
    parser.add_argument(
        "--kind", choices=KINDS, default="signature", help="where something else would be"
    )
    options = parser.parse_args(arguments, KindOptions())
    registry = registry_options(options, options.image)
    output.say(triangulate(options.image, options.kind, options=registry))
    return output.DONE


def tags(arguments: Sequence[str]) -> int:
    """Run `keyless image ls`."""
    demand_no_password(arguments)
    parser = _parser("image ls", "List the tags of the repository that IMAGE is in.")
    parser.add_argument(
        "--all", action="store_true", help="those as well under which signatures are kept"
    )
    add_json_option(parser)
    options = parser.parse_args(arguments, TagOptions())
    with told_as_json({"tags": None}, wanted=options.json):
        found = image_tags(options.image, options=registry_options(options, options.image))
        named = [tag for tag in found if options.all or not _ABOUT.fullmatch(tag)]
    if options.json:
        output.say_json({"keyless": 1, "error": None, "tags": [*named]})
        return output.DONE
    for tag in named:
        output.say(shown(tag, longest=140))
    return output.DONE


def _parser(command: str, description: str) -> Parser:
    parser = Parser(command, description=description, epilog=f"{IMAGES}\n\n{EXIT_CODES}")
    parser.add_argument("image", metavar="IMAGE", help="which image: see below")
    add_registry_options(parser)
    return parser
