import pytest

pytest.importorskip("matplotlib")

from fovea.evaluation import Evaluation, Metric, Panel, plot_curves
from fovea.evaluation.report.plots import inline_svg


def test_no_two_of_many_codecs_look_alike(evaluation: Evaluation):
    names = [f"codec {number}" for number in range(24)]
    ((metric, curves),) = evaluation.curves.items()
    panel = Panel(evaluation.original_accuracy[metric], dict.fromkeys(names, curves["plain"]))
    plotted = len(curves["plain"].rates)
    lines = [
        line
        for line in plot_curves({metric: panel}, legend=False).axes[0].get_lines()
        if len(line.get_xdata()) == plotted
    ]
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines if line.get_marker() != "None"
    }
    assert len(looks) == len(names)


def test_names_of_files_are_text_in_the_page(evaluation: Evaluation):
    ((metric, curves),) = evaluation.curves.items()
    panel = Panel(evaluation.original_accuracy[metric], curves)
    svg = inline_svg(Metric('a"<b', "box"), panel)
    assert 'aria-label="AP over bitrate: a&quot;&lt;b, boxes"' in svg
    assert "<b" not in svg
