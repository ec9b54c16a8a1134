# SPDX-License-Identifier: Apache-2.0
"""A project's policy, what it would decide, and expected requests over Peerage's own API: shapes, bad input, four eyes,
and the examples of docs/policy.md.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import pytest

import harness
from tenancy import Caller, command, demo_owner, doc_examples, event_types, new_caller
from world import World

JSON = "application/json"
ACCOUNT, VPC = "222222222222", "vpc-0a0a0a0a0a0a0a0a0"
RULES = [{"accounts": [ACCOUNT], "action": "accept", "allowSharedSpace": True, "cidrs": ["10.64.0.0/12"], "name": "own",
          "vpcs": [VPC]}, {"accounts": ["*"], "action": "reject", "name": "rest"}]


class Own(Caller):
    """One caller on one project's part of /api/peerage/v1."""

    def __init__(self, caller, group):
        super().__init__(caller.url, caller.user, caller.password)
        self.base = f"/api/peerage/v1/groups/{group}"

    def own(self, method, path, body=None, status=200):
        got = self.ask(method, self.base + path, body, accept=JSON)
        assert got.status == status, (method, path, body, got)
        return got.json() if got.body else None

    def refused(self, method, path, body, status, code, words=""):
        got = self.own(method, path, body, status)
        assert got["errorCode"] == code and words in str(got), got
        return got


@pytest.fixture(scope="module")
def free_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("policy"), "--rate-limit", "off") as d:
        d.wait_scanned()
        yield d


@pytest.fixture
def project(free_dev):
    """A fresh project of the demo's organisation, with nothing in it."""
    made = demo_owner(free_dev).ask("POST", "/api/atlas/v2/groups", {"name": harness.secrets.token_hex(8),
                                                                     "orgId": free_dev["ORG_ID"]})
    assert made.status == 201, made
    return made.json()["id"]


@pytest.fixture
def owner(free_dev, project):
    return Own(demo_owner(free_dev), project)


@pytest.fixture
def demo(free_dev):
    return Own(demo_owner(free_dev), free_dev["GROUP_ID"])


def keys_sorted(value):
    if isinstance(value, dict):
        assert list(value) == sorted(value), list(value)
        for v in value.values():
            keys_sorted(v)
    if isinstance(value, list):
        for v in value:
            keys_sorted(v)


# ---- the policy ---------------------------------------------------------------------------------------------

def test_a_policy_from_nothing_to_rules_that_decide(free_dev, owner, project):
    first = owner.own("GET", "/policy")
    link = f"{free_dev.url}{owner.base}/policy"
    assert first == {"approvals": {"accepts": 1, "deletes": 0}, "enabled": False, "groupId": project,
                     "links": [{"href": link, "rel": "self"}], "rules": [], "version": 0}
    put = owner.own("PUT", "/policy", {"rules": RULES})
    assert put["rules"] == RULES and (put["version"], put["enabled"], put["actor"]) == (1, False, owner.user)
    assert put["changed"].endswith("Z") and put == owner.own("GET", "/policy")
    keys_sorted(put)
    assert owner.own("PUT", "/policy?ifVersion=1", {"rules": RULES, "links": put["links"]}) == put  # no change
    owner.refused("PUT", "/policy?ifVersion=0", {"rules": []}, 409, "POLICY_CONFLICT", "version 1")
    assert owner.own("PATCH", "/policy", {"enabled": True})["enabled"] is True
    assert owner.own("PATCH", "/policy", {})["enabled"] is True
    both = owner.own("PATCH", "/policy", {"approvals": {"accepts": 2, "deletes": 3}, "enabled": False})
    assert (both["approvals"], both["enabled"]) == ({"accepts": 2, "deletes": 3}, False)
    shown = command(free_dev, "policy", "show", "--project", project)
    assert (shown["version"], shown["enabled"], shown["actor"]) == (1, False, owner.user)
    assert sorted(map(str, shown["rules"][0].items())) == sorted(map(str, RULES[0].items()))
    assert event_types(owner, f"groups/{project}")[:-1] == [
        "PEERAGE_APPROVALS_CHANGED", "PEERAGE_POLICY_DISABLED", "PEERAGE_POLICY_ENABLED", "PEERAGE_POLICY_CHANGED"]


