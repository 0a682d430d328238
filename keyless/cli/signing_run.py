# SPDX-License-Identifier: Apache-2.0
"""One run of `keyless sign`: what can be seen to fail fails first, then all the rest is signed.

The order is that of regret. What is wrong with a file, or with the place of its bundle, is found
before anybody is asked for anything; who will be named is told before a certificate names them; and
the certificate, which says who, comes before the first entry in a log, which says what.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from keyless import files
from keyless.auth import Identity
from keyless.cli import output
from keyless.cli.artifacts import Artifact, check_listed
from keyless.cli.checksums import write_list
from keyless.cli.places import Place, demand_free, demand_room, places_for
from keyless.cli.publicity import tell_publicity
from keyless.cli.signing_options import SigningOptions
from keyless.cli.signing_outcomes import SigningOutcome, not_kept, say_outcome
from keyless.errors import BatchError, KeylessError
from keyless.instance import Sigstore
from keyless.protocol.digest import Digest
from keyless.safe_text import shown
from keyless.session import Signed, Signer
from keyless.session.signed import Overwrite


class SignOptions(SigningOptions):
    """What `keyless sign` was told."""

    manifest: str | None
    checksums: str | None
    resume: bool


class SigningRun:
    """Signs *artifacts*, and keeps the bundle of each in its place, as *options* say."""

    def __init__(
        self, options: SignOptions, artifacts: Sequence[Artifact], places: Sequence[Place]
    ) -> None:
        self._options = options
        self._artifacts = {artifact.name: artifact for artifact in artifacts}
        self._places = {place.file: place for place in places}
        self._outcomes: dict[str, SigningOutcome] = {}

    def sign(self, identity: Identity, sigstore: Sigstore) -> list[SigningOutcome]:
        """Sign all that can be signed, and return what became of each, in the order it was named.

        Each that is signed is printed as soon as it is, and those before it are.
        """
        ready = [artifact for artifact in self._artifacts.values() if self._is_ready(artifact)]
        if ready:
            demand_room(self._places[artifact.name] for artifact in ready)
            tell_publicity([each.source for each in ready], identity, sigstore=sigstore)
            with Signer(identity, sigstore=sigstore) as signer:
                signer.credential()  # refused once, if it is, and not once for each file
                self._watch(self._signed(signer, ready), len(ready))
                if self._options.checksums is not None:
                    self._sign_list(signer, self._options.checksums)
        order = [*self._artifacts, self._options.checksums]
        return sorted(self._outcomes.values(), key=lambda outcome: order.index(outcome.file))

    def _is_ready(self, artifact: Artifact) -> bool:
        """Notice what is wrong before anybody is asked for anything."""
        try:
            if artifact.problem is not None:
                raise artifact.problem
            if isinstance(artifact.source, str):
                files.demand_readable(artifact.source)
                _check_listed(artifact)
        except KeylessError as error:
            self._outcomes[artifact.name] = SigningOutcome(file=artifact.name, error=error)
            return False
        return True

    def _watch(self, outcomes: Iterable[SigningOutcome], total: int) -> None:
        """Take each of *outcomes*, and show on a terminal how far it has come."""
        progress = output.Progress(total)
        try:
            for outcome in outcomes:
                progress.make_way()
                self._take(outcome)
                progress.advance()
        except KeyboardInterrupt:
            progress.make_way()
            done = sum(outcome.error is None for outcome in self._outcomes.values())
            output.note(
                f"interrupted: {done} of {len(self._artifacts)} are signed, --resume signs the "
                "others; what was under way may be in the log without a bundle"
            )
            raise
        progress.make_way()

    def _take(self, outcome: SigningOutcome) -> None:
        self._outcomes[outcome.file] = outcome
        if outcome.error is None and not self._options.json:
            say_outcome(outcome, alone=len(self._artifacts) == 1 and not self._options.checksums)

    def _signed(self, signer: Signer, ready: Sequence[Artifact]) -> Iterator[SigningOutcome]:
        """Yield what became of each: of those that were signed in order, then of the others."""
        free = []
        for artifact in ready:
            place = self._places[artifact.name]
            try:
                if not self._options.overwrite:
                    demand_free(place, signer.credential().material)
            except KeylessError as error:
                yield SigningOutcome(file=artifact.name, error=error)
            else:
                free.append(place)
        match ready:
            case [Artifact(source=Digest() as digest)]:
                yield from (self._kept(signer.sign(digest), place) for place in free)
            case _:
                yield from self._signed_files(signer, free)

    def _signed_files(self, signer: Signer, places: Collection[Place]) -> Iterator[SigningOutcome]:
        waiting = {place.file: place for place in places}
        bundles = {place.file: place.bundle for place in places}
        if self._options.resume:
            signing = signer.sign_missing(bundles, bundle_of=bundles.__getitem__)
        else:
            signing = signer.sign_each(bundles)
        try:
            for signed in signing:
                yield self._kept(signed, waiting.pop(signed.path or ""))
        except BatchError as error:  # its failures are in the order of the files
            for file, (_, failure) in zip(waiting, error.failures, strict=True):
                yield SigningOutcome(file=file, error=failure)

    def _kept(self, signed: Signed, place: Place) -> SigningOutcome:
        """Write the bundle of what was *signed* to its *place*."""
        try:
            if place.file in self._artifacts:  # it may have changed since it was looked at
                _check_same(self._artifacts[place.file], signed.digest)
            if not signed.reused:
                how: Overwrite = "anything" if self._options.overwrite else "own"
                signed.save(place.bundle, overwrite=how)
        except KeylessError as error:
            return SigningOutcome(file=place.file, signed=signed, error=not_kept(error))
        return SigningOutcome(file=place.file, signed=signed, bundle=place.bundle)

    def _sign_list(self, signer: Signer, path: str) -> None:
        """Write the list of what was signed, if all of it was, and sign it as well."""
        outcomes = [self._outcomes[name] for name in self._artifacts]
        if any(outcome.error is not None for outcome in outcomes):
            output.note(f"{shown(path)} was not written, as not everything was signed")
            return
        write_list(path, {each.file: each.signed.digest for each in outcomes if each.signed})
        (place,) = places_for([path], folder=self._options.output_dir)
        self._watch(self._signed_files(signer, [place]), 1)


def _check_listed(artifact: Artifact) -> None:
    if artifact.listed is not None:
        found = files.digest(artifact.name, algorithm=artifact.listed.algorithm)
        check_listed(artifact, found)


def _check_same(artifact: Artifact, digest: Digest) -> None:
    if artifact.listed is not None and artifact.listed.algorithm is digest.algorithm:
        check_listed(artifact, digest)
