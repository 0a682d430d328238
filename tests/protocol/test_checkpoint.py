# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: read strictly, signed by the log, cosigned by witnesses."""

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, InputError, ParseError, UnsupportedError
from keyless.protocol.checkpoint import (
    Checkpoint,
    NoteSignature,
    cosignature_key_id,
    note_key_id,
    parse_verifier_key,
)
from keyless.protocol.encoding import b64decode, b64encode
from keyless.protocol.keys import PublicKey
from tests.refusals import refused
from tests.shared_data import shared

ROOT = sha256(b"root").digest()
HEAD = f"log.example - 42\n9\n{b64encode(ROOT)}\n"
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
ECDSA = ec.derive_private_key(1234567, ec.SECP256R1())
ED25519_KEY, WITNESS_KEY, ECDSA_KEY = (
    PublicKey(key.public_key()) for key in (ED25519, WITNESS, ECDSA)
)
Sign = Callable[[bytes], bytes]


def by_ecdsa(text: bytes) -> bytes:
    """Sign as logs with ECDSA keys do."""
    return ECDSA.sign(text, ec.ECDSA(hashes.SHA256()))


LOGS: dict[str, tuple[PublicKey, Sign]] = {
    "ECDSA": (ECDSA_KEY, by_ecdsa),
    "Ed25519": (ED25519_KEY, ED25519.sign),
}
logs = pytest.mark.parametrize(("key", "sign"), LOGS.values(), ids=list(LOGS))


def line(data: bytes, *, hint: bytes = b"hint", name: str = "log.example") -> str:
    """Write a signature line."""
    return f"— {name} {b64encode(hint + data)}\n"


def parse(*lines: str, head: str = HEAD) -> Checkpoint:
    """Parse *head* with signature *lines* below it."""
    return Checkpoint.parse(f"{head}\n{''.join(lines)}")


def cosign(
    head: str = HEAD, *, at: int = int(AT.timestamp()), name: str = "witness.example"
) -> str:
    """Cosign *head* as a witness does."""
    signature = WITNESS.sign(f"cosignature/v1\ntime {at}\n{head}".encode())
    hint = cosignature_key_id(name, WITNESS_KEY)[:4]
    return line(at.to_bytes(8) + signature, hint=hint, name=name)


def test_parse_reads_every_part() -> None:
    """Origin, size, root, extensions, what is signed, and by whom."""
    head = f"{HEAD}Timestamp: 1689177396617352539\nor — so\n"
    checkpoint = parse(line(b"one"), line(b"two", name="witness.example"), head=head)
    assert checkpoint == Checkpoint(
        origin="log.example - 42",
        size=9,
        root=ROOT,
        extensions=("Timestamp: 1689177396617352539", "or — so"),
        signed=head.encode(),
        signatures=(
            NoteSignature(name="log.example", key_hint=b"hint", signature=b"one"),
            NoteSignature(name="witness.example", key_hint=b"hint", signature=b"two"),
        ),
    )


def test_empty_tree_has_checkpoints_as_well() -> None:
    """Size 0 is a size."""
    assert parse(line(b"x"), head=HEAD.replace("9", "0", 1)).size == 0


@given(
    origin=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(
        st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)
    ),
    signatures=st.lists(st.binary(min_size=5, max_size=80), min_size=1, max_size=64),
)
def test_what_is_read_is_written_the_same(
    origin: str, size: int, root: bytes, extensions: list[str], signatures: list[bytes]
) -> None:
    """A checkpoint is kept in bundles, where every byte of it counts."""
    head = "\n".join([origin, str(size), b64encode(root), *extensions, "", ""])
    text = head + "".join(f"— log.example {b64encode(each)}\n" for each in signatures)
    assert Checkpoint.parse(text).to_text() == text


def test_checkpoint_survives_a_trip_to_another_process() -> None:
    """Bundles are verified by workers."""
    checkpoint = parse(line(b"one"))
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint


