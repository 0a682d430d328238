# SPDX-License-Identifier: Apache-2.0
"""Builds as signers: the repository, the file that signed, and who vouches, always together."""

import json
import pickle
import re
from base64 import b64decode
from collections.abc import Mapping

import pytest
from cryptography import x509

from keyless.errors import Check, InputError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy import GitHubWorkflow, GitLabPipeline, Glob, Policy
from keyless.protocol.certificate import Certificate
from keyless.value import replace
from tests.policy.signers import GOOGLE, bare_key, person, signer
from tests.shared_data import shared

ACTIONS = "https://token.actions.githubusercontent.com"
SHA = "af785b6d3b0fa0c0aa1305faee7ce6036e8d90c4"
OWN = "https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1"
REUSED = "https://github.com/org/tools/.github/workflows/build.yml@refs/tags/v2"
SIGNER = "org/tools/.github/workflows/build.yml@refs/tags/v2"
WORKFLOW = {
    "issuer": ACTIONS,
    "build_signer_uri": OWN,
    "source_repository_uri": "https://github.com/org/app",
    "source_repository_digest": SHA,
    "source_repository_ref": "refs/tags/v1",
    "source_repository_identifier": "632596897",
    "source_repository_owner_identifier": "131804563",
    "build_config_uri": OWN,
    "build_trigger": "push",
    "deployment_environment": "production",
}
OLD_WORKFLOW = {
    "issuer": ACTIONS,
    "github_workflow_trigger": "push",
    "github_workflow_sha": SHA,
    "github_workflow_repository": "org/app",
    "github_workflow_ref": "refs/tags/v1",
}
PIPELINE = {
    "issuer": "https://gitlab.com",
    "build_signer_uri": "https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/heads/main",
    "source_repository_uri": "https://gitlab.com/group/sub/app",
    "source_repository_ref": "refs/heads/main",
    "source_repository_identifier": "7",
    "source_repository_owner_identifier": "5",
    "build_trigger": "push",
}


def workflow(uri: str = OWN, **claims: str | None) -> VerifiedSigner:
    """Return a workflow that signs as *uri*, with some *claims* as they are not usually."""
    return signer(uri, **{**WORKFLOW, "build_signer_uri": uri, **claims})


def old_workflow(uri: str = OWN, **claims: str | None) -> VerifiedSigner:
    """Return a workflow as a certificate from before 2023 shows it."""
    return signer(uri, **{**OLD_WORKFLOW, **claims})


def pipeline(
    uri: str = "https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/heads/main",
    **claims: str | None,
) -> VerifiedSigner:
    """Return a pipeline that signs as *uri*."""
    return signer(uri, **{**PIPELINE, "build_signer_uri": uri, **claims})


def refusal(policy: Policy, who: VerifiedSigner) -> PolicyError:
    """Return how *policy* refuses *who*."""
    with pytest.raises(PolicyError) as caught:
        policy.check(who)
    assert caught.value.check is Check.POLICY
    return caught.value


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"file": "release.yml"},
        {"file": "*.yml"},
        {"file": re.compile(r"rel.*\.ya?ml")},
        {"ref": "refs/tags/v1"},
        {"ref": "refs/tags/*"},
        {"ref": Glob("refs/**")},
        {"environment": "production"},
        {"trigger": "push"},
        {"trigger": re.compile("push|release")},
        {"sha": SHA},
        {"repository_id": 632596897},
        {"repository_id": "632596897", "owner_id": 131804563},
        {"signer": "org/app/.github/workflows/release.yml@refs/tags/v1"},
    ],
    ids=repr,
)
def test_a_workflow_is_accepted_for_what_it_is(asked: dict[str, str]) -> None:
    """Each thing that may be asked is found in the certificate."""
    GitHubWorkflow("org/app", **asked).check(workflow())


def test_a_real_workflow_is_accepted() -> None:
    """What GitHub and Fulcio write is what is read."""
    bundle = shared("conformance/bundle-verify/happy-path-v0.3/bundle.sigstore.json")
    material = json.loads(bundle.read_bytes())["verificationMaterial"]
    certificate = Certificate.parse(b64decode(material["certificate"]["rawBytes"]))
    GitHubWorkflow(
        "sigstore-conformance/extremely-dangerous-public-oidc-beacon",
        file="extremely-dangerous-oidc-beacon.yml",
        ref="refs/heads/*",
        trigger="workflow_dispatch",
        repository_id=632596897,
        owner_id=131804563,
    ).check(VerifiedSigner(key=certificate.key, certificate=certificate, authority=None, scts=()))


