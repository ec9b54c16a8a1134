# SPDX-License-Identifier: Apache-2.0
"""Organisations and projects over the API: their life, their shapes, bad input, and who may do what."""

import json

import pytest

import harness
from tenancy import ORG_ROLES, Caller, command, demo_owner, event_types, group_roles, new_caller
from world import UNKNOWN_GROUP

GROUPS = "/api/atlas/v2/groups"
ORGS = "/api/atlas/v2/orgs"
SUBS = ("containers", "clusters", "databaseUsers", "peers", "processes", "whitelist")


@pytest.fixture(scope="module")
def free_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("tenants"), "--rate-limit", "off") as d:
        d.wait_scanned()
        yield d


@pytest.fixture
def owner(free_dev):
    return demo_owner(free_dev)


@pytest.fixture
def org(free_dev):
    return free_dev["ORG_ID"]


def made(owner, org, name, **more):
    answer = owner.ask("POST", GROUPS, {"name": name, "orgId": org, **more})
    assert answer.status == 201, answer
    return answer.json()


def refused(answer, status, code, *parameters):
    assert (answer.status, answer.code) == (status, code), answer
    if parameters:
        assert answer.json()["parameters"] == list(parameters)
    return answer.json()


# ---- the life of a project ---------------------------------------------------------------------------------

def test_a_project_from_its_making_to_its_end(free_dev, owner, org):
    group = made(owner, org, "life+1", tags=[{"key": "env", "value": "prod"}], clusterCount=0,
                 created="0001-01-01T00:00:00Z")
    path = f"{GROUPS}/{group['id']}"
    assert list(group) == ["clusterCount", "created", "id", "links", "name", "orgId", "tags",
                           "withDefaultAlertsSettings"]
    self_link = f"{free_dev.url}{path}"
    assert group["links"] == [{"href": self_link, "rel": "self"}] + [
        {"href": f"{self_link}/{s}", "rel": f"https://cloud.mongodb.com/{s}"} for s in SUBS]
    assert group["tags"] == [{"key": "env", "value": "prod"}] and group["withDefaultAlertsSettings"] is True
    assert owner.get(path).json() == group == owner.get(f"{GROUPS}/byName/life+1").json()
    changed = owner.ask("PATCH", path, {"name": "life-2", "withDefaultAlertsSettings": False})
    assert changed.status == 200
    assert changed.json() == {**group, "name": "life-2", "withDefaultAlertsSettings": False} == owner.get(path).json()
    assert owner.ask("PATCH", path, {"tags": []}).json()["tags"] == []
    assert owner.ask("PATCH", path, {}).json() == owner.get(path).json()
    settings = owner.ask("PATCH", f"{path}/settings", {"isDataExplorerEnabled": False}).json()
    assert settings == owner.get(f"{path}/settings").json() and settings["isDataExplorerEnabled"] is False
    assert list(settings) == sorted(settings) and settings["isPerformanceAdvisorEnabled"] is True
    assert event_types(owner, f"groups/{group['id']}") == [
        "PEERAGE_GROUP_SETTINGS_CHANGED", "PEERAGE_GROUP_TAGS_CHANGED", "GROUP_DEFAULT_ALERTS_SETTINGS_CHANGED",
        "GROUP_NAME_CHANGED", "GROUP_CREATED"]
    gone = owner.ask("DELETE", path)
    assert (gone.status, gone.body) == (202, b"{}")
    assert gone.headers["content-type"] == "application/vnd.atlas.2023-01-01+json;charset=utf-8"
    for target in (path, f"{path}/settings", f"{path}/events"):
        refused(owner.get(target), 404, "GROUP_NOT_FOUND", group["id"])
    refused(owner.ask("DELETE", path), 404, "GROUP_NOT_FOUND", group["id"])
    refused(owner.get(f"{GROUPS}/byName/life-2"), 404, "GROUP_NAME_NOT_FOUND", "life-2")
    assert event_types(owner, f"orgs/{org}")[:2] == ["GROUP_DELETED", "GROUP_CREATED"]
    again = made(owner, org, "life-2")
    assert again["id"] != group["id"]
    assert owner.ask("DELETE", f"{GROUPS}/{again['id']}").status == 202


