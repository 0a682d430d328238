# SPDX-License-Identifier: Apache-2.0
"""Signing in with the real things: other people's keyrings, providers and browsers."""
