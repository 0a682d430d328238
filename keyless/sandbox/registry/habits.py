# SPDX-License-Identifier: Apache-2.0
"""What registries differ in, each within the specification or in wide use."""

from typing import Literal

from keyless.value import value


@value
class Habits:
    """The ways of one registry; by default, those of one that does all that clients may hope for.

    *referrers*     `listed`: it says what refers to an image. `unknown`: it has no such interface,
                    and clients keep a list of their own under a tag.
    *page*          how many tags or referrers it says at once, at most.
    *conditions*    whether a manifest is put only if what it replaces is what `If-Match` says.
    *contents*      whether what a manifest names must be there already.
    *tags*          whether a tag may be given to something else.
    *deletion*      `any`; `by digest`, so that a tag alone cannot be deleted; `none`.
    """

    referrers: Literal["listed", "unknown"] = "listed"
    page: int | None = None
    conditions: Literal["honoured", "ignored"] = "honoured"
    contents: Literal["demanded", "ignored"] = "demanded"
    tags: Literal["movable", "fixed"] = "movable"
    deletion: Literal["any", "by digest", "none"] = "any"


MODERN = Habits()
