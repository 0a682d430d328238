# SPDX-License-Identifier: Apache-2.0
"""Who else must have seen a log's checkpoint."""

from keyless.errors import InputError
from keyless.protocol.checkpoint import cosignature_key_id, parse_verifier_key
from keyless.protocol.keys import PublicKey
from keyless.safe_text import shown
from keyless.value import value


@value
class Witness:
    """A cosigner of checkpoints: *name*, as in its lines, and its Ed25519 *key*."""

    name: str
    key: PublicKey

    def __init__(self, *, name: str, key: PublicKey) -> None:
        cosignature_key_id(name, key)  # refuses other keys
        self.__dict__.update(name=name, key=key)

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Read a verifier key, as witnesses publish theirs: `name+hint+base64`."""
        name, _, key = parse_verifier_key(text)
        return cls(name=name, key=key)


@value
class Witnesses:
    """At least *quorum* of *witnesses*, each with a key of its own."""

    quorum: int
    witnesses: tuple[Witness, ...]

    def __init__(self, quorum: int, *witnesses: Witness) -> None:
        if len({witness.key for witness in witnesses}) < len(witnesses):
            raise InputError("one key was given for two witnesses: nobody counts twice")
        _demand_count(quorum)
        if quorum > len(witnesses):
            raise InputError(f"a quorum of {quorum} cannot be met by {len(witnesses)} witnesses")
        self.__dict__.update(quorum=quorum, witnesses=witnesses)

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        names = ", ".join(shown(witness.name) for witness in self.witnesses)
        return f"{self.quorum} of the witnesses {names}"


def _demand_count(quorum: object) -> None:
    if isinstance(quorum, bool) or not isinstance(quorum, int) or quorum < 1:
        raise InputError(f"a quorum of {shown(quorum, longest=80)} is not a number from 1 up")
