# SPDX-License-Identifier: Apache-2.0
"""Builds what Debian does not have: crane, and a registry that knows referrers.

python -m tests.images_real.install

Both are of one Go module, and are kept where the other real servers are. Without Go, they are
missing, and the tests that want them say so.
"""

import shutil
import sys

from tests.peers.stack.install import alone, build, build_registry
from tests.peers.stack.programs import BY_NAME, cache


def main() -> int:
    """Build what is missing, if that can be done here."""
    if shutil.which("go") is None:
        sys.stderr.write("THIS DID NOT RUN: what needs crane, or referrers: there is no go here\n")
        return 0
    cache().mkdir(parents=True, exist_ok=True)
    with alone():
        build(BY_NAME["crane"])
        build_registry()
    return 0


if __name__ == "__main__":
    sys.exit(main())
