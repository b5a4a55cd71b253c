from dataclasses import replace

import pytest

pytest.importorskip("matplotlib")

from fovea.evaluation import Evaluation
from fovea.evaluation.contender import Contender
from fovea.evaluation.figures import figure


def test_no_two_of_many_codecs_look_alike(evaluation: Evaluation):
    names = [f"codec {number}" for number in range(24)]
    ((question, curves),) = evaluation.curves.items()
    many = replace(
        evaluation,
        contenders=tuple(Contender(name, name, "1", (50,)) for name in names),
        anchor=names[0],
        points=(),
        curves={question: dict.fromkeys(names, curves["plain"])},
    )
    plotted = len(curves["plain"].rates)
    lines = [
        line for line in figure(many, [question], legend=False).axes[0].get_lines() if len(line.get_xdata()) == plotted
    ]
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines if line.get_marker() != "None"
    }
    assert len(looks) == len(names)
