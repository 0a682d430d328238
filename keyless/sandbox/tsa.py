# SPDX-License-Identifier: Apache-2.0
"""The timestamp authority's wire (RFC 3161, 3.4, and Sigstore's JSON form of the request).

POST <url>              a TimeStampReq, or {"artifactHash": base64, "hashAlgorithm": "sha256"}
GET  <url>/certchain    the chain above its timestamps
"""

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
        self._base, _, self._name = authority.url.rpartition("/")

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        match request.method, path_under(self._base, request):
            case "POST", self._name:
                return self._timestamp(request)
            case "GET", path if path == f"{self._name}/certchain":
                chain = (pem_encode("CERTIFICATE", each.der) for each in self.authority.chain)
                return data_response("".join(chain).encode(), "application/pem-certificate-chain")
            case _:
                return NOT_FOUND

    def _timestamp(self, request: Request) -> Response:
        try:
            query = _query(request)
        except ParseError as error:
            return refused(400, f"Error generating timestamp response: {error.message}")
        return data_response(self.authority.timestamp(query), _REPLY, status=201)


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