def test_lists_page_filter_and_count(free_dev, owner, org):
    names = ["list-a", "list-b", "LIST-C", "lisp"]
    groups = [made(owner, org, n) for n in names]
    path = f"{ORGS}/{org}/groups"
    shown = sorted(groups[:3], key=lambda g: g["id"])  # ids of one second are in no order of their making
    page = owner.get(f"{path}?includeCount=true&name=LiSt&itemsPerPage=2&pageNum=1").json()
    assert [g["id"] for g in page["results"]] == [g["id"] for g in shown[:2]] and page["totalCount"] == 3
    assert page["links"] == [
        {"href": f"{free_dev.url}{path}?includeCount=true&name=LiSt&pageNum=1&itemsPerPage=2", "rel": "self"},
        {"href": f"{free_dev.url}{path}?includeCount=true&name=LiSt&itemsPerPage=2&pageNum=2", "rel": "next"}]
    assert page["results"][0]["links"] == [{"href": f"{free_dev.url}{GROUPS}/{shown[0]['id']}", "rel": "self"}]
    page = owner.get(f"{path}?name=list&itemsPerPage=2&pageNum=2").json()
    assert [g["id"] for g in page["results"]] == [shown[2]["id"]]
    uncounted = owner.get(f"{path}?includeCount=false&itemsPerPage=2").json()
    assert uncounted["totalCount"] == 0 and len(uncounted["results"]) == 2 and len(uncounted["links"]) == 1
    everything = owner.get(f"{path}?name=&itemsPerPage=500").json()
    assert everything["results"] == owner.get(f"{GROUPS}?itemsPerPage=500").json()["results"]
    ids = [g["id"] for g in everything["results"]]
    assert ids == sorted(ids) and everything["totalCount"] == len(ids) >= 5
    assert owner.get(f"{path}?name=%25").json()["totalCount"] == 0  # no pattern
    for group in groups:
        assert owner.ask("DELETE", f"{GROUPS}/{group['id']}").status == 202
    assert owner.get(path).json()["totalCount"] == len(ids) - 4


# ---- bad input ---------------------------------------------------------------------------------------------

GOOD_NAMES = ["x", "ü" * 64, "日本語-プロジェクト", "a-_.(),:&@+'", "Ⅷ½", "z" * 64]
BAD_NAMES = ["", "two words", "a/b", "tab\t", "nul\u0000", "e" * 65, "ü" * 65, "😀", "<b>", "a\u0301"]


def test_names_at_and_past_their_limits(owner, org):
    before = owner.get(f"{ORGS}/{org}/groups").json()["totalCount"]
    for name in BAD_NAMES:
        answer = owner.ask("POST", GROUPS, {"name": name, "orgId": org})
        if "\0" in name:
            refused(answer, 400, "MALFORMED_JSON")
            continue
        body = refused(answer, 400, "INVALID_ATTRIBUTE", "name")
        assert body["badRequestDetail"]["fields"][0]["field"] == "name"
    assert owner.get(f"{ORGS}/{org}/groups").json()["totalCount"] == before
    for name in GOOD_NAMES:
        group = made(owner, org, name)
        found = owner.get(f"{GROUPS}/byName/{harness.urllib.parse.quote(name, safe='')}")
        assert found.json()["id"] == group["id"] and found.json()["name"] == name
        refused(owner.ask("POST", GROUPS, {"name": name, "orgId": org}), 409, "GROUP_ALREADY_EXISTS", name)
        refused(owner.ask("PATCH", f"{GROUPS}/{group['id']}", {"name": "demo"}), 409, "GROUP_ALREADY_EXISTS", "demo")
        assert owner.ask("DELETE", f"{GROUPS}/{group['id']}").status == 202


