# SPDX-License-Identifier: Apache-2.0
"""The published OpenAPI document: sound in itself, able to refuse, and answered for in full by the suite before it.

The name sorts last: by now the other files have run, and openapi_check.py has counted what they saw.
"""

import json

import pytest

import harness
import openapi_check


def success(operation):
    """The one status of a success: 200, or 202 for what is only recorded."""
    found = [int(s) for s in operation["responses"] if s.startswith("2")]
    return found[0] if len(found) == 1 else None


def test_the_document_is_sound():
    document = openapi_check.document()
    assert document["openapi"].startswith("3.0.")
    schemas = document["components"]["schemas"]
    refs = set(harness.re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert refs <= set(schemas), f"dangling: {refs - set(schemas)}"
    operations = [o["operationId"] for item in document["paths"].values() for o in item.values()]
    assert len(operations) == len(set(operations))
    for item in document["paths"].values():
        for operation in item.values():
            assert success(operation), operation["operationId"]


def test_the_check_can_fail():
    if openapi_check.jsonschema_module() is None:
        pytest.skip("python3-jsonschema is not installed")
    path, good = "/api/atlas/v2/groups", {"links": [], "results": [], "totalCount": 0}
    kind = {"content-type": "application/vnd.atlas.2023-01-01+json;charset=utf-8"}

    def check(value, headers=None, status=200, target=path):
        return openapi_check.problems("GET", target, status, headers or kind, json.dumps(value).encode())
    before = dict(openapi_check.seen)
    try:
        assert check(good) == []
        assert check({**good, "more": 1})                     # a field that nobody documents
        assert check({"links": [], "results": []})            # one that is missing
        assert check({**good, "totalCount": "0"})             # of the wrong type
        assert check(good, {"content-type": "text/html"})     # of the wrong kind
        assert check(good, status=201)                        # a status that nobody documents
        assert check({"content": {}, "status": 200}, target=path + "?envelope=true")
        assert check({"error": 404}, {"content-type": "application/json"}, 404)
    finally:
        openapi_check.seen.clear()
        openapi_check.seen.update(before)


def test_every_documented_success_was_seen(request):
    if openapi_check.jsonschema_module() is None:
        pytest.skip("python3-jsonschema is not installed")
    ran = {item.path.name for item in request.session.items}
    if not {"test_contract.py", "test_decisions.py"} <= ran:
        pytest.skip("only a part of the suite ran")
    missing = [o["operationId"] for item in openapi_check.document()["paths"].values() for o in item.values()
               if not openapi_check.seen.get((o["operationId"], success(o)))]
    assert not missing, f"documented and never answered with success in this suite: {missing}"
