# SPDX-License-Identifier: Apache-2.0
"""What a batch remembers of a certificate, so that a release of a hundred files checks it once."""

from collections.abc import Callable

from keyless.protocol.certificate import Certificate


class CertificateMemory:
    """Facts about certificates that hold whatever they signed and whenever.

    That an authority signed a certificate, and that a log saw it, are the same for every bundle
    under it; whether it was valid at the time of one signature is not, and is never remembered.
    Only what was found true is kept, and only as long as the batch that owns the memory.
    """

    def __init__(self) -> None:
        self._true: set[tuple[object, ...]] = set()
        self._parsed: dict[bytes, Certificate] = {}

    def parse(self, der: bytes) -> Certificate:
        """Read the certificate *der*, unless it was read before."""
        certificate = self._parsed.get(der)
        if certificate is None:
            certificate = self._parsed[der] = Certificate.parse(der)
        return certificate

    def once(self, *fact: object, verify: Callable[[], None]) -> None:
        """Run *verify*, which raises unless *fact* is true, unless it was found true before."""
        if fact not in self._true:
            verify()
            self._true.add(fact)
