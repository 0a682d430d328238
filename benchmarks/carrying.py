# SPDX-License-Identifier: Apache-2.0
"""Rows on carrying an image from one registry to another: how fast, and in how much memory.

The peer is `skopeo copy`, from Debian as the registries are. Each run copies to a registry that
nothing was copied to before, in a process of its own, from its start to its end.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from benchmarks.idleness import Patience
from benchmarks.material import AbsentError
from benchmarks.row import Row, at_least, at_most
from benchmarks.stopwatch import Run, process, taking_turns
from keyless.images.layout import Layout
from keyless.protocol.cosign import go_json
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, Manifest

CARRYING_GOALS = {"carrying/copy": at_least(0.8), "carrying/memory": at_most(1.1)}

MIB = 1 << 20
LARGE, SMALL = 256, 16  # MiB
ROUNDS = 5
PROGRAMS = ("docker-registry", "skopeo")
PLAIN = ("--src-tls-verify=false", "--dest-tls-verify=false")
COPY = "import sys, keyless; keyless.copy_image(sys.argv[1], sys.argv[2])"


def carrying_rows() -> list[Row]:
    """Copy an image with one large layer, ours and the peer's in turns; then weigh a small one."""
    if absent := [program for program in PROGRAMS if not _path(program)]:
        raise AbsentError(f"no {' and no '.join(absent)} on this machine")
    with TemporaryDirectory() as name, _registry() as source:
        large, small = (_pushed(Path(name), mib, source) for mib in (LARGE, SMALL))
        patience = Patience()
        ours, peer = taking_turns(
            [
                lambda: LARGE / _run(_ours, large).seconds,
                lambda: LARGE / _run(_skopeo, large).seconds,
            ],
            rounds=ROUNDS,
            before_each=patience.wait,
        )
        peaks, small_peaks = (
            tuple(_run(_ours, image).peak_mib for _ in range(3)) for image in (large, small)
        )
    speed, memory = CARRYING_GOALS.items()
    return [
        Row(name=speed[0], goal=speed[1], unit="MiB/s", ours=ours, peer=peer, note=patience.note),
        Row(name=memory[0], goal=memory[1], unit="MiB at peak", ours=peaks, peer=small_peaks),
    ]


Command = tuple[str, ...]


def _ours(source: str, target: str) -> Command:
    return sys.executable, "-c", COPY, source, target


def _skopeo(source: str, target: str) -> Command:
    return _path("skopeo"), "copy", "-q", *PLAIN, f"docker://{source}", f"docker://{target}"


def _path(program: str) -> str:
    return shutil.which(program) or ""


def _run(contestant: Callable[[str, str], Command], source: str) -> Run:
    """Have *contestant* copy *source* to a registry that it has never seen.

    Where it has put a blob before, skopeo remembers, and has the registry take it from there.
    """
    with _registry() as target:
        return process(contestant(source, f"{target}/image:1"), {})


def _pushed(folder: Path, mib: int, registry: str) -> str:
    """Push an image with a layer of so many MiB, in no way compressible; return its name."""
    reference = f"{registry}/image:{mib}"
    layout = Layout.at(str(folder / str(mib)))
    config, layer = b'{"architecture":"amd64","os":"linux"}', os.urandom(mib * MIB)
    parts = [
        Descriptor.of(config, media_type="application/vnd.oci.image.config.v1+json"),
        Descriptor.of(layer, media_type="application/vnd.oci.image.layer.v1.tar"),
    ]
    for part, content in zip(parts, (config, layer), strict=True):
        layout.put_blob(part, [content])
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": parts[0].to_json(),
        "layers": [parts[1].to_json()],
    }
    layout.put_image(Manifest.parse(go_json(document)), tag="1")
    pushed = (*_skopeo("", reference)[:-2], f"oci:{folder}/{mib}:1", f"docker://{reference}")
    subprocess.run(pushed, check=True, stdout=subprocess.DEVNULL)
    return reference


@contextmanager
def _registry() -> Iterator[str]:
    """Run a registry for as long as the block lasts; yield its host and port."""
    port = _free_port()
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "config.yml"
        settings.write_text(
            f"version: 0.1\nlog: {{level: error}}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\n"
        )
        with subprocess.Popen(
            [_path("docker-registry"), "serve", settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                _wait_until(lambda: _answers(port))
                yield f"127.0.0.1:{port}"
            finally:
                running.terminate()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(there: Callable[[], bool]) -> None:
    until = monotonic() + 10
    while not there():
        if monotonic() > until:
            raise TimeoutError("a registry that was started does not answer")
        sleep(0.05)
