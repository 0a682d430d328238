# SPDX-License-Identifier: Apache-2.0
"""Run every notebook from a clean kernel, and see that none was saved with what it printed.

Outputs are not kept: they would hold times and keys of one run, and hide that a cell fails today.
Whoever runs one keeps them all the same, and gives the file away: so none may show a token.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parent
SECONDS = 120
# A header and a claim set in base64url, both of which begin a JSON object, and a signature.
TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


def main() -> int:
    """Execute each notebook beside this file, and say what became of it."""
    failed = 0
    paths = sorted(FOLDER.glob("*.ipynb"))
    for path in paths:
        problem = _problem(path)
        failed += problem is not None
        print(f"{path.name}: {problem or 'runs'}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


def _problem(path: Path) -> str | None:
    notebook = nbformat.read(path, as_version=4)
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells):
        return "it was saved with its outputs; clear them"
    try:
        NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute(cwd=str(FOLDER))
    except CellExecutionError as error:
        return f"a cell fails\n{error}"
    return "it shows a token" if TOKEN.search(nbformat.writes(notebook)) else None


if __name__ == "__main__":
    sys.exit(main())
