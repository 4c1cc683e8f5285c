"""Fixtures of the unit tests."""

from pathlib import Path

import pytest
from inbox_box import Box, make_box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Give an empty inbox with its lake."""
    return make_box(tmp_path)
