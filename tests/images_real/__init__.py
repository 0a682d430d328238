# SPDX-License-Identifier: Apache-2.0
"""Images on real registries, and moved by programs that are not ours."""
