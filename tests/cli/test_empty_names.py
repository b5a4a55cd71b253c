"""Empty names are refused, because most of them come from shell variables that are not set."""

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        ("encode", "", "out"),
        ("encode", "in", ""),
        ("encode", "in", "out", "--roi", ""),
        ("encode", "in", "out", "--model", ""),
        ("encode", "in", "out", "--roi="),
        ("decode", "", "out"),
        ("decode", "in", ""),
        ("info", "a.fov", ""),
        ("detect", "", "-r", "r.onnx"),
        ("detect", "a.png", "-r", ""),
        ("detect", "a.png", "-r", "r.onnx", "-o", ""),
        ("mask", "", "-r", "r.onnx", "-o", "x.json"),
        ("mask", "in", "-r", "", "-o", "x.json"),
        ("mask", "in", "-r", "r.onnx", "-o", ""),
        ("mask", "in", "-r", "r.onnx", "-o", "x.json", "--labels", ""),
        ("eval", "--data", "", "--codecs", "jpeg", "--recognizers", "r.onnx", "--out", "out"),
        ("eval", "--data", "in", "--codecs", "", "--recognizers", "r.onnx", "--out", "out"),
        ("eval", "--data", "in", "--codecs", "jpeg", "--recognizers", ",", "--out", "out"),
        ("eval", "--data", "in", "--codecs", "jpeg", "--recognizers", "r.onnx", "--out", ""),
        ("eval", "--data", "in", "--codecs", "jpeg", "--recognizers", "r.onnx", "--out", "out", "--cache", ""),
        ("eval", "--data", "in", "--images", "", "--codecs", "jpeg", "--recognizers", "r.onnx", "--out", "out"),
        ("train", ""),
        ("train", "x.yaml", "--out", ""),
        ("train-segmenter", ""),
        ("train-segmenter", "x.yaml", "--out", ""),
        ("export", ""),
        ("export", "x.ckpt", "-o", ""),
        ("export", "x.ckpt", "--name", ""),
        ("complexity", ""),
    ],
    ids=" ".join,
)
def test_an_empty_name_is_refused(fovea, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    result = fovea(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the name is empty" in result.stderr or "name at least one" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_spaces_is_a_name(fovea, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fovea("encode", photo, "  ", "-q", 10).exit_code == 0
    assert (tmp_path / "  ").is_file()
