from fovea.datasets import Annotation
from fovea.evaluation.gallery.matching import compare
from fovea.recognition import Result

NAMES = {1: "person", 3: "car"}


def detection(box: list[float], category: int = 1, score: float = 0.9) -> Result:
    return Result(image_id=1, category_id=category, bbox=box, score=score)


def annotation(box: tuple[float, float, float, float], category: int = 1, crowd: bool = False) -> Annotation:
    return Annotation(1, category, box, box[2] * box[3], crowd=crowd)


def verdicts(results: list[Result], annotations: list[Annotation]) -> list[tuple[str, str]]:
    return [(mark.verdict, mark.label) for mark in compare(results, annotations, NAMES)]


def test_found_false_and_missed():
    results = [detection([0, 0, 10, 10]), detection([50, 50, 10, 10], score=0.4)]
    annotations = [annotation((1, 0, 10, 10)), annotation((80, 80, 10, 10), category=3)]
    assert verdicts(results, annotations) == [("found", "person 90"), ("false", "person 40"), ("missed", "car")]


def test_an_object_is_found_once():
    assert verdicts(
        [detection([0, 0, 10, 10]), detection([0, 0, 10, 10], score=0.8)], [annotation((0, 0, 10, 10))]
    ) == [
        ("found", "person 90"),
        ("false", "person 80"),
    ]


def test_another_class_is_false():
    assert verdicts([detection([0, 0, 10, 10], category=3)], [annotation((0, 0, 10, 10))]) == [
        ("false", "car 90"),
        ("missed", "person"),
    ]


def test_doubtful_detections_are_not_shown():
    assert verdicts([detection([0, 0, 10, 10], score=0.2)], []) == []


def test_detections_on_a_crowd_are_neither_right_nor_false():
    assert verdicts([detection([5, 5, 10, 10])], [annotation((0, 0, 100, 100), crowd=True)]) == []
