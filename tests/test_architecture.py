# SPDX-License-Identifier: Apache-2.0
"""The house keeps its rules, and each rule notices when it is broken."""

from pathlib import Path

import pytest

import keyless
from tests.architecture import (
    MOST_LINES,
    RULES,
    Rule,
    build_house,
    dependencies_have_one_door,
    every_room_has_a_layer,
    evidence_is_minted_in_one_place,
    imports_are_absolute,
    imports_form_no_circle,
    imports_point_down,
    modules_are_short,
    no_import_is_for_types_alone,
    public_names_are_not_modules,
    read_house,
    the_pure_half_is_pure,
)

HOUSE = read_house(Path(keyless.__file__).parent)  # of the checkout, or of the installed wheel

# One file that breaks a rule, and what is to be said of it.
BROKEN: dict[str, tuple[Rule, dict[str, str], str]] = {
    "policy asks a service": (
        imports_point_down,
        {"policy.py": "from keyless.services.http import send"},
        "keyless.policy imports keyless.services.http.send",
    ),
    "protocol asks its judge, in a function": (
        imports_point_down,
        {"protocol/keys.py": "def f() -> None:\n    import keyless.verification"},
        "keyless.protocol.keys imports keyless.verification",
    ),
    "a room uses the public face": (
        imports_point_down,
        {"cli/verify.py": "from keyless import Verified"},
        "keyless.cli.verify imports keyless.Verified",
    ),
    "a room nobody placed": (
        every_room_has_a_layer,
        {"utils.py": ""},
        "utils has no layer",
    ),
    "a circle inside a room": (
        imports_form_no_circle,
        {
            "protocol/a.py": "from keyless.protocol import b",
            "protocol/b.py": "from keyless.protocol.a import A",
        },
        "keyless.protocol.a <- keyless.protocol.b <- keyless.protocol.a",
    ),
    "a relative import": (
        imports_are_absolute,
        {"protocol/a.py": "from .b import B"},
        "keyless.protocol.a:1 imports relatively",
    ),
    "an import for types alone": (
        no_import_is_for_types_alone,
        {"batch.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import abc"},
        "keyless.batch:2 uses TYPE_CHECKING",
    ),
    "an import for types alone, spelled in full": (
        no_import_is_for_types_alone,
        {"batch.py": "import typing\nif typing.TYPE_CHECKING:\n    import abc"},
        "keyless.batch:2 uses TYPE_CHECKING",
    ),
    "requests by another door": (
        dependencies_have_one_door,
        {"services/fulcio.py": "import requests"},
        "keyless.services.fulcio imports requests",
    ),
    "sigstore by another door, by name": (
        dependencies_have_one_door,
        {"facade.py": "import importlib\nimportlib.import_module('sigstore.verify')"},
        "keyless.facade imports sigstore.verify",
    ),
    "a dependency without a door": (
        dependencies_have_one_door,
        {"protocol/der.py": "from cryptography.hazmat import asn1"},
        "keyless.protocol.der imports cryptography.hazmat.asn1",
    ),
    "an impure import": (
        the_pure_half_is_pure,
        {"evidence.py": "from os import path"},
        "keyless.evidence imports os.path",
    ),
    "a clock": (
        the_pure_half_is_pure,
        {"verification.py": "import datetime\ndatetime.datetime.now(datetime.UTC)"},
        "keyless.verification:2 asks a clock: .now",
    ),
    "a file, without any import": (
        the_pure_half_is_pure,
        {"report.py": "open('verdict.txt')"},
        "keyless.report:1 calls open",
    ),
    "evidence from elsewhere": (
        evidence_is_minted_in_one_place,
        {"facade.py": "from keyless.evidence import Verified\nVerified(signer=None)"},
        "keyless.facade:2 makes Verified",
    ),
    "evidence from elsewhere, by its module": (
        evidence_is_minted_in_one_place,
        {"policy.py": "from keyless import evidence\nevidence.VerifiedSigner()"},
        "keyless.policy:2 makes VerifiedSigner",
    ),
    "a long module": (
        modules_are_short,
        {"batch.py": "\n" * (MOST_LINES + 1)},
        "keyless.batch has 301 lines",
    ),
}

SOUND = {
    "__init__.py": "import importlib\nimportlib.import_module('keyless.facade')",
    "protocol/a.py": "from keyless.errors import ParseError\nimport keyless.protocol.b",
    "protocol/b.py": "from datetime import UTC, datetime\nfrom keyless import value",
    "protocol/token.py": "import jwt",
    "verification.py": "from keyless.evidence import Verified\nVerified()",
    "services/http.py": "import time, requests.adapters\ntime.now()",
    "services/identity.py": "import identify, tufted",
    "cli/__init__.py": "import keyless.cli.output",
    "cli/output.py": "from rich.progress import Progress\nprint('ok')",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Rule) -> None:
    """No module breaks the rule."""
    assert rule(HOUSE) == []


def test_no_public_name_is_a_module_name() -> None:
    """Importing a module of ours never yields a function of the same name."""
    assert public_names_are_not_modules(HOUSE, keyless.__all__) == []


@pytest.mark.parametrize(("rule", "sources", "violation"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_and_no_other(
    rule: Rule, sources: dict[str, str], violation: str
) -> None:
    """Breaking one rule once is reported by that rule, once, and by no other."""
    house = build_house(sources)
    found = {each.__name__: each(house) for each in RULES}
    assert {name: said for name, said in found.items() if said} == {rule.__name__: [violation]}


def test_a_public_name_that_is_a_module_is_named() -> None:
    """`keyless.verify()` and keyless/verify.py cannot both be."""
    house = build_house({"verify.py": "", "signing.py": ""})
    assert public_names_are_not_modules(house, ["verify", "sign"]) == [
        "verify is both public and a module"
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_house_breaks_no_rule(rule: Rule) -> None:
    """What the rules allow is not reported, however close it comes."""
    assert rule(build_house(SOUND)) == []
