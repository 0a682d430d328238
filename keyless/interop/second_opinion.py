# SPDX-License-Identifier: Apache-2.0
"""What sigstore-python says of a bundle, beside what we say.

Two programs that read the same specification should not disagree. Where they do, one of them is
wrong, or stricter, or has not got that far yet: keyless.interop.differences says what is known.
"""

import json

import sigstore
from sigstore import dsse
from sigstore.errors import Error
from sigstore.hashes import Hashed
from sigstore.models import Bundle as TheirBundle
from sigstore.verify import Verifier
from sigstore.verify.policy import VerificationPolicy

from keyless.batch import Outcome, verify_many
from keyless.errors import KeylessError, VerificationError
from keyless.instance import Sigstore
from keyless.interop.differences import known_difference
from keyless.interop.their_policy import Anybody, their_policy
from keyless.interop.their_trust import trusted_root_to_sigstore
from keyless.policy import Policy, Requirements
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.statement import IN_TOTO
from keyless.protocol.trusted_root import TrustedRoot
from keyless.report import Row, html, text
from keyless.value import value

THEM = f"sigstore-python {sigstore.__version__}"


@value
class SecondOpinion:
    """Our verdict on a bundle, and sigstore-python's.

    *theirs* is the words in which it refused, None if it accepted. *unasked* is the policy, in
    words, if it has no way to ask it: its verdict is then on all but who signed. *difference* is
    why the two disagree, if they do and the reason is known.
    """

    ours: Outcome
    theirs: str | None
    verifier: str
    unasked: str | None
    difference: str | None

    @property
    def agree(self) -> bool:
        """Whether both accept, or both refuse; for what reason each refuses is not compared."""
        return (self.ours.error is None) == (self.theirs is None)

    def __str__(self) -> str:
        return text(self._title(), self._rows())

    def _repr_html_(self) -> str:
        return html(self._title(), self._rows())

    def _title(self) -> str:
        if not self.agree:
            return "two verifiers disagree"
        return f"two verifiers agree: both {'accept' if self.theirs is None else 'refuse'}"

    def _rows(self) -> list[Row]:
        rows = [
            ("keyless", *_our_words(self.ours)),
            (self.verifier, "accepts" if self.theirs is None else f"refuses: {self.theirs}", ""),
        ]
        if self.unasked is not None:
            rows.append(("not asked", self.unasked, f"{self.verifier} has no such policy"))
        if not self.agree:
            rows.append(("because", self.difference or "nobody has found out why yet", ""))
        return rows


def second_opinion(
    bundle: Bundle | bytes,
    artifact: Digest | bytes,
    *,
    trust: Sigstore | bytes,
    policy: Policy,
    requirements: Requirements = Requirements.PUBLIC,
) -> SecondOpinion:
    """Have *bundle* judged by both, on the same trust: an instance, or a `trusted_root.json`.

    A refusal is an opinion, and raises nothing, whoever refuses. *requirements* are ours alone: the
    other has a fixed set. A bundle's own bytes are judged as they are; a `Bundle` is written first,
    as version 0.3.
    """
    root = trust if isinstance(trust, bytes) else trust.trusted_root_json
    data = bundle if isinstance(bundle, bytes) else bundle.to_json()
    (ours,) = verify_many(
        [(data, artifact)],
        trusted_root=TrustedRoot.parse(root) if isinstance(trust, bytes) else trust.trusted_root,
        policy=policy,
        requirements=requirements,
    )
    asked = their_policy(policy)
    theirs = _their_refusal(data, artifact, root, asked or Anybody())
    unasked = policy.description if asked is None else None
    return SecondOpinion(
        ours=ours,
        theirs=theirs,
        verifier=THEM,
        unasked=unasked,
        difference=known_difference(ours.error, theirs, unasked=unasked),
    )


def _their_refusal(
    bundle: bytes, artifact: Digest | bytes, root: bytes, policy: VerificationPolicy
) -> str | None:
    try:
        verifier = Verifier(trusted_root=trusted_root_to_sigstore(root))
        _verify(verifier, TheirBundle.from_json(bundle), _hashed(artifact), policy)
    except (Error, KeylessError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - more than its own errors escape from it
        return f"{type(error).__name__}: {error}"
    return None


def _verify(
    verifier: Verifier, bundle: TheirBundle, artifact: Hashed, policy: VerificationPolicy
) -> None:
    """Verify as their command does, which alone asks whether a statement is about *artifact*."""
    if "dsseEnvelope" not in json.loads(bundle.to_json()):
        verifier.verify_artifact(artifact, bundle, policy)
        return
    kind, payload = verifier.verify_dsse(bundle, policy)
    if kind != IN_TOTO:
        raise Error(f"expected JSON payload for DSSE, got {kind}")
    statement = dsse.Statement(payload)
    if not statement._matches_digest(artifact):  # noqa: SLF001 - it is what their command calls
        raise Error(f"in-toto statement has no subject for digest {artifact.digest.hex()}")


def _hashed(artifact: Digest | bytes) -> Hashed:
    digest = Digest.of(artifact) if isinstance(artifact, bytes) else artifact
    name = digest.algorithm.protobuf_name
    return Hashed.model_validate({"algorithm": name, "digest": digest.value})


def _our_words(ours: Outcome) -> tuple[str, str]:
    error = ours.error
    if error is None:
        return f"accepts: signed by {ours.verified.signer}" if ours.verified else "accepts", ""
    check = f" ({error.check.value})" if isinstance(error, VerificationError) else ""
    return f"refuses{check}: {error.message}", error.hint or ""