@pytest.mark.parametrize("size", ["-3", "1_000", " 5 ", "٣", "05", "+5", "", "5.0", str(2**63)])
def test_size_that_is_not_plainly_a_number_is_refused(size: str) -> None:
    """Each is a number to some reader, and the error names the line."""
    with pytest.raises(ParseError, match=r"tree size|first lines"):
        parse(line(b"x"), head=f"log.example\n{size}\n{b64encode(ROOT)}\n")


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (b64encode(ROOT[1:]), "31 bytes, where a hash has 32"),
        (b64encode(ROOT + b"\0"), "33 bytes, where a hash has 32"),
        (b64encode(ROOT).replace("=", ""), "not base64"),
        (f" {b64encode(ROOT)}", "not base64"),
        (f"{b64encode(bytes(32))[:-2]}B=", "bits to spare"),
        (ROOT.hex(), "48 bytes, where a hash has 32"),
        ("-_" * 22, "not base64"),
    ],
)
def test_root_that_is_not_plainly_a_hash_is_refused(root: str, reason: str) -> None:
    """Canonical base64 of 32 bytes, and the error names the line."""
    with pytest.raises(ParseError, match=f"the root hash of a checkpoint: .*{reason}"):
        parse(line(b"x"), head=f"log.example\n9\n{root}\n")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(HEAD.removeprefix("log.example - 42\n"), id="no origin"),
        pytest.param(HEAD.replace("9\n", ""), id="no size"),
        pytest.param("log.example\n9\n", id="no root"),
        pytest.param(HEAD.replace("log.example - 42", ""), id="an empty origin"),
        pytest.param(f"{HEAD}\nextension\n", id="an empty line before an extension"),
    ],
)
def test_checkpoint_that_lacks_a_line_is_refused(head: str) -> None:
    """Three lines at least, none of them empty."""
    with pytest.raises(ParseError, match="origin, size and root are its first lines"):
        parse(line(b"x"), head=head)


@pytest.mark.parametrize(
    "envelope",
    [
        pytest.param("", id="nothing"),
        pytest.param("\n\n", id="blank lines only"),
        pytest.param(HEAD, id="no blank line"),
        pytest.param(f"{HEAD}\n", id="no signatures"),
        pytest.param(f"{HEAD}{line(b'x')}", id="signatures without a blank line before"),
        pytest.param(f"{HEAD}\n{line(b'x')}".rstrip("\n"), id="no newline at the end"),
        pytest.param(f"{HEAD}\n{line(b'x')}\n", id="a blank line at the end"),
        pytest.param(f"\n{line(b'x')}", id="signatures only"),
    ],
)
def test_note_without_its_parts_is_refused(envelope: str) -> None:
    """A text, a blank line, signatures, each line ended."""
    with pytest.raises(ParseError, match="no blank line with signatures below it"):
        Checkpoint.parse(envelope)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("- log.example aGludHg=\n", id="a hyphen for the dash"),
        pytest.param("– log.example aGludHg=\n", id="a shorter dash"),
        pytest.param("—log.example aGludHg=\n", id="no space after the dash"),
        pytest.param("—  log.example aGludHg=\n", id="two spaces after the dash"),
        pytest.param("— log.example  aGludHg=\n", id="two spaces after the name"),
        pytest.param("— log.example aGludHg= \n", id="a space at the end"),
        pytest.param("— log+example aGludHg=\n", id="a plus sign in the name"),
        pytest.param("— log\u00a0example aGludHg=\n", id="a space of another kind in the name"),
        pytest.param("— log\u2028example aGludHg=\n", id="a line separator in the name"),
        pytest.param("— log.example\n", id="no signature"),
        pytest.param("— aGludHg=\n", id="no name"),
        pytest.param("text\n", id="something else"),
    ],
)
def test_signature_line_of_another_form_is_refused(wrong: str) -> None:
    """A line that can be read in two ways is read in none."""
    with pytest.raises(ParseError, match="not a signature line of a checkpoint"):
        parse(line(b"x"), wrong)


@pytest.mark.parametrize("text", ["aGludHg", "aGludHh=", "aGlu=dHg=", "===="])
def test_signature_that_is_not_plainly_base64_is_refused(text: str) -> None:
    """The strict reading holds for signatures too."""
    with pytest.raises(ParseError, match="the signature of a checkpoint: not base64"):
        parse(f"— log.example {text}\n")


def test_signature_of_a_key_hint_only_is_refused() -> None:
    """Four bytes say which key, and nothing is signed."""
    with pytest.raises(ParseError, match="a signature of 4 bytes"):
        parse(line(b""))


