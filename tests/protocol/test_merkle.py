# SPDX-License-Identifier: Apache-2.0
"""Merkle trees: what is proved verifies, and what was changed on the way does not."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyless.errors import Check, InputError
from keyless.protocol.merkle import (
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_each,
    prove_inclusion,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.protocol import trees
from tests.protocol.trees import LEAVES
from tests.refusals import refused

EVERY_SIZE = range(131)
ROOTS = [trees.root(0, size) for size in EVERY_SIZE]

large = st.integers(131, len(LEAVES))
small = st.integers(2, 300)
Tamper = Callable[[list[bytes], int], list[bytes]]


def flipped(data: bytes) -> bytes:
    """Change one bit."""
    return bytes([data[0] ^ 1]) + data[1:]


# Each makes another proof of one, about its hash at a position.
TAMPERS: dict[str, Tamper] = {
    "a bit flipped": lambda proof, at: [*proof[:at], flipped(proof[at]), *proof[at + 1 :]],
    "a hash missing": lambda proof, at: proof[:at] + proof[at + 1 :],
    "a hash twice": lambda proof, at: [*proof[:at], proof[at], *proof[at:]],
    "a hash too short": lambda proof, at: [*proof[:at], proof[at][1:], *proof[at + 1 :]],
    "a hash too long": lambda proof, at: [*proof[:at], proof[at] + b"\0", *proof[at + 1 :]],
    "one more at the end": lambda proof, _: [*proof, LEAVES[0]],
    "nothing": lambda _, __: [],
}
tampers = pytest.mark.parametrize("tamper", TAMPERS.values(), ids=list(TAMPERS))


def verify_included(index: int, size: int, proof: list[bytes]) -> None:
    """Verify that the first *size* leaves have the one at *index*."""
    root = root_hash(LEAVES[:size])
    verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=root)


def verify_grown(first: int, second: int, proof: list[bytes]) -> None:
    """Verify that the first leaves are the beginning of the second."""
    verify_consistency(
        first=first,
        second=second,
        proof=proof,
        first_root=root_hash(LEAVES[:first]),
        second_root=root_hash(LEAVES[:second]),
    )


def test_leaves_and_nodes_are_hashed_apart() -> None:
    """RFC 9162, 2.1.1: a leaf is prefixed with 0, a node with 1."""
    assert leaf_hash(b"entry") == sha256(b"\x00entry").digest()
    assert node_hash(b"left", b"right") == sha256(b"\x01leftright").digest()


def test_roots_are_those_of_the_rfc() -> None:
    """Level by level or by halves, the root is the same, that of no leaves included."""
    assert [root_hash(LEAVES[:size]) for size in EVERY_SIZE] == ROOTS


def test_inclusion_is_proved_as_in_the_rfc_and_verifies() -> None:
    """Every leaf of every tree of up to 130 leaves."""
    for size in EVERY_SIZE:
        leaves = LEAVES[:size]
        for index in range(size):
            proof = prove_inclusion(leaves, index)
            assert proof == trees.path(index, 0, size)
            root = ROOTS[size]
            verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=root)


def test_consistency_is_proved_as_in_the_rfc_and_verifies() -> None:
    """Every pair of trees of up to 130 leaves."""
    for second in EVERY_SIZE:
        leaves = LEAVES[:second]
        for first in range(second + 1):
            proof = prove_consistency(leaves, first)
            assert proof == (trees.proof(first, 0, second) if first else [])
            verify_consistency(
                first=first,
                second=second,
                proof=proof,
                first_root=ROOTS[first],
                second_root=ROOTS[second],
            )


@given(st.data())
def test_inclusion_verifies_in_larger_trees(data: st.DataObject) -> None:
    """Any leaf of any tree of some thousand leaves."""
    size = data.draw(large)
    index = data.draw(st.integers(0, size - 1))
    verify_included(index, size, prove_inclusion(LEAVES[:size], index))


@given(st.data())
def test_consistency_verifies_in_larger_trees(data: st.DataObject) -> None:
    """Any two trees of some thousand leaves."""
    second = data.draw(large)
    first = data.draw(st.integers(0, second))
    verify_grown(first, second, prove_consistency(LEAVES[:second], first))


@tampers
@given(st.data())
def test_tampered_inclusion_proof_is_refused(tamper: Tamper, data: st.DataObject) -> None:
    """No hash of a proof can be altered, left out or added."""
    size = data.draw(small)
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(LEAVES[:size], index)
    at = data.draw(st.integers(0, len(proof) - 1))
    with refused(Check.INCLUSION):
        verify_included(index, size, tamper(proof, at))


@tampers
@given(st.data())
def test_tampered_consistency_proof_is_refused(tamper: Tamper, data: st.DataObject) -> None:
    """No hash of a proof can be altered, left out or added."""
    second = data.draw(small)
    first = data.draw(st.integers(1, second - 1))
    proof = prove_consistency(LEAVES[:second], first)
    at = data.draw(st.integers(0, len(proof) - 1))
    with refused(Check.CONSISTENCY):
        verify_grown(first, second, tamper(proof, at))


@given(st.data())
def test_inclusion_at_another_index_is_refused(data: st.DataObject) -> None:
    """A proof says where the leaf is, too."""
    size = data.draw(small)
    index, other = data.draw(
        st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True)
    )
    proof = prove_inclusion(LEAVES[:size], index)
    with refused(Check.INCLUSION):
        verify_inclusion(
            LEAVES[index], index=other, size=size, proof=proof, root=root_hash(LEAVES[:size])
        )


@given(st.data())
def test_inclusion_in_a_tree_of_another_shape_is_refused(data: st.DataObject) -> None:
    """A proof fits the sizes under which the way up is the same, and no other."""
    size, other = data.draw(small), data.draw(small)
    index = data.draw(st.integers(0, min(size, other) - 1))
    assume(trees.sides(index, size) != trees.sides(index, other))
    proof = prove_inclusion(LEAVES[:size], index)
    with refused(Check.INCLUSION):
        verify_inclusion(
            LEAVES[index], index=index, size=other, proof=proof, root=root_hash(LEAVES[:size])
        )


@pytest.mark.parametrize("size", [1, 2, 7])
def test_inclusion_of_another_leaf_is_refused(size: int) -> None:
    """The hint names the two ways it comes about."""
    with refused(Check.INCLUSION, "leads to another root") as refusal:
        verify_inclusion(
            LEAVES[9],
            index=0,
            size=size,
            proof=prove_inclusion(LEAVES[:size], 0),
            root=ROOTS[size],
        )
    assert refusal.value.wanted == f"root {ROOTS[size].hex()}"
    assert "altered" in str(refusal.value.hint)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (4, 3), (0, 0), (0, -1)])
def test_inclusion_of_a_leaf_that_cannot_be_is_refused(index: int, size: int) -> None:
    """An index is below the size of its tree."""
    with refused(Check.INCLUSION, f"no leaf {index} in a tree of {size}"):
        verify_inclusion(LEAVES[0], index=index, size=size, proof=[], root=ROOTS[3])


def test_wrong_number_of_hashes_is_said() -> None:
    """A proof of the wrong length names both lengths."""
    with refused(Check.INCLUSION, "2 hashes where 3 of 32 bytes are wanted") as refusal:
        verify_included(4, 7, [b"short", LEAVES[0]])
    assert refusal.value.found == "2 hashes of 5, 32 bytes"


def test_empty_proof_is_said_to_be_of_no_hashes() -> None:
    """There are no lengths to tell of none."""
    with refused(Check.INCLUSION, "0 hashes where 3") as refusal:
        verify_included(4, 7, [])
    assert refusal.value.found == "0 hashes"


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 7), (64, 130)])
@pytest.mark.parametrize("which", ["first_root", "second_root"])
def test_consistency_with_another_root_is_refused(first: int, second: int, which: str) -> None:
    """Neither root can be exchanged."""
    roots = {"first_root": ROOTS[first], "second_root": ROOTS[second], which: LEAVES[0][::-1]}
    proof = prove_consistency(LEAVES[:second], first)
    with refused(Check.CONSISTENCY, "another root for"):
        verify_consistency(first=first, second=second, proof=proof, **roots)


@given(st.data())
def test_consistency_from_another_size_is_refused(data: st.DataObject) -> None:
    """A proof fits one first size."""
    second = data.draw(st.integers(3, 300))
    sizes = st.lists(st.integers(1, second - 1), min_size=2, max_size=2, unique=True)
    first, other = data.draw(sizes)
    with refused(Check.CONSISTENCY):
        verify_consistency(
            first=other,
            second=second,
            proof=prove_consistency(LEAVES[:second], first),
            first_root=root_hash(LEAVES[:first]),
            second_root=root_hash(LEAVES[:second]),
        )


@given(st.data())
def test_consistency_with_a_higher_tree_is_refused(data: st.DataObject) -> None:
    """A tree twice as large has a longer way up."""
    second = data.draw(small)
    first = data.draw(st.integers(1, second - 1))
    with refused(Check.CONSISTENCY, "hashes where"):
        verify_consistency(
            first=first,
            second=2 * second,
            proof=prove_consistency(LEAVES[:second], first),
            first_root=root_hash(LEAVES[:first]),
            second_root=root_hash(LEAVES[:second]),
        )


@pytest.mark.parametrize(("first", "second"), [(3, 2), (-1, 2), (-2, -1)])
def test_logs_do_not_shrink(first: int, second: int) -> None:
    """A later tree is not smaller, and none has fewer leaves than none."""
    with refused(Check.CONSISTENCY, f"of {first} leaves cannot have grown into one of {second}"):
        verify_consistency(
            first=first, second=second, proof=[], first_root=ROOTS[3], second_root=ROOTS[2]
        )


@pytest.mark.parametrize("size", [0, 5])
def test_trees_of_one_size_have_one_root(size: int) -> None:
    """Two roots for one size are two logs."""
    with refused(Check.CONSISTENCY, f"another root for {size} leaves"):
        verify_consistency(
            first=size, second=size, proof=[], first_root=ROOTS[size], second_root=LEAVES[0]
        )


@pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 5), (0, 0)])
def test_what_needs_no_proof_has_none(first: int, second: int) -> None:
    """From the empty tree, and from the same one, the proof is empty."""
    with refused(Check.CONSISTENCY, "1 hashes where 0"):
        verify_grown(first, second, [LEAVES[0]])


def test_empty_tree_has_its_own_root() -> None:
    """A first root for no leaves is that of no leaves."""
    with refused(Check.CONSISTENCY, "another root for 0 leaves"):
        verify_consistency(first=0, second=5, proof=[], first_root=ROOTS[1], second_root=ROOTS[5])


@pytest.mark.parametrize("index", [-1, 3])
def test_leaves_that_are_not_there_are_not_proved(index: int) -> None:
    """Whoever asks is told how many leaves there are."""
    with pytest.raises(InputError, match=f"no leaf {index} in a tree of 3 leaves"):
        prove_inclusion(LEAVES[:3], index)


@pytest.mark.parametrize("first", [-1, 4])
def test_growth_from_a_tree_that_never_was_is_not_proved(first: int) -> None:
    """Whoever asks is told how many leaves there are."""
    with pytest.raises(InputError, match=f"3 leaves was never one of {first}"):
        prove_consistency(LEAVES[:3], first)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 100, 255, 256])
def test_all_proofs_of_a_tree_are_those_that_each_leaf_has(size: int) -> None:
    """Made at once, as hashes that many of them share are made once."""
    leaves = LEAVES[:size]
    assert prove_each(leaves) == [prove_inclusion(leaves, index) for index in range(size)]
