# SPDX-License-Identifier: Apache-2.0
"""Rate limits that the operator sets for one scope: over the API and by command, at once, across a restart, and shown by
Atlas' own route to whom they are of.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import json

import pytest

from harness import V2023_02, Serve, digest_request, run

LIMITS = "/api/peerage/v1/limits"
RULE = {"capacity": 7, "refillDurationSeconds": 3600, "refillRate": 2}


@pytest.fixture(name="serve")
def running(tmp_path):
    with Serve(tmp_path) as s:
        s.operator = s.command("key", "create", "--role", "GLOBAL_OWNER")
        s.secrets.add(s.operator["privateKey"])
        yield s


def ask(s, method, target, body=None, key=None, accept="application/json"):
    key = key or s.operator
    status, headers, answer = digest_request(s.url, method, target, accept=accept, user=key["publicKey"],
                                             password=key["privateKey"], body=json.dumps(body) if body else None,
                                             headers={"Content-Type": "application/json"} if body else None)
    return status, json.loads(answer) if answer else None, headers


def shown(s, group):
    status, found, _ = ask(s, "GET", f"/api/atlas/v2/rateLimits/streams_group?groupId={group}", key=s.owner,
                           accept="application/vnd.atlas.2025-03-12+json")
    assert status == 200, found
    return found


def remaining(s, group):
    _, _, headers = ask(s, "GET", f"/api/atlas/v2/groups/{group}/streams/vpcPeeringConnections"
                                  "?requesterAccountId=111122223333", key=s.owner, accept=V2023_02)
    return int(headers["ratelimit-limit"]), int(headers["ratelimit-remaining"])


def test_a_limit_holds_at_once_and_across_a_restart(serve):
    group = serve.owner["projectId"]
    one = f"{LIMITS}/streams_group/{group}"
    assert remaining(serve, group) == (1200, 1199)
    assert ask(serve, "GET", one)[0] == 404
    status, made, _ = ask(serve, "PUT", one, RULE)
    assert status == 200 and list(made) == sorted(made)
    assert {**RULE, "endpointSetId": "streams_group", "endpointSetName": "Streams", "scope": "GROUP",
            "scopeId": group}.items() <= made.items()
    assert remaining(serve, group) == (7, 6)
    found = shown(serve, group)
    assert found["capacity"] == {"defaultValue": 1200, "value": 7} and found["refillRate"]["value"] == 2
    assert ask(serve, "PUT", one, {**RULE, "capacity": 100})[0] == 200
    assert remaining(serve, group) == (100, 5)  # more room, no more tokens
    assert ask(serve, "GET", LIMITS)[1]["results"] == [ask(serve, "GET", one)[1]]
    assert serve.stop() == 0
    serve.start()
    assert remaining(serve, group) == (100, 99)
    assert ask(serve, "DELETE", one)[0] == 204 and ask(serve, "DELETE", one)[0] == 404
    assert remaining(serve, group)[0] == 1200 and "defaultValue" not in shown(serve, group)["capacity"]
    exported = run("event", "export", "--config", serve.config, check=0).stdout.splitlines()
    told = [(e["type"], e["resource"]) for e in map(json.loads, exported) if "LIMIT" in e["type"]]
    assert told == [("PEERAGE_LIMIT_SET", group)] * 2 + [("PEERAGE_LIMIT_LIFTED", group)]


def test_what_does_not_exist_and_what_is_out_of_bounds(serve):
    group = serve.owner["projectId"]
    for target in (f"streams_group/{'0' * 24}", f"no_such_set/{group}", "oauth_token/127.0.0.1", "streams_group/x",
                   f"organizations_org/{group}", "projects_user/nobodyxx", "root_ip/300.1.1.1"):
        status, refused, _ = ask(serve, "PUT", f"{LIMITS}/{target}", RULE)
        assert (status, refused["errorCode"]) == (404, "RESOURCE_NOT_FOUND"), target
    one = f"{LIMITS}/streams_group/{group}"
    for field, value in (("capacity", 0), ("capacity", 1000001), ("refillRate", 0), ("refillDurationSeconds", 86401),
                         ("refillDurationSeconds", -1)):
        status, refused, _ = ask(serve, "PUT", one, {**RULE, field: value})
        assert (status, refused["errorCode"]) == (400, "INVALID_ATTRIBUTE") and field in refused["detail"]
    for body in ({"capacity": 7}, {**RULE, "scopeId": group}, {**RULE, "more": 1}):
        assert ask(serve, "PUT", one, body)[0] == 400
    for method, target, body in (("GET", LIMITS, None), ("GET", one, None), ("PUT", one, RULE), ("DELETE", one, None)):
        status, refused, _ = ask(serve, method, target, body, key=serve.owner)
        assert (status, refused["errorCode"]) == (401, "USER_UNAUTHORIZED")
    assert ask(serve, "GET", LIMITS)[1]["totalCount"] == 0


def test_each_kind_of_scope_and_what_goes_with_it(serve):
    org = serve.command("org", "list")["results"][0]["id"]
    made = serve.command("key", "create", "--role", "ORG_MEMBER")
    serve.secrets.add(made["privateKey"])
    for target in (f"organizations_org/{org}", f"projects_user/{made['publicKey']}", "root_ip/192.0.2.1"):
        assert ask(serve, "PUT", f"{LIMITS}/{target}", RULE)[0] == 200, target
    assert [row["scope"] for row in ask(serve, "GET", LIMITS)[1]["results"]] == ["ORGANIZATION", "USER", "IP"]
    serve.command("key", "delete", made["publicKey"])
    assert [row["scopeId"] for row in ask(serve, "GET", LIMITS)[1]["results"]] == [org, "192.0.2.1"]


@pytest.mark.parametrize("daemon", [False, True])
def test_the_commands(tmp_path, daemon):
    s = Serve(tmp_path)
    if daemon:
        s.start()
    group = s.owner["projectId"]
    made = s.command("limit", "set", "streams_group", group, "--capacity", "9", "--refill", "3")
    assert (made["capacity"], made["refillRate"], made["refillDurationSeconds"]) == (9, 3, 60)
    assert s.command("limit", "list")["results"] == [made]
    if daemon:
        assert remaining(s, group) == (9, 8)
    assert s.command("limit", "remove", "streams_group", group) == {"removed": group}
    assert s.command("limit", "list")["results"] == []
    s.command("limit", "set", "streams_group", "nothing", "--capacity", "9", "--refill", "3", check=66, json_out=False)
    if daemon:
        s.end()
