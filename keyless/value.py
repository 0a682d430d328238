# SPDX-License-Identifier: Apache-2.0
"""What a value is in this house: named fields, fixed once, compared by content.

    @value
    class Window:
        start: datetime
        end: datetime | None = None

`dataclasses` says the same, but compiles half a dozen methods for each class it sees: 0.4 ms a
class, which adds up to a fifth of the time from starting `keyless verify` to its verdict
(docs/decisions/0001). Type checkers see a frozen, keyword-only dataclass either way.

A value keeps its fields in `__dict__`, so it pickles and copies without further help. A class that
holds something that does not pickle (a key, a certificate) says in `__reduce__` which bytes to
keep. One that takes a field by position, or refuses some contents, writes its own `__init__`, which
puts its fields into `self.__dict__`.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeVar, dataclass_transform, get_origin

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True)
def value(cls: type[T]) -> type[T]:
    """Make *cls* a value: its annotated names become fields, class attributes their defaults."""
    fields = tuple(
        name for name, kind in cls.__annotations__.items() if not _is_class_variable(kind)
    )
    every = frozenset(fields)
    defaults = {name: cls.__dict__[name] for name in fields if name in cls.__dict__}
    required = every.difference(defaults)

    def __init__(self: object, **given: object) -> None:  # noqa: N807 - it becomes the class's own
        if given.keys() != every:
            _check_names(cls, given, required, every)
            self.__dict__.update(defaults)
        self.__dict__.update(given)

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"  # by which Python's own errors call it

    def __hash__(self: object) -> int:  # noqa: N807 - likewise
        return hash((cls, *(self.__dict__[name] for name in fields)))

    def __repr__(self: object) -> str:  # noqa: N807 - likewise
        shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in fields)
        return f"{cls.__qualname__}({shown})"

    methods: dict[str, object] = {
        "__init__": __init__,
        "__eq__": _equal,
        "__hash__": __hash__,
        "__setattr__": _refuse_change,
        "__delattr__": _refuse_change,
        "__signature__": _Signature(fields, defaults),
    }
    if "__init__" in cls.__dict__:  # a class may make itself
        del methods["__init__"], methods["__signature__"]
    if "__repr__" not in cls.__dict__:  # and say better what it shows
        methods["__repr__"] = __repr__
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def replace(original: T, **changes: object) -> T:
    """Return a copy of *original*, a value, with some fields changed."""
    return type(original)(**{**original.__dict__, **changes})


def _is_class_variable(kind: object) -> bool:
    return kind is ClassVar or get_origin(kind) is ClassVar


def _check_names(
    cls: type, given: Mapping[str, object], required: frozenset[str], every: frozenset[str]
) -> None:
    if missing := required.difference(given):
        raise TypeError(f"{cls.__name__} needs {_listed(missing)}")
    if unknown := given.keys() - every:
        raise TypeError(f"{cls.__name__} has no {_listed(unknown)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _equal(self: object, other: object) -> bool:
    return type(self) is type(other) and self.__dict__ == other.__dict__


def _refuse_change(self: object, name: str, *_: object) -> None:
    raise AttributeError(f"{type(self).__name__} is a value: {name} cannot change")


class _Signature:
    """What `help()` shows for a class; built when asked for, as `inspect` loads slowly."""

    def __init__(self, fields: Iterable[str], defaults: Mapping[str, object]) -> None:
        self._fields = fields
        self._defaults = defaults

    def __get__(self, instance: object, owner: type) -> object:
        from inspect import Parameter, Signature  # noqa: PLC0415 - see the class's docstring

        absent = Parameter.empty
        parameters = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=self._defaults.get(name, absent))
            for name in self._fields
        ]
        return Signature(parameters)
