# SPDX-License-Identifier: Apache-2.0
"""What clients look up about the server itself: event types, rate limits, networks as containers, and addresses."""

import re

import pytest

import harness
from harness import V2023_01, V2024_11
from tenancy import command, demo_owner, new_caller
from world import UNKNOWN_GROUP, Connection, raw

V2025_03 = "application/vnd.atlas.2025-03-12+json"
LIMITS = "/api/atlas/v2/rateLimits"
LIMIT_ROW = re.compile(r'^LIMIT\((\w+), "([^"]+)", "([^"]+)", (\w+), (\d+), (\d+), (\d+)\)$', re.MULTILINE)


def table(name):
    return (harness.ROOT / "spec" / name).read_text(encoding="utf-8")


@pytest.fixture
def owner(shared_dev):
    return demo_owner(shared_dev)


def refused(answer, status, code, *parameters):
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.json()["parameters"] == list(parameters)


# ---- event types -------------------------------------------------------------------------------------------

def test_event_types_are_those_of_the_table(owner):
    rows = re.findall(r'^EVENT\(\w+, "(\w+)", "((?:[^"\\]|\\.)*)"\)', table("events.def"), re.MULTILINE)
    first = owner.get("/api/atlas/v2/eventTypes?itemsPerPage=10").json()
    assert first["totalCount"] == len(rows) and [k["rel"] for k in first["links"]] == ["self", "next"]
    every = owner.get("/api/atlas/v2/eventTypes?itemsPerPage=500").json()["results"]
    assert [(e["eventType"], e["description"], e["alertable"]) for e in every] == [(*r, False) for r in rows]
    assert first["results"] == every[:10]
    assert owner.get("/api/atlas/v2/eventTypes?itemsPerPage=10&pageNum=2").json()["results"] == every[10:20]
    assert owner.get("/api/atlas/v2/eventTypes?pageNum=99").json()["results"] == []
    assert owner.get("/api/atlas/v2/eventTypes?includeCount=false").json()["totalCount"] == 0


# ---- rate limits -------------------------------------------------------------------------------------------

SCOPES = {"GROUP": "GROUP", "ORG": "ORGANIZATION", "USER": "USER", "IP": "IP"}


def limit_rows():
    return {set_id: (name, SCOPES[scope], int(capacity), int(refill), int(seconds))
            for _, set_id, name, scope, capacity, refill, seconds in LIMIT_ROW.findall(table("limits.def"))
            if scope in SCOPES}


def test_all_limits_with_the_operations_that_share_them(owner):
    listed = owner.get(f"{LIMITS}?itemsPerPage=500", V2025_03).json()
    found = {s["endpointSetId"]: (s["endpointSetName"], s["scope"], s["capacity"]["value"], s["refillRate"]["value"],
                                  s["refillDurationSeconds"]["value"]) for s in listed["results"]}
    assert found == limit_rows() and listed["totalCount"] == len(found)
    assert not any("defaultValue" in s[k] for s in listed["results"] for k in ("capacity", "refillRate"))
    streams = next(s for s in listed["results"] if s["endpointSetId"] == "streams_group")
    assert {"method": "GET", "path": "/api/atlas/v2/groups/{groupId}/streams/accountDetails"} in streams["endpoints"]
    assert owner.get(f"{LIMITS}/streams_group", V2025_03).json() == streams
    refused(owner.get(f"{LIMITS}/oauth_token", V2025_03), 404, "RESOURCE_NOT_FOUND",
            "endpoint set with id oauth_token")
    refused(owner.get(LIMITS, V2024_11), 406, "INVALID_VERSION_DATE")


