# SPDX-License-Identifier: Apache-2.0
"""`keyless demo`: everything once, in a Sigstore of its own, in one line each."""

import os
import shlex
from collections.abc import Callable, Sequence
from os.path import join
from time import monotonic

from keyless import files
from keyless.auth import Identity
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.cli.demo_image import DemoImage
from keyless.cli.program import program
from keyless.errors import Check, InputError, VerificationError
from keyless.evidence import Verified
from keyless.policy import GitHubWorkflow, Policy, Requirements, SignedBy
from keyless.protocol.json_reader import JsonValue
from keyless.report import text
from keyless.safe_text import shown
from keyless.sandbox import Sandbox
from keyless.sandbox.oidc import LIFETIME
from keyless.services.rekor_v1 import RekorV1
from keyless.session import Signed, Signer
from keyless.verification import verify
from keyless.verification.log import check_log

DESCRIPTION = """\
Sign in, sign files and a container image, verify them, and see what is refused: in a Sigstore that
runs in this command and is gone when it ends. Nothing leaves this machine. What was made stays in a
folder, to be looked at.
"""
ALICE, MALLORY, ISSUER = "alice@example.com", "mallory@example.com", "github"
REPOSITORY, WORKFLOW = "octo-org/hello", "release.yml"
WORKFLOW_GLOB = f"https://github.com/{REPOSITORY}/**"
BY_ALICE = SignedBy(ALICE, issuer=ISSUER)
BY_CI = GitHubWorkflow(REPOSITORY, file=WORKFLOW)

HELLO, ALTERED, FORGED, RELEASE = "hello.txt", "altered.txt", "forged.txt", "release.txt"
IMAGE = "image.tar"
ROOT, SUFFIX, PROVENANCE = "trusted_root.json", files.BUNDLE_SUFFIXES[0], "slsaprovenance1"
# What stays, and what it is.
LEFT = {
    HELLO: "what Alice signed",
    HELLO + SUFFIX: "her signature, and all that is needed to verify it",
    ALTERED: "the same with one letter changed, which her signature does not cover",
    FORGED: "what Mallory signed and calls Alice's",
    FORGED + SUFFIX: "her signature, genuine, and not Alice's",
    RELEASE: "what the workflow signed",
    RELEASE + SUFFIX: "its signature",
    f"{RELEASE}.{PROVENANCE}{SUFFIX}": "what it says of how the file was made",
    IMAGE: "the container image that it signed, with that signature",
    ROOT: "whom to trust to verify all of this: the sandbox, which is gone",
}
PREDICATE: dict[str, JsonValue] = {
    "buildDefinition": {
        "buildType": "https://example.com/demo/v1",
        "externalParameters": {"workflow": {"repository": REPOSITORY, "path": WORKFLOW}},
        "resolvedDependencies": [],
    },
    "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
}


class Options(Namespace):
    """What `keyless demo` was told."""

    dir: str


def demo(arguments: Sequence[str]) -> int:
    """Run `keyless demo`."""
    parser = Parser("demo", description=DESCRIPTION)
    parser.add_argument(
        "--dir", metavar="FOLDER", default="keyless-demo", help="where it stays; else keyless-demo"
    )
    options = parser.parse_args(arguments, Options())
    folder = _folder(options.dir)
    output.say("a whole Sigstore on this machine; nothing leaves it\n")
    _Demo(folder).run()
    _say_what_is_left(folder)
    return output.DONE


