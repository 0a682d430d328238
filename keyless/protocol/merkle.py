# SPDX-License-Identifier: Apache-2.0
"""Merkle trees as transparency logs grow them (RFC 9162, 2.1).

   root of 5          A leaf and a node are hashed with different prefixes, so that no leaf can
   ┌────┴───┐         pass for a node. The left half is the largest power of two below the size:
   n        e4        once full it never changes, and that is what lets a log prove that it only
 ┌─┴──┐               ever grew.
 n    n
┌┴┐  ┌┴┐
e0 e1 e2 e3
"""

from collections.abc import Sequence
from hashlib import sha256

from keyless.errors import Check, VerificationError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash *data* as a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees as the node above them."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree over *leaves*, which are hashes already."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = left_half(len(leaves))
    return node_hash(root_hash(leaves[:half]), root_hash(leaves[half:]))


def left_half(size: int) -> int:
    """Return how many of *size* leaves, two or more, stand in the left subtree."""
    return 1 << (size - 1).bit_length() - 1


def prove_inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """List the hashes that lead from the leaf at *index* to the root of *leaves*, lowest first."""
    if len(leaves) == 1:
        return []
    half = left_half(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if index < half:
        return [*prove_inclusion(left, index), root_hash(right)]
    return [*prove_inclusion(right, index - half), root_hash(left)]


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse unless the tree of *size* leaves with *root* has *leaf* at *index* (2.1.3.2)."""
    if not 0 <= index < size:
        raise VerificationError(
            f"the entry is said to be leaf {index} of a tree of {size}",
            check=Check.INCLUSION,
            found=f"index {index}",
            wanted=f"an index below {size}",
        )
    # Where the path to the leaf and that to the last leaf part, the tree is complete below; above,
    # only left neighbours are left to hash.
    below = (index ^ (size - 1)).bit_length()
    above = (index >> below).bit_count()
    _check_length(proof, below + above, Check.INCLUSION)
    node = leaf
    for level, sibling in enumerate(proof[:below]):
        node = node_hash(sibling, node) if index >> level & 1 else node_hash(node, sibling)
    for sibling in proof[below:]:
        node = node_hash(sibling, node)
    if node != root:
        raise VerificationError(
            "the inclusion proof leads to another root than the one that is signed",
            check=Check.INCLUSION,
            found=f"root {node.hex()}",
            wanted=f"root {root.hex()}",
            hint="the entry was altered, or its proof belongs to another entry or tree",
        )


def prove_consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """List the hashes that show that the tree of *first* leaves grew into that of all *leaves*."""
    if first in {0, len(leaves)}:
        return []
    return _prove_growth(leaves, first, known=True)


def _prove_growth(leaves: Sequence[bytes], first: int, *, known: bool) -> list[bytes]:
    # *known*: the whole of *leaves* is the first tree, whose root the verifier has.
    if first == len(leaves):
        return [] if known else [root_hash(leaves)]
    half = left_half(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if first <= half:
        return [*_prove_growth(left, first, known=known), root_hash(right)]
    return [*_prove_growth(right, first - half, known=False), root_hash(left)]


def verify_consistency(
    *,
    first: int,
    second: int,
    proof: Sequence[bytes],
    first_root: bytes,
    second_root: bytes,
) -> None:
    """Refuse unless the tree of *first* leaves grew into that of *second* (2.1.4.2)."""
    if not 0 <= first <= second:
        raise VerificationError(
            f"a tree of {first} leaves cannot have grown into one of {second}",
            check=Check.CONSISTENCY,
            found=f"{second} leaves",
            wanted=f"{first} or more",
            hint="the log shrank, or the two checkpoints were exchanged",
        )
    if first in {0, second}:
        _check_length(proof, 0, Check.CONSISTENCY)
        # Whatever grew, grew out of the empty tree.
        _check_root("first", EMPTY_ROOT if first == 0 else second_root, first_root)
        return
    shift = (first & -first).bit_length() - 1  # the largest complete subtree at the old end
    start, rest = (first_root, proof) if first == 1 << shift else (None, proof)
    below = ((first - 1) ^ (second - 1)).bit_length() - shift
    above = ((first - 1) >> shift >> below).bit_count()
    _check_length(proof, below + above + (start is None), Check.CONSISTENCY)
    if start is None:
        start, rest = proof[0], proof[1:]
    old = new = start
    for level, sibling in enumerate(rest):
        if level >= below or (first - 1) >> shift >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    _check_root("first", old, first_root)
    _check_root("second", new, second_root)


def _check_length(proof: Sequence[bytes], wanted: int, check: Check) -> None:
    if len(proof) != wanted or any(len(node) != HASH_SIZE for node in proof):
        raise VerificationError(
            f"{check.value}: {len(proof)} hashes, where {wanted} lead to the root",
            check=check,
            found=f"{len(proof)} hashes of {sorted({len(node) for node in proof})} bytes",
            wanted=f"{wanted} hashes of {HASH_SIZE} bytes",
        )


def _check_root(which: str, found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise VerificationError(
            f"the consistency proof leads to another {which} root",
            check=Check.CONSISTENCY,
            found=f"root {found.hex()}",
            wanted=f"root {wanted.hex()}",
            hint="one of the two trees is not an earlier state of the other",
        )
