# SPDX-License-Identifier: Apache-2.0
"""Sign and verify software without long-lived keys, through Sigstore."""

__all__: list[str] = []
