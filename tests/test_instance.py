# SPDX-License-Identifier: Apache-2.0
"""Connecting: which trust is used when, and what happens when it cannot be renewed."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyless.errors import InputError, ParseError, ServiceError, TrustError
from keyless.instance import Sigstore, connect
from keyless.protocol.signing_config import SigningConfig
from keyless.protocol.trusted_root import TrustedRoot
from keyless.sandbox.trust_documents import client_trust_config_json
from keyless.services.embedded_trust import embedded_snapshot
from keyless.services.http import Patience, Request, Response, requests_transport
from tests.tuf_repository import Server, TufRepository, serving

EMBEDDED = embedded_snapshot("production")
ROOT = EMBEDDED.trusted_root
DOCUMENTS = dict(EMBEDDED.documents)
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

Connect = Callable[..., Sigstore]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trust is kept during one test; nothing of this machine's says otherwise."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KEYLESS_CACHE_DIR", str(folder))
    monkeypatch.delenv("KEYLESS_INSTANCE", raising=False)
    monkeypatch.delenv("KEYLESS_OFFLINE", raising=False)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> TufRepository:
    """The repository of an instance of our own, with its first documents."""
    repository = TufRepository(tmp_path / "repository")
    repository.publish(DOCUMENTS)
    return repository


@pytest.fixture
def server(repository: TufRepository) -> Iterator[Server]:
    """The repository, served on this machine."""
    with serving(repository.folder) as server:
        yield server


@pytest.fixture
def own(repository: TufRepository, server: Server, tmp_path: Path) -> Connect:
    """Connect to that instance."""
    root = tmp_path / "root.json"
    root.write_bytes(repository.first_root)

    def own(at: datetime = NOW, **options: object) -> Sigstore:
        return connect(
            tuf=server.url,
            root=root,
            clock=lambda: at,
            transport=requests_transport(Patience(attempts=1)),
            **options,  # type: ignore[arg-type]  # as the test says
        )

    return own


def _nobody(request: Request) -> Response:
    raise ServiceError(f"{request.url} cannot be reached", service="nobody", hint="look there")


# Which instance


def test_production_is_the_default() -> None:
    """Who names nothing gets the public instance, as this package was released with it."""
    sigstore = connect(refresh="never")
    assert sigstore.name == "production"
    assert sigstore.trusted_root_json == ROOT
    assert [log.name for log in sigstore.trusted_root.logs] == [
        "rekor.sigstore.dev",
        "log2025-1.rekor.sigstore.dev",
    ]


def test_an_instance_can_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """KEYLESS_INSTANCE counts where the call names none."""
    monkeypatch.setenv("KEYLESS_INSTANCE", "staging")
    assert connect(refresh="never").trusted_root.logs[0].name == "rekor.sigstage.dev"
    assert connect("production", refresh="never").name == "production"


@pytest.mark.parametrize("name", ["Production", "prod", "https://tuf.example.com", "../staging"])
def test_the_environment_names_public_instances_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets to be trusted by setting a variable."""
    monkeypatch.setenv("KEYLESS_INSTANCE", name)
    with pytest.raises(InputError, match="which KEYLESS_INSTANCE names, is no public instance"):
        connect(refresh="never")


def test_an_unknown_name_is_refused() -> None:
    """A name is one of the two public instances."""
    with pytest.raises(InputError, match="mine is no public instance") as refusal:
        connect("mine", refresh="never")
    assert "production and staging" in str(refusal.value.hint)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tuf": "https://tuf.example.com"}, "named by two things"),
        ({"root": "root.json"}, "named by two things"),
        ({"name": "staging", "tuf": "https://a.example", "root": "r"}, "named by two things"),
        ({"tuf": "file:///etc", "root": "r"}, "not the URL of a TUF repository: file:///etc"),
        ({"tuf": "https://a.example", "root": "/absent"}, "there is no file /absent"),
        ({"refresh": "weekly"}, "refresh=weekly is not known"),
    ],
)
def test_half_an_answer_is_refused(options: dict[str, str], said: str) -> None:
    """What is missing or unknown is said before anything is asked."""
    with pytest.raises(InputError, match=said):
        connect(transport=_nobody, **options)  # type: ignore[arg-type]  # that is the point


