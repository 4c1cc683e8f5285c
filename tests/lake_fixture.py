"""The sample lake as a fixture, made once for all tests that only read it."""

import pytest
import sample_lake as maker


@pytest.fixture(scope="session")
def sample_lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of a lake with 300 records a dataset; a test that changes tables builds its own."""
    url = (tmp_path_factory.mktemp("sample") / "lake").as_uri()
    maker.copy(url)
    return url
