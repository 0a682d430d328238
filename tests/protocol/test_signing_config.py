# SPDX-License-Identifier: Apache-2.0
"""Signing configurations: which services there are, and which of them are chosen."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.errors import InputError, ParseError
from keyless.protocol.signing_config import Selector, Service, SigningConfig, choose
from keyless.protocol.window import Window

ROOTS = Path(keyless.__file__).parent / "roots"
V1 = (ROOTS / "production" / "signing_config.v0.2.json").read_bytes()
V2 = (ROOTS / "production" / "signing_config_rekor_v2.v0.2.json").read_bytes()
STAGING = (ROOTS / "staging" / "signing_config.v0.2.json").read_bytes()

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANY, ALL = Selector(), Selector(kind="ALL")

Document = dict[str, Any]


def _service(
    url: str, version: int = 1, operator: str = "a.example", start: int = 2025, end: int = 2027
) -> Service:
    window = Window(start=datetime(start, 1, 1, tzinfo=UTC), end=datetime(end, 1, 1, tzinfo=UTC))
    return Service(url=url, major_version=version, operator=operator, window=window)


def _urls(services: tuple[Service, ...]) -> list[str]:
    return [service.url for service in services]


def test_a_configuration_lists_services_by_what_they_do() -> None:
    """Certificates, identities, logs and timestamps, each with its version and operator."""
    config = SigningConfig.parse(V2)
    assert _urls(config.authorities) == ["https://fulcio.sigstore.dev"]
    assert _urls(config.issuers) == ["https://oauth2.sigstore.dev/auth"]
    assert _urls(config.timestamp_authorities) == [
        "https://timestamp.sigstore.dev/api/v1/timestamp"
    ]
    assert [(log.url, log.major_version, log.operator) for log in config.logs] == [
        ("https://log2025-1.rekor.sigstore.dev", 2, "sigstore.dev"),
        ("https://rekor.sigstore.dev", 1, "sigstore.dev"),
    ]
    assert config.log_selector == config.timestamp_selector == ANY


@pytest.mark.parametrize(
    ("document", "versions", "url"),
    [
        (V1, {1, 2}, "https://rekor.sigstore.dev"),
        (V2, {1, 2}, "https://log2025-1.rekor.sigstore.dev"),
        (V2, {1}, "https://rekor.sigstore.dev"),
        (STAGING, {1, 2}, "https://log2025-alpha3.rekor.sigstage.dev"),
        (STAGING, {1}, "https://rekor.sigstage.dev"),
    ],
)
def test_the_public_instances_configurations_choose_one_log(
    document: bytes, versions: set[int], url: str
) -> None:
    """The highest version that both sides know, and of the shards the present one."""
    config = SigningConfig.parse(document)
    chosen = choose(config.logs, versions=versions, selector=config.log_selector, at=NOON)
    assert _urls(chosen) == [url]


def test_of_one_operator_the_newest_service_is_chosen() -> None:
    """A shard that has started later takes the place of the one before."""
    services = [_service("https://old", start=2024), _service("https://new"), _service("https://b")]
    assert _urls(choose(services, versions={1}, selector=ALL, at=NOON)) == ["https://new"]


def test_a_service_without_a_window_is_always_there() -> None:
    """It is taken for the oldest of its kind."""
    always = Service(url="https://always", major_version=1, operator="a.example", window=None)
    assert choose([always], versions={1}, selector=ANY, at=NOON) == (always,)
    new = _service("https://new")
    assert choose([always, new], versions={1}, selector=ANY, at=NOON) == (new,)


@pytest.mark.parametrize(
    ("selector", "urls"),
    [
        (ANY, ["https://c"]),
        (ALL, ["https://c", "https://a", "https://b"]),
        (Selector(kind="EXACT", count=2), ["https://c", "https://a"]),
    ],
)
def test_the_selector_says_how_many_operators(selector: Selector, urls: list[str]) -> None:
    """One service of each operator, the best first, as many as the instance wants used."""
    services = [
        _service("https://a"),
        _service("https://also-a"),
        _service("https://b", operator="b.example"),
        _service("https://c", version=2, operator="c.example"),
        _service("https://past", operator="d.example", end=2026),
        _service("https://future", operator="e.example", start=2027),
        _service("https://unknown", version=3, operator="f.example"),
    ]
    assert _urls(choose(services, versions={1, 2}, selector=selector, at=NOON)) == urls


@pytest.mark.parametrize(
    ("services", "selector", "said"),
    [
        ([], ANY, "0 of the 1 services"),
        ([_service("https://past", end=2026)], ALL, "0 of the 1 services"),
        ([_service("https://a"), _service("https://b")], Selector(kind="EXACT", count=2), "1 of"),
    ],
)
def test_too_few_services_are_an_error(
    services: list[Service], selector: Selector, said: str
) -> None:
    """Nothing is signed with fewer than the instance wants; the error lists what there is."""
    with pytest.raises(InputError, match=said) as refusal:
        choose(services, versions={2, 1}, selector=selector, at=NOON)
    assert "version 1 or 2 can be used here" in str(refusal.value.hint)
    assert all(service.url in str(refusal.value.hint) for service in services)


def test_a_signature_goes_through_services_of_each_kind() -> None:
    """An authority, a log and a timestamp authority, of the public instance."""
    services = SigningConfig.parse(V2).services(at=NOON)
    assert services.authority is not None
    assert services.authority.url == "https://fulcio.sigstore.dev"
    assert _urls(services.logs) == ["https://log2025-1.rekor.sigstore.dev"]
    assert _urls(services.timestamp_authorities) == [
        "https://timestamp.sigstore.dev/api/v1/timestamp"
    ]


def test_a_signature_can_be_kept_to_one_version_of_the_log() -> None:
    """For who verifies with a program that does not know the other."""
    services = SigningConfig.parse(V2).services(at=NOON, log_versions=[1])
    assert _urls(services.logs) == ["https://rekor.sigstore.dev"]


def test_an_instance_may_lack_services_of_a_kind() -> None:
    """It says so by listing none; that none can be used now is something else, and an error."""
    none = {name: [] for name in ("caUrls", "rekorTlogUrls", "tsaUrls")}
    config = SigningConfig.parse(json.dumps({**json.loads(V1), **none}).encode())
    services = config.services(at=NOON)
    assert services.authority is None
    assert (services.logs, services.timestamp_authorities) == ((), ())
    with pytest.raises(InputError, match="0 of the 1 services"):
        SigningConfig.parse(V1).services(at=NOON.replace(year=2020))


@pytest.mark.parametrize(
    ("config", "selector"),
    [
        (None, ANY),
        ({}, ANY),
        ({"selector": "ALL"}, ALL),
        ({"selector": "EXACT", "count": 3}, Selector(kind="EXACT", count=3)),
    ],
)
def test_a_selector_is_read(config: Document | None, selector: Selector) -> None:
    """Where there is none, any one service will do."""
    document = json.loads(V1) | {"tsaConfig": config}
    parsed = SigningConfig.parse(json.dumps(document).encode())
    assert parsed.timestamp_selector == selector


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda json: json.update(
                mediaType="application/vnd.dev.sigstore.signingconfig.v0.1+json"
            ),
            r"\$\.mediaType: .*v0.1\+json is not a signing configuration of version 0\.2",
        ),
        (lambda json: json["caUrls"][0].pop("url"), r"\$\.caUrls\[0\]\.url: missing"),
        (
            lambda json: json["caUrls"][0].update(url="file:///etc/passwd"),
            r"\$\.caUrls\[0\]\.url: not the URL of a service",
        ),
        (
            lambda json: json["tsaUrls"][0].update(validFor={}),
            r"\$\.tsaUrls\[0\]\.validFor\.start: missing",
        ),
        (
            lambda json: json["oidcUrls"][0].update(majorApiVersion="one"),
            r"\$\.oidcUrls\[0\]\.majorApiVersion: not a plain decimal",
        ),
        (
            lambda json: json.update(rekorTlogConfig={"selector": "SOME"}),
            r"\$\.rekorTlogConfig\.selector: SOME is none of",
        ),
        (
            lambda json: json.update(rekorTlogConfig={"count": 1}),
            r"\$\.rekorTlogConfig\.selector: missing",
        ),
        (
            lambda json: json.update(tsaConfig={"selector": "EXACT"}),
            r"\$\.tsaConfig\.count: 0, which is not how many",
        ),
    ],
)
def test_what_is_malformed_is_refused(change: Callable[[Document], object], said: str) -> None:
    """The error says where the fault is."""
    document = json.loads(V1)
    change(document)
    with pytest.raises(ParseError, match=said):
        SigningConfig.parse(json.dumps(document).encode())


def test_somebody_signs_in_to_the_issuer_of_the_instance() -> None:
    """Which is named as a service is; none is named where all have keys of their own."""
    document = json.loads(V1)
    config = SigningConfig.parse(json.dumps(document).encode())
    assert config.issuer(at=NOON) == config.issuers[0]
    document["oidcUrls"] = []
    with pytest.raises(InputError, match="names no issuer to sign in to"):
        SigningConfig.parse(json.dumps(document).encode()).issuer(at=NOON)
