# SPDX-License-Identifier: Apache-2.0
"""Who judges bundles: `keyless`, `sigstore_python`, and the `floor`; a file each.

None imports what only another needs, so that each can be measured in a process that holds nothing
else. Each gets what stays the same from bundle to bundle (trust, names, digests) ready made.
"""

from collections.abc import Callable
from importlib import import_module

from benchmarks.material import Material

Pass = Callable[[], None]


def prepared(name: str, material: Material) -> Pass:
    """Return a call by which *name* parses and verifies all of *material*, or raises."""
    judge_all: Pass = import_module(f"benchmarks.contestants.{name}").prepare(material)
    return judge_all
