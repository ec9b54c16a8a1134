# SPDX-License-Identifier: Apache-2.0
"""What was recorded of the Atlas Admin API, byte for byte: bodies, whole sets of header fields in their casing, links.

Raw sockets, so that no library repairs or renames anything on the way.
"""

import base64
import json
import re

import pytest

import harness
from harness import V2023_01, V2023_02, V2024_11
from world import UNKNOWN_GROUP, Connection, World, error_body, raw

pytestmark = pytest.mark.usefixtures("built_binary")

BODY_401 = b"""{
  "error" : 401,
  "reason" : "Unauthorized",
  "detail" : "You are not authorized for this resource.",
  "errorCode" : "UNEXPECTED_ERROR"
}"""
CHALLENGE = re.compile(r'Digest realm="MMS Public API", domain="", nonce="([A-Za-z0-9+/]{32})", '
                       r'algorithm=MD5, qop="auth", stale=(true|false)')
SECURITY = {"Referrer-Policy": "strict-origin-when-cross-origin", "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY", "X-Permitted-Cross-Domain-Policies": "none"}
ALWAYS = ["Content-Length", "Content-Type", "Date", "Server", "X-Request-Id"]
LIMITED = ["RateLimit-Limit", "RateLimit-Remaining"]
SUCCESS = sorted(ALWAYS + LIMITED + list(SECURITY))
ERROR = sorted(ALWAYS + ["X-Error-Code"] + list(SECURITY))
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                  r"\d\d:\d\d:\d\d GMT")


@pytest.fixture(scope="module")
def world(shared_dev):
    shared_dev.wait_scanned()
    return World(shared_dev)


def check_common(answer):
    assert answer.version == "HTTP/1.1"
    assert answer["Server"] == "peerage"
    assert DATE.fullmatch(answer["Date"])
    assert re.fullmatch(r"[0-9a-f]{24}", answer["X-Request-Id"])


def check_security(answer):
    for name, value in SECURITY.items():
        assert answer[name] == value, name


def check_error(answer, status, code, detail, parameters, reason, more=()):
    assert answer.body == error_body(status, code, detail, parameters, reason)
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.names() == sorted([*ERROR, *more])
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Error-Code"] == code
    check_common(answer)
    check_security(answer)


# ---- authentication ----------------------------------------------------------------------------------------

def check_challenge(answer, method="GET", scheme=CHALLENGE):
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert answer.body == (b"" if method == "HEAD" else BODY_401)
    assert answer["Content-Length"] == "142"
    assert answer["Content-Type"] == "application/json"
    assert scheme.fullmatch(answer["WWW-Authenticate"])
    vary = ["Vary"] if method in ("GET", "HEAD", "POST") else []
    assert answer.names() == sorted([*ALWAYS, "WWW-Authenticate", *vary])
    assert answer["Vary"] == ("Accept-Encoding" if vary else None)
    check_common(answer)


def test_the_recorded_401_has_142_bytes():
    assert len(BODY_401) == 142


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_the_challenge(world, method):
    answer = raw(world.url, method, world.list_path, body=b"" if method in ("POST", "PUT", "PATCH") else None)
    check_challenge(answer, method)
    assert CHALLENGE.fullmatch(answer["WWW-Authenticate"]).group(2) == "false"


def test_a_nonce_is_24_bytes_and_never_the_same(world):
    nonces = {CHALLENGE.fullmatch(raw(world.url, "GET", "/api/atlas/v2")["WWW-Authenticate"]).group(1)
              for _ in range(20)}
    assert len(nonces) == 20
    assert all(len(base64.b64decode(n, validate=True)) == 24 for n in nonces)


@pytest.mark.parametrize("credentials", ["Basic enh5dml6dGU6eA==", "Negotiate abc", "Digest", "nonsense", "Bearer"])
def test_other_credentials_get_the_same_401(world, credentials):
    answer = raw(world.url, "GET", world.list_path, [("Authorization", credentials), ("Accept", V2023_02)])
    scheme = re.compile(r'Bearer error="invalid_token"') if credentials == "Bearer" else CHALLENGE
    check_challenge(answer, scheme=scheme)


def test_a_wrong_key_gets_the_same_401(world):
    answer = world.digest(world.list_path, world.dev["PUBLIC_KEY"], "00000000-0000-0000-0000-000000000000")
    check_challenge(answer)
    check_challenge(world.digest(world.list_path, "nobodyxx", world.dev["PRIVATE_KEY"]))


def test_a_challenge_costs_no_token(world):
    first = world.list()
    for _ in range(5):
        raw(world.url, "GET", world.list_path)
    assert int(world.list()["RateLimit-Remaining"]) == int(first["RateLimit-Remaining"]) - 1


