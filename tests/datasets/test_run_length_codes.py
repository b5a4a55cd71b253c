import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as rle

from fovea.datasets.run_length_codes import first_damaged

masks = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 1))


def code(mask: np.ndarray) -> bytes:
    return rle.encode(np.asfortranarray(mask))["counts"]


def pixels(counts: bytes) -> int | None:
    """How many pixels a code fills, one letter after another; None where it is damaged."""
    runs: list[int] = []
    number = groups = 0
    for letter in counts:
        value = letter - ord("0")
        if not 0 <= value < 64 or groups == 6:
            return None
        number |= (value & 31) << 5 * groups
        groups += 1
        if value < 32:
            number -= (value >= 16) << 5 * groups
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = groups = 0
    return None if groups or not runs or min(runs) < 0 else sum(runs)


@given(st.lists(masks, min_size=1, max_size=5))
def test_what_pycocotools_writes_is_sound(drawn: list[np.ndarray]) -> None:
    codes, sizes = [code(mask) for mask in drawn], [mask.size for mask in drawn]
    assert [pixels(each) for each in codes] == sizes
    assert first_damaged(codes, sizes) is None
    sizes[-1] += 1
    assert first_damaged(codes, sizes) == len(codes) - 1


@given(masks, st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=3)), min_size=1, max_size=3), masks)
@example(np.zeros((1, 1), np.uint8), [(0, b"oooooooooooooo0")], np.ones((1, 1), np.uint8))
@example(np.zeros((1, 1), np.uint8), [(1, b"/")], np.ones((1, 1), np.uint8))
def test_damage_is_found_in_the_code_that_has_it(
    mask: np.ndarray, changes: list[tuple[int, bytes]], other: np.ndarray
) -> None:
    damaged = code(mask)
    for place, letters in changes:
        damaged = damaged[:place] + letters + damaged[place + 1 :]
    expected = None if pixels(damaged) == mask.size else 1
    codes, sizes = [code(other), damaged, code(other)], [other.size, mask.size, other.size]
    assert first_damaged(codes, sizes) == expected


def test_thousands_are_checked_at_once() -> None:
    codes, sizes = [code(np.eye(5, dtype=np.uint8))] * 10_000, [25] * 10_000
    assert first_damaged(codes, sizes) is None
    codes[9_000] = codes[9_500] = b""
    assert first_damaged(codes, sizes) == 9_000
    assert first_damaged([], []) is None


def test_a_run_as_long_as_the_largest_image_is_sound() -> None:
    side = 2**14
    longest = rle.frPyObjects({"size": [side, side], "counts": [side**2]}, side, side)["counts"]
    assert first_damaged([longest], [side**2]) is None
