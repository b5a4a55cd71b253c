"""The time and the memory of a process."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

import click

FOVEA = (sys.executable, "-c", "from fovea.cli import main; main()")
"""The ``fovea`` command."""

# Only wait4 reports the peak memory of one child. The peak begins with the memory of the process that starts it, so a
# small one does.
_START = """
import os, subprocess, sys, time
begin = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(child.returncode, time.perf_counter() - begin, usage.ru_maxrss)
"""


class Usage(NamedTuple):
    """Time and memory of a process.

    Attributes:
        seconds: time from start to end, in seconds.
        peak_mib: largest resident memory, in MiB.
    """

    seconds: float
    peak_mib: float


def run(*command: str, environment: Mapping[str, str] | None = None) -> Usage:
    """Run a command in a new process, and return its time and memory. What it prints is dropped, errors excepted.

    Args:
        command: program and arguments.
        environment: variables of the environment that differ from those of this process.

    Raises:
        click.ClickException: the command failed.
    """
    started = subprocess.run(
        [sys.executable, "-S", "-c", _START, *command],
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    code, seconds, memory = map(float, started.stdout.split())
    if code:
        raise click.ClickException(f"{' '.join(command)} ended with code {code:.0f}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(seconds, memory * unit / 2**20)