def test_go_s_way_of_answering_a_challenge(world):
    """Quoted algorithm, nc always 1, a fresh challenge for each request, on one connection."""
    target = f"{world.list_path}?requesterAccountId={world.requester}"
    with Connection(world.url) as c:
        for _ in range(3):
            challenge = c.ask("GET", target, [("Accept", V2023_02)])["WWW-Authenticate"]
            answer = harness.digest_header(challenge, "GET", target, world.dev["PUBLIC_KEY"],
                                           world.dev["PRIVATE_KEY"]).replace("algorithm=MD5", 'algorithm="MD5"')
            assert c.ask("GET", target, [("Accept", V2023_02), ("Authorization", answer)]).status == 200


def test_a_used_nonce_is_stale(world):
    target = f"{world.list_path}?requesterAccountId={world.requester}"
    with Connection(world.url) as c:
        challenge = c.ask("GET", target, [("Accept", V2023_02)])["WWW-Authenticate"]

        def ask(nc):
            header = harness.digest_header(challenge, "GET", target, world.dev["PUBLIC_KEY"],
                                           world.dev["PRIVATE_KEY"], nc)
            return c.ask("GET", target, [("Accept", V2023_02), ("Authorization", header)])
        assert ask(1).status == 200
        again = ask(1)
        check_challenge(again)
        assert CHALLENGE.fullmatch(again["WWW-Authenticate"]).group(2) == "true"
        assert ask(2).status == 200  # curl counts on


# ---- successes ---------------------------------------------------------------------------------------------