@pytest.mark.parametrize("character", ["\0", "\t", "\r", "\x1b", "\x1f"])
def test_control_characters_are_refused(character: str) -> None:
    """A signed note has none but newlines, wherever one might stand."""
    for envelope in (f"{character}{HEAD}\n{line(b'x')}", f"{HEAD}\n{line(b'x')}{character}"):
        with pytest.raises(ParseError, match="a control character in a checkpoint"):
            Checkpoint.parse(envelope)


@pytest.mark.parametrize("name", ["\ud800log.example", "log.example"])
def test_half_of_a_surrogate_pair_is_refused(name: str) -> None:
    """What cannot be written in UTF-8 was not signed, and could not be written again."""
    origin = "\udc00" if name == "log.example" else "log.example"
    with pytest.raises(ParseError, match="half of a surrogate pair in a checkpoint"):
        parse(line(b"x", name=name), head=HEAD.replace("log.example", origin))


def test_checkpoint_of_64_kib_is_read() -> None:
    """The largest that is allowed; its size counts bytes, not characters."""
    room = (64 << 10) - len(f"{HEAD}\n\n{line(b'x')}".encode())
    extension = "é" * (room // 2) + "x" * (room % 2)
    assert parse(line(b"x"), head=f"{HEAD}{extension}\n").extensions == (extension,)


def test_larger_checkpoint_is_refused() -> None:
    """One byte more is too many."""
    room = (64 << 10) - len(f"{HEAD}\n\n{line(b'x')}".encode())
    with pytest.raises(ParseError, match="a checkpoint of 65538 bytes, more than 65536"):
        parse(line(b"x"), head=f"{HEAD}{'é' * (room // 2 + 1)}{'x' * (room % 2)}\n")


def test_more_than_64_signatures_are_refused() -> None:
    """Each may have to be tried."""
    with pytest.raises(ParseError, match="65 signatures under a checkpoint"):
        parse(*[line(b"x")] * 65)


@logs
def test_signature_of_the_log_verifies(key: PublicKey, sign: Sign) -> None:
    """Over the text and its final newline, by hint and name or by hint alone."""
    checkpoint = parse(line(sign(HEAD.encode())))
    checkpoint.verify(key, key_hint=b"hint", name="log.example")
    checkpoint.verify(key, key_hint=b"hint", name=None)


@logs
def test_extensions_are_signed_as_well(key: PublicKey, sign: Sign) -> None:
    """The text is signed whole."""
    head = f"{HEAD}Timestamp: 1\n"
    parse(line(sign(head.encode())), head=head).verify(key, key_hint=b"hint", name=None)
    with refused(Check.CHECKPOINT):
        parse(line(sign(HEAD.encode())), head=head).verify(key, key_hint=b"hint", name=None)


@logs
def test_signature_is_found_among_those_of_others(key: PublicKey, sign: Sign) -> None:
    """Wherever it stands, under strangers' names, under its own with another key, and twice."""
    ours = line(sign(HEAD.encode()))
    others = [
        line(b"stranger", name="witness.example", hint=b"othr"),
        line(b"old key", hint=b"old!"),
        line(b"same hint", name="witness.example"),
    ]
    for at in range(len(others) + 1):
        checkpoint = parse(*others[:at], ours, *others[at:], ours)
        checkpoint.verify(key, key_hint=b"hint", name="log.example")


@logs
def test_every_line_with_the_hint_is_tried(key: PublicKey, sign: Sign) -> None:
    """Anybody can make a key with a given hint, and put a line of theirs before the log's."""
    forged = line(bytes(64))
    parse(forged, line(sign(HEAD.encode())), forged).verify(key, key_hint=b"hint", name=None)


@logs
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([("hint", "other.example")], id="another name"),
        pytest.param([("tnih", "log.example")], id="another hint"),
        pytest.param([("hint", "other.example"), ("tnih", "log.example")], id="both, apart"),
        pytest.param([("hint", "LOG.example")], id="another case"),
        pytest.param([("hint", "log.example.org")], id="a longer name"),
    ],
)
def test_signature_under_another_name_or_hint_does_not_count(
    key: PublicKey, sign: Sign, lines: list[tuple[str, str]]
) -> None:
    """Both together say who signed, and the refusal lists what there is."""
    signature = sign(HEAD.encode())
    checkpoint = parse(*(line(signature, hint=it.encode(), name=name) for it, name in lines))
    with refused(Check.CHECKPOINT, "not signed by its log") as refusal:
        checkpoint.verify(key, key_hint=b"hint", name="log.example")
    assert lines[0][1] in str(refusal.value.found)
    assert lines[0][0].encode().hex() in str(refusal.value.found)
    assert refusal.value.wanted == f"one that verifies by log.example (key {b'hint'.hex()})"


