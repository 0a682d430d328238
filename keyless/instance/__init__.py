# SPDX-License-Identifier: Apache-2.0
"""Whom to trust, and whom to ask: one deployment of Sigstore's services.

`connect` is the only place that brings trust up to date, and does so before anything is judged;
judging asks no server. docs/trust.md says which trust is used when.
"""

import os
import sys
from datetime import datetime
from typing import Literal

from keyless import files
from keyless.errors import InputError, ParseError, TrustError
from keyless.instance.sigstore import Clock, Documents, LogVersion, Sigstore, now
from keyless.protocol.client_trust_config import LARGEST_CLIENT_TRUST_CONFIG, ClientTrustConfig
from keyless.protocol.digest import Digest
from keyless.protocol.signing_config import LOG_VERSIONS
from keyless.protocol.trusted_root import LARGEST_TRUSTED_ROOT, TrustedRoot
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.services.embedded_trust import INSTANCES, embedded_root, embedded_snapshot
from keyless.services.http import Transport, requests_transport
from keyless.services.trust_cache import TrustCache, cache_folder
from keyless.services.trust_snapshot import SIGNING_CONFIG, TRUSTED_ROOT, TrustSnapshot, newest
from keyless.services.trust_status import TrustStatus
from keyless.value import value

__all__ = ["Sigstore", "TrustStatus", "connect"]

Refresh = Literal["daily", "now", "never"]

LARGEST_ROOT = 1 << 20
_REFRESHES = ("daily", "now", "never")


def connect(  # noqa: PLR0913 - each names another part of the world, and most are for few callers
    name: str | None = None,
    *,
    rekor: LogVersion | None = None,
    refresh: Refresh = "daily",
    trusted_root: files.Path | None = None,
    trust_config: files.Path | None = None,
    tuf: str | None = None,
    root: files.Path | None = None,
    transport: Transport | None = None,
    clock: Clock = now,
) -> Sigstore:
    """Return the instance *name*, `production` or `staging`, with its trust brought up to date.

    Without a *name* it is what KEYLESS_INSTANCE says, and production if that says nothing. Another
    instance is named by the URL of its *tuf* repository and the file that holds its TUF *root*. A
    *trusted_root* (to verify with) or a client *trust_config* (to sign as well), a file of the
    caller's, beats all of them. With *refresh* `daily`, trust older than a day is renewed; should
    that fail, it is used until it expires. `now` renews it in any case, and raises TrustError if
    that fails; `never` uses what there is, and so does KEYLESS_OFFLINE. What is signed goes to a
    log of version *rekor*, or to the one the instance prefers.
    """
    if rekor not in {None, *LOG_VERSIONS}:
        raise InputError(f"rekor={shown(rekor, longest=80)} is no version of the log: 1 and 2 are")
    carrier = transport or requests_transport()
    if trusted_root is not None or trust_config is not None:
        status, documents = _of_file(trusted_root, trust_config)
    else:
        how = _refresh(refresh)
        instance = _instance(name, tuf, root)
        snapshot, problem = _trust(instance, how, carrier, clock)
        status = TrustStatus.of(snapshot, instance=instance.name, now=clock(), problem=problem)
        documents = snapshot.documents
    return Sigstore(
        status.instance,
        trusted_root=TrustedRoot.parse(dict(documents)[TRUSTED_ROOT], origin=str(status)),
        trust=status,
        transport=carrier,
        documents=documents,
        clock=clock,
        rekor=rekor,
    )


@value
class _Instance:
    """An instance by *name*, where its *repository* is, and where trust in it starts."""

    name: str
    repository: str
    root: bytes
    embedded: TrustSnapshot | None
    cache: TrustCache


def _of_file(
    trusted_root: files.Path | None, trust_config: files.Path | None
) -> tuple[TrustStatus, Documents]:
    if trust_config is None:
        data = files.read(trusted_root or "", largest=LARGEST_TRUSTED_ROOT)
        return _own("trusted root", trusted_root or ""), ((TRUSTED_ROOT, data),)
    if trusted_root is not None:
        raise InputError(
            "a trusted root was given, and a client trust configuration that has another one",
            hint="give one of the two",
        )
    data = files.read(trust_config, largest=LARGEST_CLIENT_TRUST_CONFIG)
    both = ClientTrustConfig.parse(data)
    documents = ((TRUSTED_ROOT, both.trusted_root), (SIGNING_CONFIG, both.signing_config))
    return _own("client trust configuration", trust_config), documents


def _own(kind: str, path: files.Path) -> TrustStatus:
    return TrustStatus(instance=f"the {kind} {files.name_of(path)}", source="file")


def _refresh(wanted: Refresh) -> Refresh:
    if wanted not in _REFRESHES:
        raise InputError(
            f"refresh={shown(wanted, longest=80)} is not known",
            hint=f"say one of {', '.join(_REFRESHES)}",
        )
    if os.environ.get("KEYLESS_OFFLINE", "0") in ("", "0"):
        return wanted
    if wanted == "now":
        raise InputError(
            "trust is to be renewed now, but KEYLESS_OFFLINE says to ask no server",
            hint="unset KEYLESS_OFFLINE",
        )
    return "never"