def expected_item(world):
    """The demo's request as the documented sample orders it, with what the simulator says of it."""
    item = world.find(world.dev["PEERING_NAME"])
    assert re.fullmatch(r"[0-9a-f]{24}", item["_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item["expirationTime"])
    return (f'{{"_id":"{item["_id"]}","accepterAccountId":"{world.accepter}",'
            f'"accepterVpcId":"{world.dev["ACCEPTER_VPC_ID"]}","cloudStatus":"pending-acceptance",'
            f'"expirationTime":"{item["expirationTime"]}","groupId":"{world.group}","localStatus":"NONE",'
            f'"name":"{world.dev["PEERING_NAME"]}","requesterAccountId":"{world.requester}",'
            f'"requesterCidr":"10.20.0.0/16","requesterVpcId":"{world.dev["REQUESTER_VPC_ID"]}"}}')


def self_link(world, query):
    return f'{{"href":"{world.url}{world.list_path}?{query}","rel":"self"}}'


def test_the_list(world):
    answer = world.list()
    link = self_link(world, f"requesterAccountId={world.requester}&pageNum=1&itemsPerPage=100")
    assert answer.body.decode() == f'{{"links":[{link}],"results":[{expected_item(world)}],"totalCount":1}}'
    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.names() == SUCCESS
    assert answer["Content-Type"] == "application/vnd.atlas.2023-02-01+json;charset=utf-8"
    assert answer["RateLimit-Limit"] == "1200"
    check_common(answer)
    check_security(answer)


def test_an_empty_list(world):
    answer = world.list("999999999999")
    link = self_link(world, "requesterAccountId=999999999999&pageNum=1&itemsPerPage=100")
    assert answer.body.decode() == f'{{"links":[{link}],"results":[],"totalCount":0}}'
    assert answer.names() == SUCCESS


def test_the_list_in_an_envelope(world):
    answer = world.list(query="&envelope=true")
    link = self_link(world, f"requesterAccountId={world.requester}&envelope=true&pageNum=1&itemsPerPage=100")
    assert answer.body.decode() == \
        f'{{"links":[{link}],"results":[{expected_item(world)}],"status":200,"totalCount":1}}'


def test_one_thing_in_an_envelope(world):
    plain, wrapped = world.get(f"/api/atlas/v2/groups/{world.group}"), \
        world.get(f"/api/atlas/v2/groups/{world.group}?envelope=true")
    assert wrapped.body == b'{"content":' + plain.body + b',"status":200}'


def test_pretty_is_jackson_s_default_printer(world):
    answer = world.list("999999999999", "&pretty=true")
    href = f"{world.url}{world.list_path}?requesterAccountId=999999999999&pretty=true&pageNum=1&itemsPerPage=100"
    assert answer.body.decode() == f"""{{
  "links" : [ {{
    "href" : "{href}",
    "rel" : "self"
  }} ],
  "results" : [ ],
  "totalCount" : 0
}}"""
    full = world.list(query="&pretty=true")
    assert b'"results" : [ {\n    "_id" : "' in full.body
    assert full.json()["results"] == world.list().json()["results"]


def test_account_details(world):
    answer = world.get(f"{world.streams}/accountDetails?cloudProvider=aws&regionName=US_EAST_1")
    assert answer.body.decode() == (f'{{"awsAccountId":"{world.accepter}","cidrBlock":"10.0.0.0/16",'
                                    f'"cloudProvider":"aws","vpcId":"{world.dev["ACCEPTER_VPC_ID"]}"}}')
    assert answer.names() == SUCCESS
    assert answer["Content-Type"] == "application/vnd.atlas.2024-11-13+json;charset=utf-8"


def test_one_group_and_its_links(world):
    answer = world.get(f"/api/atlas/v2/groups/{world.group}", V2023_01)
    own = f"{world.url}/api/atlas/v2/groups/{world.group}"
    links = [f'{{"href":"{own}","rel":"self"}}'] + [
        f'{{"href":"{own}/{x}","rel":"https://cloud.mongodb.com/{x}"}}'
        for x in ("containers", "clusters", "databaseUsers", "peers", "processes", "whitelist")]
    created = answer.json()["created"]
    assert answer.body.decode() == (
        f'{{"clusterCount":0,"created":"{created}","id":"{world.group}","links":[{",".join(links)}],"name":"demo",'
        f'"orgId":"{world.dev["ORG_ID"]}","tags":[],"withDefaultAlertsSettings":true}}')
    assert answer["RateLimit-Limit"] == "1200"


def test_groups_link_only_themselves(world):
    answer = world.get("/api/atlas/v2/groups", V2023_01)
    for item in answer.json()["results"]:
        assert [link["rel"] for link in item["links"]] == ["self"]
    assert list(answer.json()) == ["links", "results", "totalCount"]


def test_the_system_status(world):
    answer = world.get("/api/atlas/v2", V2023_01)
    status = answer.json()
    assert list(status) == ["apiKey", "appName", "build", "links", "throttling"]
    assert list(status["apiKey"]) == ["accessList", "id", "publicKey", "roles"]
    assert status["appName"] == "MongoDB Atlas"
    assert re.fullmatch(r"[0-9a-f]{40}", status["build"])
    assert answer["RateLimit-Limit"] == "300"
    assert answer.names() == SUCCESS


def test_no_deprecation_where_there_is_one_version(world):
    answer = world.list()
    assert answer["Deprecation"] is None and answer["Sunset"] is None


@pytest.mark.parametrize("target,version", [
    ("/api/atlas/v2/groups", "2023-01-01"), ("LIST", "2023-02-01"),
    ("STREAMS/activeVpcPeeringConnections", "2024-11-13")])
@pytest.mark.parametrize("asked", ["2024-11-13", "2025-03-12"])
def test_a_later_date_resolves_to_the_newest_version_before_it(world, target, version, asked):
    target = target.replace("LIST", f"{world.list_path}?requesterAccountId=1").replace("STREAMS", world.streams)
    answer = world.get(target, f"application/vnd.atlas.{asked}+json")
    assert answer["Content-Type"] == f"application/vnd.atlas.{version}+json;charset=utf-8"


# ---- links -------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def many(world):
    """25 requests of another account."""
    world.bulk(25, "333333333333")
    harness.wait_until(lambda: world.list("333333333333").json()["totalCount"] == 25, "25 requests")
    return "333333333333"


def links(answer):
    return [(link["rel"], link["href"].partition("?")[2]) for link in answer.json()["links"]]


def test_links_of_pages(world, many):
    start = f"requesterAccountId={many}&"
    assert links(world.list(many, "&itemsPerPage=10")) == [
        ("self", start + "pageNum=1&itemsPerPage=10"), ("next", start + "itemsPerPage=10&pageNum=2")]
    assert links(world.list(many, "&itemsPerPage=10&pageNum=2")) == [
        ("self", start + "pageNum=2&itemsPerPage=10"), ("next", start + "itemsPerPage=10&pageNum=3"),
        ("previous", start + "itemsPerPage=10&pageNum=1")]
    assert links(world.list(many, "&itemsPerPage=10&pageNum=3")) == [
        ("self", start + "pageNum=3&itemsPerPage=10"), ("previous", start + "itemsPerPage=10&pageNum=2")]


def test_no_next_after_a_full_last_page(world, many):
    assert [rel for rel, _ in links(world.list(many, "&itemsPerPage=25"))] == ["self"]


def test_links_keep_the_other_parameters_as_they_came(world, many):
    query = f"z=%2F%3a&pageNum=2&empty=&requesterAccountId={many}&itemsPerPage=10&flag&z2=a+b"
    kept = f"z=%2F%3a&empty=&requesterAccountId={many}&flag&z2=a+b&"
    answer = world.get(f"{world.list_path}?{query}", V2023_02)
    assert links(answer) == [("self", kept + "pageNum=2&itemsPerPage=10"),
                             ("next", kept + "itemsPerPage=10&pageNum=3"),
                             ("previous", kept + "itemsPerPage=10&pageNum=1")]


def test_a_link_can_be_followed(world, many):
    answer, names = world.list(many, "&itemsPerPage=7"), []
    for _ in range(10):
        names += [c["name"] for c in answer.json()["results"]]
        following = [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]
        if not following:
            break
        answer = world.get(following[0][len(world.url):], V2023_02)
    assert len(names) == len(set(names)) == 25


# ---- errors ------------------------------------------------------------------------------------------------

def test_group_not_found_has_no_limit_headers(world):
    for path in ("", "/streams/vpcPeeringConnections?requesterAccountId=1"):
        answer = world.get(f"/api/atlas/v2/groups/{UNKNOWN_GROUP}{path}")
        check_error(answer, 404, "GROUP_NOT_FOUND", f"No group with ID {UNKNOWN_GROUP} exists.", [UNKNOWN_GROUP],
                    "Not Found")


def test_not_acceptable(world):
    for accept in (None, "*/*", "application/json", "application/vnd.atlas.2023-01-01+json"):
        check_error(world.get(f"{world.list_path}?requesterAccountId=1", accept), 406, "INVALID_VERSION_DATE",
                    "Invalid accept header or version date.", [], "Not Acceptable")


def test_a_malformed_group_id(world):
    path = "/api/atlas/v2/groups/nothex/streams/vpcPeeringConnections"
    check_error(world.get(path), 400, "PATH_PARAM_PARSE_ERROR",
                f"One or more path parameter in the request URI {path} is malformed.", [path], "Bad Request")


def test_query_errors_cost_a_token_and_show_it(world):
    before = int(world.list()["RateLimit-Remaining"])
    missing = world.get(world.list_path, V2023_02)
    check_error(missing, 400, "MISSING_QUERY_PARAMETER",
                "The required query parameter requesterAccountId was not specified.", ["requesterAccountId"],
                "Bad Request", LIMITED)
    invalid = world.list(query="&itemsPerPage=501")
    check_error(invalid, 400, "INVALID_QUERY_PARAMETER", "Invalid query parameter itemsPerPage specified.",
                ["itemsPerPage"], "Bad Request", LIMITED)
    assert [int(a["RateLimit-Remaining"]) for a in (missing, invalid)] == [before - 1, before - 2]


def test_an_unknown_path(world):
    check_error(world.get("/api/atlas/v2/nowhere?x=1"), 404, "RESOURCE_NOT_FOUND",
                "Cannot find resource /api/atlas/v2/nowhere.", ["/api/atlas/v2/nowhere"], "Not Found")


def test_wrong_method(world):
    answer = world.get(world.list_path, method="POST", body=b"")
    check_error(answer, 405, "METHOD_NOT_ALLOWED", "The method POST is not supported by this resource.", ["POST"],
                "Method Not Allowed", ["Allow"])
    assert sorted(answer["Allow"].split(", ")) == ["GET", "HEAD"]


def test_an_address_off_the_access_list(world):
    public, private = world.key("GROUP_READ_ONLY")
    world.command("access-list", "add", public, "127.0.0.77")
    answer = world.digest(f"{world.list_path}?requesterAccountId=1", public, private)
    check_error(answer, 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST",
                "IP address 127.0.0.1 is not allowed to access this resource.", ["127.0.0.1"], "Forbidden")


def test_not_in_group(world):
    other = world.project("elsewhere")
    public, private = world.key("GROUP_READ_ONLY", project=other)
    answer = world.digest(f"{world.list_path}?requesterAccountId=1", public, private)
    check_error(answer, 401, "NOT_IN_GROUP", "The current user is not in the group, or the group does not exist.", [],
                "Unauthorized", ["WWW-Authenticate"])
    assert CHALLENGE.fullmatch(answer["WWW-Authenticate"])


def test_an_error_in_an_envelope_and_pretty(world):
    answer = world.list(query="&itemsPerPage=0&envelope=true")
    inner = error_body(400, "INVALID_QUERY_PARAMETER", "Invalid query parameter itemsPerPage specified.",
                       ["itemsPerPage"], "Bad Request")
    assert (answer.status, answer.body) == (400, b'{"content":' + inner + b',"status":400}')
    answer = world.list(query="&itemsPerPage=0&pretty=true")
    assert answer.body.decode() == """{
  "detail" : "Invalid query parameter itemsPerPage specified.",
  "error" : 400,
  "errorCode" : "INVALID_QUERY_PARAMETER",
  "parameters" : [ "itemsPerPage" ],
  "reason" : "Bad Request"
}"""


def test_too_many_requests(dev):
    """Of a demo of its own, since it empties the bucket."""
    world = World(dev)
    target, fields = f"{world.list_path}?requesterAccountId=1", \
        [("Authorization", f"Bearer {world.token}"), ("Accept", V2023_02)]
    with Connection(world.url) as c:
        first = c.ask("GET", target, fields)
        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("1200", "1199")
        for left in range(1198, -1, -1):
            answer = c.ask("GET", target, fields)
            if answer["RateLimit-Remaining"] != str(left):  # a minute went by: the refill came in one step
                assert answer["RateLimit-Remaining"] == "1199" or int(answer["RateLimit-Remaining"]) == left + 500
                pytest.skip("this machine is too slow to empty the bucket within a minute")
        answer = c.ask("GET", target, fields)
        other = c.ask("GET", f"/api/atlas/v2/groups/{world.group}", [fields[0], ("Accept", V2023_01)])
    path = world.list_path[1:]
    seconds = answer.json()["parameters"][1]
    assert 0 <= seconds < 60
    check_error(answer, 429, "RATE_LIMITED_TOKEN_BUCKET",
                f"Rate limit exceeded for {path}. Please retry after {seconds} seconds. Request capacity: 1200. "
                f"Refill rate: 500 per 60 seconds. For more information, see: "
                f"http://dochub.mongodb.org/core/atlas-api-rate-limit.", [path, seconds, 1200, 500, 60],
                "Too Many Requests", [*LIMITED, "Retry-After"])
    assert answer["RateLimit-Remaining"] == "0"
    assert answer["Retry-After"] == str(seconds + 1)
    assert other.status == 200  # another set has a bucket of its own


# ---- HEAD, and the inbox -----------------------------------------------------------------------------------

def test_head_is_get_without_a_body(world):
    target = f"{world.list_path}?requesterAccountId={world.requester}"
    with Connection(world.url) as c:
        fields = [("Authorization", f"Bearer {world.token}"), ("Accept", V2023_02)]
        get, head = c.ask("GET", target, fields), c.ask("HEAD", target, fields)
        after = c.ask("GET", target, fields)  # a body after HEAD would be read as its status line
    assert head.status == 200 and head.body == b"" and after.status == 200
    changing = {"Date", "X-Request-Id", "RateLimit-Remaining"}
    assert {f for f in head.fields if f[0] not in changing} == {f for f in get.fields if f[0] not in changing}
    assert int(head["RateLimit-Remaining"]) == int(get["RateLimit-Remaining"]) - 1


def test_the_inbox(world):
    answer = world.get(f"/api/peerage/v1/connections?requesterAccountId={world.requester}", "application/json")
    assert answer["Content-Type"] == "application/json;charset=utf-8"
    assert answer.names() == SUCCESS
    (item,) = [i for i in answer.json()["results"] if i["name"] == world.dev["PEERING_NAME"]]
    assert list(item) == sorted(item)
    listed = world.find(world.dev["PEERING_NAME"])
    assert item["id"] == listed["_id"] and item["expirationTime"] == listed["expirationTime"]
    assert item["requesterCidrs"] == [listed["requesterCidr"]]
    assert links(answer) == [("self", f"requesterAccountId={world.requester}&pageNum=1&itemsPerPage=100")]


def test_every_error_is_alphabetical_and_names_its_code(world):
    for target, accept in ((world.list_path, V2023_02), (f"{world.list_path}?requesterAccountId=", V2023_02),
                           ("/api/atlas/v2/clusters", V2024_11), ("/api/none", V2024_11),
                           (f"{world.streams}/accountDetails?cloudProvider=x&regionName=y", V2024_11),
                           (f"/api/atlas/v2/groups/{UNKNOWN_GROUP}", V2024_11), (world.list_path, "text/html")):
        answer = world.get(target, accept)
        error = answer.json()
        assert list(error) == ["detail", "error", "errorCode", "parameters", "reason"], target
        assert (error["error"], error["errorCode"], error["reason"]) == \
            (answer.status, answer["X-Error-Code"], answer.reason), target
        assert answer.body == json.dumps(error, separators=(",", ":")).encode()
