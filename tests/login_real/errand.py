# SPDX-License-Identifier: Apache-2.0
"""What somebody does who has a browser opened before them; `browser` does it."""

import json
import sys
from dataclasses import asdict, dataclass, field

ERRAND = "KEYLESS_TEST_ERRAND"


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What somebody does: who they are and what they choose; *outcome* is the file for the end.

    The *user_code* is typed in where one is asked for. Each of the *pages* that they see becomes a
    picture in *folder*, if there is one, of the name that it has there.
    """

    outcome: str
    profile: str
    who: str = "alice"
    choice: str = "sign in"
    user_code: str = ""
    ipv6: bool = False
    dark: bool = False
    folder: str = ""
    pages: dict[str, str] = field(default_factory=dict)


def errand_environ(errand: Errand) -> dict[str, str]:
    """Return the variables that have a browser go on *errand*."""
    return {
        "BROWSER": f"{sys.executable} -m tests.login_real.browser %s",
        ERRAND: json.dumps(asdict(errand)),
    }