def test_bodies_are_read_strictly_and_nothing_is_half_done(free_dev, owner, org):
    group = made(owner, org, "strict")
    path = f"{GROUPS}/{group['id']}"
    long_tag = [{"key": "k" * 256, "value": "v"}]
    cases = [
        ("POST", GROUPS, {"orgId": org}, "MISSING_ATTRIBUTE", "name"),
        ("POST", GROUPS, {"name": "n"}, "MISSING_ATTRIBUTE", "orgId"),
        ("POST", GROUPS, {"name": "n", "orgId": "A" * 24}, "INVALID_ATTRIBUTE", "orgId"),
        ("POST", GROUPS, {"name": "n", "orgId": org, "id": UNKNOWN_GROUP}, "ATTRIBUTE_READ_ONLY", "id"),
        ("POST", GROUPS, {"name": "n", "orgId": org, "regionUsageRestrictions": "GOV_REGIONS_ONLY"},
         "INVALID_ATTRIBUTE", "regionUsageRestrictions"),
        ("POST", GROUPS, {"name": 7, "orgId": org}, "INVALID_JSON_ATTRIBUTE", "name"),
        ("PATCH", path, {"name": "other", "orgId": org}, "INVALID_ATTRIBUTE", "orgId"),
        ("PATCH", path, {"name": "other", "tags": "x"}, "INVALID_JSON_ATTRIBUTE", "tags"),
        ("PATCH", path, {"name": "other", "tags": [{"key": "k"}]}, "MISSING_ATTRIBUTE", "value"),
        ("PATCH", path, {"name": "other", "tags": long_tag}, "INVALID_ATTRIBUTE", "tags"),
        ("PATCH", path, {"name": "other", "tags": [{"key": "k", "value": "a\nb"}]}, "INVALID_ATTRIBUTE", "tags"),
        ("PATCH", path, {"name": "other", "tags": [{"key": "k", "value": "v"}] * 2}, "INVALID_ATTRIBUTE", "tags"),
        ("PATCH", path, {"name": "other", "tags": [{"key": str(i), "value": "v"} for i in range(51)]},
         "INVALID_ATTRIBUTE", "tags"),
        ("PATCH", path, {"name": "other", "withDefaultAlertsSettings": "no"}, "INVALID_JSON_ATTRIBUTE",
         "withDefaultAlertsSettings"),
        ("PATCH", f"{path}/settings", {"isDataExplorerEnabled": False, "isX": True}, "INVALID_ATTRIBUTE", "isX"),
        ("PATCH", f"{path}/settings", {"isDataExplorerEnabled": False, "isSchemaAdvisorEnabled": 1},
         "INVALID_JSON_ATTRIBUTE", "isSchemaAdvisorEnabled"),
        ("PATCH", f"{ORGS}/{org}", {"name": "other", "id": org}, "ATTRIBUTE_READ_ONLY", "id"),
        ("PATCH", f"{ORGS}/{org}", {"name": "other", "isDeleted": True}, "ATTRIBUTE_READ_ONLY", "isDeleted"),
        ("PATCH", f"{ORGS}/{org}", {}, "MISSING_ATTRIBUTE", "name"),
        ("PATCH", f"{ORGS}/{org}", {"name": "two words"}, "INVALID_ATTRIBUTE", "name"),
    ]
    cases += [("PATCH", f"{ORGS}/{org}/settings", {"genAIFeaturesEnabled": False, name: value}, code, named)
              for name, value, code, named in (
        ("maxServiceAccountSecretValidityInHours", 7, "INVALID_ATTRIBUTE", "maxServiceAccountSecretValidityInHours"),
        ("maxServiceAccountSecretValidityInHours", 8761, "INVALID_ATTRIBUTE", "maxServiceAccountSecretValidityInHours"),
        ("maxServiceAccountSecretValidityInHours", "8", "INVALID_JSON_ATTRIBUTE",
         "maxServiceAccountSecretValidityInHours"),
        ("operationsContact", "", "INVALID_ATTRIBUTE", "operationsContact"),
        ("operationsContact", "a" * 320 + "@b", "INVALID_ATTRIBUTE", "operationsContact"),
        ("securityContact", "nobody", "INVALID_ATTRIBUTE", "securityContact"),
        ("customSessionTimeouts", 5, "INVALID_JSON", None),
        ("customSessionTimeouts", {"absoluteSessionTimeoutInSeconds": 3599}, "INVALID_ATTRIBUTE",
         "absoluteSessionTimeoutInSeconds"),
        ("customSessionTimeouts", {"absoluteSessionTimeoutInSeconds": 3600, "idleSessionTimeoutInSeconds": 3601},
         "INVALID_ATTRIBUTE", "idleSessionTimeoutInSeconds"),
        ("customSessionTimeouts", {"idleSessionTimeoutInSeconds": -1}, "INVALID_ATTRIBUTE",
         "idleSessionTimeoutInSeconds"),
        ("streamsEverywhere", True, "INVALID_ATTRIBUTE", "streamsEverywhere"))]
    before = [owner.get(p).body for p in (path, f"{path}/settings", f"{ORGS}/{org}", f"{ORGS}/{org}/settings")]
    events = event_types(owner, f"groups/{group['id']}"), event_types(owner, f"orgs/{org}")
    for method, target, body, code, named in cases:
        answer = owner.ask(method, target, body)
        assert (answer.status, answer.code) == (400, code), (target, body, answer)
        assert answer.json()["parameters"] == ([named] if named else []), (body, answer)
    for method, target in (("POST", GROUPS), ("PATCH", path), ("PATCH", f"{ORGS}/{org}/settings")):
        for text, code in ((b"", "MALFORMED_JSON"), (b"{", "MALFORMED_JSON"), (b'{"name":"a","name":"b"}',
                           "MALFORMED_JSON"), (b"[]", "INVALID_JSON"), (b'"x"', "INVALID_JSON")):
            refused(owner.ask(method, target, text), 400, code)
    refused(owner.ask("POST", f"{GROUPS}?projectOwnerId=x", {"name": "n", "orgId": org}), 400,
            "INVALID_QUERY_PARAMETER", "projectOwnerId")
    assert [owner.get(p).body for p in (path, f"{path}/settings", f"{ORGS}/{org}", f"{ORGS}/{org}/settings")] == before
    assert (event_types(owner, f"groups/{group['id']}"), event_types(owner, f"orgs/{org}")) == events
    assert owner.ask("DELETE", path).status == 202


