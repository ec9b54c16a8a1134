# SPDX-License-Identifier: Apache-2.0
"""Holds every answer of the API that the suite sees against the document that `peerage openapi` publishes.

harness.request calls look() for each exchange; conftest.py fails the test that saw something which does not fit;
test_zz_openapi.py fails when a documented operation was never answered with 200. jsonschema is Debian's
python3-jsonschema or PyPI's. Must never: change an answer, or look at another listener than the API.
"""

import functools
import json
import os
import re
import urllib.parse

import harness

findings = []  # what does not fit, as text
seen = {}      # (operationId, status) -> how often
# Answers that belong to no operation: the parser's, and those of paths that nobody documents.
ANYWHERE = {400, 401, 403, 404, 405, 406, 408, 411, 413, 414, 415, 417, 429, 431, 500, 501, 503, 505}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@functools.lru_cache(maxsize=None)
def document():
    return json.loads(harness.run("openapi", check=0).stdout)


@functools.lru_cache(maxsize=None)
def jsonschema_module():
    try:
        import jsonschema
        return jsonschema
    except ImportError:
        assert os.environ.get("CI") != "true", "python3-jsonschema is not installed; with CI=true that is a failure"
        return None


@functools.lru_cache(maxsize=None)
def validator(schema_text):
    lib = jsonschema_module()
    schema = {"allOf": [json.loads(schema_text)], "components": document()["components"]}
    checker = lib.FormatChecker(formats=[])
    checker.checks("date-time")(lambda text: not isinstance(text, str) or bool(DATE_TIME.fullmatch(text)))
    return lib.Draft7Validator(schema, format_checker=checker)


@functools.lru_cache(maxsize=None)
def paths():
    """[(compiled path, item)]: the literal ones before those with parameters, {id}:verb before {id}."""
    found = []
    for template, item in document()["paths"].items():
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part)
                          for part in re.split(r"(\{[^}]*\})", template))
        found.append(((template.count("{"), template.endswith("}")), re.compile(pattern), item))
    return [(p, item) for _, p, item in sorted(found, key=lambda f: f[0])]


def operation_of(method, path):
    for pattern, item in paths():
        if pattern.fullmatch(path):
            return item.get("get" if method == "HEAD" else method.lower())
    return None


def errors_of(schema, value):
    return [f"{'/'.join(map(str, e.absolute_path)) or 'the body'}: {e.message[:300]}"
            for e in validator(json.dumps(schema, sort_keys=True)).iter_errors(value)]


def flag(query, name):
    return dict(urllib.parse.parse_qsl(query)).get(name) == "true"


def unwrap(value, status, enveloped):
    """What envelope=true put around a single thing is taken off again; a list carries its status inside."""
    if not enveloped or not isinstance(value, dict) or set(value) != {"content", "status"}:
        return value, None
    return value["content"], None if value["status"] == status else f"the envelope says {value['status']}"


def problems(method, target, status, headers, body):
    """What is wrong with one answer: a list of sentences."""
    path, _, query = target.partition("?")
    operation = operation_of(method, path)
    if operation is not None:
        key = (operation["operationId"], status)
        seen[key] = seen.get(key, 0) + 1
    described = operation["responses"].get(str(status)) if operation else None
    if described is None:
        if operation is not None and status not in ANYWHERE:
            return [f"status {status} is not described"]
        described = {"content": {"application/json": {"schema": {"anyOf": [
            {"$ref": "#/components/schemas/ApiError"}, {"$ref": "#/components/schemas/AuthenticationError"},
            {"$ref": "#/components/schemas/OAuthError"}]}}}}
    if method == "HEAD":
        return ["a HEAD answer has a body"] if body else []
    content = described.get("content", {})
    if not content:
        return [f"{len(body)} bytes where the document has no body"] if body else []
    kind = headers.get("content-type", "").split(";")[0].strip()
    if kind not in content:
        return [f"Content-Type {kind!r} is not described, only {sorted(content)}"]
    try:
        value = json.loads(body)
    except ValueError as e:
        return [f"no JSON: {e}"]
    value, bad = unwrap(value, status, flag(query, "envelope"))
    return ([bad] if bad else []) + errors_of(content[kind]["schema"], value)


def look(method, target, status, headers, body):
    if jsonschema_module() is None or not target.startswith("/api/") or not method.isalpha():
        return
    for problem in problems(method, target, status, headers, body):
        findings.append(f"{method} {target} -> {status}: {problem}\n    {body[:300]!r}")


harness.observers.append(look)