@pytest.mark.parametrize("repository", ["org/*", Glob("*/app"), re.compile("org/(app|lib)")])
def test_a_repository_may_be_one_of_several(repository: str) -> None:
    """A whole organisation can be trusted, if that is spelled out."""
    GitHubWorkflow(repository).check(workflow())


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ({"file": "test.yml"}, "its GitHub workflow's file is release.yml, not test.yml"),
        ({"file": "*.yaml"}, 'file is release.yml, not anything like "*.yaml"'),
        ({"ref": "refs/heads/main"}, "its source ref is refs/tags/v1, not refs/heads/main"),
        ({"environment": "test"}, "its environment is production, not test"),
        ({"trigger": "release"}, "its trigger is push, not release"),
        ({"sha": "0" * 40}, f"its source commit is {SHA}, not {'0' * 40}"),
        ({"repository_id": 1}, "its source repository's id is 632596897, not 1"),
        ({"owner_id": 1}, "its source owner's id is 131804563, not 1"),
        ({"signer": SIGNER}, f"@refs/tags/v1, not {SIGNER}"),
    ],
    ids=repr,
)
def test_a_workflow_is_refused_for_what_it_is_not(asked: dict[str, str], difference: str) -> None:
    """Each thing that was asked and differs is named, with what was found."""
    policy = GitHubWorkflow("org/app", **asked)
    error = refusal(policy, workflow())
    assert error.message.endswith(difference)
    assert error.found == str(workflow())
    assert error.wanted == policy.description


def test_another_repository_with_a_file_of_the_same_name_is_refused() -> None:
    """Anybody can name a workflow release.yml."""
    uri = OWN.replace("org/app", "mallory/app")
    who = workflow(uri, source_repository_uri="https://github.com/mallory/app")
    error = refusal(GitHubWorkflow("org/app", file="release.yml"), who)
    assert error.message.endswith("its source repository is mallory/app, not org/app")


def test_a_repository_that_calls_the_workflow_is_not_the_repository_that_holds_it() -> None:
    """A reused workflow signs under its own name whatever it builds: here, somebody else's code."""
    who = workflow(source_repository_uri="https://github.com/mallory/app")
    error = refusal(GitHubWorkflow("org/app", file="release.yml"), who)
    assert "its source repository is mallory/app, not org/app" in error.message


def test_a_workflow_of_another_repository_signs_only_if_it_is_named() -> None:
    """What the repository calls is not the repository's own."""
    error = refusal(GitHubWorkflow("org/app"), workflow(REUSED))
    assert error.message.endswith(
        f"its GitHub workflow is {REUSED}, not org/app's own at refs/tags/v1"
    )
    assert "signer=" in str(error.hint)


@pytest.mark.parametrize(
    "asked",
    [
        {"signer": SIGNER},
        {"signer": "org/tools/.github/workflows/*@refs/tags/*", "ref": "refs/tags/*"},
        {"signer": SIGNER, "file": "release.yml"},
    ],
    ids=repr,
)
def test_a_named_workflow_of_another_repository_is_accepted(asked: dict[str, str]) -> None:
    """With *signer*, *file* is the repository's own workflow that called it."""
    GitHubWorkflow("org/app", **asked).check(workflow(REUSED))


@pytest.mark.parametrize(
    ("caller", "difference"),
    [
        (OWN.replace("release", "test"), "its GitHub workflow's file is test.yml, not release.yml"),
        (OWN.replace("org/app", "org/other"), "not org/app's own at refs/tags/v1"),
        (OWN.replace("tags/v1", "heads/x"), "not org/app's own at refs/tags/v1"),
        (None, "its GitHub workflow is not said, not org/app's own at refs/tags/v1"),
    ],
    ids=["another file", "another repository", "another ref", "not said"],
)
def test_a_named_workflow_called_from_elsewhere_is_refused(
    caller: str | None, difference: str
) -> None:
    """The right signer, but not called by the file that was asked for."""
    policy = GitHubWorkflow("org/app", signer=SIGNER, file="release.yml")
    error = refusal(policy, workflow(REUSED, build_config_uri=caller))
    assert error.message.endswith(difference)


def test_a_named_workflow_that_builds_other_code_is_refused() -> None:
    """Everybody may call a public workflow; only one repository was asked for."""
    who = workflow(REUSED, source_repository_uri="https://github.com/mallory/app")
    error = refusal(GitHubWorkflow("org/app", signer=SIGNER), who)
    assert error.message.endswith("its source repository is mallory/app, not org/app")


