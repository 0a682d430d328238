# SPDX-License-Identifier: Apache-2.0
"""How a registry says no: a status, and a code that clients go by."""

from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.answering import RefusedError, json_response
from keyless.services.http import Response
from keyless.services.http.messages import Headers


class RegistryRefusedError(RefusedError):
    """Raised when the registry refuses, by one of the specification's codes."""

    def __init__(self, status: int, code: str, words: str, *, headers: Headers = ()) -> None:
        super().__init__(status, words)
        self._code = code
        self._headers = headers

    def to_response(self) -> Response:
        """Answer with the refusal."""
        content: JsonValue = {"errors": [{"code": self._code, "message": self.words}]}
        return json_response(content, status=self.status, headers=self._headers)


def unknown(code: str, what: str) -> RegistryRefusedError:
    """Return the refusal of something that is not there."""
    return RegistryRefusedError(404, code, f"there is no {what}")
