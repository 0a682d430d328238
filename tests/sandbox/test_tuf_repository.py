# SPDX-License-Identifier: Apache-2.0
"""The sandbox's TUF repository, as python-tuf's client sees it and as ours does."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import SSlibKey
from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root, Targets
from tuf.ngclient import FetcherInterface, Updater

from keyless.errors import InputError, TrustError
from keyless.instance import Sigstore, connect
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.clock import Clock
from keyless.sandbox.instance_core import InstanceCore
from keyless.sandbox.tuf_metadata import canonical_json, signed_metadata
from keyless.sandbox.tuf_repository import LIVES, ROLES, TufRepository
from keyless.services.http import Request
from keyless.services.trust_snapshot import SIGNING_CONFIG, SIGNING_CONFIG_V2, TRUSTED_ROOT

DAY = timedelta(days=1)
YEAR = 365 * DAY
OTHER = {TRUSTED_ROOT: b"{}"}

Connect = Callable[[], Sigstore]


@pytest.fixture(scope="module")
def documents() -> Mapping[str, bytes]:
    """What an instance publishes, by the names that the public one uses."""
    core = InstanceCore()
    config = core.signing_config_json()
    return {
        TRUSTED_ROOT: core.trusted_root_json(),
        SIGNING_CONFIG: config,
        SIGNING_CONFIG_V2: config,
    }


@pytest.fixture
def clock() -> Clock:
    """The sandbox's clock, which goes with this machine's until it is told otherwise."""
    return Clock()


@pytest.fixture
def repository(clock: Clock, documents: Mapping[str, bytes]) -> TufRepository:
    """A repository with the documents of an instance."""
    return TufRepository(clock, documents)


class Fetcher(FetcherInterface):
    """How python-tuf's client asks *repository* here."""

    def __init__(self, repository: TufRepository) -> None:
        self._repository = repository

    def _fetch(self, url: str) -> list[bytes]:
        response = self._repository.handle(Request(method="GET", url=url))
        if response.status != 200:
            raise DownloadHTTPError(url, response.status)
        return [response.body]


@pytest.fixture
def client(repository: TufRepository, tmp_path: Path) -> Callable[[], Updater]:
    """A client of python-tuf's: each that is made remembers what those before it have seen."""
    folder = tmp_path / "tuf"
    folder.mkdir()

    def client() -> Updater:
        return Updater(
            metadata_dir=str(folder),
            metadata_base_url=repository.url,
            target_base_url=f"{repository.url}/targets/",
            target_dir=str(tmp_path),
            fetcher=Fetcher(repository),
            bootstrap=repository.first_root,
        )

    return client


