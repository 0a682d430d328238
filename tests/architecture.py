# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/architecture.md: each a function from the house to what breaks the rule."""

import ast
import graphlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)

# Foundations first: a room may import its own layer and those listed before it.
LAYERS = (
    {"errors", "value", "safe_text"},
    {"protocol"},
    {"evidence", "report"},
    {"policy"},
    {"verification"},
    {"batch"},
    {"services", "files"},
    {"instance"},
    {"auth", "credential"},
    {"signing", "disclosure"},
    {"session", "images", "explorer"},
    {"facade", "interop"},
    {"sandbox"},
    {"cli", "pytest_plugin"},
    {"__init__", "__main__"},
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

# The layers up to batch decide, and know neither clock nor disk nor network.
PURE_ROOMS = {room for room, rank in RANK.items() if rank <= RANK["batch"]}
IMPURE_MODULES = {
    "io",
    "logging",
    "os",
    "pathlib",
    "secrets",
    "socket",
    "threading",
    "time",
    "urllib",
}
CLOCKS = {"now", "today", "utcnow"}
IMPURE_BUILTINS = {"input", "open", "print"}

# Where each dependency enters: a module, or a room and everything in it. A second door is a
# decision: it joins this table with its reason. `cryptography` needs none: it is our alphabet.
DOORS: Mapping[str, tuple[str, ...]] = {
    "requests": ("keyless.services.http",),
    "urllib3": ("keyless.services.http",),
    "tuf": ("keyless.services.trust",),
    "sigstore": ("keyless.interop",),
    "jwt": ("keyless.protocol.token", "keyless.protocol.id_token"),  # read, and verified
    "id": ("keyless.auth.ci",),
    "IPython": ("keyless.auth.notebook_card",),
    "keyring": ("keyless.auth.session_cache",),
    "pandas": ("keyless.explorer.tables",),
    "matplotlib": ("keyless.explorer.plots",),
    "rich": ("keyless.cli",),
    "cryptography.hazmat.asn1": (),  # unstable, and slow to import: docs/decisions/0002
    "dataclasses": (),  # slow to define: docs/decisions/0001
}

EVIDENCE = re.compile(r"Verified([A-Z]\w*)?")
MOST_LINES = 300


@dataclass(frozen=True)
class Module:
    """One source file of the house."""

    name: str
    lines: int
    tree: ast.Module

    @property
    def room(self) -> str:
        """The file or folder directly under keyless/ that this module is, or is in."""
        return room_of(self.name)


House = Mapping[str, Module]
Rule = Callable[[House], list[str]]


def room_of(name: str) -> str:
    """Return the room of the dotted *name*; `keyless` itself is the room `__init__`."""
    return [*name.split("."), "__init__"][1]


def read_house(folder: Path) -> House:
    """Read every module of the package in *folder*."""
    return build_house(
        {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))
        }
    )


def build_house(sources: Mapping[str, str]) -> House:
    """Parse *sources*: text by path under keyless/."""
    modules = (
        Module(_name(path), len(text.splitlines()), ast.parse(text, path))
        for path, text in sources.items()
    )
    return {module.name: module for module in modules}


def imports_point_down(house: House) -> list[str]:
    """Rule 1: a module imports its own layer and those below it."""
    top = len(LAYERS)
    return [
        f"{module.name} imports {name}"
        for module, name in _imports(house)
        if _is(name, "keyless") and RANK.get(room_of(name), top) > RANK.get(module.room, top)
    ]


def every_room_has_a_layer(house: House) -> list[str]:
    """Rule 1: a new room takes its place among the others."""
    rooms = {module.room for module in house.values()}
    return [f"{room} has no layer" for room in sorted(rooms - RANK.keys())]


def imports_form_no_circle(house: House) -> list[str]:
    """Rule 1: nor do they within a room, where ranks see nothing."""
    graph: dict[str, set[str]] = {name: set() for name in house}
    for module, name in _imports(house):
        target = _nearest(name, house)
        if target and target != module.name:
            graph[module.name].add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def imports_are_absolute(house: House) -> list[str]:
    """Rule 1: what a module imports can be read off the line."""
    return [
        f"{module.name}:{node.lineno} imports relatively"
        for module, node in _nodes(house, ast.ImportFrom)
        if node.level
    ]


