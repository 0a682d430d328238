# SPDX-License-Identifier: Apache-2.0
"""One entry of a log, to look at: it prints as text, and shows as a card in a notebook."""

from collections.abc import Iterator

from keyless import files
from keyless.explorer import entry_card
from keyless.explorer.entry_facts import Address, EntryFacts
from keyless.explorer.entry_json import entry_json, rekor_cli_json
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.trusted_root import TrustedRoot
from keyless.report import html, text

__all__ = ["Address", "Entry"]

Artifact = files.Path | bytes | Digest


class Entry(EntryFacts):
    """An entry of a log; `is_verified` says whether the log was shown to hold it.

    What stands in it, whoever wrote it chose; who has issued its certificate, `authority` says.
    """

    def covers(self, artifact: Artifact) -> bool:
        """Say whether it is about *artifact*: a path, bytes or a `Digest`.

        About what was signed, that is, or about a subject of what was attested where the log keeps
        the statement. Whose signature that is, and whether it holds, `keyless.verify` decides.
        """
        digests = {each.digest for each in self.digests if each.digest and each.of != "envelope"}
        if self.statement is not None:
            digests.update(*(subject.digests for subject in self.statement.subjects))
        if isinstance(artifact, Digest):
            return artifact in digests
        algorithms = {digest.algorithm for digest in digests}
        return any(digest in digests for digest in _digests(artifact, algorithms))

    def judged_by(self, trusted_root: TrustedRoot) -> "Entry":
        """Return it as one whose certificate is held against *trusted_root*."""
        return Entry(
            self.record,
            log=self.log,
            uuid=self.uuid,
            evidence=self.evidence,
            attestation=self.attestation,
            trusted_root=trusted_root,
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write it for machines: always the same members, null where there is nothing."""
        return entry_json(self)

    def to_rekor_cli_json(self) -> dict[str, JsonValue]:
        """Write it as `rekor-cli get --format json` does."""
        return rekor_cli_json(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self._what() == other._what()

    def __hash__(self) -> int:
        return hash(self._what())

    def __str__(self) -> str:
        return text(entry_card.title(self), tuple(entry_card.rows(self)))

    def __repr__(self) -> str:
        kind = f"{self.kind} {self.version}".strip() or "of an unknown kind"
        return f"Entry({text(entry_card.title(self), ())}, {text(kind, ())})"

    def _repr_html_(self) -> str:
        card = html(entry_card.title(self), tuple(entry_card.rows(self)))
        if self.proof is None:
            return card
        return f"{card}<details><summary>proof</summary>{self.proof._repr_html_()}</details>"

    def _what(self) -> tuple[object, ...]:
        # A log proves and promises the same entry anew each time that it is asked.
        record = self.record
        return self.log.name, self.index, record.log_id, record.canonical_body, self.is_verified


def _digests(artifact: files.Path | bytes, by: set[HashAlgorithm]) -> Iterator[Digest]:
    """Yield the digests of *artifact* by each of those algorithms."""
    for algorithm in by:
        if isinstance(artifact, bytes):
            yield Digest.of(artifact, algorithm)
        else:
            yield files.digest(artifact, algorithm=algorithm)