@pytest.fixture
def ours(
    repository: TufRepository, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connect:
    """Our own way to it, which asks each time and remembers as well."""
    monkeypatch.setenv("KEYLESS_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "root.json"
    root.write_bytes(repository.first_root)

    def ours() -> Sigstore:
        return connect(
            tuf=repository.url,
            root=root,
            refresh="now",
            transport=repository.handle,
            clock=lambda: clock.now,
        )

    return ours


def download(updater: Updater, name: str) -> bytes:
    """Return the document *name* as *updater* gets it."""
    target = updater.get_targetinfo(name)
    assert target is not None
    return Path(updater.download_target(target)).read_bytes()


# What is published


def test_python_tuf_takes_every_document(
    client: Callable[[], Updater], documents: Mapping[str, bytes]
) -> None:
    """Signatures, versions, expiry and digests hold for the reference implementation."""
    updater = client()
    assert {name: download(updater, name) for name in documents} == documents


def test_connect_takes_every_document(ours: Connect, documents: Mapping[str, bytes]) -> None:
    """An instance in the sandbox is connected to as any other is."""
    sigstore = ours()
    assert dict(sigstore.documents) == documents
    assert (sigstore.trust.source, sigstore.trust.version) == ("cache", 1)


def test_every_file_is_signed_by_its_role_alone(repository: TufRepository) -> None:
    """By the keys that the root names, as python-tuf verifies them."""
    root = Metadata[Root].from_bytes(repository.first_root)
    for role in ROLES:
        path = "timestamp.json" if role == "timestamp" else f"1.{role}.json"
        metadata = Metadata[Targets].from_bytes(repository.file(path) or b"")
        assert len(metadata.signatures) == 1
        root.signed.verify_delegate(role, metadata.signed_bytes, metadata.signatures)


def test_a_key_is_called_by_its_digest(repository: TufRepository) -> None:
    """Some clients refuse a key by another name."""
    root = Metadata[Root].from_bytes(repository.first_root).signed
    for name, key in root.keys.items():
        theirs = SSlibKey.from_crypto(load_pem_public_key(key.keyval["public"].encode()))
        assert (name, key.to_dict()) == (theirs.keyid, theirs.to_dict())


def test_the_canonical_form_is_that_of_python_tuf(repository: TufRepository) -> None:
    """What we sign is what others verify, line ends in keys included."""
    content = json.loads(repository.first_root)["signed"]
    assert canonical_json(content) == Metadata.from_bytes(repository.first_root).signed_bytes


def test_the_canonical_form_escapes_quotes_and_backslashes_alone() -> None:
    """Everything else stands in a string as it is."""
    content = canonical_json({"b": ['"\\', "\n\u00e9"], "a": [True, False, None, -1]})
    assert content == '{"a":[true,false,null,-1],"b":["\\"\\\\","\n\u00e9"]}'.encode()


def test_the_canonical_form_has_no_fractions() -> None:
    """Two writers would write one number in two ways."""
    with pytest.raises(TypeError, match="no fractions"):
        canonical_json(0.5)


def test_new_documents_take_the_place_of_the_old(
    repository: TufRepository, client: Callable[[], Updater], documents: Mapping[str, bytes]
) -> None:
    """Who has seen the first version sees the second one next."""
    client().refresh()
    repository.publish(OTHER)
    updater = client()
    assert download(updater, TRUSTED_ROOT) == b"{}"
    assert updater.get_targetinfo(SIGNING_CONFIG) is None
    assert repository.documents == OTHER != documents


def test_what_was_published_before_is_kept(
    repository: TufRepository, documents: Mapping[str, bytes], client: Callable[[], Updater]
) -> None:
    """Who was told of it a moment ago can still download it."""
    updater = client()
    updater.refresh()
    repository.publish(OTHER)
    assert download(updater, TRUSTED_ROOT) == documents[TRUSTED_ROOT]


def test_a_repository_answers_under_the_path_it_is_served_at(clock: Clock) -> None:
    """On one host with others, it has a folder of its own, and is not at home elsewhere."""
    repository = TufRepository(clock, OTHER, url="http://localhost:8080/tuf/")
    root = repository.handle(Request(method="GET", url="http://localhost:8080/tuf/1.root.json"))
    assert (root.status, root.body) == (200, repository.first_root)
    assert root.header("Content-Type") == "application/json"
    elsewhere = Request(method="GET", url="http://localhost:8080/1.root.json")
    assert repository.handle(elsewhere).status == 404


def test_a_document_that_is_no_json_is_served_as_bytes(clock: Clock) -> None:
    """The first instance kept certificates in its repository, too."""
    repository = TufRepository(clock, {"fulcio.crt.pem": b"-----"})
    (path,) = (path for path in repository.files if "fulcio" in path)
    answer = repository.handle(Request(method="GET", url=f"{repository.url}/{path}"))
    assert (answer.body, answer.header("Content-Type")) == (b"-----", "application/octet-stream")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "2.root.json"),
        ("GET", "1.timestamp.json"),
        ("GET", "targets/trusted_root.json"),
        ("GET", "x/1.root.json"),
        ("POST", "1.root.json"),
    ],
)
def test_what_is_not_there_is_not_found(repository: TufRepository, method: str, path: str) -> None:
    """A client looks for the next root until it is told that there is none."""
    request = Request(method=method, url=f"{repository.url}/{path}", body=b"")
    assert repository.handle(request).status == 404


# Keys that change


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_get_another_key(
    role: str,
    repository: TufRepository,
    client: Callable[[], Updater],
    documents: Mapping[str, bytes],
) -> None:
    """Who knows the first root alone follows, and so does who was there before."""
    client().refresh()
    repository.rotate(role)
    repository.rotate(role)
    assert repository.root_version == 3
    assert download(client(), TRUSTED_ROOT) == documents[TRUSTED_ROOT]


def test_connect_follows_the_roots(repository: TufRepository, ours: Connect) -> None:
    """From the first to the last, every one signed by the keys before it."""
    ours()
    repository.rotate("root")
    repository.rotate("timestamp")
    assert (ours().trust.root_version, ours().trust.version) == (3, 3)


def test_a_new_root_is_signed_by_the_old_key_and_the_new_one(repository: TufRepository) -> None:
    """Neither alone would do."""
    repository.rotate("root")
    first, second = (
        Metadata[Root].from_bytes(repository.file(f"{number}.root.json") or b"")
        for number in (1, 2)
    )
    for root in (first, second):
        root.signed.verify_delegate("root", second.signed_bytes, second.signatures)
    assert first.signed.roles["root"].keyids != second.signed.roles["root"].keyids


# The sandbox's clock


