"""The command as a separate process: entry points, pipes and imports."""

import subprocess
import sys

import fovea

COMMAND = [sys.executable, "-m", "fovea"]


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, timeout=60, check=False, **settings)


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_version_and_help():
    assert run("--version").stdout.decode().strip() == f"fovea {fovea.__version__}"
    text = run("--help").stdout.decode()
    assert text.startswith("Usage: fovea [OPTIONS]")
    for verb in ("encode", "decode", "info", "models", "train", "export", "complexity"):
        assert f"\n  {verb} " in text


def test_no_arguments_show_the_help():
    assert b"Usage: fovea" in b"".join((run().stdout, run().stderr))


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from fovea.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'onnxruntime', 'openvino', 'lightning', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr


def test_streams_through_pipes(photo, coded):
    done = run("encode", "-", "-", input=photo.read_bytes())
    assert done.returncode == 0
    assert done.stdout == coded.read_bytes()
    image = run("decode", "-", "-", "--format", "ppm", input=done.stdout)
    assert image.stdout.startswith(b"P6")


def test_errors_are_one_line_without_traceback(tmp_path):
    for arguments, code in (
        (("encode", "no.jpg", "x.fov"), 1),
        (("nonsense",), 2),
        (("--nonsense",), 2),
        (("info",), 2),
    ):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == code
        assert done.stdout == b""
        assert done.stderr.startswith(b"fovea: ")
        assert done.stderr.count(b"\n") == 1


def test_missing_extra():
    for verb in ("train x.yaml", "export x.ckpt", "complexity fovea-s"):
        code = f"import sys; sys.modules['torch'] = None; from fovea.cli import main; main({verb.split()})"
        done = python(code)
        assert done.returncode == 1
        assert done.stderr == "fovea: needs the extra train: pip install 'fovea-codec[train]'\n"
