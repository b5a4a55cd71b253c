"""``fovea mask``, with the recognizer that sees checkerboards."""

import json

from click.testing import CliRunner, Result

from fovea.cli import main


def mask(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["mask", *(str(argument) for argument in arguments)])


def test_labels_a_folder_past_a_file_that_is_no_image(make_dataset, checkers, tmp_path):
    folder = make_dataset(2).with_suffix("")
    (folder / "0.png").write_bytes(b"no image")
    out = tmp_path / "new" / "labels.json"
    result = mask(folder, "-r", checkers, "-o", out)
    assert result.exit_code == 1
    assert result.stdout.strip() == str(out)
    assert "0.png: does not open" in result.stderr and "1 of 3 images failed" in result.stderr
    told = json.loads(out.read_text())
    assert [image["file_name"] for image in told["images"]] == ["1.png", "2.png"]
    assert {annotation["category_id"] for annotation in told["annotations"]} == {1}
    assert len(told["annotations"]) >= 3


def test_boxes_cannot_complete_labels(make_dataset, checkers, tmp_path):
    data = make_dataset(1)
    result = mask(data.with_suffix(""), "-r", checkers, "-o", tmp_path / "x.json", "--labels", data)
    assert result.exit_code == 1 and "take a segmenter" in result.stderr
    assert not (tmp_path / "x.json").exists()


def test_missing_folder(checkers, tmp_path):
    result = mask(tmp_path / "nowhere", "-r", checkers, "-o", tmp_path / "x.json")
    assert result.exit_code == 1 and "is no folder of images" in result.stderr
