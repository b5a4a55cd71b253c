import numpy as np
import pytest

from fovea.recognition import overlaps


def test_miou_against_sets_of_pixels() -> None:
    random = np.random.default_rng(0)
    truth = [random.integers(0, 4, (9, 11)) for _ in range(5)]
    found = [np.where(random.uniform(size=t.shape) < 0.6, t, random.integers(0, 4, t.shape)) for t in truth]
    truth[0][:2] = 255
    all_truth = np.concatenate([t.ravel() for t in truth])
    all_found = np.concatenate([f.ravel() for f in found])[all_truth != 255]
    all_truth = all_truth[all_truth != 255]
    wanted = [
        ((all_truth == c) & (all_found == c)).sum() / ((all_truth == c) | (all_found == c)).sum() for c in range(4)
    ]
    scored = overlaps(found, truth, 5)  # class 4 never occurs and does not count
    assert scored.score.miou == pytest.approx(np.mean(wanted))
    assert scored.score.pixel_accuracy == pytest.approx((all_truth == all_found).mean())


def test_resampling_is_drawing_images_again() -> None:
    random = np.random.default_rng(1)
    truth, found = random.integers(0, 3, (2, 4, 6, 6))
    draws = np.array([[1, 1, 1, 1], [2, 0, 1, 1], [0, 0, 4, 0]])
    scored = overlaps(found, truth, 3)
    for drawn, value in zip(draws, scored.resampled(draws), strict=True):
        again = overlaps(np.repeat(found, drawn, 0), np.repeat(truth, drawn, 0), 3)
        assert value == pytest.approx(again.score.miou)
    assert np.isnan(scored.resampled(np.zeros((1, 4), int))).all()


def test_maps_and_reference_must_pair_up() -> None:
    with pytest.raises(ValueError, match="zip"):
        overlaps([np.zeros((2, 2), int)], [], 2)


def test_nothing_counted_is_no_score() -> None:
    score = overlaps([np.zeros((2, 2), int)], [np.full((2, 2), -1)], 3).score
    assert np.isnan(score.miou)
    assert np.isnan(score.pixel_accuracy)


def test_class_255_counts_where_there_are_so_many() -> None:
    found, truth = np.array([[255, 255, 7]]), np.array([[255, 7, 7]])
    assert overlaps([found], [truth], 300).score.miou == pytest.approx(0.5)
    assert overlaps([found], [truth], 256).score == overlaps([found], [truth], 300).score


def test_many_classes_need_no_confusion_matrix() -> None:
    found = np.array([[10**6 - 1, 0]])
    assert overlaps([found], [found], 10**6).score.miou == 1
