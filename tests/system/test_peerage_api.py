# SPDX-License-Identifier: Apache-2.0
"""Peerage's own API: freezes, intents and what can be done with a connection beyond Atlas' three actions; and
networks as they are read.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import os
import shutil
import subprocess

import pytest

import harness
from harness import Dev, V2023_01
from tenancy import Caller, command, event_types, new_caller
from world import World

OWN = "/api/peerage/v1"
JSON = "application/json"
UNKNOWN = "0123456789abcdef01234567"


class Own(Caller):
    def ask(self, method, target, body=None, accept=None):
        return super().ask(method, target, body, accept or (JSON if target.startswith(OWN) else V2023_01))

    def get(self, target, accept=None):
        return self.ask("GET", target, accept=accept)

    def refused(self, method, target, body, status, code):
        reply = self.ask(method, target, body)
        assert (reply.status, reply.code) == (status, code), (method, target, reply)
        return reply.json()


class Scene(World):
    def __init__(self, dev):
        super().__init__(dev)
        self.path = f"{OWN}/groups/{dev['GROUP_ID']}"
        self.network = command(dev, "network", "list", "--project", dev["GROUP_ID"])["results"][0]["id"]
        self.other = command(dev, "project", "create", "Another", "--org", dev["ORG_ID"])["id"]

    def told(self, caller, event):
        """How often the project's events say so; scans go on meanwhile, so none of them is surely the newest."""
        return event_types(caller, f"groups/{self.group}").count(event)

    def caller(self, *roles, project=None):
        found = new_caller(self.dev, *roles, project=project)
        return Own(found.url, found.user, found.password)


