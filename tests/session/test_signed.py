# SPDX-License-Identifier: Apache-2.0
"""What signing returns, and how it is saved."""

import pickle
from pathlib import Path

import pytest

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.policy import SignedBy, SignedByKey
from keyless.protocol.names import San
from keyless.session.signed import Signed
from tests.forge import BY_ALICE, STATEMENT, Forge, Signer, managed

BOB = San(kind="e-mail", text="bob@example.com")
BY_BOB = SignedBy("bob@example.com", issuer="google")


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def signed(
    forge: Forge,
    path: Path | None,
    *,
    signer: Signer | None = None,
    predicate_type: str | None = None,
    reused: bool = False,
) -> Signed:
    """Sign the artifact, or a statement about it, as Alice if not as *signer*."""
    signer = signer or forge.signer()
    content = None
    if predicate_type is not None:
        content = forge.envelope(signer, {**STATEMENT, "predicateType": predicate_type})
    bundle = forge.bundle(signer=signer, content=content)
    policy = BY_ALICE | BY_BOB | SignedByKey(signer.key.public)
    return Signed(
        bundle=bundle,
        proof=forge.verify(bundle, policy=policy),
        path=None if path is None else str(path),
        reused=reused,
    )


def test_a_bundle_is_saved_beside_its_artifact(forge: Forge, tmp_path: Path) -> None:
    """Where verifiers look for it; what is read back is what was signed."""
    one = signed(forge, tmp_path / "app.whl")
    assert one.save() == str(tmp_path / "app.whl.sigstore.json")
    assert files.read_bundle(files.find_bundle(tmp_path / "app.whl")) == one.bundle


@pytest.mark.parametrize(
    ("predicate_type", "name"),
    [
        ("https://spdx.dev/Document", "app.whl.spdx.sigstore.json"),
        ("https://slsa.dev/provenance/v1", "app.whl.slsaprovenance1.sigstore.json"),
        ("https://example.com/review", "app.whl.attestation.sigstore.json"),
    ],
)
def test_an_attestation_is_saved_under_a_name_of_its_kind(
    forge: Forge, tmp_path: Path, predicate_type: str, name: str
) -> None:
    """So that it takes no place from the signature, or from an attestation of another kind."""
    one = signed(forge, tmp_path / "app.whl", predicate_type=predicate_type)
    assert one.save() == str(tmp_path / name)


def test_what_is_no_file_is_saved_where_it_is_told(forge: Forge, tmp_path: Path) -> None:
    """There is no place beside bytes."""
    one = signed(forge, None)
    with pytest.raises(InputError, match="no file, so there is no place beside it"):
        one.save()
    assert one.save(tmp_path / "b.json") == str(tmp_path / "b.json")


def test_a_bundle_of_the_same_signer_is_replaced(forge: Forge, tmp_path: Path) -> None:
    """A release that is signed again has its new bundle."""
    signed(forge, tmp_path / "app.whl").save()
    again = signed(forge, tmp_path / "app.whl")
    again.save()
    assert files.read_bundle(again.bundle_path) == again.bundle


def test_a_bundle_of_another_signer_is_left(forge: Forge, tmp_path: Path) -> None:
    """The refusal says whose it is; only who says so replaces it."""
    alices = signed(forge, tmp_path / "app.whl")
    alices.save()
    bobs = signed(forge, tmp_path / "app.whl", signer=forge.signer(names=[BOB]))
    with pytest.raises(InputError, match=r"a signature by alice@example.com .*, not a .* by bob"):
        bobs.save()
    assert files.read_bundle(alices.bundle_path) == alices.bundle
    bobs.save(overwrite="anything")
    assert files.read_bundle(alices.bundle_path) == bobs.bundle


def test_a_signature_is_not_replaced_by_an_attestation(forge: Forge, tmp_path: Path) -> None:
    """Nor an attestation by one of another kind: each says something else."""
    path = signed(forge, tmp_path / "app.whl").save()
    spdx = signed(forge, None, predicate_type="https://spdx.dev/Document")
    with pytest.raises(InputError, match=r"a signature by .*, not an attestation \(https://spdx"):
        spdx.save(path)
    spdx.save(path, overwrite="anything")
    with pytest.raises(InputError, match=r"an attestation \(https://spdx.dev/Document\) by"):
        signed(forge, None, predicate_type="https://openvex.dev/ns").save(path)