# ---- organisations -----------------------------------------------------------------------------------------

def other_owner(dev, name):
    """An organisation of its own and its owner."""
    org = command(dev, "org", "create", name)["id"]
    return org, new_caller(dev, "ORG_OWNER", org=org)


def test_an_organisation_is_shown_changed_and_deleted(free_dev):
    org, owner = other_owner(free_dev, "Passing")
    path = f"{ORGS}/{org}"
    shown = owner.get(path).json()
    link = f"{free_dev.url}{path}"
    assert shown == {"id": org, "isDeleted": False, "links": [{"href": link, "rel": "self"}] + [
        {"href": f"{link}/{s}", "rel": f"https://cloud.mongodb.com/{s}"} for s in ("groups", "teams", "users")],
        "name": "Passing", "skipDefaultAlertsSettings": False}
    listed = owner.get(f"{ORGS}?includeCount=true&name=pass").json()
    assert listed["results"] == [{**shown, "links": shown["links"][:1]}] and listed["totalCount"] == 1
    assert owner.get(f"{ORGS}?name=assing").json()["results"] == []
    assert owner.get(f"{ORGS}?pageNum=2").json() == {**owner.get(f"{ORGS}?pageNum=2").json(), "results": [],
                                                     "totalCount": 1}
    refused(owner.ask("PATCH", path, {"name": "demo"}), 409, "ORG_ALREADY_EXISTS", "demo")
    renamed = owner.ask("PATCH", path, {"name": "Gone", "skipDefaultAlertsSettings": True}).json()
    assert renamed == {**shown, "name": "Gone", "skipDefaultAlertsSettings": True} == owner.get(path).json()
    settings = {"customSessionTimeouts": {"absoluteSessionTimeoutInSeconds": 7200, "idleSessionTimeoutInSeconds": 600},
                "genAIFeaturesEnabled": False, "maxServiceAccountSecretValidityInHours": 8,
                "multiFactorAuthRequired": True, "operationsContact": "ops@example.org",
                "restrictEmployeeAccess": True, "securityContact": "sec@example.org", "streamsCrossGroupEnabled": True}
    answer = owner.ask("PATCH", f"{path}/settings", settings).json()
    assert answer == {"apiAccessListRequired": False, **settings} == owner.get(f"{path}/settings").json()
    assert list(answer) == sorted(answer)
    cleared = owner.ask("PATCH", f"{path}/settings", {"customSessionTimeouts": None, "operationsContact": None,
                                                     "securityContact": ""}).json()
    assert not {"customSessionTimeouts", "operationsContact", "securityContact"} & set(cleared)
    assert event_types(owner, f"orgs/{org}")[:5] == [
        "PEERAGE_ORG_SETTINGS_CHANGED", "PEERAGE_ORG_SETTINGS_CHANGED", "ORG_EMPLOYEE_ACCESS_RESTRICTED",
        "ORG_TWO_FACTOR_AUTH_REQUIRED", "PEERAGE_ORG_SETTINGS_CHANGED"]
    group = made(owner, org, "only")
    refused(owner.ask("DELETE", path), 409, "ORG_NOT_EMPTY")
    assert owner.ask("DELETE", f"{GROUPS}/{group['id']}").status == 202
    gone = owner.ask("DELETE", path)
    assert (gone.status, gone.body) == (204, b"") and "content-length" not in gone.headers
    assert owner.get(path).status == 401 and "errorCode" in owner.get(path).json()  # the key went with it
    assert demo_owner(free_dev).ask("PATCH", f"{ORGS}/{free_dev['ORG_ID']}", {"name": "Gone"}).status == 200
    assert demo_owner(free_dev).ask("PATCH", f"{ORGS}/{free_dev['ORG_ID']}", {"name": "demo"}).status == 200


