# SPDX-License-Identifier: Apache-2.0
"""The OAuth endpoints, and bodies where none belongs, against hostile input: a clear answer, no crash, no token."""

import base64
import socket

import pytest

from harness import V2023_01, V2023_02
from world import Connection, World, raw

FORM = "application/x-www-form-urlencoded"
PATHS = ("/api/oauth/token", "/api/oauth/revoke")


@pytest.fixture(scope="module")
def world(shared_dev):
    return World(shared_dev)


def basic(user, secret):
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@pytest.fixture
def ask(world, request):
    """Each test from an address of its own: failures are slowed per address."""
    count = getattr(request.module, "addresses", 0) + 1
    request.module.addresses = count
    source = f"127.0.1.{count}"

    def send(path, body, kind=FORM, authorization="", method="POST", more=()):
        mine = basic(world.dev["CLIENT_ID"], world.dev["CLIENT_SECRET"])
        fields = [("Authorization", authorization or mine)] if authorization is not None else []
        fields += [("Content-Type", kind)] if kind else []
        return raw(world.url, method, path, [*fields, *more], body, source)
    return send


def check_oauth_error(answer, status, error):
    assert (answer.status, answer.json()["error"]) == (status, error), answer.body
    assert list(answer.json()) == ["error_description", "error"]
    assert answer["Content-Type"] == "application/json" and answer["Cache-Control"] == "no-store"
    assert answer["X-Error-Code"] is None
    assert (answer["WWW-Authenticate"] or "").startswith("Basic ") == (status == 401)


def test_a_token(ask):
    answer = ask(PATHS[0], b"grant_type=client_credentials")
    assert answer.status == 200 and list(answer.json()) == ["access_token", "expires_in", "token_type"]
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (3600, "Bearer")
    assert answer["Cache-Control"] == "no-store" and answer["Content-Type"] == "application/json"
    wrapped = ask(PATHS[0] + "?envelope=true&pretty=true", b"grant_type=client_credentials")
    assert list(wrapped.json()) == ["content", "status"] and wrapped.json()["status"] == 200


def test_the_recorded_invalid_client(ask):
    for authorization in (basic("mdb_sa_id_" + "0" * 24, "x"), basic("x", "y"), "Basic", "Basic !!!", "Digest x=1",
                          "Bearer x", None):
        for path in PATHS:
            answer = ask(path, b"grant_type=client_credentials&token=x", authorization=authorization)
            check_oauth_error(answer, 401, "invalid_client")
            assert answer.body == b'{"error_description":"Invalid credentials provided.","error":"invalid_client"}'