def _instance(name: str | None, tuf: str | None, root: files.Path | None) -> _Instance:
    if tuf is not None or root is not None:
        return _other_instance(name, tuf, root)
    said = name or os.environ.get("KEYLESS_INSTANCE") or "production"
    if said not in INSTANCES:
        by = "" if name else ", which KEYLESS_INSTANCE names,"
        raise InputError(
            f"{shown(said, longest=120)}{by} is no public instance",
            hint=f"those are {' and '.join(INSTANCES)}; another is named by the URL of its TUF "
            "repository and its root, or by its trusted root",
        )
    snapshot = embedded_snapshot(said)
    return _Instance(
        name=said,
        repository=snapshot.repository,
        root=embedded_root(said),
        embedded=snapshot,
        cache=TrustCache(_cache_folder(), said),
    )


def _other_instance(name: str | None, tuf: str | None, root: files.Path | None) -> _Instance:
    if tuf is None or root is None or name is not None:
        raise InputError(
            "an instance that is not public is named by two things: the URL of its TUF repository, "
            "and the file with the TUF root that trust in it starts from",
            hint='as in connect(tuf="https://tuf.example.com", root="root.json")',
        )
    if not tuf.startswith(("https://", "http://")):
        raise InputError(f"not the URL of a TUF repository: {shown(tuf, longest=120)}")
    start = files.read(root, largest=LARGEST_ROOT)
    # Trust that started from one root must not be found by who starts from another.
    key = Digest.of(f"{tuf}\n".encode() + start).hex[:32]
    return _Instance(
        name=tuf,
        repository=tuf,
        root=start,
        embedded=None,
        cache=TrustCache(_cache_folder(), f"other-{key}"),
    )


def _cache_folder() -> str:
    return cache_folder(os.environ, platform=sys.platform, home=os.path.expanduser("~"))


def _trust(
    instance: _Instance, refresh: Refresh, transport: Transport, clock: Clock
) -> tuple[TrustSnapshot, str | None]:
    """Return the trust to judge by, and why it is not newer if it should be."""
    cached, damage = _cached(instance)
    kept = newest(cached, instance.embedded)
    if refresh == "never":
        if kept is None:
            raise TrustError(
                f"nothing is known yet of {shown(instance.name)}, and no server may be asked",
                service="trust cache",
                hint="connect to it once without --offline, or give its trusted root",
            )
        return kept, damage
    if refresh == "daily" and cached is not None and _is_current(cached, kept, clock()):
        return cached, None
    try:
        return _renewed(instance, kept, refresh, transport, clock), None
    except TrustError as error:
        if refresh == "now" or kept is None:
            raise
        _demand_unexpired(instance, kept, error, clock())
        return kept, error.message


def _cached(instance: _Instance) -> tuple[TrustSnapshot | None, str | None]:
    """Return what the cache holds, or what is wrong with it."""
    try:
        cached = instance.cache.read()
    except ParseError as error:
        return None, f"what was kept in {shown(instance.cache.folder)} is damaged: {error.message}"
    return cached, None


def _is_current(cached: TrustSnapshot, kept: TrustSnapshot | None, now: datetime) -> bool:
    return newest(cached, kept) is cached and cached.is_fresh(now)


def _renewed(
    instance: _Instance,
    kept: TrustSnapshot | None,
    refresh: Refresh,
    transport: Transport,
    clock: Clock,
) -> TrustSnapshot:
    """Ask the repository of *instance*, unless another process has done so while we waited."""
    with instance.cache.locked():
        now = clock()
        others, _ = _cached(instance)
        if refresh == "daily" and others is not None and _is_current(others, kept, now):
            return others
        # Together with python-tuf it takes half a second to import; most runs do without.
        from keyless.services.trust import update_trust  # noqa: PLC0415

        renewed = update_trust(
            instance.repository,
            root=instance.root,
            folder=instance.cache.tuf_folder(),
            transport=transport,
            now=now,
        )
        _demand_latest(instance, kept, renewed, now)
        instance.cache.write(renewed)
        return renewed


def _demand_latest(
    instance: _Instance, kept: TrustSnapshot | None, renewed: TrustSnapshot, now: datetime
) -> None:
    # python-tuf remembers what it saw; it cannot know what this package was released with.
    if kept is not None and newest(renewed, kept) is kept:
        why = f"version {renewed.version}, but version {kept.version} is known here"
    elif now > renewed.expires:
        why = f"what expired at {in_words(renewed.expires)}"
    else:
        return
    raise TrustError(
        f"{shown(instance.repository)} shows as the latest of its trust {why}",
        service="trust repository",
        hint="somebody may be holding back what is new",
    )


def _demand_unexpired(
    instance: _Instance, kept: TrustSnapshot, error: TrustError, now: datetime
) -> None:
    if now > kept.expires:
        raise TrustError(
            f"the trust in {shown(instance.name)} that is kept here expired at "
            f"{in_words(kept.expires)}, and cannot be renewed: {error.message}",
            service=error.service,
            hint="with --offline it is used all the same, however old it is"
            + (f"; {error.hint}" if error.hint else ""),
        )