# A trusted root of the caller's


def test_a_trusted_root_of_the_callers_beats_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a file, nothing is asked, kept, or looked up in the environment."""
    monkeypatch.setenv("KEYLESS_INSTANCE", "nonsense")
    monkeypatch.setenv("KEYLESS_CACHE_DIR", "/dev/null")
    path = tmp_path / "trusted_root.json"
    path.write_bytes(ROOT)
    sigstore = connect("staging", trusted_root=path, refresh="now", transport=_nobody)
    assert sigstore.trusted_root_json == ROOT
    assert (sigstore.trust.source, sigstore.trust.version) == ("file", None)
    assert sigstore.trusted_root.origin == f"the trusted root {path}"


def test_a_trusted_root_says_nothing_of_where_to_sign(tmp_path: Path) -> None:
    """It is for verifying; asked for a signing configuration, it says so."""
    path = tmp_path / "trusted_root.json"
    path.write_bytes(ROOT)
    with pytest.raises(InputError, match="has no signing configuration"):
        connect(trusted_root=path).signing_config()


def test_a_trusted_root_that_is_none_is_refused(tmp_path: Path) -> None:
    """A file of the caller's is read as strictly as any."""
    path = tmp_path / "trusted_root.json"
    path.write_bytes(b"{}")
    with pytest.raises(ParseError, match=r"\$\.mediaType: missing"):
        connect(trusted_root=path)
    with pytest.raises(InputError, match="there is no file"):
        connect(trusted_root=tmp_path / "absent")


# To sign with


def _logs(sigstore: Sigstore) -> list[str]:
    return [log.url for log in sigstore.signing_services().logs]


def test_what_is_signed_goes_where_the_instance_wants_it() -> None:
    """Now, by the clock that the instance goes by."""
    services = connect(refresh="never", clock=lambda: NOW).signing_services()
    assert services.authority is not None
    assert services.authority.url == "https://fulcio.sigstore.dev"
    assert [log.url for log in services.logs] == ["https://rekor.sigstore.dev"]
    early = connect(refresh="never", clock=lambda: NOW.replace(year=2020))
    with pytest.raises(InputError, match="can be used at 2020"):
        early.signing_services()


def test_what_is_signed_goes_to_the_version_of_the_log_that_is_asked_for() -> None:
    """Production keeps version 2 apart; staging prefers it."""
    assert _logs(connect(rekor=2, refresh="never")) == ["https://log2025-1.rekor.sigstore.dev"]
    assert _logs(connect(rekor=1, refresh="never")) == ["https://rekor.sigstore.dev"]
    assert _logs(connect("staging", refresh="never")) == [
        "https://log2025-alpha3.rekor.sigstage.dev"
    ]
    assert _logs(connect("staging", rekor=1, refresh="never")) == ["https://rekor.sigstage.dev"]


def test_another_version_of_the_log_is_refused() -> None:
    """There are two."""
    with pytest.raises(InputError, match="rekor=3 is no version of the log"):
        connect(rekor=3, refresh="never")  # type: ignore[arg-type]  # that is the point


def test_a_client_trust_configuration_says_whom_to_trust_and_where_to_sign(
    tmp_path: Path,
) -> None:
    """As other clients take it; what it holds is read as strictly as what comes by TUF."""
    path = tmp_path / "trust_config.json"
    path.write_bytes(client_trust_config_json(ROOT, DOCUMENTS["signing_config.v0.2.json"]))
    sigstore = connect(trust_config=path, transport=_nobody)
    assert sigstore.trusted_root.logs == TrustedRoot.parse(ROOT).logs
    assert _logs(sigstore) == ["https://rekor.sigstore.dev"]
    assert sigstore.trusted_root.origin == f"the client trust configuration {path}"
    with pytest.raises(InputError, match="a trusted root was given, and a client trust"):
        connect(trust_config=path, trusted_root=path)


