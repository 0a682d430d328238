# SPDX-License-Identifier: Apache-2.0
"""What registries differ in, each within the specification or in wide use."""

from typing import Literal

from keyless.value import value

# How it is when a registry is asked what refers to an image. Beside those that say it, there are
# those that promise to when a manifest is pushed, and have no such interface; those that have it,
# and know of nothing; and those that answer as to anything that they have never heard of.
ReferrersHabit = Literal[
    "listed",
    "unknown",
    "promised",
    "forgotten",
    "page",
    "nothing",
    "invalid",
    "forbidden",
    "not allowed",
    "not acceptable",
    "not implemented",
]


@value
class Habits:
    """The ways of one registry; by default, those of one that does all that clients may hope for.

    *referrers*     `listed`: it says what refers to an image. Else clients keep a list of their own
                    under a tag.
    *page*          how many tags or referrers it says at once, at most.
    *conditions*    whether a manifest is put only if what it replaces is what `If-Match` says.
    *contents*      whether what a manifest names must be there already.
    *tags*          whether a tag may be given to something else; or is taken for a digest if it is
                    spelled like one, so that a list under it is never found.
    *deletion*      `any`; `by digest`, so that a tag alone cannot be deleted; `none`.
    *absent*        how it says that something is not there.
    *parts*         whether a part of a blob may be asked for.
    """

    referrers: ReferrersHabit = "listed"
    page: int | None = None
    conditions: Literal["honoured", "ignored"] = "honoured"
    contents: Literal["demanded", "ignored"] = "demanded"
    tags: Literal["movable", "fixed", "digests"] = "movable"
    deletion: Literal["any", "by digest", "none"] = "any"
    absent: Literal["unknown", "forbidden"] = "unknown"
    parts: Literal["sent", "ignored"] = "sent"


MODERN = Habits()