@pytest.fixture(name="scene", scope="module")
def running_scene(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("own"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        yield Scene(dev)


@pytest.fixture(name="owner", scope="module")
def project_owner(scene):
    return scene.caller("GROUP_OWNER")


@pytest.fixture(name="operator", scope="module")
def the_operator(scene):
    return scene.caller("GLOBAL_OWNER")


# ---- freezes -----------------------------------------------------------------------------------------------

def test_the_operator_freezes_everything(scene, operator):
    assert operator.refused("GET", f"{OWN}/freeze", None, 404, "RESOURCE_NOT_FOUND")
    made = operator.ask("PUT", f"{OWN}/freeze", {"why": "a migration"})
    assert made.status == 200, made
    freeze = made.json()
    assert list(freeze) == ["actor", "scope", "since", "why"]
    assert {**freeze, "since": ""} == {"actor": operator.user, "scope": "all", "since": "", "why": "a migration"}
    again = operator.ask("PUT", f"{OWN}/freeze", {"why": "another reason"}).json()
    assert again == freeze  # the first stays
    assert operator.get(f"{OWN}/freeze").json() == freeze
    listed = operator.get(f"{OWN}/freezes?itemsPerPage=1").json()
    assert listed["results"] == [freeze] and listed["totalCount"] == 1
    assert operator.get(f"{OWN}/freezes?pageNum=2").json()["results"] == []
    assert command(scene.dev, "freeze", "status")["results"][0]["why"] == "a migration"
    for _ in range(2):
        assert operator.ask("DELETE", f"{OWN}/freeze").status == 204
    assert operator.get(f"{OWN}/freezes").json()["results"] == []


@pytest.mark.parametrize("of", ["", "/networks/{network}"])
def test_a_project_freezes_itself_and_its_networks(scene, owner, operator, of):
    target = f"{scene.path}{of.format(network=scene.network)}/freeze"
    owner.refused("GET", target, None, 404, "RESOURCE_NOT_FOUND")
    before = scene.told(owner, "PEERAGE_WRITES_FROZEN"), scene.told(owner, "PEERAGE_WRITES_RESUMED")
    made = owner.ask("PUT", target, {}).json()
    assert made["actor"] == owner.user and made["groupId"] == scene.group and "why" not in made
    assert made["scope"] == ("network" if of else "project")
    assert made.get("networkId") == (scene.network if of else None)
    assert operator.get(f"{OWN}/freezes").json()["results"] == [made]
    assert scene.told(owner, "PEERAGE_WRITES_FROZEN") == before[0] + 1
    reader = scene.caller("GROUP_READ_ONLY")
    assert reader.get(target).json() == made
    for method, body in (("PUT", {}), ("DELETE", None)):
        reader.refused(method, target, body, 401, "USER_UNAUTHORIZED")
    assert owner.ask("DELETE", target).status == 204
    assert scene.told(owner, "PEERAGE_WRITES_RESUMED") == before[1] + 1
    owner.refused("GET", target, None, 404, "RESOURCE_NOT_FOUND")


def test_bad_freezes_change_nothing(scene, owner, operator):
    for body, code in (({"why": 1}, "INVALID_JSON_ATTRIBUTE"), ({"why": "x" * 401}, "INVALID_ATTRIBUTE"),
                       ({"scope": "all"}, "ATTRIBUTE_READ_ONLY"), ({"because": "x"}, "INVALID_ATTRIBUTE"),
                       ([], "INVALID_JSON"), (b"{", "MALFORMED_JSON")):
        operator.refused("PUT", f"{OWN}/freeze", body, 400, code)
        owner.refused("PUT", f"{scene.path}/freeze", body, 400, code)
    owner.refused("PUT", f"{scene.path}/networks/{UNKNOWN}/freeze", {}, 404, "RESOURCE_NOT_FOUND")
    owner.refused("PUT", f"{scene.path}/networks/x/freeze", {}, 400, "PATH_PARAM_PARSE_ERROR")
    other = scene.caller("GROUP_OWNER", project=scene.other)
    other.refused("PUT", f"{OWN}/groups/{scene.other}/networks/{scene.network}/freeze", {}, 404, "RESOURCE_NOT_FOUND")
    other.refused("PUT", f"{scene.path}/freeze", {}, 401, "NOT_IN_GROUP")
    assert operator.get(f"{OWN}/freezes").json()["totalCount"] == 0


def test_only_an_operator_acts_on_the_whole_server(scene, owner):
    org_owner = scene.caller("ORG_OWNER")
    for caller in (owner, org_owner):
        for method, target, body in (("GET", "/freezes", None), ("GET", "/freeze", None), ("PUT", "/freeze", {}),
                                     ("DELETE", "/freeze", None), ("POST", "/intents:release", {"all": True})):
            caller.refused(method, OWN + target, body, 401, "USER_UNAUTHORIZED")


# ---- intents -----------------------------------------------------------------------------------------------

def accept_while_frozen(scene, owner):
    assert owner.ask("PUT", f"{scene.path}/freeze", {"why": "a test"}).status == 200
    name = scene.peer("10.77.0.0/16")
    scene.wait(name, lambda item: item, "the request to be seen")
    item = scene.find(name)
    target = f"/api/atlas/v2/groups/{scene.group}/streams/vpcPeeringConnections/{name}"
    proof = {"requesterAccountId": item["requesterAccountId"], "requesterVpcId": item["requesterVpcId"]}
    reply = owner.ask("POST", f"{target}:accept", proof, "application/vnd.atlas.2023-02-01+json")
    assert reply.status == 202, reply
    return name, item["_id"]


def test_what_waits_is_listed_and_withdrawn(scene, owner):
    name, connection = accept_while_frozen(scene, owner)
    listed = owner.get(f"{scene.path}/intents").json()
    mine = [i for i in listed["results"] if i["connectionId"] == connection]
    assert len(mine) == 1 and listed["totalCount"] == len(listed["results"])
    intent = mine[0]
    assert list(intent) == sorted(intent)
    assert (intent["action"], intent["actor"], intent["attempts"], intent["state"], intent["networkId"]) == (
        "accept", owner.user, 0, "waiting", scene.network)
    one = f"{scene.path}/intents/{intent['id']}"
    other = scene.caller("GROUP_OWNER", project=scene.other)
    other.refused("DELETE", f"{OWN}/groups/{scene.other}/intents/{intent['id']}", None, 404, "RESOURCE_NOT_FOUND")
    scene.caller("GROUP_READ_ONLY").refused("DELETE", one, None, 401, "USER_UNAUTHORIZED")
    assert owner.ask("DELETE", one).status == 204
    assert "has ended already" in owner.refused("DELETE", one, None, 409, "PEER_INVALID_STATE")["detail"]
    assert scene.find(name)["localStatus"] == "NONE"
    assert intent["id"] not in [i["id"] for i in owner.get(f"{scene.path}/intents").json()["results"]]
    ended = [i for i in owner.get(f"{scene.path}/intents?ended=true").json()["results"] if i["id"] == intent["id"]]
    assert ended[0]["state"] == "dropped" and ended[0]["ended"] >= intent["requested"]
    owner.refused("DELETE", f"{scene.path}/intents/{UNKNOWN}", None, 404, "RESOURCE_NOT_FOUND")
    owner.refused("DELETE", f"{scene.path}/intents/x", None, 400, "PATH_PARAM_PARSE_ERROR")
    owner.refused("GET", f"{scene.path}/intents?ended=maybe", None, 400, "INVALID_QUERY_PARAMETER")
    assert owner.ask("DELETE", f"{scene.path}/freeze").status == 204


def test_what_a_restore_held_is_released_by_the_operator(scene, operator):
    assert operator.ask("POST", f"{OWN}/intents:release", {"all": True}).json() == {"released": 0}
    assert operator.ask("POST", f"{OWN}/intents:release", {"groupId": scene.group}).json() == {"released": 0}
    for body, status, code in (({}, 400, "MISSING_ONE_OF_ATTRIBUTES"), ({"all": False}, 400, "MISSING_ONE_OF_ATTRIBUTES"),
                               ({"all": True, "groupId": scene.group}, 400, "INVALID_ATTRIBUTE"),
                               ({"groupId": "x"}, 400, "INVALID_ATTRIBUTE"),
                               ({"groupId": UNKNOWN}, 404, "GROUP_NOT_FOUND")):
        operator.refused("POST", f"{OWN}/intents:release", body, status, code)


# ---- networks ----------------------------------------------------------------------------------------------

def test_networks_are_shown_to_their_project(scene, owner):
    found = owner.get(f"{scene.path}/networks").json()
    told = {n["id"]: n for n in command(scene.dev, "network", "list", "--project", scene.group)["results"]}
    assert [n["id"] for n in found["results"]] == list(told) and found["totalCount"] == len(told)
    for n in found["results"]:
        assert list(n) == sorted(n)
        for name in ("accountId", "region", "vpcId", "mode", "default", "failed", "groupId"):
            assert n[name] == told[n["id"]][name], name
        assert " ".join(n["cidrBlocks"]) == told[n["id"]]["cidrBlocks"]
    one = owner.get(f"{scene.path}/networks/{scene.network}").json()
    assert (one["deletionProtection"], one["dns"], one["routeTableIds"]) == (False, False, [])
    command(scene.dev, "network", "protect", scene.network)
    command(scene.dev, "network", "set-limits", scene.network, "--peerings", "60")
    changed = owner.get(f"{scene.path}/networks/{scene.network}").json()
    assert (changed["deletionProtection"], changed["peeringLimit"], changed["routeLimit"]) == (True, 60, 50)
    command(scene.dev, "network", "unprotect", scene.network)
    command(scene.dev, "network", "set-limits", scene.network, "--peerings", "0")
    assert owner.get(f"{scene.path}/networks?pageNum=9").json()["results"] == []
    routes = owner.get(f"{scene.path}/networks/{scene.network}/routes").json()
    assert routes["totalCount"] == len(routes["results"])
    other = scene.caller("GROUP_OWNER", project=scene.other)
    assert other.get(f"{OWN}/groups/{scene.other}/networks").json()["totalCount"] == 0
    for tail in ("", "/routes"):
        other.refused("GET", f"{OWN}/groups/{scene.other}/networks/{scene.network}{tail}", None, 404, "RESOURCE_NOT_FOUND")
        other.refused("GET", f"{scene.path}/networks/{scene.network}{tail}", None, 401, "NOT_IN_GROUP")
        owner.refused("GET", f"{scene.path}/networks/{UNKNOWN}{tail}", None, 404, "RESOURCE_NOT_FOUND")
        owner.refused("GET", f"{scene.path}/networks/x{tail}", None, 400, "PATH_PARAM_PARSE_ERROR")


# ---- connections -------------------------------------------------------------------------------------------

def test_the_history_is_that_of_the_command(scene, owner):
    name, connection = accept_while_frozen(scene, owner)
    told = command(scene.dev, "connection", "history", name)["results"]
    found = owner.get(f"{scene.path}/connections/{name}/history").json()
    assert [e["id"] for e in found["results"]] == [e["id"] for e in told] and found["totalCount"] == len(told) >= 2
    assert [e["type"] for e in found["results"]] == [e["type"] for e in told]
    assert all(list(e) == sorted(e) and isinstance(e.get("detail", {}), dict) for e in found["results"])
    last = found["results"][-1]
    assert (last["actor"], last["actorKind"], last["groupId"]) == (owner.user, "api key", scene.group)
    assert last["remoteAddress"] == "127.0.0.1" and "remoteAddress" not in found["results"][0]
    by_id = owner.get(f"{scene.path}/connections/{connection}/history").json()
    assert by_id["results"] == found["results"]
    page = owner.get(f"{scene.path}/connections/{name}/history?itemsPerPage=1&pageNum=2").json()
    assert page["results"] == found["results"][1:2] and page["totalCount"] == found["totalCount"]
    assert [link["rel"] for link in page["links"]][0] == "self"
    for unknown in ("pcx-0123456789abcdef9", UNKNOWN, "x"):
        owner.refused("GET", f"{scene.path}/connections/{unknown}/history", None, 404, "RESOURCE_NOT_FOUND")
    other = scene.caller("GROUP_OWNER", project=scene.other)
    other.refused("GET", f"{OWN}/groups/{scene.other}/connections/{name}/history", None, 404, "RESOURCE_NOT_FOUND")
    assert owner.ask("DELETE", f"{scene.path}/freeze").status == 204


def test_a_connection_is_protected_and_no_single_caller_gets_around_several(scene, owner):
    name = scene.peer("10.78.0.0/16")
    scene.wait(name, lambda item: item, "the request to be seen")
    one = f"{scene.path}/connections/{name}"
    shown = owner.ask("PATCH", one, {"deletionProtection": True})
    assert shown.status == 200 and shown.json()["deletionProtection"] is True and shown.json()["name"] == name
    assert scene.told(owner, "PEERAGE_CONNECTION_PROTECTED") == 1
    command(scene.dev, "policy", "approvals", "--project", scene.group, "--delete", "2")
    assert "2 callers" in owner.refused("PATCH", one, {"deletionProtection": False}, 409, "PEER_INVALID_STATE")["detail"]
    command(scene.dev, "policy", "approvals", "--project", scene.group, "--delete", "0")
    assert owner.ask("PATCH", one, {"deletionProtection": False}).json()["deletionProtection"] is False
    for body, code in (({}, "MISSING_ATTRIBUTE"), ({"deletionProtection": "yes"}, "INVALID_JSON_ATTRIBUTE"),
                       ({"deletionProtection": True, "name": "x"}, "INVALID_ATTRIBUTE")):
        owner.refused("PATCH", one, body, 400, code)
    owner.refused("PATCH", f"{scene.path}/connections/pcx-0123456789abcdef9", {"deletionProtection": True}, 404,
                  "RESOURCE_NOT_FOUND")
    streams = scene.caller("GROUP_STREAM_PROCESSING_OWNER")
    streams.refused("PATCH", one, {"deletionProtection": True}, 401, "USER_UNAUTHORIZED")


def test_blocks_are_approved(scene, owner):
    name = scene.peer("10.79.0.0/16")
    scene.wait(name, lambda item: item, "the request to be seen")
    approved = owner.ask("POST", f"{scene.path}/connections/{name}:approveCidrs")
    assert approved.status == 202 and approved.json() == {}
    assert owner.get(f"{scene.path}/connections/{name}/history").json()["results"][-1]["type"] == "PEERAGE_CIDRS_APPROVED"
    owner.refused("POST", f"{scene.path}/connections/{UNKNOWN}:approveCidrs", None, 404, "RESOURCE_NOT_FOUND")


# ---- the page ----------------------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_page_s_commands_work_as_they_stand(scene, owner):
    page = (harness.ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    commands = "".join(harness.re.findall(r"^```sh\n(.*?)^```", page, harness.re.MULTILINE | harness.re.DOTALL))
    name = scene.peer("10.80.0.0/16")
    scene.wait(name, lambda item: item, "the request to be seen")
    env = {**os.environ, "PEERAGE_URL": scene.url, "PEERAGE_GROUP_ID": scene.group, "PUBLIC_KEY": owner.user,
           "PRIVATE_KEY": owner.password, "PEERAGE_CONNECTION": name, "PEERAGE_NETWORK": scene.network}
    done = subprocess.run(["bash", "-e"], input="shopt -s expand_aliases\n" + commands, env=env, text=True,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"why" : "moving the VPC"' in done.stdout and '"deletionProtection":true' in done.stdout
