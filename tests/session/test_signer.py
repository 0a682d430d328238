# SPDX-License-Identifier: Apache-2.0
"""Many signatures under one identity: one certificate, renewed in time, shared between threads."""

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from keyless import files
from keyless.auth import Identity
from keyless.errors import BatchError, InputError, LoginError, ServiceError
from keyless.policy import Requirements, SignedBy
from keyless.protocol.bundle import KeyHint
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, Transport
from keyless.session import Signed, Signer
from keyless.verification import verify
from tests.instances import NOON, Wire, nothing_logged, on

MINUTE = timedelta(minutes=1)
BY_ALICE = SignedBy("alice@example.com", issuer="github")
PREDICATE: dict[str, Any] = {"reviewer": "Carol"}


@pytest.fixture
def sandbox() -> Sandbox:
    """A whole instance, at noon."""
    return Sandbox(NOON)


@pytest.fixture
def wire(sandbox: Sandbox) -> Wire:
    """Its wire."""
    return Wire(sandbox)


class Asked:
    """Alice, who counts how often she is asked for a token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.count = 0

    def __call__(self) -> str:
        """Give a token for a minute."""
        self.count += 1
        return self._sandbox.token("alice@example.com")


def alices(sandbox: Sandbox, wire: Wire | None = None, **options: Any) -> Signer:
    """Sign as Alice, over *wire*."""
    sigstore = on(sandbox, rekor=1, transport=wire)
    return Signer(sandbox.identity("alice@example.com"), sigstore=sigstore, **options)


def release(folder: Path, count: int = 5) -> list[Path]:
    """Write so many files."""
    paths = [folder / f"{number:03}.whl" for number in range(count)]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def certificates(signed: list[Signed]) -> int:
    """Count the certificates under which *signed* were."""
    return len({one.bundle.material for one in signed})


# One


def test_a_file_is_signed_and_saved(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is read from beside the file verifies."""
    (path,) = release(tmp_path, 1)
    with alices(sandbox) as signer:
        signed = signer.sign(path)
    assert (signed.path, signed.digest) == (str(path), Digest.of(b"000.whl"))
    signed.save()
    bundle = files.read_bundle(files.find_bundle(path))
    root = sandbox.sigstore.trusted_root
    assert verify(bundle, b"000.whl", trusted_root=root, policy=BY_ALICE) == signed.proof


def test_anything_can_be_signed(sandbox: Sandbox, tmp_path: Path) -> None:
    """Bytes, a digest, an open file and a path: the same artifact."""
    (path,) = release(tmp_path, 1)
    with alices(sandbox) as signer, path.open("rb") as stream:
        signed = [signer.sign(it) for it in (b"000.whl", Digest.of(b"000.whl"), stream, str(path))]
    assert {one.digest for one in signed} == {Digest.of(b"000.whl")}
    assert [one.path for one in signed] == [None, None, None, str(path)]


def test_a_file_is_attested_to(sandbox: Sandbox, tmp_path: Path) -> None:
    """Under a name of its own, so that the signature keeps its place."""
    (path,) = release(tmp_path, 1)
    with alices(sandbox) as signer:
        signer.sign(path).save()
        attested = signer.attest(path, predicate=PREDICATE, type="vuln")
        attested.save()
    assert attested.proof.statement is not None
    assert attested.proof.statement.predicate == PREDICATE
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"000.whl", "000.whl.sigstore.json", "000.whl.vuln.sigstore.json"}


def test_a_key_of_ones_own_signs_what_its_hash_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """A key of 384 bits signs SHA-384, and no authority is asked."""
    (path,) = release(tmp_path, 1)
    key = SigningKey.generate(algorithm_named("PKIX_ECDSA_P384_SHA_384"))
    with Signer(key, sigstore=sandbox.sigstore) as signer:
        assert signer.disclosure(path).who == (("key", str(key.public.fingerprint)),)
        signed = signer.sign(path)
    assert signed.digest.algorithm is HashAlgorithm.SHA384
    assert isinstance(signed.bundle.material, KeyHint)


# The certificate


