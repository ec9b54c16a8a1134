# SPDX-License-Identifier: Apache-2.0
"""Faults on demand in `peerage dev`: each is met once by an unmodified client, the page about them can be pasted, and
`peerage serve` has none."""

import http.client
import json
import os
import re
import subprocess
import time

import pytest

import harness
from harness import ROOT, Dev, Serve, bearer_request, bearer_token, clean_environment, digest_request, request

OPERATION = "listGroupStreamVpcPeeringConnections"


@pytest.fixture(scope="module", name="started")
def started_dev(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("faults"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        dev.token = bearer_token(dev)
        yield dev


@pytest.fixture(name="dev")
def dev_without_rules(started):
    clear(started)
    yield started
    clear(started)


def clear(dev):
    assert request(dev.management, "DELETE", "/dev/faults")[0] == 200
    assert rules(dev) == []


def rules(dev):
    status, headers, body = request(dev.management, "GET", "/dev/faults")
    assert status == 200 and headers["content-type"] == "application/json"
    return json.loads(body)["faults"]


def add(dev, **rule):
    status, _, body = request(dev.management, "POST", "/dev/faults", body=json.dumps(rule))
    assert status == 200, body
    return json.loads(body)["id"]


def path(dev):
    return f"/api/atlas/v2/groups/{dev['GROUP_ID']}/streams/vpcPeeringConnections" \
           f"?requesterAccountId={dev['REQUESTER_ACCOUNT_ID']}"


def ask(dev):
    return bearer_request(dev, "GET", path(dev), dev.token)


def run_of(dev, n):
    return [ask(dev)[0] for _ in range(n)]


def test_429_is_met_once_with_what_a_client_needs(dev):
    add(dev, action="status", status=429, retryAfter=2)
    status, headers, body = ask(dev)
    answer = json.loads(body)
    assert (status, answer["errorCode"], answer["error"]) == (429, "RATE_LIMITED_TOKEN_BUCKET", 429)
    assert (headers["retry-after"], headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("2", "1200", "0")
    assert ask(dev)[0] == 200


@pytest.mark.parametrize("status, code", [(500, "UNEXPECTED_ERROR"), (503, "SERVICE_UNAVAILABLE")])
def test_server_errors_are_met_once(dev, status, code):
    add(dev, action="status", status=status)
    got, headers, body = ask(dev)
    assert (got, json.loads(body)["errorCode"]) == (status, code)
    assert headers.get("retry-after") == ("1" if status == 503 else None)
    assert ask(dev)[0] == 200


def test_a_delay_comes_late_and_holds_up_nobody(dev):
    add(dev, action="delay", ms=400, operation=OPERATION)
    began = time.monotonic()
    assert ask(dev)[0] == 200
    assert time.monotonic() - began >= 0.4
    began = time.monotonic()
    assert ask(dev)[0] == 200
    assert time.monotonic() - began < 0.4


def test_a_drop_has_no_answer(dev):
    for carried_out in (False, True):
        add(dev, action="drop", carriedOut=carried_out)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(dev)
        assert ask(dev)[0] == 200


def test_a_truncated_answer_ends_early(dev):
    whole = ask(dev)[2]
    add(dev, action="truncate", bytes=20)
    with pytest.raises(http.client.IncompleteRead) as seen:
        ask(dev)
    assert seen.value.partial == whole[:20] and seen.value.expected == len(whole) - 20
    assert ask(dev)[2] == whole


def test_nth_and_times_are_respected(dev):
    add(dev, action="status", status=503, nth=3, times=2)
    assert run_of(dev, 6) == [200, 200, 503, 503, 200, 200]
    assert [(r["seen"], r["hits"]) for r in rules(dev)] == [(6, 2)]


def test_rules_follow_one_another_by_operation(dev):
    add(dev, action="status", status=500, operation=OPERATION)
    add(dev, action="status", status=503)
    groups = "/api/atlas/v2/groups"
    assert [bearer_request(dev, "GET", groups, dev.token)[0] for _ in range(2)] == [503, 200]
    assert run_of(dev, 2) == [500, 200]


def test_a_seed_repeats_a_run(dev):
    runs = []
    for _ in range(2):
        clear(dev)
        add(dev, action="status", status=500, probability=0.4, seed=11)
        runs.append(run_of(dev, 40))
    assert runs[0] == runs[1] and 5 < runs[0].count(500) < 30


def test_challenges_and_refusals_count_for_no_rule(dev):
    add(dev, action="status", status=503)
    assert bearer_request(dev, "GET", path(dev), dev.token, accept="text/html")[0] == 406
    status, _, _ = digest_request(dev, "GET", path(dev))  # a challenge, then the request
    assert status == 503
    assert [(r["seen"], r["hits"]) for r in rules(dev)] == [(1, 1)]


def test_the_token_endpoint_is_hit_by_name(dev):
    add(dev, action="drop", times=0)
    assert bearer_token(dev)
    add(dev, action="status", status=503, operation="createOauthToken")
    with pytest.raises(AssertionError, match="503"):
        bearer_token(dev)
    assert bearer_token(dev)


@pytest.mark.parametrize("rule, names", [
    ("{", ""), ("[]", "object"), ("{}", "action is missing"), ('{"action":"explode"}', "action must be"),
    ('{"action":"status","status":418}', "status must be"), ('{"action":"delay","ms":30001}', "ms must be"),
    ('{"action":"drop","nth":0}', "nth must be"), ('{"action":"drop","operation":"nothing"}', "operation must be"),
    ('{"action":"drop","action":"drop"}', ""), ('{"action":"drop","x":1}', '"x"'), ("", ""),
])
def test_a_wrong_rule_is_a_clear_400(dev, rule, names):
    status, _, body = request(dev.management, "POST", "/dev/faults", body=rule)
    assert status == 400
    assert names in json.loads(body)["error"] and json.loads(body)["error"]
    assert rules(dev) == []


def test_bounds_and_methods(dev):
    for _ in range(64):
        add(dev, action="drop", operation="getGroup")
    status, _, body = request(dev.management, "POST", "/dev/faults", body='{"action":"drop"}')
    assert status == 400 and "clear them first" in json.loads(body)["error"]
    assert len(rules(dev)) == 64
    assert request(dev.management, "POST", "/dev/faults", body=" " * 2000)[0] == 413
    status, headers, _ = request(dev.management, "PUT", "/dev/faults", body="{}")
    assert status == 405 and headers["allow"] == "GET, HEAD, POST, DELETE"
    assert request(dev.url, "GET", "/dev/faults")[0] == 401  # the API has no such path


def test_stopping_waits_for_no_delay(tmp_path):
    with Dev(tmp_path) as dev:
        add(dev, action="delay", ms=30000)
        token = bearer_token(dev)
        u = harness.urllib.parse.urlsplit(dev.url)
        c = http.client.HTTPConnection(u.hostname, u.port, timeout=20)
        c.request("GET", path(dev), headers={"Accept": harness.V2024_11, "Authorization": f"Bearer {token}"})
        harness.wait_until(lambda: rules(dev)[0]["hits"] == 1, "the hit")
        began = time.monotonic()
        dev.stop()
        assert c.getresponse().status == 200
        assert time.monotonic() - began < 10
        c.close()


def test_serve_has_no_faults(tmp_path):
    with Serve(tmp_path) as serve:
        for method in ("GET", "POST", "DELETE"):
            body = '{"action":"drop"}' if method == "POST" else None
            status, _, answer = request(serve.management, method, "/dev/faults", body=body)
            assert status == 404 and json.loads(answer)["errorCode"] == "RESOURCE_NOT_FOUND"


def test_the_page_can_be_pasted(dev):
    """Every shell block of docs/testing-clients.md, in order, in one shell; only the folder differs."""
    page = (ROOT / "docs/testing-clients.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    done = subprocess.run(["sh", "-uc", script.replace(". .peerage/demo.env", f". {dev.dir}/demo.env")],
                          env=clean_environment({"PATH": os.environ["PATH"]}), capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = [re.sub(r'^\{"id":\d+\}$', "rule", line) for line in done.stdout.split("\n")]
    expected = ["{}", "rule", "200", "429", "200"]
    expected += ["rule", "rule", "503", "503", "200"]
    expected += ["rule", "rule", "000", "curl: 52", "200", "curl: 18", "200"]
    assert lines[:len(expected)] == expected
    rest = lines[len(expected):]
    assert rest[0] == "rule" and len(rest[1:7]) == 6 and set(rest[1:7]) == {"200", "500"}
    listed = json.loads(rest[7])["faults"]
    assert listed[-1]["hits"] == rest[1:7].count("500") and listed[-1]["seen"] == 6
    assert rest[8:] == ["{}", ""]
