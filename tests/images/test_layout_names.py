# SPDX-License-Identifier: Apache-2.0
"""A layout is named by its path; what follows a colon is a tag, unless the path has it."""

from pathlib import Path

import pytest

from keyless.errors import InputError
from keyless.images.layout_names import is_layout, layout_named, split_layout

DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("text", "path", "named"),
    [
        ("app.tar", "app.tar", ""),
        ("app.tar:1.2", "app.tar", "1.2"),
        (f"app.tar@{DIGEST}", "app.tar", DIGEST),
        (f"a@b/app.tar@{DIGEST}", "a@b/app.tar", DIGEST),
        ("me@home", "me@home", ""),
        ("C:\\images\\app.tar", "C:\\images\\app.tar", ""),
        ("C:\\images\\app.tar:1.2", "C:\\images\\app.tar", "1.2"),
        ("/images:old/app", "/images:old/app", ""),
    ],
)
def test_a_path_is_told_from_what_names_the_image(text: str, path: str, named: str) -> None:
    """The last colon counts, if what follows can be a tag."""
    assert split_layout(text) == (path, named)


def test_what_is_there_is_not_taken_apart(tmp_path: Path) -> None:
    """A folder may have a colon in its name."""
    (tmp_path / "app:1.2").mkdir()
    path = str(tmp_path / "app:1.2")
    assert split_layout(path) == (path, "")
    assert split_layout(f"{path}:1.3") == (path, "1.3")


def test_a_name_with_a_nul_is_no_path() -> None:
    """It is left to whoever opens it to say so."""
    assert split_layout("a\0b") == ("a\0b", "")


def test_a_layout_has_a_prefix(tmp_path: Path) -> None:
    """By which it is told from a registry."""
    assert is_layout("oci:app.tar")
    assert not is_layout("ghcr.io/me/oci:1.2")
    layout, named = layout_named(f"oci:{tmp_path}/app.tar:1.2")
    assert (layout.name, named) == (f"oci:{tmp_path}/app.tar", "1.2")
    with pytest.raises(InputError, match="names no layout"):
        layout_named("oci:")
