# SPDX-License-Identifier: Apache-2.0
"""Signers that are builds: GitHub's workflows and GitLab's pipelines."""

import re
from abc import abstractmethod

from keyless.errors import InputError
from keyless.evidence import VerifiedSigner
from keyless.policy.base import Policy
from keyless.policy.build import Build
from keyless.policy.issuers import GITHUB_ACTIONS, GITLAB
from keyless.policy.wanted import Glob, Wanted, demand
from keyless.safe_text import shown
from keyless.value import value

_PART = r"[^/@:\s]+"
_FILE_NAME = r"[^/@]+"
_FILE_PATH = r"[^/@][^@]*"
_REF = r"refs/.+"
_GITHUB_REPOSITORY = f"{_PART}/{_PART}"
_GITHUB_SIGNER = rf"{_GITHUB_REPOSITORY}/\.github/workflows/{_FILE_NAME}@.+"
_GITLAB_PROJECT = f"{_PART}(?:/{_PART})+"
_GITLAB_SIGNER = f"{_GITLAB_PROJECT}//{_FILE_PATH}@.+"
_HOST = rf"https://{_PART}(?::[0-9]+)?(?:/{_PART})*"

# What GitHub's certificates said until 2023, and what today's have in front of the same.
_GITHUB_UNTIL_2023 = (
    ("source_repository_uri", "github_workflow_repository", "https://github.com/"),
    ("source_repository_ref", "github_workflow_ref", ""),
    ("source_repository_digest", "github_workflow_sha", ""),
    ("build_trigger", "github_workflow_trigger", ""),
)


