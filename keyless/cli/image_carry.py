# SPDX-License-Identifier: Apache-2.0
"""`keyless image copy`, `save` and `load`: an image to another place, with its signatures."""

import gc
from collections.abc import Callable, Sequence

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
from keyless.cli.transfer_bar import TransferBar
from keyless.facade.carrying import copy_image, load_image, save_image
from keyless.images.carry import CarriedImage
from keyless.images.transfer import Progress

Carry = Callable[[Progress], CarriedImage]

WITH_IT = """\
With the image go its parts, and all that is attached to any of them: signatures, attestations, and
whatever else refers to it. What is there already is not sent again."""


class CarryOptions(RegistryWords):
    """What each of these commands was told."""

    source: str
    target: str
    platform: str | None


def copy(arguments: Sequence[str]) -> int:
    """Run `keyless image copy`."""
    parser = _parser("image copy", "Copy the image SOURCE to TARGET, with its signatures.")
    parser.add_argument("source", metavar="SOURCE", help="which image: see below")
    parser.add_argument("target", metavar="TARGET", help="where to; without a tag, by SOURCE's")
    options = _options(parser, arguments)
    registry = registry_options(options, options.source, options.target)
    return _run(
        options,
        lambda progress: copy_image(
            options.source,
            options.target,
            platform=options.platform,
            progress=progress,
            options=registry,
        ),
    )


def save(arguments: Sequence[str]) -> int:
    """Run `keyless image save`."""
    parser = _parser(
        "image save",
        "Save IMAGE to PATH, as an OCI layout: an archive if it ends in .tar, else a folder.",
    )
    parser.add_argument("source", metavar="IMAGE", help="which image: see below")
    parser.add_argument("target", metavar="PATH", help="where to; added to what is there")
    options = _options(parser, arguments)
    registry = registry_options(options, options.source)
    return _run(
        options,
        lambda progress: save_image(
            options.source,
            options.target,
            platform=options.platform,
            progress=progress,
            options=registry,
        ),
    )


def load(arguments: Sequence[str]) -> int:
    """Run `keyless image load`."""
    parser = _parser("image load", "Push the image in the OCI layout at PATH to IMAGE.")
    parser.add_argument("source", metavar="PATH", help="as in app.tar, or app.tar:1.2 of several")
    parser.add_argument("target", metavar="IMAGE", help="where to; without a tag, by the layout's")
    options = _options(parser, arguments)
    registry = registry_options(options, options.target)
    return _run(
        options,
        lambda progress: load_image(
            options.source,
            options.target,
            platform=options.platform,
            progress=progress,
            options=registry,
        ),
    )


def _parser(command: str, description: str) -> Parser:
    epilog = f"{IMAGES}\n\n{WITH_IT}\n\n{EXIT_CODES}"
    parser = Parser(command, description=description, epilog=epilog)
    parser.add_argument(
        "--platform", metavar="OS/ARCH", help="only this part of a multi-platform image"
    )
    add_json_option(parser)
    add_registry_options(parser)
    return parser


def _options(parser: Parser, arguments: Sequence[str]) -> CarryOptions:
    demand_no_password(arguments)
    options = parser.parse_args(arguments, CarryOptions())
    gc.enable()  # main() does without for what is over at once: this may be many gigabytes
    return options


def _run(options: CarryOptions, carry: Carry) -> int:
    with told_as_json({"image": None}, wanted=options.json), TransferBar() as bar:
        carried = carry(bar.tell)
    if options.json:
        output.say_json({"keyless": 1, "error": None, "image": carried.to_json()})
    else:
        output.say(str(carried))
    return output.DONE
