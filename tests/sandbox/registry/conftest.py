# SPDX-License-Identifier: Apache-2.0
"""A registry on a port of this machine, and a client of it."""

from collections.abc import Iterator

import pytest

from keyless.sandbox.registry import Registry
from tests.sandbox.registry.client import Client
from tests.sandbox.serving import serving


@pytest.fixture
def registry() -> Registry:
    """A registry that everybody may use; what its habits are, a test may say."""
    return Registry()


@pytest.fixture
def client(registry: Registry) -> Iterator[Client]:
    """A client of the registry."""
    with serving(registry) as url:
        yield Client(url)