def test_nothing_is_asked_of_anybody_before_something_is_signed(
    sandbox: Sandbox, wire: Wire
) -> None:
    """A block that signs nothing makes nothing public."""
    asked = Asked(sandbox)
    with Signer(Identity(asked), sigstore=on(sandbox, transport=wire)) as signer:
        assert repr(signer) == "Signer(Identity(not asked yet))"
    assert (asked.count, wire.asked) == (0, [])


def test_signatures_share_one_certificate(sandbox: Sandbox, wire: Wire) -> None:
    """Whatever is signed, for nine minutes."""
    with alices(sandbox, wire) as signer:
        signed = [signer.sign(b"a"), signer.attest(b"a", predicate=PREDICATE, type="custom")]
        sandbox.clock.advance(9 * MINUTE)
        signed.append(signer.sign(b"b"))
        assert repr(signer).startswith("Signer(Credential(Certificate(e-mail alice@example.com")
    assert certificates(signed) == 1
    assert wire.hosts().count("fulcio") == 1


def test_a_certificate_is_renewed_a_minute_before_it_expires(sandbox: Sandbox) -> None:
    """A long release is signed under one after the other; tokens of a minute are enough."""
    asked = Asked(sandbox)
    signed = []
    with Signer(Identity(asked), sigstore=sandbox.sigstore) as signer:
        for _ in range(60):
            signed.append(signer.sign(b"a"))
            sandbox.clock.advance(MINUTE)
    assert certificates(signed) == asked.count == 6


def test_threads_share_one_certificate(sandbox: Sandbox, wire: Wire) -> None:
    """Eight that begin at once ask for one."""
    with alices(sandbox, wire) as signer, ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda number: signer.sign(b"%d" % number), range(40)))
    assert certificates(signed) == 1
    assert [one.digest for one in signed] == [Digest.of(b"%d" % number) for number in range(40)]


def test_a_block_that_is_over_signs_nothing(sandbox: Sandbox) -> None:
    """Its key is gone."""
    with alices(sandbox) as signer:
        signer.sign(b"a")
    with pytest.raises(InputError, match="this signer's block is over"):
        signer.sign(b"a")


def test_a_token_that_has_expired_is_told(sandbox: Sandbox, wire: Wire) -> None:
    """Before the authority is asked, which would not say why."""
    me = Identity.from_token(sandbox.token("alice@example.com"))
    sandbox.clock.advance(2 * MINUTE)
    with pytest.raises(LoginError, match=r"alice@example.com has expired"):
        Signer(me, sigstore=on(sandbox, transport=wire)).sign(b"a")
    assert wire.asked == []


def test_less_can_be_asked_for_and_more(sandbox: Sandbox) -> None:
    """What must vouch is the same for the certificate and for the signature."""
    sandbox.fulcio.scts = "none"
    with pytest.raises(Exception, match="0 trusted certificate logs have seen"):
        alices(sandbox).sign(b"a")
    with alices(sandbox, requirements=Requirements(scts=0)) as signer:
        signed = signer.sign(b"a")
        attested = signer.attest(b"a", predicate=PREDICATE, type="custom")
    assert len(signed.proof.relaxations) == len(attested.proof.relaxations) == 1
    with pytest.raises(InputError, match="are logs, 2 wanted"):
        alices(sandbox, requirements=Requirements(logs=2, scts=0)).sign(b"a")


def test_nobody_signs_without_workers(sandbox: Sandbox) -> None:
    """At least one is needed."""
    with pytest.raises(InputError, match="0 workers sign nothing"):
        alices(sandbox, workers=0)


# Many


def test_a_release_is_signed_in_order_under_one_certificate(
    sandbox: Sandbox, wire: Wire, tmp_path: Path
) -> None:
    """Each file has its own entry in the log."""
    paths = release(tmp_path, 40)
    with alices(sandbox, wire) as signer:
        signed = list(signer.sign_each(iter(paths)))
    assert [one.path for one in signed] == [str(path) for path in paths]
    assert [one.digest for one in signed] == [Digest.of(path.name.encode()) for path in paths]
    assert certificates(signed) == 1
    assert wire.hosts().count("fulcio") == 1
    assert len({one.bundle.entries[0].index for one in signed}) == 40


