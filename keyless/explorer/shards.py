# SPDX-License-Identifier: Apache-2.0
"""All logs of an instance, by their names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from keyless.errors import InputError, NoSuchEntry
from keyless.explorer.directory import KnownLog, log_called
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.opening import open_known
from keyless.explorer.shard import Shard
from keyless.explorer.tree_v1 import TreeV1, find_tree
from keyless.instance import Sigstore
from keyless.report import Row, html, text
from keyless.safe_text import shown

Face = TypeVar("Face")


class Shards(Mapping[str, Face]):
    """The logs of an instance by their names, and the trees of those of version 1 by their numbers.

    `log2025-1` will do for `log2025-1.rekor.example`. To list the trees, their logs are asked. Each
    comes with the *face* that whoever looks things up sees.
    """

    def __init__(
        self, face: Callable[[Shard], Face], sigstore: Sigstore, known: Sequence[KnownLog]
    ) -> None:
        self._face = face
        self._sigstore = sigstore
        self._known = tuple(known)

    def __getitem__(self, name: str) -> Face:
        if name.isascii() and name.isdecimal():
            return self._face(self._tree(int(name)))
        return self._face(open_known(log_called(name, self._known), self._sigstore))

    def __iter__(self) -> Iterator[str]:
        for known in self._known:
            if known.version == 1:
                yield from (str(tree.tree_id) for tree in self._v1(known).trees())
            else:
                yield known.name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self[name] is not None
        except InputError:
            return False

    def __repr__(self) -> str:
        names = ", ".join(f"{shown(it.name)} (version {it.version})" for it in self._known)
        return f"Shards({names})"

    def __str__(self) -> str:
        return text(self._title(), tuple(self._rows()))

    def _repr_html_(self) -> str:
        return html(self._title(), tuple(self._rows()))

    def _tree(self, tree_id: int) -> TreeV1:
        for known in self._known:
            if known.version == 1 and (tree := find_tree(self._v1(known), tree_id)) is not None:
                return tree
        raise NoSuchEntry(f"no log has a tree {tree_id}", hint=f"there are {', '.join(self)}")

    def _v1(self, known: KnownLog) -> LogV1:
        return LogV1(known, self._sigstore.transport, trusted_root=self._sigstore.trusted_root)

    def _title(self) -> str:
        return f"logs of {self._sigstore.name}"

    def _rows(self) -> Iterator[Row]:
        for known in self._known:
            if known.version == 1:
                for tree in self._v1(known).trees():
                    what = f"entries {tree.offset} to {tree.end - 1}" if tree.size else "no entries"
                    yield str(tree.tree_id), f"version 1, {what}", f"{known.url}, {known.window}"
            else:
                yield known.name, "version 2", f"{known.url}, {known.window}"
