# SPDX-License-Identifier: Apache-2.0
"""Many signatures under one identity."""