def test_rules_that_are_not_understood_change_nothing(owner):
    owner.own("PUT", "/policy", {"rules": RULES})
    before = owner.own("GET", "/policy")
    one = {"accounts": ["*"], "action": "hold", "name": "x"}
    for rules, words in (
            ([{**one, "acount": 1}], 'no key \\"acount\\"; the closest one is \\"accounts\\"'.replace("\\", "")),
            ([{**one, "action": "acept"}], "the closest to"), ([{"name": "x", "action": "hold"}], "no condition"),
            ([{**one, "accounts": ["12"]}], "12 digits"), ([{**one, "cidrs": ["10.0.0.1/8"]}], "host bits"),
            ([one, one], "two rules are named"), ([{**one, "accounts": []}], "array of 1 to 100"), ([5], "must be an object"),
            ([{**one, "name": f"n{i}"} for i in range(201)], "at most 200"), ({}, "must be an array"),
            ([{**one, "action": "hand-over", "project": "0" * 24}], "no other project")):
        got = owner.refused("PUT", "/policy", {"rules": rules}, 400, "INVALID_ATTRIBUTE", words)
        assert got["badRequestDetail"]["fields"][0]["field"] == "rules"
    owner.refused("PUT", "/policy", {}, 400, "MISSING_ATTRIBUTE", "rules")
    owner.refused("PUT", "/policy", {"rules": [], "enabled": True}, 400, "ATTRIBUTE_READ_ONLY", "enabled")
    owner.refused("PUT", "/policy", {"rules": [], "more": 1}, 400, "INVALID_ATTRIBUTE", "more")
    owner.refused("PUT", "/policy", b"{", 400, "MALFORMED_JSON")
    owner.refused("PUT", "/policy?ifVersion=x", {"rules": []}, 400, "INVALID_QUERY_PARAMETER", "ifVersion")
    for body, code in (({"rules": []}, "ATTRIBUTE_READ_ONLY"), ({"approvals": {"accepts": 0}}, "INVALID_ATTRIBUTE"),
                       ({"approvals": {"accepts": 6}}, "INVALID_ATTRIBUTE"), ({"approvals": {"deletes": 1}}, "INVALID_ATTRIBUTE"),
                       ({"approvals": {"deletes": -1}}, "INVALID_ATTRIBUTE"), ({"approvals": {"both": 2}}, "INVALID_ATTRIBUTE"),
                       ({"approvals": 2}, "INVALID_JSON"), ({"enabled": "yes"}, "INVALID_JSON_ATTRIBUTE"),
                       # all or nothing: the switch is right, the number is not
                       ({"enabled": True, "approvals": {"accepts": 6}}, "INVALID_ATTRIBUTE"),
                       ({"enabled": True, "approvals": {"deletes": 1}}, "INVALID_ATTRIBUTE")):
        owner.refused("PATCH", "/policy", body, 400, code)
    assert owner.own("GET", "/policy") == before


def test_a_large_policy_fits(owner):
    rules = [{"accounts": [f"{i:012d}" for i in range(30)], "action": "hold", "name": f"rule-{k}"} for k in range(200)]
    assert len(str(rules)) > 70_000
    assert owner.own("PUT", "/policy", {"rules": rules})["rules"] == rules


def test_one_caller_alone_does_not_undo_four_eyes(free_dev, owner, project):
    owner.own("PUT", "/policy", {"rules": RULES})
    expected = {"owner": "Ada", "requesterAccountId": ACCOUNT, "validUntil": "2099-01-01"}
    old = owner.own("POST", "/expectedRequests", expected, 201)
    owner.own("PATCH", "/policy", {"approvals": {"accepts": 2, "deletes": 2}})
    for approvals in ({"accepts": 1}, {"deletes": 0}, {"accepts": 3, "deletes": 0}):
        owner.refused("PATCH", "/policy", {"approvals": approvals}, 409, "APPROVALS_NEEDED", "only the operator")
    owner.refused("PUT", "/policy", {"rules": []}, 409, "APPROVALS_NEEDED")
    owner.refused("PATCH", "/policy", {"enabled": True}, 409, "APPROVALS_NEEDED")
    owner.refused("POST", "/expectedRequests", expected, 409, "APPROVALS_NEEDED")
    # what makes it stricter is free, and what changes nothing
    assert owner.own("PUT", "/policy", {"rules": RULES})["version"] == 1
    assert owner.own("PATCH", "/policy", {"enabled": False, "approvals": {"accepts": 3}})["approvals"]["accepts"] == 3
    owner.own("DELETE", f"/expectedRequests/{old['id']}", status=204)
    # an operator with a role on the project may, and the machine's own administrator
    operator = Own(new_caller(free_dev, "GLOBAL_OWNER", "ORG_OWNER"), project)
    assert operator.own("PATCH", "/policy", {"enabled": True, "approvals": {"accepts": 2}})["approvals"]["accepts"] == 2
    command(free_dev, "policy", "approvals", "--accept", "1", "--delete", "0", "--project", project)
    assert owner.own("PUT", "/policy", {"rules": []})["version"] == 2
    got = owner.own("GET", "/policy")
    assert (got["enabled"], got["approvals"]) == (True, {"accepts": 1, "deletes": 0})


