# SPDX-License-Identifier: Apache-2.0
"""Uses of the public surface that mypy must accept or refuse: checked, never run."""
