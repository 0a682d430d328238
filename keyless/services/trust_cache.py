# SPDX-License-Identifier: Apache-2.0
"""The folder that keeps trust between runs.

    <cache>/trust/production/    0700, as are all folders from <cache> down
        trust.json               0600, as are all files: the snapshot, replaced whole
        lock                     held while the snapshot is renewed
        tuf/                     what python-tuf remembers, so that nothing can be rolled back

The snapshot is read without TUF's code and believed as it stands. So nobody else may have been able
to write it: folders and files are the user's own and closed to everybody else, and a link is
refused wherever one could have been put. What is found open is refused, not mended: who had access
before the repair would have had their way.

On Windows a file has no such mode, and no owner that is simply asked for. There, the folder lies in
the user's profile, which Windows itself closes to other users.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO

from keyless.errors import TrustError
from keyless.safe_text import shown
from keyless.services.trust_snapshot import LARGEST_SNAPSHOT, TrustSnapshot

FILE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS = 0o077

LOCK_SECONDS = 90.0
LOCK_PAUSE = 0.05

_SERVICE = "trust cache"
_SAFELY = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or a pipe would make us wait for who writes into it
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)  # Windows would change line ends otherwise
)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


def cache_folder(environment: Mapping[str, str], *, platform: str, home: str) -> str:
    """Return where this program may keep things, by the custom of *platform*.

    Worked out by hand: a library that knows more customs takes 20 ms to import.
    """
    if named := environment.get("KEYLESS_CACHE_DIR"):
        return os.path.abspath(named)
    if platform == "win32":
        local = environment.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "keyless", "Cache")
    if platform == "darwin":
        return os.path.join(home, "Library", "Caches", "keyless")
    caches = environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):  # the specification has relative paths ignored
        caches = os.path.join(home, ".cache")
    return os.path.join(caches, "keyless")


class TrustCache:
    """The snapshot of one *instance* in the folder *cache*, whether or not there is one yet."""

    def __init__(self, cache: str, instance: str) -> None:
        self.folder = os.path.join(cache, "trust", instance)
        self._folders = (cache, os.path.dirname(self.folder), self.folder)
        self._file = os.path.join(self.folder, "trust.json")

    def read(self) -> TrustSnapshot | None:
        """Return the snapshot, None if there is none.

        Raises TrustError if somebody else could have written it, ParseError if it is damaged.
        """
        with self._trust_errors():
            try:
                for folder in self._folders:
                    _check_folder(folder)
                with _opened(self._file, os.O_RDONLY) as file:
                    data = file.read(LARGEST_SNAPSHOT + 1)
            except (FileNotFoundError, NotADirectoryError):
                return None
        return TrustSnapshot.parse(data)

    @contextmanager
    def locked(
        self, *, seconds: float = LOCK_SECONDS, pause: Callable[[float], None] = time.sleep
    ) -> Iterator[None]:
        """Make the folders and hold the lock: one process at a time renews the snapshot."""
        with self._trust_errors():
            for folder in self._folders:
                _make_folder(folder)
            lock = _open(os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT)
        try:
            with self._trust_errors():
                self._wait_for(lock, seconds, pause)
            yield
        finally:
            os.close(lock)  # gives up the lock as well

    def tuf_folder(self) -> str:
        """Return the folder for python-tuf's own files; to be called with the lock held."""
        folder = os.path.join(self.folder, "tuf")
        with self._trust_errors():
            for each in (folder, os.path.join(folder, "root_history")):
                _make_folder(each)
        return folder

    def write(self, snapshot: TrustSnapshot) -> None:
        """Replace the snapshot; to be called with the lock held."""
        unfinished = f"{self._file}.{os.urandom(6).hex()}.unfinished"
        with self._trust_errors():
            try:
                with _opened(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
                    file.write(snapshot.to_json())
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, self._file)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished)
                raise

    def _wait_for(self, lock: int, seconds: float, pause: Callable[[float], None]) -> None:
        deadline = time.monotonic() + seconds
        while not take_lock(lock):
            if time.monotonic() >= deadline:
                raise TrustError(
                    f"another process has been renewing the trust in {shown(self.folder)} for more "
                    f"than {seconds:g} seconds",
                    service=_SERVICE,
                )
            pause(LOCK_PAUSE)

    @contextmanager
    def _trust_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
            why = error.strerror if isinstance(error, OSError) else error
            raise TrustError(
                f"the folder {shown(self.folder)}, which keeps trust, cannot be used: {shown(why)}",
                service=_SERVICE,
                hint="KEYLESS_CACHE_DIR can name another",
            ) from None


def _make_folder(path: str) -> None:
    """Make the folder *path*, and those above it if need be; refuse an unsafe one that is there."""
    os.makedirs(os.path.dirname(path), mode=FOLDER_MODE, exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(path, FOLDER_MODE)
    _check_folder(path)


def _check_folder(path: str) -> None:
    if sys.platform == "win32":
        return
    folder = _open(path, _FOLDER)
    try:
        _check_private(path, os.fstat(folder))
    finally:
        os.close(folder)


@contextmanager
def _opened(path: str, flags: int) -> Iterator[BinaryIO]:
    with open(_open(path, flags), "wb" if flags & os.O_CREAT else "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise _unsafe(path, "is no file of its own")
        _check_private(path, found)
        yield file


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | _SAFELY, FILE_MODE)
    except OSError as error:
        # What systems answer that are told to follow no link, or to open nothing but a folder.
        if error.errno not in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):
            raise
        is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        raise _unsafe(path, "is a link" if is_link else "is no folder") from None


def _check_private(path: str, found: os.stat_result) -> None:
    """Refuse what is not the user's own, or not closed to everybody else."""
    if sys.platform == "win32":
        return
    if found.st_uid != os.geteuid():
        raise _unsafe(path, f"belongs to the user {found.st_uid}, not to {os.geteuid()}")
    mode = stat.S_IMODE(found.st_mode)
    if mode & OTHERS:
        raise _unsafe(path, f"is open to other users (mode {mode:04o})")


def _unsafe(path: str, why: str) -> TrustError:
    return TrustError(
        f"{shown(path)} {why}: what it says about trust cannot be believed",
        service=_SERVICE,
        hint="remove it; it is made anew when it is next needed",
    )


def take_lock(lock: int) -> bool:
    """Say whether the lock could be taken, without waiting for it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only Windows has it

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - Windows lacks it

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
