# SPDX-License-Identifier: Apache-2.0
"""What becomes public, told to whoever is about to sign: all of it, or enough to think again."""

import sys
from collections.abc import Sequence

from keyless import files
from keyless.auth import Identity
from keyless.cli import output
from keyless.cli.signing_outcomes import document
from keyless.credential import Credential
from keyless.disclosure import Disclosure, disclosure
from keyless.instance import Sigstore
from keyless.protocol.digest import Digest
from keyless.value import replace

Source = str | Digest
What = tuple[tuple[str, str], ...]


def publicity(sources: Sequence[Source], identity: Identity, *, sigstore: Sigstore) -> Disclosure:
    """Return what becomes public when all of *sources*, files or digests, are signed."""
    first, *others = map(_digest, sources)
    said = foreseen(identity, first, sigstore=sigstore)
    return _with(said, tuple(("artifact", str(digest)) for digest in others))


def foreseen(identity: Identity, content: Digest | bytes, *, sigstore: Sigstore) -> Disclosure:
    """Return what becomes public when *identity* signs *content*; by the session that is kept."""
    return disclosure(Credential.resume(identity, sigstore) or identity, content, sigstore=sigstore)


def say_publicity(said: Disclosure, *, as_json: bool) -> int:
    """Print what would become public, where it was asked for and nothing is signed."""
    if as_json:
        output.say_json(document((), disclosure=said.to_json()))
    else:
        output.say(str(said))
        output.note("nothing was signed")
    return output.DONE


def tell_publicity(sources: Sequence[Source], identity: Identity, *, sigstore: Sigstore) -> None:
    """Tell a person who is watching what becomes public now; of many artifacts, of the first."""
    if is_watched():
        said = foreseen(identity, _digest(sources[0]), sigstore=sigstore)
        others = len(sources) - 1
        more: What = (("artifacts", f"the digests of {others} more"),) if others else ()
        tell(_with(said, more))


def tell(said: Disclosure) -> None:
    """Show *said* to a person, beside the results."""
    output.note(str(said))


def is_watched() -> bool:
    """Say whether a person sees what goes to stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def _digest(source: Source) -> Digest:
    return source if isinstance(source, Digest) else files.digest(source)


def _with(said: Disclosure, more: What) -> Disclosure:
    """Add *more* to the artifact that stands first in what is *said*."""
    return replace(said, what=(*said.what[:1], *more, *said.what[1:]))
