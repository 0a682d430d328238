# SPDX-License-Identifier: Apache-2.0
"""Every executor of the standard library is one for `verify_many`, says the type checker."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

from keyless.batch import Outcome, Pair, verify_many
from keyless.policy import Policy
from keyless.protocol.trusted_root import TrustedRoot


def on_each(
    pairs: list[Pair], root: TrustedRoot, policy: Policy, given: Executor
) -> Iterator[Outcome]:
    """Hand over executors of every kind, and none."""
    for executor in (given, ThreadPoolExecutor(), ProcessPoolExecutor(), None):
        yield from verify_many(pairs, trusted_root=root, policy=policy, executor=executor)
