# SPDX-License-Identifier: Apache-2.0
"""To and from sigstore-python, the reference client in this language, and its verdict beside ours.

    keyless                           sigstore-python
    Bundle               <──────>     sigstore.models.Bundle
    Identity             <──────>     sigstore.oidc.IdentityToken
    trusted_root.json     ──────>     sigstore.models.TrustedRoot
    Policy                ──────>     sigstore.verify.policy, where it has one that asks the same

This room is the only door to sigstore-python, which takes longer to import than most programs run:
nobody imports it but who wants that.
"""

from sigstore.errors import Error
from sigstore.models import Bundle as TheirBundle
from sigstore.oidc import IdentityToken as TheirToken

from keyless.auth import AUDIENCE, Identity
from keyless.errors import InputError, LoginError
from keyless.instance.sigstore import Clock, now
from keyless.interop.second_opinion import SecondOpinion, second_opinion
from keyless.interop.their_trust import trusted_root_to_sigstore
from keyless.protocol.bundle import Bundle
from keyless.safe_text import shown

__all__ = [
    "SecondOpinion",
    "from_sigstore",
    "identity_from_sigstore",
    "identity_to_sigstore",
    "second_opinion",
    "to_sigstore",
    "trusted_root_to_sigstore",
]


def to_sigstore(bundle: Bundle) -> TheirBundle:
    """Return *bundle* as an object of sigstore-python's.

    Raises InputError for one that it cannot hold, such as one signed with a key of the signer's.
    """
    try:
        return TheirBundle.from_json(bundle.to_json())
    except (Error, ValueError) as error:
        raise InputError(
            f"sigstore-python does not take the bundle: {shown(error)}",
            hint="the bundle is none the worse for it: keyless.verify judges it",
        ) from None


def from_sigstore(bundle: TheirBundle) -> Bundle:
    """Return *bundle*, an object of sigstore-python's, as one of ours."""
    return Bundle.parse(bundle.to_json().encode("utf-8"))


def identity_to_sigstore(identity: Identity, *, clock: Clock = now) -> TheirToken:
    """Return a token of *identity* as an object of sigstore-python's, which never asks for another.

    Whoever prints that object prints the token: unlike an `Identity`, it does not hide it.
    """
    text = identity.token(clock=clock).text
    try:
        return TheirToken(text, AUDIENCE)
    except Error as error:
        refusal = LoginError(f"sigstore-python does not take the identity token: {shown(error)}")
    # Raised from here, with nothing left of where it came from: those frames hold the token.
    raise refusal


def identity_from_sigstore(token: TheirToken) -> Identity:
    """Return whom *token*, an object of sigstore-python's, is about, until it expires."""
    return Identity.from_token(str(token))