# Without any server


def test_offline_trust_tells_its_age() -> None:
    """What was released is used, and says how old it is by the clock of today."""
    trust = connect(
        refresh="never", clock=lambda: EMBEDDED.taken + 3 * DAY, transport=_nobody
    ).trust
    assert (trust.source, trust.version, trust.root_version) == ("embedded", 14, 16)
    assert trust.age == 3 * DAY
    assert trust.problem is None
    assert str(trust) == (
        "production, version 14 of its trust as released with keyless, 3 days old, "
        "valid to 2027-04-22 19:27:31 UTC"
    )


@pytest.mark.parametrize("said", ["1", "true", "no"])
def test_keyless_offline_asks_no_server(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any word but 0 means offline: whoever sets it must not be surprised by a connection."""
    monkeypatch.setenv("KEYLESS_OFFLINE", said)
    assert connect(transport=_nobody).trust.problem is None


@pytest.mark.parametrize("said", ["", "0"])
def test_keyless_offline_can_be_off(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty or 0, it says nothing, and a server is asked."""
    monkeypatch.setenv("KEYLESS_OFFLINE", said)
    assert connect(transport=_nobody, clock=lambda: EMBEDDED.taken).trust.problem is not None


def test_renewing_now_while_offline_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither wish is broken in silence."""
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")
    with pytest.raises(InputError, match="KEYLESS_OFFLINE says to ask no server"):
        connect(refresh="now", transport=_nobody)


def test_unreachable_trust_is_used_until_it_expires() -> None:
    """Where no server can be reached, what was released counts for as long as its root does."""
    trust = connect(transport=_nobody, clock=lambda: EMBEDDED.expires).trust
    assert trust.source == "embedded"
    assert "cannot be reached" in str(trust.problem)


def test_expired_trust_is_refused_and_the_way_out_is_named() -> None:
    """Past its expiry nothing is judged by it, unless the caller says --offline."""
    after = EMBEDDED.expires + timedelta(seconds=1)
    with pytest.raises(TrustError, match="expired at 2027-04-22 19:27:31 UTC") as refusal:
        connect(transport=_nobody, clock=lambda: after)
    assert "--offline" in str(refusal.value.hint)
    assert "cannot be reached" in refusal.value.message
    assert connect(refresh="never", clock=lambda: after).trust.age == after - EMBEDDED.taken


def test_renewing_now_fails_if_it_fails() -> None:
    """Who demands the latest is not served the last but one."""
    with pytest.raises(TrustError, match="cannot be reached") as refusal:
        connect(refresh="now", transport=_nobody, clock=lambda: EMBEDDED.taken)
    assert refusal.value.hint == "look there"


def test_an_unknown_instance_cannot_be_trusted_offline(own: Connect) -> None:
    """Of an instance that is not public, nothing was released with this package."""
    with pytest.raises(TrustError, match="nothing is known yet of"):
        own(refresh="never")


def test_where_nothing_can_be_kept_the_released_trust_remains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user without a folder for caches verifies with what the package came with."""
    monkeypatch.setenv("KEYLESS_CACHE_DIR", "/dev/null/cache")
    assert connect(refresh="never").trust.source == "embedded"
    trust = connect(transport=_nobody, clock=lambda: EMBEDDED.taken).trust
    assert "cannot be used" in str(trust.problem)


# Renewed by TUF


def test_the_first_connection_fetches_and_the_next_asks_nothing(
    own: Connect, server: Server
) -> None:
    """For a day, what was fetched is used as it is."""
    first = own()
    asked = len(server.asked)
    second = own(NOW + DAY)
    assert len(server.asked) == asked
    assert first.documents == second.documents == EMBEDDED.documents
    assert first.trust.source == second.trust.source == "cache"
    assert (first.trust.version, first.trust.root_version) == (1, 1)
    assert (first.trust.age, second.trust.age) == (timedelta(0), DAY)
    assert first.trusted_root.fingerprint == second.trusted_root.fingerprint


def test_what_is_kept_is_closed_to_others(own: Connect, cache: Path) -> None:
    """Every folder is 0700, every file 0600, whatever the umask allows."""
    before = os.umask(0)
    try:
        own()
    finally:
        os.umask(before)
    kept = [cache, *cache.rglob("*")]
    modes = {
        (path.is_dir(), stat.S_IMODE(path.lstat().st_mode))
        for path in kept
        if not (path.is_symlink() or path.parent.name == "root_history")  # python-tuf's own
    }
    assert modes == {(True, 0o700), (False, 0o600)}


def test_trust_older_than_a_day_is_renewed_once(
    own: Connect, repository: TufRepository, server: Server
) -> None:
    """Renewed documents are those that the repository has now."""
    own()
    repository.publish({**DOCUMENTS, "trusted_root.json": ROOT + b"\n"})
    later = NOW + DAY + HOUR
    assert own(later).trusted_root_json == ROOT + b"\n"
    asked = len(server.asked)
    trust = own(later + HOUR).trust
    assert (trust.version, trust.age) == (2, HOUR)
    assert len(server.asked) == asked


def test_trust_from_the_future_is_renewed(own: Connect, server: Server) -> None:
    """A clock that was set back must not make what is kept last for ever."""
    own()
    asked = len(server.asked)
    assert own(NOW - HOUR).trust.age == timedelta(0)
    assert len(server.asked) > asked


def test_renewing_now_asks_although_trust_is_fresh(own: Connect, server: Server) -> None:
    """`now` means now."""
    own()
    asked = len(server.asked)
    own(refresh="now")
    assert len(server.asked) > asked


def test_offline_uses_what_was_kept(own: Connect, server: Server) -> None:
    """Offline the cache is as good as it was, at any age."""
    own()
    asked = len(server.asked)
    trust = own(NOW + 1000 * DAY, refresh="never").trust
    assert (trust.source, trust.age) == ("cache", 1000 * DAY)
    assert len(server.asked) == asked


def test_a_server_that_is_gone_leaves_what_is_kept(own: Connect, server: Server) -> None:
    """Unreachable: what is kept counts until TUF says it expires, a week after it was stamped."""
    own()
    server.close()
    trust = own(NOW + 6 * DAY).trust
    assert trust.source == "cache"
    assert "127.0.0.1" in str(trust.problem)
    with pytest.raises(TrustError, match="expired at") as refusal:
        own(NOW + 8 * DAY)
    assert "--offline" in str(refusal.value.hint)


def test_rotated_keys_are_followed(own: Connect, repository: TufRepository) -> None:
    """Each new root is signed by the keys of the one before: trust goes on from link to link."""
    own()
    for role in ("root", "timestamp", "targets", "root"):
        repository.rotate(role)
    repository.publish(DOCUMENTS)
    trust = own(refresh="now").trust
    assert (trust.root_version, trust.version) == (5, 2)


def test_a_root_signed_by_nobody_before_it_is_refused(
    own: Connect, repository: TufRepository
) -> None:
    """A new root that the old keyholders did not sign does not take over."""
    own()
    repository.rotate("root")
    repository.sign_root()  # by its new key alone
    with pytest.raises(TrustError, match="not signed by enough of its keyholders"):
        own(refresh="now")
    assert own(NOW + 2 * DAY).trust.root_version == 1


def test_an_expired_timestamp_is_refused(own: Connect, repository: TufRepository) -> None:
    """A repository that is no longer looked after cannot say what is the latest."""
    repository.stamp(expires=-HOUR)
    with pytest.raises(TrustError, match="what it says has expired"):
        own()


def test_a_repository_that_is_frozen_is_noticed(own: Connect) -> None:
    """Who keeps showing the same state is believed until that expires, and no longer."""
    own()
    assert own(NOW + 6 * DAY).trust.problem is None
    with pytest.raises(TrustError, match="shows as the latest of its trust what expired at"):
        own(NOW + 8 * DAY)


def test_a_rolled_back_repository_is_noticed(own: Connect, repository: TufRepository) -> None:
    """An older state is not taken for the present one; what was seen last still counts."""
    first = (repository.folder / "timestamp.json").read_bytes()
    repository.publish(DOCUMENTS)
    own()
    (repository.folder / "timestamp.json").write_bytes(first)
    with pytest.raises(TrustError, match="it shows an older state than was seen before"):
        own(refresh="now")
    trust = own(NOW + 2 * DAY).trust
    assert (trust.version, trust.source) == (2, "cache")
    assert "older state" in str(trust.problem)


def test_a_roll_back_is_noticed_without_pythontufs_memory(
    own: Connect, repository: TufRepository, cache: Path
) -> None:
    """The version of what is kept is a floor too, as is that of what was released."""
    first = (repository.folder / "timestamp.json").read_bytes()
    repository.publish(DOCUMENTS)
    own()
    (repository.folder / "timestamp.json").write_bytes(first)
    shutil.rmtree(next(cache.glob("trust/*/tuf")))
    with pytest.raises(TrustError, match="version 1, but version 2 is known here"):
        own(refresh="now")
    assert own(refresh="never").trust.version == 2


def test_another_keyholders_word_is_refused(
    own: Connect, repository: TufRepository, tmp_path: Path
) -> None:
    """What somebody else signs is not believed, however well formed."""
    other = TufRepository(tmp_path / "other")
    other.publish(DOCUMENTS)
    shutil.copy(other.folder / "timestamp.json", repository.folder)
    with pytest.raises(TrustError, match="not signed by enough of its keyholders"):
        own()


def test_a_changed_document_is_refused(own: Connect, repository: TufRepository) -> None:
    """A document is the one that the keyholders signed for, to the last byte."""
    target = next((repository.folder / "targets").glob("*.trusted_root.json"))
    target.write_bytes(ROOT[:-1] + b" ")
    with pytest.raises(TrustError, match="other files than its keyholders signed"):
        own()


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ({"signing_config.v0.2.json": DOCUMENTS["signing_config.v0.2.json"]}, "no trusted_root"),
        ({"trusted_root.json": b"{}"}, r"cannot be read: \$\.mediaType: missing"),
        ({**DOCUMENTS, "signing_config.v0.2.json": b"[]"}, "cannot be read: .*not a JSON object"),
    ],
)
def test_documents_that_cannot_be_used_are_not_kept(
    own: Connect, repository: TufRepository, documents: dict[str, bytes], said: str
) -> None:
    """Signed or not: what cannot be read takes nothing's place."""
    own()
    repository.publish(documents)
    with pytest.raises(TrustError, match=said):
        own(refresh="now")
    assert own(refresh="never").trust.version == 1


