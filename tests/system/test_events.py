# SPDX-License-Identifier: Apache-2.0
"""The Events resource on a running demo, byte for byte where Atlas was recorded; a connection's history; the export of
the audit log with its cursor."""

import json
import re
import subprocess

import pytest

import harness
from harness import V2023_01, run
from world import UNKNOWN_GROUP, World, error_body

pytestmark = pytest.mark.usefixtures("built_binary")

UNKNOWN = UNKNOWN_GROUP
GROUP_KEYS = ["apiKeyId", "created", "eventTypeName", "groupId", "id", "isGlobalAdmin", "links", "orgId", "publicKey",
              "remoteAddress", "resourceId", "resourceType", "targetPublicKey", "username", "whitelistEntry"]


class EventWorld(World):
    def __init__(self, dev):
        super().__init__(dev)
        self.org = self.get(f"/api/atlas/v2/groups/{self.group}", V2023_01).json()["orgId"]
        self.events = f"/api/atlas/v2/groups/{self.group}/events"
        self.org_events = f"/api/atlas/v2/orgs/{self.org}/events"

    def ask(self, target, **more):
        return self.get(target, V2023_01, **more)


@pytest.fixture(scope="module")
def world(shared_dev):
    shared_dev.wait_scanned()
    return EventWorld(shared_dev)


def rows(answer):
    assert answer.status == 200, answer.body
    return answer.json()["results"]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# ---- shape -------------------------------------------------------------------------------------------------

def test_a_project_list_byte_for_byte(world):
    query = "?includeCount=false&includeRaw=false&minDate=2024-08-09T03%3A06%3A48Z"
    answer = world.ask(world.events + query)
    assert answer["Content-Type"] == "application/vnd.atlas.2023-01-01+json;charset=utf-8"
    assert answer["RateLimit-Limit"] == "300"
    value = answer.json()
    assert answer.body == compact(value)
    assert list(value) == ["links", "results", "totalCount"] and value["totalCount"] == 0
    assert value["links"] == [{"href": f"{world.url}{world.events}{query}&pageNum=1&itemsPerPage=100", "rel": "self"}]
    assert value["results"]
    for event in value["results"]:
        assert list(event) == [k for k in GROUP_KEYS if k in event]
        assert "orgId" not in event and event["groupId"] == world.group and event["isGlobalAdmin"] is False
        assert event["links"] == [{"href": f"{world.url}{world.events}/{event['id']}", "rel": "self"}]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["created"])
    times = [e["created"] for e in value["results"]]
    assert times == sorted(times, reverse=True)


def test_the_scan_s_discovery_is_an_event(world):
    found = rows(world.ask(f"{world.events}?eventType=PEERAGE_CONNECTION_DISCOVERED"))
    assert [e["resourceId"] for e in found].count(world.dev["PEERING_NAME"]) == 1
    event = next(e for e in found if e["resourceId"] == world.dev["PEERING_NAME"])
    assert event["resourceType"] == "vpcPeeringConnection" and event["username"] == "scanner"
    single = world.ask(f"{world.events}/{event['id']}")
    assert (single.status, single.body) == (200, compact(event))
    wrapped = world.ask(f"{world.events}/{event['id']}?envelope=true&includeRaw=true")
    assert wrapped.body == compact({"content": event, "status": 200})


def test_an_organisation_s_events(world):
    public, _ = world.key("GROUP_READ_ONLY")
    value = world.ask(world.org_events)
    assert value["RateLimit-Limit"] == "500"
    made = next(e for e in rows(value) if e.get("targetPublicKey") == public)
    assert list(made) == [k for k in GROUP_KEYS if k in made]
    assert made["eventTypeName"] == "API_KEY_CREATED" and made["orgId"] == world.org and "groupId" not in made
    assert made["links"] == [{"href": f"{world.url}/api/atlas/v2/groups/null/events/{made['id']}", "rel": "self"}]
    single = world.ask(f"{world.org_events}/{made['id']}")
    assert (single.status, single.body) == (200, compact(made))
    group = next(e for e in rows(value) if e["eventTypeName"] == "GROUP_CREATED")
    assert group["groupId"] == world.group and group["links"][0]["href"].endswith(f"{world.events}/{group['id']}")
    assert {e.get("groupId") for e in rows(value) if e["eventTypeName"] != "GROUP_CREATED"} == {None}


# ---- filters and pages -------------------------------------------------------------------------------------

