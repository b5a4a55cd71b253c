"""Images without labels: what a recognizer sees on the originals counts as right."""

import math
from collections.abc import Callable
from pathlib import Path

from fovea.evaluation import evaluate
from fovea.recognition import load_dataset


def test_plain_folder(tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path):
    folder = make_dataset(3).with_suffix("")
    found = evaluate(
        load_dataset(folder),
        ["jpeg2000"],
        [str(checkers)],
        tmp_path / "cache.sqlite",
        qualities={"": [15, 50]},
        processes=1,
    )
    assert found.reference == "self"
    assert found.originals["checkers"].box.ap == 1
    coarse, fine = (point.accuracy["checkers"].box.ap for point in found.points)
    assert coarse < fine <= 1
    assert all(math.isnan(point.object_psnr) for point in found.points)
