# SPDX-License-Identifier: Apache-2.0
"""Trust by The Update Framework; the only file that knows python-tuf, imported when needed.

TUF answers two questions at once: whether these are the documents that the keyholders of an
instance signed, and whether they are still the latest. Its client remembers, in a folder of its
own, what it has seen, so that nobody can show it an older state as the present one.
"""

import os
from collections.abc import Iterator
from datetime import datetime

from tuf.api import exceptions
from tuf.api.metadata import Metadata
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from keyless.errors import ParseError, ServiceError, TrustError
from keyless.protocol.signing_config import SigningConfig
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.services.http import Request, Transport, server_words
from keyless.services.trust_snapshot import (
    OPTIONAL,
    REQUIRED,
    TRUSTED_ROOT,
    TrustSnapshot,
)

SERVICE = "trust repository"
LARGEST_FILE = 8 << 20
SECONDS = 30.0

_FAILURES = (exceptions.RepositoryError, exceptions.DownloadError, OSError, ValueError)


def update_trust(
    repository: str, *, root: bytes, folder: str, transport: Transport, now: datetime
) -> TrustSnapshot:
    """Bring the trust of *repository* up to date, starting from *root*, and return it.

    *folder* is where python-tuf keeps what it has seen; nobody else may use it meanwhile. Whether
    anything has expired is judged by the computer's clock; *now* is what the snapshot will say.
    """
    try:
        updater = Updater(
            metadata_dir=folder,
            metadata_base_url=repository,
            target_base_url=f"{repository.rstrip('/')}/targets/",
            fetcher=_Fetcher(transport),
            bootstrap=root,
        )
        updater.refresh()
        documents = tuple(_documents(updater, folder))
        return _snapshot(repository, folder, documents, now)
    except _FAILURES as error:
        raise _trust_error(repository, error) from None
    except ParseError as error:
        raise TrustError(
            f"the trust repository {shown(repository)} has a document that cannot be read: "
            f"{error.message}",
            service=SERVICE,
            hint="a newer version of keyless may know it",
        ) from None


class _Fetcher(FetcherInterface):
    """How python-tuf asks for files: through our transport, like everybody else."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _fetch(self, url: str) -> Iterator[bytes]:
        response = self._transport(
            Request(method="GET", url=url, largest=LARGEST_FILE, seconds=SECONDS)
        )
        if response.status != 200:
            # Each time, a root is asked for that is not there yet; 404 is how python-tuf sees it.
            words = f"{response.status} for {url}: {server_words(response)}"
            raise exceptions.DownloadHTTPError(words, response.status)
        return iter((response.body,))


def _documents(updater: Updater, folder: str) -> Iterator[tuple[str, bytes]]:
    """Download each document that the instance has; check that each can be read."""
    for name in (*REQUIRED, *OPTIONAL):
        data = _download(updater, name, os.path.join(folder, name))
        if data is not None:
            (TrustedRoot if name == TRUSTED_ROOT else SigningConfig).parse(data)
            yield name, data
        elif name in REQUIRED:
            raise exceptions.RepositoryError(f"it has no {name}")


def _download(updater: Updater, name: str, path: str) -> bytes | None:
    """Return the target *name*, kept at *path* for the next time; None when there is no such."""
    target = updater.get_targetinfo(name)
    if target is None:
        return None
    if updater.find_cached_target(target, path) is None:
        # Made by us, so that it is closed to other users from its first byte on.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        updater.download_target(target, path)
    with open(path, "rb") as file:
        data = file.read()
    target.verify_length_and_hashes(data)
    return data


def _snapshot(
    repository: str, folder: str, documents: tuple[tuple[str, bytes], ...], now: datetime
) -> TrustSnapshot:
    # Just verified, and written down, by python-tuf.
    root, targets, timestamp, snapshot = (
        Metadata.from_file(os.path.join(folder, f"{role}.json")).signed
        for role in ("root", "targets", "timestamp", "snapshot")
    )
    return TrustSnapshot(
        source="cache",
        repository=repository,
        root_version=root.version,
        version=targets.version,
        taken=now,
        expires=min(each.expires for each in (root, targets, timestamp, snapshot)),
        documents=documents,
    )


def _trust_error(repository: str, error: Exception) -> TrustError:
    cause, hint = error.__cause__, None
    if isinstance(cause, ServiceError):
        message, hint = cause.message, cause.hint
    else:
        message = f"{_WORDS.get(type(error), 'it fails')} ({shown(error, longest=300)})"
    return TrustError(
        f"trust cannot be had from {shown(repository)}: {message}", service=SERVICE, hint=hint
    )


_WORDS: dict[type[Exception], str] = {
    exceptions.ExpiredMetadataError: "what it says has expired",
    exceptions.BadVersionNumberError: "it shows an older state than was seen before",
    exceptions.UnsignedMetadataError: "what it says is not signed by enough of its keyholders",
    exceptions.LengthOrHashMismatchError: "it holds other files than its keyholders signed",
    exceptions.DownloadLengthMismatchError: "it sends more than it announced",
    exceptions.DownloadHTTPError: "it lacks what it should have",
}
