import subprocess
import sys

import psutil

from fovea.evaluation.running.memory import _resident


def test_a_process_that_was_killed_takes_no_memory():
    """What killed it is reported by its future, not by the readings of its memory."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = psutil.Process(child.pid)
    assert _resident(process) > 0
    child.kill()
    child.communicate()
    assert _resident(process) == 0
