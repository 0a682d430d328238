# SPDX-License-Identifier: Apache-2.0
"""The authority that says whose key it is, for ten minutes (Fulcio's part of an instance).

    root  ──►  intermediate  ──►  a signer's certificate, with the certificate logs' word in it

To whom a certificate may be issued, whoever holds this authority decides before asking it.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.keys import Algorithm, PublicKey, algorithm_named
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import Window
from keyless.sandbox.certificate_writer import (
    CODE_SIGNING,
    NO_NAME,
    Extension,
    Template,
    authority_key_id,
    basic_constraints,
    claims_extensions,
    key_usage,
    name,
    purposes,
    sans,
    sct_list,
    subject_key_id,
)
from keyless.sandbox.clock import Clock
from keyless.sandbox.ct_log import CtLog
from keyless.value import replace

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
ORGANIZATION = "keyless sandbox"
LIFE = timedelta(minutes=10)
NO_CLAIMS = Claims()


class CertificateAuthority:
    """Issues signers' certificates; *chain* goes from its own certificate to the root."""

    def __init__(
        self,
        clock: Clock,
        *,
        url: str,
        key: SigningKey,
        chain: Sequence[Certificate],
        ct_logs: Sequence[CtLog],
    ) -> None:
        self.clock = clock
        self.secret = key
        self.url = url
        self.chain = tuple(chain)
        self.ct_logs = tuple(ct_logs)

    @classmethod
    def create(
        cls,
        clock: Clock,
        *,
        url: str,
        ct_logs: Sequence[CtLog] = (),
        algorithm: Algorithm = P256,
        valid: Window | None = None,
    ) -> "CertificateAuthority":
        """Make an authority of its own keys, under a root that signs once and is forgotten."""
        root_key, key = SigningKey.generate(algorithm), SigningKey.generate(algorithm)
        valid = valid or around(clock)
        root = root_certificate(root_key, valid=valid, common_name="sandbox root")
        intermediate = Template(
            serial=new_serial(),
            issuer=root.subject,
            subject=name(organization=ORGANIZATION, common_name="sandbox intermediate"),
            not_before=valid.start,
            not_after=valid.end or valid.start,
            key=key.public,
            extensions=(
                key_usage("keyCertSign", "cRLSign"),
                purposes(CODE_SIGNING),
                basic_constraints(path_length=0),
                subject_key_id(key.public),
                authority_key_id(root.key),
            ),
        )
        chain = (Certificate.parse(intermediate.signed_by(root_key)), root)
        return cls(clock, url=url, key=key, chain=chain, ct_logs=ct_logs)

    def issue(self, key: PublicKey, san: San, claims: Claims = NO_CLAIMS) -> Certificate:
        """Certify that *key* is that of *san*, of whom the issuer of the login said *claims*."""
        return self.sign(self.template(key, (san,), claims))

    def template(self, key: PublicKey, names: Sequence[San], claims: Claims) -> Template:
        """Write down what a signer's certificate says; it begins now, and lives ten minutes."""
        now = self.clock.now.replace(microsecond=0)
        return Template(
            serial=new_serial(),
            issuer=self.chain[0].subject,
            subject=NO_NAME,
            not_before=now,
            not_after=now + LIFE,
            key=key,
            extensions=(
                key_usage("digitalSignature"),
                purposes(CODE_SIGNING),
                subject_key_id(key),
                authority_key_id(self.chain[0].key),
                sans(names),
                *claims_extensions(claims),
            ),
        )

    def sign(self, template: Template, *, scts: Sequence[bytes] | None = None) -> Certificate:
        """Sign *template*, with *scts* in it, or else with what the certificate logs say of it."""
        if scts is None:
            tbs = template.to_tbs(self.secret.algorithm)
            scts = [log.append(tbs, issuer=self.secret.public) for log in self.ct_logs]
        if scts:
            template = with_extension(template, sct_list(scts))
        return Certificate.parse(template.signed_by(self.secret))


def with_extension(template: Template, extension: Extension) -> Template:
    """Return *template* saying *extension*, in place of another of its kind if there is one."""
    others = tuple(each for each in template.extensions if each.oid != extension.oid)
    return replace(template, extensions=(*others, extension))


def root_certificate(key: SigningKey, *, valid: Window, common_name: str) -> Certificate:
    """Make the certificate of a root, which nobody signs but itself."""
    subject = name(organization=ORGANIZATION, common_name=common_name)
    template = Template(
        serial=new_serial(),
        issuer=subject,
        subject=subject,
        not_before=valid.start,
        not_after=valid.end or valid.start,
        key=key.public,
        extensions=(
            key_usage("keyCertSign", "cRLSign"),
            basic_constraints(),
            subject_key_id(key.public),
        ),
    )
    return Certificate.parse(template.signed_by(key))


def around(clock: Clock) -> Window:
    """Return ten years around *clock*'s time, of which one is past: clocks are set back, too."""
    now = clock.now.replace(microsecond=0)
    return Window(start=now - timedelta(days=365), end=now + timedelta(days=3650))


def new_serial() -> int:
    """Return a number that no other certificate has."""
    return 1 << 158 | secrets.randbits(158)
