# SPDX-License-Identifier: Apache-2.0
"""What users write, as type checkers must see it: checked by mypy, never run."""

import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_type

import keyless
from keyless import verification


def one_file() -> None:
    """A file and the bundle beside it, by identity and issuer."""
    proof = keyless.verify("app.whl", identity="alice@example.com", issuer="github")
    assert_type(proof, keyless.Verified)
    assert_type(proof.signed_at, datetime | None)
    assert_type(proof.signer.issuer, str | None)
    keyless.verify(Path("app.whl"), identity=re.compile(r".*@example\.com"), issuer="google")


def somebody_by_policy(bundle: keyless.Bundle, sigstore: keyless.Sigstore) -> None:
    """A policy made of others, over bytes, in an instance of one's own."""
    policy = keyless.GitHubWorkflow("org/app", file="release.yml") | keyless.SignedBy(
        keyless.Glob("*@example.com"), issuer="google"
    )
    keyless.verify(b"hello", bundle, policy=policy, sigstore=sigstore)
    keyless.verify_all(
        [bundle], keyless.Digest.of(b"hello"), quorum=keyless.Quorum(1, policy), sigstore=sigstore
    )


def many(pairs: list[tuple[str, str]]) -> None:
    """Any executor of `concurrent.futures`."""
    policy = keyless.SignedBy("alice@example.com", issuer="github")
    with ProcessPoolExecutor() as executor:
        for outcome in keyless.verify_many(pairs, policy=policy, executor=executor):
            assert_type(outcome.verified, keyless.Verified | None)
            assert_type(outcome.error, keyless.KeylessError | None)


def explicitly(bundle: keyless.Bundle, trusted_root: keyless.TrustedRoot) -> None:
    """The function below the facade, with every input an argument."""
    proof = verification.verify(
        bundle,
        keyless.Digest.parse("sha256:" + "0" * 64),
        trusted_root=trusted_root,
        policy=keyless.SignedByKey("-----BEGIN PUBLIC KEY-----…"),
        requirements=keyless.Requirements(logs=2, inclusion="proof"),
    )
    assert_type(proof.checks, tuple[tuple[keyless.Check, str], ...])


def a_policy_is_never_optional(bundle: keyless.Bundle, trusted_root: keyless.TrustedRoot) -> None:
    """Leaving it out, or half of it, is a type error, and no verifier that accepts anyone."""
    keyless.verify("app.whl")  # type: ignore[call-overload]  # nobody is named
    keyless.verify("app.whl", identity="alice@example.com")  # type: ignore[call-overload]  # issuer
    verification.verify(bundle, b"", trusted_root=trusted_root)  # type: ignore[call-arg]  # policy


def sign_one(me: keyless.Identity, sigstore: keyless.Sigstore) -> None:
    """A file, by whoever the environment says, or by somebody, in an instance of one's own."""
    signed = keyless.sign("dist/app.whl")
    assert_type(signed, keyless.Signed)
    assert_type(signed.bundle, keyless.Bundle)
    assert_type(signed.proof, keyless.Verified)
    assert_type(signed.save(), str)
    keyless.sign(b"hello", me, sigstore=sigstore).save(Path("hello.sigstore.json"))
    keyless.sign(Path("app.whl"), me).save(overwrite="anything")


def attest_to_one(me: keyless.Identity) -> None:
    """A predicate as an object, as bytes, or in a file."""
    keyless.attest("app.whl", me, predicate={"reviewed": True}, type="https://example.com/review")
    keyless.attest(keyless.Digest.of(b"hello"), me, predicate=Path("sbom.json"), type="spdx").save()


def sign_many(me: keyless.Identity) -> None:
    """A release under one certificate, and what it will make public."""
    with keyless.Signer(me) as signer:
        assert_type(signer.disclosure("app.whl"), keyless.Disclosure)
        for signed in signer.sign_each(Path("dist").glob("*.whl")):
            assert_type(signed.path, str | None)
        for signed in signer.sign_missing(["a", Path("b")]):
            assert_type(signed.reused, bool)


def be_somebody(ask: Callable[[], str]) -> keyless.Identity:
    """A token, a file, the environment, or whoever can be asked."""
    me = keyless.Identity.from_token("…") if ask() else keyless.Identity.from_file("/run/token")
    assert_type(me.name, str | None)
    assert_type(keyless.Identity.from_environment(), keyless.Identity)
    return keyless.Identity(ask)


def sign_an_image(me: keyless.Identity, options: keyless.RegistryOptions) -> None:
    """By its digest, or by a tag, which is resolved once."""
    signed = keyless.sign_image("ghcr.io/me/app:1.2", me, annotations={"git": "3e1f"}, tell=print)
    assert_type(signed, keyless.SignedImage)
    assert_type(signed.reference, str)
    assert_type(signed.bundle, keyless.Bundle)
    keyless.sign_image("ghcr.io/me/app:1.2", format="both", recursive=True, options=options)
    keyless.sign_image("ghcr.io/me/app", format="v2")  # type: ignore[arg-type]  # no format
    keyless.attest_image("ghcr.io/me/app", me, predicate=Path("sbom.json"), type="spdx", push=False)


def verify_an_image(team: keyless.Policy) -> None:
    """By both names, by a policy, or by a quorum; never by anybody."""
    proof = keyless.verify_image("ghcr.io/me/app:1.2", identity="me@example.com", issuer="github")
    assert_type(proof, keyless.ImageProof)
    assert_type(proof.pinned, str)
    assert_type(proof.signatures[0].signed_at, datetime | None)
    assert_type(proof.rejected[0].error, keyless.KeylessError)
    quorum = keyless.Quorum(2, team, team)
    keyless.verify_image("oci:app.tar", policy=quorum, platform="linux/arm64")
    keyless.verify_image("ghcr.io/me/app:1.2")  # type: ignore[call-overload]  # nobody is named
    keyless.verify_image("ghcr.io/me/app", issuer="github")  # type: ignore[call-overload]  # half
    for said in keyless.verify_attestations("ghcr.io/me/app", type="spdx", policy=team):
        assert_type(said.predicate_type, str)
    keyless.verify_attestations("app", policy=team)  # type: ignore[call-overload]  # of any type


def signing_in(sigstore: keyless.Sigstore) -> None:
    """Who am I, and why nobody is."""
    me = keyless.login("github", expect="alice@example.com", flow="device", timeout=300)
    assert_type(me, keyless.Identity)
    assert_type(me.name, str | None)
    assert_type(me.expires_in, timedelta | None)
    keyless.login(remember="keyring", sigstore=sigstore, reader=input, tell=print)
    keyless.login(flow="oob")  # type: ignore[arg-type]  # there is no such way
    try:
        keyless.login()
    except keyless.LoginError as error:
        assert_type(error.reason, keyless.LoginFailure)
