# SPDX-License-Identifier: Apache-2.0
"""To and from sigstore-python, and its verdict beside ours: each disagreement has its reason."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from keyless.errors import InputError, LoginError, ParseError
from keyless.evidence import VerifiedSigner
from keyless.interop import (
    SecondOpinion,
    from_sigstore,
    identity_from_sigstore,
    identity_to_sigstore,
    second_opinion,
    to_sigstore,
    trusted_root_to_sigstore,
)
from keyless.interop.differences import NOT_ASKED, THEY_REFUSE, WE_REFUSE
from keyless.interop.their_policy import their_policy
from keyless.policy import (
    AllOf,
    AnyOf,
    GitHubWorkflow,
    GitLabPipeline,
    Glob,
    Policy,
    Requirements,
    SignedBy,
    SignedByKey,
    UnsafeAnySigner,
)
from keyless.protocol.bundle import Bundle
from keyless.sandbox import Sandbox
from tests.cases import PUBLIC_ROOT, Case, conformance_case, conformance_names, corpus, parametrized
from tests.forge import (
    ARTIFACT,
    BY_ALICE,
    GITHUB,
    GITHUB_CLAIMS,
    GITLAB,
    GITLAB_CLAIMS,
    P256,
    Forge,
    Signer,
    managed,
    signing_key,
)
from tests.scenes import SCENES

VERDICTS = tomllib.loads((Path(__file__).parent / "vectors" / "peers.toml").read_text())
PAGE = Path(__file__).parents[1] / "docs" / "interop.md"
ACCEPTS = "accepts"

# All of the public suite's cases on which the two disagree, and why.
CONFORMANCE = {
    "intoto-with-custom-trust-root": "it does not know this kind of log entry",
    "managed-key-happy-path": "it knows no keys but those in certificates",
}
# This one names its signer by a key that is none: nobody gets as far as judging it.
WITHOUT_POLICY = "managed-key-wrong-key_fail"

BUNDLES = ["a file in log 1", "a file in log 2", "a statement in log 1", "a statement in log 2"]


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all that is sound."""
    return Forge()


def opinion(case: Case) -> SecondOpinion:
    """Have *case* judged by both."""
    root = case.root or PUBLIC_ROOT.read_bytes()
    return second_opinion(case.bundle, case.artifact, trust=root, policy=case.policy)


@cache
def judged(name: str) -> SecondOpinion:
    """Have the scene of that *name* judged by both, once."""
    scene = SCENES[name](Forge())
    return second_opinion(
        scene.bundle, scene.artifact, trust=scene.trusted_root, policy=scene.policy
    )


@parametrized(corpus())
def test_both_accept_a_real_release(case: Case) -> None:
    """Sixty of them, by people and by builds, and nothing to explain."""
    both = opinion(case)
    assert both.agree
    assert both.theirs is None
    assert both.unasked is None


@parametrized([conformance_case(name) for name in conformance_names() if name != WITHOUT_POLICY])
def test_both_judge_a_conformance_case_alike_or_it_is_known_why_not(case: Case) -> None:
    """They disagree in two of them, both times because it has not got that far."""
    both = opinion(case)
    assert both.difference == CONFORMANCE.get(case.name)
    assert both.agree == (case.name not in CONFORMANCE)


def test_each_scene_has_its_verdicts() -> None:
    """The table has a row for each, and no other."""
    assert VERDICTS.keys() == SCENES.keys()


@pytest.mark.parametrize("name", SCENES)
def test_a_forged_bundle_has_the_verdicts_that_the_table_says(name: str) -> None:
    """Ours by its check, the other's by its words."""
    both = judged(name)
    expected = VERDICTS[name]
    assert our_verdict(both) == expected["keyless"]
    assert expected["sigstore-python"] in (both.theirs or ACCEPTS)


@pytest.mark.parametrize("name", SCENES)
def test_a_disagreement_about_a_forged_bundle_is_explained(name: str) -> None:
    """And an agreement is not."""
    both = judged(name)
    assert both.agree == (both.difference is None)


