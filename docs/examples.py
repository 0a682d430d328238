# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin that runs each Python block of README.md and docs/ (`nox -s docs`)."""

from pathlib import Path

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).resolve().parents[1]

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], path=str(ROOT), patterns=["*.md"]
).pytest()
