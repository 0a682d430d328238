# SPDX-License-Identifier: Apache-2.0
"""The sandbox's instance as a whole: its documents are read, here and elsewhere."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sigstore.models import ClientTrustConfig as TheirTrustConfig

from keyless.protocol.signing_config import SigningConfig
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import Window
from keyless.sandbox.clock import Clock
from keyless.sandbox.instance_core import InstanceCore, InstanceUrls
from keyless.sandbox.trust_documents import client_trust_config_json
from keyless.value import replace

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def core() -> InstanceCore:
    """An instance made at noon."""
    return InstanceCore(Clock(NOON))


def test_the_trusted_root_names_every_party(core: InstanceCore) -> None:
    """Each by its key, its id and its URL."""
    root = TrustedRoot.parse(core.trusted_root_json())
    assert [(log.log_id, log.key) for log in root.logs] == [
        (core.log_v1.log_id, core.log_v1.key),
        (core.log_v2.log_id, core.log_v2.key),
    ]
    assert [log.name for log in root.logs] == [core.log_v1.name, core.log_v2.name]
    assert [(log.log_id, log.key) for log in root.ct_logs] == [
        (core.ct_log.log_id, core.ct_log.key)
    ]
    assert [each.certificates for each in root.authorities] == [core.authority.chain]
    assert [each.certificates for each in root.timestamp_authorities] == [
        core.timestamp_authority.chain
    ]
    assert root.skipped == ()


def test_everybody_is_trusted_from_before_the_instance_was_made(core: InstanceCore) -> None:
    """A clock that is set back finds an instance all the same."""
    root = TrustedRoot.parse(core.trusted_root_json())
    parties = (*root.logs, *root.ct_logs, *root.authorities, *root.timestamp_authorities)
    assert {party.window for party in parties} == {Window(start=NOON - timedelta(days=30))}


def test_a_window_can_be_set_to_the_microsecond(core: InstanceCore) -> None:
    """The document says a window exactly, both of its ends."""
    window = Window(start=NOON + timedelta(microseconds=1), end=NOON + timedelta(microseconds=20))
    (authority,) = core.trust.authorities
    trust = replace(core.trust, authorities=(replace(authority, window=window),))
    (read,) = TrustedRoot.parse(trust.to_json()).authorities
    assert read.window == window


def test_the_signing_configuration_names_every_service(core: InstanceCore) -> None:
    """Both versions of the log, the newer one to be preferred."""
    config = SigningConfig.parse(core.signing_config_json())
    assert [(it.url, it.major_version) for it in config.logs] == [
        (core.urls.log_v1, 1),
        (core.urls.log_v2, 2),
    ]
    assert [it.url for it in config.authorities] == [core.urls.authority]
    assert [it.url for it in config.issuers] == [core.urls.issuer]
    assert [it.url for it in config.timestamp_authorities] == [core.urls.timestamp_authority]


def test_an_instance_answers_where_it_is_told_to(core: InstanceCore) -> None:
    """Its second log is called by the host it is served on."""
    urls = InstanceUrls(log_v2="http://localhost:3003")
    assert InstanceCore(core.clock, urls=urls).log_v2.name == "localhost"


def test_an_instance_without_a_clock_lives_today() -> None:
    """A sandbox that nobody configured is of now."""
    at = InstanceCore().clock.now
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_sigstore_python_reads_the_documents(core: InstanceCore) -> None:
    """Others than us take them for what they are."""
    config = client_trust_config_json(core.trusted_root_json(), core.signing_config_json())
    theirs = TheirTrustConfig.from_json(config.decode()).trusted_root
    assert len(theirs.get_fulcio_certs()) == 2
    assert len(theirs.get_timestamp_authorities()) == 1


def test_the_client_trust_configuration_holds_both_documents(core: InstanceCore) -> None:
    """One file for clients that take one."""
    root, config = core.trusted_root_json(), core.signing_config_json()
    whole = json.loads(client_trust_config_json(root, config))
    assert whole["trustedRoot"] == json.loads(root)
    assert whole["signingConfig"] == json.loads(config)
