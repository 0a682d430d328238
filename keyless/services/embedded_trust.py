# SPDX-License-Identifier: Apache-2.0
"""The trust that this package was released with, of the two public instances (`keyless/roots/`)."""

import os

from keyless.errors import InputError
from keyless.protocol.json_reader import Json
from keyless.protocol.time_range import parse_time
from keyless.services.trust_snapshot import OPTIONAL, REQUIRED, TrustSnapshot

INSTANCES = ("production", "staging")

# By path: importlib.resources takes longer to import than all of this takes to read.
_ROOTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "roots")


def embedded_snapshot(instance: str) -> TrustSnapshot:
    """Return the snapshot of *instance*; it counts for as long as the TUF root beside it does."""
    json = Json.parse(_read(instance, "snapshot.json"))
    return TrustSnapshot(
        source="embedded",
        repository=json.text("repository"),
        root_version=json.integer("rootVersion"),
        version=json.integer("targetsVersion"),
        taken=json.within("taken", parse_time, json.text("taken")),
        expires=json.within("expires", parse_time, json.text("expires")),
        documents=tuple(
            (name, _read(instance, name))
            for name in (*REQUIRED, *OPTIONAL)
            if name in REQUIRED or os.path.exists(os.path.join(_ROOTS, instance, name))
        ),
    )


def embedded_root(instance: str) -> bytes:
    """Return the TUF root of *instance*, from which every update of its trust starts."""
    return _read(instance, "root.json")


def _read(instance: str, name: str) -> bytes:
    try:
        with open(os.path.join(_ROOTS, instance, name), "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(
            f"this installation of keyless lacks its file {instance}/{name}: {error.strerror}",
            hint="install it again",
        ) from None
