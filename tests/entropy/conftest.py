"""Fixtures of the entropy room: each implementation of the coder, and tables."""

import pytest

from fovea.entropy import FrequencyTables, reference


@pytest.fixture(scope="session", params=["c", "python"])
def implementation(request):
    return reference if request.param == "python" else request.getfixturevalue("compiled")


@pytest.fixture(scope="session")
def compiled():
    # One that is there but does not load is no reason to skip.
    return pytest.importorskip(
        "fovea.entropy._rans", reason="the C extension is not built", exc_type=ModuleNotFoundError
    )


@pytest.fixture(scope="session")
def tables():
    return FrequencyTables.gaussian()