def test_without_a_name_the_refusal_wants_any() -> None:
    """Logs of version 1 are known by their key alone."""
    with refused(Check.CHECKPOINT) as refusal:
        parse(line(b"x")).verify(ECDSA_KEY, key_hint=b"tnih", name=None)
    assert "any name" in str(refusal.value.wanted)


@logs
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("42", "43"), id="origin"),
        pytest.param(("\n9\n", "\n8\n"), id="size"),
        pytest.param((b64encode(ROOT), b64encode(ROOT[::-1])), id="root"),
    ],
)
def test_altered_checkpoint_is_refused(key: PublicKey, sign: Sign, change: tuple[str, str]) -> None:
    """Every line is signed."""
    checkpoint = parse(line(sign(HEAD.encode())), head=HEAD.replace(*change))
    with refused(Check.CHECKPOINT, "not signed by its log"):
        checkpoint.verify(key, key_hint=b"hint", name="log.example")


@logs
def test_signature_by_another_key_is_refused(key: PublicKey, sign: Sign) -> None:
    """Name and hint can be copied; the signature cannot."""
    other = ED25519_KEY if key == ECDSA_KEY else ECDSA_KEY
    with refused(Check.CHECKPOINT, "not signed by its log"):
        parse(line(sign(HEAD.encode()))).verify(other, key_hint=b"hint", name="log.example")


def test_cosignature_verifies_and_says_when() -> None:
    """A witness signs the text under the time it states."""
    checkpoint = parse(line(b"log"), cosign())
    assert checkpoint.verify_cosignature(WITNESS_KEY, name="witness.example") == AT


def test_every_cosignature_of_the_witness_is_tried() -> None:
    """One that does not verify does not hide one that does."""
    hint = cosignature_key_id("witness.example", WITNESS_KEY)[:4]
    forged = line(bytes(72), hint=hint, name="witness.example")
    checkpoint = parse(forged, cosign())
    assert checkpoint.verify_cosignature(WITNESS_KEY, name="witness.example") == AT


def test_cosignature_of_the_last_second_is_read() -> None:
    """A date can say no more."""
    checkpoint = parse(cosign(at=253_402_300_799))
    at = checkpoint.verify_cosignature(WITNESS_KEY, name="witness.example")
    assert at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line(b"log")], id="no witness"),
        pytest.param([cosign(name="another.example")], id="another name"),
        pytest.param([cosign("another log\n9\n")], id="another checkpoint"),
        pytest.param([cosign(at=253_402_300_800)], id="a time after the year 9999"),
        pytest.param([cosign(at=2**64 - 1)], id="the last time there is"),
        pytest.param(
            [
                line(
                    WITNESS.sign(HEAD.encode()),
                    hint=cosignature_key_id("witness.example", WITNESS_KEY)[:4],
                    name="witness.example",
                )
            ],
            id="signed as a log signs",
        ),
        pytest.param(
            [
                line(
                    b"time",
                    hint=cosignature_key_id("witness.example", WITNESS_KEY)[:4],
                    name="witness.example",
                )
            ],
            id="less than a time",
        ),
    ],
)
def test_cosignature_that_is_not_the_witness_s_is_refused(lines: list[str]) -> None:
    """The refusal names the witness that was wanted."""
    with refused(Check.CHECKPOINT, "not cosigned by this witness") as refusal:
        parse(*lines).verify_cosignature(WITNESS_KEY, name="witness.example")
    assert "witness.example" in str(refusal.value.wanted)


def test_cosignature_does_not_count_as_the_log_s() -> None:
    """The same key as log and as witness signs different texts."""
    hint = cosignature_key_id("witness.example", WITNESS_KEY)[:4]
    with refused(Check.CHECKPOINT):
        parse(cosign()).verify(WITNESS_KEY, key_hint=hint, name="witness.example")


def test_witnesses_have_ed25519_keys() -> None:
    """A cosignature of version 1 has no other kind."""
    with pytest.raises(InputError, match="this key is ECDSA P-256"):
        parse(cosign()).verify_cosignature(ECDSA_KEY, name="witness.example")


