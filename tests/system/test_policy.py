# SPDX-License-Identifier: Apache-2.0
"""Policies: the commands with and without a daemon, and requests of the simulated EC2 that are accepted, rejected, held,
handed over or made to wait without anybody's doing.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import json
import re

import pytest

from harness import Dev, Serve, run, wait_until
from world import World

ACCOUNT, VPC, OTHER = "222222222222", "vpc-0a0a0a0a0a0a0a0a0", "333333333333"


@pytest.fixture(params=["alone", "daemon"])
def service(request, tmp_path):
    """A store with one network, with and without a daemon on it."""
    s = Serve(tmp_path)
    if request.param == "daemon":
        s.start()
    s.command("network", "add", "--account", "111111111111", "--region", "us-east-1", "--vpc", "vpc-00000001",
              "--mode", "manage")
    yield s
    if request.param == "daemon":
        s.end()


def rule(name, action, **more):
    return {"name": name, "action": action, **more}


def write(tmp_path, *rules):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    return path


# ---- commands -----------------------------------------------------------------------------------------------

def test_a_policy_is_set_whole_and_switched(service, tmp_path):
    shown = service.command("policy", "show")
    assert (shown["enabled"], shown["version"], shown["rules"]) == (False, 0, [])
    rules = [rule("lab", "accept", accounts=[ACCOUNT], vpcs=[VPC], cidrs=["10.20.0.0/14"], allowSharedSpace=True),
             rule("rest", "reject", accounts=["*"])]
    shown = service.command("policy", "set", write(tmp_path, *rules))
    assert (shown["version"], shown["rules"], shown["enabled"]) == (1, rules, False)
    assert shown["actor"] in ("cli", "admin") and shown["changed"].endswith("Z")
    assert service.command("policy", "enable")["enabled"] is True
    again = json.loads(run("policy", "show", "--rules", "--config", service.config, check=0).stdout)
    assert again == {"rules": rules}
    done = run("policy", "set", "-", "--if-version", "7", "--config", service.config, stdin=json.dumps(again))
    assert done.returncode == 78 and "version 1" in done.stderr
    done = run("policy", "set", "-", "--if-version", "1", "--config", service.config, check=0, stdin='{"rules": []}')
    assert "version 2" in done.stdout and "what no rule matches is held" in done.stdout
    assert service.command("policy", "disable")["enabled"] is False
    types = [e["eventTypeName"] for e in service.command("event", "list", "--project", "main")["results"]]
    assert types[:4] == ["PEERAGE_POLICY_DISABLED", "PEERAGE_POLICY_CHANGED", "PEERAGE_POLICY_ENABLED",
                         "PEERAGE_POLICY_CHANGED"]


@pytest.mark.parametrize("text,words", [
    ('{"rules": [', "policy"),
    ('{"rules": [{"name": "a", "action": "accept", "acounts": ["*"]}]}', 'closest one is "accounts"'),
    ('{"rules": [{"name": "a", "action": "accept"}]}', "no condition"),
    ('{"rules": [], "version": 3}', '"version"'),
    ("x" * 200_000, "131072"),
])
def test_what_is_not_understood_is_not_set(service, tmp_path, text, words):
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    for command in ("set", "dry-run"):
        done = service.command("policy", command, path, check=65)
        assert words in done.stderr, done.stderr
    assert service.command("policy", "show")["version"] == 0
    done = service.command("policy", "set", tmp_path / "none.json", check=66)
    assert "none.json" in done.stderr


def test_a_large_policy_passes_whole(service, tmp_path):
    rules = [rule(f"r{n}", "hold", accounts=[f"{n * 1000 + k:012}" for k in range(30)]) for n in range(200)]
    assert service.command("policy", "set", write(tmp_path, *rules))["rules"] == rules


def test_a_test_says_what_decides_and_why(service, tmp_path):
    path = write(tmp_path, rule("lab", "accept", accounts=[ACCOUNT], cidrs=["10.0.0.0/8"]),
                 rule("rest", "reject", accounts=["*"]))

    def ask(*args, file=path):
        found = service.command("policy", "test", *([file] if file else []), *args)
        return found["decision"], found.get("rule"), found["reason"], [c["result"] for c in found["checks"]]

    assert ask("--account", ACCOUNT, "--cidr", "10.20.0.0/16") == (  # no scan has ever succeeded here
        "hold", "lab", "the CIDR blocks of the network's own VPC are not known yet",
        ["passed", "passed", "passed", "failed", "not asked"])
    assert ask("--account", OTHER)[:2] == ("reject", "rest")
    assert service.command("policy", "test", path, "--account", OTHER)["rules"] == [
        {"result": "another account", "rule": "lab"}, {"result": "matches", "rule": "rest"}]
    assert ask("--account", OTHER, file=None)[:3] == ("hold", None, "no rule matches")  # nothing is stored
    service.command("freeze", "on")
    assert service.command("policy", "test", path, "--account", OTHER)["frozen"] is True
    text = service.command("policy", "test", path, "--account", ACCOUNT, "--cidr", "192.0.2.0/24", json_out=False).stdout
    assert re.search(r"^decision +reject$", text, re.M) and "private" in text and "would wait" in text
    service.command("policy", "test", path, "--account", "12", check=64)
    service.command("policy", "test", path, "--account", OTHER, "--network", "c" * 24, check=66)
    assert "PEERAGE_POLICY_CHANGED" not in [e["eventTypeName"] for e in service.command("event", "list", "--project", "main")["results"]]


def test_expected_requests(service):
    done = service.command("expected", "add", "--account", ACCOUNT, "--vpc", VPC, "--cidr", "10.20.0.0/16", "--cidr",
                           "10.30.0.0/16", "--owner", "Ada Lovelace", "--ticket", "NET-1", "--until", "2099-01-31",
                           json_out=False)
    assert "not enabled" in done.stderr
    row, = service.command("expected", "list")["results"]
    assert (row["requesterAccountId"], row["requesterVpcId"], row["cidrBlocks"], row["owner"], row["ticket"],
            row["validUntil"], row["state"]) == (ACCOUNT, VPC, "10.20.0.0/16 10.30.0.0/16", "Ada Lovelace", "NET-1",
                                                 "2099-01-31T00:00:00Z", "open")
    assert service.command("policy", "test", "--account", ACCOUNT, "--vpc", VPC, "--cidr", "10.30.1.0/24")[
        "rule"] == f"expected:{row['id']}"
    service.command("expected", "remove", row["id"])
    assert service.command("expected", "list", "--all")["results"] == []
    service.command("expected", "remove", row["id"], check=66)
    service.command("expected", "add", "--account", ACCOUNT, "--owner", "x", "--until", "tomorrow", check=64)
    done = service.command("expected", "add", "--account", ACCOUNT, "--owner", "x", "--until", "2001-01-01", check=65)
    assert "future" in done.stderr


# ---- the simulated EC2 --------------------------------------------------------------------------------------

class Ruled(World):
    def set(self, *rules, project=None):
        where = ["--project", project] if project else []
        run("policy", "set", "-", "--data", self.dev.dir, *where, check=0, stdin=json.dumps({"rules": rules}))
        self.command("policy", "enable", *where)

    def arrives(self, *blocks):
        name = self.peer(*blocks)
        self.wait(name, lambda c: True, "the request")
        return name

    def becomes(self, name, local, cloud):
        self.wait(name, lambda c: (c["localStatus"], c["cloudStatus"]) == (local, cloud), f"{local} {cloud}")

    def history(self, name):
        found = self.command("connection", "history", name)["results"]
        return [(e["type"], e["actor"], json.loads(e["detail"])) for e in found]

    def event(self, name, kind):
        return wait_until(lambda: [e for e in self.history(name) if e[0] == kind], f"{name}: {kind}")


@pytest.fixture
def world(tmp_path):
    with Dev(tmp_path, "--rate-limit", "off") as dev:
        w = Ruled(dev)
        dev.wait_scanned()
        w.simulator("settings", {"provisioningSeconds": 1})
        yield w


def calls(world, action):
    return world.simulator("state", method="GET")["calls"].get(action, 0)


def test_an_expected_request_becomes_active_by_itself(world):
    world.set()
    made = world.command("expected", "add", "--account", world.dev["REQUESTER_ACCOUNT_ID"], "--cidr", "10.96.0.0/12",
                         "--owner", "Ada", "--ticket", "NET-7", "--until", "2099-01-01")
    name, other = world.arrives("10.97.0.0/16"), world.arrives("10.98.0.0/16")
    world.becomes(name, "ACTIVE", "active")
    (_, actor, detail), = world.event(name, "PEERAGE_CONNECTION_ACCEPT_REQUESTED")
    assert (actor, detail["rule"]) == ("policy", f"expected:{made['id']}")
    (_, _, detail), = world.event(name, "PEERAGE_EXPECTED_USED")
    assert (detail["owner"], detail["ticket"]) == ("Ada", "NET-7")
    row, = world.command("expected", "list", "--all")["results"]
    assert (row["state"], row["usedBy"]) == ("used", name)
    (_, _, detail), = world.event(other, "PEERAGE_POLICY_HELD")  # it served once
    assert detail["reason"] == "no rule matches"
    assert calls(world, "AcceptVpcPeeringConnection") == 1


def test_rules_accept_reject_and_hold(world):
    me = world.dev["REQUESTER_ACCOUNT_ID"]
    world.set(rule("own", "accept", accounts=[me], cidrs=["10.64.0.0/12"]), rule("no", "reject", cidrs=["10.48.0.0/12"]),
              rule("ask", "hold", accounts=["*"]))
    good, bad, asked = world.arrives("10.65.0.0/16"), world.arrives("10.49.0.0/16"), world.arrives("10.200.0.0/16")
    public, twin = world.arrives("198.51.100.0/24"), world.arrives("10.65.128.0/17")
    world.becomes(good, "ACTIVE", "active")
    world.becomes(bad, "REJECT_REQUESTED", "rejected")
    (_, actor, detail), = world.event(bad, "PEERAGE_CONNECTION_REJECT_REQUESTED")
    assert (actor, detail["rule"]) == ("policy", "no")
    for name, by, words in ((asked, "ask", "leaves it to people"), (public, "ask", "leaves it to people"),
                            (twin, "own", "overlaps 10.65.0.0/16")):
        held = world.event(name, "PEERAGE_POLICY_HELD")
        assert len(held) == 1 and held[0][1] == "policy"
        assert held[0][2]["rule"] == by and words in held[0][2]["reason"], held
        assert world.find(name)["localStatus"] == "NONE"
    asks = ["policy", "test", "--account", me, "--cidr"]
    assert world.command(*asks, "10.70.0.0/16")["decision"] == "accept"
    assert "overlaps 10.65.0.0/16 of " + good in world.command(*asks, "10.65.1.0/24")["reason"]
    rows = {r["name"]: r for r in world.command("policy", "dry-run")["results"]}
    assert (rows[bad]["policy"], rows[bad]["people"], rows[bad]["by"]) == ("reject", "rejected", "policy")
    assert (rows[asked]["policy"], rows[asked]["people"]) == ("hold", "waiting") and "same" not in rows[asked]
    assert rows[good]["same"] is not None and rows[good]["rule"] == "own"


@pytest.mark.parametrize("scope", ["all", "project", "network"])
def test_a_freeze_stops_what_a_policy_does(world, scope):
    where = {"all": [], "project": ["--project", world.dev["GROUP_ID"]],
             "network": ["--network", world.command("network", "list")["results"][0]["id"]]}[scope]
    world.set(rule("no", "reject", cidrs=["10.48.0.0/12"]))
    world.command("freeze", "on", *where)
    name = world.arrives("10.50.0.0/16")
    world.becomes(name, "REQUEST_REJECT", "pending-acceptance")
    intent, = world.command("intents", "list")["results"]
    assert calls(world, "RejectVpcPeeringConnection") == 0 and intent["action"] == "reject"
    world.command("freeze", "off", *where)
    world.becomes(name, "REJECT_REQUESTED", "rejected")
    assert calls(world, "RejectVpcPeeringConnection") == 1


def test_a_request_is_handed_to_another_project(world):
    home = world.dev["GROUP_ID"]
    other = world.command("project", "create", "kafka")["id"]
    world.set(rule("own", "accept", cidrs=["10.64.0.0/12"], accounts=["*"]), project=other)
    world.set(rule("theirs", "hand-over", cidrs=["10.64.0.0/10"], project=other), project=home)
    taken, left = world.peer("10.66.0.0/16"), world.peer("10.120.0.0/16")

    def rows(project):
        return {c["name"]: c for c in world.command("connection", "list", "--project", project)["results"]}

    wait_until(lambda: rows(other).get(taken, {}).get("localStatus") == "ACTIVE", "the other project's accept")
    wait_until(lambda: left in rows(other), "the other request")
    assert taken not in rows(home) and left not in rows(home)
    events = [(e[0], e[2].get("reason")) for e in world.history(left)]
    assert events[1:] == [("PEERAGE_POLICY_HANDED_OVER", "the rule matches")] * 2 + \
        [("PEERAGE_POLICY_HELD", "no rule matches")]
    run("connection", "reject", left, "--project", home, "--data", world.dir, check=66)
    world.command("connection", "reject", left, "--project", other)
    wait_until(lambda: rows(other)[left]["cloudStatus"] == "rejected", "the reject")