def test_a_missing_document_is_the_servers_failure(own: Connect, repository: TufRepository) -> None:
    """What the metadata lists, the server must have; it is named with its address."""
    next((repository.folder / "targets").glob("*.trusted_root.json")).unlink()
    with pytest.raises(TrustError, match=r"lacks what it should have \(404 for http://127"):
        own()


def test_an_instance_may_have_no_signing_configuration(
    own: Connect, repository: TufRepository
) -> None:
    """Its trust is good for verifying all the same."""
    repository.publish({"trusted_root.json": ROOT})
    sigstore = own()
    assert sigstore.trusted_root_json == ROOT
    with pytest.raises(InputError, match="has no signing configuration"):
        sigstore.signing_config()


def test_signing_configurations_come_with_the_trust(own: Connect) -> None:
    """One for logs of version 1, and one for those of version 2 where the instance has any."""
    sigstore = own()
    assert sigstore.signing_config() == SigningConfig.parse(DOCUMENTS["signing_config.v0.2.json"])
    assert [log.major_version for log in sigstore.signing_config(log_version=2).logs] == [2, 1]


def test_a_second_root_does_not_find_what_the_first_one_left(
    own: Connect, server: Server, tmp_path: Path
) -> None:
    """Trust that started from one root is not handed to who starts from another."""
    own()
    root = tmp_path / "other.json"
    other = TufRepository(tmp_path / "other")
    root.write_bytes(other.first_root)
    with pytest.raises(TrustError, match="not signed by enough"):
        connect(tuf=server.url, root=root)
    root.write_bytes(b"{}")
    with pytest.raises(TrustError, match="it fails"):
        connect(tuf=server.url, root=root)