def test_key_ids_are_those_of_the_specification() -> None:
    """Name, newline, type and raw key for Ed25519; the key alone for ECDSA."""
    raw = ED25519.public_key().public_bytes_raw()
    assert note_key_id("a.example", ED25519_KEY) == sha256(b"a.example\n\x01" + raw).digest()
    assert cosignature_key_id("a.example", ED25519_KEY) == sha256(b"a.example\n\x04" + raw).digest()
    assert note_key_id("a.example", ECDSA_KEY) == sha256(ECDSA_KEY.spki).digest()


def verifier_key(kind: int, data: bytes, key_id: bytes, name: str = "log.example") -> str:
    """Write a verifier key as the specification has it."""
    return f"{name}+{key_id[:4].hex()}+{b64encode(bytes([kind]) + data)}"


RAW = ED25519.public_key().public_bytes_raw()
LOG_ID = note_key_id("log.example", ED25519_KEY)


@pytest.mark.parametrize(
    ("kind", "data", "key_id", "key"),
    [
        (1, RAW, LOG_ID, ED25519_KEY),
        (4, RAW, cosignature_key_id("log.example", ED25519_KEY), ED25519_KEY),
        (2, ECDSA_KEY.spki, note_key_id("log.example", ECDSA_KEY), ECDSA_KEY),
    ],
    ids=["Ed25519", "witness", "ECDSA"],
)
def test_verifier_key_is_read(kind: int, data: bytes, key_id: bytes, key: PublicKey) -> None:
    """A name, the hint of its signature lines, and a key of each type."""
    text = verifier_key(kind, data, key_id)
    assert parse_verifier_key(text) == ("log.example", key_id[:4], key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a verifier key"),
        ("log.example", "not a verifier key"),
        (verifier_key(1, RAW, LOG_ID, name=""), "not a verifier key"),
        (verifier_key(1, RAW, LOG_ID, name="a b"), "not a verifier key"),
        (verifier_key(1, RAW, LOG_ID, name="\ud800"), "not a verifier key"),
        (verifier_key(1, RAW, LOG_ID)[:-1], "not base64"),
        (verifier_key(1, RAW, b"\xab" * 4).replace("abab", "ABAB"), "not a verifier key"),
        (verifier_key(1, RAW, b"hint"), "hint of another one"),
        (verifier_key(4, RAW, LOG_ID), "hint of another one"),
        (verifier_key(1, RAW, LOG_ID, name="b.example"), "hint of another one"),
        (verifier_key(2, b"", LOG_ID), "the public key is malformed"),
    ],
)
def test_malformed_verifier_keys_are_refused(text: str, reason: str) -> None:
    """Each part, and that they belong together."""
    with pytest.raises(ParseError, match=reason):
        parse_verifier_key(text)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param(1, RAW[1:], id="a key too short"),
        pytest.param(1, RAW + b"\0", id="a key too long"),
        pytest.param(1, b"", id="no key"),
        pytest.param(2, ED25519_KEY.spki, id="Ed25519 as ECDSA"),
        pytest.param(3, RAW, id="a type that is reserved"),
        pytest.param(
            6,
            mldsa.MLDSA44PrivateKey.generate().public_key().public_bytes_raw(),
            id="ML-DSA-44",
        ),
    ],
)
def test_verifier_keys_of_other_types_are_not_supported(kind: int, data: bytes) -> None:
    """They may well be keys, of a kind that is not known here."""
    with pytest.raises(UnsupportedError, match="neither of Ed25519 nor of ECDSA"):
        parse_verifier_key(verifier_key(kind, data, b"hint"))


def test_key_ids_are_those_of_real_logs() -> None:
    """The ids by which Sigstore's own trusted root calls a log of each kind."""
    case = shared("conformance/bundle-verify/rekor2-checkpoint-cosigned")
    root = json.loads((case / "trusted_root.json").read_bytes())
    for log in root["tlogs"]:
        key = PublicKey.parse(b64decode(log["publicKey"]["rawBytes"]))
        name = log["baseUrl"].removeprefix("https://")
        assert b64encode(note_key_id(name, key)) == log["logId"]["keyId"]
    assert {log["publicKey"]["keyDetails"] for log in root["tlogs"]} == {
        "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ED25519",
    }
