# SPDX-License-Identifier: Apache-2.0
"""Names of images: what they stand for, and what is no name."""

import pytest

from keyless.errors import InputError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import ImageReference, is_tag

DIGEST = Digest.of(b"an image")
LONG = Digest.of(b"an image", HashAlgorithm.SHA512)


@pytest.mark.parametrize(
    ("text", "name", "reference"),
    [
        ("nginx", "index.docker.io/library/nginx", "latest"),
        ("nginx:1.2", "index.docker.io/library/nginx", "1.2"),
        ("docker.io/nginx", "index.docker.io/library/nginx", "latest"),
        ("docker.io/me/app", "index.docker.io/me/app", "latest"),
        ("index.docker.io/library/nginx", "index.docker.io/library/nginx", "latest"),
        ("me/app", "index.docker.io/me/app", "latest"),
        ("ghcr.io/me/app:v1", "ghcr.io/me/app", "v1"),
        ("localhost/app", "localhost/app", "latest"),
        ("localhost:5000/app:v1", "localhost:5000/app", "v1"),
        ("[::1]:5000/app", "[::1]:5000/app", "latest"),
        ("127.0.0.1:5000/a/b__c/d--e.f", "127.0.0.1:5000/a/b__c/d--e.f", "latest"),
        (f"ghcr.io/me/app@{DIGEST}", "ghcr.io/me/app", str(DIGEST)),
        (f"ghcr.io/me/app:v1@{DIGEST}", "ghcr.io/me/app", str(DIGEST)),
    ],
)
def test_a_name_says_where_and_what(text: str, name: str, reference: str) -> None:
    """A registry is told from a part of a name as docker tells them."""
    image = ImageReference.parse(text)
    assert (image.name, image.reference) == (name, reference)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a repository"),
        ("App", "a repository"),
        ("me//app", "a repository"),
        ("../app", "a registry"),
        ("ghcr.io/../app", "a repository"),
        ("ghcr.io/me/app:", "a tag"),
        ("ghcr.io/me/app:a b", "a tag"),
        ("ghcr.io/me/app:" + "a" * 129, "a tag"),
        ("ghcr.io/me/app@sha256:00", "has 32 bytes"),
        ("ghcr.io/me/app@", "not a digest"),
        ("user:secret@ghcr.io/me/app", "not a digest"),
        ("https://ghcr.io/me/app", "a registry"),
        ("gh_cr.io/me/app", "a registry"),
        ("ghcr.io:99999/me/app", "a registry"),
        ("ghcr.io:0/me/app", "a registry"),
        ("[::1::2]:5000/app", "a registry"),
        ("GHCR.io/me/app", "a registry"),
        ("ghcr.io/" + "a" * 256, "a repository"),
        ("a" * 256 + ".io/me/app", "a registry"),
        ("ghcr.io/me/app\n", "a repository"),
    ],
)
def test_what_is_no_name_is_refused(text: str, why: str) -> None:
    """What could become another URL than it looks like is no name."""
    with pytest.raises(InputError, match=why):
        ImageReference.parse(text)


def test_a_reference_reads_as_it_is_written() -> None:
    """Writing a reference and reading it gives the same one."""
    for text in ("ghcr.io/me/app", "ghcr.io/me/app:v1", f"ghcr.io/me/app:v1@{DIGEST}"):
        assert str(ImageReference.parse(text)) == text


def test_pinning_drops_the_tag() -> None:
    """What is to be deployed is named by its digest alone."""
    image = ImageReference.parse("ghcr.io/me/app:v1")
    assert str(image.pinned(DIGEST)) == f"ghcr.io/me/app@{DIGEST}"


def test_another_tag_of_the_same_repository() -> None:
    """A tag is looked at as strictly when it is put to a name as when it came with it."""
    image = ImageReference.parse(f"ghcr.io/me/app@{DIGEST}")
    assert str(image.tagged("v2")) == "ghcr.io/me/app:v2"
    with pytest.raises(InputError, match="a tag"):
        image.tagged("v 2")


def test_tags_that_stand_for_a_digest() -> None:
    """Signatures are kept under tags that are made of the digest."""
    plain = f"sha256-{DIGEST.hex}"
    assert ImageReference.signature_tag(DIGEST) == f"{plain}.sig"
    assert ImageReference.attestation_tag(DIGEST) == f"{plain}.att"
    assert ImageReference.sbom_tag(DIGEST) == f"{plain}.sbom"
    assert ImageReference.fallback_tag(DIGEST) == plain


def test_the_fallback_tag_of_a_long_digest_is_cut() -> None:
    """A tag has no room for 128 digits: the standard says how many remain."""
    tag = ImageReference.fallback_tag(LONG)
    assert tag == f"sha512-{LONG.hex[:64]}"
    assert is_tag(tag)
