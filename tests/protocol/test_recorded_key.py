# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates as logs were given them, in every form."""

import pytest

from keyless.protocol.encoding import pem_encode
from keyless.protocol.recorded_key import LONGEST_CHAIN, recorded_der, recorded_key
from tests.services.material import certified, core, signer

ALICE = certified(signer())
PEM = pem_encode("CERTIFICATE", ALICE.der)
KEY = signer().public
KEY_PEM = pem_encode("PUBLIC KEY", KEY.spki)


def test_a_certificate_is_read() -> None:
    """With the key in it."""
    found = recorded_key(PEM.encode())
    assert (found.words, found.certificate) == ("a certificate", ALICE)
    assert found.key is not None
    assert found.key.spki == KEY.spki


def test_of_a_chain_the_first_is_the_signers() -> None:
    """As the tools of some wrote it, with other line ends, and with text before it."""
    chain = "".join((PEM, *(pem_encode("CERTIFICATE", it.der) for it in core().authority.chain)))
    found = recorded_key(f"subject: alice\n{chain}".replace("\n", "\r\n").encode())
    assert found.certificate == ALICE
    assert found.chain[1:] == tuple(core().authority.chain)
    assert found.words == f"a certificate, and {len(found.chain) - 1} of those above it"


def test_of_a_chain_no_more_is_read_than_there_can_be() -> None:
    """Each takes time to read."""
    assert len(recorded_key((PEM * 50).encode()).chain) == LONGEST_CHAIN


def test_a_bare_key_is_read() -> None:
    """It has no certificate."""
    found = recorded_key(b"\n" + KEY_PEM.encode())
    assert (found.words, found.certificate, found.chain) == ("a key (ECDSA P-256)", None, ())
    assert found.key is not None
    assert found.key.spki == KEY.spki


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END", "a PGP key, which is not read"),
        (b"untrusted comment: minisign public key\nRWQ", "a minisign key"),
        (b"ssh-ed25519 AAAA alice@example.com", "an SSH key"),
        (b"ecdsa-sha2-nistp256 AAAA", "an SSH key"),
        (b"sk-ssh-ed25519@openssh.com AAAA", "an SSH key"),
        (b"\xff\xfe", "2 bytes of a kind unknown here"),
        (pem_encode("CERTIFICATE", b"junk").encode(), "a certificate that cannot be read: "),
        (pem_encode("PUBLIC KEY", b"junk").encode(), "a key that cannot be read: "),
        (pem_encode("PRIVATE KEY", b"junk").encode(), "119 bytes of a kind|bytes of a kind"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_there(data: bytes, words: str) -> None:
    """And is no key."""
    found = recorded_key(data)
    assert any(part in found.words for part in words.split("|"))
    assert (found.key, found.chain) == (None, ())


@pytest.mark.parametrize("is_certificate", [True, False])
def test_der_is_what_it_is_said_to_be(*, is_certificate: bool) -> None:
    """Version 2 of the log says which it is."""
    der = ALICE.der if is_certificate else KEY.spki
    found = recorded_der(der, is_certificate=is_certificate)
    assert found.key is not None
    assert found.key.spki == KEY.spki
    assert (found.certificate == ALICE) is is_certificate
    unread = recorded_der(b"junk", is_certificate=is_certificate)
    what = "certificate" if is_certificate else "key"
    assert unread.words.startswith(f"a {what} that cannot be read: ")
