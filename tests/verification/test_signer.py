# SPDX-License-Identifier: Apache-2.0
"""What is refused of a certificate: its profile, its authority, and the certificate logs' word."""

from collections.abc import Callable

import pytest

from keyless.errors import Check, ParseError, PolicyError
from keyless.policy import SignedBy
from keyless.protocol.certificate import Certificate
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.sandbox.certificate_authority import (
    CertificateAuthority,
    around,
    root_certificate,
    with_extension,
)
from keyless.sandbox.certificate_writer import (
    KEY_USAGE,
    PURPOSES,
    SAN,
    TIME_STAMPING,
    Extension,
    Template,
    basic_constraints,
    claim,
    key_usage,
    name,
    purposes,
    sans,
)
from keyless.value import replace
from tests.forge import (
    ALICE,
    BY_ALICE,
    GOOGLE,
    P256,
    Forge,
    Signer,
    signing_key,
    trusted,
)
from tests.refusals import refused

BOB = San(kind="e-mail", text="bob@example.com")
Edit = Callable[[Template], Template]


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def elsewhere() -> Forge:
    """Another instance, of the same names and URLs, that nobody here trusts."""
    return Forge()


def saying(extension: Extension) -> Edit:
    """Make a certificate say *extension* in place of its like."""
    return lambda template: with_extension(template, extension)


def silent(oid: str) -> Edit:
    """Make a certificate say nothing of the kind *oid*."""
    return lambda template: replace(
        template, extensions=tuple(each for each in template.extensions if each.oid != oid)
    )


PROFILES: dict[str, tuple[Edit, str]] = {
    "for servers": (saying(purposes("1.3.6.1.5.5.7.3.1")), "is not for code signing"),
    "for timestamps": (saying(purposes(TIME_STAMPING)), "is not for code signing"),
    "for anything": (saying(purposes("2.5.29.37.0")), "is not for code signing"),
    "for nothing stated": (silent(PURPOSES), "is not for code signing"),
    "an authority's": (saying(basic_constraints()), "is an authority's"),
    "not for signatures": (saying(key_usage("cRLSign")), "does not allow its key to sign"),
    "with no key usage": (silent(KEY_USAGE), "does not allow its key to sign"),
    "of nobody": (silent(SAN), "has 0 subject alternative names"),
    "of two": (saying(sans([ALICE, BOB])), "has 2 subject alternative names"),
    "of one twice": (saying(sans([ALICE, ALICE])), "has 2 subject alternative names"),
    "with something critical unknown": (
        saying(Extension(oid="1.2.3.4", content=b"\x05\x00", critical=True)),
        "demands that something unknown be understood",
    ),
}


@pytest.mark.parametrize(("edit", "reason"), PROFILES.values(), ids=PROFILES.keys())
@pytest.mark.parametrize("log", [1, 2])
def test_a_certificate_that_is_not_a_signers(
    forge: Forge, edit: Edit, reason: str, log: int
) -> None:
    """A trusted authority issued it, but not for signing artifacts, or not for one name."""
    bundle = forge.bundle(signer=forge.signer(edit=edit), log=log)
    with refused(Check.PROFILE, reason):
        forge.verify(bundle)


def test_something_unknown_that_is_not_critical_is_passed_over(forge: Forge) -> None:
    """As RFC 5280 has it."""
    edit = saying(Extension(oid="1.2.3.4", content=b"\x05\x00"))
    forge.verify(forge.bundle(signer=forge.signer(edit=edit)))


def test_two_issuers_in_one_certificate(forge: Forge) -> None:
    """The old claim and the new one must not differ: somebody would read the other."""
    with pytest.raises(ParseError, match="names two issuers"):
        forge.signer(edit=saying(claim(1, b"https://login.example.com")))


def test_a_certificate_by_an_authority_that_is_not_trusted(forge: Forge, elsewhere: Forge) -> None:
    """It has the name of the one that is, but not its key."""
    stranger = elsewhere.signer()
    with refused(Check.CHAIN, "says that O=keyless sandbox, CN=sandbox intermediate issued it"):
        forge.verify(forge.bundle(signer=stranger))


def test_a_certificate_by_an_authority_of_another_name(forge: Forge) -> None:
    """Nobody of that name is trusted; the refusal says who is."""
    other = name(organization="another", common_name="authority")
    bundle = forge.bundle(signer=forge.signer(edit=lambda it: replace(it, issuer=other)))
    with refused(Check.CHAIN, "issued by O=another, CN=authority, which is no trusted") as refusal:
        forge.verify(bundle)
    assert refusal.value.wanted == "O=keyless sandbox, CN=sandbox intermediate"


def test_a_certificate_where_no_authority_is_trusted(forge: Forge) -> None:
    """A trusted root without any accepts nobody."""
    root = trusted(replace(forge.core.trust, authorities=()))
    with refused(Check.CHAIN, "which is no trusted authority"):
        forge.verify(forge.bundle(), trusted_root=root)


def test_a_certificate_that_was_altered_after_it_was_signed(forge: Forge) -> None:
    """Its serial number, and nothing else; a log wrote it down like that."""
    signer = forge.signer()
    assert signer.certificate
    der, serial = signer.certificate.der, signer.certificate.serial.to_bytes(20, "big")
    at = der.index(serial) + 19
    altered = Certificate.parse(der[:at] + bytes((der[at] ^ 1,)) + der[at + 1 :])
    bundle = forge.bundle(signer=Signer(key=signer.key, certificate=altered))
    with refused(Check.CHAIN, "says that O=keyless sandbox, CN=sandbox intermediate issued it"):
        forge.verify(bundle)


