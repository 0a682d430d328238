# SPDX-License-Identifier: Apache-2.0
"""What to look for in a log, and whether what is found has to do with it.

The index of a log stands beside its tree: nothing vouches for what it says. So every entry that it
names is verified as one of the log's, and refused when it plainly has nothing to do with what was
asked for. Nothing shows that the index left none out.

A log files a signature over an artifact under the digest of the signer's certificate, and an
attestation under the same digest with `sha256:` before it: whoever asks for one of them alone finds
half of what a key has signed. So both are asked for.
"""

import os
from collections.abc import Iterator
from typing import Literal

from keyless import files
from keyless.errors import Check, InputError, NotSearchable, VerificationError
from keyless.explorer.entry import Entry
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.shard import Shard
from keyless.explorer.tree_v1 import TreeV1
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.entry_content import MOST_SHOWN, EntryContent
from keyless.protocol.keys import PublicKey
from keyless.protocol.recorded_key import RecordedKey
from keyless.protocol.rest_search import Search
from keyless.safe_text import shown
from keyless.value import value

LARGEST_PEM = 64 << 10

Attribute = Literal["email", "subject", "artifact", "digest", "key", "certificate"]
Sought = str | bytes | files.Path | Digest | PublicKey | Certificate


@value
class Criterion:
    """One thing that entries have to do with: *text* says it, *pem* is the key if it is one."""

    attribute: Attribute
    text: str
    pem: bytes | None = None

    def searches(self) -> Iterator[Search]:
        """Yield what to ask of the index; an entry that any of them finds is found."""
        match self.attribute:
            case "email":
                yield Search(email=self.text)
            case "subject":
                yield Search(subject=self.text)
            case "artifact" | "digest":
                yield Search(hash=self.text)
            case _:
                yield Search(public_key=self.pem)
                yield Search(hash=str(Digest.of(self.pem or b"")))

    def check(self, entry: Entry) -> None:
        """Refuse *entry* when it plainly has nothing to do with this."""
        if self._fits(entry) is False:
            raise VerificationError(
                f"the log's index names entry {entry.index} for {self}, and it has another",
                check=Check.ENTRY,
                found=_described(entry),
                wanted=str(self),
                hint="the index is not to be relied on: tell whoever runs the log",
            )

    def __str__(self) -> str:
        return f"the {self.attribute} {shown(self.text, longest=200)}"

    def _fits(self, entry: Entry) -> bool | None:
        """Say whether *entry* fits; None where it does not show, as for what was only indexed."""
        match self.attribute:
            case "email" | "subject":
                names = _names(entry.content)
                return None if names is None else self.text.lower() in names
            case "key" | "certificate":
                return self._is_by(entry.content)
            case "artifact" | "digest" if entry.kind == "hashedrekord":
                return entry.digest is None or self.text == str(entry.digest)
            case _:
                return None

    def _is_by(self, content: EntryContent) -> bool | None:
        """Say whether one of the keys of *content* is this one; None if not all can be told."""
        if not _is_read(content) or any(each.key is None for each in content.keys):
            return None
        pem = self.pem or b""
        if Digest.of(pem) in {each.digest for each in content.digests}:
            return True  # somebody has signed the file that this key is in
        return any(pem in _pems(each) for each in content.keys)


def searchable(shard: Shard) -> LogV1:
    """Return the log that has an index of what is in *shard*; refuse where there is none."""
    match shard:
        case LogV1():
            return shard
        case TreeV1():
            raise NotSearchable(
                f"tree {shard.name} is not searched by itself",
                hint="search the whole log, whose index names entries of all its trees",
            )
        case _:
            raise NotSearchable(
                f"{shard.name} has no index to search: it is a log of version 2",
                hint="log.scan(match=...) reads all of it, log.follow(match=...) what comes, and "
                "log.entry(bundle) finds the entry of a signature you have",
            )


def criteria(**sought: Sought | None) -> tuple[Criterion, ...]:
    """Return what is *sought*, by the names of `Attribute`; each of it narrows the search."""
    found = tuple(_criterion(name, each) for name, each in sought.items() if each is not None)
    if not found:
        raise InputError("a log is searched for something", hint=f"name one of {', '.join(sought)}")
    return found


def _criterion(name: str, sought: Sought) -> Criterion:
    match name, sought:
        case ("email" | "subject") as attribute, str() if sought.strip():
            return Criterion(attribute=attribute, text=sought)
        case ("artifact" | "digest") as attribute, _:
            return Criterion(attribute=attribute, text=str(_digest(attribute, sought)))
        case "key", PublicKey():
            return _key("key", pem_encode("PUBLIC KEY", sought.spki), sought.fingerprint)
        case "certificate", Certificate():
            pem = pem_encode("CERTIFICATE", sought.der)
            return _key("certificate", pem, Digest.of(sought.der))
        case "key", str() | bytes() | os.PathLike():
            return _criterion(name, PublicKey.parse_pem(_pem(sought)))
        case "certificate", str() | bytes() | os.PathLike():
            return _criterion(name, Certificate.parse_pem(_pem(sought)))
        case _:
            raise InputError(f"{shown(repr(sought), longest=80)} is no {name} to look for")


def _key(attribute: Literal["key", "certificate"], pem: str, fingerprint: Digest) -> Criterion:
    return Criterion(attribute=attribute, text=f"with {fingerprint}", pem=pem.encode("ascii"))


def _digest(attribute: Literal["artifact", "digest"], sought: Sought) -> Digest:
    match attribute, sought:
        case _, Digest():
            return sought
        case "digest", str():
            return Digest.parse(sought)
        case "artifact", bytes():
            return Digest.of(sought)
        case "artifact", str() | os.PathLike():
            return files.digest(sought)
        case _:
            raise _unusable(attribute, sought)


def _pem(sought: Sought) -> str:
    match sought:
        case bytes():
            data = sought
        case str() if sought.lstrip().startswith("-----BEGIN"):
            return sought
        case str() | os.PathLike():
            data = files.read(sought, largest=LARGEST_PEM)
        case _:
            raise _unusable("key or certificate", sought)
    return data.decode("utf-8", "replace")


def _unusable(name: str, sought: Sought) -> InputError:
    return InputError(f"{shown(repr(sought), longest=80)} is no {name} to look for")


def _names(content: EntryContent) -> set[str] | None:
    """Return whom the certificates of *content* name; None where not all of that can be told."""
    # An entry may have several signers, and is filed under each of them. Keys of other kinds may
    # name people in ways of their own.
    if not _is_read(content) or any(each.certificate is None for each in content.keys):
        return None
    chains = (certificate for each in content.keys for certificate in each.chain)
    return {san.text.lower() for certificate in chains for san in certificate.sans}


def _is_read(content: EntryContent) -> bool:
    return not content.unread and 0 < len(content.keys) < MOST_SHOWN


def _pems(signer: RecordedKey) -> set[bytes]:
    """Return *signer* as it may have been given to the log."""
    keys = () if signer.key is None else (signer.key,)
    texts = {pem_encode("PUBLIC KEY", key.spki) for key in keys}
    texts |= {pem_encode("CERTIFICATE", each.der) for each in signer.chain}
    return {text.encode("ascii") for text in texts}


def _described(entry: Entry) -> str:
    identity = "no certificate" if entry.identity is None else shown(entry.identity.text)
    return f"{identity}, {entry.digest or 'no digest'}"