def test_every_known_difference_is_one_that_was_seen() -> None:
    """None is there by hearsay; what requirements and policies bring about is tried below."""
    seen = {judged(name).difference for name in SCENES}
    known = {why for _, why in (*THEY_REFUSE, *WE_REFUSE)}
    assert known - seen == {"it cannot be asked to require more"}


def our_verdict(both: SecondOpinion) -> str:
    """Return which check of ours refuses."""
    error = both.ours.error
    return error.check.value if error else ACCEPTS  # type: ignore[attr-defined]  # a refusal


@pytest.mark.parametrize(
    "requirements", [Requirements(scts=2), Requirements(logs=2), Requirements(times=2)], ids=str
)
def test_what_only_we_can_be_asked_for_is_a_known_difference(
    forge: Forge, requirements: Requirements
) -> None:
    """Its own requirements are fixed."""
    both = second_opinion(
        forge.bundle(),
        ARTIFACT,
        trust=forge.core.trusted_root_json(),
        policy=BY_ALICE,
        requirements=requirements,
    )
    assert both.difference == "it cannot be asked to require more"


def test_whoever_wants_a_proof_is_of_its_opinion(forge: Forge) -> None:
    """It takes no promise in place of one."""
    scene = SCENES["a promise alone"](forge)
    both = second_opinion(
        scene.bundle,
        ARTIFACT,
        trust=scene.trusted_root,
        policy=BY_ALICE,
        requirements=Requirements(inclusion="proof"),
    )
    assert both.agree


def test_a_policy_that_it_cannot_be_asked_is_named(forge: Forge) -> None:
    """Its verdict is then on all but who signed, and says so."""
    policy = SignedBy(Glob("*@example.com"), issuer="google")
    both = second_opinion(
        forge.bundle(), ARTIFACT, trust=forge.core.trusted_root_json(), policy=policy
    )
    assert both.agree
    assert both.unasked == policy.description
    assert 'anything like "*@example.com"' in str(both)


def test_a_refusal_by_a_policy_that_it_was_not_asked_is_explained(forge: Forge) -> None:
    """It accepts whoever signed."""
    policy = SignedBy(Glob("*@example.org"), issuer="google")
    both = second_opinion(
        forge.bundle(), ARTIFACT, trust=forge.core.trusted_root_json(), policy=policy
    )
    assert not both.agree
    assert both.difference == NOT_ASKED


def test_a_disagreement_that_nobody_has_explained_says_so(forge: Forge) -> None:
    """Here our own policy refuses in words that no table has."""
    both = second_opinion(
        forge.bundle(), ARTIFACT, trust=forge.core.trusted_root_json(), policy=BY_ALICE
    )
    odd = SecondOpinion(**{**both.__dict__, "theirs": "the stars are against it"})
    assert "two verifiers disagree" in str(odd)
    assert "nobody has found out why yet" in str(odd)


def test_an_instance_is_trust_as_well_as_its_trusted_root_is() -> None:
    """As `connect` returns it."""
    sandbox = Sandbox()
    forge = Forge()
    forge.core = sandbox.core
    both = second_opinion(forge.bundle(), ARTIFACT, trust=sandbox.sigstore, policy=BY_ALICE)
    assert both.theirs is None
    assert both.ours.verified is not None


def test_what_is_no_trusted_root_is_the_callers_mistake(forge: Forge) -> None:
    """Nobody has refused anything."""
    with pytest.raises(ParseError):
        second_opinion(forge.bundle(), ARTIFACT, trust=b"{}", policy=BY_ALICE)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"mediaType": 3}'])
def test_what_is_no_bundle_is_refused_by_both(forge: Forge, data: bytes) -> None:
    """And raises nothing."""
    both = second_opinion(data, ARTIFACT, trust=forge.core.trusted_root_json(), policy=BY_ALICE)
    assert both.agree
    assert our_verdict(both) == "parse"


