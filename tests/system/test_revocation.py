# SPDX-License-Identifier: Apache-2.0
"""What was taken away is gone: the very next request after the change was acknowledged is refused. Each credential is
used until just before, so that an answer about it is kept in memory. Prints how long change and refusal took together.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import base64
import json
import time

import pytest

from harness import V2023_01, Serve, bearer_request, bearer_token, digest_request, request

GROUPS = "/api/atlas/v2/groups"
V2024_08 = "application/vnd.atlas.2024-08-05+json"
took = {}


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    with Serve(tmp_path_factory.mktemp("revocation")) as s:
        s.org = s.command("org", "list")["results"][0]["id"]
        s.group = s.owner["projectId"]
        yield s
    for what, seconds in sorted(took.items()):
        print(f"{what}: refused {seconds * 1000:.1f} ms after the change was asked for")


def account(s):
    made = s.command("service-account", "create", "robot", "--role", "GROUP_READ_ONLY")
    s.secrets.add(made["secrets"][0]["secret"])
    return made


def key(s):
    made = s.command("key", "create", "--role", "GROUP_READ_ONLY")
    s.secrets.add(made["privateKey"])
    return made


def ask_as_owner(s, method, target, body=None, accept=V2023_01):
    status, _, answer = digest_request(s.url, method, target, accept=accept, user=s.owner["publicKey"],
                                       password=s.owner["privateKey"], body=json.dumps(body) if body else None,
                                       headers={"Content-Type": "application/json"} if body else None)
    assert status < 300, (method, target, status, answer)
    return json.loads(answer) if answer else None


def measure(s, what, use, change, refusals):
    """use(): a status. After change() has returned, the first use is refused."""
    for _ in range(3):
        assert use() == 200, what
    begin = time.monotonic()
    change()
    status = use()
    took[what] = time.monotonic() - begin
    assert status in refusals, (what, status)


def bearer_use(s, made):
    token = bearer_token(s.url, made["clientId"], made["secrets"][0]["secret"])
    return token, lambda: bearer_request(s.url, "GET", f"{GROUPS}/{s.group}", token)[0]


def digest_use(s, made):
    return lambda: digest_request(s.url, "GET", f"{GROUPS}/{s.group}", user=made["publicKey"],
                                  password=made["privateKey"])[0]


def test_a_token_is_revoked(serve):
    made = account(serve)
    token, use = bearer_use(serve, made)
    basic = base64.b64encode(f"{made['clientId']}:{made['secrets'][0]['secret']}".encode()).decode()

    def revoke():
        assert request(serve.url, "POST", "/api/oauth/revoke", body=f"token={token}", headers={
            "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"})[0] == 200
    measure(serve, "token revoked", use, revoke, (401,))


def test_an_account_is_deleted(serve):
    made = account(serve)
    measure(serve, "account deleted", bearer_use(serve, made)[1],
            lambda: serve.command("service-account", "delete", made["clientId"]), (401,))


def test_a_secret_is_deleted(serve):
    made = account(serve)
    path = f"/api/atlas/v2/orgs/{serve.org}/serviceAccounts/{made['clientId']}"
    use = bearer_use(serve, made)[1]
    secret = ask_as_owner(serve, "GET", path, accept=V2024_08)["secrets"][0]["id"]
    measure(serve, "secret deleted, with its tokens", use,
            lambda: ask_as_owner(serve, "DELETE", f"{path}/secrets/{secret}", accept=V2024_08), (401,))


def test_a_key_is_deleted(serve):
    made = key(serve)
    measure(serve, "key deleted", digest_use(serve, made), lambda: serve.command("key", "delete", made["publicKey"]),
            (401,))


def test_a_key_is_reset(serve):
    made = key(serve)
    measure(serve, "key reset", digest_use(serve, made),
            lambda: serve.secrets.add(serve.command("key", "reset", made["publicKey"])["privateKey"]), (401,))


def test_a_role_is_taken(serve):
    made = key(serve)
    measure(serve, "role taken", digest_use(serve, made),
            lambda: ask_as_owner(serve, "DELETE", f"{GROUPS}/{serve.group}/apiKeys/{made['id']}"), (401, 403))


@pytest.mark.parametrize("kind", ["key", "account"])
def test_an_access_list_leaves_the_caller_out(serve, kind):
    made = key(serve) if kind == "key" else account(serve)
    use = digest_use(serve, made) if kind == "key" else bearer_use(serve, made)[1]
    name = made["publicKey"] if kind == "key" else made["clientId"]
    measure(serve, f"access list of a {kind} changed", use,
            lambda: serve.command("access-list", "add", name, "192.0.2.0/24"), (403,))
