# SPDX-License-Identifier: Apache-2.0
"""Runs tests/support/cloud_probe, the cloud layer as a command.

Called by: tests that set it against other EC2 servers. Must never: pass on the caller's own AWS environment.
The program is $CLOUD_PROBE, else build/tests/support/cloud_probe.
"""

import json
import os
import pathlib
import subprocess

import pytest

import harness

PROBE = os.environ.get("CLOUD_PROBE") or str(
    pathlib.Path(harness.binary()).resolve().parent / "tests" / "support" / "cloud_probe"
)


@pytest.fixture(scope="session", autouse=True)
def built_binary():
    """Instead of conftest's: these tests need the probe only."""
    if not pathlib.Path(PROBE).exists():
        pytest.skip(f"{PROBE} is missing: run `make build`")


def probe(args, url, **env):
    """The answers to one question: a dict, or a list of them with --repeat."""
    env = {"AWS_ENDPOINT_URL": url, "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **env}
    run = subprocess.run([PROBE, *map(str, args)], env=env, capture_output=True, timeout=60, text=True)
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return answers if "--repeat" in args else answers[0]
