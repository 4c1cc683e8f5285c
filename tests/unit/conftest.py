"""Fixtures of the unit tests."""

from pathlib import Path

import pytest
from inbox_box import Inbox, make_inbox


@pytest.fixture
def box(tmp_path: Path) -> Inbox:
    """Give an empty inbox with its lake."""
    return make_inbox(tmp_path)
