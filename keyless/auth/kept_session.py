# SPDX-License-Identifier: Apache-2.0
"""A session, as it is kept: a key that was made for minutes, and the certificate that it has.

    {"entry": …, "key": base64(PKCS#8), "certificate": base64(DER)}

Where it was kept, anybody who can write there may have put it. So it is believed as far as any
certificate is: whoever uses it verifies that against the trusted root, and that it is of now.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import Json
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.time_range import parse_time
from keyless.protocol.token import TOLERANCE
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.value import value

LARGEST_SESSION = 64 << 10
LARGEST_INDEX = 64 << 10
MOST_SESSIONS = 24
# What is found must outlive the signing for which it is used, delays of the servers included.
SPARE = timedelta(seconds=60)


@value
class SessionPlace:
    """What a session is good for, and so under which name it is kept.

    That is the *authority* that certified its key and the *issuer* that said who somebody is, as
    the *client* and with the *provider* and the identity *expected* that were named to it. Before
    they sign in nobody knows who they are, so who that is cannot be part of it.
    """

    authority: str
    issuer: str
    client: str
    provider: str | None = None
    expected: str | None = None

    @property
    def entry(self) -> str:
        """The name that the session is kept under, which tells nobody anything."""
        parts = [self.authority, self.issuer, self.client, self.provider, self.expected]
        return Digest.of(json.dumps(parts).encode("ascii")).hex


@value
class Session:
    """A *key*, and the *certificate* that says for some minutes whose it is."""

    key: SigningKey
    certificate: Certificate

    @classmethod
    def parse(cls, text: str, *, entry: str) -> "Session":
        """Read the session that was kept under *entry*, and no other."""
        json_object = Json.parse(text.encode("utf-8", "replace"), largest=LARGEST_SESSION)
        if json_object.text("entry") != entry:
            raise json_object.error("the session was kept elsewhere", name="entry")
        key = SigningKey.parse(json_object.base64("key"))
        certificate = Certificate.parse(json_object.base64("certificate"))
        if certificate.key != key.public:
            raise json_object.error("the certificate is for another key", name="certificate")
        return cls(key=key, certificate=certificate)

    def to_text(self, *, entry: str) -> str:
        """Write the session, its key included, to be kept under *entry*."""
        content = {
            "entry": entry,
            "key": b64encode(self.key.to_pkcs8()),
            "certificate": b64encode(self.certificate.der),
        }
        return json.dumps(content)

    def covers(self, now: datetime) -> bool:
        """Say whether it can still be signed with *now*, and for a while."""
        certificate = self.certificate
        return certificate.not_before - TOLERANCE <= now <= certificate.not_after - SPARE


@value
class KeptSession:
    """What is known of a session without using it: whose, vouched for by whom, and *place*."""

    place: SessionPlace
    identity: str
    issuer: str | None
    expires_at: datetime

    @classmethod
    def of(cls, session: Session, place: SessionPlace) -> "KeptSession":
        """Say what is known of *session*, which is kept at *place*."""
        return cls(
            place=place,
            identity=session.certificate.identity.text,
            issuer=session.certificate.claims.issuer,
            expires_at=session.certificate.not_after,
        )

    @property
    def entry(self) -> str:
        """The name that it is kept under."""
        return self.place.entry

    @property
    def authority(self) -> str:
        """Who has certified it."""
        return self.place.authority

    def __str__(self) -> str:
        by = f", vouched for by {shown(self.issuer)}" if self.issuer else ""
        return f"{shown(self.identity)}{by}, until {in_words(self.expires_at)}"


def parse_index(text: str) -> tuple[KeptSession, ...]:
    """Read which sessions are kept."""
    listed = Json.parse(text.encode("utf-8", "replace"), largest=LARGEST_INDEX)
    return tuple(_parse_listed(each) for each in listed.objects("sessions", most=MOST_SESSIONS))


def index_text(sessions: Iterable[KeptSession]) -> str:
    """Write which sessions are kept."""
    return json.dumps({"sessions": [_listed(each) for each in sessions]})


def _listed(session: KeptSession) -> dict[str, str | None]:
    # Under which name it is kept, follows from the place: no list can name anything else.
    return {
        **session.place.__dict__,
        "identity": session.identity,
        "vouched_for_by": session.issuer,
        "expires_at": session.expires_at.isoformat().replace("+00:00", "Z"),
    }


def _parse_listed(json_object: Json) -> KeptSession:
    return KeptSession(
        place=SessionPlace(
            authority=json_object.text("authority"),
            issuer=json_object.text("issuer"),
            client=json_object.text("client"),
            provider=json_object.optional_text("provider"),
            expected=json_object.optional_text("expected"),
        ),
        identity=json_object.text("identity"),
        issuer=json_object.optional_text("vouched_for_by"),
        expires_at=json_object.within("expires_at", parse_time, json_object.text("expires_at")),
    )
