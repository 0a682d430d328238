# SPDX-License-Identifier: Apache-2.0
"""Proofs drawn: every node of the way, as text and as a picture."""

import xml.etree.ElementTree as ET

import pytest

from keyless.explorer.proof import Proof
from keyless.protocol.merkle import leaf_hash, prove_inclusion, root_hash
from keyless.value import replace

LEAVES = [leaf_hash(b"%d" % number) for number in range(7)]


def proof(index: int, size: int = 7) -> Proof:
    """Prove that a tree of *size* has the leaf at *index*."""
    leaves = LEAVES[:size]
    return Proof(
        leaf=leaves[index],
        index=index,
        size=size,
        root=root_hash(leaves),
        hashes=tuple(prove_inclusion(leaves, index)),
        origin="log.example",
    )


def short(start: int, stop: int) -> str:
    """Return how the root over these leaves is shown."""
    return root_hash(LEAVES[start:stop]).hex()[:16]


def test_the_way_from_the_leaf_to_the_root_is_drawn() -> None:
    """With what stands beside it, and in the order of the leaves."""
    assert str(proof(4)).splitlines() == [
        "leaf 4 leads to the root of a tree of 7, for which log.example signs",
        f"root of 0…6  {short(0, 7)}",
        f"├─ root of 0…3  {short(0, 4)}",
        f"└─ root of 4…6  {short(4, 7)}",
        f"  ├─ root of 4…5  {short(4, 6)}",
        f"  │ ├─ leaf 4  {short(4, 5)}  ◄ this entry",
        f"  │ └─ leaf 5  {short(5, 6)}",
        f"  └─ leaf 6  {short(6, 7)}",
    ]


@pytest.mark.parametrize("size", range(1, 8))
def test_every_proof_of_every_tree_leads_to_its_root(size: int) -> None:
    """Each of its steps has a node of its own in the drawing, and a sibling."""
    for index in range(size):
        drawn = proof(index, size)
        assert drawn.leads_to_root
        assert len(str(drawn).splitlines()) == 2 + 2 * len(drawn.hashes)
        assert str(drawn).count("◄ this entry") == 1


def test_a_proof_that_leads_elsewhere_says_so() -> None:
    """Also one that has no way to go."""
    elsewhere = replace(proof(4), root=b"\0" * 32)
    assert not elsewhere.leads_to_root
    assert str(elsewhere).startswith("leaf 4 DOES NOT LEAD to the root")
    for broken in (replace(proof(4), hashes=()), replace(proof(4), index=9)):
        assert broken.steps == ()
        assert "DOES NOT LEAD" in str(broken)
    assert "which nobody signs" in str(replace(proof(4), origin=""))


def test_the_picture_is_made_of_lines_and_words_alone() -> None:
    """It has no colours, scripts or styles, and nothing of outside becomes markup."""
    picture = ET.fromstring(replace(proof(4), origin="<script>x</script>").svg())  # noqa: S314 - our own
    kinds = {element.tag.partition("}")[2] for element in picture.iter()}
    assert kinds == {"svg", "title", "text", "path"}
    texts = [element.text for element in picture.iter() if element.tag.endswith("text")]
    assert len(texts) == 7
    assert picture[0].text == (
        "leaf 4 leads to the root of a tree of 7, for which <script>x</script> signs"
    )
    assert proof(4)._repr_svg_() == proof(4).svg()
    colours = {element.get("stroke") for element in picture.iter()} - {None}
    assert colours == {"currentColor"}


def test_a_notebook_shows_the_picture_in_the_colours_of_its_page() -> None:
    """As a part of the page: an image of its own would be black on black in a dark theme."""
    assert proof(4).svg() in proof(4)._repr_html_()


def test_in_one_line_a_proof_says_what_it_shows() -> None:
    """And none of its bytes."""
    words = "leaf 4 leads to the root of a tree of 7, for which "
    assert repr(proof(4)).startswith(f"Proof({words}")
