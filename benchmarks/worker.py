# SPDX-License-Identifier: Apache-2.0
"""One contestant in a process of its own: `python -m benchmarks.worker keyless corpus 1`.

Each line on its standard input asks for a pass over the material, so many times repeated; the
answer is the processor's time that it took, in seconds.
"""

import gc
import sys
from time import process_time

from benchmarks.contestants import prepared
from benchmarks.material import MATERIALS


def main(contestant: str, material: str, times: str) -> None:
    """Prepare, go through the material once to get warm, and answer."""
    judge_all = prepared(contestant, MATERIALS[material]().repeated(int(times)))
    judge_all()
    gc.collect()
    gc.freeze()
    for _ in sys.stdin:
        start = process_time()
        judge_all()
        print(process_time() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
