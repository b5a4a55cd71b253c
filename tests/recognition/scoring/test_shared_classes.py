from pathlib import Path

import numpy as np
import pytest

from fovea.datasets import Annotation, Dataset, DatasetImage
from fovea.errors import DatasetError
from fovea.recognition import SharedClasses, overlaps
from fovea.recognition.scoring.shared_classes import IGNORED

IMAGE = DatasetImage(1, Path("1.png"), 8, 4)
NAMES = {1: "person", 3: "car", 25: "giraffe"}


def thing(left: int, width: int, category: int = 1, *, mask: bool = True, crowd: bool = False) -> Annotation:
    """An object as high as the image."""
    right = left + width
    polygons = [[left, 0, right, 0, right, 4, left, 4]] if mask else None
    return Annotation(1, category, (left, 0, width, 4), 4.0 * width, polygons, crowd)


def dataset(*things: Annotation, names: dict[int, str] = NAMES) -> Dataset:
    return Dataset("street", (IMAGE,), things, names)


def row(data: Dataset, classes: list[str]) -> list[int]:
    """The reference, which is the same in each row."""
    drawn = SharedClasses.between(data, classes).reference(data, IMAGE)
    assert (drawn == drawn[0]).all()
    return drawn[0].tolist()


def test_numbers_follow_the_recognizer_and_all_else_is_background() -> None:
    shared = SharedClasses.between(dataset(thing(0, 1)), ["sky", "Car", "background", "tree", "person"])
    assert shared.names == ("background", "Car", "person")
    assert shared.of_classes.tolist() == [0, 1, 0, 0, 2]
    assert shared.of_categories == {3: 1, 1: 2}


def test_two_names_of_one_category_are_one_class() -> None:
    shared = SharedClasses.between(dataset(thing(0, 1), names={1: "tv"}), ["tvmonitor", "tv"])
    assert shared.of_classes.tolist() == [1, 1]


def test_reference_is_drawn_from_masks() -> None:
    assert row(dataset(thing(1, 2), thing(4, 3, 3)), ["person", "car"]) == [0, 1, 1, 0, 2, 2, 2, 0]


def test_objects_that_the_recognizer_has_no_class_for_are_background() -> None:
    assert row(dataset(thing(1, 2), thing(4, 3, 25)), ["person"]) == [0, 1, 1, 0, 0, 0, 0, 0]


def test_who_is_in_front_is_not_guessed() -> None:
    things = thing(0, 4), thing(2, 4, 3), thing(3, 2)
    assert row(dataset(*things), ["person", "car"]) == [1, 1, IGNORED, IGNORED, IGNORED, 2, 0, 0]
    assert row(dataset(thing(0, 4), thing(2, 4)), ["person", "car"]) == [1, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("mask", [True, False])
def test_crowds_do_not_count(mask: bool) -> None:
    crowd = thing(2, 4, mask=mask, crowd=True)
    wanted = [1, 1, IGNORED, IGNORED, IGNORED, IGNORED, 0, 0]
    assert row(dataset(thing(0, 3), crowd), ["person"]) == wanted
    assert row(dataset(crowd, thing(0, 3)), ["person"]) == wanted


def test_sky_between_objects_is_right_and_an_object_there_is_wrong() -> None:
    data = dataset(thing(0, 4))
    shared = SharedClasses.between(data, ["sky", "road", "person"])
    sky_and_road = np.array([[2, 2, 2, 2, 0, 0, 1, 1]] * 4)
    too_much = np.array([[2, 2, 2, 2, 2, 2, 2, 2]] * 4)
    reference = shared.reference(data, IMAGE)
    assert overlaps([shared.of_classes[sky_and_road]], [reference], 2).score.miou == 1
    assert overlaps([shared.of_classes[too_much]], [reference], 2).score.miou == pytest.approx(0.25)


def test_sets_that_cannot_be_compared_with_are_refused() -> None:
    with pytest.raises(DatasetError, match="street: not every object has a mask to compare class maps with"):
        SharedClasses.between(dataset(thing(0, 1), thing(2, 1, mask=False)), ["person"])
    with pytest.raises(DatasetError, match="none of its categories"):
        SharedClasses.between(dataset(thing(0, 1)), ["sky"])


def test_background_alone_is_nothing_in_common() -> None:
    data = dataset(thing(0, 1), names={0: "background", 1: "person"})
    with pytest.raises(DatasetError, match="none of its categories"):
        SharedClasses.between(data, ["__background__", "car"])
    assert SharedClasses.between(data, ["background", "person"]).of_classes.tolist() == [0, 1]