def test_filters_of_the_list(owner, shared_dev):
    org, group = shared_dev["ORG_ID"], shared_dev["GROUP_ID"]
    every = owner.get(f"{LIMITS}?itemsPerPage=500", V2025_03).json()["results"]

    def ids(query):
        return [s["endpointSetId"] for s in owner.get(f"{LIMITS}?{query}", V2025_03).json()["results"]]
    assert ids("name=Projects") == [s["endpointSetId"] for s in every if s["endpointSetName"] == "Projects"]
    assert set(ids("name=Root&name=Streams")) == {"root_user", "root_ip", "streams_group"}
    assert ids("endpointPath=%2Fapi%2Fatlas%2Fv2%2Fgroups%2F%7BgroupId%7D%2Fevents") == ["events_group"]
    assert ids("endpointPath=/nowhere") == [] == ids("name=x")
    for query, scope in ((f"groupId={group}", "GROUP"), (f"orgId={org}", "ORGANIZATION"),
                         (f"userId={owner.user}", "USER"), ("ipAddress=127.0.0.1", "IP")):
        assert ids(query) == [s["endpointSetId"] for s in every if s["scope"] == scope], query
    assert ids(f"groupId={group}&name=Projects") == ["projects_group"]
    assert owner.get(f"{LIMITS}/projects_group?groupId={group}", V2025_03).status == 200
    refused(owner.get(f"{LIMITS}/projects_user?groupId={group}", V2025_03), 404, "RESOURCE_NOT_FOUND",
            "endpoint set with id projects_user")


def test_nobody_sees_the_limits_of_others(owner, shared_dev):
    org, group = shared_dev["ORG_ID"], shared_dev["GROUP_ID"]
    member = new_caller(shared_dev, "ORG_MEMBER")
    refused(member.get(f"{LIMITS}?groupId={group}", V2025_03), 401, "NOT_IN_GROUP")
    refused(member.get(f"{LIMITS}/streams_group?groupId={group}", V2025_03), 401, "NOT_IN_GROUP")
    refused(member.get(f"{LIMITS}?orgId={org}", V2025_03), 401, "USER_UNAUTHORIZED")
    refused(member.get(f"{LIMITS}?userId={owner.user}", V2025_03), 401, "USER_UNAUTHORIZED")
    refused(member.get(f"{LIMITS}?ipAddress=127.0.0.2", V2025_03), 401, "USER_UNAUTHORIZED")
    assert member.get(LIMITS, V2025_03).status == 200
    for name, value in (("groupId", "x"), ("orgId", "A" * 24), ("ipAddress", "1.2.3")):
        refused(owner.get(f"{LIMITS}?{name}={value}", V2025_03), 400, "INVALID_QUERY_PARAMETER", name)
    refused(owner.get(f"{LIMITS}?groupId={group}&orgId={org}", V2025_03), 400, "INVALID_QUERY_PARAMETER", "orgId")
    refused(owner.get(f"{LIMITS}?groupId={UNKNOWN_GROUP}", V2025_03), 404, "GROUP_NOT_FOUND", UNKNOWN_GROUP)
    refused(owner.get(f"{LIMITS}?orgId={UNKNOWN_GROUP}", V2025_03), 404, "ORG_NOT_FOUND", UNKNOWN_GROUP)


def test_an_override_shows_with_the_default_that_it_replaces(tmp_path):
    with harness.Serve(tmp_path) as s:
        group = s.owner["projectId"] if "projectId" in s.owner else s.owner["groupId"]
    extra = f"[limit streams_group {group}]\ncapacity = 7\nrefill = 3\nseconds = 60\n"
    with harness.Serve(tmp_path, extra=extra, init=False) as again:
        status, _, body = harness.digest_request(again.url, "GET", f"{LIMITS}/streams_group?groupId={group}", V2025_03,
                                                 user=s.owner["publicKey"], password=s.owner["privateKey"])
        assert status == 200
        shown = harness.json.loads(body)
        assert shown["capacity"] == {"defaultValue": 1200, "value": 7}
        assert shown["refillRate"] == {"defaultValue": 500, "value": 3}
        assert shown["refillDurationSeconds"] == {"value": 60}


# ---- networks as containers --------------------------------------------------------------------------------