@pytest.mark.parametrize(
    "uri",
    [
        "https://github.com/org/app/.github/workflows/release.yml@refs/heads/evil",
        "https://github.com/org/app/.github/workflows/release.yml",
        "https://github.com/org/app/.github/workflows/@refs/tags/v1",
        "https://github.com/org/app/.github/workflows@refs/tags/v1",
        "https://github.com/org/app/release.yml@refs/tags/v1",
        "https://github.com/org/app.evil/.github/workflows/release.yml@refs/tags/v1",
        "https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1@refs/tags/v2",
    ],
)
def test_an_identity_that_is_not_the_repositorys_own_file_is_refused(uri: str) -> None:
    """Repository, folder, file and the very ref that was built: none may differ or be cut off."""
    error = refusal(GitHubWorkflow("org/app"), workflow(uri))
    assert error.message.endswith("not org/app's own at refs/tags/v1")


def test_a_file_with_a_ref_in_its_name_is_not_taken_for_another() -> None:
    """`release.yml@refs…` as a file's name does not pass for release.yml."""
    uri = "https://github.com/org/app/.github/workflows/release.yml@evil.yml@refs/tags/v1"
    error = refusal(GitHubWorkflow("org/app", file="release.yml"), workflow(uri))
    assert error.message.endswith("file is release.yml@evil.yml, not release.yml")


@pytest.mark.parametrize(
    "who",
    [
        person("alice"),
        bare_key("release"),
        workflow(issuer=GOOGLE),
        workflow(issuer=f"{ACTIONS}/enterprise"),
        workflow(issuer=None),
    ],
    ids=["a person", "a key", "another issuer", "an issuer below", "no issuer"],
)
def test_whom_github_does_not_vouch_for_is_no_workflow(who: VerifiedSigner) -> None:
    """What another issuer says of repositories is not even compared."""
    error = refusal(GitHubWorkflow("org/app"), who)
    assert error.message == f"signed by {who}: no GitHub workflow for which {ACTIONS} vouches"


@pytest.mark.parametrize(
    "name",
    [
        x509.RFC822Name("me@github.com"),
        x509.UniformResourceIdentifier("https://github.example.org/org/app"),
        x509.DNSName("https://github.com/"),
    ],
    ids=["e-mail", "another host", "a machine"],
)
def test_an_identity_that_is_no_uri_of_github_is_no_workflow(name: x509.GeneralName) -> None:
    """The right issuer vouches for something else."""
    error = refusal(GitHubWorkflow("org/app"), signer(name, **WORKFLOW))
    assert error.message.endswith("no GitHub workflow under https://github.com/")


def test_claims_that_name_another_signer_than_the_identity_are_refused() -> None:
    """The two are one in every certificate; one that has two is not to be judged by either."""
    error = refusal(GitHubWorkflow("org/app"), workflow(build_signer_uri=REUSED))
    assert error.message.endswith(f"names another signer in its claims: {REUSED}")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (None, "its source repository is not said"),
        ("https://gitlab.com/org/app", "its source repository is https://gitlab.com/org/app"),
    ],
)
def test_a_source_that_is_not_said_to_be_on_github_is_refused(uri: str | None, said: str) -> None:
    """Not even a pattern that takes everything takes that."""
    error = refusal(GitHubWorkflow(Glob("**")), workflow(source_repository_uri=uri))
    assert error.message.endswith(said)


def test_a_build_of_no_ref_is_refused() -> None:
    """Without the ref that was built, nothing says where the file's name ends."""
    error = refusal(GitHubWorkflow("org/app"), workflow(source_repository_ref=None))
    assert error.message.endswith("not org/app's own at its ref, which is not said")


def test_what_is_asked_and_not_said_is_refused() -> None:
    """A build outside any environment is not in the one asked for."""
    error = refusal(
        GitHubWorkflow("org/app", environment=Glob("**")), workflow(deployment_environment=None)
    )
    assert error.message.endswith('its environment is not said, and anything like "**" wanted')


