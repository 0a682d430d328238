# SPDX-License-Identifier: Apache-2.0
"""Executes a notebook, as a server does; meanwhile its file holds what its cells show now.

python -m tests.login_real.notebook_run FILE SECONDS
"""

import sys
import threading
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(path: Path, seconds: int) -> int:
    """Execute the notebook at *path*; what goes wrong in a cell is told on standard output."""
    notebook: Any = nbformat.read(path, as_version=4)
    is_over = threading.Event()
    saving = threading.Thread(target=_save_now_and_then, args=(notebook, path, is_over))
    saving.start()
    try:
        NotebookClient(notebook, timeout=seconds, kernel_name="python3").execute()
    except CellExecutionError as error:
        sys.stdout.write(str(error))
        return 1
    finally:
        is_over.set()
        saving.join()
        _save(notebook, path)
    return 0


def _save_now_and_then(notebook: Any, path: Path, is_over: threading.Event) -> None:
    while not is_over.wait(0.1):
        _save(notebook, path)


def _save(notebook: Any, path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_text(nbformat.writes(notebook))
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
