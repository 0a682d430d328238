# SPDX-License-Identifier: Apache-2.0
"""What signing returns: the bundle, our own verdict on it, and where it belongs.

A bundle is a pure value, which knows no paths. So whoever signs a file gets the bundle with the
name of that file beside it, and can save it.
"""

import os
from typing import Literal, assert_never

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.evidence import Verified
from keyless.protocol.bundle import Bundle, KeyHint, Material
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.predicate_types import predicate_name
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value

Path = files.Path
Overwrite = Literal["own", "anything"]


@value
class Signed:
    """An artifact that was signed: its *bundle*, and the *proof* that our own verifier took it for.

    *path* is the artifact's, None if it was no file. *reused* says that the bundle was there
    already, by the same signer, and that nothing new was signed.
    """

    bundle: Bundle
    proof: Verified
    path: str | None = None
    reused: bool = False

    @property
    def digest(self) -> Digest:
        """The artifact's digest."""
        return self.proof.content.digest

    @property
    def bundle_path(self) -> str:
        """Where the bundle goes if nothing else is said: beside the artifact."""
        if self.path is None:
            raise InputError(
                "what was signed is no file, so there is no place beside it",
                hint='say where to, as in save("release.sigstore.json")',
            )
        return self.path + _suffix(self.bundle)

    def save(self, path: Path | None = None, *, overwrite: Overwrite = "own") -> str:
        """Write the bundle to *path*, or beside the artifact, whole or not at all; return where.

        A bundle that is there is replaced if it is of the same signer and of the same kind;
        whatever else is there is left, unless it may *overwrite* anything.
        """
        name = self.bundle_path if path is None else files.name_of(path)
        if self.reused and path is None:
            return name
        if overwrite == "own":
            own_bundle(name, _predicate_type(self.bundle), self.bundle.material)
        files.write_bundle(name, self.bundle)
        return name

    def __str__(self) -> str:
        return text(self._title(), self._rows())

    def _repr_html_(self) -> str:
        return html(self._title(), self._rows())

    def _title(self) -> str:
        what = "signed" if not self.reused else "signed already"
        return f"{what}: {self.path or self.digest}"

    def _rows(self) -> list[Row]:
        statement = self.proof.statement
        said = [("statement", statement.predicate_type, "")] if statement else []
        return [
            ("by", str(self.proof.signer), ""),
            ("artifact", str(self.digest), ""),
            *said,
            *(("time", str(time), "") for time in self.proof.times),
            *(("log", str(entry), "") for entry in self.proof.entries),
        ]


def own_bundle(path: str, predicate_type: str | None, material: Material) -> Bundle | None:
    """Return the bundle at *path*; None if nothing is there; refuse what is not the same again.

    The same is a signature, or an attestation of *predicate_type*, by whom *material* says. That is
    taken from the bundle unverified: here it does not matter who says so falsely.
    """
    if not os.path.lexists(path):
        return None
    try:
        there = files.read_bundle(path)
        found = _authorship(_predicate_type(there), there.material)
    except ParseError as error:
        raise InputError(
            f"{shown(path)} is there already, and is no bundle: {error.message}",
            hint="choose another name, or remove the file",
        ) from None
    wanted = _authorship(predicate_type, material)
    if found != wanted:
        raise InputError(
            f"{shown(path)} is there already: {found}, not {wanted}",
            hint='choose another name, or replace it with overwrite="anything"',
        )
    return there


def _suffix(bundle: Bundle) -> str:
    # Not the same place for a signature and for each attestation: they do not replace each other.
    said = _predicate_type(bundle)
    kind = "" if said is None else f".{predicate_name(said) or 'attestation'}"
    return kind + files.BUNDLE_SUFFIXES[0]


def _authorship(predicate_type: str | None, material: Material) -> str:
    what = "a signature" if predicate_type is None else f"an attestation ({shown(predicate_type)})"
    match material:
        case Certificate() as certificate:
            names = ", ".join(f"{shown(san.text)} ({san.kind})" for san in certificate.sans)
            return f"{what} by {names}, vouched for by {shown(certificate.claims.issuer)}"
        case KeyHint(hint=hint):
            return f"{what} by the key with the hint {shown(hint)}"
        case _:
            assert_never(material)


def _predicate_type(bundle: Bundle) -> str | None:
    match bundle.content:
        case Envelope(payload_type=payload_type, payload=payload) if payload_type == IN_TOTO:
            return Statement.parse(payload).predicate_type
        case Envelope(payload_type=payload_type):
            return payload_type
        case _:
            return None
