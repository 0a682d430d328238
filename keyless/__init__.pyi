# SPDX-License-Identifier: Apache-2.0
# What type checkers see of keyless: the same names, spelled out.

from keyless.auth import Identity as Identity
from keyless.batch import Outcome as Outcome
from keyless.disclosure import Disclosure as Disclosure
from keyless.errors import BatchError as BatchError
from keyless.errors import Check as Check
from keyless.errors import ImageNotFound as ImageNotFound
from keyless.errors import InputError as InputError
from keyless.errors import KeylessError as KeylessError
from keyless.errors import LoginError as LoginError
from keyless.errors import LoginFailure as LoginFailure
from keyless.errors import NoMatchingSignature as NoMatchingSignature
from keyless.errors import NoSignatures as NoSignatures
from keyless.errors import NoSuchEntry as NoSuchEntry
from keyless.errors import NotPushed as NotPushed
from keyless.errors import NotSearchable as NotSearchable
from keyless.errors import ParseError as ParseError
from keyless.errors import PolicyError as PolicyError
from keyless.errors import RateLimited as RateLimited
from keyless.errors import RegistryAuthError as RegistryAuthError
from keyless.errors import Rejected as Rejected
from keyless.errors import ServiceError as ServiceError
from keyless.errors import SplitView as SplitView
from keyless.errors import TrustError as TrustError
from keyless.errors import VerificationError as VerificationError
from keyless.evidence import Verified as Verified
from keyless.explorer import Entry as Entry
from keyless.explorer import Log as Log
from keyless.explorer.follow import Pace as Pace
from keyless.explorer.position import Position as Position
from keyless.facade.carrying import attach_signature as attach_signature
from keyless.facade.carrying import clean_image as clean_image
from keyless.facade.carrying import copy_image as copy_image
from keyless.facade.carrying import image_tree as image_tree
from keyless.facade.carrying import load_image as load_image
from keyless.facade.carrying import save_image as save_image
from keyless.facade.carrying import triangulate as triangulate
from keyless.facade.images import attest_image as attest_image
from keyless.facade.images import sign_image as sign_image
from keyless.facade.images import verify_attestations as verify_attestations
from keyless.facade.images import verify_image as verify_image
from keyless.facade.log import log as log
from keyless.facade.login import login as login
from keyless.facade.sessions import KeptSession as KeptSession
from keyless.facade.sessions import sessions as sessions
from keyless.facade.sessions import sign_out as sign_out
from keyless.facade.signing import Signer as Signer
from keyless.facade.signing import attest as attest
from keyless.facade.signing import sign as sign
from keyless.facade.verifying import verify as verify
from keyless.facade.verifying import verify_all as verify_all
from keyless.facade.verifying import verify_many as verify_many
from keyless.images.cosign_output import cosign_json as cosign_json
from keyless.images.proof import ImageProof as ImageProof
from keyless.images.proof import ImageStatements as ImageStatements
from keyless.images.signed import SignedImage as SignedImage
from keyless.instance import Sigstore as Sigstore
from keyless.instance import connect as connect
from keyless.policy import AllOf as AllOf
from keyless.policy import AnyOf as AnyOf
from keyless.policy import GitHubWorkflow as GitHubWorkflow
from keyless.policy import GitLabPipeline as GitLabPipeline
from keyless.policy import Glob as Glob
from keyless.policy import Policy as Policy
from keyless.policy import Quorum as Quorum
from keyless.policy import Requirements as Requirements
from keyless.policy import SignedBy as SignedBy
from keyless.policy import SignedByKey as SignedByKey
from keyless.policy.witnesses import Witness as Witness
from keyless.policy.witnesses import Witnesses as Witnesses
from keyless.protocol.bundle import Bundle as Bundle
from keyless.protocol.checkpoint import Checkpoint as Checkpoint
from keyless.protocol.digest import Digest as Digest
from keyless.protocol.keys import PublicKey as PublicKey
from keyless.protocol.trusted_root import TrustedRoot as TrustedRoot
from keyless.sandbox import Sandbox as Sandbox
from keyless.services.registry_options import RegistryOptions as RegistryOptions
from keyless.session import Signed as Signed

__all__ = [
    "AllOf",
    "AnyOf",
    "BatchError",
    "Bundle",
    "Check",
    "Checkpoint",
    "Digest",
    "Disclosure",
    "Entry",
    "GitHubWorkflow",
    "GitLabPipeline",
    "Glob",
    "Identity",
    "ImageNotFound",
    "ImageProof",
    "ImageStatements",
    "InputError",
    "KeptSession",
    "KeylessError",
    "Log",
    "LoginError",
    "LoginFailure",
    "NoMatchingSignature",
    "NoSignatures",
    "NoSuchEntry",
    "NotPushed",
    "NotSearchable",
    "Outcome",
    "Pace",
    "ParseError",
    "Policy",
    "PolicyError",
    "Position",
    "PublicKey",
    "Quorum",
    "RateLimited",
    "RegistryAuthError",
    "RegistryOptions",
    "Rejected",
    "Requirements",
    "Sandbox",
    "ServiceError",
    "Signed",
    "SignedBy",
    "SignedByKey",
    "SignedImage",
    "Signer",
    "Sigstore",
    "SplitView",
    "TrustError",
    "TrustedRoot",
    "VerificationError",
    "Verified",
    "Witness",
    "Witnesses",
    "attach_signature",
    "attest",
    "attest_image",
    "clean_image",
    "connect",
    "copy_image",
    "cosign_json",
    "image_tree",
    "load_image",
    "log",
    "login",
    "save_image",
    "sessions",
    "sign",
    "sign_image",
    "sign_out",
    "triangulate",
    "verify",
    "verify_all",
    "verify_attestations",
    "verify_image",
    "verify_many",
]
