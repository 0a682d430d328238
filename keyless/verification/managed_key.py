# SPDX-License-Identifier: Apache-2.0
"""Check 3, without a certificate: the key is one of those that the caller trusts."""

from collections.abc import Sequence

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedEntry, VerifiedSigner
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode
from keyless.protocol.keys import PublicKey
from keyless.safe_text import shown
from keyless.verification.signature import check_signature


def check_key(
    hint: KeyHint,
    keys: Sequence[PublicKey],
    bundle: Bundle,
    entries: Sequence[VerifiedEntry],
    artifact: Digest | bytes,
) -> VerifiedSigner:
    """Find the key of *bundle* among *keys*; its *hint* saves trying them, and proves nothing."""
    hinted = [key for key in keys if b64encode(key.fingerprint.value) == hint.hint]
    candidates = [_signer(key) for key in hinted or keys]
    if len(candidates) == 1:
        return candidates[0]
    for signer in candidates:
        try:
            check_signature(bundle.content, entries, signer, artifact)
        except VerificationError:
            continue
        return signer
    raise VerificationError(
        "the bundle was signed with a key of the signer's own, and carries no certificate",
        check=Check.KEY,
        found=f"a key with the hint {shown(hint.hint) or '(none)'}",
        wanted=f"one of {len(keys)} trusted keys" if keys else "a certificate",
        hint="say which key must have signed, with SignedByKey or --key",
    )


def _signer(key: PublicKey) -> VerifiedSigner:
    return VerifiedSigner(key=key, certificate=None, authority=None, scts=())