def test_filters(world):
    every = rows(world.ask(world.events))
    kinds = {e["eventTypeName"] for e in every}
    assert {"GROUP_CREATED", "PEERAGE_NETWORK_ADDED", "PEERAGE_CONNECTION_DISCOVERED"} <= kinds
    two = rows(world.ask(f"{world.events}?eventType=GROUP_CREATED&eventType=PEERAGE_NETWORK_ADDED"))
    assert {e["eventTypeName"] for e in two} == {"GROUP_CREATED", "PEERAGE_NETWORK_ADDED"}
    rest = rows(world.ask(f"{world.events}?excludedEventType=GROUP_CREATED&excludedEventType=PEERAGE_NETWORK_ADDED"))
    ids = {e["id"] for e in two}
    assert [e["id"] for e in rest if e in every] == [e["id"] for e in every if e["id"] not in ids]
    assert rows(world.ask(f"{world.events}?eventType=NO_SUCH_TYPE")) == []
    last = every[-1]["created"]
    assert every[-1] in rows(world.ask(f"{world.events}?minDate={last}"))
    assert every[-1] in rows(world.ask(f"{world.events}?maxDate={last}"))
    assert rows(world.ask(f"{world.events}?minDate=2999-01-01T00:00:00Z")) == []
    assert rows(world.ask(f"{world.org_events}?maxDate=1999-01-01T00:00:00Z")) == []


def test_pages(world):
    until = rows(world.ask(world.events))[-1]["created"]  # a fixed set: what comes later is outside
    target = f"{world.events}?maxDate={until}"
    whole = world.ask(target).json()
    one = world.ask(f"{target}&itemsPerPage=1").json()
    assert whole["totalCount"] == one["totalCount"] == len(whole["results"]) >= 1
    paged = []
    for page in range(1, whole["totalCount"] + 1):
        paged += rows(world.ask(f"{target}&itemsPerPage=1&pageNum={page}"))
    assert paged == whole["results"]
    assert rows(world.ask(f"{target}&pageNum=100")) == []


@pytest.mark.parametrize("query", ["minDate=x", "maxDate=2024-01-01", "maxDate=", "includeCount=1", "includeRaw=yes",
                                   "eventType=", "eventType=%ff", "excludedEventType", "itemsPerPage=501",
                                   "minDate=2024-01-01T00:00:00Z&minDate=2024-01-01T00:00:00Z"])
def test_bad_parameters(world, query):
    name = query.partition("=")[0]
    answer = world.ask(f"{world.events}?{query}")
    assert answer.body == error_body(400, "INVALID_QUERY_PARAMETER", f"Invalid query parameter {name} specified.",
                                     [name], "Bad Request")


# ---- not found and not allowed ----------------------------------------------------------------------------

def test_unknown_events(world):
    answer = world.ask(f"{world.events}/{UNKNOWN}")
    assert answer.body == error_body(404, "EVENT_NOT_FOUND", f"No event with ID {UNKNOWN} exists in group "
                                     f"{world.group}.", [UNKNOWN, world.group], "Not Found")
    answer = world.ask(f"{world.org_events}/{UNKNOWN}")
    assert answer.body == error_body(404, "ORG_EVENT_NOT_FOUND", f"No event with ID {UNKNOWN} exists in organization "
                                     f"{world.org}.", [UNKNOWN, world.org], "Not Found")
    in_group = rows(world.ask(f"{world.events}?eventType=PEERAGE_NETWORK_ADDED"))[0]["id"]
    assert world.ask(f"{world.org_events}/{in_group}").status == 404
    assert world.ask(f"{world.events}/x")["X-Error-Code"] == "PATH_PARAM_PARSE_ERROR"
    assert world.ask(f"/api/atlas/v2/groups/{UNKNOWN_GROUP}/events")["X-Error-Code"] == "GROUP_NOT_FOUND"
    answer = world.ask(f"/api/atlas/v2/orgs/{UNKNOWN}/events")
    assert answer.body == error_body(404, "ORG_NOT_FOUND", f"No organization with ID {UNKNOWN} exists.", [UNKNOWN],
                                     "Not Found")
    assert world.ask("/api/atlas/v2/orgs/x/events")["X-Error-Code"] == "PATH_PARAM_PARSE_ERROR"
    assert world.ask(world.events, method="POST", body=b"").status == 405
    assert world.get(world.events, "application/json").status == 406


