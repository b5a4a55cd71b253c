import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from fovea.errors import RecognizerError
from fovea.recognition import TorchvisionRecognizer, UltralyticsRecognizer, load, load_any

torch = pytest.importorskip("torch")

CATEGORIES = ["__background__", "person", "bicycle", "N/A", "car"]


class MaskRCNN:
    """Has the interface of torchvision's detectors."""

    def __init__(self, masks: bool = True) -> None:
        self.masks = masks
        self.fed: list[list[object]] = []

    def eval(self) -> "MaskRCNN":
        return self

    def __call__(self, images: list[object]) -> list[dict[str, object]]:
        self.fed.append(images)
        (image,) = images
        _, height, width = image.shape
        soft = torch.zeros(4, 1, height, width)
        soft[1, 0, :2] = 0.9
        found = {
            "boxes": torch.tensor([[0.0, 0, 4, 4], [1, 1, 5, 5], [2, 2, 6, 6], [0, 0, 1, 1]]),
            "labels": torch.tensor([1, 4, 3, 2]),
            "scores": torch.tensor([0.5, 0.9, 0.8, 0.0001]),
        }
        return [{**found, "masks": soft} if self.masks else found]


def test_torchvision_labels_become_class_indices() -> None:
    model = MaskRCNN()
    recognizer = TorchvisionRecognizer(model, CATEGORIES, "mask_rcnn")
    assert recognizer.classes == ("person", "bicycle", "car")
    image = np.full((10, 20, 3), (255, 0, 51), np.uint8)
    first, second = recognizer.predict([image, image[:8]])
    assert first.class_id.tolist() == [2, 0] and first.xyxy.tolist() == [[1, 1, 5, 5], [0, 0, 4, 4]]
    np.testing.assert_allclose(first.confidence, [0.9, 0.5])
    assert first.mask.shape == (2, 10, 20) and second.mask.shape == (2, 8, 20)
    assert first.mask[0, :2].all() and not first.mask[0, 2:].any() and not first.mask[1].any()
    assert torch.allclose(model.fed[0][0][:, 0, 0], torch.tensor([1, 0, 0.2]))
    assert len(recognizer.predict([])) == 0


def test_torchvision_classes_that_are_not_asked_for_take_no_place() -> None:
    recognizer = TorchvisionRecognizer(MaskRCNN(masks=False), CATEGORIES, "faster_rcnn", limit=1)
    (detections,) = recognizer.predict([np.zeros((10, 20, 3), np.uint8)], only=[0, 1])
    assert detections.class_id.tolist() == [0]


def test_torchvision_without_masks_and_with_a_limit() -> None:
    recognizer = TorchvisionRecognizer(MaskRCNN(masks=False), CATEGORIES, "faster_rcnn", limit=1)
    (detections,) = recognizer.predict([np.zeros((10, 20, 3), np.uint8)])
    assert detections.mask is None and detections.class_id.tolist() == [2]


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands in for torchvision.models."""
    weights = SimpleNamespace(DEFAULT=SimpleNamespace(meta={"categories": CATEGORIES}))
    models = ModuleType("torchvision.models")
    models.get_model_weights = lambda name: weights
    models.get_model = lambda name, weights: MaskRCNN()
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return models


def test_torchvision_models_load_by_name(torchvision: ModuleType) -> None:
    recognizer = load("torchvision:maskrcnn_resnet50_fpn")
    assert recognizer.name == "maskrcnn_resnet50_fpn" and recognizer.classes[2] == "car"

    def unknown(name: str) -> None:
        raise ValueError(f"Unknown model {name}")

    torchvision.get_model_weights = unknown
    with pytest.raises(RecognizerError, match="no detector 'nothing'"):
        load("torchvision:nothing")


class YOLO:
    """Has the interface of ``ultralytics.YOLO``."""

    names = {1: "car", 0: "person"}  # noqa: RUF012

    def __init__(self, weights: str = "", masks: bool = True) -> None:
        self.masks = masks

    def predict(self, source: list[np.ndarray], **options: object) -> list[SimpleNamespace]:
        self.source, self.options = source, options
        boxes = SimpleNamespace(xyxy=torch.tensor([[0.0, 1, 2, 3]]), conf=torch.tensor([0.75]), cls=torch.tensor([1.0]))
        return [
            SimpleNamespace(
                boxes=boxes,
                masks=SimpleNamespace(data=torch.ones(1, *image.shape[:2])) if self.masks else None,
            )
            for image in source
        ]


def test_ultralytics_results_become_detections() -> None:
    model = YOLO()
    recognizer = UltralyticsRecognizer(model, "yolo", threshold=0.1, limit=50)
    assert recognizer.classes == ("person", "car")
    detections = recognizer.predict([np.full((6, 8, 3), (1, 2, 3), np.uint8), np.zeros((5, 5, 3), np.uint8)])
    assert [one.mask.shape for one in detections] == [(1, 6, 8), (1, 5, 5)]
    assert detections[0].xyxy.tolist() == [[0, 1, 2, 3]] and detections[0].class_id.tolist() == [1]
    assert model.source[0][0, 0].tolist() == [3, 2, 1]  # BGR
    assert model.options == {"conf": 0.1, "max_det": 50, "classes": None, "retina_masks": True, "verbose": False}
    recognizer.predict([np.zeros((5, 5, 3), np.uint8)], only=(1,))
    assert model.options["classes"] == [1]
    assert recognizer.predict([]) == []
    assert UltralyticsRecognizer(YOLO(masks=False), "y").predict([np.zeros((5, 5, 3), np.uint8)])[0].mask is None


def test_ultralytics_loads_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("ultralytics")
    library.YOLO = YOLO
    monkeypatch.setitem(sys.modules, "ultralytics", library)
    assert load("ultralytics:folder/yolo11n.pt").name == "yolo11n"

    def missing(weights: str) -> None:
        raise FileNotFoundError(weights)

    library.YOLO = missing
    with pytest.raises(RecognizerError, match=r"nothing\.pt: ultralytics cannot open these weights"):
        load("ultralytics:nothing.pt")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """All numbers of threads that torch is told; the last one holds."""
    told: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    return told


@pytest.mark.usefixtures("torchvision")
def test_torchvision_keeps_to_its_threads(threads: list[int]) -> None:
    load("torchvision:maskrcnn_resnet50_fpn")
    assert threads == []
    load("torchvision:maskrcnn_resnet50_fpn", threads=1)
    load_any("torchvision:maskrcnn_resnet50_fpn", threads=2)
    assert threads == [1, 2]


def test_ultralytics_keeps_to_its_threads(threads: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy(YOLO):
        def predict(self, source: list[np.ndarray], **options: object) -> list[SimpleNamespace]:
            torch.set_num_threads(8)  # as ultralytics does when it sets up a model for its first run
            return super().predict(source, **options)

    library = ModuleType("ultralytics")
    library.YOLO = Greedy
    monkeypatch.setitem(sys.modules, "ultralytics", library)
    recognizer = load_any("ultralytics:yolo11n.pt", threads=1)
    assert threads == [1]
    recognizer.predict([np.zeros((5, 5, 3), np.uint8)])
    assert threads == [1, 8, 1]


@pytest.mark.parametrize("library", ["torchvision", "ultralytics"])
def test_a_library_that_is_not_installed_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, f"{library}.models", None)
    with pytest.raises(RecognizerError, match=f"pip install {library}"):
        load(f"{library}:model")