# ---- questions ----------------------------------------------------------------------------------------------

def test_a_question_is_answered_by_stored_or_given_rules(free_dev, demo):
    asked = {"requesterAccountId": ACCOUNT, "requesterCidrs": ["10.65.0.0/16"], "requesterVpcId": VPC}
    got = demo.own("POST", "/policy:test", {**asked, "rules": RULES})
    assert (got["decision"], got["rule"], got["frozen"]) == ("accept", "own", False)
    assert got["rules"] == [{"result": "matches", "rule": "own"}]
    assert [c["result"] for c in got["checks"]] == ["passed"] * 5
    keys_sorted(got)
    assert demo.own("POST", "/policy:test", {**asked, "rules": RULES[1:]})["decision"] == "reject"
    assert demo.own("POST", "/policy:test", asked)["decision"] == "hold"  # there are none
    held = demo.own("POST", "/policy:test", {**asked, "rules": RULES, "requesterCidrs": []})
    assert (held["decision"], held["checks"][1]["result"]) == ("hold", "not asked"), held
    networks = command(free_dev, "network", "list")["results"]
    named = demo.own("POST", "/policy:test", {**asked, "rules": RULES, "networkId": networks[0]["id"]})
    assert named["decision"] == "accept"
    assert demo.own("GET", "/policy")["version"] == 0
    for change, code, words in (({"requesterAccountId": "1"}, "INVALID_ATTRIBUTE", "12 digits"),
                                ({"requesterVpcId": "x"}, "INVALID_ATTRIBUTE", "requesterVpcId"),
                                ({"requesterCidrs": ["10.0.0.0/16 10.1.0.0/16"]}, "INVALID_ATTRIBUTE", "requesterCidrs"),
                                ({"networkId": "x"}, "INVALID_ATTRIBUTE", "networkId"),
                                ({"networkId": "0" * 24}, "INVALID_ATTRIBUTE", "networkId"),
                                ({"rules": [{}]}, "INVALID_ATTRIBUTE", "rules"), ({"x": 1}, "INVALID_ATTRIBUTE", "x")):
        demo.refused("POST", "/policy:test", {**asked, **change}, 400, code, words)
    demo.refused("POST", "/policy:test", {}, 400, "MISSING_ATTRIBUTE", "requesterAccountId")


def test_a_question_tells_nothing_of_a_network_that_the_caller_may_not_read(free_dev, owner, project):
    network = command(free_dev, "network", "list")["results"][0]["id"]
    asked = {"networkId": network, "requesterAccountId": ACCOUNT, "rules": RULES}
    assert owner.own("POST", "/policy:test", asked)["decision"] in ("accept", "reject", "hold")  # owns both projects
    other = Own(new_caller(free_dev, "GROUP_OWNER", project=project), project)
    unknown = other.refused("POST", "/policy:test", {**asked, "networkId": "0" * 24}, 400, "INVALID_ATTRIBUTE")
    assert other.refused("POST", "/policy:test", asked, 400, "INVALID_ATTRIBUTE") == unknown
    other.refused("POST", "/policy:test", {"requesterAccountId": ACCOUNT}, 400, "INVALID_ATTRIBUTE", "networkId")


