# SPDX-License-Identifier: Apache-2.0
"""What the bytes of Sigstore mean and what they prove: no files, no network, no clock."""
