# SPDX-License-Identifier: Apache-2.0
"""Networks over Peerage's own API: made, changed, checked, removed; by a project's owner, and by the operator.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import itertools

import pytest

from harness import Dev, Serve
from tenancy import event_types
from test_peerage_api import OWN, UNKNOWN, Own, Scene

numbers = itertools.count(0x1000)


@pytest.fixture(name="scene", scope="module")
def running_scene(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("networks"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        scene = Scene(dev)
        scene.networks = f"{scene.path}/networks"
        yield scene


@pytest.fixture(name="owner", scope="module")
def project_owner(scene):
    return scene.caller("GROUP_OWNER")


@pytest.fixture(name="operator", scope="module")
def operator_who_owns(scene):
    return scene.caller("GLOBAL_OWNER", "GROUP_OWNER")


def wish(account="111122223333", **more):
    return {"accountId": account, "region": "us-east-1", "vpcId": f"vpc-{next(numbers):017x}",
            "roleArn": f"arn:aws:iam::{account}:role/peerage", **more}


def create(caller, scene, body):
    made = caller.ask("POST", scene.networks, body)
    assert made.status == 201, made
    return made.json()


def test_a_projects_owner_watches_a_vpc_whose_account_lets_him_in(scene, owner):
    before = event_types(owner, f"groups/{scene.group}").count("PEERAGE_NETWORK_ADDED")
    body = wish()
    made = create(owner, scene, body)
    assert list(made) == sorted(made)
    assert {k: made[k] for k in body} == body
    assert (made["mode"], made["identity"], made["dns"], made["deletionProtection"]) == ("observe", "role", False, False)
    assert owner.get(f"{scene.networks}/{made['id']}").json()["vpcId"] == body["vpcId"]
    assert event_types(owner, f"groups/{scene.group}").count("PEERAGE_NETWORK_ADDED") == before + 1
    checked = owner.ask("POST", f"{scene.networks}/{made['id']}:check")
    assert checked.status == 200 and checked.json()["proved"] and checked.json()["accountId"] == body["accountId"], checked
    twice = owner.refused("POST", scene.networks, body, 409, "NETWORK_ALREADY_EXISTS")
    assert body["vpcId"] in twice["detail"] and scene.group not in twice["detail"]
    assert owner.ask("DELETE", f"{scene.networks}/{made['id']}").status == 204
    owner.refused("GET", f"{scene.networks}/{made['id']}", None, 404, "RESOURCE_NOT_FOUND")
    assert event_types(owner, f"groups/{scene.group}").count("PEERAGE_NETWORK_REMOVED") == 1


def test_all_of_it_at_once(scene, owner):
    body = wish(mode="manage", dns=True, nameTag="from {requesterAccountId}", peeringLimit=60, routeLimit=70,
                routeTableIds=["rtb-0123456789abcdef0"], deletionProtection=True)
    made = create(owner, scene, body)
    assert {k: made[k] for k in body} == body
    owner.refused("DELETE", f"{scene.networks}/{made['id']}", None, 409, "PEER_INVALID_STATE")
    assert owner.ask("PATCH", f"{scene.networks}/{made['id']}", {"deletionProtection": False}).status == 200
    assert owner.ask("DELETE", f"{scene.networks}/{made['id']}").status == 204


def test_changes_are_made_whole_or_not_at_all(scene, owner):
    target = f"{scene.networks}/{create(owner, scene, wish())['id']}"
    as_it_was = owner.get(target).json()
    for body, code in (({"mode": "manage", "routeTableIds": ["rtb-0123456789abcdef0"], "peeringLimit": 126},
                        "INVALID_ATTRIBUTE"),
                       ({"dns": True}, "INVALID_ATTRIBUTE"), ({"routeTableIds": ["rtb-x"]}, "INVALID_ATTRIBUTE"),
                       ({"mode": "manage", "nameTag": "{nothing}"}, "INVALID_ATTRIBUTE"),
                       ({"mode": "both"}, "INVALID_ATTRIBUTE"), ({"default": False}, "INVALID_ATTRIBUTE"),
                       ({"peeringLimit": -1}, "INVALID_ATTRIBUTE"), ({"vpcId": "vpc-01234567"}, "ATTRIBUTE_READ_ONLY"),
                       ({"color": "red"}, "INVALID_ATTRIBUTE"), ({"dns": "yes"}, "INVALID_JSON_ATTRIBUTE")):
        refused = owner.ask("PATCH", target, body)
        assert (refused.status, refused.code) == (400, code), (body, refused)
        assert {**owner.get(target).json(), "lastSuccess": 0} == {**as_it_was, "lastSuccess": 0} or \
            owner.get(target).json()["mode"] == "observe"
    changed = owner.ask("PATCH", target, {"mode": "manage", "dns": True, "nameTag": "x", "routeLimit": 100,
                                          "routeTableIds": ["rtb-0123456789abcdef0"]}).json()
    assert (changed["mode"], changed["dns"], changed["nameTag"], changed["routeLimit"]) == ("manage", True, "x", 100)
    owner.refused("PATCH", target, {"mode": "observe"}, 409, "PEER_INVALID_STATE")
    assert owner.get(target).json()["mode"] == "manage"
    quiet = owner.ask("PATCH", target, {"mode": "observe", "dns": False, "nameTag": "", "routeTableIds": [],
                                        "routeLimit": 0}).json()
    assert (quiet["mode"], quiet["dns"], quiet.get("nameTag"), quiet["routeTableIds"], quiet["routeLimit"]) == \
        ("observe", False, None, [], 50)
    assert event_types(owner, f"groups/{scene.group}").count("PEERAGE_NETWORK_SETTINGS_CHANGED") == 2
    assert owner.ask("PATCH", target, {}).status == 200
    assert owner.ask("DELETE", target).status == 204


def test_one_network_of_a_region_is_the_default(scene, owner):
    first, second = (create(owner, scene, wish(account="222233334444", region="eu-west-1")) for _ in range(2))
    assert first["default"] and not second["default"]
    assert owner.ask("PATCH", f"{scene.networks}/{second['id']}", {"default": True}).json()["default"]
    assert not owner.get(f"{scene.networks}/{first['id']}").json()["default"]
    third = create(owner, scene, wish(account="222233334444", region="eu-west-1", default=True))
    assert third["default"] and not owner.get(f"{scene.networks}/{second['id']}").json()["default"]
    for n in (third, second, first):
        assert owner.ask("DELETE", f"{scene.networks}/{n['id']}").status == 204


def test_nobody_borrows_the_servers_own_credentials(scene, owner, operator):
    body = wish()
    role = body.pop("roleArn")
    assert "roleArn" in str(owner.refused("POST", scene.networks, body, 400, "INVALID_ATTRIBUTE"))
    owner.refused("POST", scene.networks, {**body, "profile": "default"}, 400, "INVALID_ATTRIBUTE")
    other = role.replace("111122223333", "999988887777")
    owner.refused("POST", scene.networks, {**body, "roleArn": other}, 400, "INVALID_ATTRIBUTE")
    owner.refused("POST", scene.networks, {**body, "roleArn": "arn:aws:iam::1:user/x"}, 400, "INVALID_ATTRIBUTE")
    made = create(operator, scene, body)
    assert made["identity"] == "ambient" and "roleArn" not in made
    assert operator.ask("DELETE", f"{scene.networks}/{made['id']}").status == 204
    made = create(operator, scene, {**body, "profile": "default"})
    assert (made["identity"], made["profile"]) == ("profile", "default")
    assert operator.ask("DELETE", f"{scene.networks}/{made['id']}").status == 204


def test_lent_credentials_write_only_when_the_operator_says_so(scene, owner, operator):
    body = wish(account=scene.dev["ACCEPTER_ACCOUNT_ID"])
    del body["roleArn"]
    target = f"{scene.networks}/{create(operator, scene, body)['id']}"
    refused = owner.refused("PATCH", target, {"mode": "manage", "peeringLimit": 60}, 409, "OPERATOR_NEEDED")
    assert "server's own credentials" in refused["detail"]
    unchanged = owner.get(target).json()
    assert (unchanged["mode"], unchanged["peeringLimit"]) == ("observe", 50)
    assert owner.ask("PATCH", target, {"peeringLimit": 60}).json()["peeringLimit"] == 60
    assert operator.ask("PATCH", target, {"mode": "manage"}).json()["mode"] == "manage"
    mine, theirs = (who.ask("POST", f"{target}:check").json() for who in (owner, operator))
    assert mine["proved"] and theirs["proved"] and "arn" not in mine and theirs["arn"].startswith("arn:aws:"), (mine, theirs)
    assert owner.ask("PATCH", target, {"mode": "observe"}).json()["mode"] == "observe"
    assert operator.ask("DELETE", target).status == 204


@pytest.mark.parametrize("rule", [{"accepts": 2}, {"deletes": 2}])
def test_no_network_leaves_a_project_where_several_must_ask(scene, owner, operator, rule):
    """Its VPC could be watched by a project where one caller accepts alone."""
    target = f"{scene.networks}/{create(owner, scene, wish())['id']}"
    assert owner.ask("PATCH", f"{scene.path}/policy", {"approvals": rule}).status == 200
    owner.refused("DELETE", target, None, 409, "APPROVALS_NEEDED")
    assert owner.get(target).status == 200
    assert operator.ask("PATCH", target, {"deletionProtection": True}).status == 200
    if "deletes" in rule:
        owner.refused("PATCH", target, {"deletionProtection": False}, 409, "PEER_INVALID_STATE")
    assert operator.ask("PATCH", target, {"deletionProtection": False}).status == 200
    assert operator.ask("DELETE", target).status == 204
    assert operator.ask("PATCH", f"{scene.path}/policy", {"approvals": {"accepts": 1, "deletes": 0}}).status == 200


def test_bad_ones_make_nothing(scene, owner):
    total = owner.get(scene.networks).json()["totalCount"]
    good = wish()
    for more, code in (({"accountId": "1"}, "INVALID_ATTRIBUTE"), ({"region": "here"}, "INVALID_ATTRIBUTE"),
                       ({"vpcId": "vpc-X"}, "INVALID_ATTRIBUTE"), ({"vpcId": None}, "MISSING_ATTRIBUTE"),
                       ({"mode": "write"}, "INVALID_ATTRIBUTE"), ({"id": UNKNOWN}, "ATTRIBUTE_READ_ONLY"),
                       ({"dns": True}, "INVALID_ATTRIBUTE"), ({"profile": "x"}, "INVALID_ATTRIBUTE"),
                       ({"nameTag": "{nothing}", "mode": "manage"}, "INVALID_ATTRIBUTE")):
        refused = owner.ask("POST", scene.networks, {**good, **more})
        assert (refused.status, refused.code) == (400, code), (more, refused)
    assert owner.get(scene.networks).json()["totalCount"] == total
    reader = scene.caller("GROUP_READ_ONLY")
    for method, target, body in (("POST", scene.networks, good), ("PATCH", f"{scene.networks}/{scene.network}", {}),
                                 ("DELETE", f"{scene.networks}/{scene.network}", None),
                                 ("POST", f"{scene.networks}/{scene.network}:check", None)):
        reader.refused(method, target, body, 401, "USER_UNAUTHORIZED")
    for method, tail, body in (("PATCH", "", {}), ("DELETE", "", None), ("POST", ":check", None)):
        owner.refused(method, f"{scene.networks}/{UNKNOWN}{tail}", body, 404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("env,status", [({"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}, 503), ({}, 400)])
def test_a_role_that_cannot_be_proved_binds_nothing(tmp_path, env, status):
    """STS does not answer, or the server has no credentials to ask with: the VPC stays free."""
    with Serve(tmp_path, env=env) as serve:
        group = serve.owner["projectId"]
        made = serve.command("key", "create", "--role", "GROUP_OWNER", "--project", group)
        serve.secrets.add(made["privateKey"])
        owner = Own(serve.url, made["publicKey"], made["privateKey"])
        refused = owner.ask("POST", f"{OWN}/groups/{group}/networks", wish())
        assert refused.status == status, refused
        assert owner.get(f"{OWN}/groups/{group}/networks").json()["totalCount"] == 0
