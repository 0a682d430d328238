# SPDX-License-Identifier: Apache-2.0
"""Names of container images, as people write them.

    nginx                                  index.docker.io/library/nginx, its tag `latest`
    me/app:1.2                             index.docker.io/me/app
    ghcr.io/me/app@sha256:0f5e…
    localhost:5000/me/app:1.2@sha256:0f5e…  the digest counts, the tag is told

The first part is a registry if nothing else can look like it: it has a dot or a port, or is
`localhost`. What is none of these is Docker Hub's. A part of a name becomes part of a URL, so each
is matched strictly.
"""

import re
from ipaddress import ip_address

from keyless.errors import InputError, ParseError
from keyless.protocol.digest import Digest
from keyless.safe_text import shown
from keyless.value import value

DOCKER_HUB = "index.docker.io"
DEFAULT_TAG = "latest"
LONGEST_REPOSITORY = 255

# A registry takes no longer tag than 128 characters; the standard cuts both parts to fit.
_LONGEST_ALGORITHM, _LONGEST_HEX = 32, 64

_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])"
_REGISTRY = re.compile(rf"({_HOST})(?::([1-9][0-9]{{0,4}}))?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@value
class ImageReference:
    """Which image is meant: a *repository* of a *registry*, and in it a *tag*, a *digest* or both.

    Where there are both, the digest decides.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Read what a person wrote."""
        rest, at, pinned = text.partition("@")
        try:
            digest = Digest.parse(pinned) if at else None
        except ParseError as error:
            raise _not_a_name(text, error.message) from None
        path, tag = _split_tag(rest)
        if tag is not None and not is_tag(tag):
            raise _not_a_name(text, f"{shown(tag, longest=140)!r} cannot be a tag")
        registry, repository = _split_registry(path)
        if not _is_registry(registry):
            raise _not_a_name(text, f"{shown(registry, longest=140)!r} cannot be a registry")
        if len(repository) > LONGEST_REPOSITORY or not _REPOSITORY.fullmatch(repository):
            raise _not_a_name(text, f"{shown(repository, longest=140)!r} cannot be a repository")
        return cls(registry=registry, repository=repository, tag=tag, digest=digest)

    @property
    def name(self) -> str:
        """The repository with its registry: what cosign calls the docker-reference."""
        return f"{self.registry}/{self.repository}"

    @property
    def reference(self) -> str:
        """What to ask the registry for: the digest, or the tag, or `latest`."""
        return str(self.digest) if self.digest is not None else self.tag or DEFAULT_TAG

    def pinned(self, digest: Digest) -> "ImageReference":
        """Return the image of this repository that has *digest*, whatever its tags are by now."""
        return ImageReference(registry=self.registry, repository=self.repository, digest=digest)

    def tagged(self, tag: str) -> "ImageReference":
        """Return the image of this repository that has *tag*."""
        return ImageReference.parse(f"{self.name}:{tag}")

    @staticmethod
    def signature_tag(digest: Digest) -> str:
        """Return the tag under which legacy signatures of *digest* are kept."""
        return f"{_plain(digest)}.sig"

    @staticmethod
    def attestation_tag(digest: Digest) -> str:
        """Return the tag under which legacy attestations of *digest* are kept."""
        return f"{_plain(digest)}.att"

    @staticmethod
    def sbom_tag(digest: Digest) -> str:
        """Return the tag under which a bill of materials of *digest* is kept."""
        return f"{_plain(digest)}.sbom"

    @staticmethod
    def fallback_tag(digest: Digest) -> str:
        """Return the tag of the list of what refers to *digest*, where no registry keeps one."""
        return f"{digest.algorithm.value[:_LONGEST_ALGORITHM]}-{digest.hex[:_LONGEST_HEX]}"

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        pin = "" if self.digest is None else f"@{self.digest}"
        return f"{self.name}{tag}{pin}"


def is_tag(text: str) -> bool:
    """Say whether *text* can be a tag."""
    return _TAG.fullmatch(text) is not None


def _plain(digest: Digest) -> str:
    return f"{digest.algorithm.value}-{digest.hex}"


def _split_tag(text: str) -> tuple[str, str | None]:
    """Take off the tag: a colon after the last slash; one before it is that of a port."""
    head, colon, tag = text.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (text, None)


def _split_registry(path: str) -> tuple[str, str]:
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        if first not in ("docker.io", DOCKER_HUB):
            return first, rest
        path = rest
    return DOCKER_HUB, path if "/" in path else f"library/{path}"


def _is_registry(text: str) -> bool:
    match = _REGISTRY.fullmatch(text)
    if match is None or len(text) > LONGEST_REPOSITORY or int(match[2] or 0) > 0xFFFF:
        return False
    if not match[1].startswith("["):
        return True
    try:
        ip_address(match[1][1:-1])
    except ValueError:
        return False
    return True


def _not_a_name(text: str, why: str) -> InputError:
    return InputError(
        f"{shown(text, longest=160)!r} is not the name of an image: {why}",
        hint="as in ghcr.io/me/app:1.2, or better ghcr.io/me/app@sha256:…, in small letters",
    )