def test_an_organisation_is_made_with_its_first_key(free_dev, owner, org):
    body = {"name": "Fresh", "apiKey": {"desc": "first key", "roles": ["ORG_OWNER"]}, "skipDefaultAlertsSettings": True}
    answer = owner.ask("POST", ORGS, body)
    assert answer.status == 201, answer
    got = answer.json()
    assert list(got) == ["apiKey", "organization", "skipDefaultAlertsSettings"]
    new, key = got["organization"]["id"], got["apiKey"]
    free_dev.secrets.add(key["privateKey"])
    assert key["desc"] == "first key" and key["roles"] == [{"orgId": new, "roleName": "ORG_OWNER"}]
    first = Caller(free_dev.url, key["publicKey"], key["privateKey"])
    assert first.get(f"{ORGS}/{new}").json() == got["organization"]
    assert [o["id"] for o in first.get(ORGS).json()["results"]] == [new]
    assert event_types(first, f"orgs/{new}") == ["API_KEY_CREATED", "ORG_CREATED"]
    assert first.get(f"{ORGS}/{new}/apiKeys").json()["results"][0]["privateKey"].startswith("********-")
    refused(owner.get(f"{ORGS}/{new}"), 401, "USER_UNAUTHORIZED")  # who made it is no member of it
    made(first, new, "of-it")
    refused(owner.ask("POST", ORGS, body), 409, "ORG_ALREADY_EXISTS", "Fresh")


def test_an_organisation_is_made_with_its_first_account(free_dev, owner):
    account = {"name": "robot", "description": "first one", "roles": ["ORG_OWNER"], "secretExpiresAfterHours": 8}
    got = owner.ask("POST", ORGS, {"name": "Robots", "serviceAccount": account}).json()
    assert list(got) == ["organization", "serviceAccount", "skipDefaultAlertsSettings"]
    new, shown = got["organization"]["id"], got["serviceAccount"]
    secret = shown["secrets"][0]["secret"]
    free_dev.secrets.add(secret)
    token = harness.bearer_token(free_dev, shown["clientId"], secret)
    status, _, body = harness.bearer_request(free_dev, "GET", f"{ORGS}/{new}", token, harness.V2023_01)
    assert status == 200 and json.loads(body) == got["organization"]


def test_an_organisation_whose_credential_cannot_be_made_is_not_made(free_dev, owner):
    before = command(free_dev, "org", "list")["results"]
    key = {"desc": "d", "roles": ["ORG_OWNER"]}
    account = {"name": "robot", "description": "d", "roles": ["ORG_OWNER"], "secretExpiresAfterHours": 8}
    cases = [
        ({"apiKey": {"desc": "d"}}, "MISSING_ATTRIBUTE"), ({"apiKey": "x"}, "INVALID_JSON"),
        ({"apiKey": {**key, "roles": []}}, None), ({"apiKey": {**key, "roles": ["GROUP_OWNER"]}}, None),
        ({"apiKey": {**key, "roles": ["ORG_KING"]}}, None), ({"apiKey": {**key, "desc": "d" * 251}}, "INVALID_ATTRIBUTE"),
        ({"apiKey": {**key, "id": UNKNOWN_GROUP}}, "INVALID_ATTRIBUTE"),
        ({"serviceAccount": {**account, "secretExpiresAfterHours": 7}}, "INVALID_ATTRIBUTE"),
        ({"serviceAccount": {**account, "name": "a/b"}}, "INVALID_ATTRIBUTE"),
        ({"serviceAccount": {**account, "roles": ["GROUP_OWNER"]}}, None),
        ({"apiKey": key, "serviceAccount": account}, "INVALID_ATTRIBUTE"), ({"isDeleted": True}, "INVALID_ATTRIBUTE")]
    for more, code in cases:
        answer = owner.ask("POST", ORGS, {"name": "Never", **more})
        assert answer.status == 400 and answer.code == (code or answer.code), (more, answer)
    refused(owner.ask("POST", ORGS, {"apiKey": key}), 400, "MISSING_ATTRIBUTE", "name")
    refused(owner.ask("POST", ORGS, {"name": "no way", "apiKey": key}), 400, "INVALID_ATTRIBUTE", "name")
    assert command(free_dev, "org", "list")["results"] == before


