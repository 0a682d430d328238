# SPDX-License-Identifier: Apache-2.0
"""A process that signs with a session in the keyring of the system, and says what came of it.

python -m tests.login_real.keyring_user sign CONFIG EXPECTED ARTIFACT | sessions | sign-out | lock

Who it is, a token in SIGSTORE_ID_TOKEN says; without one, nobody can sign in.
"""

import sys

import keyless
from keyless.auth.ambient import environment_token
from keyless.auth.kept_session import SessionPlace
from keyless.auth.session_cache import SessionCache
from keyless.errors import KeylessError


def main(command: str, *arguments: str) -> int:
    """Do what is asked; what is refused is told as the command line does."""
    try:
        COMMANDS[command](*arguments)
    except KeylessError as error:
        sys.stderr.write(f"keyless: error: {error.message}\n")
        return 1
    return 0


def sign(config: str, expected: str, artifact: str) -> None:
    """Sign *artifact* as whoever is *expected*, if anybody is."""
    sigstore = keyless.connect(trust_config=config)
    authority = sigstore.signing_services().authority
    assert authority is not None
    place = SessionPlace(
        authority=authority.url,
        issuer=sigstore.signing_config().issuers[0].url,
        client="sigstore",
        expected=expected or None,
    )
    me = keyless.Identity(environment_token, kept_in=SessionCache(place))
    keyless.sign(artifact, me, sigstore=sigstore).save()
    sys.stdout.write(f"{me.name}\n")


def sessions() -> None:
    """Say which sessions are kept."""
    for session in keyless.sessions():
        sys.stdout.write(f"{session.identity}\n")


def sign_out() -> None:
    """Remove them."""
    sys.stdout.write(f"{keyless.sign_out()}\n")


def lock() -> None:
    """Lock the keyring, as one is that belongs to somebody who has gone away."""
    import secretstorage  # noqa: PLC0415 - it is there where this runs

    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()


COMMANDS = {"sign": sign, "sessions": sessions, "sign-out": sign_out, "lock": lock}

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
