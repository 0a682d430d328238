# SPDX-License-Identifier: Apache-2.0
"""Signing in on another device: here nothing but a code is shown, and it is waited (RFC 8628).

It takes no port, no browser and no keyboard of this machine. Whoever can be talked into typing in
somebody else's code signs in for them, so the code is shown with the page, to be compared there.
"""

from typing import assert_never

from keyless.auth.browser import SigningIn
from keyless.auth.contact import Board, Contact, Invitation
from keyless.auth.deadline import Deadline
from keyless.errors import LoginError, LoginFailure
from keyless.services.authorization import Attempt
from keyless.services.device_grant import (
    LONGEST_INTERVAL,
    DeviceCode,
    ask_device,
    start_device,
)
from keyless.services.oidc import OpenIdIssuer, SignedIn, TokenAnswer

# By so much less often it is asked, each time the issuer wants that (RFC 8628, 3.5).
SLOWER = 5


def sign_in_with_device(wanted: SigningIn, *, contact: Contact, deadline: Deadline) -> SignedIn:
    """Have somebody sign in as *wanted* wherever they are; LoginError if nobody does."""
    issuer, attempt = wanted.issuer, Attempt.new()
    device = deadline.within(lambda: start_device(issuer, attempt, connector=wanted.connector))
    board = contact.shown_on()
    board.invite(
        Invitation(
            url=device.page_with_code,
            page=device.page,
            user_code=device.user_code,
            seconds=min(deadline.left, device.seconds),
        )
    )
    answer = _awaited(issuer, device, attempt, (board, deadline))
    signed_in = deadline.within(lambda: issuer.verified(answer, nonce=None))
    wanted.check(signed_in)
    return signed_in


def _awaited(
    issuer: OpenIdIssuer, device: DeviceCode, attempt: Attempt, watch: tuple[Board, Deadline]
) -> TokenAnswer:
    board, deadline = watch
    last = deadline.left - device.seconds
    interval = device.interval
    while True:
        deadline.wait(interval)
        answer = deadline.within(lambda: ask_device(issuer, device, attempt))
        match answer:
            case TokenAnswer():
                return answer
            case "slow down":
                interval = min(interval + SLOWER, LONGEST_INTERVAL)
            case "pending":
                pass
            case _:
                assert_never(answer)
        if deadline.left <= last:
            raise LoginError(
                "nobody typed in the code in time, and it has expired",
                reason=LoginFailure.TIMED_OUT,
                hint="sign in again; there are a few minutes for it",
            )
        board.wait(deadline.left - max(0.0, last))
