# SPDX-License-Identifier: Apache-2.0
"""The logs, to look things up in: every entry verified before it is shown, or said not to be."""
