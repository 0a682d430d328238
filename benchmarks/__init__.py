# SPDX-License-Identifier: Apache-2.0
"""What keyless costs, next to what it could cost: ratios, each taken in one run.

A machine's milliseconds say little about another's, and a shared machine's not even about its own.
So whatever is compared takes turns (A B C, B C A, …), each round gives one ratio, and the median of
those is what counts. docs/performance.md explains the rows.
"""