def test_an_envelope_of_another_kind_is_left(forge: Forge, tmp_path: Path) -> None:
    """Something was signed there that is no statement; whoever did may need it."""
    signer = forge.signer()
    content = forge.envelope(signer, "hello", payload_type="text/plain")
    path = tmp_path / "app.whl.sigstore.json"
    path.write_bytes(forge.bundle(signer=signer, content=content).to_json())
    with pytest.raises(InputError, match=r"an attestation \(text/plain\) by alice"):
        signed(forge, tmp_path / "app.whl").save()


def test_signatures_by_keys_are_told_apart_by_their_hints(forge: Forge, tmp_path: Path) -> None:
    """A key has no other name than its fingerprint."""
    mine, other = managed(), managed()
    signed(forge, tmp_path / "a", signer=mine).save()
    signed(forge, tmp_path / "a", signer=mine).save()
    with pytest.raises(InputError, match="a signature by the key with the hint"):
        signed(forge, tmp_path / "a", signer=other).save()


def test_what_is_no_bundle_is_left(forge: Forge, tmp_path: Path) -> None:
    """A file of that name may be anything, and is not ours to throw away."""
    (tmp_path / "app.whl.sigstore.json").write_text("notes")
    with pytest.raises(InputError, match="is there already, and is no bundle"):
        signed(forge, tmp_path / "app.whl").save()
    assert (tmp_path / "app.whl.sigstore.json").read_text() == "notes"


def test_a_folder_in_the_way_is_told(forge: Forge, tmp_path: Path) -> None:
    """Not even who overwrites anything replaces a folder."""
    (tmp_path / "app.whl.sigstore.json").mkdir()
    one = signed(forge, tmp_path / "app.whl")
    with pytest.raises(InputError, match="is a folder, not a file"):
        one.save()
    with pytest.raises(InputError, match="cannot be written"):
        one.save(overwrite="anything")


def test_what_cannot_be_written_leaves_nothing_behind(forge: Forge, tmp_path: Path) -> None:
    """A folder that is not there, and no unfinished file in one that is."""
    one = signed(forge, tmp_path / "nowhere" / "app.whl")
    with pytest.raises(InputError, match="there is no file"):
        one.save()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_path_is_told(forge: Forge) -> None:
    """As everywhere."""
    with pytest.raises(InputError, match="not a path"):
        signed(forge, None).save(5)  # type: ignore[arg-type]  # that is the point


def test_a_reused_bundle_stays_where_it_was(forge: Forge, tmp_path: Path) -> None:
    """Nothing is written for what was there already, unless another place is named."""
    one = signed(forge, tmp_path / "app.whl", reused=True)
    assert one.save() == str(tmp_path / "app.whl.sigstore.json")
    assert list(tmp_path.iterdir()) == []
    one.save(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == [tmp_path / "copy"]


def test_it_says_what_was_signed_by_whom_and_where_it_is_logged(forge: Forge) -> None:
    """In text, and in HTML that shows a name as a name."""
    one = signed(forge, Path("<b>.whl"), predicate_type="https://spdx.dev/Document")
    said = str(one)
    assert said.startswith("signed: <b>.whl\n")
    for part in ("alice@example.com", str(one.digest), "https://spdx.dev/Document", "entry 41"):
        assert part in said
    assert "<strong>signed: &lt;b&gt;.whl</strong>" in one._repr_html_()
    assert str(signed(forge, None, reused=True)).startswith(f"signed already: {one.digest}\n")


def test_it_pickles(forge: Forge) -> None:
    """A value like any other."""
    one = signed(forge, Path("app.whl"))
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_damaged_bundle_in_the_way_says_how(forge: Forge, tmp_path: Path) -> None:
    """The parser's reason is kept; nothing of it escapes as a ParseError."""
    path = tmp_path / "app.whl.sigstore.json"
    path.write_bytes(signed(forge, None).bundle.to_json()[:-1])
    with pytest.raises(ParseError):
        files.read_bundle(path)
    with pytest.raises(InputError, match="is no bundle: not JSON"):
        signed(forge, tmp_path / "app.whl").save()
