# SPDX-License-Identifier: Apache-2.0
"""Entries of every kind, read leniently, to be shown.

Nothing is judged by what is read here. `entry_body` reads the kinds that a bundle can be compared
with, and refuses what is not just as it should be; here, what can be read is read, what cannot is
said to be so, and no entry is too strange to be shown.

    kind          where its signer, and what it is about, stand in its `spec`
    hashedrekord  data, signature                             0.0.2: under hashedRekordV002
    dsse          payloadHash, envelopeHash, signatures[]     0.0.2: under dsseV002
    intoto        content, publicKey                          0.0.2: content.envelope.signatures[]
    rekord        data, signature{format}
    rpm           package{hash, headers}, publicKey
    alpine, apk   package{hash, pkginfo}, publicKey
    jar           archive, signature
    helm          chart{hash, provenance}, publicKey
    cose          data{payloadHash, envelopeHash}, publicKey
    tuf           metadata.content, root.content
    rfc3161       tsr.content
"""

from collections.abc import Callable, Mapping

from keyless.errors import ParseError
from keyless.protocol.encoding import b64decode, hexdecode
from keyless.protocol.entry_content import MOST_SHOWN, EntryContent, Gathering, Node
from keyless.protocol.json_reader import JsonValue, json_value
from keyless.protocol.names import name_in_words
from keyless.protocol.timestamp import Timestamp
from keyless.protocol.window import in_words

LARGEST_SHOWN = 16 << 20

# How an entry's spec stands in what `rekor-cli` writes, by the entry's kind.
OBJECTS = {
    "alpine": "AlpineModel",
    "cose": "CoseObj",
    "dsse": "DSSEObj",
    "hashedrekord": "HashedRekordObj",
    "helm": "HelmObj",
    "intoto": "IntotoObj",
    "jar": "JARModel",
    "rekord": "RekordObj",
    "rfc3161": "Rfc3161Obj",
    "rpm": "RPMModel",
    "tuf": "TufObj",
}


def read_content(body: bytes) -> EntryContent:
    """Read the *body* of an entry as far as it can be."""
    found = Gathering()
    try:
        document: JsonValue = json_value(body, largest=LARGEST_SHOWN)
    except ParseError as error:
        found.unread(f"the entry cannot be read: {error.message}")
        return found.content(None)
    root = Node(document)
    read = _KINDS.get((root["kind"].text, root["apiVersion"].text))
    if read is None:
        found.unread("the entry is of a kind, or of a version of it, that is not known here")
    else:
        read(root["spec"], found)
    return found.content(document)


def _hashedrekord_v1(spec: Node, found: Gathering) -> None:
    found.digest("artifact", spec["data"]["hash"])
    _signature(spec["signature"], found)


def _hashedrekord_v2(spec: Node, found: Gathering) -> None:
    record = spec["hashedRekordV002"]
    found.digest("artifact", record["data"])
    _signature_v2(record["signature"], found)


def _dsse_v1(spec: Node, found: Gathering) -> None:
    found.digest("payload", spec["payloadHash"])
    found.digest("envelope", spec["envelopeHash"])
    for each in spec["signatures"].each():
        found.signature(each["signature"])
        found.key(each["verifier"])


def _dsse_v2(spec: Node, found: Gathering) -> None:
    record = spec["dsseV002"]
    found.digest("payload", record["payloadHash"])
    for each in record["signatures"].each():
        _signature_v2(each, found)


def _intoto_v1(spec: Node, found: Gathering) -> None:
    found.digest("payload", spec["content"]["payloadHash"])
    found.digest("envelope", spec["content"]["hash"])
    found.key(spec["publicKey"])


def _intoto_v2(spec: Node, found: Gathering) -> None:
    content = spec["content"]
    found.digest("payload", content["payloadHash"])
    found.digest("envelope", content["hash"])
    found.fact("payload type", content["envelope"]["payloadType"].text)
    for each in content["envelope"]["signatures"].each():
        found.signature(each["sig"], _twice_encoded)
        found.key(each["publicKey"])


