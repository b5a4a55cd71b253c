"""Small ICC profiles."""

import pytest

from .. import icc_profiles


@pytest.fixture(scope="session")
def linear_rgb() -> bytes:
    return icc_profiles.linear_rgb()


@pytest.fixture(scope="session")
def srgb_of_no_name() -> bytes:
    return icc_profiles.srgb_of_no_name()


@pytest.fixture(scope="session")
def linear_gray() -> bytes:
    return icc_profiles.linear_gray()


@pytest.fixture(scope="session")
def pale_cmyk() -> bytes:
    return icc_profiles.pale_cmyk()
