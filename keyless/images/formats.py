# SPDX-License-Identifier: Apache-2.0
"""In which formats what is said of images is kept: cosign's, the present one and the one before.

bundle   refers to the image, has all proofs; cosign since version 3, GitHub, GitLab
legacy   a layer under a tag, with a log's promise; cosign up to version 2, podman, many others
"""

from typing import Literal

Format = Literal["bundle", "legacy"]
# In which something is to be written, and in which it may be to count.
WriteFormat = Literal["bundle", "legacy", "both"]
ReadFormat = Literal["any", "bundle", "legacy"]

Kind = Literal["signature", "attestation"]
