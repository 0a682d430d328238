# SPDX-License-Identifier: Apache-2.0
"""The floor, as a contestant."""

from benchmarks.contestants import Pass
from benchmarks.floor import Floor
from benchmarks.material import Material


def prepare(material: Material) -> Pass:
    judge = Floor(material.trusted_root).judge
    samples = [
        (sample.bundle, sample.sha256, sample.identity, sample.issuer)
        for sample in material.samples
    ]

    def judge_all() -> None:
        for sample in samples:
            judge(*sample)

    return judge_all
