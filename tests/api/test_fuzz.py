"""Requests made up from the OpenAPI document, with a token and without: `make fuzz` for more of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sample_lake as maker
from api_live import Server

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")
SEED = os.environ.get("FUZZ_SEED", "1")
# A token that outlives a long run.
ISSUE = """
from datetime import timedelta
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken
token = AccessToken.for_user(User.objects.get(username="demo"))
token.set_exp(lifetime=timedelta(hours=2))
print(token)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    lake = f"file://{tmp_path_factory.mktemp('fuzz')}/lake"
    maker.build(lake, 100)
    with Server(tmp_path_factory.mktemp("server"), lake, API_LOGIN_RATE="999999") as running:
        yield running


def fuzz(server: Server, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run every check but the one that takes any text for a good filter."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/api/schema/"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--no-color"),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--generation-database", "none"),
    ]
    return subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False, timeout=120 + 5 * int(EXAMPLES)
    )


@pytest.mark.parametrize(
    "signed_in", [True, pytest.param(False, marks=pytest.mark.long)], ids=["with a token", "without"]
)
def test_no_request_gets_a_failure_or_an_answer_that_is_not_documented(
    signed_in: bool, server: Server, tmp_path: Path
) -> None:
    server.log_in("demo", "--groups", "engineer")
    token = server.manage("shell", "-v0", "-c", ISSUE).strip()
    done = fuzz(server, tmp_path, *(("--header", f"Authorization: Bearer {token}") if signed_in else ()))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: " in done.stdout
    log = server.log.read_text()
    assert "Traceback" not in log
    assert " 500 " not in log
