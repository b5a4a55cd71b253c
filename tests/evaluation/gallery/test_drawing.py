import numpy as np

from fovea.evaluation.gallery.drawing import class_color, color_class_map


def test_classes_have_their_colors_and_the_rest_stays_clear():
    colored = color_class_map(np.array([[-1, 0], [7, 0]]))
    assert colored.dtype == np.uint8
    assert colored[0, 0, 3] == 0
    assert colored[0, 1].tolist() == [*class_color(0), 255] == colored[1, 1].tolist()
    assert colored[1, 0].tolist() == [*class_color(7), 255]


def test_twenty_classes_have_twenty_colors():
    assert len({class_color(number) for number in range(20)}) == 20