def test_a_dry_run_sets_rules_beside_people(dev):
    dev.wait_scanned()
    world, owner = World(dev), Own(demo_owner(dev), dev["GROUP_ID"])
    names = [world.peer(f"10.{n}.0.0/16") for n in (64, 65, 66)]
    world.wait(names[2], lambda c: c, "the request")
    asked = world.find(names[0])
    world.command("connection", "accept", names[0], "--requester-account", asked["requesterAccountId"],
                  "--requester-vpc", asked["requesterVpcId"])
    rules = [{"accounts": ["*"], "action": "accept", "cidrs": ["10.64.0.0/15"], "name": "some"}]
    stored = owner.own("GET", "/policy:dryRun")
    assert {r["policy"] for r in stored["results"]} == {"hold"} and stored["totalCount"] >= 3
    got = owner.own("POST", "/policy:dryRun?itemsPerPage=500", {"rules": rules})
    rows = {r["name"]: r for r in got["results"]}
    first = rows[names[0]]
    assert (first["policy"], first["people"], first["same"], first["rule"]) == ("accept", "accepted", True, "some")
    assert first["requesterCidrs"] == ["10.64.0.0/16"] and first["by"]
    assert (rows[names[1]]["policy"], rows[names[1]]["people"]) == ("accept", "waiting") and "same" not in rows[names[1]]
    assert rows[names[2]]["policy"] == "hold" and "rule" not in rows[names[2]]
    keys_sorted(got["results"])
    page = owner.own("POST", "/policy:dryRun?itemsPerPage=1&pageNum=2", {"rules": rules})
    assert page["results"] == got["results"][1:2] and page["totalCount"] == got["totalCount"]
    assert [link["rel"] for link in page["links"]] == ["self", "next", "previous"]
    assert owner.own("GET", "/policy:dryRun?since=2099-01-01")["results"] == []
    owner.refused("GET", "/policy:dryRun?since=soon", None, 400, "INVALID_QUERY_PARAMETER", "since")
    owner.refused("POST", "/policy:dryRun", {"rules": [{}]}, 400, "INVALID_ATTRIBUTE", "rules")
    assert owner.own("GET", "/policy")["version"] == 0


# ---- expected requests --------------------------------------------------------------------------------------

def test_expected_requests_from_their_making_to_their_end(free_dev, owner, project):
    body = {"allowSharedSpace": True, "cidrBlocks": ["10.120.0.0/14", "100.64.0.0/16"], "owner": "Ada, network team",
            "requesterAccountId": ACCOUNT, "requesterVpcId": VPC, "ticket": "NET-7", "validUntil": "2099-12-31"}
    made = owner.own("POST", "/expectedRequests", body, 201)
    link = f"{free_dev.url}{owner.base}/expectedRequests/{made['id']}"
    assert {k: made[k] for k in body} == {**body, "validUntil": "2099-12-31T00:00:00Z"}
    assert (made["state"], made["actor"], made["groupId"]) == ("open", owner.user, project)
    assert made["links"] == [{"href": link, "rel": "self"}] and list(made) == sorted(made)
    assert owner.own("GET", f"/expectedRequests/{made['id']}") == made
    least = owner.own("POST", "/expectedRequests", {"owner": "x", "requesterAccountId": ACCOUNT,
                                                    "validUntil": "2099-12-31T08:00:00Z"}, 201)
    assert least["cidrBlocks"] == [] and not {"requesterVpcId", "ticket", "used", "usedBy"} & set(least)
    both = sorted([made, least], key=lambda e: e["id"])
    page = owner.own("GET", "/expectedRequests?itemsPerPage=1&pageNum=2")
    assert (page["results"], page["totalCount"]) == (both[1:], 2)
    assert owner.own("GET", "/expectedRequests")["results"] == both
    assert [e["id"] for e in command(free_dev, "expected", "list", "--project", project)["results"]] == [
        e["id"] for e in both]
    owner.own("DELETE", f"/expectedRequests/{made['id']}", status=204)
    for method in ("GET", "DELETE"):
        owner.refused(method, f"/expectedRequests/{made['id']}", None, 404, "RESOURCE_NOT_FOUND", made["id"])
        owner.refused(method, "/expectedRequests/x", None, 404, "RESOURCE_NOT_FOUND")
    assert owner.own("GET", "/expectedRequests?all=true")["results"] == [least]
    assert event_types(owner, f"groups/{project}")[:3] == [
        "PEERAGE_EXPECTED_REMOVED", "PEERAGE_EXPECTED_ADDED", "PEERAGE_EXPECTED_ADDED"]