def no_import_is_for_types_alone(house: House) -> list[str]:
    """Rule 1: a TYPE_CHECKING block hides a type that is in the wrong file."""
    return [
        f"{module.name}:{node.lineno} uses TYPE_CHECKING"
        for module, node in _nodes(house, ast.expr)
        if _last_name(node) == "TYPE_CHECKING"
    ]


def dependencies_have_one_door(house: House) -> list[str]:
    """Rule 2: each dependency enters through the modules that DOORS names."""
    return [
        f"{module.name} imports {name}"
        for module, name in _imports(house)
        for dependency, doors in DOORS.items()
        if _is(name, dependency) and not any(_is(module.name, door) for door in doors)
    ]


def the_pure_half_is_pure(house: House) -> list[str]:
    """Rule 3: no disk, clock, network, randomness or thread where the verdict is reached."""
    pure = {name: module for name, module in house.items() if module.room in PURE_ROOMS}
    imports = [
        f"{module.name} imports {name}"
        for module, name in _imports(pure)
        if name.split(".")[0] in IMPURE_MODULES
    ]
    clocks = [
        f"{module.name}:{node.lineno} asks a clock: .{node.attr}"
        for module, node in _nodes(pure, ast.Attribute)
        if node.attr in CLOCKS
    ]
    builtins = [
        f"{module.name}:{node.lineno} calls {node.func.id}"
        for module, node in _nodes(pure, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS
    ]
    return imports + clocks + builtins


def evidence_is_minted_in_one_place(house: House) -> list[str]:
    """Rule 4: only verification says that something was verified."""
    return [
        f"{module.name}:{node.lineno} makes {_last_name(node.func)}"
        for module, node in _nodes(house, ast.Call)
        if EVIDENCE.fullmatch(_last_name(node.func)) and module.room != "verification"
    ]


def public_names_are_not_modules(house: House, public: Iterable[str]) -> list[str]:
    """Rule 5: `import keyless.x as x` must not give another thing than `keyless.x`."""
    rooms = {module.room for module in house.values()}
    return [f"{name} is both public and a module" for name in sorted(rooms.intersection(public))]


def modules_are_short(house: House) -> list[str]:
    """Say which module holds more than one can keep in mind."""
    return [
        f"{module.name} has {module.lines} lines"
        for module in house.values()
        if module.lines > MOST_LINES
    ]


RULES: tuple[Rule, ...] = (
    imports_point_down,
    every_room_has_a_layer,
    imports_form_no_circle,
    imports_are_absolute,
    no_import_is_for_types_alone,
    dependencies_have_one_door,
    the_pure_half_is_pure,
    evidence_is_minted_in_one_place,
    modules_are_short,
)


def _name(path: str) -> str:
    """Return the dotted name of the module at *path* under keyless/."""
    return ".".join(["keyless", *path.removesuffix(".py").split("/")]).removesuffix(".__init__")


def _imports(house: House) -> Iterator[tuple[Module, str]]:
    """Yield each thing that is imported absolutely, by its full dotted name."""
    for module, imported in _nodes(house, ast.Import):
        yield from ((module, alias.name) for alias in imported.names)
    for module, source in _nodes(house, ast.ImportFrom):
        if not source.level:
            yield from ((module, f"{source.module}.{alias.name}") for alias in source.names)
    for module, call in _nodes(house, ast.Call):
        if _last_name(call.func) in {"import_module", "__import__"}:
            names = (arg.value for arg in call.args[:1] if isinstance(arg, ast.Constant))
            yield from ((module, name) for name in names if isinstance(name, str))


def _nodes(house: House, kind: type[Node]) -> Iterator[tuple[Module, Node]]:
    """Yield every node of *kind*, with the module that holds it."""
    for module in house.values():
        for node in ast.walk(module.tree):
            if isinstance(node, kind):
                yield module, node


def _last_name(node: ast.AST) -> str:
    """Return what a reader would call *node*: `name`, or the last part of `some.name`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is(name: str, package: str) -> bool:
    """Say whether *name* is *package*, or something in it."""
    return f"{name}.".startswith(f"{package}.")


def _nearest(name: str, house: House) -> str:
    """Return the module that *name* is, or is defined in; nothing for what is not ours."""
    while name and name not in house:
        name = name.rpartition(".")[0]
    return name
