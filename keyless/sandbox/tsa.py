# SPDX-License-Identifier: Apache-2.0
"""The timestamp authority's wire (RFC 3161, 3.4, and Sigstore's JSON form of the request).

POST <url>              a TimeStampReq, or {"artifactHash": base64, "hashAlgorithm": "sha256"}
GET  <url>/certchain    the chain above its timestamps
"""

from collections.abc import Callable

from keyless.errors import ParseError
from keyless.protocol.digest import Digest, hash_algorithm
from keyless.protocol.encoding import pem_encode
from keyless.protocol.json_reader import Json
from keyless.sandbox.answering import NOT_FOUND, data_response, media_type, path_under, refused
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from keyless.services.http import Request, Response

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class Tsa:
    """The wire of *authority*."""

    def __init__(self, authority: TimestampAuthority) -> None:
        self.authority = authority

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        base, _, name = self.authority.url.rpartition("/")
        path = path_under(base, request)
        if request.method == "POST" and path == name:
            return self.timestamp(request, self.authority.timestamp)
        if request.method == "GET" and path == f"{name}/certchain":
            chain = (pem_encode("CERTIFICATE", each.der) for each in self.authority.chain)
            return data_response("".join(chain).encode(), "application/pem-certificate-chain")
        return NOT_FOUND

    def timestamp(self, request: Request, sign: Callable[[TimestampQuery], bytes]) -> Response:
        """Answer *request* with the timestamp that *sign* makes of it, if it is sound."""
        try:
            query = _query(request)
        except ParseError as error:
            return refused(400, f"Error generating timestamp response: {error.message}")
        return data_response(sign(query), _REPLY)


def _query(request: Request) -> TimestampQuery:
    body = request.body or b""
    match media_type(request):
        case "application/timestamp-query":
            return TimestampQuery.parse(body)
        case "application/json":
            return _json_query(Json.parse(body))
        case _:
            raise ParseError(f"neither {_QUERY} nor JSON")


def _json_query(json: Json) -> TimestampQuery:
    algorithm = json.within("hashAlgorithm", hash_algorithm, json.text("hashAlgorithm"))
    return TimestampQuery(
        imprint=Digest.checked(algorithm, json.base64("artifactHash")),
        nonce=json.int64("nonce") if json.has("nonce") else None,
        wants_certificate=json.value("certificates") is True,
    )
