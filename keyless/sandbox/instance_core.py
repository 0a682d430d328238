# SPDX-License-Identifier: Apache-2.0
"""The parties of one instance, on one clock, and the documents that ask others to believe them."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from keyless.errors import InputError
from keyless.protocol.signing_config import LOG_VERSIONS
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import Window
from keyless.sandbox.certificate_authority import ORGANIZATION, CertificateAuthority
from keyless.sandbox.clock import Clock
from keyless.sandbox.ct_log import CtLog
from keyless.sandbox.timestamp_authority import TimestampAuthority
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.sandbox.trust_documents import (
    ChainTrust,
    LogTrust,
    ServiceUrl,
    TrustDocument,
    signing_config_json,
)
from keyless.services.http import joined
from keyless.value import replace, value

# So that a clock which is set back a little finds nobody not yet trusted.
_TRUSTED_SINCE = timedelta(days=30)
_YEARLY = re.compile(r"(//log[0-9]+-)([0-9]+)\.")


@value
class InstanceUrls:
    """Where the parties of an instance answer, or would if they were served."""

    authority: str = "https://fulcio.sandbox.test"
    issuer: str = "https://oauth.sandbox.test"
    ct_log: str = "https://ct.sandbox.test/2025"
    timestamp_authority: str = "https://timestamp.sandbox.test/api/v1/timestamp"
    log_v1: str = "https://rekor.sandbox.test"
    log_v2: str = "https://log2025-1.rekor.sandbox.test"
    tuf: str = "https://tuf.sandbox.test"
    registry: str = "https://registry.sandbox.test"


DEFAULT_URLS = InstanceUrls()


@value
class Retired:
    """A *log* that took entries until *at*, and was at *url*."""

    log: LogV2
    at: datetime
    url: str


class InstanceCore:
    """One instance without its wires.

    *earlier* is how many entries the shards before the log of version 1 have.
    """

    def __init__(
        self, clock: Clock | None = None, *, urls: InstanceUrls = DEFAULT_URLS, earlier: int = 0
    ) -> None:
        self.clock = clock or Clock()
        self.urls = urls
        self.ct_log = CtLog(self.clock, url=urls.ct_log)
        self.authority = CertificateAuthority.create(
            self.clock, url=urls.authority, ct_logs=(self.ct_log,)
        )
        self.timestamp_authority = TimestampAuthority.create(
            self.clock, url=urls.timestamp_authority
        )
        self.log_v1 = LogV1(self.clock, url=urls.log_v1, earlier=earlier)
        self.log_v2 = LogV2(self.clock, url=urls.log_v2)
        self.retired: list[Retired] = []
        self._home = urls.log_v2
        start = self.clock.now.replace(microsecond=0) - _TRUSTED_SINCE
        self.window = Window(start=start)

    def rotate(self, *, key: SigningKey | None = None, at: datetime | None = None) -> LogV2:
        """Retire the log of version 2, now or *at* another time; go on in another, with *key*."""
        before, url = self.log_v2, self._home
        if before.url != url:
            raise InputError("the log is served elsewhere", hint="have it rotate before it is")
        self._home = _following(url, len(self.retired) + 1)
        self.retired.append(Retired(log=before, at=at or self.clock.now, url=url))
        self.urls = replace(self.urls, log_v2=self._home)
        self.log_v2 = before.successor(self._home, key=key)
        return self.log_v2

    @property
    def shards_v2(self) -> list[LogV2]:
        """The shards of the log of version 2, the present one last."""
        return [*(each.log for each in self.retired), self.log_v2]

    def move(self, urls: InstanceUrls) -> None:
        """Have every party answer elsewhere; the logs are called by their hosts, and keep keys."""
        self.urls = urls
        self.ct_log.url = urls.ct_log
        self.authority.url = urls.authority
        self.timestamp_authority.url = urls.timestamp_authority
        self.log_v1.url = urls.log_v1
        self.log_v2.url = urls.log_v2
        for number, retired in enumerate(self.retired):
            elsewhere = joined(urls.log_v2, f"shard-{number}")
            retired.log.url = retired.url if urls.log_v2 == self._home else elsewhere

    @property
    def trust(self) -> TrustDocument:
        """Everybody here, from before the instance was made, and for good."""
        return TrustDocument(
            logs=(
                self._log(self.log_v1),
                *self._logs_v2(),
            ),
            ct_logs=(self._log(self.ct_log),),
            authorities=(self._chain(self.authority, "sandbox root"),),
            timestamp_authorities=(
                self._chain(self.timestamp_authority, "sandbox timestamp root"),
            ),
        )

    def trusted_root_json(self) -> bytes:
        """Write the `trusted_root.json` of this instance."""
        return self.trust.to_json()

    def signing_config_json(self, *, log_versions: Collection[int] = LOG_VERSIONS) -> bytes:
        """Write the `signing_config.json` of this instance, with its logs of *log_versions*."""
        logs = {1: self.urls.log_v1, 2: self.urls.log_v2}
        return signing_config_json(
            authorities=[self._service(self.urls.authority, 1)],
            issuers=[self._service(self.urls.issuer, 1)],
            logs=[self._service(logs[version], version) for version in sorted(log_versions)],
            timestamp_authorities=[self._service(self.urls.timestamp_authority, 1)],
        )

    def _logs_v2(self) -> Iterator[LogTrust]:
        since = self.window.start
        for retired in self.retired:
            yield replace(self._log(retired.log), window=Window(start=since, end=retired.at))
            since = retired.at.replace(microsecond=0)  # as exact as timestamps are
        yield replace(self._log(self.log_v2), window=Window(start=since))

    def _log(self, log: CtLog | LogV1 | LogV2) -> LogTrust:
        return LogTrust(url=log.url, log_id=log.log_id, key=log.key, window=self.window)

    def _chain(
        self, authority: CertificateAuthority | TimestampAuthority, common_name: str
    ) -> ChainTrust:
        return ChainTrust(
            url=authority.url,
            organization=ORGANIZATION,
            common_name=common_name,
            certificates=authority.chain,
            window=self.window,
        )

    def _service(self, url: str, version: int) -> ServiceUrl:
        return ServiceUrl(url=url, version=version, operator=ORGANIZATION, window=self.window)


def _following(url: str, number: int) -> str:
    """Return where the shard after the one at *url* is, by the number in its name if it has one."""
    counted = _YEARLY.sub(lambda found: f"{found[1]}{int(found[2]) + 1}.", url)
    return counted if counted != url else joined(url, f"shard-{number}")
