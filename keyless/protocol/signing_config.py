# SPDX-License-Identifier: Apache-2.0
"""Signing configurations: which services to sign with, and with how many of them.

    {"mediaType":       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
     "caUrls":          [{"url": …, "majorApiVersion": 1, "validFor": …, "operator": …}, …],
     "oidcUrls":        […],
     "rekorTlogUrls":   […],  "rekorTlogConfig": {"selector": "ANY"},
     "tsaUrls":         […],  "tsaConfig":       {"selector": "EXACT", "count": 2}}

Nothing here is trusted for verifying: whom a signature may come from, the trusted root says.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from keyless.errors import InputError
from keyless.protocol.json_reader import Json
from keyless.protocol.time_range import parse_window
from keyless.protocol.window import Window, in_words
from keyless.safe_text import shown
from keyless.value import value

MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
LARGEST_SIGNING_CONFIG = 1 << 20
MOST_SERVICES = 256

# What programs of this kind speak: Fulcio's second interface is called 1 here, Rekor has two.
AUTHORITY_VERSIONS = (1,)
ISSUER_VERSIONS = (1,)
LOG_VERSIONS = (1, 2)
TIMESTAMP_VERSIONS = (1,)

_URL = re.compile(r"https?://[!-~]+")


@value
class Service:
    """Where a service answers, in which version of its interface, and in which span of time.

    Services of one *operator* fail together, so one of them is as good as all.
    """

    url: str
    major_version: int
    operator: str
    window: Window | None

    def covers(self, at: datetime) -> bool:
        """Say whether the service is to be used *at* that time."""
        return self.window is None or self.window.covers(at)


@value
class Selector:
    """How many services to use: any one, all, or exactly *count*."""

    kind: Literal["ANY", "ALL", "EXACT"] = "ANY"
    count: int = 1


@value
class SigningServices:
    """The services that one signature goes through; no *authority* issues to who has a key."""

    authority: Service | None
    logs: tuple[Service, ...]
    timestamp_authorities: tuple[Service, ...]


@value
class SigningConfig:
    """The services of one instance, by what they do."""

    authorities: tuple[Service, ...]
    issuers: tuple[Service, ...]
    logs: tuple[Service, ...]
    log_selector: Selector
    timestamp_authorities: tuple[Service, ...]
    timestamp_selector: Selector

    @classmethod
    def parse(cls, data: bytes) -> "SigningConfig":
        """Read `signing_config.json`, version 0.2."""
        json = Json.parse(data, largest=LARGEST_SIGNING_CONFIG)
        media_type = json.text("mediaType")
        if media_type != MEDIA_TYPE:
            raise json.error(
                f"{shown(media_type, longest=120)} is not a signing configuration of version 0.2",
                name="mediaType",
            )
        return cls(
            authorities=_services(json, "caUrls"),
            issuers=_services(json, "oidcUrls"),
            logs=_services(json, "rekorTlogUrls"),
            log_selector=_selector(json, "rekorTlogConfig"),
            timestamp_authorities=_services(json, "tsaUrls"),
            timestamp_selector=_selector(json, "tsaConfig"),
        )

    def services(
        self, *, at: datetime, log_versions: Collection[int] = LOG_VERSIONS
    ) -> SigningServices:
        """Choose what a signature made *at* that time goes through.

        Of a kind of service of which the instance lists none, there is none; where it lists some,
        there must be enough that can be used.
        """
        authorities = self.authorities and choose(
            self.authorities, versions=AUTHORITY_VERSIONS, selector=Selector(), at=at
        )
        logs = self.logs and choose(
            self.logs, versions=log_versions, selector=self.log_selector, at=at
        )
        timestamp_authorities = self.timestamp_authorities and choose(
            self.timestamp_authorities,
            versions=TIMESTAMP_VERSIONS,
            selector=self.timestamp_selector,
            at=at,
        )
        return SigningServices(
            authority=authorities[0] if authorities else None,
            logs=logs,
            timestamp_authorities=timestamp_authorities,
        )

    def issuer(self, *, at: datetime) -> Service:
        """Choose the issuer to sign in to *at* that time."""
        if not self.issuers:
            raise InputError(
                "the signing configuration names no issuer to sign in to",
                hint="name one, or have SIGSTORE_ID_TOKEN hold an identity token",
            )
        return choose(self.issuers, versions=ISSUER_VERSIONS, selector=Selector(), at=at)[0]


def choose(
    services: Sequence[Service],
    *,
    versions: Collection[int],
    selector: Selector,
    at: datetime,
) -> tuple[Service, ...]:
    """Return which of *services* to use *at* that time, by a program that speaks *versions*.

    Of each operator the one with the highest version, and among those the newest; of all
    operators, as many as *selector* asks for, in the same order.
    """
    usable = [each for each in services if each.major_version in versions and each.covers(at)]
    usable.sort(key=_preference, reverse=True)
    of_operator: dict[str, Service] = {}
    for service in usable:
        of_operator.setdefault(service.operator, service)
    chosen = tuple(of_operator.values())
    wanted = selector.count if selector.kind == "EXACT" else 1
    if len(chosen) < wanted:
        raise InputError(
            f"the signing configuration has {len(chosen)} of the {wanted} services wanted that can "
            f"be used at {in_words(at)}",
            hint=f"it lists {_listed(services)}; version {_numbers(versions)} can be used here",
        )
    return chosen if selector.kind == "ALL" else chosen[:wanted]


def _preference(service: Service) -> tuple[int, bool, float]:
    start = service.window and service.window.start
    return service.major_version, start is not None, start.timestamp() if start else 0.0


def _listed(services: Sequence[Service]) -> str:
    return (
        "; ".join(
            f"{shown(each.url)} (version {each.major_version}, {each.window or 'at all times'})"
            for each in services
        )
        or "none"
    )


def _numbers(versions: Collection[int]) -> str:
    return " or ".join(map(str, sorted(versions)))


def _services(json: Json, name: str) -> tuple[Service, ...]:
    return tuple(_service(each) for each in json.objects(name, most=MOST_SERVICES))


def _service(json: Json) -> Service:
    url = json.text("url")
    if not _URL.fullmatch(url):
        raise json.error(f"not the URL of a service: {shown(url, longest=120)}", name="url")
    window = json.optional_object("validFor")
    return Service(
        url=url,
        major_version=json.int64("majorApiVersion"),
        operator=json.optional_text("operator") or "",
        window=None if window is None else parse_window(window),
    )


def _selector(json: Json, name: str) -> Selector:
    config = json.optional_object(name)
    # cosign writes an empty one where there are no such services.
    if config is None or not (config.has("selector") or config.has("count")):
        return Selector()
    kind = config.text("selector")
    match kind:
        case "ANY" | "ALL":
            return Selector(kind=kind)
        case "EXACT":
            return Selector(kind=kind, count=_count(config))
        case _:
            raise config.error(
                f"{shown(kind, longest=80)} is none of ANY, ALL and EXACT", name="selector"
            )


def _count(json: Json) -> int:
    count = json.int64("count")
    if not 1 <= count <= MOST_SERVICES:
        raise json.error(f"{count}, which is not how many services there can be", name="count")
    return count
