# SPDX-License-Identifier: Apache-2.0
"""The operator's role: given by commands on this machine to API keys and groups of persons, to nobody by the API, and
untouched by it.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import pytest

import harness
from harness import Dev
from tenancy import command, demo_owner, new_caller

NAME = "GLOBAL_OWNER"


@pytest.fixture(name="dev", scope="module")
def running_dev(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("operator"), "--rate-limit", "off") as dev:
        yield dev


@pytest.fixture(name="owner", scope="module")
def the_owner(dev):
    return new_caller(dev, "ORG_OWNER")


def local_roles(dev, public_key):
    keys = {k["publicKey"]: k["roles"] for k in command(dev, "key", "list")["results"]}
    return sorted(r["roleName"] for r in keys[public_key])


def test_a_command_gives_it_and_the_key_sees_it(dev):
    operator = new_caller(dev, NAME)
    assert local_roles(dev, operator.user) == [NAME, "ORG_MEMBER"]
    shown = operator.get("/api/atlas/v2").json()["apiKey"]["roles"]
    assert {"roleName": NAME} in shown
    assert {"orgId": dev["ORG_ID"], "roleName": "ORG_MEMBER"} in shown
    assert operator.get(f"/api/atlas/v2/groups/{dev['GROUP_ID']}").code == "NOT_IN_GROUP"  # it implies nothing


def test_the_api_neither_gives_takes_nor_shows_it(dev, owner):
    operator = new_caller(dev, NAME, "ORG_READ_ONLY")
    keys = f"/api/atlas/v2/orgs/{dev['ORG_ID']}/apiKeys"
    found = [k for k in owner.get(f"{keys}?itemsPerPage=500").json()["results"] if k["publicKey"] == operator.user]
    assert [r["roleName"] for r in found[0]["roles"]] == ["ORG_READ_ONLY"]
    one = f"{keys}/{found[0]['id']}"
    changed = owner.ask("PATCH", one, {"roles": ["ORG_MEMBER"]})
    assert changed.status == 200 and local_roles(dev, operator.user) == [NAME, "ORG_MEMBER"]
    groups = f"/api/atlas/v2/groups/{dev['GROUP_ID']}/apiKeys/{found[0]['id']}"
    assert owner.ask("POST", groups, [{"roles": ["GROUP_READ_ONLY"]}]).status == 204
    assert owner.ask("PATCH", groups, {"roles": ["GROUP_OWNER", "ORG_READ_ONLY"]}).status == 200
    assert owner.ask("DELETE", groups).status == 204
    assert local_roles(dev, operator.user) == [NAME, "ORG_READ_ONLY"]
    before = len(command(dev, "key", "list")["results"])
    for caller in (owner, new_caller(dev, NAME, "ORG_OWNER")):
        for method, target, body in (
                ("POST", keys, {"desc": "x", "roles": [NAME]}),
                ("PATCH", one, {"roles": ["ORG_MEMBER", NAME]}),
                ("POST", groups, [{"roles": ["GROUP_OWNER", NAME]}]),
                ("POST", f"/api/atlas/v2/groups/{dev['GROUP_ID']}/apiKeys", {"desc": "x", "roles": ["GROUP_OWNER", NAME]}),
                ("POST", "/api/atlas/v2/orgs", {"name": "Theirs", "apiKey": {"desc": "x", "roles": [NAME]}})):
            unknown = caller.ask(method, target, {**body, "roles": ["NO_SUCH_ROLE"]} if isinstance(body, dict)
                                 and "roles" in body else body)
            refused = caller.ask(method, target, body)
            assert (refused.status, refused.code) == (400, "INVALID_ATTRIBUTE"), (method, target, refused)
            assert unknown.code == refused.code
    assert len(command(dev, "key", "list")["results"]) == before + 1  # the second caller
    assert local_roles(dev, operator.user) == [NAME, "ORG_READ_ONLY"]
    assert owner.ask("DELETE", one).status == 204


def test_no_service_account_has_it(dev, owner):
    refused = harness.run("service-account", "create", "robot", "--role", NAME, "--org", dev["ORG_ID"],
                          "--data", dev.dir)
    assert refused.returncode != 0 and NAME in refused.stderr
    body = {"name": "robot", "description": "x", "roles": [NAME], "secretExpiresAfterHours": 24}
    made = owner.ask("POST", f"/api/atlas/v2/orgs/{dev['ORG_ID']}/serviceAccounts", body,
                     "application/vnd.atlas.2024-08-05+json")
    assert (made.status, made.code) == (400, "INVALID_ATTRIBUTE")


def test_a_group_of_persons_may_have_it(dev):
    words = ("person-group", "grant", "platform", "--role", NAME, "--org", dev["ORG_ID"])
    assert [g["roles"].count(NAME) for g in command(dev, *words)["results"]] == [1]
    command(dev, "person-group", "revoke", "platform", "--org", dev["ORG_ID"])


def test_what_dev_makes_is_no_operator(dev):
    assert NAME not in str(local_roles(dev, dev["PUBLIC_KEY"]))
    assert NAME not in str(demo_owner(dev).get("/api/atlas/v2").json())
