"""Fixtures of the entropy room: each implementation of the coder, and tables."""

import pytest

from fovea.entropy import FrequencyTables, reference


@pytest.fixture(scope="session", params=["c", "python"])
def implementation(request):
    if request.param == "python":
        return reference
    return pytest.importorskip("fovea.entropy._rans", reason="the C extension is not built")


@pytest.fixture(scope="session")
def compiled():
    return pytest.importorskip("fovea.entropy._rans", reason="the C extension is not built")


@pytest.fixture(scope="session")
def tables():
    return FrequencyTables.gaussian()
