# SPDX-License-Identifier: Apache-2.0
"""A proof that an entry is in a log, drawn: from the entry's leaf up to the root that is signed.

root of 0…6  9f86d081884c7d65
├─ root of 0…3  3b1c7a3f8de0f9c1
└─ root of 4…6  aa10d9b5f20c4e77
  ├─ root of 4…5  5feceb66ffc86f38
  │ ├─ leaf 4  d4735e3a265e16ee  ◄ this entry
  │ └─ leaf 5  4e07408562bedb8b
  └─ leaf 6  6b51d431df5d7f14
"""

from collections.abc import Iterator

from keyless.protocol.entry import InclusionProof
from keyless.protocol.merkle import node_hash
from keyless.protocol.tiles import inclusion_ranges
from keyless.safe_text import shown
from keyless.value import value

_DIGITS = 16
_THIS = "  ◄ this entry"
_ROW, _STEP, _CHARACTER, _MARGIN = 24, 20, 8, 10


@value
class Node:
    """A node of a tree: the *leaves* under it, and its *hash*."""

    leaves: range
    hash: bytes

    def __str__(self) -> str:
        first, last = self.leaves[0], self.leaves[-1]
        what = f"leaf {first}" if first == last else f"root of {first}…{last}"
        return f"{what}  {self.hash.hex()[:_DIGITS]}"


@value
class Step:
    """From a node of the way and its sibling, in the order of their leaves, to the *parent*."""

    left: Node
    right: Node
    parent: Node


@value
class Proof:
    """The *hashes* beside the way from *leaf*, at *index*, to the *root* of a tree of *size*.

    *origin* says who signs for that root; nothing, when nobody does.
    """

    leaf: bytes
    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    origin: str

    @classmethod
    def of(cls, leaf: bytes, proof: InclusionProof) -> "Proof":
        """Return *proof*, by which *leaf* is in its tree."""
        checkpoint = proof.checkpoint
        return cls(
            leaf=leaf,
            index=proof.index,
            size=proof.size if checkpoint is None else checkpoint.size,
            root=proof.root if checkpoint is None else checkpoint.root,
            hashes=proof.hashes,
            origin="" if checkpoint is None else checkpoint.origin,
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The way up, step by step; none if there are not as many hashes as it takes."""
        if not 0 <= self.index < self.size:
            return ()
        beside = inclusion_ranges(self.index, size=self.size)
        return tuple(self._steps(beside)) if len(beside) == len(self.hashes) else ()

    @property
    def leads_to_root(self) -> bool:
        """Whether the way ends at the root."""
        steps = self.steps
        if not steps:
            alone = (self.index, self.size, self.hashes) == (0, 1, ())
            return alone and self.leaf == self.root
        return steps[-1].parent.hash == self.root

    def svg(self) -> str:
        """Draw it as a picture, which has no colours of its own."""
        lines = self._lines()
        width = max(
            2 * _MARGIN + line.depth * _STEP + len(line.words) * _CHARACTER for line in lines
        )
        height = 2 * _MARGIN + len(lines) * _ROW
        title = shown(self._summary(), medium="html")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" font-family="monospace" '
            f'font-size="12" fill="currentColor"><title>{title}</title>{_svg_lines(lines)}</svg>'
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        # What is shown as SVG is an image to some notebooks, which has not the colours of its page.
        return f'<div style="overflow:auto">{self.svg()}</div>'

    def __repr__(self) -> str:
        return f"Proof({self._summary()})"

    def __str__(self) -> str:
        drawn = "\n".join(f"{line.rails}{line.words}" for line in self._lines())
        return f"{self._summary()}\n{drawn}"

    def _summary(self) -> str:
        tree = f"a tree of {self.size}"
        signed = (
            f", for which {shown(self.origin)} signs" if self.origin else ", which nobody signs"
        )
        holds = "leads to the root" if self.leads_to_root else "DOES NOT LEAD to the root"
        return f"leaf {self.index} {holds} of {tree}{signed}"

    def _steps(self, beside: list[range]) -> Iterator[Step]:
        node = Node(leaves=range(self.index, self.index + 1), hash=self.leaf)
        for leaves, hash_ in zip(beside, self.hashes, strict=True):
            sibling = Node(leaves=leaves, hash=hash_)
            pair = (node, sibling) if node.leaves.start < leaves.start else (sibling, node)
            parent = Node(
                leaves=range(pair[0].leaves.start, pair[1].leaves.stop),
                hash=node_hash(pair[0].hash, pair[1].hash),
            )
            yield Step(left=pair[0], right=pair[1], parent=parent)
            node = parent

    def _lines(self) -> "list[_Line]":
        """List what is drawn, from the root down."""
        steps = self.steps
        alone = Node(leaves=range(self.index, self.index + 1), hash=self.leaf)
        top = steps[-1].parent if steps else alone
        return [self._line(top, "", 0), *self._below(steps, "", 1)]

    def _below(self, steps: tuple[Step, ...], rails: str, depth: int) -> "list[_Line]":
        """List what is under the parent of the last of *steps*."""
        if not steps:
            return []
        step, lower = steps[-1], steps[:-1]
        left = self._line(step.left, f"{rails}├─ ", depth)
        right = self._line(step.right, f"{rails}└─ ", depth)
        if self.index in step.left.leaves:
            return [left, *self._below(lower, f"{rails}│ ", depth + 1), right]
        return [left, right, *self._below(lower, f"{rails}  ", depth + 1)]

    def _line(self, node: Node, rails: str, depth: int) -> "_Line":
        is_this = node.leaves == range(self.index, self.index + 1)
        return _Line(words=f"{node}{_THIS if is_this else ''}", rails=rails, depth=depth)


@value
class _Line:
    words: str
    rails: str
    depth: int


def _svg_lines(lines: list[_Line]) -> str:
    """Write each of *lines*, and the edge from the one it hangs on, the last of less depth."""
    parts, above = [], dict[int, int]()
    for row, line in enumerate(lines):
        x, y = _MARGIN + line.depth * _STEP, _MARGIN + row * _ROW + _ROW // 2
        words = shown(line.words, medium="html")
        weight = ' font-weight="bold"' if line.words.endswith(_THIS) else ""
        parts.append(f'<text x="{x}" y="{y + 4}"{weight}>{words}</text>')
        if line.depth:
            start = above[line.depth - 1] + _ROW // 3
            path = f"M{x - _STEP + 4} {start}V{y}H{x - 4}"
            parts.append(f'<path d="{path}" fill="none" stroke="currentColor" opacity="0.5"/>')
        above[line.depth] = y
    return "".join(parts)