def test_a_long_release_is_signed_under_several(sandbox: Sandbox, tmp_path: Path) -> None:
    """Renewed on the way, by tokens that live a minute; one worker, as each moves the one clock."""
    wire = Wire(sandbox)

    def slow(request: Request, transport: Transport) -> Response:
        sandbox.clock.advance(timedelta(seconds=20))
        return transport(request)

    wire.bend("rekor", slow)
    with alices(sandbox, wire, workers=1) as signer:
        signed = list(signer.sign_each(release(tmp_path, 60)))
    assert certificates(signed) == 3
    assert len(signed) == 60


def every_third_refused() -> Callable[[Request, Transport], Response]:
    """Refuse one request of three."""
    number = count()

    def answer(request: Request, transport: Transport) -> Response:
        if next(number) % 3 == 1:
            return Response(status=403, body=b"not this one")
        return transport(request)

    return answer


def saved(signed: Iterable[Signed]) -> None:
    """Save each as it comes."""
    for one in signed:
        one.save()


def test_one_that_fails_does_not_lose_the_rest(
    sandbox: Sandbox, wire: Wire, tmp_path: Path
) -> None:
    """The others are signed, and can be saved; the error says which is missing, and why."""
    paths = release(tmp_path)
    paths[1].unlink()
    missing = f"1 of 5 were not signed: {paths[1]}: there is no file {paths[1]}"
    with alices(sandbox, wire) as signer, pytest.raises(BatchError, match=re.escape(missing)):
        saved(signer.sign_each(paths))
    names = {each.name for each in tmp_path.glob("*.json")}
    assert names == {f"{number:03}.whl.sigstore.json" for number in (0, 2, 3, 4)}


def test_a_server_that_refuses_some_does_not_lose_the_rest(
    sandbox: Sandbox, wire: Wire, tmp_path: Path
) -> None:
    """Nothing is logged for those that were refused a timestamp."""
    wire.bend("timestamp", every_third_refused())
    signed = []
    with alices(sandbox, wire) as signer, pytest.raises(BatchError, match="403: not this") as some:
        signed.extend(signer.sign_each(release(tmp_path, 9)))
    assert len(signed) == len(sandbox.core.log_v1.tree) == 6
    assert len(some.value.failures) == 3
    assert all(isinstance(error, ServiceError) for _, error in some.value.failures)


@pytest.mark.parametrize("verb", ["sign_each", "sign_missing"])
def test_who_can_have_no_certificate_is_not_asked_again_for_each_file(
    sandbox: Sandbox, tmp_path: Path, verb: str
) -> None:
    """Each time might open a browser; every file says what was said once."""
    asked: list[int] = []

    def decline() -> str:
        asked.append(1)
        raise LoginError("the user said no")

    signer = Signer(Identity(decline), sigstore=sandbox.sigstore)
    with pytest.raises(BatchError, match=r"20 of 20 were .* the user said no") as failed:
        list(getattr(signer, verb)(release(tmp_path, 20)))
    assert asked == [1]
    assert {error.message for _, error in failed.value.failures} == {"the user said no"}
    with pytest.raises(BatchError):
        list(signer.sign_each(release(tmp_path, 2)))
    assert asked == [1, 1]  # another batch may have better luck


# What is there already


def test_what_is_signed_already_is_not_signed_again(
    sandbox: Sandbox, wire: Wire, tmp_path: Path
) -> None:
    """A release that broke off goes on where it was; each file comes, signed now or before."""
    paths = release(tmp_path)
    with alices(sandbox) as signer:
        before = list(signer.sign_each(paths[:3]))
    for signed in before:
        signed.save()
    with alices(sandbox, wire) as signer:
        after = list(signer.sign_missing(paths))
    assert [one.reused for one in after] == [True, True, True, False, False]
    assert [one.bundle for one in after[:3]] == [one.bundle for one in before]
    assert [one.proof for one in after[:3]] == [one.proof for one in before]
    assert wire.hosts().count("rekor") == 2
    assert [Path(one.save()).exists() for one in after] == [True] * 5