def test_an_opinion_is_text_and_html_for_people(forge: Forge) -> None:
    """Both say what each of the two said."""
    both = second_opinion(
        forge.bundle(), b"other", trust=forge.core.trusted_root_json(), policy=BY_ALICE
    )
    for said in (str(both), both._repr_html_()):
        assert "two verifiers agree: both refuse" in said
        assert "refuses (artifact): the bundle is for another artifact" in said
        assert "refuses: Bundle message digest mismatch" in said
        assert re.search(r"sigstore-python \d+\.\d+", said)


def test_an_acceptance_says_who_signed(forge: Forge) -> None:
    """In our words; the other returns none."""
    both = second_opinion(
        forge.bundle(), ARTIFACT, trust=forge.core.trusted_root_json(), policy=BY_ALICE
    )
    assert "accepts: signed by alice@example.com" in str(both)


@parametrized(corpus())
def test_a_real_bundle_goes_there_and_comes_back(case: Case) -> None:
    """Nothing is lost on the way."""
    bundle = Bundle.parse(case.bundle)
    assert from_sigstore(to_sigstore(bundle)).to_json() == bundle.to_json()


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_goes_there_and_comes_back(forge: Forge, name: str) -> None:
    """Of either log, over a file or a statement."""
    bundle = Bundle.parse(SCENES[name](forge).bundle)
    assert from_sigstore(to_sigstore(bundle)) == bundle


def test_a_bundle_that_it_cannot_hold_is_told(forge: Forge) -> None:
    """It knows no keys without certificates."""
    bundle = forge.bundle(signer=managed())
    with pytest.raises(InputError, match="does not take the bundle: expected certificate"):
        to_sigstore(bundle)


def test_a_token_goes_there_and_comes_back() -> None:
    """The same token, of the same person."""
    sandbox = Sandbox()
    identity = sandbox.identity("alice@example.com")
    token = identity_to_sigstore(identity)
    assert token.issuer == identity.token(clock=lambda: datetime.now(UTC)).issuer
    assert str(token) == identity.reveal_token()
    back = identity_from_sigstore(token)
    assert back.name == "alice@example.com"
    assert back.reveal_token() == str(token)


def test_a_token_that_has_expired_is_told_in_our_words() -> None:
    """Its own are that it is malformed."""
    identity = Sandbox().identity("alice@example.com")
    with pytest.raises(LoginError, match="has expired"):
        identity_to_sigstore(identity, clock=lambda: datetime.now(UTC) + timedelta(hours=1))


