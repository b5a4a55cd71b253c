import numpy as np
import pytest

pytest.importorskip("matplotlib")

from fovea.evaluation.contender import Contender
from fovea.evaluation.curves import Curve, Whole
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import figure
from fovea.evaluation.gallery import Gallery
from fovea.evaluation.point import Question

BOXES = Question("eye", "box")


def test_no_two_of_many_codecs_look_alike():
    rates, scores = np.array([0.1, 0.2]), np.array([0.3, 0.4])
    names = [f"codec {number}" for number in range(24)]
    curve = Curve(rates, scores, rates[None], scores[None])
    evaluation = Evaluation(
        dataset="street",
        images=1,
        reference="labels",
        classes={"eye": (1, 1)},
        contenders=tuple(Contender(name, name, "1", (50,)) for name in names),
        skipped={},
        anchor=names[0],
        points=(),
        originals={},
        wholes={BOXES: Whole(0.5, np.full(1, 0.5))},
        curves={BOXES: dict.fromkeys(names, curve)},
        gallery=Gallery("a.png", ()),
    )
    lines = [
        line for line in figure(evaluation, [BOXES], legend=False).axes[0].get_lines() if len(line.get_xdata()) == 2
    ]
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines if line.get_marker() != "None"
    }
    assert len(looks) == len(names)
