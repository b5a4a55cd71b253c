"""What teachers see, and that they look once."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from fovea.errors import RecognizerError
from fovea.recognition import load
from fovea.training.data.images import TrainingImage
from fovea.training.teaching import teachers
from fovea.training.teaching.config import TeacherConfig
from fovea.training.teaching.teachers import LOWEST_SCORE, Teacher, detect_in_views

PICTURE = np.zeros((128, 128, 3), np.uint8)


@pytest.fixture
def recognizer(quarters):
    return load(quarters, threshold=LOWEST_SCORE)


def test_a_mirrored_picture_is_seen_where_it_is(recognizer):
    plain, mirrored = (detect_in_views(recognizer, PICTURE, quarters=False, mirrored=each) for each in (False, True))
    np.testing.assert_allclose(plain[0, :4], [0, 0, 64, 64])
    np.testing.assert_allclose(mirrored[0, :4], [64, 0, 128, 64])
    np.testing.assert_allclose(plain[:, 4:], [[0.9, 0], [0.125, 0]], atol=1e-6)


def test_what_the_edge_of_a_quarter_cuts_is_left_to_others(recognizer):
    found = detect_in_views(recognizer, PICTURE, quarters=True, mirrored=False)
    # In each part of 77 pixels one box lies in the upper left corner and another in the lower right one; the second and
    # the fourth part are mirrored. The first box of the upper parts touches the edges of the picture alone, all others
    # touch an edge at which the picture goes on.
    np.testing.assert_allclose(found[2:, :4], [[0, 0, 38.5, 38.5], [89.5, 0, 128, 38.5]], atol=0.6)


def test_detections_are_kept(quarters, pictures, tmp_path):
    teacher = Teacher(TeacherConfig(recognizer=quarters, quarters=("street",)), tmp_path / "labels")
    images = [TrainingImage(path, None) for path in sorted(pictures.iterdir())]
    first = teacher.detections(images[:3])
    assert all(found.dtype == np.float32 and found.shape[1] == 6 for found in first)
    files = list((tmp_path / "labels").rglob("*.npy"))
    assert len(files) == 3
    np.save(files[0], first[0][:1])
    again = teacher.detections(images)
    assert sorted(map(len, again[:3])) == sorted([1, *map(len, first[1:])])
    plain = Teacher(TeacherConfig(recognizer=quarters), tmp_path / "labels").detections(images[:1])
    assert len(plain[0]) == 2, "another view is another teacher"


def test_a_turned_picture_is_seen_as_its_labels_are(quarters, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (128, 64)).save(tmp_path / "turned.jpg", exif=exif)
    teacher = Teacher(TeacherConfig(recognizer=quarters), tmp_path / "labels")
    images = [TrainingImage(tmp_path / "turned.jpg", None, size) for size in ((128, 64), (64, 128))]
    stored, shown = teacher.detections(images)
    np.testing.assert_allclose([stored[0, :4], shown[0, :4]], [[0, 0, 64, 32], [0, 0, 32, 64]])


def test_another_description_is_another_teacher(quarters, pictures, tmp_path):
    image = TrainingImage(next(pictures.iterdir()), None)
    for fill in (0, 114):
        quarters.with_suffix(".yaml").write_text(f"feed: {{fill: {fill}}}\nread: {{format: yolov8}}\n")
        Teacher(TeacherConfig(recognizer=quarters), tmp_path / "labels").detections([image])
    assert len(list((tmp_path / "labels").rglob("*.npy"))) == 2


def test_a_teacher_is_an_onnx_file(tmp_path, monkeypatch):
    monkeypatch.setattr(teachers, "load", lambda *_, **__: object())
    with pytest.raises(RecognizerError, match="torchvision:x: cannot teach"):
        Teacher(TeacherConfig(recognizer="torchvision:x"), tmp_path)
