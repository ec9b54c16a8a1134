# SPDX-License-Identifier: Apache-2.0
"""Fixtures and markers of the system tests.

`dev` (fresh, one a test) and `shared_dev` (one a module, for tests that only read); `wire` and `sdk`, the Go clients;
`moto`, a moto server. Markers: needs_go and needs_pypi(*modules) say what a test cannot do without. Where that is
missing the test is skipped, loudly and counted; with CI=true it fails instead. Every answer of the API that
harness.request sees is held against the published OpenAPI document (openapi_check.py).
"""

import importlib.util
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import clients  # noqa: E402  (needs the path above)
import harness  # noqa: E402
import openapi_check  # noqa: E402

CI = os.environ.get("CI") == "true"


def pytest_configure(config):
    for line in ("needs_go: builds and runs a Go client", "needs_pypi(*modules): needs these modules from PyPI"):
        config.addinivalue_line("markers", line)


def missing(why):
    if CI:
        pytest.fail(f"{why}; with CI=true that is a failure", pytrace=False)
    pytest.skip(f"{why}: THIS TEST DID NOT RUN")


def pytest_runtest_setup(item):
    if item.get_closest_marker("needs_go"):
        try:
            clients.go_tool()
        except clients.Missing as e:
            missing(str(e))
    for mark in item.iter_markers("needs_pypi"):
        for module in mark.args:
            if importlib.util.find_spec(module) is None:
                missing(f"the Python module {module} is not installed (tests/system/requirements.txt)")


@pytest.fixture(scope="session", autouse=True)
def built_binary():
    if not pathlib.Path(harness.binary()).exists():
        pytest.exit(f"{harness.binary()} is missing: run `make build`", returncode=2)


@pytest.fixture(autouse=True)
def published_document(built_binary):
    """What the test saw of the API and what does not fit the document fails the test that saw it."""
    before = len(openapi_check.findings)
    yield
    new = openapi_check.findings[before:]
    assert not new, "answers that the OpenAPI document does not allow:\n" + "\n".join(new)


@pytest.fixture
def dev(tmp_path):
    with harness.Dev(tmp_path) as d:
        yield d


@pytest.fixture(scope="module")
def shared_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("shared")) as d:
        yield d


def go_program(name):
    try:
        return clients.build(name)
    except clients.Missing as e:
        return missing(str(e))


@pytest.fixture(scope="session")
def wire():
    """The requests of the `atlas` command, by its own libraries."""
    return go_program("wire")


@pytest.fixture(scope="session")
def sdk():
    """The Atlas Go SDK. $PEERAGE_SDK_CLIENT may name a program that was built elsewhere from tests/clients/sdk.

    A Go module proxy may refuse the SDK's module. Then nothing here can build it, with CI=true neither, and the tests
    are skipped and counted; PEERAGE_REQUIRE_SDK=1 makes that a failure.
    """
    try:
        return clients.build("sdk")
    except clients.Refused as e:
        if os.environ.get("PEERAGE_REQUIRE_SDK") == "1":
            pytest.fail(f"{e}; with PEERAGE_REQUIRE_SDK=1 that is a failure", pytrace=False)
        return pytest.skip(f"{e}: THIS TEST DID NOT RUN")
    except clients.Missing as e:
        return missing(str(e))


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with clients.Moto(tmp_path_factory.mktemp("moto")) as server:
        yield server
