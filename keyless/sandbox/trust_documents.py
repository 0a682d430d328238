# SPDX-License-Identifier: Apache-2.0
"""What an instance publishes of itself: whom to trust, and which services to sign with.

trusted_root.json     keys and chains, each with its window     read by `trusted_root`
signing_config.json   URLs, each with its version               read by `signing_config`
client trust config   both in one, as other clients take them
"""

import json
from collections.abc import Sequence

from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import ALGORITHMS, PublicKey
from keyless.protocol.window import Window, in_rfc3339
from keyless.value import value

TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
CLIENT_TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"

_NAMES = {algorithm: name for name, algorithm in reversed(ALGORITHMS.items())}


@value
class LogTrust:
    """That a log with *key* may be believed, about entries made within *window*."""

    url: str
    log_id: bytes
    key: PublicKey
    window: Window

    def to_json(self) -> dict[str, JsonValue]:
        """Write the log as it stands in a trusted root."""
        return {
            "baseUrl": self.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64encode(self.key.spki),
                "keyDetails": _NAMES[self.key.algorithm],
                "validFor": _window(self.window),
            },
            "logId": {"keyId": b64encode(self.log_id)},
        }


@value
class ChainTrust:
    """That an authority with these *certificates* may be believed within *window*."""

    url: str
    organization: str
    common_name: str
    certificates: tuple[Certificate, ...]
    window: Window

    def to_json(self) -> dict[str, JsonValue]:
        """Write the authority as it stands in a trusted root."""
        return {
            "subject": {"organization": self.organization, "commonName": self.common_name},
            "uri": self.url,
            "certChain": {
                "certificates": [{"rawBytes": b64encode(each.der)} for each in self.certificates]
            },
            "validFor": _window(self.window),
        }


@value
class TrustDocument:
    """Everybody whom an instance asks to be believed."""

    logs: tuple[LogTrust, ...]
    ct_logs: tuple[LogTrust, ...]
    authorities: tuple[ChainTrust, ...]
    timestamp_authorities: tuple[ChainTrust, ...]

    def to_json(self) -> bytes:
        """Write `trusted_root.json`."""
        return _document(
            {
                "mediaType": TRUSTED_ROOT,
                "tlogs": [each.to_json() for each in self.logs],
                "certificateAuthorities": [each.to_json() for each in self.authorities],
                "ctlogs": [each.to_json() for each in self.ct_logs],
                "timestampAuthorities": [each.to_json() for each in self.timestamp_authorities],
            }
        )


@value
class ServiceUrl:
    """Where a service answers, in which version of its interface, and since when."""

    url: str
    version: int
    operator: str
    window: Window

    def to_json(self) -> dict[str, JsonValue]:
        """Write the service as it stands in a signing configuration."""
        return {
            "url": self.url,
            "majorApiVersion": self.version,
            "validFor": _window(self.window),
            "operator": self.operator,
        }


def signing_config_json(
    *,
    authorities: Sequence[ServiceUrl],
    issuers: Sequence[ServiceUrl],
    logs: Sequence[ServiceUrl],
    timestamp_authorities: Sequence[ServiceUrl],
) -> bytes:
    """Write `signing_config.json`; of the logs and timestamp authorities, any one will do."""
    return _document(
        {
            "mediaType": SIGNING_CONFIG,
            "caUrls": [each.to_json() for each in authorities],
            "oidcUrls": [each.to_json() for each in issuers],
            "rekorTlogUrls": [each.to_json() for each in logs],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [each.to_json() for each in timestamp_authorities],
            "tsaConfig": {"selector": "ANY"},
        }
    )


def client_trust_config_json(trusted_root: bytes, signing_config: bytes) -> bytes:
    """Put both documents into the one that other clients take."""
    return _document(
        {
            "mediaType": CLIENT_TRUST_CONFIG,
            "trustedRoot": json.loads(trusted_root),
            "signingConfig": json.loads(signing_config),
        }
    )


def _window(window: Window) -> dict[str, JsonValue]:
    start: dict[str, JsonValue] = {"start": in_rfc3339(window.start)}
    return start if window.end is None else {**start, "end": in_rfc3339(window.end)}


def _document(content: dict[str, JsonValue]) -> bytes:
    return json.dumps(content, indent=1).encode("utf-8") + b"\n"
