# SPDX-License-Identifier: Apache-2.0
"""What a client cannot sign, and what one refuses of another's: each with its words, and why."""

from collections.abc import Collection

from keyless.value import value
from tests.peers.agreement import NAMES, Cell
from tests.peers.clients.client import IMAGE_KINDS, IMAGE_SETTINGS, SETTINGS, Setting
from tests.peers.image_agreement import IMAGE_NAMES

COSIGN = ("cosign 3", "cosign 2")


@value
class Difference:
    """That *who* fails at some settings, saying *words*, and *because* of what."""

    who: Collection[str]
    words: str
    because: str
    signers: Collection[str] = NAMES  # who signed what it refuses
    kind: Collection[str] | None = None
    rekor: int | None = None
    tsa: bool | None = None

    def covers(self, who: str, setting: Setting) -> bool:
        """Say whether it is about *who*, at *setting*."""
        return who in self.who and all(
            wanted is None or found in wanted
            for wanted, found in (
                (self.kind, setting.kind),
                (self.rekor and (self.rekor,), setting.rekor),
                (None if self.tsa is None else (self.tsa,), setting.tsa),
            )
        )


NO_TIME = "a log of version 2 says no time, and here nobody else does"

LEGACY = ("legacy image", "legacy image attestation")

SIGNS_NOT = (
    *(
        Difference(
            who=who,
            kind=LEGACY,
            rekor=2,
            words=words,
            because="the old formats have room for a promise alone, which logs of version 1 give",
        )
        for who, words in (
            (COSIGN, "[POST /api/v1/log/entries][404]"),
            (("keyless",), "legacy signatures need a promise of a log of version 1"),
        )
    ),
    Difference(
        who=("sigstore-js", "cosign 2"),
        kind=("statement", "image", "image attestation"),
        rekor=2,
        words="invalid type, must be hashedrekord",
        because="it proposes statements as `dsse`, a kind that logs of version 2 have dropped",
    ),
    Difference(
        who=("keyless",),
        rekor=2,
        tsa=False,
        words="0 of the services to sign with say what time it is, 1 wanted",
        because=f"{NO_TIME}: it says so before it asks anybody for anything",
    ),
    Difference(
        who=("cosign 3",),
        rekor=2,
        tsa=False,
        words="a timestamp authority must be provided",
        because=f"{NO_TIME}: it says so before it asks anybody for anything",
    ),
    Difference(
        who=("cosign 2",),
        rekor=2,
        tsa=False,
        words="failed to verify timestamps",
        because=f"{NO_TIME}: it finds out when the log has the entry",
    ),
    Difference(
        who=("sigstore-python",),
        rekor=2,
        tsa=False,
        words="bundle must contain an inclusion promise or",
        because=f"{NO_TIME}: it finds out when the log has the entry",
    ),
)

REFUSES = (
    Difference(
        who=("sigstore-python",),
        signers=COSIGN,
        kind=("statement",),
        words="https://in-toto.io/Statement/v0.1",
        because="cosign writes statements of version 0.1, and it takes those of version 1 alone",
    ),
    Difference(
        who=COSIGN,
        signers=("cosign 3",),
        kind=("legacy image attestation",),
        tsa=True,
        words="hashed messages don't match",
        because="asked for timestamps, cosign wants one of the envelope in the old format, as "
        "cosign 2 writes it; this one is of the signature, as in a bundle",
    ),
    *(
        Difference(
            who=who,
            signers=("sigstore-js",),
            kind=("file",),
            rekor=2,
            tsa=False,
            words=words,
            because=f"{NO_TIME}: sigstore-js signs all the same",
        )
        for who, words in (
            (("keyless",), "0 trusted clocks say when the signature was made"),
            (COSIGN, "failed to verify timestamps: threshold not met"),
            (("sigstore-python",), "bundle must contain an inclusion promise or"),
            (("sigstore-js",), "TIMESTAMP_ERROR: expected 1 timestamps, got 0"),
        )
    ),
)

CELLS: tuple[Cell, ...] = (
    *((name, setting) for name in NAMES for setting in SETTINGS),
    *((name, setting) for name in IMAGE_NAMES for setting in IMAGE_SETTINGS),
)


def not_signed(cell: Cell) -> Difference | None:
    """Return why *cell* is not signed, if it is not."""
    return next((each for each in SIGNS_NOT if each.covers(*cell)), None)


def refused(cell: Cell, verifier: str) -> Difference | None:
    """Return why *verifier* refuses *cell*, if it does."""
    signer, setting = cell
    about = (each for each in REFUSES if signer in each.signers)
    return next((each for each in about if each.covers(verifier, setting)), None)


SIGNED = tuple(cell for cell in CELLS if not_signed(cell) is None)
JUDGED = tuple(
    (cell, verifier)
    for cell in SIGNED
    for verifier in (IMAGE_NAMES if cell[1].kind in IMAGE_KINDS else NAMES)
)
