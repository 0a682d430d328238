# SPDX-License-Identifier: Apache-2.0
"""What came of all that was found for an image: enough, or a refusal that says why not."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from keyless.errors import (
    Check,
    KeylessError,
    NoMatchingSignature,
    NoSignatures,
    ParseError,
    PolicyError,
    Rejected,
    ServiceError,
    VerificationError,
)
from keyless.evidence import Verified
from keyless.images.candidates import Candidate, Candidates
from keyless.images.place import Place
from keyless.policy import Policy, Quorum
from keyless.protocol.digest import Digest


class HasProof(Protocol):
    """Something that was found to hold."""

    @property
    def proof(self) -> Verified:
        """The proof of it."""


# How many of what was found are told in one line; an error has all of them.
SHOWN = 20

T = TypeVar("T", bound=HasProof)


class Findings(Generic[T]):
    """What was found for the image *subject* at *place*: accepted, rejected, or something else.

    *what* is looked for, in words, as in `signatures`.
    """

    def __init__(self, place: Place, subject: Digest, *, what: str) -> None:
        self._place = place
        self._subject = subject
        self._what = what
        self.accepted: list[T] = []
        self.rejected: list[Rejected] = []
        self.others: list[Rejected] = []

    def concluded(
        self,
        candidates: Candidates,
        verdict: Callable[[Candidate], T | Rejected],
        policy: Policy | Quorum,
    ) -> tuple[T, ...]:
        """Have *candidates* judged; return what holds, if it is as much as *policy* asks.

        What is something else *verdict* returns as rejected; what does not hold it refuses.
        """
        for candidate in candidates:
            if isinstance(candidate, Rejected):
                self.rejected.append(candidate)
            else:
                self._judge(candidate, verdict)
        if not (self.accepted or self.rejected):
            raise self._nothing(candidates.places)
        if not self.accepted:
            raise self._none_holds(policy)
        if isinstance(policy, Quorum):
            self._demand_quorum(policy)
        return tuple(self.accepted)

    def _judge(self, candidate: Candidate, verdict: Callable[[Candidate], T | Rejected]) -> None:
        try:
            outcome = verdict(candidate)
        except (ParseError, VerificationError) as error:
            # Its traceback would keep every local variable on the way alive.
            error.__context__ = None
            reason = error.with_traceback(None)
            self.rejected.append(Rejected(location=candidate.location, error=reason))
            return
        if isinstance(outcome, Rejected):
            self.others.append(outcome)
        else:
            self.accepted.append(outcome)

    def _nothing(self, places: Sequence[str]) -> NoSignatures:
        if not self.others:
            self._place.demand_there(self._subject)
        others = "; ".join(map(str, self.others[:SHOWN]))
        return NoSignatures(
            f"{self._place.pinned(self._subject)} has no {self._what}",
            check=Check.SIGNATURE,
            found=others or f"nothing in {' or in '.join(places)}",
            wanted=f"{self._what} of the image",
            hint="it may be kept in another repository, or signed under another digest: "
            "of a multi-platform image, the index or one of its parts",
        )

    def _demand_quorum(self, quorum: Quorum) -> None:
        try:
            quorum.match([each.proof.signer for each in self.accepted])
        except PolicyError as error:
            raise self._refusal(error, quorum) from None

    def _none_holds(self, policy: Policy | Quorum) -> NoMatchingSignature | ServiceError:
        errors = [each.error for each in self.rejected]
        failures = [each for each in errors if isinstance(each, ServiceError)]
        if len(failures) == len(errors):
            return failures[0]  # nothing could be fetched: that is no verdict about the image
        genuine = [each for each in errors if isinstance(each, PolicyError)]
        judged = [each for each in errors if not isinstance(each, ServiceError)]
        return self._refusal((genuine or judged)[0], policy)

    def _refusal(self, why: KeylessError, policy: Policy | Quorum) -> NoMatchingSignature:
        image = self._place.pinned(self._subject)
        refusal = NoMatchingSignature(
            f"of the {self._what} of {image}, none is as was asked for: {why.message}",
            check=why.check if isinstance(why, VerificationError) else Check.PARSE,
            found="; ".join(map(str, self.rejected[:SHOWN])) or None,
            wanted=policy.description,
            hint=why.hint,
        )
        refusal.rejected = tuple(self.rejected)
        return refusal
