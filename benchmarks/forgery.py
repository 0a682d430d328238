# SPDX-License-Identifier: Apache-2.0
"""Bundles made for a measurement, where real ones do not come in the numbers or kinds it needs."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.material import Material, Sample
from keyless.protocol.digest import Digest
from keyless.protocol.keys import algorithm_named
from keyless.sandbox.certificate_authority import CertificateAuthority
from tests.forge import ALICE, GOOGLE, Forge, Signer, written

# As many as a proof of ten hashes leads through; the logs of the public instance need seventeen.
OTHERS = 1000


@dataclass(frozen=True, kw_only=True)
class ForgedFiles:
    """Names of files in a folder, each with its bundle beside it, and who signed them all."""

    files: tuple[str, ...]
    trusted_root: str
    identity: str
    issuer: str


def forged(*, bundles: int, certificates: int) -> Material:
    """Make *bundles* by one signer, under as many *certificates*, taken in turn."""
    forge = Forge(others=OTHERS)
    # As in the public instance, the most expensive signature to verify is the authority's.
    forge.core.authority = CertificateAuthority.create(
        forge.core.clock,
        url=forge.core.urls.authority,
        ct_logs=(forge.core.ct_log,),
        algorithm=algorithm_named("PKIX_ECDSA_P384_SHA_384"),
    )
    signers = [forge.signer() for _ in range(certificates)]
    samples = tuple(
        _sample(forge, signers[number % certificates], b"artifact %d\n" % number)
        for number in range(bundles)
    )
    return Material(samples=samples, trusted_root=forge.core.trusted_root_json())


def forged_files(folder: Path, *, count: int) -> ForgedFiles:
    """Write *count* files into *folder*, each signed under a certificate of its own."""
    material = forged(bundles=count, certificates=count)
    names = tuple(f"artifact-{number}.txt" for number in range(count))
    for number, (name, sample) in enumerate(zip(names, material.samples, strict=True)):
        (folder / name).write_bytes(b"artifact %d\n" % number)
        (folder / f"{name}.sigstore.json").write_bytes(sample.bundle)
    (folder / "trusted_root.json").write_bytes(material.trusted_root)
    first = material.samples[0]
    return ForgedFiles(
        files=names,
        trusted_root="trusted_root.json",
        identity=first.identity,
        issuer=first.issuer,
    )


def _sample(forge: Forge, signer: Signer, artifact: bytes) -> Sample:
    bundle = forge.bundle(signer=signer, content=forge.message(signer, artifact))
    assert GOOGLE.issuer is not None
    return Sample(
        bundle=written(bundle, "0.3"),
        sha256=Digest.of(artifact).value,
        identity=ALICE.text,
        issuer=GOOGLE.issuer,
    )