def test_a_required_access_list_is_enforced_at_once(free_dev):
    org, owner = other_owner(free_dev, "Guarded")
    listed = new_caller(free_dev, "ORG_OWNER", org=org)
    command(free_dev, "access-list", "add", listed.user, "127.0.0.1/32")
    assert owner.ask("PATCH", f"{ORGS}/{org}/settings", {"apiAccessListRequired": True}).status == 200
    refused(owner.get(f"{ORGS}/{org}"), 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "127.0.0.1")
    assert event_types(listed, f"orgs/{org}")[0] == "ORG_PUBLIC_API_ACCESS_LIST_REQUIRED"
    back = listed.ask("PATCH", f"{ORGS}/{org}/settings", {"apiAccessListRequired": False})
    assert back.status == 200 and owner.get(f"{ORGS}/{org}").status == 200
    assert event_types(owner, f"orgs/{org}")[0] == "ORG_PUBLIC_API_ACCESS_LIST_NOT_REQUIRED"


def test_a_project_in_use_stays(free_dev, owner):
    path = f"{GROUPS}/{free_dev['GROUP_ID']}"
    refused(owner.ask("DELETE", path), 409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS")
    assert owner.get(path).status == 200
    assert "GROUP_DELETED" not in event_types(owner, f"groups/{free_dev['GROUP_ID']}")


def test_roles_go_with_the_project_and_their_keys_stay(free_dev, owner, org):
    group = made(owner, org, "short-lived")
    kept = made(owner, org, "kept")
    member = new_caller(free_dev, "GROUP_OWNER", project=group["id"])
    assert [g["id"] for g in member.get(GROUPS).json()["results"]] == [group["id"]]
    assert member.ask("DELETE", f"{GROUPS}/{group['id']}").status == 202
    assert member.get(GROUPS).json()["results"] == []
    refused(member.get(f"{GROUPS}/{group['id']}"), 404, "GROUP_NOT_FOUND")
    refused(member.get(f"{GROUPS}/{kept['id']}"), 401, "NOT_IN_GROUP")
    assert owner.ask("DELETE", f"{GROUPS}/{kept['id']}").status == 202


# ---- who may do what ---------------------------------------------------------------------------------------

REACHING = {"ORG_OWNER", "ORG_STREAM_PROCESSING_ADMIN", "ORG_READ_ONLY"}


def routes(org, group):
    """(method, path, body, roles that may, what the others hear). Nothing that is asked changes anything."""
    g, o = f"{GROUPS}/{group}", f"{ORGS}/{org}"
    readers = set(group_roles()) | REACHING
    owners, org_owner = {"GROUP_OWNER", "ORG_OWNER"}, {"ORG_OWNER"}
    creators = {"ORG_OWNER", "ORG_GROUP_CREATOR"}
    members = {*ORG_ROLES, *group_roles()}  # a role on a project makes its holder a member of the organisation
    return [
        ("GET", g, None, readers, "group"), ("PATCH", g, {}, owners, "group"), ("DELETE", g, None, owners, "group"),
        ("GET", f"{g}/settings", None, readers, "group"), ("PATCH", f"{g}/settings", {}, owners, "group"),
        ("GET", f"{GROUPS}/byName/demo", None, readers, "name"),
        ("POST", GROUPS, {"name": "no good", "orgId": org}, creators, "create"),
        ("POST", ORGS, {"name": "no good"}, org_owner, "new org"), ("GET", o, None, members, "org"), ("PATCH", o, {"name": "demo"}, org_owner, "org"),
        ("DELETE", o, None, org_owner, "org"), ("GET", f"{o}/groups", None, members, "org"),
        ("GET", f"{o}/settings", None, members, "org"), ("PATCH", f"{o}/settings", {}, org_owner, "org"),
    ]


# What comes of a request that the role admits: the demo's project has a network, its organisation a project, and a name
# with a blank is none.
ADMITTED = {("DELETE", "group"): (409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS"),
            ("DELETE", "org"): (409, "ORG_NOT_EMPTY"), ("POST", "create"): (400, "INVALID_ATTRIBUTE"),
            ("POST", "new org"): (400, "INVALID_ATTRIBUTE")}


def expected(route, role, where):
    """(status, code). where: here, other project (of the same organisation) or other organisation."""
    method, _, _, may, kind = route
    here = where == "here" or kind == "new org" or (where == "other project" and kind == "org")
    if here and role in may:
        return ADMITTED.get((method, kind), (200, None))
    if kind == "create":
        return 401, "NOT_ORG_GROUP_CREATOR"
    if kind in ("org", "new org"):
        return 401, "USER_UNAUTHORIZED"
    if kind == "name":
        return (404, "GROUP_NAME_NOT_FOUND") if where == "other organisation" else (401, "NOT_IN_GROUP")
    member = here and (role.startswith("GROUP_") or role in REACHING)
    return 401, "USER_UNAUTHORIZED" if member else "NOT_IN_GROUP"


def test_every_route_by_every_role(free_dev, owner, org):
    group = free_dev["GROUP_ID"]
    neighbour = made(owner, org, "neighbour")["id"]
    foreign, _ = other_owner(free_dev, "Foreign")
    foreign_group = command(free_dev, "project", "create", "foreign", "--org", foreign)["id"]
    cells, wrong = 0, []
    callers = [("here", r, new_caller(free_dev, r)) for r in (*ORG_ROLES, *group_roles())]
    callers += [("other project", r, new_caller(free_dev, r, project=neighbour)) for r in ("GROUP_OWNER",
                                                                                        "GROUP_READ_ONLY")]
    callers += [("other organisation", r, new_caller(free_dev, r, org=foreign, project=foreign_group))
                for r in ("ORG_OWNER", "ORG_MEMBER", "GROUP_OWNER")]
    for where, role, caller in callers:
        for route in routes(org, group):
            answer = caller.ask(*route[:3])
            cells += 1
            if (answer.status, answer.code) != expected(route, role, where):
                wrong.append((where, role, route[:2], answer, expected(route, role, where)))
    for route in routes(org, group):  # nobody, and somebody with a wrong secret
        body = None if route[2] is None else json.dumps(route[2])
        nobody = harness.request(free_dev.url, route[0], route[1], {"Accept": harness.V2023_01}, body)[0]
        stranger = Caller(free_dev.url, owner.user, "00000000-0000-4000-8000-000000000000").ask(*route[:3]).status
        cells += 2
        if (nobody, stranger) != (401, 401):
            wrong.append(("nobody", route[:2], nobody, stranger))
    print(f"{cells} cells, {len(wrong)} wrong")
    assert not wrong, wrong
    assert cells == len(routes(org, group)) * (len(callers) + 2) >= 300
    assert owner.ask("DELETE", f"{GROUPS}/{neighbour}").status == 202


def test_lists_show_what_the_caller_reaches(free_dev, org):
    group = free_dev["GROUP_ID"]
    for role in (*ORG_ROLES, *group_roles()):
        caller = new_caller(free_dev, role)
        groups = [g["id"] for g in caller.get(GROUPS).json()["results"]]
        orgs = [o["id"] for o in caller.get(ORGS).json()["results"]]
        assert groups == ([group] if role.startswith("GROUP_") or role in REACHING else []), role
        assert orgs == [org], role


def test_a_project_creator_owns_what_it_makes_and_nothing_else(free_dev, org):
    creator = new_caller(free_dev, "ORG_GROUP_CREATOR")
    group = made(creator, org, "mine")
    assert [g["id"] for g in creator.get(GROUPS).json()["results"]] == [group["id"]]
    assert creator.ask("PATCH", f"{GROUPS}/{group['id']}", {"name": "still-mine"}).status == 200
    refused(creator.get(f"{GROUPS}/{free_dev['GROUP_ID']}"), 401, "NOT_IN_GROUP")
    refused(creator.ask("POST", GROUPS, {"name": "n", "orgId": UNKNOWN_GROUP}), 404, "ORG_NOT_FOUND", UNKNOWN_GROUP)
    assert creator.ask("DELETE", f"{GROUPS}/{group['id']}").status == 202
