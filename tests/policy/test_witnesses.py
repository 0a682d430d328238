# SPDX-License-Identifier: Apache-2.0
"""Who else must have seen a checkpoint, as a caller says it."""

import pytest

from keyless.errors import InputError
from keyless.policy.witnesses import Witness, Witnesses
from keyless.protocol.checkpoint import cosignature_key_id
from keyless.protocol.encoding import b64encode
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey

ED25519, P256 = algorithm_named("PKIX_ED25519"), algorithm_named("PKIX_ECDSA_P256_SHA_256")


def witness(name: str = "a.example") -> Witness:
    """Return a witness with a key of its own."""
    return Witness(name=name, key=SigningKey.generate(ED25519).public)


def test_a_witness_is_read_as_it_publishes_itself() -> None:
    """By name, hint and key in one line."""
    known = witness()
    hint = cosignature_key_id(known.name, known.key)[:4].hex()
    key = b64encode(b"\x04" + known.key.spki[-32:])
    assert Witness.parse(f"{known.name}+{hint}+{key}") == known


def test_a_witness_signs_with_ed25519() -> None:
    """The specification has no other cosignature that is known here."""
    with pytest.raises(InputError, match="witnesses cosign with Ed25519"):
        Witness(name="a.example", key=SigningKey.generate(P256).public)


@pytest.mark.parametrize("quorum", [0, -1, True, "2", 1.0, None])
def test_a_quorum_is_a_number_of_witnesses(quorum: object) -> None:
    """None of them would be no witness at all."""
    with pytest.raises(InputError, match="is not a number from 1 up"):
        Witnesses(quorum, witness())  # type: ignore[arg-type]


def test_a_quorum_can_be_met() -> None:
    """Not by fewer than it asks for."""
    with pytest.raises(InputError, match="cannot be met by 1 witnesses"):
        Witnesses(2, witness())


def test_a_key_counts_once() -> None:
    """Under however many names."""
    one = witness()
    with pytest.raises(InputError, match="nobody counts twice"):
        Witnesses(2, one, Witness(name="b.example", key=one.key))


def test_a_quorum_says_who_is_wanted() -> None:
    """Names are shown safely."""
    wanted = Witnesses(1, witness(), witness("b\x1b.example"))
    assert wanted.description == "1 of the witnesses a.example, b\\x1b.example"