@pytest.mark.parametrize("body,error", [
    (b"", "invalid_request"), (b"grant_type=", "invalid_request"), (b"grant_type", "invalid_request"),
    (b"grant_type=password", "unsupported_grant_type"), (b"grant_type=CLIENT_CREDENTIALS", "unsupported_grant_type"),
    (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
    (b"grant_type=client_credentials%00", "invalid_request"),
    (b"grant_type=%zz", "invalid_request"), (b"grant_type=client_credentials&x=%", "invalid_request"),
    (b'{"grant_type":"client_credentials"}', "invalid_request"), (b"\xff\xfe\x00", "invalid_request"),
    (b"&".join(b"p%d=1" % n for n in range(64)) + b"&grant_type=client_credentials", "invalid_request"),
    (b"=" * 1000, "invalid_request"), (b"&" * 1000, "invalid_request"),
    (b"[" * 10000 + b"]" * 10000, "invalid_request"),
    (b"grant_type=client_credentials&client_secret=x", "invalid_request"),
    (b"grant_type=client_credentials&client_id=other", "invalid_request")])
def test_malformed_forms(ask, body, error):
    check_oauth_error(ask(PATHS[0], body), 400, error)


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain", "multipart/form-data; boundary=x", "", "x"])
def test_other_media_types(ask, kind):
    for path in PATHS:
        check_oauth_error(ask(path, b"grant_type=client_credentials&token=x", kind), 400, "invalid_request")


def test_a_form_s_parameters_and_casing_do_not_matter(ask):
    for kind in (FORM + "; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"):
        assert ask(PATHS[0], b"x=1&grant_type=client%5Fcredentials", kind).status == 200


def test_oversized_forms(ask, world):
    for path in PATHS:
        answer = ask(path, b"grant_type=client_credentials&x=" + b"a" * 1_100_000)
        assert (answer.status, answer["X-Error-Code"]) == (413, "PAYLOAD_TOO_LARGE")
    # Said before it is sent: refused without waiting for it.
    with socket.create_connection(world.url[len("http://"):].split(":"), 10) as s:
        s.sendall(f"POST {PATHS[0]} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                  f"Content-Length: 99999999999\r\n\r\n".encode())
        assert s.makefile("rb").readline().startswith(b"HTTP/1.1 413 ")


def test_two_authorization_headers(ask, world):
    mine = basic(world.dev["CLIENT_ID"], world.dev["CLIENT_SECRET"])
    answer = ask(PATHS[0], b"grant_type=client_credentials", more=[("Authorization", mine)])
    assert answer.status == 400


def test_client_in_the_form(ask, world):
    body = f"grant_type=client_credentials&client_id={world.dev['CLIENT_ID']}&client_secret="
    assert ask(PATHS[0], (body + world.dev["CLIENT_SECRET"]).encode(), authorization=None).status == 200
    check_oauth_error(ask(PATHS[0], (body + "wrong").encode(), authorization=None), 401, "invalid_client")


def test_revoking(ask, world):
    token = ask(PATHS[0], b"grant_type=client_credentials").json()["access_token"]

    def works():
        return world.get("/api/atlas/v2", V2023_01, token=token).status == 200
    assert works()
    for other in ("x", "a.b.c", token[:-4] + "AAAA", "%C3%A9", "x" * 9000):
        answer = ask(PATHS[1], f"token={other}".encode())
        assert (answer.status, answer.body) == (200, b"")  # RFC 7009 2.2: not ours, nothing to do
    assert works()
    check_oauth_error(ask(PATHS[1], b"token="), 400, "invalid_request")
    check_oauth_error(ask(PATHS[1], b"token=a&token=b"), 400, "invalid_request")
    made = world.command("service-account", "create", "another", "--role", "GROUP_READ_ONLY", "--project", world.group)
    world.dev.secrets.add(made["secrets"][0]["secret"])
    stranger = ask(PATHS[1], f"token={token}".encode(), authorization=basic(made["clientId"], made["secrets"][0]["secret"]))
    assert stranger.status == 200 and works()  # another client's token is not his to revoke
    for _ in range(2):
        answer = ask(PATHS[1], f"token={token}&token_type_hint=access_token".encode())
        assert (answer.status, answer.body, answer["Cache-Control"]) == (200, b"", "no-store")
        assert not works()


def test_wrong_methods(ask):
    for path in PATHS:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            answer = ask(path, None, method=method)
            assert (answer.status, answer["Allow"]) == (405, "POST")


def test_failures_are_slowed_for_their_address_only(ask, world):
    wrong = basic(world.dev["CLIENT_ID"], "mdb_sa_sk_wrong")
    seen = []
    for _ in range(80):
        answer = ask(PATHS[1], b"token=x", authorization=wrong)
        seen.append(answer.status)
        if answer.status == 429:
            break
    assert set(seen) == {401, 429} and len(seen) > 20
    assert answer["X-Error-Code"] == "RATE_LIMITED" and int(answer["Retry-After"]) >= 1
    right = raw(world.url, "POST", PATHS[0], [("Content-Type", FORM), ("Authorization", basic(
        world.dev["CLIENT_ID"], world.dev["CLIENT_SECRET"]))], b"grant_type=client_credentials", "127.0.1.200")
    assert right.status == 200  # nobody can lock the client out


# ---- bodies where none belongs -----------------------------------------------------------------------------

HOSTILE = {"nesting": b"[" * 10000 + b"]" * 10000, "objects": b'{"a":' * 10000 + b"1" + b"}" * 10000,
           "duplicates": b'{"requesterVpcId":"a","requesterVpcId":"b"}', "types": b'{"requesterVpcId":{"$gt":""}}',
           "not JSON": b"\x00\xff<xml/>", "cut": b'{"requesterVpcId":"', "number": b"1" + b"0" * 5000, "empty": b""}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_a_body_where_none_belongs(world, name, method):
    """The answer is that of the request without it, and the next request on the connection is read right."""
    expected = {"GET": 200, "POST": 405, "PUT": 405, "DELETE": 405, "PATCH": 405}[method]
    fields = [("Authorization", f"Bearer {world.token}"), ("Accept", V2023_02), ("Content-Type", "application/json")]
    with Connection(world.url) as c:
        answer = c.ask(method, f"{world.list_path}?requesterAccountId=1", fields, HOSTILE[name])
        assert answer.status == expected, answer.body
        if answer["Connection"] != "close":
            assert c.ask("GET", f"{world.list_path}?requesterAccountId=1", fields).status == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_to_operations_that_are_not_offered(world, name):
    path = f"/api/atlas/v2/groups/{world.dev['GROUP_ID']}/clusters"
    answer = world.get(path, V2023_02, method="POST", more=[("Content-Type", "application/json")], body=HOSTILE[name])
    assert (answer.status, answer["X-Error-Code"]) == (501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_to_an_operation_that_reads_one(world, name):
    path = f"{world.list_path}/{world.dev['PEERING_NAME']}:accept"
    answer = world.get(path, V2023_02, method="POST", more=[("Content-Type", "application/json")], body=HOSTILE[name])
    assert answer.status == 400, answer.body
    assert answer["X-Error-Code"] in {"MALFORMED_JSON", "INVALID_JSON", "INVALID_JSON_ATTRIBUTE"}
    assert world.find(world.dev["PEERING_NAME"])["localStatus"] == "NONE"
