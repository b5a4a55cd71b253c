import subprocess
import sys
from pathlib import Path

import fovea.integrations

MODULES = {path.stem for path in Path(fovea.integrations.__file__).parent.glob("*.py")} - {"__init__"}


def test_importing_the_package_loads_no_other_library():
    code = "import sys, fovea, fovea.integrations; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    libraries = {"huggingface": "datasets"}
    assert not {libraries.get(name, name) for name in MODULES} & set(loaded)
    assert not {f"fovea.integrations.{name}" for name in MODULES} & set(loaded)
