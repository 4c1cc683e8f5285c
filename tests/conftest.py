"""Fixtures that every test folder may use."""

from lake_fixture import sample_lake as sample_lake
from stack import stack as stack
