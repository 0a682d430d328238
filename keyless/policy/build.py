# SPDX-License-Identifier: Apache-2.0
"""What is asked of a build that signs: what it built, and which instructions it followed.

The identity in a build's certificate is the file of instructions that ran:

    https://github.com/ ORG/TOOLS /.github/workflows/ release.yml  @ refs/tags/v1
    https://gitlab.com/ GRP/TOOLS //                  .gitlab-ci.yml @ refs/heads/main
    home                project   folder              file           ref

Which repository was built, and from which ref, stands in claims beside it. The two differ when the
file is meant for reuse: any repository may call it, and whatever it then builds is signed under the
file's name. So neither says who signed without the other, and both are always asked for.
"""

from collections.abc import Iterator, Mapping

from keyless.errors import PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy.likeness import explained
from keyless.policy.signed_by import SOMEBODY_ELSE
from keyless.policy.wanted import Wanted, described, matches
from keyless.safe_text import shown
from keyless.value import value

# What is not as wanted, and what might be overlooked of it.
Difference = tuple[str, tuple[str, ...]]

_IN_WORDS = {
    "source_repository_uri": "source repository",
    "source_repository_ref": "source ref",
    "source_repository_digest": "source commit",
    "source_repository_identifier": "source repository's id",
    "source_repository_owner_identifier": "source owner's id",
    "build_trigger": "trigger",
    "deployment_environment": "environment",
}


@value
class Build:
    """What is asked of the builds of one service.

    *home* and *folder* are parts of its identities, as drawn above; *source_homes* are what the
    URIs of its repositories begin with. *older* lists claims that another said in earlier
    certificates, and what that one left out in front. *claims* are asked for by their name.
    """

    what: str
    issuer: str
    home: str
    folder: str
    source_homes: tuple[str, ...]
    older: tuple[tuple[str, str, str], ...]
    repository: Wanted
    file: Wanted | None
    ref: Wanted | None
    signer: Wanted | None
    claims: tuple[tuple[str, Wanted | None], ...]

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* that is another build, or none."""
        differences = tuple(self._differences(signer))
        if differences:
            hints = dict.fromkeys(hint for _, several in differences for hint in several)
            raise PolicyError(
                f"signed by {signer}: {'; '.join(said for said, _ in differences)}",
                found=str(signer),
                wanted=self.description,
                hint="; ".join(hints) or SOMEBODY_ELSE,
            )

    @property
    def description(self) -> str:
        """Which build is wanted, in words; what is left open is said as well."""
        file = f"the {self.what} {described(self.file)}" if self.file else f"any {self.what}"
        parts = [
            f"{file} of {described(self.repository)}",
            f"at {described(self.ref)}" if self.ref else "at any ref",
        ]
        if self.signer:
            parts.append(f"signed by {described(self.signer)}")
        for name, wanted in self.claims:
            if wanted is not None:
                parts.append(f"{_IN_WORDS[name]} {described(wanted)}")
        return f"{', '.join(parts)}, vouched for by {self.issuer}"

    def _differences(self, signer: VerifiedSigner) -> Iterator[Difference]:
        identity, claims = signer.identity, signer.claims
        # What another issuer says of repositories means nothing, so there is nothing to compare.
        if identity is None or claims is None or claims.issuer != self.issuer:
            yield f"no {self.what} for which {self.issuer} vouches", ()
            return
        if identity.kind != "URI" or not identity.text.startswith(self.home):
            yield f"no {self.what} under {self.home}", ()
            return
        said = dict(claims.items())
        yield from self._contradictions(said, identity.text)
        yield from self._source_differences(said, identity.text)
        for name, wanted in (("source_repository_ref", self.ref), *self.claims):
            if wanted is not None:
                yield from _compared(_IN_WORDS[name], said.get(name), wanted)

    def _contradictions(self, said: dict[str, str], identity: str) -> Iterator[Difference]:
        """Let older claims speak where newer ones do not; refuse claims that disagree."""
        for name, older, front in self.older:
            if older in said:
                text = f"{front}{said[older]}"
                if said.setdefault(name, text) != text:
                    both = f"{shown(said[name])} and {shown(text)}"
                    yield f"its certificate names two of the {_IN_WORDS[name]}: {both}", ()
        named = said.get("build_signer_uri", identity)
        if named != identity:
            yield f"its certificate names another signer in its claims: {shown(named)}", ()

    def _source_differences(self, said: Mapping[str, str], identity: str) -> Iterator[Difference]:
        uri = said.get("source_repository_uri", "")
        home = next((home for home in self.source_homes if uri.startswith(home)), None)
        if home is None:
            yield f"its source repository is {shown(uri) or 'not said'}", ()
            return
        repository = uri.removeprefix(home)
        yield from _compared("source repository", repository, self.repository)
        ref = said.get("source_repository_ref", "")
        if self.signer is None:
            yield from self._file_differences(identity, repository, ref)
            return
        yield from _compared("signer", identity.removeprefix(self.home), self.signer)
        if self.file is not None:  # of the repository's own that called the signer
            yield from self._file_differences(said.get("build_config_uri", ""), repository, ref)

    def _file_differences(self, uri: str, repository: str, ref: str) -> Iterator[Difference]:
        """Compare the file in *uri*, which must be the source *repository*'s own, at its *ref*."""
        # Both ends are known from claims, so no "@" or "/" in a name can move the cuts.
        front, end = f"{self.home}{repository}{self.folder}", f"@{ref}"
        file = uri[len(front) : -len(end)]
        if not file or f"{front}{file}{end}" != uri:
            own = f"{shown(repository)}'s own at {shown(ref) or 'its ref, which is not said'}"
            yield f"its {self.what} is {shown(uri) or 'not said'}, not {own}", (_REUSED,)
        elif self.file is not None:
            yield from _compared(f"{self.what}'s file", file, self.file)


_REUSED = "if it is meant to sign for that repository, name it: signer=…"


def _compared(what: str, found: str | None, wanted: Wanted) -> Iterator[Difference]:
    if found is None:
        yield f"its {what} is not said, and {described(wanted)} wanted", ()
    elif not matches(wanted, found):
        said = f"its {what} is {shown(found)}, not {described(wanted)}"
        yield said, explained(what, found, wanted)
