# SPDX-License-Identifier: Apache-2.0
"""Values: made by name, never changed, equal by content."""

import copy
import inspect
import pickle
from typing import ClassVar

import pytest

from keyless.value import replace, value


@value
class Point:
    """A value with a default."""

    dimensions: ClassVar[int] = 2
    unit: ClassVar = "metre"

    x: int
    y: int = 0

    @property
    def sum(self) -> int:
        """Something computed from the fields."""
        return self.x + self.y


@value
class OtherPoint:
    """The same fields, another class."""

    x: int
    y: int = 0


@value
class Name:
    """A value that takes its field by position, and says better what it shows."""

    text: str

    def __init__(self, text: str) -> None:
        self.__dict__["text"] = text.strip()

    def __repr__(self) -> str:
        return f"<{self.text}>"


@value
class Nothing:
    """A value without fields."""


def test_fields_are_given_by_name() -> None:
    """Defaults fill in what is not given."""
    assert (Point(x=1).x, Point(x=1).y, Point(x=1, y=2).y) == (1, 0, 2)


def test_fields_are_not_given_by_position() -> None:
    """Two numbers in a row say nothing about which is which."""
    with pytest.raises(TypeError, match=r"^Point\.__init__\(\) takes 1 positional argument"):
        Point(1, 2)  # type: ignore[call-arg]  # what is tested


def test_missing_fields_are_named() -> None:
    """The error names what is needed, and nothing that has a default."""
    with pytest.raises(TypeError, match=r"^Point needs x$"):
        Point()  # type: ignore[call-arg]  # what is tested


def test_unknown_fields_are_named() -> None:
    """A misspelt field is not swallowed."""
    with pytest.raises(TypeError, match=r"^Point has no w, z$"):
        Point(x=1, z=3, w=4)  # type: ignore[call-arg]  # what is tested


def test_class_variables_are_not_fields() -> None:
    """They belong to all values of the class."""
    with pytest.raises(TypeError, match="Point has no dimensions"):
        Point(x=1, dimensions=3)  # type: ignore[call-arg]  # what is tested
    assert (Point(x=1).dimensions, Point(x=1).unit) == (2, "metre")


def test_fields_never_change() -> None:
    """Nor are any added or taken away."""
    point = Point(x=1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError, match=f"Point is a value: {name} cannot change"):
            setattr(point, name, 5)
    with pytest.raises(AttributeError, match="x cannot change"):
        del point.x
    assert point == Point(x=1)


def test_values_with_the_same_content_are_equal() -> None:
    """A default that is spelled out is the same."""
    assert Point(x=1) == Point(x=1, y=0)
    assert hash(Point(x=1)) == hash(Point(x=1, y=0))


def test_values_with_other_content_differ() -> None:
    """In any field."""
    assert len({Point(x=1), Point(x=2), Point(x=1, y=1)}) == 3


def test_values_of_different_classes_differ() -> None:
    """A point is not what happens to have the same coordinates."""
    assert Point(x=1) != OtherPoint(x=1)
    assert Point(x=1) != {"x": 1, "y": 0}
    assert len({Point(x=1), OtherPoint(x=1)}) == 2


def test_value_shows_its_fields() -> None:
    """As one would write it."""
    assert repr(Point(x=1)) == "Point(x=1, y=0)"
    assert repr(Nothing()) == "Nothing()"


def test_value_keeps_its_own_constructor_and_looks() -> None:
    """A class that writes them knows why; the rest is as in any value."""
    name = Name(" Jane ")
    assert (name.text, repr(name)) == ("Jane", "<Jane>")
    assert name == Name("Jane")
    assert str(inspect.signature(Name)) == "(text: str) -> None"
    with pytest.raises(AttributeError, match="text cannot change"):
        name.text = "John"  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize("original", [Point(x=1, y=2), Name("Jane"), Nothing()])
def test_values_are_copied_and_pickled(original: object) -> None:
    """They cross from one process to another."""
    assert pickle.loads(pickle.dumps(original)) == original
    assert copy.copy(original) == copy.deepcopy(original) == original


def test_replace_changes_some_fields_of_a_copy() -> None:
    """The original stays as it was."""
    point = Point(x=1, y=2)
    assert replace(point, y=5) == Point(x=1, y=5)
    assert point == Point(x=1, y=2)


def test_replace_refuses_unknown_fields() -> None:
    """As the constructor does."""
    with pytest.raises(TypeError, match="Point has no z"):
        replace(Point(x=1), z=3)


def test_help_shows_the_fields() -> None:
    """Each by name, with its default."""
    assert str(inspect.signature(Point)) == "(*, x, y=0)"
    assert str(inspect.signature(Nothing)) == "()"
