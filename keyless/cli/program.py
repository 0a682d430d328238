# SPDX-License-Identifier: Apache-2.0
"""What whoever reads an example has to type, to run this very command."""

import os
import shlex
import shutil
import sys


def program() -> str:
    """Return `keyless`, or the path by which it was called where that name finds another, or none.

    In a virtual environment that nobody activated, `keyless` alone would be not found.
    """
    called = sys.argv[0]
    if os.path.basename(called) != "keyless" or shutil.which("keyless") == called:
        return "keyless"
    return shlex.quote(called)