def test_all_differences_are_said_at_once() -> None:
    """A policy is not corrected one refusal at a time."""
    error = refusal(GitHubWorkflow("Org/app", ref="refs/heads/main", trigger="tag"), workflow())
    assert error.message.count(", not ") == 3
    assert error.hint == (
        "the source repository differs from the one wanted only in upper and lower case"
    )


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"file": "release.yml", "ref": "refs/tags/*"},
        {"sha": SHA, "trigger": "push"},
        {"signer": "org/app/.github/workflows/release.yml@refs/tags/v1"},
    ],
    ids=repr,
)
def test_a_certificate_from_before_2023_is_judged_by_what_it_says(asked: dict[str, str]) -> None:
    """Its fewer claims stand for today's of the same meaning."""
    GitHubWorkflow("org/app", **asked).check(old_workflow())


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ({"environment": "production"}, "its environment is not said, and production wanted"),
        ({"repository_id": 1}, "its source repository's id is not said, and 1 wanted"),
        ({"owner_id": 1}, "its source owner's id is not said, and 1 wanted"),
        ({"ref": "refs/heads/main"}, "its source ref is refs/tags/v1, not refs/heads/main"),
    ],
    ids=repr,
)
def test_a_certificate_from_before_2023_is_refused_what_it_does_not_say(
    asked: dict[str, str], difference: str
) -> None:
    """What was not recorded then cannot be asked now."""
    policy = GitHubWorkflow("org/app", **asked)
    assert refusal(policy, old_workflow()).message.endswith(difference)


def test_a_certificate_from_before_2023_does_not_say_who_called_the_signer() -> None:
    """The caller's file cannot be demanded of it."""
    policy = GitHubWorkflow("org/app", signer=SIGNER, file="release.yml")
    error = refusal(policy, old_workflow(REUSED))
    assert "its GitHub workflow is not said" in error.message


def test_a_certificate_from_before_2023_of_another_repository_is_refused() -> None:
    """The older claim is compared as strictly."""
    who = old_workflow(github_workflow_repository="mallory/app")
    error = refusal(GitHubWorkflow("org/app"), who)
    assert "its source repository is mallory/app, not org/app" in error.message


def test_older_claims_that_contradict_newer_ones_are_refused() -> None:
    """Neither is believed."""
    who = workflow(github_workflow_ref="refs/heads/main")
    error = refusal(GitHubWorkflow("org/app"), who)
    assert error.message.endswith("two of the source ref: refs/tags/v1 and refs/heads/main")


def test_older_claims_that_agree_with_newer_ones_are_no_matter() -> None:
    """Today's certificates hold both."""
    claims: Mapping[str, str] = {**OLD_WORKFLOW, **WORKFLOW}
    GitHubWorkflow("org/app").check(signer(OWN, **claims))


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"repository": "org"}, "repository"),
        ({"repository": "https://github.com/org/app"}, "repository"),
        ({"repository": "org/app/"}, "repository"),
        ({"repository": ""}, "repository"),
        ({"repository": None}, "repository"),
        ({"file": ".github/workflows/release.yml"}, "file"),
        ({"file": "release.yml@refs/heads/main"}, "file"),
        ({"file": ""}, "file"),
        ({"ref": "main"}, "ref"),
        ({"ref": "v*"}, "ref"),
        ({"ref": "**"}, "ref"),
        ({"signer": "org/tools"}, "signer"),
        ({"signer": REUSED}, "signer"),
        ({"signer": "org/tools/.github/workflows/build.yml"}, "signer"),
        ({"environment": ""}, "environment"),
        ({"trigger": 1}, "trigger"),
        ({"sha": "af785b6"}, "sha"),
        ({"sha": SHA.upper()}, "sha"),
        ({"repository_id": "org/app"}, "repository_id"),
        ({"repository_id": -1}, "repository_id"),
        ({"repository_id": True}, "repository_id"),
        ({"owner_id": 1.5}, "owner_id"),
    ],
    ids=repr,
)
def test_a_workflow_that_cannot_exist_is_a_mistake(asked: dict[str, str], named: str) -> None:
    """What no certificate can hold would refuse everyone, and only later."""
    with pytest.raises(InputError, match=f"the {named} "):
        GitHubWorkflow(**{"repository": "org/app", **asked})


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (GitHubWorkflow("org/app"), "any GitHub workflow of org/app, at any ref"),
        (
            GitHubWorkflow("org/*", file="release.yml", ref="refs/tags/*"),
            (
                'the GitHub workflow release.yml of anything like "org/*", '
                'at anything like "refs/tags/*"'
            ),
        ),
        (
            GitHubWorkflow("org/app", signer=SIGNER, owner_id=7),
            f"any GitHub workflow of org/app, at any ref, signed by {SIGNER}, source owner's id 7",
        ),
    ],
    ids=["nothing more", "wide", "more"],
)
def test_a_policy_says_what_it_asks_and_what_it_leaves_open(policy: Policy, words: str) -> None:
    """A result shows by it what was proved."""
    assert policy.description == f"{words}, vouched for by {ACTIONS}"


def test_build_policies_are_written_as_they_are_typed() -> None:
    """What is not asked is left out."""
    policy = GitHubWorkflow("org/app", ref="refs/tags/*", owner_id=7)
    assert repr(policy) == "GitHubWorkflow('org/app', ref=Glob('refs/tags/*'), owner_id='7')"
    assert repr(GitLabPipeline("g/p")) == "GitLabPipeline('g/p', host='https://gitlab.com')"


