# SPDX-License-Identifier: Apache-2.0
"""Sign and verify software without long-lived keys, through Sigstore.

    import keyless

    proof = keyless.verify("app.whl", identity="alice@example.com", issuer="github")
    proof.signer, proof.signed_at, proof.entry, proof.checks

Nothing is loaded until a name is used, and nothing happens at import: no network, no files, no
threads. What these names do is one line each over the rooms below, `keyless.verification`,
`keyless.instance`, `keyless.protocol` and the others; those are documented, and not promised.
"""

from importlib import import_module

_ROOMS = {
    "keyless.auth": ("Identity",),
    "keyless.batch": ("Outcome",),
    "keyless.disclosure": ("Disclosure",),
    "keyless.errors": (
        "BatchError",
        "Check",
        "ImageNotFound",
        "InputError",
        "KeylessError",
        "LoginError",
        "LoginFailure",
        "NoMatchingSignature",
        "NoSignatures",
        "NoSuchEntry",
        "NotPushed",
        "NotSearchable",
        "ParseError",
        "PolicyError",
        "RateLimited",
        "RegistryAuthError",
        "Rejected",
        "ServiceError",
        "SplitView",
        "TrustError",
        "VerificationError",
    ),
    "keyless.evidence": ("Verified",),
    "keyless.explorer": ("Entry", "Log"),
    "keyless.explorer.follow": ("Pace",),
    "keyless.explorer.position": ("Position",),
    "keyless.facade.carrying": (
        "attach_signature",
        "clean_image",
        "copy_image",
        "image_tree",
        "load_image",
        "save_image",
        "triangulate",
    ),
    "keyless.facade.images": ("attest_image", "sign_image", "verify_attestations", "verify_image"),
    "keyless.facade.log": ("log",),
    "keyless.facade.login": ("login",),
    "keyless.facade.sessions": ("KeptSession", "sessions", "sign_out"),
    "keyless.facade.signing": ("Signer", "attest", "sign"),
    "keyless.facade.verifying": ("verify", "verify_all", "verify_many"),
    "keyless.images.cosign_output": ("cosign_json",),
    "keyless.images.proof": ("ImageProof", "ImageStatements"),
    "keyless.images.signed": ("SignedImage",),
    "keyless.instance": ("Sigstore", "connect"),
    "keyless.policy": (
        "AllOf",
        "AnyOf",
        "GitHubWorkflow",
        "GitLabPipeline",
        "Glob",
        "Policy",
        "Quorum",
        "Requirements",
        "SignedBy",
        "SignedByKey",
    ),
    "keyless.policy.witnesses": ("Witness", "Witnesses"),
    "keyless.protocol.bundle": ("Bundle",),
    "keyless.protocol.checkpoint": ("Checkpoint",),
    "keyless.protocol.digest": ("Digest",),
    "keyless.protocol.keys": ("PublicKey",),
    "keyless.protocol.trusted_root": ("TrustedRoot",),
    "keyless.sandbox": ("Sandbox",),
    "keyless.services.registry_options": ("RegistryOptions",),
    "keyless.session": ("Signed",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_ROOM_OF)  # noqa: PLE0605 - a list of names all the same; the stub spells them out


def __getattr__(name: str) -> object:
    """Load the room of *name*; for names that are not offered, say so as any module does."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'keyless' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    """List the names that are offered, loaded or not."""
    return [*globals(), *__all__]
