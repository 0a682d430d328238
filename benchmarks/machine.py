# SPDX-License-Identifier: Apache-2.0
"""On what the measurements were taken: figures of another machine differ, ratios less."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Name the processor, the system and the versions, and say how busy the machine is."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("cryptography", "sigstore"))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{os.cpu_count()} x {_processor()}, {platform.system()}; {python}, {packages}; {load}"


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
