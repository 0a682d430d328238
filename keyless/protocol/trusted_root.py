# SPDX-License-Identifier: Apache-2.0
"""Trusted roots: whose word counts, by which key, and from when until when.

    {"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
     "tlogs":                  [{"baseUrl": …, "publicKey": {"validFor": …}, "logId": …}, …],
     "certificateAuthorities": [{"uri": …, "certChain": …, "validFor": …}, …],
     "ctlogs":                 [as tlogs],
     "timestampAuthorities":   [as certificateAuthorities]}

What is the same for every bundle is done here, once: keys are read, and each chain is verified from
link to link.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from keyless.errors import UnsupportedError
from keyless.protocol.certificate import Certificate
from keyless.protocol.chain import LONGEST_CHAIN, Authority
from keyless.protocol.der import BIT_STRING, NULL, OID, SEQUENCE, encoded, oid_bytes
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import Algorithm, PublicKey, algorithm_named
from keyless.protocol.names import name_in_words
from keyless.protocol.time_range import parse_window
from keyless.protocol.timestamp import TimestampAuthority
from keyless.protocol.window import Window
from keyless.safe_text import shown
from keyless.value import value

T = TypeVar("T")

MEDIA_TYPES = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
)
LARGEST_TRUSTED_ROOT = 4 << 20
MOST_INSTANCES = 256

_HOST = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]\s]+)(?::[0-9]+)?(?:[/?#]\S*)?")
# The registry's old names leave the size to the key, and the first means a key without the frame
# that says what it is. A certificate log of staging has one.
_BARE_RSA = "PKCS1_RSA_PKCS1V5"
_OLD_RSA = (_BARE_RSA, "PKIX_RSA_PKCS1V5")
_RSA = encoded(SEQUENCE, encoded(OID, oid_bytes("1.2.840.113549.1.1.1")) + encoded(NULL, b""))


@value
class Log:
    """A log of signatures, or of certificates: its name, its key, and when its word counts.

    *name* is the host in its URL, under which a log of version 2 signs its checkpoints;
    *checkpoint_key_id* starts with the hint by which checkpoints say which key signed them.
    """

    name: str
    base_url: str
    operator: str
    log_id: bytes
    checkpoint_key_id: bytes
    key: PublicKey
    algorithm: Algorithm
    window: Window


@value
class TrustedRoot:
    """Everybody whose word counts.

    *origin* says in words where the document came from, *fingerprint* which one it was. *skipped*
    lists those in it whose keys are of a kind unknown here, one sentence each: their word does not
    count, and everybody else's still does.
    """

    logs: tuple[Log, ...]
    ct_logs: tuple[Log, ...]
    authorities: tuple[Authority, ...]
    timestamp_authorities: tuple[TimestampAuthority, ...]
    skipped: tuple[str, ...]
    fingerprint: Digest
    origin: str

    @classmethod
    def parse(cls, data: bytes, *, origin: str = "the caller's trusted root") -> "TrustedRoot":
        """Read `trusted_root.json`, which came from *origin*."""
        json = Json.parse(data, largest=LARGEST_TRUSTED_ROOT)
        media_type = json.text("mediaType")
        if media_type not in MEDIA_TYPES:
            raise json.error(
                f"{shown(media_type, longest=120)} is not a trusted root of version 0.1 or 0.2",
                name="mediaType",
            )
        skipped: list[str] = []
        return cls(
            logs=_known(json, "tlogs", _log, skipped),
            ct_logs=_known(json, "ctlogs", _log, skipped),
            authorities=_known(json, "certificateAuthorities", _authority, skipped),
            timestamp_authorities=_known(
                json, "timestampAuthorities", _timestamp_authority, skipped
            ),
            skipped=tuple(skipped),
            fingerprint=Digest.of(data),
            origin=origin,
        )

    def logs_called(self, log_id: bytes) -> tuple[Log, ...]:
        """Return the transparency logs with *log_id*: one key may be listed for several windows."""
        return tuple(log for log in self.logs if log.log_id == log_id)

    def ct_logs_called(self, log_id: bytes) -> tuple[Log, ...]:
        """Return the certificate logs with *log_id*."""
        return tuple(log for log in self.ct_logs if log.log_id == log_id)


def host_of(url: str) -> str:
    """Return the host in *url*, without its port; all of *url* when it is none."""
    match = _HOST.fullmatch(url)
    return match[1] if match else url


def _known(json: Json, name: str, parse: Callable[[Json], T], skipped: list[str]) -> tuple[T, ...]:
    """Return all in the list *name* that *parse* knows; of each other, add a word to *skipped*."""
    known = []
    for each in json.objects(name, most=MOST_INSTANCES):
        try:
            known.append(parse(each))
        except UnsupportedError as error:
            skipped.append(error.message)
    return tuple(known)


def _log(json: Json) -> Log:
    _check_tree_hash(json)
    public_key = json.object("publicKey")
    key = public_key.within("rawBytes", PublicKey.parse, _spki(public_key))
    base_url = json.optional_text("baseUrl") or ""
    log_id = _key_id(json.object("logId"))
    checkpoint_key_id = json.optional_object("checkpointKeyId")
    return Log(
        name=host_of(base_url) or log_id.hex(),
        base_url=base_url,
        operator=json.optional_text("operator") or "",
        log_id=log_id,
        checkpoint_key_id=log_id if checkpoint_key_id is None else _key_id(checkpoint_key_id),
        key=key,
        algorithm=_algorithm(public_key, key),
        window=parse_window(public_key.object("validFor")),
    )


def _check_tree_hash(json: Json) -> None:
    name = json.optional_text("hashAlgorithm")
    if name not in (None, "SHA2_256"):
        raise UnsupportedError(
            f"a tree of {shown(name, longest=80)} is not one that is known here",
            path=f"{json.path}.hashAlgorithm",
        )


def _key_id(json: Json) -> bytes:
    # Taken as it stands: how it follows from the key differs between versions of the log.
    key_id = json.base64("keyId")
    if len(key_id) < 4:
        raise json.error(f"{len(key_id)} bytes, too few for the id of a key", name="keyId")
    return key_id


def _spki(json: Json) -> bytes:
    data = json.base64("rawBytes")
    if json.text("keyDetails") != _BARE_RSA:
        return data
    return encoded(SEQUENCE, _RSA + encoded(BIT_STRING, b"\0" + data))


def _algorithm(json: Json, key: PublicKey) -> Algorithm:
    name = json.text("keyDetails")
    if name in _OLD_RSA and key.kind.startswith("RSA"):
        return key.algorithm
    algorithm = json.within("keyDetails", algorithm_named, name)
    if algorithm.kind != key.kind:
        raise json.error(f"{name}, but the key is {key.kind}", name="keyDetails")
    return algorithm


def _authority(json: Json) -> Authority:
    certificates, window = _chain(json), parse_window(json.object("validFor"))
    linked = partial(Authority.linked, name=_name(json, certificates), window=window)
    return json.within("certChain", linked, certificates)


def _timestamp_authority(json: Json) -> TimestampAuthority:
    certificates, window = _chain(json), parse_window(json.object("validFor"))
    linked = partial(TimestampAuthority.linked, name=_name(json, certificates), window=window)
    return json.within("certChain", linked, certificates)


def _chain(json: Json) -> tuple[Certificate, ...]:
    chain = json.object("certChain").objects("certificates", most=LONGEST_CHAIN)
    if not chain:
        raise json.error("an empty chain", name="certChain.certificates")
    return tuple(
        each.within("rawBytes", Certificate.parse, each.base64("rawBytes")) for each in chain
    )


def _name(json: Json, certificates: tuple[Certificate, ...]) -> str:
    return json.optional_text("uri") or name_in_words(certificates[0].subject)
