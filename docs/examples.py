# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin that runs each Python block of README.md and docs/ (`nox -s docs`)."""

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["*.md"]).pytest()