# What is kept


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b"\x00" * 100])
def test_a_damaged_cache_is_made_anew(own: Connect, cache: Path, damage: bytes) -> None:
    """It is neither believed nor in the way."""
    own()
    next(cache.rglob("trust.json")).write_bytes(damage)
    with pytest.raises(TrustError, match="nothing is known yet"):
        own(refresh="never")
    assert own().trust.problem is None
    assert own(refresh="never").trust.version == 1


def test_a_changed_document_in_the_cache_is_damage(own: Connect, cache: Path) -> None:
    """A bit that flips on the disk is noticed."""
    own()
    kept = next(cache.rglob("trust.json"))
    kept.write_bytes(kept.read_bytes().replace(b'"content": "ewog', b'"content": "ewoh'))
    with pytest.raises(TrustError, match="nothing is known yet"):
        own(refresh="never")
    assert own().trusted_root_json == ROOT


def test_a_damaged_cache_is_mentioned(cache: Path) -> None:
    """Where the released trust steps in for what was kept, the result says so."""
    folder = cache / "trust" / "production"
    folder.mkdir(parents=True, mode=0o700)
    for each in (cache, cache / "trust"):
        each.chmod(0o700)
    (folder / "trust.json").touch(0o600)
    trust = connect(refresh="never").trust
    assert trust.source == "embedded"
    assert "is damaged" in str(trust.problem)


