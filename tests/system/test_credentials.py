# SPDX-License-Identifier: Apache-2.0
"""API keys, service accounts, secrets and access lists over the API: each used, changed, revoked and deleted, with what
the audit log says of it. Shapes and statuses as recorded or documented for Atlas; effects at once.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import re
import time
import urllib.parse

import pytest

import harness
from harness import V2023_01, Dev
from tenant import Tenant, keyed, raw_key, seconds_of

STRANGE = "0123456789abcdef01234567"
NO_ACCOUNT = "mdb_sa_id_0123456789abcdef01234567"
MASKED = re.compile(r"\*{8}-\*{4}-\*{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("credentials"), "--rate-limit", "off") as dev:
        yield Tenant(dev)


# ---- API keys ----------------------------------------------------------------------------------------------

def test_the_life_of_a_key(world):
    made = world.make_key("ORG_READ_ONLY", "ORG_MEMBER", desc="Schlüssel für CI")
    assert list(made) == ["desc", "id", "links", "privateKey", "publicKey", "roles"]
    assert re.fullmatch(r"[a-z]{8}", made["publicKey"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["privateKey"])
    assert made["links"] == [{"href": f"{world.url}{world.keys}/{made['id']}", "rel": "self"}]
    assert sorted(r["roleName"] for r in made["roles"]) == ["ORG_MEMBER", "ORG_READ_ONLY"]
    assert all(list(r) == ["orgId", "roleName"] and r["orgId"] == world.org for r in made["roles"])
    one = world.ask("GET", f"{world.keys}/{made['id']}")
    assert MASKED.fullmatch(one["privateKey"]) and one["privateKey"][-12:] == made["privateKey"][-12:]
    assert {**one, "privateKey": ""} == {**made, "privateKey": ""}
    listed = world.ask("GET", f"{world.keys}?includeCount=true&itemsPerPage=500&pageNum=1")
    assert one in listed["results"] and listed["totalCount"] == len(listed["results"])
    assert [k["id"] for k in listed["results"]] == sorted(k["id"] for k in listed["results"])
    assert world.key_works(made) == 200
    changed = world.ask("PATCH", f"{world.keys}/{made['id']}", {"desc": "renamed", "roles": ["ORG_MEMBER"]})
    assert changed["desc"] == "renamed" and [r["roleName"] for r in changed["roles"]] == ["ORG_MEMBER"]
    assert world.key_works(made) == 401  # a mere member reads no project, at once
    world.ask("DELETE", f"{world.keys}/{made['id']}", status=204)
    assert world.digest("/api/atlas/v2/groups", made["publicKey"], made["privateKey"], V2023_01).status == 401
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"desc": "x"})):
        world.refused(method, f"{world.keys}/{made['id']}", body, 404, "API_KEY_NOT_FOUND")
    assert world.events(made["publicKey"]) == ["API_KEY_CREATED", "API_KEY_DESCRIPTION_CHANGED", "API_KEY_ROLES_CHANGED",
                                              "API_KEY_DELETED"]


def test_a_key_of_a_project(world):
    made = world.make_key("GROUP_READ_ONLY", path=world.group_keys)
    assert made["links"][0]["href"] == f"{world.url}{world.keys}/{made['id']}"  # recorded: the organisation's resource
    assert [(r.get("orgId"), r.get("groupId"), r["roleName"]) for r in made["roles"]] == [
        (world.org, None, "ORG_MEMBER"), (None, world.group, "GROUP_READ_ONLY")]
    assert made["id"] in [k["id"] for k in world.ask("GET", world.group_keys)["results"]]
    assert world.key_works(made) == 200
    one = f"{world.group_keys}/{made['id']}"
    changed = world.ask("PATCH", one, {"roles": ["GROUP_STREAM_PROCESSING_OWNER", "GROUP_READ_ONLY"]})
    assert sorted(r["roleName"] for r in changed["roles"] if "groupId" in r) == ["GROUP_READ_ONLY",
                                                                               "GROUP_STREAM_PROCESSING_OWNER"]
    world.ask("DELETE", one, status=204)
    assert world.key_works(made) == 401
    world.refused("DELETE", one, None, 404, "API_KEY_NOT_FOUND")
    world.refused("PATCH", one, {"desc": "not a member"}, 404, "API_KEY_NOT_FOUND")
    assert world.ask("GET", f"{world.keys}/{made['id']}")["roles"] == [{"orgId": world.org, "roleName": "ORG_MEMBER"}]
    world.ask("POST", one, [{"roles": ["GROUP_READ_ONLY"]}], 204)
    assert world.key_works(made) == 200
    world.ask("DELETE", one, status=204)
    world.ask("PATCH", one, {"roles": ["GROUP_READ_ONLY"]})  # as `atlas projects apiKeys assign` does
    assert world.key_works(made) == 200
    world.ask("DELETE", f"{world.keys}/{made['id']}", status=204)
    assert made["id"] not in [k["id"] for k in world.ask("GET", world.group_keys)["results"]]
    assert world.events(made["publicKey"], org=False) == [
        "API_KEY_ADDED_TO_GROUP", "API_KEY_ROLES_CHANGED", "API_KEY_REMOVED_FROM_GROUP", "API_KEY_ADDED_TO_GROUP",
        "API_KEY_REMOVED_FROM_GROUP", "API_KEY_ADDED_TO_GROUP"]


def test_bad_bodies_of_keys_change_nothing(world):
    before = world.ask("GET", f"{world.keys}?itemsPerPage=1")["totalCount"]
    good = {"desc": "d", "roles": ["ORG_MEMBER"]}
    for body, code in (({}, "MISSING_ATTRIBUTE"), ({"desc": "d"}, "MISSING_ATTRIBUTE"),
                       ({**good, "roles": []}, "MISSING_API_KEY_ROLES"), ({**good, "desc": ""}, "API_KEY_REQUIRES_DESCRIPTION"),
                       ({**good, "desc": "x" * 251}, "INVALID_ATTRIBUTE"), ({**good, "desc": "ß" * 251}, "INVALID_ATTRIBUTE"),
                       ({**good, "roles": ["ORG_KING"]}, "INVALID_ATTRIBUTE"), ({**good, "roles": "ORG_MEMBER"}, "INVALID_JSON_ATTRIBUTE"),
                       ({**good, "roles": [1]}, "INVALID_JSON_ATTRIBUTE"), ({**good, "roles": ["GROUP_OWNER"]}, "CANNOT_ADD_GROUP_ROLE"),
                       ({**good, "id": STRANGE}, "ATTRIBUTE_READ_ONLY"), ({**good, "privateKey": "x"}, "ATTRIBUTE_READ_ONLY"),
                       ({**good, "owner": "x"}, "INVALID_ATTRIBUTE"), ([], "INVALID_JSON"), ({**good, "desc": None}, "MISSING_ATTRIBUTE")):
        world.refused("POST", world.keys, body, 400, code)
    for body, code in (({**good, "roles": ["ORG_OWNER"]}, "MISSING_API_KEY_ROLES"), ({**good, "roles": []}, "MISSING_API_KEY_ROLES")):
        world.refused("POST", world.group_keys, body, 400, code)
    assert world.ask("GET", f"{world.keys}?itemsPerPage=1")["totalCount"] == before
    longest = world.make_key("ORG_MEMBER", desc="ß" * 250)
    assert longest["desc"] == "ß" * 250
    one = f"{world.keys}/{longest['id']}"
    world.refused("PATCH", one, {}, 400, "MISSING_ONE_OF_ATTRIBUTES")
    world.refused("PATCH", one, {"roles": []}, 400, "MISSING_API_KEY_ROLES")
    world.refused("PATCH", one, {"desc": "new", "roles": ["GROUP_OWNER"]}, 400, "CANNOT_ADD_GROUP_ROLE")
    assert world.ask("GET", one)["desc"] == "ß" * 250
    world.refused("GET", f"{world.keys}/nothex", None, 400, "PATH_PARAM_PARSE_ERROR")
    world.ask("DELETE", one, status=204)


def test_pages_of_keys(world):
    made = [world.make_key("ORG_MEMBER", desc=f"page {i}")["id"] for i in range(7)]
    seen, page = [], 1
    while True:
        answer = world.ask("GET", f"{world.keys}?itemsPerPage=3&pageNum={page}")
        if not answer["results"]:
            break
        seen += [k["id"] for k in answer["results"]]
        page += 1
    assert seen == sorted(seen) and len(seen) == answer["totalCount"] and set(made) <= set(seen)
    uncounted = world.ask("GET", f"{world.keys}?itemsPerPage=3&includeCount=false")
    assert uncounted["totalCount"] == 0 and [link["rel"] for link in uncounted["links"]] == ["self"]
    for key in made:
        world.ask("DELETE", f"{world.keys}/{key}", status=204)


def test_envelopes(world):
    wrapped = world.ask("POST", f"{world.keys}?envelope=true", {"desc": "d", "roles": ["ORG_MEMBER"]})
    assert wrapped["status"] == 200
    world.dev.secrets.add(wrapped["content"]["privateKey"])
    account = world.ask("POST", f"{world.accounts}?envelope=true",
                        {"name": "n", "description": "d", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 8}, 201)
    assert account["status"] == 201
    world.dev.secrets.add(account["content"]["secrets"][0]["secret"])
    assert world.ask("DELETE", f"{world.keys}/{wrapped['content']['id']}?envelope=true", status=204) is None
    world.ask("DELETE", f"{world.accounts}/{account['content']['clientId']}", status=204)


# ---- service accounts --------------------------------------------------------------------------------------

def test_the_life_of_an_account(world):
    made = world.make_account("ORG_READ_ONLY", name="Roboter Ä-1, it's me.")
    assert list(made) == ["clientId", "createdAt", "description", "name", "roles", "secrets"]
    (secret,) = made["secrets"]
    assert list(secret) == ["createdAt", "expiresAt", "id", "maskedSecretValue", "secret"]
    assert re.fullmatch(r"mdb_sa_sk_[A-Za-z0-9_-]{40}", secret["secret"]) and secret["maskedSecretValue"] == "mdb_sa_sk_..."
    token, one = world.token_of(made), f"{world.accounts}/{made['clientId']}"
    assert world.ask("GET", f"/api/atlas/v2/groups/{world.group}", token=token)["id"] == world.group
    shown = harness.wait_until(lambda: next((a for a in [world.ask("GET", one)] if "lastUsedAt" in a["secrets"][0]),
                                            None), "the mark of use")
    assert "secret" not in shown["secrets"][0]
    assert shown in world.ask("GET", f"{world.accounts}?itemsPerPage=500&includeSystemManaged=true")["results"]
    changed = world.ask("PATCH", one, {"name": "renamed", "description": None, "roles": ["ORG_MEMBER"]})
    assert (changed["name"], changed["description"], changed["roles"]) == ("renamed", "does things", ["ORG_MEMBER"])
    world.refused("GET", f"/api/atlas/v2/groups/{world.group}", None, 401, "NOT_IN_GROUP", token)
    assert world.ask("PATCH", one, {})["name"] == "renamed"
    world.ask("DELETE", one, status=204)
    assert world.get("/api/atlas/v2/groups", V2023_01, token=token).status == 401
    assert not world.mints(made, secret["secret"])
    world.refused("GET", one, None, 404, "SERVICE_ACCOUNT_NOT_FOUND")
    assert world.events(made["clientId"]) == ["SERVICE_ACCOUNT_CREATED", "SERVICE_ACCOUNT_DETAILS_CHANGED",
                                              "SERVICE_ACCOUNT_ROLES_CHANGED", "SERVICE_ACCOUNT_DELETED"]


def test_secrets_are_rotated(world):
    made = world.make_account("ORG_READ_ONLY", hours=8760)
    secrets, one = f"{world.accounts}/{made['clientId']}/secrets", f"{world.accounts}/{made['clientId']}"
    old_token = world.token_of(made)
    for hours in (7, 8761, 0, -1):
        world.refused("POST", secrets, {"secretExpiresAfterHours": hours}, 400, "INVALID_ATTRIBUTE")
    world.refused("POST", secrets, {"secretExpiresAfterHours": "8"}, 400, "INVALID_JSON_ATTRIBUTE")
    world.refused("POST", secrets, {}, 400, "MISSING_ATTRIBUTE")
    world.refused("POST", secrets, {"secretExpiresAfterHours": 8, "secret": "mine"}, 400, "ATTRIBUTE_READ_ONLY")
    second = world.ask("POST", secrets, {"secretExpiresAfterHours": 2160}, 201)
    newest, oldest = world.ask("GET", one)["secrets"]
    assert newest["id"] == second["id"] and "secret" not in newest
    week = time.time() + 7 * 86400
    assert abs(seconds_of(oldest["expiresAt"]) - week) < 120  # the older one ends in seven days
    assert abs(seconds_of(newest["expiresAt"]) - time.time() - 2160 * 3600) < 120
    world.refused("POST", secrets, {"secretExpiresAfterHours": 8}, 400, "MAX_SECRETS_PER_SERVICE_ACCOUNT_EXCEEDED")
    assert len(world.ask("GET", one)["secrets"]) == 2
    new_token = world.token_of(made, second["secret"])
    world.ask("DELETE", f"{secrets}/{oldest['id']}", status=204)
    assert not world.mints(made, made["secrets"][0]["secret"])
    assert world.get("/api/atlas/v2/groups", V2023_01, token=old_token).status == 401  # with the secret that minted it
    assert world.get("/api/atlas/v2/groups", V2023_01, token=new_token).status == 200
    world.refused("DELETE", f"{secrets}/{oldest['id']}", None, 404, "SERVICE_ACCOUNT_SECRET_NOT_FOUND")
    world.refused("DELETE", f"{secrets}/nothex", None, 404, "SERVICE_ACCOUNT_SECRET_NOT_FOUND")
    world.ask("DELETE", f"{secrets}/{second['id']}", status=204)
    assert world.ask("GET", one)["secrets"] == []
    assert world.events(made["clientId"])[1:] == ["SERVICE_ACCOUNT_SECRET_ADDED", "SERVICE_ACCOUNT_SECRET_DELETED",
                                                  "SERVICE_ACCOUNT_SECRET_DELETED"]
    world.ask("DELETE", one, status=204)


def test_accounts_in_projects(world):
    made = world.make_account("GROUP_STREAM_PROCESSING_OWNER", path=world.group_accounts)
    assert made["roles"] == ["GROUP_STREAM_PROCESSING_OWNER"]
    one, org_one = f"{world.group_accounts}/{made['clientId']}", f"{world.accounts}/{made['clientId']}"
    assert world.ask("GET", org_one)["roles"] == ["ORG_MEMBER"]
    assert world.ask("GET", f"{org_one}/groups")["results"] == [{"groupId": world.group,
                                                                 "roles": ["GROUP_STREAM_PROCESSING_OWNER"]}]
    assert made["clientId"] in [a["clientId"] for a in world.ask("GET", world.group_accounts)["results"]]
    assert world.ask("PATCH", one, {"roles": ["GROUP_READ_ONLY"], "name": "n2"})["roles"] == ["GROUP_READ_ONLY"]
    second = world.ask("POST", f"{one}/secrets", {"secretExpiresAfterHours": 8}, 201)
    world.ask("DELETE", f"{one}/secrets/{second['id']}", status=204)
    world.ask("DELETE", one, status=204)
    world.refused("GET", one, None, 404, "SERVICE_ACCOUNT_NOT_FOUND")
    assert world.ask("GET", f"{org_one}/groups")["totalCount"] == 0
    for body, code in (({}, "MISSING_ATTRIBUTE"), ({"roles": []}, "INVALID_ATTRIBUTE"),
                       ({"roles": ["ORG_OWNER"]}, "CANNOT_ADD_ORG_ROLE"), ({"roles": ["x"]}, "INVALID_ATTRIBUTE")):
        world.refused("POST", f"{one}:invite", body, 400, code)
    invited = world.ask("POST", f"{one}:invite", {"roles": ["GROUP_READ_ONLY"]})
    assert invited["roles"] == ["GROUP_READ_ONLY"] and world.ask("GET", one)["roles"] == ["GROUP_READ_ONLY"]
    world.ask("DELETE", org_one, status=204)
    assert world.events(made["clientId"], org=False) == [
        "SERVICE_ACCOUNT_ADDED_TO_GROUP", "SERVICE_ACCOUNT_DETAILS_CHANGED", "SERVICE_ACCOUNT_ROLES_CHANGED",
        "SERVICE_ACCOUNT_SECRET_ADDED", "SERVICE_ACCOUNT_SECRET_DELETED", "SERVICE_ACCOUNT_REMOVED_FROM_GROUP",
        "SERVICE_ACCOUNT_ADDED_TO_GROUP"]


def test_bad_bodies_of_accounts(world):
    good = {"name": "n", "description": "d", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 8}
    before = world.ask("GET", f"{world.accounts}?itemsPerPage=1")["totalCount"]
    for name in good:
        assert world.refused("POST", world.accounts, {k: v for k, v in good.items() if k != name}, 400,
                             "MISSING_ATTRIBUTE")["parameters"] == [name]
    for name, value, code in (("name", "", "INVALID_ATTRIBUTE"), ("name", "n" * 65, "INVALID_ATTRIBUTE"),
                              ("name", "a/b", "INVALID_ATTRIBUTE"), ("description", "d" * 251, "INVALID_ATTRIBUTE"),
                              ("description", "a\nb", "INVALID_ATTRIBUTE"), ("secretExpiresAfterHours", 7, "INVALID_ATTRIBUTE"),
                              ("secretExpiresAfterHours", 8.5, "INVALID_JSON_ATTRIBUTE"), ("roles", ["GROUP_OWNER"], "CANNOT_ADD_GROUP_ROLE"),
                              ("roles", [], "INVALID_ATTRIBUTE"), ("clientId", NO_ACCOUNT, "ATTRIBUTE_READ_ONLY"),
                              ("secrets", [], "ATTRIBUTE_READ_ONLY"), ("color", "red", "INVALID_ATTRIBUTE")):
        world.refused("POST", world.accounts, {**good, name: value}, 400, code)
    assert world.ask("GET", f"{world.accounts}?itemsPerPage=1")["totalCount"] == before
    longest = world.make_account("ORG_MEMBER", name="é" * 64)
    assert longest["name"] == "é" * 64
    world.refused("PATCH", f"{world.accounts}/{longest['clientId']}", {"secretExpiresAfterHours": 8}, 400, "INVALID_ATTRIBUTE")
    world.refused("GET", f"{world.accounts}/mdb_sa_id_xyz", None, 400, "PATH_PARAM_PARSE_ERROR")
    world.refused("GET", f"{world.accounts}/{NO_ACCOUNT}", None, 404, "SERVICE_ACCOUNT_NOT_FOUND")
    world.ask("DELETE", f"{world.accounts}/{longest['clientId']}", status=204)


# ---- owners ------------------------------------------------------------------------------------------------

def test_the_last_owner_stays(tmp_path):
    with Dev(tmp_path, "--rate-limit", "off") as dev:
        world = Tenant(dev)
        keys = world.ask("GET", world.keys)["results"]
        (owner,) = [k for k in keys if any(r["roleName"] == "ORG_OWNER" for r in k["roles"])]
        world.ask("DELETE", f"{world.keys}/{owner['id']}", status=204)  # the demo's account is an owner too
        me = f"{world.accounts}/{dev['CLIENT_ID']}"
        for method, target, body in (("DELETE", me, None), ("PATCH", me, {"roles": ["ORG_MEMBER"]}),
                                     ("DELETE", f"{me}/secrets/{world.ask('GET', me)['secrets'][0]['id']}", None)):
            world.refused(method, target, body, 409, "CANNOT_REMOVE_LAST_ORG_OWNER")
        assert world.ask("GET", me)["roles"] == ["ORG_OWNER"]
        second = world.make_key("ORG_OWNER")
        assert world.ask("PATCH", me, {"roles": ["ORG_MEMBER"]})["roles"] == ["ORG_MEMBER"]
        world.refused("PATCH", me, {"roles": ["ORG_OWNER"]}, 401, "USER_UNAUTHORIZED")
        assert world.key_works(second) == 200


# ---- access lists ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["key", "account", "group account"])
def test_access_lists(world, kind):
    if kind == "key":
        made = world.make_key("ORG_READ_ONLY")
        base, created = f"{world.keys}/{made['id']}/accessList", "created"
        ask = lambda source: raw_key(world, made, source)
        resource = made["publicKey"]
    else:
        made = world.make_account("GROUP_READ_ONLY", path=world.group_accounts)
        base = f"{world.group_accounts if kind == 'group account' else world.accounts}/{made['clientId']}/accessList"
        created, token, resource = "createdAt", world.token_of(made), made["clientId"]
        ask = lambda source: world.get(f"/api/atlas/v2/groups/{world.group}", V2023_01, token=token, source=source).status
    assert world.ask("GET", base)["results"] == [] and ask("127.0.0.1") == 200
    added = world.ask("POST", base, [{"ipAddress": "127.0.0.3"}, {"cidrBlock": "10.0.0.0/8"}, {"cidrBlock": "2001:db8::/32"}])
    assert [e["cidrBlock"] for e in added["results"]] == ["10.0.0.0/8", "127.0.0.3/32", "2001:db8::/32"]
    assert [e.get("ipAddress") for e in added["results"]] == [None, "127.0.0.3", None]
    assert ask("127.0.0.1") == 403 and ask("127.0.0.3") == 200  # at once

    def mark():
        entry = next(e for e in world.ask("GET", base)["results"] if e["cidrBlock"] == "127.0.0.3/32")
        return entry if entry.get("lastUsedAddress") else None
    used = harness.wait_until(mark, "the mark of use")
    assert used["lastUsedAddress"] == "127.0.0.3" and used["count" if kind == "key" else "requestCount"] >= 1
    assert set(used) >= {created, "lastUsed" if kind == "key" else "lastUsedAt"}
    for body, code in (([{"ipAddress": "127.0.0.300"}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{"cidrBlock": "10.0.0.1/8"}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{"cidrBlock": "10.0.0.0/33"}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{"cidrBlock": "all"}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{"ipAddress": "10.0.0.0/8"}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{"cidrBlock": "ü" * 200}], "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"),
                       ([{}], "MISSING_ONE_OF_ATTRIBUTES"), ([1], "INVALID_JSON"), ({}, "INVALID_JSON"),
                       ([{"ipAddress": "127.0.0.1", "cidrBlock": "127.0.0.1/32"}], "MULTIPLE_VALUES_SPECIFIED_FOR_ONE_NETWORK_PERMISSION_ENTRY"),
                       ([{"ipAddress": "127.0.0.1", "requestCount": 1}], "ATTRIBUTE_READ_ONLY"),
                       ([{"ipAddress": "127.0.0.1", "comment": "x"}], "INVALID_ATTRIBUTE"),
                       ([{"ipAddress": f"127.1.0.{i % 250}"} for i in range(201)], "INVALID_JSON"),
                       ([{"ipAddress": f"127.1.0.{i}"} for i in range(198)], "MAX_ACCESS_LIST_ENTRIES_EXCEEDED")):
        world.refused("POST", base, body, 400, code)
    conflict = world.refused("POST", base, [{"ipAddress": "127.0.0.9"}, {"cidrBlock": "10.0.0.0/8"}], 409,
                             "ADDRESS_ALREADY_IN_ACCESS_LIST")
    assert conflict["parameters"] == ["10.0.0.0/8"]
    assert world.ask("GET", f"{base}?includeCount=true")["totalCount"] == 3  # nothing half done
    one = f"{base}/{urllib.parse.quote('10.0.0.0/8', safe='')}"
    if kind == "key":
        entry = world.ask("GET", one)
        assert list(entry) == ["cidrBlock", "count", "created", "links"]
        assert entry["links"] == [{"href": world.url + one, "rel": "self"}]
        assert world.ask("GET", f"{base}/127.0.0.3")["links"][0]["href"] == f"{world.url}{base}/127.0.0.3"
        world.refused("GET", f"{base}/127.0.0.4", None, 404, "API_KEY_ACCESS_LIST_NOT_FOUND")
    world.ask("DELETE", one, status=204)
    missing = "API_KEY_ACCESS_LIST_NOT_FOUND" if kind == "key" else "SERVICE_ACCOUNT_ACCESS_LIST_NOT_FOUND"
    world.refused("DELETE", one, None, 404, missing)
    world.refused("DELETE", f"{base}/10.0.0.1%2F8", None, 400, "INVALID_IP_ADDRESS_OR_CIDR_NOTATION")
    world.ask("DELETE", f"{base}/127.0.0.3", status=204)
    world.ask("DELETE", f"{base}/{urllib.parse.quote('2001:db8::/32', safe='')}", status=204)
    assert ask("127.0.0.1") == 200
    word = "API_KEY" if kind == "key" else "SERVICE_ACCOUNT"
    said = world.events(resource, org=kind != "group account")
    assert said.count(f"{word}_ACCESS_LIST_ENTRY_ADDED") == said.count(f"{word}_ACCESS_LIST_ENTRY_DELETED") == 3


def test_a_key_keeps_its_own_list_but_not_against_itself(world):
    key, other = world.make_key("ORG_MEMBER"), world.make_key("ORG_MEMBER")
    mine, others = (f"{world.keys}/{k['id']}/accessList" for k in (key, other))
    assert raw_key(world, key, "127.0.0.1", "POST", mine, [{"ipAddress": "127.0.0.1"}]) == 200
    assert raw_key(world, key, "127.0.0.1", "POST", mine, [{"cidrBlock": "127.0.0.0/24"}, {"ipAddress": "10.1.1.1"}]) == 200
    assert raw_key(world, key, "127.0.0.1", "POST", others, [{"ipAddress": "127.0.0.1"}]) == 401
    assert raw_key(world, key, "127.0.0.1", "DELETE", f"{mine}/127.0.0.1") == 204  # the block lets it in still
    last = f"{mine}/127.0.0.0%2F24"
    answer = keyed(world, key, "127.0.0.1", "DELETE", last)
    assert (answer.status, answer["X-Error-Code"]) == (400, "CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST")
    assert answer.json()["parameters"] == ["127.0.0.1"]
    assert raw_key(world, key, "127.0.0.1", "DELETE", f"{mine}/10.1.1.1") == 204
    world.ask("DELETE", last, status=204)  # an owner may
    for k in (key, other):
        world.ask("DELETE", f"{world.keys}/{k['id']}", status=204)


# ---- who may -----------------------------------------------------------------------------------------------

def test_nobody_gives_more_than_his_own(world):
    manager = world.make_account("GROUP_ACCESS_MANAGER", path=world.group_accounts)
    owner = world.make_account("GROUP_OWNER", path=world.group_accounts)
    managing, owning = world.token_of(manager), world.token_of(owner)
    body = {"desc": "d", "roles": ["GROUP_READ_ONLY"]}
    made = world.ask("POST", world.group_keys, body, token=managing)
    world.refused("POST", world.group_keys, {**body, "roles": ["GROUP_OWNER"]}, 401, "USER_UNAUTHORIZED", managing)
    world.refused("POST", world.group_keys, {**body, "roles": ["GROUP_OWNER", "ORG_OWNER"]}, 401, "USER_UNAUTHORIZED", owning)
    world.ask("POST", world.group_keys, {**body, "roles": ["GROUP_READ_ONLY", "ORG_MEMBER"]}, token=managing)
    strong = world.ask("POST", world.group_keys, {**body, "roles": ["GROUP_OWNER"]}, token=owning)
    for method, one, change in (("PATCH", made, {"roles": ["GROUP_OWNER"]}), ("PATCH", strong, {"roles": ["GROUP_READ_ONLY"]}),
                                ("DELETE", strong, None)):
        world.refused(method, f"{world.group_keys}/{one['id']}", change, 401, "USER_UNAUTHORIZED", managing)
    world.refused("POST", f"{world.group_keys}/{made['id']}", [{"roles": ["GROUP_READ_ONLY"]}], 401, "USER_UNAUTHORIZED", managing)
    # An account that reaches beyond the project is its organisation's to manage (documented).
    wide = world.make_account("ORG_READ_ONLY")
    one = f"{world.group_accounts}/{wide['clientId']}"
    world.ask("POST", f"{one}:invite", {"roles": ["GROUP_READ_ONLY"]})
    world.refused("POST", f"{one}:invite", {"roles": ["GROUP_READ_ONLY"]}, 401, "USER_UNAUTHORIZED", owning)
    for method, tail, change in (("POST", "/secrets", {"secretExpiresAfterHours": 8}), ("PATCH", "", {"name": "mine"}),
                                 ("DELETE", f"/secrets/{wide['secrets'][0]['id']}", None),
                                 ("POST", "/accessList", [{"ipAddress": "127.0.0.1"}])):
        world.refused(method, one + tail, change, 401, "USER_UNAUTHORIZED", owning)
    assert world.ask("PATCH", one, {"roles": ["GROUP_STREAM_PROCESSING_OWNER"]}, token=owning)["roles"] == ["GROUP_STREAM_PROCESSING_OWNER"]
    world.ask("DELETE", one, status=204, token=owning)
    for account in (manager, owner, wide):
        world.ask("DELETE", f"{world.accounts}/{account['clientId']}", status=204)


def test_other_organisations_see_nothing(world):
    other = world.command("org", "create", "elsewhere")["id"]
    made = world.command("key", "create", "--org", other, "--role", "ORG_OWNER")
    world.dev.secrets.add(made["privateKey"])
    key = world.make_key("ORG_MEMBER")
    theirs = f"/api/atlas/v2/orgs/{other}/apiKeys"
    # Our key under their path, asked by their owner: as if there were none.
    assert keyed(world, made, "127.0.0.1", "GET", f"{theirs}/{key['id']}")["X-Error-Code"] == "API_KEY_NOT_FOUND"
    assert keyed(world, made, "127.0.0.1", "DELETE", f"{theirs}/{key['id']}")["X-Error-Code"] == "API_KEY_NOT_FOUND"
    assert keyed(world, made, "127.0.0.1", "GET", f"{world.keys}/{key['id']}").status == 401
    assert keyed(world, made, "127.0.0.1", "POST", f"{world.keys}/{key['id']}/accessList", [{"ipAddress": "1.1.1.1"}]).status == 401
    assert world.key_works(key) == 401 and world.ask("GET", f"{world.keys}/{key['id']}")["id"] == key["id"]
    world.ask("DELETE", f"{world.keys}/{key['id']}", status=204)
