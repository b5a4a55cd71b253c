import numpy as np
import pytest

ultralytics = pytest.importorskip("ultralytics", minversion="8.4.190", reason="needs ultralytics 8.4.190 or newer")

from ultralytics.cfg import get_cfg  # noqa: E402
from ultralytics.data import YOLODataset, build_dataloader  # noqa: E402
from ultralytics.data.loaders import LoadImagesAndVideos  # noqa: E402
from ultralytics.utils.patches import imread  # noqa: E402

from fovea.errors import FoveaError  # noqa: E402
from fovea.integrations.ultralytics import register  # noqa: E402

register()


@pytest.fixture
def data(tmp_path, coded):
    """A data set of ``.fov`` files in the layout of Ultralytics."""
    for half in ("train", "val"):
        for kind in ("images", "labels"):
            (tmp_path / kind / half).mkdir(parents=True)
        for number, content in enumerate(coded):
            (tmp_path / "images" / half / f"{number}.fov").write_bytes(content)
            (tmp_path / "labels" / half / f"{number}.txt").write_text("0 0.3 0.3 0.4 0.4\n")
    path = tmp_path / "set.yaml"
    path.write_text(f"path: {tmp_path}\ntrain: images/train\nval: images/val\nnames:\n  0: ramp\n")
    return path


def test_channels_are_those_of_opencv(data, decoded):
    folder = data.parent / "images" / "val"
    assert np.array_equal(imread(str(folder / "1.fov")), decoded[1][..., ::-1])
    images = [image[0] for _, image, _ in LoadImagesAndVideos(str(folder))]
    assert all(np.array_equal(image, pixels[..., ::-1]) for image, pixels in zip(images, decoded, strict=True))


def _dataset(data):
    return YOLODataset(
        img_path=str(data.parent / "images" / "train"),
        data={"names": {0: "ramp"}},
        hyp=get_cfg(),
        imgsz=56,
        augment=False,
    )


def test_batches_for_a_training(data, decoded):
    (batch,) = build_dataloader(_dataset(data), batch=3, workers=1, shuffle=False, rank=-1)
    assert batch["img"].shape[:2] == (3, 3) and batch["cls"].shape == (3, 1)
    top = (batch["img"].shape[2] - 40) // 2
    images = batch["img"][:, :, top : top + 40, :56].permute(0, 2, 3, 1).numpy()
    assert all(np.array_equal(image, pixels) for image, pixels in zip(images, decoded, strict=True))


def test_damaged_files_are_left_out(data, coded, monkeypatch):
    monkeypatch.setattr("ultralytics.utils.checks.AUTOINSTALL", False)  # it would look for a plugin of Pillow
    (data.parent / "images" / "train" / "1.fov").write_bytes(coded[1][:-3])
    assert len(_dataset(data)) == 2


def test_older_versions_are_refused(monkeypatch):
    monkeypatch.delattr("ultralytics.utils.patches.PIL_FALLBACK_SUFFIXES")
    with pytest.raises(FoveaError, match=r"install 8\.4\.190"):
        register()


def test_the_format_is_added_once():
    from ultralytics.data import loaders

    register()
    assert loaders.PIL_FALLBACK_SUFFIXES.count(".fov") == 1
