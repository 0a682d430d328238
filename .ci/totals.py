# SPDX-License-Identifier: Apache-2.0
"""Add up pytest's JUnit files of one folder and print `N passed, N failed, N skipped`."""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET


def main(folder: Path) -> None:
    """Print the totals of every suite in *folder*; none at all is nothing passed."""
    total: Counter[str] = Counter()
    for results in sorted(folder.glob("*.xml")):
        for suite in ET.parse(results).iter("testsuite"):  # noqa: S314 - our own pytest wrote it
            for outcome in ("tests", "failures", "errors", "skipped"):
                total[outcome] += int(suite.get(outcome, "0"))
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{passed} passed, {failed} failed{skipped}")


main(Path(sys.argv[1]))
