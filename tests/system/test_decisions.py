# SPDX-License-Identifier: Apache-2.0
"""One test for each row of spec/decisions.def: what the contract leaves open, and what Peerage answers.

@decision("first words of the question") ties a test to its row; a test over the table fails when a row has none, or a
decorator fits no row.
"""

import base64
import json
import re
import socket

import pytest

import harness
import tenancy
from harness import V2023_01, V2023_02, V2024_11
from tenant import Tenant, keyed, raw_key, seconds_of
from world import UNKNOWN_GROUP, Connection, World, error_body, raw

ROW = re.compile(r'^DECISION\("((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)", (RECORDED|FIELD|DOCUMENTED|DECIDED)\)$')
covered = []
MANY = "444444444444"


def rows():
    found = []
    for line in (harness.ROOT / "spec" / "decisions.def").read_text(encoding="utf-8").splitlines():
        if line.startswith("DECISION("):
            match = ROW.match(line)
            assert match, f"a row that this test cannot read: {line}"
            found.append(json.loads(f'"{match.group(1)}"'))
    return found


def decision(words):
    covered.append(words)
    return lambda test: test


def test_every_row_has_a_test_and_every_test_a_row():
    table = rows()
    assert len(table) >= 30
    assert len(covered) == len(set(covered))
    for words in covered:
        assert sum(q.startswith(words) for q in table) == 1, f"{words!r} must begin exactly one row"
    missing = [q for q in table if not any(q.startswith(words) for words in covered)]
    assert not missing, f"rows without a test: {missing}"


@pytest.fixture(scope="module")
def world(shared_dev):
    shared_dev.wait_scanned()
    return World(shared_dev)


@pytest.fixture(scope="module")
def many(world):
    world.bulk(30, MANY)
    harness.wait_until(lambda: world.list(MANY).json()["totalCount"] == 30, "30 requests")
    return MANY


def refused(answer, status, code):
    assert (answer.status, answer["X-Error-Code"]) == (status, code), answer.body
    return answer.json()["parameters"]


def names_parameter(answer, name):
    assert refused(answer, 400, "INVALID_QUERY_PARAMETER") == [name]


# ---- lists and their parameters ----------------------------------------------------------------------------

@decision("Order of lists")
def test_lists_are_in_order_of_id(world, many):
    ids = [c["_id"] for c in world.list(many).json()["results"]]
    assert len(ids) == 30 and ids == sorted(ids)
    pages = [world.list(many, f"&itemsPerPage=10&pageNum={page}").json()["results"] for page in (1, 2, 3)]
    paged = [c["_id"] for page in pages for c in page]
    assert paged == ids


@decision("Page past the end")
def test_a_page_past_the_end_is_empty_and_knows_the_total(world, many):
    for page in (2, 100, 2147483647):
        answer = world.list(many, f"&pageNum={page}")
        assert (answer.status, answer.json()["results"], answer.json()["totalCount"]) == (200, [], 30)


@decision("`requesterAccountId` missing")
def test_requester_missing(world):
    assert refused(world.get(world.list_path, V2023_02), 400, "MISSING_QUERY_PARAMETER") == ["requesterAccountId"]


@decision("`requesterAccountId` blank")
def test_requester_blank_or_any_other_text(world):
    for blank in ("=", "", "=%20", "=+%09"):
        names_parameter(world.get(f"{world.list_path}?requesterAccountId{blank}", V2023_02), "requesterAccountId")
    for text in ("1", "x", "%27%20OR%201%3D1--", "%25", "210987654321%20", "%C3%A9", "0" * 400):
        answer = world.get(f"{world.list_path}?requesterAccountId={text}", V2023_02)
        assert (answer.status, answer.json()["totalCount"]) == (200, 0), text
    for broken in ("%FF", "%C3", "%ED%A0%80"):  # no UTF-8
        names_parameter(world.get(f"{world.list_path}?requesterAccountId={broken}", V2023_02), "requesterAccountId")
    for broken in ("%zz", "%", "%4"):  # no URI: the parser's to refuse
        refused(world.get(f"{world.list_path}?requesterAccountId={broken}", V2023_02), 400, "BAD_REQUEST")
    names_parameter(world.list(query=f"&requesterAccountId={world.requester}"), "requesterAccountId")


@decision("`itemsPerPage`, `pageNum` or a boolean")
@pytest.mark.parametrize("name,bad,good", [
    ("itemsPerPage", ["0", "501", "-1", "1.0", "", "x", "+5", "%205", "0x10", "99999999999999999999"],
     ["1", "500", "007"]),
    ("pageNum", ["0", "-1", "2147483648", "", "x", "1e3", "18446744073709551617"], ["1", "2147483647"]),
    ("envelope", ["1", "TRUE", "yes", "", "true%20"], ["true", "false"]),
    ("pretty", ["1", "True", "no", "", "falsetrue"], ["true", "false"])])
def test_paging_and_booleans(world, name, bad, good):
    for value in bad:
        names_parameter(world.list(query=f"&{name}={value}"), name)
    for value in good:
        assert world.list(query=f"&{name}={value}").status == 200, value
    names_parameter(world.list(query=f"&{name}={good[0]}&{name}={good[0]}"), name)


@decision("Unknown query parameters")
def test_unknown_parameters_stay_in_the_self_link(world):
    answer = world.list(query="&includeCount=maybe&x=1&x=2&%E2%82%AC=")
    assert answer.status == 200
    assert answer.json()["links"][0]["href"] == \
        f"{world.url}{world.list_path}?requesterAccountId={world.requester}&includeCount=maybe&x=1&x=2&%E2%82%AC=" \
        f"&pageNum=1&itemsPerPage=100"


# ---- groups and roles --------------------------------------------------------------------------------------

@decision("Malformed `groupId`")
@pytest.mark.parametrize("group", ["x", "0" * 23, "0" * 25, "ABCDEFABCDEFABCDEFABCDEF", "g" * 24, "%30" * 24 + "0"])
def test_malformed_group(world, group):
    for tail in ("", "/streams/vpcPeeringConnections?requesterAccountId=1", "/streams/activeVpcPeeringConnections"):
        path = f"/api/atlas/v2/groups/{group}{tail}"
        assert refused(world.get(path), 400, "PATH_PARAM_PARSE_ERROR") == [path.partition("?")[0]]


@decision("Unknown group")
def test_unknown_group(world):
    assert refused(world.get(f"/api/atlas/v2/groups/{UNKNOWN_GROUP}"), 404, "GROUP_NOT_FOUND") == [UNKNOWN_GROUP]


@decision("Group without any role")
def test_group_without_any_role(world):
    other = world.project("not-mine")
    stranger = world.key("GROUP_OWNER", project=other)
    member = world.key("ORG_MEMBER", "ORG_GROUP_CREATOR", "ORG_BILLING_ADMIN")
    for key in (stranger, member):
        answer = world.digest(f"{world.list_path}?requesterAccountId=1", *key)
        assert refused(answer, 401, "NOT_IN_GROUP") == [] and answer["WWW-Authenticate"] is not None
        seen = world.digest("/api/atlas/v2/groups", *key, accept=V2023_01).json()["results"]
        assert world.group not in [g["id"] for g in seen]
    # An organisation's own roles reach into its projects.
    reader = world.key("ORG_READ_ONLY")
    assert world.digest(f"{world.list_path}?requesterAccountId=1", *reader).status == 200


@decision("Role too low")
def test_role_too_low(world):
    """Any role on a project reads it and makes a member of its organisation, so only operations that need more can
    refuse one: all of them must."""
    low = world.key("GROUP_OBSERVABILITY_VIEWER")
    assert world.digest(f"{world.list_path}?requesterAccountId=1", *low).status == 200
    routes = (harness.ROOT / "spec" / "routes.def").read_text(encoding="utf-8")
    demanding = re.findall(r'^ROUTE\(\w+, (\w+), "([^"]+)", "\w+", "[^"]*", (NEED_\w+)', routes, re.MULTILINE)
    assert demanding
    for method, template, need in demanding:
        if need in ("NEED_ANY", "NEED_GROUP_READ", "NEED_ORG_MEMBER"):
            continue
        target = template.replace("{groupId}", world.group).replace("{id}", world.dev["PEERING_NAME"])
        target = re.sub(r"\{\w+\}", "x", target.replace("{orgId}", world.dev["ORG_ID"]))
        answer = world.digest(target, *low, method=method)
        assert refused(answer, 401, "USER_UNAUTHORIZED") == [] and answer["WWW-Authenticate"] is not None, target


# ---- versions ----------------------------------------------------------------------------------------------

