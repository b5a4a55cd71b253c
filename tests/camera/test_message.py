import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.camera import Place
from fovea.errors import BitstreamError

GOOD = "s=a1,n=12,f=4,t=1790000000.250,w=640,h=480,x=0,y=128,p=1,of=2"


@given(st.integers(0, 2**40), st.integers(1, 2**17), st.integers(1, 2**17))
def test_a_line_gives_back_its_place(number, width, height):
    place = Place("beef", number, number // 3, 1.5, width, height, width - 1, height - 1, 0, 1)
    assert Place.parse(place.line()) == place


def test_keys_of_the_future_are_passed_over():
    assert Place.parse(f"{GOOD},new=7,flag") == Place.parse(GOOD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GOOD, ""),
        ("n=12,", ""),
        ("w=640", "w=wide"),
        ("t=1790000000.250", "t=nan"),
        ("x=0", "x=-64"),
        ("x=0", "x=640"),
        ("y=128", "y=480"),
        ("p=1", "p=2"),
        ("w=640", f"w={'9' * 600}"),
    ],
)
def test_a_line_that_is_wrong_is_refused(before, after):
    with pytest.raises(BitstreamError, match="fovea-part"):
        Place.parse(GOOD.replace(before, after))