@pytest.mark.parametrize(
    "policy",
    [GitHubWorkflow("org/app", ref="refs/tags/*"), GitLabPipeline("g/p", sha=SHA)],
    ids=repr,
)
def test_build_policies_are_values(policy: Policy) -> None:
    """They can be compared, hashed, sent to another process, and copied with changes."""
    assert {pickle.loads(pickle.dumps(policy))} == {policy}
    assert replace(policy, file="x.yml") != policy


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"file": ".gitlab-ci.yml"},
        {"ref": "refs/heads/*"},
        {"trigger": "push"},
        {"project_id": 7, "namespace_id": "5"},
        {"signer": "group/sub/app//.gitlab-ci.yml@refs/heads/main"},
    ],
    ids=repr,
)
def test_a_pipeline_is_accepted_for_what_it_is(asked: dict[str, str]) -> None:
    """Each thing that may be asked is found in the certificate."""
    GitLabPipeline("group/sub/app", **asked).check(pipeline())


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ({"file": "ci/release.yml"}, "file is .gitlab-ci.yml, not ci/release.yml"),
        ({"ref": "refs/tags/*"}, 'is refs/heads/main, not anything like "refs/tags/*"'),
        ({"project_id": 8}, "id is 7, not 8"),
        ({"environment": "production"}, "its environment is not said, and production wanted"),
        ({"sha": SHA}, f"its source commit is not said, and {SHA} wanted"),
        ({"host": "https://gitlab.example.org"}, "for which https://gitlab.example.org vouches"),
    ],
    ids=repr,
)
def test_a_pipeline_is_refused_for_what_it_is_not(asked: dict[str, str], difference: str) -> None:
    """Each thing that was asked and differs is named, with what was found."""
    policy = GitLabPipeline("group/sub/app", **asked)
    assert refusal(policy, pipeline()).message.endswith(difference)


def test_a_project_below_is_another_project() -> None:
    """Groups nest; a part of the path is not the path."""
    error = refusal(GitLabPipeline("group/sub"), pipeline())
    assert "its source repository is group/sub/app, not group/sub" in error.message


def test_a_configuration_of_another_project_signs_only_if_it_is_named() -> None:
    """As a workflow for reuse does."""
    uri = "https://gitlab.com/group/tools//ci/build.yml@refs/heads/main"
    policy = GitLabPipeline("group/sub/app", signer="group/tools//ci/*@refs/heads/main")
    policy.check(pipeline(uri))
    assert "signer=" in str(refusal(GitLabPipeline("group/sub/app"), pipeline(uri)).hint)


@pytest.mark.parametrize("home", ["https://gitlab.example.org", "https://gitlab.com"])
def test_a_gitlab_of_ones_own_vouches_for_its_projects(home: str) -> None:
    """Its name is the issuer's; the public Fulcio writes gitlab.com before its projects."""
    who = signer(
        "https://gitlab.example.org/group/app//.gitlab-ci.yml@refs/heads/main",
        issuer="https://gitlab.example.org",
        source_repository_uri=f"{home}/group/app",
        source_repository_ref="refs/heads/main",
    )
    GitLabPipeline("group/app", host="https://gitlab.example.org").check(who)


def test_another_gitlab_does_not_vouch_for_projects_of_gitlab_com() -> None:
    """The group of the same name on somebody's own server is somebody else."""
    who = pipeline(issuer="https://gitlab.example.org")
    error = refusal(GitLabPipeline("group/sub/app"), who)
    assert error.message.endswith("no GitLab pipeline for which https://gitlab.com vouches")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"project": "app"}, "project"),
        ({"project": "https://gitlab.com/group/app"}, "project"),
        ({"host": "gitlab.example.org"}, "host"),
        ({"host": "https://gitlab.example.org/"}, "host"),
        ({"host": "http://gitlab.example.org"}, "host"),
        ({"host": None}, "host"),
        ({"file": "/.gitlab-ci.yml"}, "file"),
        ({"signer": "group/tools/build.yml@refs/heads/main"}, "signer"),
        ({"namespace_id": "group"}, "namespace_id"),
    ],
    ids=repr,
)
def test_a_pipeline_that_cannot_exist_is_a_mistake(asked: dict[str, str], named: str) -> None:
    """What no certificate can hold would refuse everyone, and only later."""
    with pytest.raises(InputError, match=f"the {named} "):
        GitLabPipeline(**{"project": "group/app", **asked})
