"""The search for a quality finds the best one that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.coding.rate import largest_fitting
from fovea.errors import ImageError


class Files:
    """Files of given sizes, and which of them were made."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes, self.made = sizes, list[int]()

    def __call__(self, quality: int) -> bytes:
        self.made.append(quality)
        return quality.to_bytes(1, "big") * self.sizes[quality]


@given(st.lists(st.integers(30, 94), min_size=101, max_size=101), st.integers(20, 100))
def test_small_files_of_any_order_give_the_best_that_fits(sizes, wanted):
    fitting = [quality for quality, size in enumerate(sizes) if size <= wanted]
    if not fitting:
        with pytest.raises(ImageError, match=f"at most {wanted} bytes, as asked for"):
            largest_fitting(Files(sizes), wanted)
    else:
        data = largest_fitting(Files(sizes), wanted)
        assert data[0] == max(fitting) and len(data) == sizes[max(fitting)]


@given(st.integers(1, 5), st.integers(0, 100), st.randoms(use_true_random=False))
def test_files_that_dip_a_little_give_the_best_that_fits(growth, quality, random):
    sizes = [round(20_000 * (1 + growth / 100) ** number * random.uniform(0.975, 1)) for number in range(101)]
    wanted = sizes[quality]
    best = max(number for number in range(101) if sizes[number] <= wanted)
    assert largest_fitting(Files(sizes), wanted)[0] == best


def test_files_that_grow_steadily_take_few_tries():
    for quality in range(101):
        files = Files([round(20_000 * 1.04**number) for number in range(101)])
        assert largest_fitting(files, files.sizes[quality])[0] == quality
        assert len(files.made) == len(set(files.made)) <= 10