def test_a_token_that_it_does_not_take_is_told_without_showing_it() -> None:
    """Here it is of a time that only our own clock has reached."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    identity = Sandbox(now=tomorrow).identity("alice@example.com")
    with pytest.raises(LoginError, match="does not take the identity token") as refusal:
        identity_to_sigstore(identity, clock=lambda: tomorrow)
    assert identity.reveal_token() not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_a_trusted_root_that_it_does_not_take_is_told(forge: Forge) -> None:
    """It reads the first version alone."""
    scene = SCENES["a trusted root of version 2"](forge)
    with pytest.raises(InputError, match="does not take the trusted root"):
        trusted_root_to_sigstore(scene.trusted_root)


def test_a_trusted_root_cannot_bring_a_signing_configuration_along(forge: Forge) -> None:
    """It becomes a part of one document; what is not one document becomes none."""
    with pytest.raises(ParseError):
        trusted_root_to_sigstore(b'{}, "signingConfig": {}')
    root = trusted_root_to_sigstore(forge.core.trusted_root_json())
    assert len(root.get_timestamp_authorities()) == 1


WORKFLOW = GitHubWorkflow("org/app", file="release.yml", ref="refs/tags/v1.2")
PIPELINE = GitLabPipeline("group/app", file=".gitlab-ci.yml", ref="refs/heads/main")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "policy",
    [
        BY_ALICE,
        UnsafeAnySigner(),
        AnyOf(BY_ALICE, WORKFLOW),
        AllOf(BY_ALICE, UnsafeAnySigner()),
        WORKFLOW,
        GitHubWorkflow(
            "org/app",
            file="release.yml",
            ref="refs/tags/v1.2",
            trigger="push",
            sha=COMMIT,
            repository_id=632596897,
            owner_id=131804563,
        ),
        PIPELINE,
        GitLabPipeline(
            "group/app",
            file=".gitlab-ci.yml",
            ref="refs/heads/main",
            project_id=42,
            namespace_id=7,
        ),
    ],
    ids=repr,
)
def test_a_policy_in_full_names_asks_the_same_of_both(forge: Forge, policy: Policy) -> None:
    """Each of three signers is accepted by both, or refused by both."""
    asked = their_policy(policy)
    assert asked is not None
    for signer in signers(forge):
        bundle = forge.bundle(signer=signer)
        both = second_opinion(bundle, ARTIFACT, trust=forge.core.trusted_root_json(), policy=policy)
        assert both.unasked is None
        assert both.agree, (policy, both)


@pytest.mark.parametrize(
    "changes",
    [
        {"ref": "refs/tags/v1.3"},
        {"file": "other.yml"},
        {"trigger": "workflow_dispatch"},
        {"sha": COMMIT[::-1]},
        {"repository_id": 1},
        {"owner_id": 1},
    ],
    ids=str,
)
def test_another_build_is_refused_by_both(forge: Forge, changes: dict[str, str]) -> None:
    """Whatever it is in which it differs."""
    wanted = {"file": "release.yml", "ref": "refs/tags/v1.2", **changes}
    policy = GitHubWorkflow("org/app", **wanted)  # type: ignore[arg-type]  # names of fields
    bundle = forge.bundle(signer=forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS))
    both = second_opinion(bundle, ARTIFACT, trust=forge.core.trusted_root_json(), policy=policy)
    assert both.agree
    assert both.theirs is not None
    assert both.unasked is None


TEAM = SignedBy(Glob("*@example.com"), issuer="google")
UNEQUALLED = {
    "pattern": SignedBy(re.compile(r".*@example\.com"), issuer="google"),
    "glob": TEAM,
    "glob of issuers": SignedBy("alice@example.com", issuer=Glob("https://**")),
    "key": SignedByKey(signing_key(P256).public),
    "any of two": AnyOf(BY_ALICE, TEAM),
    "all of two": AllOf(BY_ALICE, TEAM),
    "any workflow": GitHubWorkflow("org/app"),
    "any tag": GitHubWorkflow("org/app", file="release.yml", ref="refs/tags/*"),
    "environment": GitHubWorkflow("org/app", file="a.yml", ref="refs/tags/v1", environment="live"),
    "any pipeline": GitLabPipeline("group/app"),
}


@pytest.mark.parametrize("policy", UNEQUALLED.values(), ids=UNEQUALLED)
def test_a_policy_that_it_has_no_equal_of_is_not_asked_in_part(policy: Policy) -> None:
    """A weaker one would make its verdict look like one on ours."""
    assert their_policy(policy) is None


def test_a_policy_of_ones_own_is_not_asked() -> None:
    """Nobody knows what it asks."""

    class Nobody(Policy):
        def check(self, signer: VerifiedSigner) -> None:
            raise NotImplementedError(signer)

        @property
        def description(self) -> str:
            return "nobody"

    assert their_policy(Nobody()) is None


def signers(forge: Forge) -> list[Signer]:
    """Return a person, a workflow and a pipeline."""
    return [
        forge.signer(),
        forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS),
        forge.signer(names=[GITLAB], claims=GITLAB_CLAIMS),
    ]


@pytest.mark.skipif(not PAGE.exists(), reason="docs/ comes with the checkout alone")
def test_every_difference_is_told_in_the_documentation() -> None:
    """With what was tried, in the words in which the program says it."""
    page = PAGE.read_text()
    ours = {why for _, why in (*THEY_REFUSE, *WE_REFUSE)}
    others = {row["because"] for row in VERDICTS.values() if "because" in row}
    told = set(re.findall(r"\| ([^|]+) \|$", page, re.MULTILINE)) - {"because", "back", ""}
    assert told >= ours | others
    assert {cell for cell in told if cell.startswith(("it ", "its ", "any "))} <= ours | others