@decision("Accept missing")
@pytest.mark.parametrize("accept", [
    None, "", "*/*", "application/*", "application/json", "text/html", "application/vnd.atlas.2023-02-01",
    "application/vnd.atlas.2023-02-01+csv", "application/vnd.atlas.2023-2-1+json",
    "application/vnd.atlas.2023-02-30+json", "application/vnd.atlas.2023-13-01+json", "application/vnd.atlas.+json",
    "application/vnd.atlas.2023-02-01+jsonx", "application/vnd.atlas.preview+json",
    "application/vnd.atlas.2022-12-31+json", "application/vnd.atlas.2023-01-31+json",
    "application/vnd.atlas.2999-01-01+json", "application/vnd.atlas.2023-02-01+json;q=0",
    "application/vnd.atlas.2023-02-01.upcoming+json"])
def test_no_such_version(world, accept):
    more = [("Accept", "")] if accept == "" else []
    answer = world.get(f"{world.list_path}?requesterAccountId=1", accept, more=more)
    assert refused(answer, 406, "INVALID_VERSION_DATE") == []


@decision("Several media types with q")
@pytest.mark.parametrize("accept,version", [
    ("text/html, application/vnd.atlas.2023-02-01+json", "2023-02-01"),
    ("application/vnd.atlas.2022-01-01+json, application/vnd.atlas.2024-08-05+json;q=0.1", "2023-02-01"),
    ("*/*;q=1, application/vnd.atlas.2025-03-12+json;q=0.001", "2023-02-01"),
    ("Application/VND.Atlas.2023-02-01+JSON", "2023-02-01"),
    ("application/vnd.atlas.2023-02-01+json; charset=utf-8", "2023-02-01")])
def test_the_best_acceptable_media_type(world, accept, version):
    answer = world.get(f"{world.list_path}?requesterAccountId=1", accept)
    assert answer["Content-Type"] == f"application/vnd.atlas.{version}+json;charset=utf-8"


# ---- account details ---------------------------------------------------------------------------------------

def details(world, provider="aws", region="US_EAST_1", group=None):
    streams = f"/api/atlas/v2/groups/{group}/streams" if group else world.streams
    return world.get(f"{streams}/accountDetails?cloudProvider={provider}&regionName={region}")


@decision("`cloudProvider` unknown")
def test_unknown_provider(world):
    assert refused(details(world, "oracle"), 400, "INVALID_PROVIDER") == ["oracle"]
    for spelling in ("aws", "AWS", "Aws"):
        assert details(world, spelling).json()["cloudProvider"] == "aws"
    assert refused(world.get(f"{world.streams}/accountDetails?regionName=US_EAST_1"), 400,
                   "MISSING_QUERY_PARAMETER") == ["cloudProvider"]
    names_parameter(details(world, ""), "cloudProvider")


@decision("`regionName` unknown")
def test_unknown_region(world):
    for region in ("us-east-1", "US_EAST_9", "VIRGINIA", "%20US_EAST_1"):
        assert refused(details(world, region=region), 400, "INVALID_REGION")[1] == "aws"
    names_parameter(details(world, region=""), "regionName")