def test_networks_are_shown_as_containers(shared_dev, owner):
    shared_dev.wait_scanned()
    path = f"/api/atlas/v2/groups/{shared_dev['GROUP_ID']}/containers"
    network = command(shared_dev, "network", "list")["results"][0]
    listed = owner.get(path).json()
    assert listed["totalCount"] == 1
    shown = listed["results"][0]
    assert list(shown) == sorted(shown)
    assert shown == {"atlasCidrBlock": shown["atlasCidrBlock"], "id": network["id"], "providerName": "AWS",
                     "provisioned": True, "regionName": shared_dev.env["PEERAGE_DEMO_REGION"].upper().replace("-", "_"),
                     "vpcId": shared_dev["ACCEPTER_VPC_ID"]}
    assert re.fullmatch(r"[\d.]+/\d+", shown["atlasCidrBlock"])
    assert owner.get(f"{path}?providerName=AWS&pageNum=2").json()["results"] == []
    for provider in ("AZURE", "GCP"):
        assert owner.get(f"{path}?providerName={provider}").json()["totalCount"] == 0
    assert owner.get(f"{path}?includeCount=false").json()["totalCount"] == 0
    refused(owner.get(f"{path}?providerName=aws"), 400, "INVALID_QUERY_PARAMETER", "providerName")
    everything = owner.get(f"{path}/all").json()
    assert everything["results"] == listed["results"] and everything["totalCount"] == 1
    assert owner.get(f"{path}/all?pageNum=2").json()["results"] == []
    assert owner.get(f"{path}/all?includeCount=false").json()["totalCount"] == 0
    one = f"{path}/{network['id']}"
    assert owner.get(one).json() == shown
    reader, member = new_caller(shared_dev, "GROUP_READ_ONLY"), new_caller(shared_dev, "ORG_MEMBER")
    for target in (path, f"{path}/all", one):
        refused(member.get(target), 401, "NOT_IN_GROUP")
        assert reader.get(target).status == 200


def test_a_container_of_another_project_is_as_none(shared_dev, owner):
    network = command(shared_dev, "network", "list")["results"][0]["id"]
    other = owner.ask("POST", "/api/atlas/v2/groups", {"name": "without", "orgId": shared_dev["ORG_ID"]}).json()["id"]
    path = f"/api/atlas/v2/groups/{other}/containers"
    assert owner.get(f"{path}/all").json()["results"] == []
    for absent in (network, "0" * 24):
        refused(owner.get(f"{path}/{absent}"), 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND", absent, other)
    short = f"{path}/{network[1:]}"
    refused(owner.get(short), 400, "PATH_PARAM_PARSE_ERROR", short)


# ---- without a credential ----------------------------------------------------------------------------------

PLANE = "/api/atlas/v2/unauth/controlPlaneIPAddresses"


def test_control_plane_addresses_need_no_credential(shared_dev):
    answer = raw(shared_dev.url, "GET", PLANE, [("Accept", "application/vnd.atlas.2023-11-15+json")])
    assert (answer.status, answer.body) == (200, b'{"inbound":{},"outbound":{}}')
    assert answer["Content-Type"] == "application/vnd.atlas.2023-11-15+json;charset=utf-8"
    assert answer["RateLimit-Limit"] == "400"
    enveloped = raw(shared_dev.url, "GET", f"{PLANE}?envelope=true", [("Accept", V2024_11)])
    assert enveloped.body == b'{"content":{"inbound":{},"outbound":{}},"status":200}'
    refusals = [("GET", PLANE, V2023_01, 406), ("GET", f"{PLANE}?envelope=x", V2024_11, 400),
                ("POST", PLANE, V2024_11, 405), ("GET", "/api/atlas/v2/unauth/other", V2024_11, 404)]
    for method, target, accept, status in refusals:
        answer = raw(shared_dev.url, method, target, [("Accept", accept)])
        assert answer.status == status and answer["X-Error-Code"], answer.body


def test_control_plane_addresses_are_limited_by_address(dev):
    fields = [("Accept", V2024_11)]
    with Connection(dev.url, "127.0.0.77") as c:
        left = [int(c.ask("GET", PLANE, fields)["RateLimit-Remaining"]) for _ in range(400)]
        assert left[0] == 399 and (left[-1] == 0 or left[-1] == 100)  # a refill may fall into it
        while (answer := c.ask("GET", PLANE, fields)).status == 200:
            pass
        assert (answer.status, answer["X-Error-Code"]) == (429, "RATE_LIMITED_TOKEN_BUCKET")
    assert raw(dev.url, "GET", PLANE, fields, source="127.0.0.78").status == 200
