"""What a result comes from: every row of every table carries these columns."""

import datetime
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fovea.distribution import NAME
from fovea.engine import available_cores

PACKAGES = (NAME, "numpy", "pillow", "onnxruntime", "openvino", "torch")


def processor() -> str:
    """Model of the CPU; a bare architecture where the system does not tell more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that runs, with ``-dirty`` where files were changed; ``none`` outside a repository."""
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
    """Installed versions of what the numbers depend on."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return "; ".join(found)


@cache
def machine_columns() -> dict[str, str]:
    """CPU model, cores used, system, versions, commit and date (UTC), as strings."""
    return {
        "cpu": processor(),
        "cores": str(available_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