class _BuildPolicy(Policy):
    """A policy that asks for a build."""

    @property
    @abstractmethod
    def _build(self) -> Build: ...

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* that is another build, or none."""
        self._build.check(signer)

    @property
    def description(self) -> str:
        """Which build is wanted, in words."""
        return self._build.description


def _written(policy: _BuildPolicy) -> str:
    """Return *policy* as it would be typed: its subject by position, and what else is asked."""
    (_, subject), *rest = policy.__dict__.items()
    asked = [f"{name}={wanted!r}" for name, wanted in rest if wanted is not None]
    return f"{type(policy).__name__}({', '.join((repr(subject), *asked))})"


@value
class GitHubWorkflow(_BuildPolicy):
    """A workflow that GitHub ran for *repository*, as in `org/app`.

    *file* is the repository's workflow that signed, as in `release.yml`, and *ref* what it ran for,
    as in `refs/tags/*`. A workflow kept elsewhere, for others to call, is named by *signer*, as in
    `org/tools/.github/workflows/build.yml@refs/tags/v2`; *file* is then the one that called it.
    None of these names can hold a star, so one that does is read as a `Glob`.

    Names change hands, *repository_id* and *owner_id* never do. Certificates from before 2023 say
    less; what they do not say and is asked for is refused: ids, the environment, and who called
    *signer*.
    """

    repository: Wanted
    file: Wanted | None
    ref: Wanted | None
    signer: Wanted | None
    environment: Wanted | None
    trigger: Wanted | None
    sha: str | None
    repository_id: str | None
    owner_id: str | None

    def __init__(  # noqa: PLR0913 - one for each claim that may be asked for
        self,
        repository: Wanted,
        *,
        file: Wanted | None = None,
        ref: Wanted | None = None,
        signer: Wanted | None = None,
        environment: Wanted | None = None,
        trigger: Wanted | None = None,
        sha: str | None = None,
        repository_id: int | str | None = None,
        owner_id: int | str | None = None,
    ) -> None:
        example = "org/tools/.github/workflows/build.yml@refs/tags/v2"
        self.__dict__.update(
            repository=_name(repository, "repository", _GITHUB_REPOSITORY, "org/app"),
            file=_optional_name(file, "file", _FILE_NAME, "release.yml"),
            ref=_optional_name(ref, "ref", _REF, "refs/heads/main or refs/tags/*"),
            signer=_optional_name(signer, "signer", _GITHUB_SIGNER, example),
            environment=_optional(environment, "environment"),
            trigger=_optional(trigger, "trigger"),
            sha=_commit(sha),
            repository_id=_identifier(repository_id, "repository_id"),
            owner_id=_identifier(owner_id, "owner_id"),
        )

    @property
    def _build(self) -> Build:
        return Build(
            what="GitHub workflow",
            issuer=GITHUB_ACTIONS,
            home="https://github.com/",
            folder="/.github/workflows/",
            source_homes=("https://github.com/",),
            older=_GITHUB_UNTIL_2023,
            repository=self.repository,
            file=self.file,
            ref=self.ref,
            signer=self.signer,
            claims=(
                ("source_repository_digest", self.sha),
                ("build_trigger", self.trigger),
                ("deployment_environment", self.environment),
                ("source_repository_identifier", self.repository_id),
                ("source_repository_owner_identifier", self.owner_id),
            ),
        )

    __repr__ = _written


@value
class GitLabPipeline(_BuildPolicy):
    """A pipeline that GitLab ran for *project*, as in `group/app`.

    *file* is the project's configuration that was followed, as in `.gitlab-ci.yml`, and *ref* what
    it ran for, as in `refs/tags/*`. A configuration kept elsewhere is named by *signer*, as in
    `group/tools//ci/build.yml@refs/heads/main`. None of these names can hold a star, so one that
    does is read as a `Glob`. *host* is the GitLab that ran it, and that vouches for it.

    Names change hands, *project_id* and *namespace_id* never do.
    """

    project: Wanted
    host: str
    file: Wanted | None
    ref: Wanted | None
    signer: Wanted | None
    environment: Wanted | None
    trigger: Wanted | None
    sha: str | None
    project_id: str | None
    namespace_id: str | None

    def __init__(  # noqa: PLR0913 - one for each claim that may be asked for
        self,
        project: Wanted,
        *,
        host: str = GITLAB,
        file: Wanted | None = None,
        ref: Wanted | None = None,
        signer: Wanted | None = None,
        environment: Wanted | None = None,
        trigger: Wanted | None = None,
        sha: str | None = None,
        project_id: int | str | None = None,
        namespace_id: int | str | None = None,
    ) -> None:
        example = "group/tools//ci/build.yml@refs/heads/main"
        self.__dict__.update(
            project=_name(project, "project", _GITLAB_PROJECT, "group/app"),
            host=_exact(host, "host", _HOST, "https://gitlab.example.org"),
            file=_optional_name(file, "file", _FILE_PATH, ".gitlab-ci.yml"),
            ref=_optional_name(ref, "ref", _REF, "refs/heads/main or refs/tags/*"),
            signer=_optional_name(signer, "signer", _GITLAB_SIGNER, example),
            environment=_optional(environment, "environment"),
            trigger=_optional(trigger, "trigger"),
            sha=_commit(sha),
            project_id=_identifier(project_id, "project_id"),
            namespace_id=_identifier(namespace_id, "namespace_id"),
        )

    @property
    def _build(self) -> Build:
        return Build(
            what="GitLab pipeline",
            issuer=self.host,
            home=f"{self.host}/",
            folder="//",
            # The public Fulcio writes gitlab.com in front of every GitLab's projects. Which one it
            # was, the issuer says.
            source_homes=(f"{self.host}/", f"{GITLAB}/"),
            older=(),
            repository=self.project,
            file=self.file,
            ref=self.ref,
            signer=self.signer,
            claims=(
                ("source_repository_digest", self.sha),
                ("build_trigger", self.trigger),
                ("deployment_environment", self.environment),
                ("source_repository_identifier", self.project_id),
                ("source_repository_owner_identifier", self.namespace_id),
            ),
        )

    __repr__ = _written


def _name(wanted: Wanted, name: str, form: str, example: str) -> Wanted:
    """Return *wanted*, with a star in it made a Glob's; refuse text that is not of the *form*."""
    demand(wanted, name)
    if not isinstance(wanted, str):
        return wanted
    text = _exact(wanted, name, form, example)
    return Glob(text) if "*" in text else text


def _optional_name(wanted: Wanted | None, name: str, form: str, example: str) -> Wanted | None:
    return None if wanted is None else _name(wanted, name, form, example)


def _optional(wanted: Wanted | None, name: str) -> Wanted | None:
    if wanted is not None:
        demand(wanted, name)
    return wanted


def _exact(text: object, name: str, form: str, example: str) -> str:
    if not isinstance(text, str) or not re.fullmatch(form, text):
        raise InputError(
            f"the {name} cannot be {shown(text) or 'empty'}", hint=f"it is written as in {example}"
        )
    return text


def _commit(sha: str | None) -> str | None:
    form = "[0-9a-f]{40}|[0-9a-f]{64}"
    return None if sha is None else _exact(sha, "sha", form, f"{'0123456789' * 4}: in full")


def _identifier(number: int | str | None, name: str) -> str | None:
    """Return *number* as certificates write it."""
    text = str(number) if isinstance(number, int) else number
    return None if text is None else _exact(text, name, "[1-9][0-9]*", "132596897: a number")