def test_damage_to_what_pythontuf_remembers_is_mended(own: Connect, cache: Path) -> None:
    """python-tuf believes its own files only as far as they are signed."""
    own()
    for path in next(cache.glob("trust/*/tuf")).rglob("*.json"):
        if not path.is_symlink():
            path.write_bytes(b"{}")
    assert own(refresh="now").trust.problem is None


def test_many_at_once_ask_once(own: Connect, server: Server) -> None:
    """Whoever waited for another to renew the trust uses what that one fetched."""
    with ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(lambda _: own(), range(8)))
    assert {each.trust.version for each in connections} == {1}
    assert server.asked.count("/timestamp.json") == 1


def test_fresh_trust_opens_no_heavy_door(own: Connect, server: Server, tmp_path: Path) -> None:
    """Verifying by what is kept imports nothing of sigstore, tuf or requests."""
    own(datetime.now(UTC))
    script = f"""
import sys
from keyless.instance import connect
trust = connect(tuf={server.url!r}, root={str(tmp_path / "root.json")!r}).trust
assert trust.source == "cache", trust
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    heavy = {"sigstore", "tuf", "requests", "urllib3", "platformdirs", "importlib_resources"}
    assert heavy.isdisjoint(ran.stdout.split())
    assert "keyless" in ran.stdout.split()


@pytest.mark.parametrize("refresh", ["daily", "now", "never"])
def test_a_cache_that_others_can_write_is_refused(own: Connect, cache: Path, refresh: str) -> None:
    """Online or off: neither believed, nor mended, nor passed over in silence."""
    own()
    next(cache.rglob("trust.json")).chmod(0o666)
    with pytest.raises(TrustError, match=r"is open to other users \(mode 0666\)") as refusal:
        own(refresh=refresh)
    assert "remove it" in str(refusal.value.hint)
