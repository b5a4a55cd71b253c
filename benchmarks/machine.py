"""The columns that tell where, when and with which software a row of a table was measured."""

import datetime
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fovea.distribution import NAME
from fovea.engine import available_cores

PACKAGES = (NAME, "numpy", "pillow", "onnxruntime", "openvino", "torch")
"""Packages whose versions can change the figures."""


def processor() -> str:
    """Return the model of the CPU, or only its architecture if the system does not tell the model."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """Return the current commit, with ``-dirty`` if files have changed since; ``none`` outside a repository."""
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "none"
    return run.stdout.strip() or "none"


def versions() -> str:
    """Return the versions of Python and of the installed packages that can change the figures."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return "; ".join(found)


@cache
def machine_columns() -> dict[str, str]:
    """Return the CPU model, the number of cores, the system, the versions, the commit and the date (UTC) as text."""
    return {
        "cpu": processor(),
        "cores": str(available_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