def test_roles(dev):
    world = EventWorld(dev)  # its own: with two organisations, commands must name theirs

    def status(target, key):
        answer = world.digest(target, *key, accept=V2023_01)
        return answer.status, answer["X-Error-Code"]
    member = world.key("ORG_MEMBER")
    assert status(world.org_events, member) == (200, None)
    assert status(world.events, member)[0] == 401
    reader = world.key("GROUP_READ_ONLY")
    assert status(world.events, reader) == (200, None)
    assert status(world.org_events, reader) == (200, None)  # who is in a project is in its organisation
    other = world.command("org", "create", "Elsewhere")["id"]
    made = world.command("key", "create", "--org", other, "--role", "ORG_OWNER")
    world.dev.secrets.add(made["privateKey"])
    stranger = made["publicKey"], made["privateKey"]
    assert status(world.org_events, stranger) == (401, "USER_UNAUTHORIZED")
    assert status(world.events, stranger) == (401, "NOT_IN_GROUP")
    assert status(f"/api/atlas/v2/orgs/{other}/events", stranger) == (200, None)
    assert status(f"/api/atlas/v2/orgs/{other}/events", member) == (401, "USER_UNAUTHORIZED")


# ---- connection history --------------------------------------------------------------------------------------

def test_history_of_a_connection(world):
    name = world.dev["PEERING_NAME"]
    told = world.command("connection", "history", name)["results"]
    assert told[0]["type"] == "PEERAGE_CONNECTION_DISCOVERED" and told[0]["actor"] == "scanner"
    assert told[0]["groupId"] == world.group and json.loads(told[0]["detail"])["cloudStatus"]
    shown = [e["id"] for e in rows(world.ask(world.events)) if e.get("resourceId") == name]
    assert [e["id"] for e in told] == shown[::-1]
    table = run("connection", "history", name, "--data", world.dir, check=0).stdout.splitlines()
    assert table[0].split() == ["TIME", "TYPE", "ACTOR", "KIND", "ADDRESS", "PROJECT", "ID", "CHANGE"]
    assert len(table) == 1 + len(told)
    run("connection", "history", "pcx-00000000000000000", "--data", world.dir, check=66)
    run("connection", "history", world.group, "--data", world.dir, check=64)
    run("connection", "history", name, "--project", UNKNOWN, "--data", world.dir, check=66)


# ---- export --------------------------------------------------------------------------------------------------

def export(world, *args):
    out = run("event", "export", *args, "--data", world.dir, check=0).stdout
    return [json.loads(line) for line in out.splitlines()]


def test_the_export_resumes_where_it_ended(world):
    whole = export(world)
    cursors = [e["cursor"] for e in whole]
    assert cursors == sorted(set(cursors)) and len(whole) > 4
    for event in whole:
        assert list(event) == sorted(event)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["created"])
        assert isinstance(event.get("detail", {}), dict)
    world.key("ORG_MEMBER")  # written while someone reads
    parts, at = [], 0
    while True:
        part = export(world, "--after", at, "--limit", 2)
        if not part:
            break
        assert len(part) <= 2
        parts += part
        at = part[-1]["cursor"]
    assert parts[:len(whole)] == whole and len(parts) > len(whole)
    assert parts[-1]["cursor"] == at


def test_following_prints_what_comes(world):
    at = export(world)[-1]["cursor"]
    with subprocess.Popen([harness.binary(), "event", "follow", "--after", str(at - 1), "--data", str(world.dir)],
                          stdout=subprocess.PIPE, text=True, env=harness.clean_environment()) as process:
        first = json.loads(process.stdout.readline())
        assert first["cursor"] == at
        public, _ = world.key("ORG_MEMBER")
        told = json.loads(process.stdout.readline())
        assert told["resource"] == public and told["cursor"] == at + 1
        process.terminate()
    run("event", "follow", "--after", "x", "--data", world.dir, check=64)
    run("event", "follow", "--after", 10**12, "--data", world.dir, check=65)


def test_a_cursor_beyond_the_end_is_no_silence(world):
    done = run("event", "export", "--after", 10**12, "--data", world.dir, check=65)
    assert "older backup" in done.stderr and done.stdout == ""
    for bad in (("--after", "-1"), ("--after", "x"), ("--limit", "0"), ("--limit", "10001")):
        run("event", "export", *bad, "--data", world.dir, check=64)


def test_the_end_of_a_key_is_told(world):
    public, _ = world.key("ORG_MEMBER")
    run("key", "delete", public, "--data", world.dir, check=0)
    gone = [e for e in rows(world.ask(f"{world.org_events}?eventType=API_KEY_DELETED"))
            if e["targetPublicKey"] == public]
    assert len(gone) == 1 and gone[0]["username"] and "apiKeyId" not in gone[0]
    assert world.ask(f"{world.org_events}/{gone[0]['id']}").json() == gone[0]
