# SPDX-License-Identifier: Apache-2.0
"""Container images: signed, verified, and carried from one place to another."""
