# SPDX-License-Identifier: Apache-2.0
"""Entries as a table of pandas; imported only for whoever asks for one."""

from collections.abc import Callable, Mapping, Sequence

from keyless.errors import InputError
from keyless.explorer.entry import Entry
from keyless.verification.memory import CertificateMemory

try:
    import pandas as pd
except ImportError:
    raise InputError(
        "a table of pandas was asked for, and pandas is not installed here",
        hint='install it with: pip install "keyless[notebook]"',
    ) from None

# What may be missing in some row is text that may be missing, and not a float.
_COLUMNS: Mapping[str, tuple[Callable[[Entry], object], str]] = {
    "index": (lambda entry: entry.index, "int64"),
    "time": (lambda entry: entry.time, "datetime64[ns, UTC]"),
    "kind": (lambda entry: entry.kind, "category"),
    "version": (lambda entry: entry.version, "category"),
    "identity": (lambda entry: None if entry.identity is None else entry.identity.text, "string"),
    "issuer": (lambda entry: entry.issuer, "category"),
    "digest": (lambda entry: None if entry.digest is None else str(entry.digest), "string"),
    "shard": (lambda entry: entry.shard, "category"),
    "uuid": (lambda entry: entry.uuid, "string"),
    "verified": (lambda entry: entry.is_verified, "bool"),
}


def to_dataframe(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return *entries*, one in a row, with the type of each column that fits it."""
    columns = {
        name: pd.Series([read(entry) for entry in entries], dtype=dtype)
        for name, (read, dtype) in _COLUMNS.items()
    }
    memory = CertificateMemory()
    authorities = [entry.issued_by(memory) for entry in entries]
    columns["authority"] = pd.Series(authorities, dtype="category")
    return pd.DataFrame(columns)