def test_everything_expires_when_its_role_says_by_the_clock_of_the_sandbox() -> None:
    """Not by the machine's."""
    noon = datetime(2025, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    repository = TufRepository(Clock(noon), OTHER, lives={**LIVES, "targets": DAY})
    for role in ROLES:
        path = "timestamp.json" if role == "timestamp" else f"1.{role}.json"
        signed = Metadata[Targets].from_bytes(repository.file(path) or b"").signed
        life = DAY if role == "targets" else LIVES[role]
        assert signed.expires == noon.replace(microsecond=0) + life


@pytest.mark.parametrize("later", [4 * DAY, 30 * DAY, 5 * YEAR], ids=str)
def test_what_is_about_to_expire_is_signed_anew(
    later: timedelta, clock: Clock, documents: Mapping[str, bytes], tmp_path: Path
) -> None:
    """Time passes in the sandbox, and its repository is kept up, root and all."""
    clock.advance(-later)  # so that the present, which python-tuf goes by, is that much later
    repository = TufRepository(clock, documents)
    clock.advance(later)
    updater = Updater(
        str(tmp_path),
        repository.url,
        str(tmp_path),
        f"{repository.url}/targets/",
        Fetcher(repository),
        bootstrap=repository.first_root,
    )
    assert download(updater, TRUSTED_ROOT) == documents[TRUSTED_ROOT]
    assert repository.version == 2
    assert repository.root_version == (2 if later > YEAR / 2 else 1)


def test_a_sandbox_that_lives_in_the_past_can_sign_for_long(tmp_path: Path) -> None:
    """Who connects to it goes by the machine's clock."""
    clock = Clock(datetime(2025, 3, 1, tzinfo=UTC))
    repository = TufRepository(clock, OTHER, lives=dict.fromkeys(ROLES, 100 * YEAR))
    updater = Updater(
        str(tmp_path),
        repository.url,
        str(tmp_path),
        f"{repository.url}/targets/",
        Fetcher(repository),
        bootstrap=repository.first_root,
    )
    assert download(updater, TRUSTED_ROOT) == b"{}"


def test_what_is_fresh_is_not_signed_anew(repository: TufRepository, clock: Clock) -> None:
    """Asking changes nothing."""
    before = repository.file("timestamp.json")
    clock.advance(3 * DAY)
    assert repository.file("timestamp.json") == before


# Lies


def test_what_is_frozen_expires(
    repository: TufRepository, clock: Clock, documents: Mapping[str, bytes], ours: Connect
) -> None:
    """Holding back what is new works until what is old expires."""
    clock.advance(-8 * DAY)
    repository.publish(documents)
    repository.freeze()
    clock.advance(8 * DAY)
    with pytest.raises(TrustError, match="what it says has expired"):
        ours()


def test_what_is_frozen_hides_what_comes_after(
    repository: TufRepository, client: Callable[[], Updater], documents: Mapping[str, bytes]
) -> None:
    """New documents and new roots are there, and nobody hears of them."""
    repository.freeze()
    repository.rotate("root")
    repository.publish(OTHER)
    updater = client()
    assert download(updater, TRUSTED_ROOT) == documents[TRUSTED_ROOT]
    assert repository.file("2.root.json") is None
    repository.show(None)
    assert download(client(), TRUSTED_ROOT) == b"{}"
    assert repository.file("2.root.json") is not None


def test_a_rollback_is_noticed_by_who_has_seen_more(
    repository: TufRepository, ours: Connect, documents: Mapping[str, bytes]
) -> None:
    """An older state cannot be shown as the present one."""
    repository.publish(documents)
    ours()
    repository.show(1)
    with pytest.raises(TrustError, match="an older state than was seen before"):
        ours()


def test_what_never_was_cannot_be_shown(repository: TufRepository) -> None:
    """A test that names a wrong version hears of it."""
    with pytest.raises(InputError, match="never had a version 7"):
        repository.show(7)


def test_a_document_that_was_altered_is_noticed(repository: TufRepository, ours: Connect) -> None:
    """The keyholders signed another one; when it is put back, all is well."""
    (path,) = (path for path in repository.files if path.endswith(TRUSTED_ROOT))
    whole = repository.file(path) or b""
    repository.alter(path, whole[:-1] + b" ")
    with pytest.raises(TrustError, match="other files than its keyholders signed"):
        ours()
    repository.alter(path, None)
    repository.alter(path, None)
    assert ours().trusted_root_json == whole


def test_what_somebody_else_signed_is_noticed(repository: TufRepository, ours: Connect) -> None:
    """A key that the root does not name counts for nothing."""
    signed = json.loads(repository.file("timestamp.json") or b"")["signed"]
    stranger = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
    repository.alter("timestamp.json", signed_metadata(signed, [stranger]))
    with pytest.raises(TrustError, match="not signed by enough of its keyholders"):
        ours()


def test_a_lie_told_to_python_tuf_is_noticed(
    repository: TufRepository, client: Callable[[], Updater]
) -> None:
    """It refuses what it should, so that its agreement means something."""
    repository.alter("1.snapshot.json", repository.file("1.targets.json"))
    with pytest.raises(RepositoryError):
        client().refresh()
