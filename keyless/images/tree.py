# SPDX-License-Identifier: Apache-2.0
"""What belongs to an image, as a tree to look at: what is there, by what it says of itself.

ghcr.io/me/app:1.2 (nothing of this is verified)
  index              sha256:6f0a…
  ├─ bundle          sha256:91c2…  https://sigstore.dev/cosign/sign/v1
  ├─ linux/amd64     sha256:b21d…
  │  └─ signatures   sha256:77aa…  sha256-b21d….sig
  └─ linux/arm64     sha256:c09e…
"""

from collections.abc import Iterator

from keyless.errors import Rejected
from keyless.images.survey import Survey, Visited
from keyless.protocol.cosign_manifests import BUNDLE_FAMILY, PREDICATE_TYPE_NOTE
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import Descriptor, Manifest
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value

TITLE = "(nothing of this is verified)"

_TAGGED = {".sig": "signatures", ".att": "attestations", ".sbom": "bill of materials"}


@value
class TreeNode:
    """One manifest: what *kind* of thing it seems to be, what is *said* of it, what belongs to it.

    One that belongs to several things is drawn with the first of them; elsewhere it is *repeated*.
    """

    digest: Digest
    kind: str
    said: str
    size: int
    children: tuple["TreeNode", ...]
    repeated: bool = False

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "kind": self.kind,
            "digest": str(self.digest),
            "size": self.size,
            "said": self.said,
            "children": [child.to_json() for child in self.children],
        }


@value
class ImageTree:
    """What belongs to the image that *reference* stands for; nothing of it is verified.

    What a list names that does not belong there is *rejected*, with the reason.
    """

    reference: str
    pinned: str
    root: TreeNode
    rejected: tuple[Rejected, ...]

    def __iter__(self) -> Iterator[TreeNode]:
        return _walk(self.root)

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "reference": self.reference,
            "pinned": self.pinned,
            "image": self.root.to_json(),
            "rejected": [
                {"location": each.location, "reason": each.error.message} for each in self.rejected
            ],
        }

    def __str__(self) -> str:
        return text(f"{self.reference} {TITLE}", self._rows())

    def _repr_html_(self) -> str:
        return html(f"{self.reference} {TITLE}", self._rows())

    def _rows(self) -> list[Row]:
        rejected = (("left aside", each.location, each.error.message) for each in self.rejected)
        return [*_drawn(self.root, "", ""), *rejected]


def tree_of(survey: Survey, *, reference: str, pinned: str) -> ImageTree:
    """Draw what *survey* found for *reference*."""
    root = survey[survey.root]
    return ImageTree(
        reference=reference,
        pinned=pinned,
        root=_Draughtsman(survey).node(root.manifest.descriptor, _kind(root.manifest), ""),
        rejected=survey.rejected,
    )


class _Draughtsman:
    """Draws each manifest once, however often indexes list one another."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._drawn: set[Digest] = set()

    def node(self, descriptor: Descriptor, kind: str, said: str) -> TreeNode:
        repeated = descriptor.digest in self._drawn
        self._drawn.add(descriptor.digest)
        visited = self._survey[descriptor.digest]
        return TreeNode(
            digest=descriptor.digest,
            kind=kind,
            said=said,
            size=descriptor.size,
            children=() if repeated else tuple(self._children(visited)),
            repeated=repeated,
        )

    def _children(self, visited: Visited) -> Iterator[TreeNode]:
        for referrer in visited.referrers:
            manifest = self._survey[referrer.digest].manifest
            yield self.node(referrer, _kind(manifest), _said(manifest))
        for tag, descriptor in visited.attached:
            yield self.node(descriptor, _TAGGED[tag[tag.rindex(".") :]], tag)
        for part in visited.parts:
            manifest = self._survey[part.digest].manifest
            kind = shown(part.platform, longest=80) if part.platform else _kind(manifest)
            yield self.node(part, kind, "")


def _kind(manifest: Manifest) -> str:
    kind = manifest.kind or ""
    if kind.startswith(BUNDLE_FAMILY):
        return "bundle"
    if manifest.subject is not None:
        return "artifact"
    return "index" if manifest.is_index else "image"


def _said(manifest: Manifest) -> str:
    if _kind(manifest) == "bundle":
        return dict(manifest.annotations).get(PREDICATE_TYPE_NOTE, "")
    return manifest.kind or ""


def _drawn(node: TreeNode, before: str, below: str) -> Iterator[Row]:
    said = "  ".join(filter(None, (str(node.digest), node.said, "(see above)" * node.repeated)))
    yield f"{before}{node.kind}", said, ""
    for position, child in enumerate(node.children):
        last = position == len(node.children) - 1
        yield from _drawn(
            child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
        )


def _walk(node: TreeNode) -> Iterator[TreeNode]:
    yield node
    for child in node.children:
        yield from _walk(child)
