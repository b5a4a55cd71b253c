"""Each implementation of the coder, and frequency tables."""

import pytest

from fovea.entropy import FrequencyTables, reference


@pytest.fixture(scope="session", params=["c", "python"])
def implementation(request):
    return reference if request.param == "python" else request.getfixturevalue("compiled")


@pytest.fixture(scope="session")
def compiled():
    # The tests are skipped only if there is no extension. One that does not load is a failure.
    return pytest.importorskip(
        "fovea.entropy._rans", reason="the C extension is not built", exc_type=ModuleNotFoundError
    )


@pytest.fixture(scope="session")
def tables():
    return FrequencyTables.gaussian()
