# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: `dev` (fresh, one a test) and `shared_dev` (one a module, for tests that only read)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402  (needs the path above)


@pytest.fixture(scope="session", autouse=True)
def built_binary():
    if not pathlib.Path(harness.binary()).exists():
        pytest.exit(f"{harness.binary()} is missing: run `make build`", returncode=2)


@pytest.fixture
def dev(tmp_path):
    with harness.Dev(tmp_path) as d:
        yield d


@pytest.fixture(scope="module")
def shared_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("shared")) as d:
        yield d
