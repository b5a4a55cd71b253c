"""The note on the slow entropy coder."""

import subprocess
import sys

import pytest

from fovea import entropy
from fovea.cli import slow_coder
from fovea.cli.slow_coder import SlowCoderNote

REASON = "No module named 'fovea.entropy._rans'"


@pytest.fixture
def missing(monkeypatch):
    """The compiled coder cannot be loaded."""
    monkeypatch.setattr(entropy, "MISSING", REASON)


def test_many_pixels_bring_one_note_with_reason_and_remedy(missing, capsys):
    note = SlowCoderNote()
    for pixels in (600_000, 400_000, 1, 5_000_000):
        note.count(pixels)
    (line,) = capsys.readouterr().err.splitlines()
    assert REASON in line
    assert line.endswith("pip install --force-reinstall --no-deps --no-binary fovea-codec fovea-codec")


def test_few_pixels_bring_none(missing, capsys):
    SlowCoderNote().count(1_000_000)
    assert capsys.readouterr().err == ""


def test_the_compiled_coder_brings_none(monkeypatch, capsys):
    monkeypatch.setattr(entropy, "MISSING", "")
    SlowCoderNote().count(10**9)
    assert capsys.readouterr().err == ""


def test_encode_and_decode_tell_it_once_for_many_files(missing, monkeypatch, fovea, tree, tmp_path):
    monkeypatch.setattr(slow_coder, "_MANY", 96 * 64)
    out = tmp_path / "out"
    for verb, source, target in (("encode", tree, out), ("decode", out, tmp_path / "decoded")):
        result = fovea(verb, source, target, "-j", 2)
        assert result.exit_code == 0
        assert result.stderr.count(REASON) == 1


def test_decode_counts_the_pixels_of_the_region(missing, monkeypatch, fovea, coded, tmp_path):
    monkeypatch.setattr(slow_coder, "_MANY", 1000)
    assert REASON not in fovea("decode", coded, tmp_path / "a.png", "--region", "0,0,10,100").stderr
    assert REASON in fovea("decode", coded, tmp_path / "b.png", "--region", "0,0,11,100").stderr


@pytest.mark.parametrize("chosen", [True, False])
def test_a_deliberate_choice_has_no_reason(chosen):
    code = (
        "import os, sys; sys.modules['fovea.entropy._rans'] = None\n"
        f"if {chosen}: os.environ['FOVEA_ENTROPY'] = 'python'\n"
        "from fovea.entropy import IMPLEMENTATION, MISSING; print(IMPLEMENTATION, bool(MISSING))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["python", str(not chosen)]
