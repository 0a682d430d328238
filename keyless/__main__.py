# SPDX-License-Identifier: Apache-2.0
"""`python -m keyless`: the command, where it is not on the path."""

import sys

from keyless.cli import main

sys.exit(main())
