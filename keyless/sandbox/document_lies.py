# SPDX-License-Identifier: Apache-2.0
"""Answers that are well formed and wrong, of the two services that keep what others have signed."""

import json
from collections.abc import Callable

from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.answering import path_under
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.registry import Registry
from keyless.sandbox.tuf_metadata import signed_metadata
from keyless.sandbox.tuf_repository import TufRepository
from keyless.services.http import Request, Response
from keyless.value import replace

_P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
_TIMESTAMP = "timestamp.json"

_Files = Callable[[TufRepository, str, Response], Response]
_Images = Callable[[Registry, str, Response], Response]


def _trust_lie(name: str, tell_of: _Files) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        honest = party.handle(request)
        if not isinstance(party, TufRepository) or honest.status != 200:
            return honest
        return tell_of(party, path_under(party.url, request), honest)

    return Lie(name=name, services=("tuf",), tell=tell)


def _image_lie(name: str, tell_of: _Images) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        honest = party.handle(request)
        if not isinstance(party, Registry) or (request.method, honest.status) != ("GET", 200):
            return honest
        return tell_of(party, path_under(party.url, request), honest)

    return Lie(name=name, services=("registry",), tell=tell)


def _older(repository: TufRepository, path: str, honest: Response) -> Response:
    older = repository.file(path, version=1) if path == _TIMESTAMP else None
    return honest if older is None else replace(honest, body=older)


def _altered(_: TufRepository, path: str, honest: Response) -> Response:
    return _with_another_last_byte(honest) if path.startswith("targets/") else honest


def _by_a_stranger(_: TufRepository, path: str, honest: Response) -> Response:
    if path != _TIMESTAMP:
        return honest
    signed = json.loads(honest.body)["signed"]
    return replace(honest, body=signed_metadata(signed, [SigningKey.generate(_P256)]))


def _another_blob(_: Registry, path: str, honest: Response) -> Response:
    return _with_another_last_byte(honest) if "/blobs/" in path else honest


def _another_manifest(_: Registry, path: str, honest: Response) -> Response:
    # JSON that says the same, and has another digest.
    return replace(honest, body=honest.body + b" ") if "/manifests/" in path else honest


def _no_referrers(_: Registry, path: str, honest: Response) -> Response:
    if "/referrers/" not in path:
        return honest
    return replace(honest, body=json.dumps({**json.loads(honest.body), "manifests": []}).encode())


def _others_referrers(registry: Registry, path: str, honest: Response) -> Response:
    before, referrers, _ = path.partition("/referrers/")
    if not referrers:
        return honest
    every = registry.repository(before.removeprefix("v2/")).manifests.values()
    others = [manifest.descriptor() for manifest in every if manifest.subject]
    index = {**json.loads(honest.body), "manifests": others}
    return replace(honest, body=json.dumps(index).encode("utf-8"))


def _with_another_last_byte(honest: Response) -> Response:
    return replace(honest, body=honest.body[:-1] + bytes((honest.body[-1] ^ 1,)))


# What was the latest once is shown as the latest; whoever has seen more can know.
OLDER_TRUST = _trust_lie("an older state of trust", _older)
# Another document than the one that the keyholders have signed.
ALTERED_TRUST = _trust_lie("an altered document of trust", _altered)
# Everything is right, but a key has signed it that no root names.
UNTRUSTED_TRUST = _trust_lie("trust that a stranger has signed", _by_a_stranger)

# Not what has the digest that was asked for.
ANOTHER_BLOB = _image_lie("another blob", _another_blob)
ANOTHER_MANIFEST = _image_lie("another manifest", _another_manifest)
# What is about an image is kept back.
HIDDEN_REFERRERS = _image_lie("no referrers", _no_referrers)
# What is about any image at all is said to be about this one.
OTHERS_REFERRERS = _image_lie("the referrers of others", _others_referrers)

TRUST_LIES = (OLDER_TRUST, ALTERED_TRUST, UNTRUSTED_TRUST)
IMAGE_LIES = (ANOTHER_BLOB, ANOTHER_MANIFEST, HIDDEN_REFERRERS, OTHERS_REFERRERS)
