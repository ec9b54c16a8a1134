# SPDX-License-Identifier: Apache-2.0
"""schemathesis against the published document: requests that nobody here thought of, in bounded time.

Stateless and repeatable. envelope is taken out of its copy of the document, since the wrapping is described in words
only; openapi_check.py looks at enveloped answers.
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

import harness
import openapi_check
from harness import Dev
from world import World

pytestmark = pytest.mark.needs_pypi("schemathesis")

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# 501 is an answer, not a failure: a method that nobody knows (TRACE), an operation of Atlas that is not offered.
SETTINGS = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
"""
SECONDS = 120


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("schemathesis"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        world = World(dev)
        world.bulk(30, "444444444444")
        harness.wait_until(lambda: world.list("444444444444").json()["totalCount"] == 30, "30 requests")
        yield world


def part_of(path):
    """Which run asks the operations of this path: each must end in time, however many there are."""
    if path.startswith("/api/oauth/"):
        return "oauth"
    if "apiKeys" in path or "serviceAccounts" in path:
        return "credentials"
    if "/streams/" in path or "/events" in path or path.startswith("/api/peerage/"):
        return "connections"
    return "tenants"


EXAMPLES = {"connections": 60, "tenants": 20, "credentials": 15, "oauth": 100}


def document(world, folder, part):
    """The operations of one part, with values that exist as examples."""
    published = json.loads(json.dumps(openapi_check.document()))
    examples = {"groupId": world.group, "requesterAccountId": "444444444444", "cloudProvider": "aws",
                "regionName": "US_EAST_1", "groupName": "demo", "orgId": world.dev["ORG_ID"]}
    published["paths"] = {p: item for p, item in published["paths"].items() if part_of(p) == part}
    assert published["paths"]
    for path, item in published["paths"].items():
        for operation in item.values():
            kept = [p for p in operation.get("parameters", []) if p["name"] != "envelope"]
            for parameter in kept:
                # Access lists that are suddenly required would lock the caller out of all that follows.
                if parameter["name"] in examples and not path.endswith("{orgId}/settings"):
                    parameter["example"] = examples[parameter["name"]]
            operation["parameters"] = kept
    path = pathlib.Path(folder) / "openapi.json"
    path.write_text(json.dumps(published), encoding="utf-8")
    return path


def program():
    beside = pathlib.Path(sys.executable).parent / "schemathesis"
    return str(beside) if beside.exists() else shutil.which("schemathesis")


def authorization_for(world, part):
    if part == "oauth":
        both = f"{world.dev['CLIENT_ID']}:{world.dev['CLIENT_SECRET']}"
        return f"Basic {base64.b64encode(both.encode()).decode()}"
    if part != "tenants":
        return f"Bearer {world.token}"
    owner = world.command("service-account", "create", "owner", "--role", "ORG_OWNER")
    world.dev.secrets.add(owner["secrets"][0]["secret"])
    return f"Bearer {harness.bearer_token(world.url, owner['clientId'], owner['secrets'][0]['secret'])}"


@pytest.mark.parametrize("part", sorted(EXAMPLES))
def test_requests_that_nobody_thought_of(world, tmp_path, part):
    authorization = authorization_for(world, part)
    file = document(world, tmp_path, part)
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    done = subprocess.run([
        program(), "run", str(file), "--url", world.url, "--header", f"Authorization: {authorization}", "--header",
        "Accept: application/vnd.atlas.2025-03-12+json, application/json;q=0.5", "--checks", CHECKS, "--phases",
        "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES[part]), "--generation-deterministic",
        "--request-timeout", "10", "--no-color"],
        capture_output=True, text=True, timeout=SECONDS, check=False, cwd=tmp_path,
        env=harness.clean_environment({"NO_COLOR": "1"}))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    status, _, _ = harness.request(world.dev.management, "GET", "/readyz")
    assert status == 200