def test_expected_requests_that_are_wrong_are_refused_by_field(owner, demo):
    good = {"owner": "x", "requesterAccountId": ACCOUNT, "validUntil": "2099-12-31"}
    for change, code in (({"requesterAccountId": "12"}, "INVALID_ATTRIBUTE"), ({"requesterVpcId": "v"}, "INVALID_ATTRIBUTE"),
                         ({"cidrBlocks": ["10.0.0.1/8"]}, "INVALID_ATTRIBUTE"), ({"cidrBlocks": "10.0.0.0/8"}, "INVALID_JSON_ATTRIBUTE"),
                         ({"validUntil": "2001-01-01"}, "INVALID_ATTRIBUTE"), ({"validUntil": "later"}, "INVALID_ATTRIBUTE"),
                         ({"owner": "x" * 201}, "INVALID_ATTRIBUTE"), ({"owner": ""}, "INVALID_ATTRIBUTE"),
                         ({"owner": "two\nlines"}, "INVALID_ATTRIBUTE"), ({"state": "used"}, "ATTRIBUTE_READ_ONLY"),
                         ({"who": 1}, "INVALID_ATTRIBUTE")):
        field = next(iter(change))
        owner.refused("POST", "/expectedRequests", {**good, **change}, 400, code, field)
    for field in good:
        owner.refused("POST", "/expectedRequests", {k: v for k, v in good.items() if k != field}, 400,
                      "MISSING_ATTRIBUTE", field)
    assert owner.own("GET", "/expectedRequests?all=true")["totalCount"] == 0
    owner.refused("GET", "/expectedRequests?all=maybe", None, 400, "INVALID_QUERY_PARAMETER", "all")
    other = demo.own("POST", "/expectedRequests", good, 201)  # another project's
    owner.refused("GET", f"/expectedRequests/{other['id']}", None, 404, "RESOURCE_NOT_FOUND")
    owner.refused("DELETE", f"/expectedRequests/{other['id']}", None, 404, "RESOURCE_NOT_FOUND")
    demo.own("DELETE", f"/expectedRequests/{other['id']}", status=204)


def test_who_may_read_may_not_write(free_dev, owner, project):
    reader = Own(new_caller(free_dev, "GROUP_READ_ONLY", project=project), project)
    streams = Own(new_caller(free_dev, "GROUP_STREAM_PROCESSING_OWNER", project=project), project)
    good = {"owner": "x", "requesterAccountId": ACCOUNT, "validUntil": "2099-12-31"}
    for caller in (reader, streams):
        assert caller.own("GET", "/policy")["version"] == 0 and caller.own("GET", "/policy:dryRun")["totalCount"] == 0
        caller.refused("PUT", "/policy", {"rules": []}, 401, "USER_UNAUTHORIZED")
        caller.refused("PATCH", "/policy", {"enabled": True}, 401, "USER_UNAUTHORIZED")
    reader.refused("POST", "/expectedRequests", good, 401, "USER_UNAUTHORIZED")
    made = streams.own("POST", "/expectedRequests", good, 201)  # who may accept may expect
    reader.refused("DELETE", f"/expectedRequests/{made['id']}", None, 401, "USER_UNAUTHORIZED")
    assert reader.own("GET", "/expectedRequests")["results"] == [made]


def test_an_expected_request_that_comes_is_accepted_once(dev):
    dev.wait_scanned()
    world, owner = World(dev), Own(demo_owner(dev), dev["GROUP_ID"])
    owner.own("PATCH", "/policy", {"enabled": True})
    made = owner.own("POST", "/expectedRequests", {"cidrBlocks": ["10.120.0.0/14"], "owner": "x", "validUntil": "2099-12-31",
                                                   "requesterAccountId": dev["REQUESTER_ACCOUNT_ID"]}, 201)
    name = world.peer("10.120.0.0/16")
    path = f"/expectedRequests/{made['id']}"
    harness.wait_until(lambda: owner.own("GET", path)["state"] == "used", "its use")
    used = owner.own("GET", path)
    assert used["usedBy"] == name and used["used"].endswith("Z")
    assert owner.own("GET", "/expectedRequests")["results"] == []
    assert owner.own("GET", "/expectedRequests?all=true")["results"] == [used]


# ---- the page -----------------------------------------------------------------------------------------------

def test_the_examples_of_the_page_work(dev):
    dev.wait_scanned()
    answers = doc_examples(dev, "policy.md", "own=")
    assert [a["rules"][0]["name"] for a in answers[:2]] == ["lab", "lab"]
    assert (answers[2]["decision"], answers[2]["rule"]) == ("accept", "lab")
    assert answers[3]["totalCount"] == answers[4]["totalCount"] == len(answers[4]["results"])
    assert answers[5]["id"] == answers[6]["results"][0]["id"]
    assert (answers[7]["enabled"], answers[7]["approvals"]) == (True, {"accepts": 2, "deletes": 2})