@decision("No network in the region")
def test_no_network_there(world):
    refused(details(world, region="EU_WEST_3"), 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND")
    refused(details(world, "azure", "US_EAST_1"), 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND")
    refused(details(world, "gcp", "US_EAST_1"), 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND")


def add_network(world, vpc, *more, project=None):
    return world.command("network", "add", "--account", world.accepter, "--region", world.region, "--vpc", vpc,
                         *(["--project", project] if project else ["--project", world.group]), *more)


@decision("Several networks in the region")
def test_the_default_network_is_the_first(world):
    project = world.project("several")
    vpcs = [world.vpc(world.accepter, f"10.{n}.0.0/16") for n in (101, 102)]
    for vpc in vpcs:
        add_network(world, vpc, project=project)
    assert details(world, group=project).json()["vpcId"] == vpcs[0]
    third = world.vpc(world.accepter, "10.103.0.0/16")
    add_network(world, third, "--default", project=project)
    assert details(world, group=project).json()["vpcId"] == third


# ---- the fields of a connection ----------------------------------------------------------------------------

@decision("`activeVpcPeeringConnections`")
def test_the_active_list_goes_by_cloud_status(world):
    account = "555555555555"
    world.bulk(3, account, active=True)
    world.bulk(2, account)
    harness.wait_until(lambda: world.list(account).json()["totalCount"] == 5, "5 connections")
    active = world.get(f"{world.streams}/activeVpcPeeringConnections?itemsPerPage=500").json()["results"]
    assert {c["cloudStatus"] for c in active} == {"active"}
    assert len([c for c in active if c["requesterAccountId"] == account]) == 3
    listed = world.list(account).json()["results"]
    own = [c for c in active if c["requesterAccountId"] == account]
    assert [c for c in listed if c["cloudStatus"] == "active"] == own
    assert {c["localStatus"] for c in listed if c["cloudStatus"] == "active"} == {"ACTIVE"}  # seen active at first


@decision("`accepterCidr`")
def test_accepter_cidr_from_provisioning_on(world):
    name = world.peer("10.30.0.0/16")
    world.simulator("settings", {"provisioningSeconds": 3600})
    try:
        pending = world.wait(name, lambda c: c["cloudStatus"] == "pending-acceptance", "the request")
        assert "accepterCidr" not in pending
        world.ec2("ACCEPTER", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=name)
        going = world.wait(name, lambda c: c["cloudStatus"] == "provisioning", "provisioning")
        assert going["accepterCidr"] == "10.0.0.0/16"
        world.simulator("clock", {"advanceSeconds": 3601})
        active = world.wait(name, lambda c: c["cloudStatus"] == "active", "active")
        assert active["accepterCidr"] == "10.0.0.0/16"
    finally:
        world.simulator("settings", {"provisioningSeconds": 2})


@decision("`expirationTime`")
def test_expiration_while_pending_or_expired(tmp_path):
    """Of a demo of its own, since it turns the simulator's clock by a week."""
    with harness.Dev(tmp_path) as dev:
        world = World(dev)
        kept, taken = world.peer("10.31.0.0/16"), world.peer("10.32.0.0/16")
        end = world.wait(kept, lambda c: True, "the first request")["expirationTime"]
        assert "expirationTime" in world.wait(taken, lambda c: True, "the second request")
        world.ec2("ACCEPTER", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=taken)
        active = world.wait(taken, lambda c: c["cloudStatus"] == "active", "active")
        assert "expirationTime" not in active
        world.simulator("clock", {"advanceSeconds": 7 * 86400 + 60})
        expired = world.wait(kept, lambda c: c["cloudStatus"] == "expired", "expired")
        assert expired["expirationTime"] == end


@decision("`statusMessage`")
def test_status_message_when_there_is_more_to_say(world):
    name = world.peer("10.33.0.0/16")
    pending = world.wait(name, lambda c: c["cloudStatus"] == "pending-acceptance", "the request")
    assert "statusMessage" not in pending
    world.ec2("REQUESTER", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=name)
    deleted = world.wait(name, lambda c: c["cloudStatus"] == "deleted", "deleted")
    assert deleted["statusMessage"] == f"Deleted by {world.requester}"
    assert deleted["requesterCidr"] == "10.33.0.0/16"  # AWS leaves the blocks out now; they were known
    other = world.peer("10.34.0.0/16")
    world.wait(other, lambda c: True, "the other request")
    world.ec2("ACCEPTER", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=other)
    active = world.wait(other, lambda c: c["cloudStatus"] == "active", "active")
    assert "statusMessage" not in active


@decision("`requesterCidr` of a VPC with several blocks")
def test_the_first_block_and_all_of_them(world):
    name = world.peer("10.40.0.0/16", "10.41.0.0/16", "10.42.0.0/20")
    item = world.wait(name, lambda c: True, "the request")
    assert item["requesterCidr"] == "10.40.0.0/16"
    inbox = world.get(f"/api/peerage/v1/connections?requesterAccountId={world.requester}&itemsPerPage=500", "*/*")
    (entry,) = [c for c in inbox.json()["results"] if c["name"] == name]
    assert entry["requesterCidrs"] == ["10.40.0.0/16", "10.41.0.0/16", "10.42.0.0/20"]


# ---- HTTP --------------------------------------------------------------------------------------------------

@decision("Envelope on errors")
def test_envelope_on_errors(world):
    answer = world.list(query="&pageNum=0&envelope=true")
    assert answer.status == 400
    assert list(answer.json()) == ["content", "status"] and answer.json()["status"] == 400
    assert answer.json()["content"]["errorCode"] == "INVALID_QUERY_PARAMETER"
    refused_by = details(world, "oracle&envelope=true").json()
    assert (refused_by["status"], refused_by["content"]["errorCode"]) == (400, "INVALID_PROVIDER")


@decision("Bad bearer token")
def test_bad_bearer_token(world):
    head, payload, mac = world.token.split(".")
    for token in ("x", "a.b.c", f"{head}.{payload}.", f"{head}.{payload}.{mac[:-2]}AA", f"{head}.{payload}.{mac}.x",
                  world.token + "x", f"eyJhbGciOiJub25lIn0.{payload}."):
        answer = world.get(world.list_path, V2023_02, token=token, source="127.0.0.31")
        assert answer.status == 401 and len(answer.body) == 142
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert answer["X-Error-Code"] is None


@decision("No or other credentials")
def test_no_or_other_credentials(world):
    for fields in ([], [("Authorization", "Basic eDp5")], [("Authorization", "Hawk id=1")]):
        answer = raw(world.url, "GET", world.list_path, fields, source="127.0.0.32")
        assert answer.status == 401 and answer["WWW-Authenticate"].startswith('Digest realm="MMS Public API", ')
    # Authentication comes before everything else: nobody learns which paths or groups exist.
    for path in ("/", "/nowhere", "/api/atlas/v2/groups/x", f"/api/atlas/v2/groups/{UNKNOWN_GROUP}"):
        assert raw(world.url, "DELETE", path).status == 401


@decision("Digest `uri` that differs")
def test_digest_uri_must_be_the_target(world):
    target = f"{world.list_path}?requesterAccountId=1"
    for signed in (world.list_path, f"{world.list_path}?requesterAccountId=2", "/api/atlas/v2", target + "&x=1"):
        with Connection(world.url, "127.0.0.33") as c:
            challenge = c.ask("GET", target, [("Accept", V2023_02)])["WWW-Authenticate"]
            header = harness.digest_header(challenge, "GET", signed, world.dev["PUBLIC_KEY"], world.dev["PRIVATE_KEY"])
            answer = c.ask("GET", target, [("Accept", V2023_02), ("Authorization", header)])
        assert answer.status == 401 and "stale=false" in answer["WWW-Authenticate"], signed


@decision("Wrong method")
def test_wrong_method(world):
    for path in (world.list_path, "/api/atlas/v2/groups/" + world.group + "/streams/accountDetails"):
        for method in ("PUT", "PATCH", "POST", "DELETE"):
            answer = world.get(path, method=method, body=b"{}")
            if answer.status == 501:  # Atlas has that operation
                continue
            refused(answer, 405, "METHOD_NOT_ALLOWED")
            assert sorted(answer["Allow"].split(", ")) == ["GET", "HEAD"]
    refused(world.get(world.list_path, method="POST", body=b""), 405, "METHOD_NOT_ALLOWED")
    token = raw(world.url, "GET", "/api/oauth/token", [("Accept", "application/json")])
    assert (token.status, token["Allow"]) == (405, "POST")


@decision("Unknown path")
def test_unknown_path(world):
    for path in ("/", "/api", "/api/atlas/v1.0/groups", "/api/atlas/v2/", "/api/atlas/v2/groups/", "/API/atlas/v2",
                 f"{world.list_path}/", "/api/peerage/v2/connections"):
        assert refused(world.get(path), 404, "RESOURCE_NOT_FOUND") == [path]


@decision("Atlas operation that Peerage does not offer")
def test_operations_of_atlas_that_are_not_offered(world):
    name = world.dev["PEERING_NAME"]
    for method, path, operation in (
            ("GET", f"/api/atlas/v2/groups/{world.group}/clusters", "listGroupClusters"),
            ("DELETE", f"/api/atlas/v2/groups/{world.group}", "deleteGroup"),
            ("GET", f"{world.streams}", "listGroupStreamWorkspaces")):
        offered = re.search(rf'"{operation}"', (harness.ROOT / "spec" / "routes.def").read_text(encoding="utf-8"))
        if offered:
            continue
        before = world.find(name)
        answer = world.get(path, method=method, body=b"" if method != "GET" else None)
        assert refused(answer, 501, "NOT_IMPLEMENTED") == [operation]
        assert world.find(name) == before


@decision("HEAD")
def test_head(world):
    for target, accept, status in ((f"{world.list_path}?requesterAccountId=1", V2023_02, 200),
                                   ("/api/atlas/v2/groups", V2023_01, 200), (world.list_path, V2023_02, 400),
                                   (f"/api/atlas/v2/groups/{UNKNOWN_GROUP}", V2023_01, 404)):
        with Connection(world.url) as c:
            fields = [("Authorization", f"Bearer {world.token}"), ("Accept", accept)]
            get, head, after = c.ask("GET", target, fields), c.ask("HEAD", target, fields), c.ask("GET", target, fields)
        assert (get.status, head.status, after.status) == (status,) * 3
        assert head.body == b"" and head["Content-Length"] == get["Content-Length"]
        assert head["Content-Type"] == get["Content-Type"]


@decision("Links")
def test_links_name_the_public_url_and_never_the_host(world):
    with socket.create_connection(world.url[len("http://"):].split(":")) as s:
        s.sendall(f"GET /api/atlas/v2/groups HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n"
                  f"Forwarded: host=evil.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
                  f"Authorization: Bearer {world.token}\r\nAccept: {V2023_01}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"evil.example" not in answer and f'"href":"{world.url}/api/atlas/v2/groups'.encode() in answer


@decision("gzip")
def test_never_compressed(world):
    for coding in ("gzip", "gzip, deflate, br", "*"):
        answer = world.get(f"{world.list_path}?requesterAccountId={world.requester}", V2023_02,
                           more=[("Accept-Encoding", coding)])
        assert answer.status == 200 and answer["Content-Encoding"] is None and answer.json()["totalCount"] >= 1


# ---- accept, reject, delete ----------------------------------------------------------------------------------

def challenge(world, **changed):
    return {"requesterAccountId": world.requester, "requesterVpcId": changed.pop("vpc"), **changed}


def send(world, name, verb, body=None, query="", kind="application/json"):
    """POST …:accept or …:reject, or DELETE with verb ""; body: an object, or bytes as they are."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    more = [("Content-Type", kind)] if data is not None and kind else []
    path = f"{world.list_path}/{name}{':' + verb if verb else ''}{query}"
    return world.get(path, V2023_02, "POST" if verb else "DELETE", more=more, body=data)


def new_request(world, block):
    """A pending request of the demo's other account as the list shows it."""
    name = world.peer(block)
    return world.wait(name, lambda c: c["cloudStatus"] == "pending-acceptance", f"{name} in the list")


def accept_of(world, item, **changed):
    return challenge(world, vpc=item["requesterVpcId"], **changed)


def untouched(world, item):
    return world.find(item["name"])["localStatus"] == "NONE"


@pytest.fixture(scope="module")
def pending(world):
    """One that every test here must leave as it is."""
    item = new_request(world, "10.60.0.0/16")
    yield item
    assert untouched(world, item)


def field_of(answer, code):
    named = refused(answer, 400, code)
    assert [f["field"] for f in answer.json()["badRequestDetail"]["fields"]] == named
    return named[0]


@decision("`{id}` in accept, reject and delete")
def test_the_id_may_be_the_name_or_our_own(world):
    for block, key, verb in (("10.61.0.0/16", "name", "reject"), ("10.62.0.0/16", "_id", "reject"),
                             ("10.63.0.0/16", "_id", "accept")):
        item = new_request(world, block)
        answer = send(world, item[key], verb, accept_of(world, item) if verb == "accept" else None)
        assert (answer.status, answer.body) == (202, b"{}"), answer.body
        assert answer["Content-Type"] == V2023_02 + ";charset=utf-8"
        assert world.find(item["name"])["localStatus"] != "NONE"


@decision("Unknown connection")
def test_an_unknown_connection(world, pending):
    for unknown in ("pcx-00000000000000000", "0" * 24, "x", "pcx-1%20"):
        for verb in ("accept", "reject", ""):
            answer = send(world, unknown, verb, accept_of(world, pending) if verb == "accept" else None)
            what = f"VPC peering connection with id {unknown.replace('%20', ' ')}"
            assert (answer.status, answer.body) == (404, error_body(
                404, "RESOURCE_NOT_FOUND", f"Cannot find resource {what}.", [what], "Not Found"))


@decision("Challenge field missing")
def test_a_missing_challenge(world, pending):
    for left_out in ("requesterAccountId", "requesterVpcId"):
        body = accept_of(world, pending)
        del body[left_out]
        for shown in (body, {**body, left_out: None}):
            assert field_of(send(world, pending["name"], "accept", shown), "MISSING_ATTRIBUTE") == left_out


@decision("Challenge field that does not match")
def test_a_wrong_challenge(world, pending):
    for field, value in (("requesterAccountId", "999999999999"), ("requesterAccountId", ""),
                         ("requesterVpcId", pending["accepterVpcId"]), ("requesterVpcId", "VPC-1")):
        answer = send(world, pending["name"], "accept", accept_of(world, pending, **{field: value}))
        assert field_of(answer, "INVALID_ATTRIBUTE") == field
        assert pending["requesterVpcId"].encode() not in answer.body


@decision("Unknown field in a body")
def test_an_unknown_field(world, pending):
    answer = send(world, pending["name"], "accept", accept_of(world, pending, force=True))
    assert field_of(answer, "INVALID_ATTRIBUTE") == "force"
    item = new_request(world, "10.64.0.0/16")
    assert send(world, item["name"], "accept", accept_of(world, item, links=[])).status == 202


@decision("Body that is no JSON")
def test_a_body_that_is_no_json(world, pending):
    account = f'"requesterAccountId":"{world.requester}"'
    for body in (b"", b"{", b"{}x", b"\xff", ("{%s,%s}" % (account, account)).encode(), b"[" * 1000):
        assert refused(send(world, pending["name"], "accept", body), 400, "MALFORMED_JSON") == []


@decision("Body that is JSON of another shape")
def test_a_body_of_another_shape(world, pending):
    for body in (b"[]", b"null", b"1", b'"x"'):
        assert refused(send(world, pending["name"], "accept", body), 400, "INVALID_JSON") == []
    answer = send(world, pending["name"], "accept", accept_of(world, pending, requesterAccountId=1))
    assert field_of(answer, "INVALID_JSON_ATTRIBUTE") == "requesterAccountId"


@decision("Wrong media type of a body")
def test_media_types(world, pending):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/vnd.atlas.2023-13-01+json", "json"):
        assert refused(send(world, pending["name"], "accept", accept_of(world, pending), kind=kind), 415,
                       "UNSUPPORTED_MEDIA_TYPE") == [kind]
    assert send(world, pending["name"], "accept", accept_of(world, pending), kind=None).status == 415
    for kind in ("application/json; charset=utf-8", V2023_02, "application/vnd.atlas.2099-01-01+json"):
        assert refused(send(world, pending["name"], "accept", {}, kind=kind), 400, "MISSING_ATTRIBUTE")


@decision("Action already under way")
def test_again_is_202_without_a_second_effect(world):
    item = new_request(world, "10.65.0.0/16")
    for _ in range(5):
        assert send(world, item["name"], "reject").status == 202
    world.dev.wait_scanned()
    assert send(world, item["name"], "reject").status == 202
    events = world.command("event", "list", "--project", world.group, "--type", "PEERAGE_CONNECTION_REJECT_REQUESTED")
    asked = [e for e in events["results"] if e["resourceId"] == item["name"]]
    assert len(asked) == 1


@decision("Accept, or delete of what is protected, where several must ask")
def test_the_first_of_two_is_202_and_moves_nothing(world):
    item = new_request(world, "10.67.0.0/16")
    world.command("policy", "approvals", "--accept", "2", "--project", world.group)
    try:
        for _ in range(2):  # the same caller counts once
            assert send(world, item["name"], "accept", accept_of(world, item)).status == 202
        now = world.find(item["name"])
        assert (now["localStatus"], now["statusMessage"]) == ("NONE", "1 of 2 approvals")
        world.command("connection", "accept", item["name"], "--project", world.group, "--requester-account",
                      item["requesterAccountId"], "--requester-vpc", item["requesterVpcId"])  # the local administrator is another
        world.wait(item["name"], lambda c: c["localStatus"] == "ACTIVE", "active")
    finally:
        world.command("policy", "approvals", "--accept", "1", "--project", world.group)


@decision("Action that the state forbids")
def test_a_state_that_forbids_says_so(world, pending):
    answer = send(world, pending["name"], "")
    assert refused(answer, 409, "PEER_INVALID_STATE")
    assert "cloudStatus pending-acceptance" in answer.json()["detail"]
    assert "it can be accepted or rejected" in answer.json()["detail"]
    item = new_request(world, "10.66.0.0/16")
    assert send(world, item["name"], "reject").status == 202
    assert refused(send(world, item["name"], "accept", accept_of(world, item)), 409, "PEER_INVALID_STATE")


@decision("Delete of a rejected, expired or failed connection")
def test_delete_of_what_has_ended(world):
    item = new_request(world, "10.67.0.0/16")
    world.ec2("ACCEPTER", "RejectVpcPeeringConnection", VpcPeeringConnectionId=item["name"])
    world.wait(item["name"], lambda c: c["cloudStatus"] == "rejected", "the rejection")
    assert send(world, item["name"], "").status == 202
    assert world.find(item["name"])["localStatus"] == "NONE"


@decision("Action in a network that is only observed")
def test_protected_and_observed(world, pending):
    network = world.command("network", "list")["results"][0]["id"]
    active = "555555555555"
    world.bulk(1, active, active=True)
    item = harness.wait_until(lambda: next((c for c in world.list(active).json()["results"]
                                            if c["cloudStatus"] == "active"), None), "an active one")
    world.command("connection", "protect", item["name"], "--project", world.group)
    try:
        answer = send(world, item["name"], "")
        assert refused(answer, 409, "PEER_INVALID_STATE") and "is protected" in answer.json()["detail"]
    finally:
        world.command("connection", "unprotect", item["name"], "--project", world.group)
    world.command("network", "protect", network)
    try:
        assert "by its network" in send(world, item["name"], "").json()["detail"]
    finally:
        world.command("network", "unprotect", network)
    vpc = world.vpc(world.accepter, "10.99.0.0/16")
    world.command("network", "add", "--project", world.group, "--account", world.accepter, "--region", world.region,
                  "--vpc", vpc, "--mode", "observe")
    name = world.peer("10.68.0.0/16", vpc=vpc)
    world.wait(name, lambda c: True, "a request to the observed network")
    answer = send(world, name, "reject")
    assert refused(answer, 409, "PEER_INVALID_STATE") and "only observed" in answer.json()["detail"]
    assert world.find(name)["localStatus"] == "NONE"


@decision("Accept while the quota of active peerings")
def test_a_quota_that_was_told(world):
    network = world.command("network", "list")["results"][0]["id"]
    first, second = new_request(world, "10.70.0.0/16"), new_request(world, "10.71.0.0/16")
    assert send(world, first["name"], "accept", accept_of(world, first)).status == 202
    world.wait(first["name"], lambda c: c["cloudStatus"] == "active", "the first")
    world.command("network", "set-limits", network, "--peerings", "1")
    try:
        answer = send(world, second["name"], "accept", accept_of(world, second))
        assert refused(answer, 409, "PEER_INVALID_STATE") and "its quota is 1" in answer.json()["detail"]
        assert world.find(second["name"])["localStatus"] == "NONE"
        assert send(world, second["name"], "reject").status == 202  # that needs no room
    finally:
        world.command("network", "set-limits", network, "--peerings", "0")
    send(world, first["name"], "")


@decision("Envelope on 202")
def test_the_envelope_of_a_202(world):
    item = new_request(world, "10.69.0.0/16")
    answer = send(world, item["name"], "reject", query="?envelope=true")
    assert (answer.status, answer.body) == (202, b'{"content":{},"status":202}')


# ---- events --------------------------------------------------------------------------------------------------

def event_list(world, query="", of="groups"):
    scope = world.group if of == "groups" else world.get(f"/api/atlas/v2/groups/{world.group}").json()["orgId"]
    return world.get(f"/api/atlas/v2/{of}/{scope}/events{query}", V2023_01)


@decision("Actor of an event")
def test_actor_of_an_event(world):
    seen = event_list(world, "?eventType=PEERAGE_CONNECTION_DISCOVERED").json()["results"][-1]
    assert seen["username"] == "scanner" and not {"apiKeyId", "publicKey", "remoteAddress"} & set(seen)
    item = new_request(world, "10.93.0.0/16")
    assert send(world, item["name"], "accept", accept_of(world, item)).status == 202
    asked = event_list(world, "?eventType=PEERAGE_CONNECTION_ACCEPT_REQUESTED").json()["results"][0]
    assert asked["resourceId"] == item["name"] and asked["publicKey"] == world.dev["CLIENT_ID"]
    assert asked["apiKeyId"] and asked["remoteAddress"] == "127.0.0.1" and "username" not in asked


@decision("Subject of an event")
def test_subject_of_an_event(world):
    for event in event_list(world).json()["results"]:
        kind = event.get("resourceType")
        assert (kind is None) == event["eventTypeName"].startswith(("GROUP_", "API_KEY_"))
        assert (kind is None) == (event["eventTypeName"] == "GROUP_CREATED" or "targetPublicKey" in event)
        assert kind != "vpcPeeringConnection" or event["resourceId"].startswith("pcx-")
    public, _ = world.key("ORG_MEMBER")
    assert event_list(world, "?eventType=API_KEY_CREATED", "orgs").json()["results"][0]["targetPublicKey"] == public
    world.command("access-list", "add", public, "10.0.0.0/8")
    added = event_list(world, "?eventType=API_KEY_ACCESS_LIST_ENTRY_ADDED", "orgs").json()["results"][0]
    assert (added["targetPublicKey"], added["whitelistEntry"]) == (public, "10.0.0.0/8")


@decision("Events of an organisation")
def test_events_of_an_organisation(world):
    found = event_list(world, of="orgs").json()["results"]
    assert {e["eventTypeName"] for e in found if "groupId" in e} == {"GROUP_CREATED"}
    for event in found:
        assert f"/groups/{event.get('groupId', 'null')}/events/{event['id']}" in event["links"][0]["href"]


@decision("`includeCount=false`")
def test_include_count(world):
    uncounted = event_list(world, "?includeCount=false&itemsPerPage=1").json()
    assert uncounted["totalCount"] == 0 and [k["rel"] for k in uncounted["links"]] == ["self"]
    counted = event_list(world, "?itemsPerPage=1").json()
    assert counted["totalCount"] > 1 and [k["rel"] for k in counted["links"]] == ["self", "next"]
    assert uncounted["results"] and len(counted["results"]) == 1


@decision("`includeRaw`")
def test_include_raw(world):
    query = "?eventType=PEERAGE_NETWORK_ADDED&includeRaw="
    assert event_list(world, query + "true").json()["results"] == event_list(world, query + "false").json()["results"]
    names_parameter(event_list(world, query + "x"), "includeRaw")


@decision("`minDate` and `maxDate`")
def test_dates_of_events(world):
    first = event_list(world, "?eventType=GROUP_CREATED").json()["results"][0]
    at = first["created"]
    for query in (f"?minDate={at}", f"?maxDate={at}", f"?minDate={at}&maxDate={at}"):
        assert first in event_list(world, query + "&itemsPerPage=500").json()["results"], query
    for name in ("minDate", "maxDate"):
        for bad in ("2024-01-01", "x", "", "2024-01-01T00:00:00", "1723172808"):
            names_parameter(event_list(world, f"?{name}={bad}"), name)


@decision("`eventType` and `excludedEventType`")
def test_event_types(world):
    both = event_list(world, "?eventType=GROUP_CREATED&eventType=PEERAGE_NETWORK_ADDED&eventType=X").json()["results"]
    assert {e["eventTypeName"] for e in both} == {"GROUP_CREATED", "PEERAGE_NETWORK_ADDED"}
    less = event_list(world, "?excludedEventType=GROUP_CREATED&excludedEventType=X").json()["results"]
    assert less and "GROUP_CREATED" not in {e["eventTypeName"] for e in less}
    for name in ("eventType", "excludedEventType"):
        names_parameter(event_list(world, f"?{name}="), name)


@decision("`clusterNames`")
def test_cluster_names(world):
    assert event_list(world, "?clusterNames=Cluster0&eventType=GROUP_CREATED").json()["results"] == []


@decision("Unknown event")
def test_unknown_event(world):
    assert refused(event_list(world, f"/{UNKNOWN_GROUP}"), 404, "EVENT_NOT_FOUND") == [UNKNOWN_GROUP, world.group]
    assert refused(event_list(world, f"/{UNKNOWN_GROUP}", "orgs"), 404, "ORG_EVENT_NOT_FOUND")[0] == UNKNOWN_GROUP
    refused(event_list(world, "/x"), 400, "PATH_PARAM_PARSE_ERROR")
    for of in ("groups", "orgs"):
        known = event_list(world, "?eventType=GROUP_CREATED", of).json()["results"][0]
        assert event_list(world, f"/{known['id']}", of).json() == known


@decision("Unknown or malformed `orgId`")
def test_unknown_org(world):
    for org, status, code in ((UNKNOWN_GROUP, 404, "ORG_NOT_FOUND"), ("A" * 24, 400, "PATH_PARAM_PARSE_ERROR")):
        refused(world.get(f"/api/atlas/v2/orgs/{org}/events", V2023_01), status, code)


@decision("Organisation without any role")
def test_org_without_a_role(dev):
    world = World(dev)  # its own: with two organisations, commands must name theirs
    other = world.command("org", "create", "Elsewhere")["id"]
    refused(world.get(f"/api/atlas/v2/orgs/{other}/events", V2023_01), 401, "USER_UNAUTHORIZED")


# ---- credentials -------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tenant(shared_dev):
    return Tenant(shared_dev)


NEW_ACCOUNT = {"name": "n", "description": "d", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 8}


@decision("API key or service account of another organisation")
def test_strangers_are_not_found(tenant):
    key, account = tenant.make_key("ORG_MEMBER"), tenant.make_account("ORG_MEMBER")
    for path, code in ((f"{tenant.group_keys}/{key['id']}", "API_KEY_NOT_FOUND"), (f"{tenant.keys}/{UNKNOWN_GROUP}", "API_KEY_NOT_FOUND"),
                       (f"{tenant.group_accounts}/{account['clientId']}", "SERVICE_ACCOUNT_NOT_FOUND"),
                       (f"{tenant.accounts}/mdb_sa_id_{UNKNOWN_GROUP}", "SERVICE_ACCOUNT_NOT_FOUND")):
        tenant.refused("DELETE", path, None, 404, code)


@decision("Role of the wrong scope")
def test_roles_of_the_wrong_scope(tenant):
    tenant.refused("POST", tenant.keys, {"desc": "d", "roles": ["GROUP_OWNER"]}, 400, "CANNOT_ADD_GROUP_ROLE")
    tenant.refused("POST", tenant.group_accounts, {**NEW_ACCOUNT, "roles": ["GROUP_OWNER", "ORG_OWNER"]}, 400, "CANNOT_ADD_ORG_ROLE")
    made = tenant.make_key("ORG_READ_ONLY", "GROUP_OWNER", path=tenant.group_keys)
    assert [r["roleName"] for r in made["roles"]] == ["ORG_READ_ONLY", "GROUP_OWNER"]


@decision("No role, or an unknown one")
def test_no_or_unknown_roles(tenant):
    tenant.refused("POST", tenant.keys, {"desc": "d", "roles": []}, 400, "MISSING_API_KEY_ROLES")
    for roles in ([], ["ORG_KING"]):
        assert tenant.refused("POST", tenant.accounts, {**NEW_ACCOUNT, "roles": roles}, 400, "INVALID_ATTRIBUTE")["parameters"] == ["roles"]


@decision("Read-only attribute in a body")
def test_read_only_attributes(tenant):
    tenant.refused("POST", tenant.keys, {"desc": "d", "roles": ["ORG_MEMBER"], "id": UNKNOWN_GROUP}, 400, "ATTRIBUTE_READ_ONLY")


@decision("Last owner of an organisation")
def test_the_last_owner(dev):
    tenant = Tenant(dev)
    owner = next(k for k in tenant.ask("GET", tenant.keys)["results"] if k["roles"][0]["roleName"] == "ORG_OWNER")
    me = f"{tenant.accounts}/{dev['CLIENT_ID']}"
    tenant.ask("DELETE", f"{tenant.keys}/{owner['id']}", status=204)
    tenant.refused("DELETE", me, None, 409, "CANNOT_REMOVE_LAST_ORG_OWNER")
    tenant.refused("PATCH", me, {"roles": ["ORG_MEMBER"]}, 409, "CANNOT_REMOVE_LAST_ORG_OWNER")
    secret = tenant.ask("GET", me)["secrets"][0]["id"]
    tenant.refused("DELETE", f"{me}/secrets/{secret}", None, 409, "CANNOT_REMOVE_LAST_ORG_OWNER")
    tenant.command("service-account", "delete", dev["CLIENT_ID"])


@decision("PATCH of an API key")
def test_patch_assigns(tenant):
    made = tenant.make_key("ORG_MEMBER")
    one = f"{tenant.group_keys}/{made['id']}"
    tenant.refused("PATCH", one, {"desc": "only this"}, 404, "API_KEY_NOT_FOUND")
    assert tenant.ask("PATCH", one, {"roles": ["GROUP_READ_ONLY"]})["roles"][1]["groupId"] == tenant.group


@decision("`:invite` and POST")
def test_again_into_a_project(tenant):
    account, key = tenant.make_account("GROUP_OWNER", path=tenant.group_accounts), tenant.make_key("GROUP_OWNER", path=tenant.group_keys)
    assert tenant.ask("POST", f"{tenant.group_accounts}/{account['clientId']}:invite", {"roles": ["GROUP_READ_ONLY"]})["roles"] == ["GROUP_READ_ONLY"]
    tenant.ask("POST", f"{tenant.group_keys}/{key['id']}", [{"roles": ["GROUP_READ_ONLY"]}], 204)
    assert [r["roleName"] for r in tenant.ask("GET", f"{tenant.keys}/{key['id']}")["roles"]] == ["ORG_MEMBER", "GROUP_READ_ONLY"]


@decision("Project Access Manager")
def test_an_access_manager_makes_no_owner(tenant):
    token = tenant.token_of(tenant.make_account("GROUP_ACCESS_MANAGER", path=tenant.group_accounts))
    owner = tenant.make_key("GROUP_OWNER", path=tenant.group_keys)
    tenant.refused("POST", tenant.group_keys, {"desc": "d", "roles": ["GROUP_OWNER"]}, 401, "USER_UNAUTHORIZED", token)
    tenant.refused("DELETE", f"{tenant.group_keys}/{owner['id']}", None, 401, "USER_UNAUTHORIZED", token)
    tenant.ask("POST", tenant.group_keys, {"desc": "d", "roles": ["GROUP_CLUSTER_MANAGER"]}, token=token)


@decision("Service account that reaches beyond")
def test_an_account_of_more_than_the_project(tenant):
    token = tenant.token_of(tenant.make_account("GROUP_OWNER", path=tenant.group_accounts))
    wide = tenant.make_account("ORG_READ_ONLY")
    one = f"{tenant.group_accounts}/{wide['clientId']}"
    tenant.ask("POST", f"{one}:invite", {"roles": ["GROUP_READ_ONLY"]})
    for tail, body in (("/secrets", {"secretExpiresAfterHours": 8}), ("/accessList", [{"ipAddress": "127.0.0.1"}])):
        tenant.refused("POST", one + tail, body, 401, "USER_UNAUTHORIZED", token)
    tenant.refused("PATCH", one, {"name": "mine"}, 401, "USER_UNAUTHORIZED", token)


@decision("Third secret")
def test_a_third_secret(tenant):
    secrets = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER')['clientId']}/secrets"
    tenant.ask("POST", secrets, {"secretExpiresAfterHours": 8}, 201)
    tenant.refused("POST", secrets, {"secretExpiresAfterHours": 8}, 400, "MAX_SECRETS_PER_SERVICE_ACCOUNT_EXCEEDED")


@decision("Second secret")
def test_a_second_secret_shortens_the_first(tenant):
    one = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER', hours=8760)['clientId']}"
    made = tenant.ask("POST", f"{one}/secrets", {"secretExpiresAfterHours": 8760}, 201)
    older = next(s for s in tenant.ask("GET", one)["secrets"] if s["id"] != made["id"])
    assert seconds_of(older["expiresAt"]) - seconds_of(made["createdAt"]) in range(7 * 86400 - 1, 7 * 86400 + 2)


@decision("Deleted secret")
def test_tokens_end_with_their_secret(tenant):
    account = tenant.make_account("ORG_MEMBER")
    token = tenant.token_of(account)
    tenant.ask("DELETE", f"{tenant.accounts}/{account['clientId']}/secrets/{account['secrets'][0]['id']}", status=204)
    assert tenant.get("/api/atlas/v2/groups", V2023_01, token=token).status == 401


@decision("`secretExpiresAfterHours`")
def test_hours_of_a_secret(tenant):
    for hours in (7, 8761):
        answer = tenant.refused("POST", tenant.accounts, {**NEW_ACCOUNT, "secretExpiresAfterHours": hours}, 400, "INVALID_ATTRIBUTE")
        assert answer["parameters"] == ["secretExpiresAfterHours"]


@decision("Masked secrets")
def test_masks(tenant):
    key, account = tenant.make_key("ORG_MEMBER"), tenant.make_account("ORG_MEMBER")
    assert tenant.ask("GET", f"{tenant.keys}/{key['id']}")["privateKey"] == f"********-****-****-{key['privateKey'][-12:]}"
    (secret,) = tenant.ask("GET", f"{tenant.accounts}/{account['clientId']}")["secrets"]
    assert secret["maskedSecretValue"] == "mdb_sa_sk_..." and "secret" not in secret


@decision("`includeSystemManaged`")
def test_include_system_managed(tenant):
    for paths in (tenant.accounts, tenant.group_accounts):
        plain = tenant.ask("GET", paths)
        assert tenant.ask("GET", f"{paths}?includeSystemManaged=true")["totalCount"] == plain["totalCount"]
        tenant.refused("GET", f"{paths}?includeSystemManaged=yes", None, 400, "INVALID_QUERY_PARAMETER")


@decision("Access list entry that is there already")
def test_an_entry_twice(tenant):
    base = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER')['clientId']}/accessList"
    tenant.ask("POST", base, [{"ipAddress": "127.0.0.1"}])
    tenant.refused("POST", base, [{"ipAddress": "127.0.0.2"}, {"cidrBlock": "127.0.0.1/32"}], 409, "ADDRESS_ALREADY_IN_ACCESS_LIST")
    assert tenant.ask("GET", base)["totalCount"] == 1


@decision("CIDR block with host bits")
def test_host_bits(tenant):
    base = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER')['clientId']}/accessList"
    tenant.refused("POST", base, [{"cidrBlock": "10.1.2.3/16"}], 400, "INVALID_IP_ADDRESS_OR_CIDR_NOTATION")


@decision("Both or neither of")
def test_address_and_block(tenant):
    base = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER')['clientId']}/accessList"
    tenant.refused("POST", base, [{"ipAddress": "10.0.0.1", "cidrBlock": "10.0.0.1/32"}], 400, "MULTIPLE_VALUES_SPECIFIED_FOR_ONE_NETWORK_PERMISSION_ENTRY")
    tenant.refused("POST", base, [{}], 400, "MISSING_ONE_OF_ATTRIBUTES")


@decision("Access list entry that lets in the caller")
def test_the_entry_of_the_caller(tenant):
    key = tenant.make_key("ORG_MEMBER")
    base = f"{tenant.keys}/{key['id']}/accessList"
    tenant.ask("POST", base, [{"ipAddress": "127.0.0.1"}])
    assert keyed(tenant, key, "127.0.0.1", "DELETE", f"{base}/127.0.0.1")["X-Error-Code"] == "CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST"
    tenant.ask("POST", base, [{"cidrBlock": "127.0.0.0/8"}])
    assert raw_key(tenant, key, "127.0.0.1", "DELETE", f"{base}/127.0.0.1") == 204


@decision("Who changes the access list")
def test_who_changes_a_list(tenant):
    key, other = tenant.make_key("ORG_MEMBER"), tenant.make_key("ORG_READ_ONLY")
    base = f"{tenant.keys}/{key['id']}/accessList"
    assert raw_key(tenant, other, "127.0.0.1", "POST", base, [{"ipAddress": "127.0.0.1"}]) == 401
    assert raw_key(tenant, key, "127.0.0.1", "POST", base, [{"ipAddress": "127.0.0.1"}]) == 200
    tenant.ask("POST", base, [{"ipAddress": "127.0.0.2"}])


@decision("Entries of an access list")
def test_two_hundred_entries(tenant):
    base = f"{tenant.accounts}/{tenant.make_account('ORG_MEMBER')['clientId']}/accessList"
    tenant.ask("POST", base, [{"ipAddress": f"10.0.0.{i}"} for i in range(200)])
    tenant.refused("POST", base, [{"ipAddress": "10.0.1.0"}], 400, "MAX_ACCESS_LIST_ENTRIES_EXCEEDED")
    shown = [e["cidrBlock"] for e in tenant.ask("GET", f"{base}?itemsPerPage=500")["results"]]
    assert len(shown) == 200 and shown == sorted(shown)


@decision("204")
def test_no_content(tenant):
    key = tenant.make_key("ORG_MEMBER")
    assert tenant.ask("DELETE", f"{tenant.keys}/{key['id']}?envelope=true&pretty=true", status=204) is None


# ---- limits ------------------------------------------------------------------------------------------------

def mint(dev, source="127.0.0.1", client=None):
    user, secret = client or (dev["CLIENT_ID"], dev["CLIENT_SECRET"])
    basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return raw(dev.url, "POST", "/api/oauth/token", [
        ("Authorization", f"Basic {basic}"), ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json")], b"grant_type=client_credentials", source)


@decision("Tokens minted")
def test_tokens_minted_in_a_minute(dev):
    minted = [mint(dev, "127.0.0.41").status for _ in range(50)]
    assert minted == [200] * 50
    answer = mint(dev, "127.0.0.41")
    assert answer.body == error_body(429, "RATE_LIMITED",
                                     "Resource /api/oauth/token is limited to 50 requests every 1 minutes.",
                                     ["/api/oauth/token", 50, 1], "Too Many Requests")
    assert answer.status == 429 and 1 <= int(answer["Retry-After"]) <= 60
    assert mint(dev, "127.0.0.42").status == 200  # another address
    unknown = mint(dev, "127.0.0.41", ("mdb_sa_id_" + "0" * 24, "x"))
    assert unknown.status == 401                  # another client


@decision("Live tokens of one service account")
def test_live_tokens(dev):
    tokens = [json.loads(mint(dev, f"127.0.0.{50 + n // 40}").body)["access_token"] for n in range(100)]
    assert len(set(tokens)) == 100
    answer = mint(dev, "127.0.0.59")
    assert (answer.status, answer.json()["error"]) == (403, "access_denied")
    assert list(answer.json()) == ["error_description", "error"]
    revoked = harness.request(dev.url, "POST", "/api/oauth/revoke", {
        "Content-Type": "application/x-www-form-urlencoded"},
        f"client_id={dev['CLIENT_ID']}&client_secret={dev['CLIENT_SECRET']}&token={tokens[7]}")
    assert revoked[0] == 200 and revoked[2] == b""
    assert mint(dev, "127.0.0.59").status == 200  # one went, one may come


@decision("Retry-After on 429")
def test_retry_after_is_the_floored_second_and_one(dev):
    world = World(dev)
    with Connection(world.url) as c:
        fields = [("Authorization", f"Bearer {world.token}"), ("Accept", V2024_11)]
        for _ in range(2000):
            answer = c.ask("GET", world.streams + "/activeVpcPeeringConnections", fields)
            if answer.status == 429:
                break
    seconds = answer.json()["parameters"][1]
    assert answer.status == 429 and int(answer["Retry-After"]) == seconds + 1


# ---- organisations and projects ----------------------------------------------------------------------------

GROUPS, ORGS = "/api/atlas/v2/groups", "/api/atlas/v2/orgs"


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    """A demo with an owner, another organisation and its owner."""
    with harness.Dev(tmp_path_factory.mktemp("tenants"), "--rate-limit", "off") as d:
        d.wait_scanned()
        d.owner, d.org = tenancy.demo_owner(d), d["ORG_ID"]
        d.other_org = tenancy.command(d, "org", "create", "other")["id"]
        d.other = tenancy.new_caller(d, "ORG_OWNER", org=d.other_org)
        yield d


def make(caller, org, name, status=201, **more):
    answer = caller.ask("POST", GROUPS, {"name": name, "orgId": org, **more})
    assert answer.status == status, answer
    return answer


def denied(answer, status, code, *parameters):
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.json()["parameters"] == list(parameters)


@decision("Name of a project or an organisation")
def test_names(tenants):
    for name in ("two words", "", "x" * 65):
        denied(make(tenants.owner, tenants.org, name, 400), 400, "INVALID_ATTRIBUTE", "name")
        denied(tenants.other.ask("PATCH", f"{ORGS}/{tenants.other_org}", {"name": name}), 400, "INVALID_ATTRIBUTE",
               "name")
    make(tenants.owner, tenants.org, "Ü" * 64)


@decision("Name that another project of the organisation has")
def test_project_name_taken(tenants):
    make(tenants.owner, tenants.org, "taken")
    denied(make(tenants.owner, tenants.org, "taken", 409), 409, "GROUP_ALREADY_EXISTS", "taken")
    make(tenants.owner, tenants.org, "Taken")
    make(tenants.other, tenants.other_org, "taken")


@decision("Who may make an organisation")
def test_who_may_make_an_organisation(tenants):
    for role in ("ORG_READ_ONLY", "ORG_GROUP_CREATOR", "GROUP_OWNER"):
        denied(tenancy.new_caller(tenants, role).ask("POST", ORGS, {"name": "n"}), 401, "USER_UNAUTHORIZED")
    assert tenants.owner.ask("POST", ORGS, {"name": "by-an-owner"}).status == 201


@decision("First credential of a new organisation")
def test_first_credential(tenants):
    key = {"desc": "first", "roles": ["ORG_OWNER"]}
    account = {"name": "a", "description": "d", "roles": ["ORG_OWNER"], "secretExpiresAfterHours": 8}
    body = {"name": "with-key", "apiKey": key, "serviceAccount": account}
    denied(tenants.owner.ask("POST", ORGS, body), 400, "INVALID_ATTRIBUTE", "serviceAccount")
    body = {"name": "with-key", "apiKey": {**key, "desc": "d" * 251}}
    denied(tenants.owner.ask("POST", ORGS, body), 400, "INVALID_ATTRIBUTE", "desc")
    assert tenants.owner.ask("POST", ORGS, {"name": "with-key", "apiKey": key}).status == 201


@decision("`orgOwnerId` and `federationSettingsId`")
def test_org_owner_id(tenants):
    made = tenants.owner.ask("POST", ORGS, {"name": "owned", "orgOwnerId": UNKNOWN_GROUP})
    assert made.json()["orgOwnerId"] == UNKNOWN_GROUP
    denied(tenants.owner.ask("POST", ORGS, {"name": "n", "orgOwnerId": "me"}), 400, "INVALID_ATTRIBUTE", "orgOwnerId")
    body = {"name": "n", "federationSettingsId": UNKNOWN_GROUP}
    denied(tenants.owner.ask("POST", ORGS, body), 400, "INVALID_ATTRIBUTE", "federationSettingsId")


@decision("Name that another organisation has")
def test_organisation_name_taken(tenants):
    answer = tenants.other.ask("PATCH", f"{ORGS}/{tenants.other_org}", {"name": "demo"})
    denied(answer, 409, "ORG_ALREADY_EXISTS", "demo")


@decision("Read-only fields of a project or an organisation")
def test_read_only_fields(tenants):
    made = make(tenants.owner, tenants.org, "read-only", clusterCount=7, created="2001-01-01T00:00:00Z", links=[])
    assert made.json()["clusterCount"] == 0 and made.json()["created"] > "2020"
    denied(make(tenants.owner, tenants.org, "n", 400, id=UNKNOWN_GROUP), 400, "ATTRIBUTE_READ_ONLY", "id")
    answer = tenants.other.ask("PATCH", f"{ORGS}/{tenants.other_org}", {"name": "n", "isDeleted": True})
    denied(answer, 400, "ATTRIBUTE_READ_ONLY", "isDeleted")


@decision("`projectOwnerId`")
def test_project_owner_id(tenants):
    body = {"name": "owned", "orgId": tenants.org}
    denied(tenants.owner.ask("POST", f"{GROUPS}?projectOwnerId=me", body), 400, "INVALID_QUERY_PARAMETER",
           "projectOwnerId")
    assert tenants.owner.ask("POST", f"{GROUPS}?projectOwnerId={UNKNOWN_GROUP}", body).status == 201
    assert tenants.owner.ask("POST", f"{GROUPS}?projectOwnerId=", {**body, "name": "disowned"}).status == 201


@decision("Project made in an unknown organisation")
def test_project_where_none_may_be_made(tenants):
    denied(make(tenants.owner, UNKNOWN_GROUP, "n", 404), 404, "ORG_NOT_FOUND", UNKNOWN_GROUP)
    denied(make(tenants.owner, tenants.other_org, "n", 401), 401, "NOT_ORG_GROUP_CREATOR", tenants.other_org)


@decision("Who owns a new project")
def test_who_owns_a_new_project(tenants):
    creator = tenancy.new_caller(tenants, "ORG_GROUP_CREATOR")
    path = f"{GROUPS}/{make(creator, tenants.org, 'created').json()['id']}"
    assert creator.ask("PATCH", path, {"tags": []}).status == tenants.owner.ask("PATCH", path, {}).status == 200
    roles = creator.get("/api/atlas/v2").json()["apiKey"]["roles"]
    assert [r["roleName"] for r in roles if "groupId" in r] == ["GROUP_OWNER"]


@decision("Project by an unknown name")
def test_project_by_name(tenants):
    denied(tenants.other.get(f"{GROUPS}/byName/demo"), 404, "GROUP_NAME_NOT_FOUND", "demo")
    assert tenants.owner.get(f"{GROUPS}/byName/demo").json()["id"] == tenants["GROUP_ID"]
    denied(tenancy.new_caller(tenants, "ORG_MEMBER").get(f"{GROUPS}/byName/demo"), 401, "NOT_IN_GROUP")


@decision("`name` of a list of projects or organisations")
def test_lists_by_name(tenants):
    for path in (ORGS, f"{ORGS}/{tenants.org}/groups"):
        assert [x["name"] for x in tenants.owner.get(f"{path}?name=DEM").json()["results"]] == ["demo"]
        assert tenants.owner.get(f"{path}?name=emo").json()["results"] == []
        assert tenants.owner.get(f"{path}?name=").json()["totalCount"] == tenants.owner.get(path).json()["totalCount"]


@decision("Delete of a project that has networks")
def test_delete_of_a_project_in_use(dev):
    dev.wait_scanned()
    owner, path = tenancy.demo_owner(dev), f"{GROUPS}/{dev['GROUP_ID']}"
    denied(owner.ask("DELETE", path), 409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS")
    spare = owner.ask("POST", GROUPS, {"name": "spare", "orgId": dev["ORG_ID"]}).json()["id"]
    network = tenancy.command(dev, "network", "add", "--project", spare, "--account", dev["ACCEPTER_ACCOUNT_ID"],
                              "--region", dev.env["PEERAGE_DEMO_REGION"], "--vpc", "vpc-0123456789abcdef0")["id"]
    denied(owner.ask("DELETE", f"{GROUPS}/{spare}"), 409, "CONTAINERS_IN_USE", "The project still has networks")
    harness.run("network", "remove", network, "--data", dev.dir, check=0)
    assert owner.ask("DELETE", f"{GROUPS}/{spare}").status == 202


@decision("What a deleted project leaves")
def test_what_a_deleted_project_leaves(tenants):
    group = make(tenants.owner, tenants.org, "leaving").json()["id"]
    member = tenancy.new_caller(tenants, "GROUP_OWNER", project=group)
    assert tenants.owner.ask("DELETE", f"{GROUPS}/{group}").status == 202
    assert tenancy.event_types(tenants.owner, f"orgs/{tenants.org}")[0] == "GROUP_DELETED"
    assert member.get(GROUPS).json()["results"] == []
    make(tenants.owner, tenants.org, "leaving")


@decision("Delete of an organisation")
def test_delete_of_an_organisation(tenants):
    org = tenancy.command(tenants, "org", "create", "brief")["id"]
    owner = tenancy.new_caller(tenants, "ORG_OWNER", org=org)
    group = make(owner, org, "g").json()["id"]
    denied(owner.ask("DELETE", f"{ORGS}/{org}"), 409, "ORG_NOT_EMPTY")
    assert owner.ask("DELETE", f"{GROUPS}/{group}").status == 202
    gone = owner.ask("DELETE", f"{ORGS}/{org}")
    assert (gone.status, gone.body) == (204, b"")
    assert owner.get(ORGS).status == 401


@decision("Settings of projects and organisations")
def test_settings(tenants):
    path = f"{ORGS}/{tenants.other_org}/settings"
    assert tenants.other.ask("PATCH", path, {"maxServiceAccountSecretValidityInHours": 24}).status == 200
    words = ("service-account", "create", "long", "--org", tenants.other_org, "--role", "ORG_MEMBER")
    done = harness.run(*words, "--secret-hours", "25", "--data", tenants.dir)
    assert done.returncode != 0 and "24" in done.stderr, done
    group = f"{GROUPS}/{tenants['GROUP_ID']}/settings"
    before = tenants.owner.get(group).json()["isSchemaAdvisorEnabled"]
    changed = tenants.owner.ask("PATCH", group, {"isSchemaAdvisorEnabled": not before}).json()
    assert changed["isSchemaAdvisorEnabled"] != before and changed == tenants.owner.get(group).json()


@decision("`apiAccessListRequired` set by a caller without")
def test_a_caller_may_lock_itself_out(tenants):
    org = tenancy.command(tenants, "org", "create", "locked")["id"]
    owner = tenancy.new_caller(tenants, "ORG_OWNER", org=org)
    assert owner.ask("PATCH", f"{ORGS}/{org}/settings", {"apiAccessListRequired": True}).status == 200
    assert owner.get(f"{ORGS}/{org}").code == "IP_ADDRESS_NOT_ON_ACCESS_LIST"


@decision("Tags")
def test_tags(tenants):
    path = f"{GROUPS}/{tenants['GROUP_ID']}"
    tags = [{"key": f"k{i}", "value": "ü" * (255 if i else 1)} for i in range(30)]
    tags += [{"key": f"k{i}", "value": "v"} for i in range(30, 50)]
    assert tenants.owner.ask("PATCH", path, {"tags": tags}).json()["tags"] == tags
    for bad in (tags + [{"key": "k", "value": "v"}], tags[:1] * 2, [{"key": "", "value": "v"}],
                [{"key": "k", "value": "v\t"}], [{"key": "k", "value": "v" * 256}]):
        denied(tenants.owner.ask("PATCH", path, {"tags": bad}), 400, "INVALID_ATTRIBUTE", "tags")
    assert tenants.owner.ask("PATCH", path, {"tags": []}).json()["tags"] == []


# ---- what clients look up ----------------------------------------------------------------------------------

V2025_03 = "application/vnd.atlas.2025-03-12+json"


@decision("Rate limits of another's")
def test_rate_limits_of_another(tenants):
    limits, owner = "/api/atlas/v2/rateLimits", tenants.owner
    denied(owner.get(f"{limits}?userId={tenants.other.user}", V2025_03), 401, "USER_UNAUTHORIZED")
    denied(owner.get(f"{limits}?ipAddress=10.1.2.3", V2025_03), 401, "USER_UNAUTHORIZED")
    denied(owner.get(f"{limits}?orgId={tenants.other_org}", V2025_03), 401, "USER_UNAUTHORIZED")
    denied(owner.get(f"{limits}?userId={owner.user}&ipAddress=127.0.0.1", V2025_03), 400, "INVALID_QUERY_PARAMETER",
           "ipAddress")
    assert owner.get(f"{limits}?userId={owner.user}", V2025_03).status == 200


@decision("Endpoint set that is unknown")
def test_endpoint_set(tenants):
    for query in ("nothing", "oauth_token", f"streams_group?orgId={tenants.org}"):
        answer = tenants.owner.get(f"/api/atlas/v2/rateLimits/{query}", V2025_03)
        denied(answer, 404, "RESOURCE_NOT_FOUND", f"endpoint set with id {query.partition('?')[0]}")


@decision("Order and `alertable` of event types")
def test_event_types(tenants):
    found = tenants.owner.get("/api/atlas/v2/eventTypes?itemsPerPage=500").json()["results"]
    table = re.findall(r'^EVENT\(\w+, "(\w+)"', (harness.ROOT / "spec" / "events.def").read_text(encoding="utf-8"),
                       re.MULTILINE)
    assert [e["eventType"] for e in found] == table and not any(e["alertable"] for e in found)


@decision("What a project never has")
def test_what_a_project_never_has(tenants):
    path = f"{GROUPS}/{tenants['GROUP_ID']}"
    teams = tenants.owner.get(f"{path}/teams?includeCount=true").json()
    assert teams["results"] == [] and teams["totalCount"] == 0
    assert tenants.owner.get(f"{path}/limits").json() == []
    addresses = {"groupId": tenants["GROUP_ID"], "services": {"clusters": []}}
    assert tenants.owner.get(f"{path}/ipAddresses").json() == addresses
    assert tenants.owner.get(f"{path}/managedSlowMs").json() is False
    enveloped = tenants.owner.get(f"{path}/limits?envelope=true&pretty=true")
    assert enveloped.json() == {"content": [], "status": 200} and b"\n" in enveloped.body
    off = tenants.owner.ask("DELETE", f"{path}/managedSlowMs/disable")
    assert (off.status, off.body) == (204, b"")
    for method, target, operation in (("POST", "managedSlowMs/enable", "enableGroupManagedSlowMs"),
                                      ("POST", "teams", "addGroupTeams"), ("PATCH", "limits/x", "setGroupLimit")):
        denied(tenants.owner.ask(method, f"{path}/{target}", {}), 501, "NOT_IMPLEMENTED", operation)


@decision("Containers")
def test_containers(tenants):
    path = f"{GROUPS}/{tenants['GROUP_ID']}/containers"
    assert [c["vpcId"] for c in tenants.owner.get(path).json()["results"]] == [tenants["ACCEPTER_VPC_ID"]]
    assert tenants.owner.get(f"{path}?providerName=GCP").json()["results"] == []
    denied(tenants.owner.get(f"{path}?providerName=aws"), 400, "INVALID_QUERY_PARAMETER", "providerName")
    assert [c["vpcId"] for c in tenants.owner.get(f"{path}/all").json()["results"]] == [tenants["ACCEPTER_VPC_ID"]]
    denied(tenants.owner.get(f"{path}/{UNKNOWN_GROUP}"), 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND", UNKNOWN_GROUP,
           tenants["GROUP_ID"])


@decision("Control plane addresses")
def test_control_plane_addresses(tenants):
    answer = raw(tenants.url, "GET", "/api/atlas/v2/unauth/controlPlaneIPAddresses", [("Accept", V2024_11)])
    assert answer.body == b'{"inbound":{},"outbound":{}}'
