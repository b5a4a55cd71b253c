import json

import pytest

from fovea.errors import DatasetError
from fovea.training.data import read_coco

GONE = {"id": 1, "file_name": "gone.png"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no readable COCO json"),
        ("[]", "no readable COCO json"),
        (json.dumps({"images": [], "annotations": []}), "has no images"),
        (json.dumps({"images": [GONE | {"width": 8, "height": 8}], "annotations": []}), r"first gone\.png"),
        (json.dumps({"images": [GONE], "annotations": []}), "no readable COCO json: KeyError.*width"),
    ],
)
def test_broken_annotation_files_are_named(content, message, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message) as error:
        read_coco(path, tmp_path)
    assert "bad.json" in str(error.value)
