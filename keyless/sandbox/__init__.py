# SPDX-License-Identifier: Apache-2.0
"""A whole Sigstore on this machine: real keys, real trees, real proofs, and nobody to trust it.

What stands here are the parties of one instance, without a wire between them:

    clock                    the time they all go by, which can be set
    certificate_authority    a root, an intermediate, and certificates that live ten minutes
    ct_log                   the log that has seen each of them
    timestamp_authority      RFC 3161
    transparency_log         Rekor, versions 1 and 2, on append-only trees
    instance_core            all of them, and the trusted root that names them
"""
