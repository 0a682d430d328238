# SPDX-License-Identifier: Apache-2.0
"""Merkle trees as transparency logs grow them, and the two proofs about them (RFC 9162, 2.1).

    size 7     root               A node without a sibling is no node of its own: leaf 6 stands
             ┌───┴───┐            where its parent would.
           [0,4)   [4,7)
           ┌─┴─┐   ┌─┴─┐          An inclusion proof is the siblings on the way up: for leaf 4,
           …   … [4,6) 6          they are 5, 6 and [0,4).
                 ┌─┴─┐
                 4   5

A way up has two parts. Below the node that a leaf shares with the last leaf, every level has a
sibling, on the side that a bit of the index says; above it the way follows the right edge of the
tree, where siblings stand to the left only.
"""

from collections.abc import Sequence
from hashlib import sha256

from keyless.errors import Check, InputError, VerificationError

HASH_SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """Hash *data* as a leaf."""
    # The prefixes keep leaves and nodes apart: else a node's 64 bytes could pass for an entry.
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash the node over *left* and *right*."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of *leaves*; a tree without leaves has one as well."""
    level = leaves
    while len(level) > 1:
        level = _parents(level)
    return level[0] if level else sha256(b"").digest()


def prove_inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """List the hashes that lead from the one at *index* of *leaves* to their root."""
    if not 0 <= index < len(leaves):
        raise InputError(f"no leaf {index} in a tree of {len(leaves)} leaves")
    return _siblings(leaves, index)


def prove_each(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """List, for each of *leaves*, the hashes that lead from it to their root."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        levels.append(_parents(levels[-1]))
    return [_path(levels, index) for index in range(len(leaves))]


def prove_consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """List the hashes that show that the tree of the *first* leaves grew into that of *leaves*."""
    if not 0 <= first <= len(leaves):
        raise InputError(f"a tree of {len(leaves)} leaves was never one of {first}")
    if first in {0, len(leaves)}:
        return []
    # The way up starts at the largest node that ends where the first tree ended.
    level, node = leaves, first - 1
    while node & 1:
        level, node = _parents(level), node >> 1
    start = [level[node]] if node else []  # node 0 is the first root itself
    return start + _siblings(level, node)


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse unless *proof* leads from *leaf* at *index* to *root*, that of *size* leaves."""
    if not 0 <= index < size:
        raise VerificationError(
            f"there is no leaf {index} in a tree of {size} leaves",
            check=Check.INCLUSION,
            found=f"index {index}",
            wanted=f"an index below {size}",
        )
    shared = _levels_below_shared_node(index, size)
    _check_hashes(proof, shared + (index >> shared).bit_count(), Check.INCLUSION)
    computed = leaf
    for level, sibling in enumerate(proof):
        if level >= shared or index >> level & 1:
            computed = node_hash(sibling, computed)
        else:
            computed = node_hash(computed, sibling)
    if computed != root:
        raise VerificationError(
            "the inclusion proof leads to another root than the signed one",
            check=Check.INCLUSION,
            found=f"root {computed.hex()}",
            wanted=f"root {root.hex()}",
            hint="the entry was altered, or its proof belongs to another entry or tree",
        )


def verify_consistency(
    *, first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Refuse unless *proof* shows that the tree of *first* leaves grew into that of *second*."""
    if not 0 <= first <= second:
        raise VerificationError(
            f"a tree of {first} leaves cannot have grown into one of {second}",
            check=Check.CONSISTENCY,
            found=f"{second} leaves",
            wanted=f"{first} or more",
            hint="the log lost entries, or the two trees were exchanged",
        )
    if first in {0, second}:
        _check_hashes(proof, 0, Check.CONSISTENCY)
        if first == 0:  # any tree grew out of the empty one
            _check_root(root_hash([]), first_root, size=first)
        if first == second:
            _check_root(first_root, second_root, size=second)
        return
    # Both roots are computed from one node, the largest that ends where the first tree ended. A
    # first tree that is a power of two is that node; for any other, the node opens the proof.
    height = (first & -first).bit_length() - 1
    node = (first - 1) >> height
    shared = _levels_below_shared_node(node, ((second - 1) >> height) + 1)
    opening = 1 if node else 0
    count = opening + shared + (node >> shared).bit_count()
    _check_hashes(proof, count, Check.CONSISTENCY)
    old = new = proof[0] if opening else first_root
    for level, sibling in enumerate(proof[opening:]):
        if level >= shared or node >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:  # to the right of the first tree, which knew nothing of it
            new = node_hash(new, sibling)
    _check_root(old, first_root, size=first)
    _check_root(new, second_root, size=second)


def _levels_below_shared_node(index: int, size: int) -> int:
    return (index ^ (size - 1)).bit_length()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    parents = [node_hash(level[left], level[left + 1]) for left in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        parents.append(level[-1])
    return parents


def _siblings(level: Sequence[bytes], node: int) -> list[bytes]:
    siblings = []
    while len(level) > 1:
        if node ^ 1 < len(level):
            siblings.append(level[node ^ 1])
        level, node = _parents(level), node >> 1
    return siblings


def _path(levels: Sequence[Sequence[bytes]], node: int) -> list[bytes]:
    path = []
    for level in levels:
        if node ^ 1 < len(level):
            path.append(level[node ^ 1])
        node >>= 1
    return path


def _check_hashes(proof: Sequence[bytes], wanted: int, check: Check) -> None:
    # A proof that may be longer or shorter than its place in the tree demands, or whose hashes may,
    # can be made to start at an inner node, or to pass a node's bytes off as an entry.
    found = set(map(len, proof))
    if len(proof) != wanted or not found <= {HASH_SIZE}:
        sizes = ", ".join(map(str, sorted(found)))
        raise VerificationError(
            f"{check.value}: {len(proof)} hashes where {wanted} of {HASH_SIZE} bytes are wanted",
            check=check,
            found=f"{len(proof)} hashes" + (f" of {sizes} bytes" if sizes else ""),
            wanted=f"{wanted} hashes of {HASH_SIZE} bytes",
        )


def _check_root(computed: bytes, root: bytes, *, size: int) -> None:
    if computed != root:
        raise VerificationError(
            f"the proof of consistency leads to another root for {size} leaves than the given one",
            check=Check.CONSISTENCY,
            found=f"root {computed.hex()}",
            wanted=f"root {root.hex()}",
            hint="the log altered entries, or the proof belongs to other trees",
        )
