# SPDX-License-Identifier: Apache-2.0
"""Tests of what the log says, entry by entry and as a whole."""
