# SPDX-License-Identifier: Apache-2.0
"""One line per intention: what `import keyless` offers.

No rule of its own stands here. What is named is resolved (a path to its digest, an instance to its
trust, a login to an identity), and the explicit function of a room below is called. Two files, as
who verifies need not load what signing takes.
"""
