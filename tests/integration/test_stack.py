"""The real services: they serve, on the loopback interface alone, and stay what they are when asked twice."""

import pytest
from stack import RunningStack

pytestmark = pytest.mark.stack


def test_up_is_idempotent_and_status_tells_that_both_serve(stack: RunningStack) -> None:
    again = stack.command("up")
    assert again.returncode == 0, again.stderr
    told = stack.command("status").stdout
    assert "safe mode off, 1 live DataNodes" in told
    assert told.count("running") == 3