def test_an_authority_that_may_not_issue_for_code_signing(forge: Forge) -> None:
    """Its root says so; the trusted root lists it all the same."""
    key = signing_key(P256)
    window = around(forge.core.clock)
    root = root_certificate(key, valid=window, common_name="for servers")
    template = Template(
        serial=1,
        issuer=root.subject,
        subject=name(organization="keyless sandbox", common_name="servers alone"),
        not_before=window.start,
        not_after=window.end or window.start,
        key=key.public,
        extensions=(
            key_usage("keyCertSign"),
            purposes("1.3.6.1.5.5.7.3.1"),
            basic_constraints(path_length=0),
        ),
    )
    chain = (Certificate.parse(template.signed_by(key)), root)
    issuer = CertificateAuthority(
        forge.core.clock, url="https://ca", key=key, chain=chain, ct_logs=()
    )
    other = Forge()
    other.core.authority = issuer
    signer = other.signer()
    with refused(Check.CHAIN, "may not issue certificates for code signing"):
        other.verify(other.bundle(signer=signer))


def test_a_certificate_that_no_certificate_log_has_seen(forge: Forge) -> None:
    """It may have been issued in secret."""
    bundle = forge.bundle(signer=forge.signer(scts=[]))
    with refused(Check.SCT, "^0 trusted certificate log") as refusal:
        forge.verify(bundle)
    assert refusal.value.found == "no receipt of a certificate log in the certificate"


def test_a_certificate_that_an_unknown_log_has_seen(forge: Forge, elsewhere: Forge) -> None:
    """Its timestamp may be sound; nobody here can tell."""
    sct = seen_by(elsewhere, template_of(forge), issuer=forge)
    signer = forge.signer(edit=lambda _: template_of(forge), scts=[sct])
    with refused(Check.SCT, "^0 trusted certificate log") as refusal:
        forge.verify(forge.bundle(signer=signer))
    assert refusal.value.found == (
        f"the log with id {elsewhere.core.ct_log.log_id.hex()} is not trusted"
    )


def test_a_log_that_has_seen_another_certificate(forge: Forge) -> None:
    """Of the same key and name, but with another number."""
    sct = seen_by(forge, replace(template_of(forge), serial=7), issuer=forge)
    signer = forge.signer(edit=lambda _: template_of(forge), scts=[sct])
    with refused(Check.SCT, "the certificate timestamp "):
        forge.verify(forge.bundle(signer=signer))


def test_a_log_that_has_seen_the_certificate_of_another_authority(
    forge: Forge, elsewhere: Forge
) -> None:
    """The same words, said by somebody else."""
    sct = seen_by(forge, template_of(forge), issuer=elsewhere)
    signer = forge.signer(edit=lambda _: template_of(forge), scts=[sct])
    with refused(Check.SCT, "the certificate timestamp "):
        forge.verify(forge.bundle(signer=signer))


def test_a_certificate_log_whose_key_was_exchanged_in_the_trusted_root(
    forge: Forge, elsewhere: Forge
) -> None:
    """The id alone is not enough."""
    (log,) = forge.core.trust.ct_logs
    swapped = replace(log, key=elsewhere.core.ct_log.key)
    root = trusted(replace(forge.core.trust, ct_logs=(swapped,)))
    with refused(Check.SCT, "the certificate timestamp "):
        forge.verify(forge.bundle(), trusted_root=root)


def test_one_false_receipt_beside_a_sound_one(forge: Forge) -> None:
    """Whoever puts in the name of a trusted log what it did not say is not believed at all."""
    template = template_of(forge)
    sound = seen_by(forge, template, issuer=forge)
    false = seen_by(forge, replace(template, serial=7), issuer=forge)
    signer = forge.signer(edit=lambda _: template, scts=[sound, false])
    with refused(Check.SCT, "the certificate timestamp "):
        forge.verify(forge.bundle(signer=signer))


def template_of(forge: Forge) -> Template:
    """Return what a certificate of Alice's says, always the same."""
    key = signing_key(P256).public
    return replace(forge.core.authority.template(key, [ALICE], GOOGLE), serial=42)


def seen_by(forge: Forge, template: Template, *, issuer: Forge) -> bytes:
    """Have the certificate log of *forge* see *template*, as if *issuer* were about to sign it."""
    tbs = template.to_tbs(algorithm_named(P256))
    return forge.core.ct_log.append(tbs, issuer=issuer.core.authority.chain[0].key)


@pytest.mark.parametrize(
    "policy",
    [
        SignedBy("bob@example.com", issuer="google"),
        SignedBy("alice@example.com", issuer="microsoft"),
    ],
)
@pytest.mark.parametrize("log", [1, 2])
def test_somebody_else_than_was_asked_for(forge: Forge, policy: SignedBy, log: int) -> None:
    """All of it genuine; the refusal says who did sign."""
    bundle = forge.bundle(log=log)
    with pytest.raises(PolicyError, match=r"signed by alice@example\.com") as refusal:
        forge.verify(bundle, policy=policy)
    assert refusal.value.check is Check.POLICY
    forge.verify(bundle, policy=BY_ALICE)