def test_what_was_signed_before_it_changed_is_signed_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The bundle of ours that is there is of another artifact."""
    (path,) = release(tmp_path, 1)
    with alices(sandbox) as signer:
        signer.sign(path).save()
        path.write_bytes(b"rebuilt")
        (again,) = signer.sign_missing([path])
        again.save()
    assert (again.reused, again.digest) == (False, Digest.of(b"rebuilt"))
    assert files.read_bundle(again.bundle_path) == again.bundle


def test_a_bundle_that_only_claims_to_be_ours_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    """It says the right name, and does not verify."""
    (path,) = release(tmp_path, 1)
    other = Sandbox(NOON)
    alices(other).sign(path).save()
    with alices(sandbox) as signer:
        (again,) = signer.sign_missing([path])
        again.save()
    assert not again.reused
    assert files.read_bundle(again.bundle_path) == again.bundle


@pytest.mark.parametrize("there", ["bob's", "an attestation", "notes"])
def test_what_is_not_ours_is_left_and_nothing_is_logged(
    sandbox: Sandbox, tmp_path: Path, there: str
) -> None:
    """Another signer's bundle, an attestation, or a file of any kind."""
    (path,) = release(tmp_path, 1)
    place = tmp_path / "000.whl.sigstore.json"
    if there == "bob's":
        bob = sandbox.identity("bob@example.com")
        Signer(bob, sigstore=sandbox.sigstore).sign(path).save()
    elif there == "an attestation":
        alices(sandbox).attest(path, predicate=PREDICATE, type="custom").save(place)
    else:
        place.write_text("notes")
    before = place.read_bytes()
    with (
        alices(sandbox) as signer,
        nothing_logged(sandbox),
        pytest.raises(BatchError, match="is there already"),
    ):
        list(signer.sign_missing([path]))
    assert place.read_bytes() == before


def test_a_release_goes_on_where_its_bundles_are(sandbox: Sandbox, tmp_path: Path) -> None:
    """They need not lie beside the files."""
    paths = release(tmp_path, 2)

    def elsewhere(path: str) -> str:
        return f"{path}.elsewhere"

    with alices(sandbox) as signer:
        first = signer.sign(paths[0])
        first.save(elsewhere(str(paths[0])))
        after = list(signer.sign_missing(paths, bundle_of=elsewhere))
    assert [one.reused for one in after] == [True, False]
    assert after[0].bundle == first.bundle


def test_a_key_of_ones_own_goes_on_where_it_was(sandbox: Sandbox, tmp_path: Path) -> None:
    """As anybody does."""
    paths = release(tmp_path, 2)
    key = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
    with Signer(key, sigstore=sandbox.sigstore) as signer:
        signer.sign(paths[0]).save()
        assert [one.reused for one in signer.sign_missing(paths)] == [True, False]


# What becomes public


def test_what_becomes_public_is_told_before_and_is_what_does(sandbox: Sandbox, wire: Wire) -> None:
    """Of the token what the authority will write; then what it wrote."""
    with alices(sandbox, wire) as signer:
        before = signer.disclosure(b"a")
        assert wire.asked == []
        signed = signer.sign(b"a")
        after = signer.disclosure(b"a")
    assert (before.certainty, after.certainty) == ("foretold", "stated")
    assert before.who == after.who
    assert signed.proof.signer.claims is not None
    assert dict(after.who).items() >= dict(signed.proof.signer.claims.items()).items()


def test_a_statement_that_is_written_already_is_signed_as_it_stands(sandbox: Sandbox) -> None:
    """Blanks, order and all: who wrote it may compare it byte for byte."""
    digest = Digest.of(b"a")
    statement = (
        b'{ "predicateType": "https://example.com/review", "predicate": {"b": 1, "a": 2},\n'
        b'  "subject": [{"name": "a", "digest": {"sha256": "%s"}}],\n'
        b'  "_type": "https://in-toto.io/Statement/v0.1" }\n' % digest.hex.encode()
    )
    with alices(sandbox) as signer:
        signed = signer.attest_statement(statement)
    assert isinstance(signed.bundle.content, Envelope)
    assert signed.bundle.content.payload == statement
    assert (signed.digest, signed.path) == (digest, None)


def test_what_an_attestation_makes_public_is_told(sandbox: Sandbox) -> None:
    """All of it, where it is sent to the log."""
    with alices(sandbox) as signer:
        said = signer.disclosure(b"a", predicate=PREDICATE, type="vuln")
    statement = json.loads(dict(said.what)["statement"])
    assert statement["predicate"] == PREDICATE
    assert statement["predicateType"] == "https://cosign.sigstore.dev/attestation/vuln/v1"