def _rekord(spec: Node, found: Gathering) -> None:
    found.digest("artifact", spec["data"]["hash"])
    found.fact("signature format", spec["signature"]["format"].text)
    _signature(spec["signature"], found)


def _rpm(spec: Node, found: Gathering) -> None:
    found.digest("package", spec["package"]["hash"])
    _facts(spec["package"]["headers"], found)
    found.key(spec["publicKey"]["content"])


def _alpine(spec: Node, found: Gathering) -> None:
    found.digest("package", spec["package"]["hash"])
    _facts(spec["package"]["pkginfo"], found)
    found.key(spec["publicKey"]["content"])


def _jar(spec: Node, found: Gathering) -> None:
    found.digest("archive", spec["archive"]["hash"])
    _signature(spec["signature"], found)


def _helm(spec: Node, found: Gathering) -> None:
    found.digest("chart", spec["chart"]["hash"])
    found.signature(spec["chart"]["provenance"]["signature"]["content"])
    found.key(spec["publicKey"]["content"])


def _cose(spec: Node, found: Gathering) -> None:
    found.digest("payload", spec["data"]["payloadHash"])
    found.digest("envelope", spec["data"]["envelopeHash"])
    found.key(spec["publicKey"])


def _tuf(spec: Node, found: Gathering) -> None:
    found.fact("specification", spec["spec_version"].text)
    metadata = spec["metadata"]["content"]
    for name in ("_type", "version", "expires"):
        found.fact(name.strip("_"), metadata["signed"][name].text)
    for each in metadata["signatures"].each():
        found.signature(each["sig"], hexdecode)
    keys = spec["root"]["content"]["signed"]["keys"].members()
    found.fact("keys in the root", str(len(keys) or ""))


def _rfc3161(spec: Node, found: Gathering) -> None:
    response = found.decoded("timestamp", spec["tsr"]["content"])
    try:
        timestamp = Timestamp.parse(response)
    except ParseError as error:
        found.unread(f"the timestamp cannot be read: {error.message}")
        return
    found.fact("timestamp", in_words(timestamp.at))
    found.fact("by a certificate of", name_in_words(timestamp.message.issuer))
    found.timestamped(timestamp.imprint)


def _signature(node: Node, found: Gathering) -> None:
    found.signature(node["content"])
    found.key(node["publicKey"]["content"])


def _signature_v2(node: Node, found: Gathering) -> None:
    found.signature(node["content"])
    found.verifier(node["verifier"])
    found.fact("algorithm", node["verifier"]["keyDetails"].text)


def _facts(node: Node, found: Gathering) -> None:
    for name, each in node.members()[:MOST_SHOWN]:
        found.fact(name, each.text)


def _twice_encoded(text: str) -> bytes:
    # The log took the envelope's base64 for bytes, and encoded them.
    return b64decode(b64decode(text).decode("latin-1"))


_KINDS: Mapping[tuple[str, str], Callable[[Node, Gathering], None]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_v1,
    ("hashedrekord", "0.0.2"): _hashedrekord_v2,
    ("dsse", "0.0.1"): _dsse_v1,
    ("dsse", "0.0.2"): _dsse_v2,
    ("intoto", "0.0.1"): _intoto_v1,
    ("intoto", "0.0.2"): _intoto_v2,
    ("rekord", "0.0.1"): _rekord,
    ("rpm", "0.0.1"): _rpm,
    ("alpine", "0.0.1"): _alpine,
    ("apk", "0.0.1"): _alpine,
    ("jar", "0.0.1"): _jar,
    ("helm", "0.0.1"): _helm,
    ("cose", "0.0.1"): _cose,
    ("tuf", "0.0.1"): _tuf,
    ("rfc3161", "0.0.1"): _rfc3161,
}
