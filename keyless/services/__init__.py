# SPDX-License-Identifier: Apache-2.0
"""Other machines, one file each; `http` is the one door to all of them."""
