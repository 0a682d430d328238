# SPDX-License-Identifier: Apache-2.0
"""A whole Sigstore on this machine: real keys, real trees, real proofs, and nobody to trust it.

    sandbox = Sandbox()
    sandbox.sigstore                        to sign with, and to verify by
    sandbox.identity("alice@example.com")   and so be Alice

What a client speaks to is the wire of each party: it takes requests and gives answers, in this
process (`sandbox.transport`) or over a socket:

    oidc         the issuer of identity tokens
    fulcio       the certificate authority, over certificate_authority and ct_log
    tsa          the timestamp authority, over timestamp_authority
    rekor_v1     the log of version 1, over transparency_log
    rekor_v2     and that of version 2
    tuf          the repository that says whom to trust
    registry     a registry of container images

Behind them stand the parties themselves (`instance_core`), on one clock that can be set.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from keyless import files
from keyless.auth import Identity
from keyless.instance import Sigstore, TrustStatus
from keyless.instance.sigstore import Documents, LogVersion
from keyless.protocol.trusted_root import TrustedRoot
from keyless.sandbox.carriage import carried
from keyless.sandbox.clock import Clock
from keyless.sandbox.faults import Fault, Party
from keyless.sandbox.fulcio import Fulcio
from keyless.sandbox.injections import Injection, Injections
from keyless.sandbox.instance_core import DEFAULT_URLS, InstanceCore, InstanceUrls
from keyless.sandbox.oidc import AUDIENCE, CONNECTOR, LIFETIME, Issuer
from keyless.sandbox.registry import Registry
from keyless.sandbox.rekor_v1 import RekorV1
from keyless.sandbox.rekor_v2 import RekorV2
from keyless.sandbox.served import Served, folder_of, urls_on, write_documents
from keyless.sandbox.state import State
from keyless.sandbox.tsa import Tsa
from keyless.sandbox.tuf_repository import TufRepository
from keyless.services.http import (
    PassingError,
    Patience,
    Request,
    Response,
    Transport,
    persistent,
    requests_transport,
)
from keyless.services.trust_snapshot import SIGNING_CONFIG, SIGNING_CONFIG_V2, TRUSTED_ROOT
from keyless.value import value

__all__ = ["Sandbox"]

_NAME = "a sandbox"


@value
class Service:
    """Where a service answers, and what does; *others* are where its earlier shards are."""

    url: str
    party: Party
    others: tuple[str, ...] = ()

    @property
    def origins(self) -> set[tuple[str, ...]]:
        """Every scheme and host it answers at."""
        return {urlsplit(url)[:2] for url in (self.url, *self.others)}


class Sandbox:
    """A whole instance in this process. May be shared between threads.

    Its clock goes with the machine's, or stands at *now*. With a *directory* its keys, and what its
    logs have, outlive this process: until it is closed, no other sandbox has them.
    """

    def __init__(
        self,
        now: datetime | None = None,
        *,
        directory: files.Path | None = None,
        urls: InstanceUrls = DEFAULT_URLS,
    ) -> None:
        self.clock = Clock(now)
        self.core = InstanceCore(self.clock, urls=urls)
        self.issuer = Issuer(self.clock, url=urls.issuer)
        self.fulcio = Fulcio(self.core.authority, self.issuer)
        self.tsa = Tsa(self.core.timestamp_authority)
        self.rekor_v1 = RekorV1(self.core.log_v1)
        self.rekor_v2 = RekorV2(self.core.log_v2)
        self._state = None if directory is None else State(directory)
        if self._state is not None:
            self._state.restore(self.core, self.rekor_v1)
        self.rekor_v2.shards = self.core.shards_v2
        self.tuf = TufRepository(self.clock, dict(self.documents), url=urls.tuf)
        self.registry = Registry(url=urls.registry)
        self.faults = Injections(self.services)
        # Who waits in a sandbox waits by its clock, which does not take any time.
        patience = Patience(sleep=self.wait, now=lambda: self.clock.now)
        self.transport = persistent(self._carry, patience)
        self._connected: tuple[InstanceUrls, Sigstore] | None = None

    @property
    def sigstore(self) -> Sigstore:
        """The instance, as anything that signs or verifies takes one."""
        if self._connected is None or self._connected[0] != self.core.urls:
            self._connected = self.core.urls, self.connect()
        return self._connected[1]

    def connect(self, *, rekor: LogVersion | None = None) -> Sigstore:
        """Return the instance; what is signed goes to its log of version *rekor*.

        Or to that of version 1, as it does in public.
        """
        return self._sigstore(self.transport, rekor)

    def serve(self, directory: files.Path | None = None) -> Served:
        """Answer other programs as well, on this machine's loopback interface, until it is closed.

        What they need to know is written into *directory*, or into a temporary one. Meanwhile the
        instance is called by its addresses there: what was signed before is still to be verified by
        `sigstore` as it was before.
        """
        # Servers take longer to import than a sandbox to start.
        from keyless.sandbox.server import Server  # noqa: PLC0415

        transport = requests_transport()
        with ExitStack() as opened:
            server = Server(tuple(self.services))
            opened.callback(server.close)
            opened.callback(self._move, self.core.urls)
            self._move(urls_on(server.origins))
            folder = opened.enter_context(folder_of(directory))
            write_documents(folder, self.core, tuf_root=self.tuf.first_root)
            parties = {name: service.party for name, service in self.services.items()}
            server.start(parties, self.faults.draw)
            return Served(
                urls=self.core.urls,
                directory=folder,
                connect=lambda rekor: self._sigstore(transport, rekor),
                close=opened.pop_all().close,
            )

    def token(
        self,
        email: str,
        *,
        audience: str = AUDIENCE,
        lifetime: timedelta = LIFETIME,
        connector: str | None = CONNECTOR,
        verified: bool = True,
    ) -> str:
        """Return a token that says that whoever holds it is *email*, as *connector* knows them."""
        return self.issuer.token(
            email, audience=audience, lifetime=lifetime, connector=connector, verified=verified
        )

    def identity(
        self,
        email: str,
        *,
        lifetime: timedelta = LIFETIME,
        connector: str | None = CONNECTOR,
    ) -> Identity:
        """Be *email*, as *connector* knows them, with tokens that live for *lifetime*."""
        return Identity(lambda: self.token(email, lifetime=lifetime, connector=connector))

    def github_identity(
        self, repository: str, *, workflow: str = "release.yml", ref: str = "refs/heads/main"
    ) -> Identity:
        """Be a run of GitHub's *workflow*, a file in *repository*, at *ref*."""
        issuer = self.issuer
        return Identity(lambda: issuer.github_token(repository, workflow=workflow, ref=ref))

    def gitlab_identity(
        self, project: str, *, file: str = ".gitlab-ci.yml", ref: str = "refs/heads/main"
    ) -> Identity:
        """Be a pipeline of GitLab's, out of *file* in *project*, at *ref*."""
        return Identity(lambda: self.issuer.gitlab_token(project, file=file, ref=ref))

    def push_image(
        self, name: str, content: bytes = b"hello", *, platforms: Sequence[str] = ()
    ) -> str:
        """Push an image of one file to the registry as *name*, `me/app:1.0`; return its reference.

        With *platforms*, as in `linux/arm64`, it is an image for each of them.
        """
        # Few need it, and sandboxes start often.
        from keyless.sandbox.sample_image import pushed  # noqa: PLC0415

        where = f"{urlsplit(self.registry.url).netloc}/{name}"
        return pushed(where, content, platforms=platforms, transport=self.transport)

    def close(self) -> None:
        """Let another sandbox have the directory; without one, there is nothing to close."""
        if self._state is not None:
            self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def wait(self, seconds: float) -> None:
        """Let so much time pass in the sandbox, in none of ours: what sleeps there calls this."""
        self.clock.advance(timedelta(seconds=seconds))

    def inject(
        self, service: str, fault: Fault, *, times: int | None = None, after: int = 0
    ) -> Injection:
        """Have *service* fail: *times*, or until it is taken back; *after* so many requests.

        What is injected first comes first. As a context manager, it lasts as long as its block.
        """
        return self.faults.add(service, fault, times=times, after=after)

    def rotate(self) -> None:
        """Freeze the log of version 2, go on in its next shard, and have everybody trust that.

        Whoever is connected already knows nothing of it until they connect again.
        """
        log = self.core.rotate()
        if self._state is not None:
            self._state.rotated(self.core)
        self.rekor_v2.shards.append(log)
        self.tuf.publish(dict(self.documents))

    @property
    def documents(self) -> Documents:
        """What the instance publishes of itself, by the names that the public one uses."""
        return (
            (TRUSTED_ROOT, self.core.trusted_root_json()),
            (SIGNING_CONFIG, self.core.signing_config_json(log_versions=(1,))),
            (SIGNING_CONFIG_V2, self.core.signing_config_json()),
        )

    @property
    def services(self) -> Mapping[str, Service]:
        """Each service by its name: where it answers, and what does."""
        urls = self.core.urls
        return {
            "oidc": Service(url=urls.issuer, party=self.issuer),
            "fulcio": Service(url=urls.authority, party=self.fulcio),
            "tsa": Service(url=urls.timestamp_authority, party=self.tsa),
            "rekor_v1": Service(url=urls.log_v1, party=self.rekor_v1),
            "rekor_v2": Service(
                url=urls.log_v2,
                party=self.rekor_v2,
                others=tuple(each.log.url for each in self.core.retired),
            ),
            "tuf": Service(url=urls.tuf, party=self.tuf),
            "registry": Service(url=urls.registry, party=self.registry),
        }

    def _sigstore(self, transport: Transport, rekor: LogVersion | None) -> Sigstore:
        documents = self.documents
        return Sigstore(
            _NAME,
            trusted_root=TrustedRoot.parse(dict(documents)[TRUSTED_ROOT], origin=_NAME),
            trust=TrustStatus(instance=_NAME, source="file"),
            transport=transport,
            documents=documents,
            clock=lambda: self.clock.now,
            rekor=rekor,
        )

    def _move(self, urls: InstanceUrls) -> None:
        self.core.move(urls)
        self.issuer.move(urls.issuer)
        self.tuf.url, self.registry.url = urls.tuf, urls.registry
        for shard in self.rekor_v1.shards:
            shard.url = urls.log_v1
        self.tuf.publish(dict(self.documents))

    def _carry(self, request: Request) -> Response:
        asked = urlsplit(request.url)[:2]
        for name, service in self.services.items():
            if asked in service.origins:
                fault = self.faults.draw(name)
                return carried(request, service.party, fault, self.clock)
        raise PassingError(
            f"{request.host} cannot be reached (this sandbox has no such host)",
            service=request.host,
            hint="a sandbox does not reach the network",
        )
