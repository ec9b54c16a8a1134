# SPDX-License-Identifier: Apache-2.0
"""Generated pipelines read by our parser and by h11: 20,000 in check, $PEERAGE_PIPELINES in soak (a million)."""

import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's h11


def run(*args):
    done = subprocess.run([PYTHON, str(HERE / "pipeline_diff.py"), *args], capture_output=True, text=True, timeout=3000)
    print(done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module", autouse=True)
def h11_there():
    if subprocess.run([PYTHON, "-c", "import h11"], capture_output=True).returncode != 0:
        pytest.fail("python3-h11 is missing: apt-get install python3-h11")


def test_nothing_is_read_differently():
    count = os.environ.get("PEERAGE_PIPELINES", "20000")
    done = run("--count", count, "--seed", os.environ.get("PEERAGE_SEED", "1"))
    figures = re.search(rf"^{count} pipelines, (\d+) requests read alike, (\d+) read differently", done.stdout, re.M)
    assert done.returncode == 0 and figures, done.stdout + done.stderr
    assert int(figures[1]) > int(count) // 3, "the generator makes too few good requests to prove anything"
    assert int(figures[2]) == 0


def test_a_dead_reader_is_noticed():
    done = run("--count", "50", "--jobs", "1", "--batch", "/bin/false")
    assert done.returncode == 1 and "50 read differently" in done.stdout
