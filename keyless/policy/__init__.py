# SPDX-License-Identifier: Apache-2.0
"""Who may have signed, how many of them, and what must vouch for it.

A *policy* judges one signer, a *quorum* several different ones, and *requirements* what stands
behind a signature whoever made it. None has a default that accepts anyone. `UnsafeAnySigner` does,
and has to be asked for by that name: `from keyless.policy import *` leaves it out.
"""

from keyless.policy.base import AllOf, AnyOf, Policy
from keyless.policy.base import UnsafeAnySigner as UnsafeAnySigner
from keyless.policy.ci import GitHubWorkflow, GitLabPipeline
from keyless.policy.issuers import ISSUERS
from keyless.policy.quorum import Quorum
from keyless.policy.requirements import Requirements
from keyless.policy.signed_by import SignedBy, SignedByKey
from keyless.policy.wanted import Glob, Wanted

__all__ = [
    "ISSUERS",
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
    "Wanted",
]