class _Demo:
    """The steps, in order: what each shows, in a line, and what came of it in the next."""

    def __init__(self, folder: str) -> None:
        started = monotonic()
        self._folder = folder
        self._sandbox = Sandbox()
        self._steps = 0
        self._write(ROOT, self._sandbox.sigstore.trusted_root_json)
        self._step(
            "start",
            "an issuer of identities, a certificate authority, a clock, logs, and a registry",
            f"made in {(monotonic() - started) * 1000:.0f} ms, with keys of its own",
        )

    def run(self) -> None:
        """Show everything once."""
        alice = self._sign_in()
        signed = self._sign(alice)
        self._verify(signed)
        self._alter(signed)
        self._forge()
        workflow = self._sign_as_ci()
        self._attest(workflow)
        image = self._sign_image(workflow)
        self._verify_image(image)
        self._move_tag(image)
        self._look_up(signed)

    def _sign_in(self) -> Identity:
        alice = self._sandbox.identity(ALICE)
        alice.token(clock=self._sandbox.sigstore.clock)
        self._step(
            "sign in",
            f"a token says who you are, for {LIFETIME.seconds} seconds; there is no key to keep",
            f"{shown(alice.name)}, vouched for by {shown(alice.issuer)}",
        )
        return alice

    def _sign(self, alice: Identity) -> Signed:
        signed = self._signed(alice, self._write(HELLO, b"Hello from keyless\n"))
        self._step(
            "sign",
            "a key is made, a certificate names you, a log writes it down, and the key is gone",
            f"{shown(signed.bundle_path)}, {signed.proof.entries[0].name}",
        )
        return signed

    def _verify(self, signed: Signed) -> None:
        proof = self._judged(signed, HELLO, BY_ALICE)
        self._step(
            "verify",
            "file and bundle are enough to see who signed, without any network",
            f"verified by {len(proof.checks)} checks: {proof.signer}",
        )

    def _alter(self, signed: Signed) -> None:
        self._write(ALTERED, b"Hello from Keyless\n")
        refusal = self._refusal(lambda: self._judged(signed, ALTERED, BY_ALICE), Check.ARTIFACT)
        self._step("tamper", "one letter of the file is changed", f"refused: {refusal}")

    def _forge(self) -> None:
        path = self._write(FORGED, b"Hello from Alice, honestly\n")
        forged = self._signed(self._sandbox.identity(MALLORY), path)
        refusal = self._refusal(lambda: self._judged(forged, FORGED, BY_ALICE), Check.POLICY)
        self._step(
            "forge",
            "Mallory signs as herself, which anybody can, and says that it is Alice's",
            f"refused: {refusal}",
        )

    def _sign_as_ci(self) -> Identity:
        workflow = self._sandbox.github_identity(REPOSITORY, workflow=WORKFLOW)
        signed = self._signed(workflow, self._write(RELEASE, b"Release 1.0\n"))
        proof = self._judged(signed, RELEASE, BY_CI)
        self._step(
            "sign in CI",
            "a build has an identity as well, and its pipeline keeps no secret",
            f"{RELEASE}: {proof.signer}",
        )
        return workflow

    def _attest(self, workflow: Identity) -> None:
        path = join(self._folder, RELEASE)
        with Signer(workflow, sigstore=self._sandbox.sigstore) as signer:
            attested = signer.attest(path, predicate=PREDICATE, type=PROVENANCE)
        attested.save(overwrite="anything")
        proof = self._judged(attested, RELEASE, BY_CI)
        said = proof.statement.predicate_type if proof.statement is not None else ""
        self._step(
            "attest",
            "and it can say more of a file than that it is the build's: here, how it was made",
            f"{RELEASE}: {shown(said)}",
        )

    def _sign_image(self, workflow: Identity) -> DemoImage:
        image = DemoImage(self._sandbox, REPOSITORY, join(self._folder, IMAGE))
        image.push(b"Hello from an image\n")
        signed = image.sign(workflow)
        image.save()
        self._step(
            "sign image",
            f"the build signs {image.reference}, and its signature lies beside it",
            f"{signed.location}",
        )
        return image

    def _verify_image(self, image: DemoImage) -> None:
        proof = image.verified(BY_CI)
        self._step(
            "deploy",
            "a tag may move, so what was verified is named by its digest, which cannot",
            proof.pinned,
        )

    def _move_tag(self, image: DemoImage) -> None:
        image.push(b"Hello from another image\n")
        refusal = self._refusal(lambda: image.verified(BY_CI), Check.SIGNATURE)
        self._step(
            "move tag",
            "somebody has the tag stand for another image, that nobody signed",
            f"refused: {refusal}",
        )

    def _look_up(self, signed: Signed) -> None:
        index = signed.bundle.entries[0].index
        sigstore = self._sandbox.sigstore
        (log,) = sigstore.signing_services().logs
        found = RekorV1(log.url, sigstore.transport).entry(index)
        (entry,) = check_log([found.entry], sigstore.trusted_root, Requirements.PUBLIC)
        self._step(
            "look up",
            f"the log never forgets: number {index} is what Alice signed, for all to see",
            str(entry),
        )

    def _signed(self, identity: Identity, path: str) -> Signed:
        with Signer(identity, sigstore=self._sandbox.sigstore) as signer:
            signed = signer.sign(path)
        signed.save(overwrite="anything")
        return signed

    def _judged(self, signed: Signed, name: str, policy: Policy) -> Verified:
        """Verify *signed* as whoever has the files would, of what *name* holds."""
        return verify(
            files.read_bundle(signed.bundle_path),
            files.digest(join(self._folder, name)),
            trusted_root=self._sandbox.sigstore.trusted_root,
            policy=policy,
        )

    def _refusal(self, judge: Callable[[], object], check: Check) -> str:
        """Return why *judge* refuses, which it must, by that *check*."""
        try:
            judge()
        except VerificationError as error:
            if error.check is check:
                return error.message
            raise
        raise AssertionError(f"nothing was refused by the {check.value}")

    def _write(self, name: str, data: bytes) -> str:
        path = join(self._folder, name)
        files.write(path, data)
        return path

    def _step(self, name: str, shows: str, came_of_it: str) -> None:
        self._steps += 1
        output.say(f"{self._steps:>2}  {name:<10}  {shows}\n{'':16}{came_of_it}")


def _folder(path: str) -> str:
    """Return the folder at *path*, made if need be; one with anything else in it is left alone."""
    try:
        os.makedirs(path, exist_ok=True)
        others = sorted(set(os.listdir(path)) - LEFT.keys())
    except OSError as error:
        raise InputError(
            f"{shown(path)} cannot be used as a folder: {error.strerror}",
            hint="name another with --dir",
        ) from None
    if others:
        raise InputError(
            f"{shown(path)} holds what is not the demo's: {shown(others[0])}",
            hint="name another folder with --dir",
        )
    return path


def _say_what_is_left(folder: str) -> None:
    output.say("")
    rows = [(name, what, "") for name, what in LEFT.items()]
    output.say(text(f"what stays, in {folder}", rows))
    hello, image, root = (shlex.quote(join(folder, name)) for name in (HELLO, IMAGE, ROOT))
    workflow = f"--identity-glob '{WORKFLOW_GLOB}' --issuer github-actions"
    output.say("\ngo on with")
    for command in (
        f"{program()} verify {hello} --trusted-root {root} --identity {ALICE} --issuer {ISSUER}",
        f"{program()} inspect {hello}{SUFFIX}",
        f"{program()} image verify oci:{image} --trusted-root {root} {workflow}",
        f"{program()} sandbox serve",
    ):
        output.say(f"  {command}")
