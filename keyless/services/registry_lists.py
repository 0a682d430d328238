# SPDX-License-Identifier: Apache-2.0
"""Lists of a registry's, page by page, none of them without end.

Link: </v2/APP/tags/list?n=2&last=1.1>; rel="next"
"""

import re
from collections.abc import Collection, Iterator
from urllib.parse import urljoin

from keyless.safe_text import shown
from keyless.services.http import Response
from keyless.services.registry_targets import origin_of
from keyless.services.registry_wire import Question, Wire
from keyless.value import replace

MOST_PAGES = 1000
LONGEST_LINK = 8 << 10
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel\s*=\s*"?next"?', re.IGNORECASE)
_STRANGE = "something else may have answered in its place"


def pages(wire: Wire, question: Question, *, also: Collection[int] = ()) -> Iterator[Response]:
    """Yield the answer to *question*, and those to which it leads: pages of one list.

    The first may have a status in *also*.
    """
    response = wire.ask(question, also=also)
    seen = {question.url}
    yield response
    while link := _NEXT.search(response.header("Link")[:LONGEST_LINK]):
        url = _there(wire, link[1], base=question.url)
        if url in seen or len(seen) == MOST_PAGES:
            raise wire.broken("has a list without end", hint=_STRANGE)
        seen.add(url)
        response = wire.ask(replace(question, url=url))
        yield response


def _there(wire: Wire, pointer: str, *, base: str) -> str:
    """Return where the next page is: at the registry itself, or nowhere."""
    try:
        url = urljoin(base, pointer)
        at_home = origin_of(url) == origin_of(wire.url)
    except ValueError:
        at_home = False
    if not at_home or not pointer.isprintable():
        raise wire.broken(
            f"says that its list goes on at {shown(pointer, longest=120)}", hint=_STRANGE
        )
    return url
