# SPDX-License-Identifier: Apache-2.0
"""Webhooks end to end: what a receiver is sent from request to deletion, signatures, order, outages, replay, refused
addresses, and a daemon that is killed while deliveries wait."""

import json
import pathlib
import re
import threading
import types

import pytest

import harness
from harness import Dev, run, wait_until
from receiver import Receiver
from world import World

pytestmark = pytest.mark.usefixtures("built_binary")

DOC = (harness.ROOT / "docs/webhooks.md")


def verifier():
    """The sample of the documentation, run as it stands there."""
    code = re.search(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL).group(1)
    module = types.ModuleType("sample")
    exec(compile(code, str(DOC), "exec"), module.__dict__)  # our own page
    return module.verify


def keys(value):
    return {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else type(value)


class Hooked(World):
    def hook(self, url, *args):
        made = self.command("webhook", "add", url, *args)
        self.dev.secrets.add(made["secret"])
        return made["id"], made["secret"]

    def accept(self, name):
        asked = next(c for c in self.command("connection", "list")["results"] if c["name"] == name)
        self.command("connection", "accept", name, "--requester-account", asked["requesterAccountId"],
                     "--requester-vpc", asked["requesterVpcId"])

    def deliveries(self, hook, *args):
        return self.command("webhook", "deliveries", hook, *args)["results"]

    def events(self, kind):
        out = run("event", "export", "--limit", "10000", "--data", self.dir, check=0).stdout
        return [e for e in map(json.loads, out.splitlines()) if e["type"] == kind]


@pytest.fixture
def world(dev):
    dev.wait_scanned()
    return Hooked(dev)


def wait_types(receiver, name, types, seconds=60):
    wait_until(lambda: [m.type for m in receiver.got(subject=name)] == types, f"{types} of {name}", seconds)


# ---- the whole way -----------------------------------------------------------------------------------------

def test_from_request_to_deletion(world):
    with Receiver() as r:
        hook, secret = world.hook(r.url)
        name = world.peer("10.61.0.0/16")
        wait_types(r, name, ["connection.requested"])
        world.accept(name)
        wait_types(r, name, ["connection.requested", "connection.accepted", "connection.active"])
        world.command("connection", "delete", name)
        wait_types(r, name, ["connection.requested", "connection.accepted", "connection.active", "connection.deleted"])
        verify = verifier()
        for m in r.got():
            assert verify(secret, m.headers, m.body) == m.value
            assert m.headers["content-type"] == "application/json" and m.headers["user-agent"].startswith("peerage/")
            assert m.body == json.dumps(m.value, separators=(",", ":"), ensure_ascii=False).encode()
            assert list(m.value) == ["data", "id", "timestamp", "type"] and m.value["id"] == m.id
            assert m.value["data"]["groupId"] == world.group and re.fullmatch(r"[0-9a-f]{24}", m.id)
        assert len({m.id for m in r.got()}) == len(r.got())
        first = r.got("connection.requested", name)[0].value["data"]
        shown = json.loads(re.search(r"```json\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL).group(1))
        assert keys(shown) == keys(r.got("connection.requested", name)[0].value)
        assert first["connection"]["cloudStatus"] == "pending-acceptance" and first["actor"] == "scanner"
        assert first["connection"]["requesterCidr"] == "10.61.0.0/16"
        shown = world.find(name)
        assert list(first["connection"]) == [k for k in sorted(shown | first["connection"]) if k in first["connection"]]
        event = next(e for e in world.events("PEERAGE_CONNECTION_DISCOVERED") if e["id"] == first["eventId"])
        assert event["resource"] == name and event["detail"] == first["detail"]
        assert r.got("connection.accepted", name)[0].value["data"]["connection"]["localStatus"] == "ACCEPT_REQUESTED"
        told = world.deliveries(hook)
        assert [d["id"] for d in told] == [m.id for m in r.got()][::-1]
        assert {d["state"] for d in told} == {"delivered"} and {d["status"] for d in told} == {200}


def test_what_others_do_is_told_too(world):
    with Receiver() as r:
        world.hook(r.url, "--event", "connection.deleted_elsewhere", "--event", "connection.rejected",
                   "--event", "connection.accepted")
        gone, rejected, accepted = (world.peer(f"10.{n}.0.0/16") for n in (62, 63, 64))
        for name in (gone, rejected, accepted):
            wait_until(lambda name=name: world.find(name), "the request")
        world.ec2("REQUESTER", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=gone)
        world.ec2("ACCEPTER", "RejectVpcPeeringConnection", VpcPeeringConnectionId=rejected)
        world.ec2("ACCEPTER", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=accepted)
        wait_types(r, gone, ["connection.deleted_elsewhere"])
        wait_types(r, rejected, ["connection.rejected"])
        wait_types(r, accepted, ["connection.accepted"])
        world.wait(accepted, lambda c: c["cloudStatus"] == "active", "activation")
        world.ec2("REQUESTER", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=accepted)
        wait_types(r, accepted, ["connection.accepted", "connection.deleted_elsewhere"])


# ---- outages -----------------------------------------------------------------------------------------------

def test_what_came_while_the_receiver_was_away_comes_in_order(world):
    r = Receiver()
    hook, secret = world.hook(r.url)
    name = world.peer("10.65.0.0/16")
    wait_until(lambda: world.find(name), "the request")
    world.accept(name)
    world.wait(name, lambda c: c["localStatus"] == "ACTIVE", "activation")
    world.command("connection", "delete", name)
    wait_until(lambda: len([d for d in world.deliveries(hook) if d["subject"] == name]) == 4, "four messages")
    wait_until(lambda: world.dev.metrics()['peerage_webhook_deliveries_total{result="failed"}'] >= 1, "an attempt")
    states = sorted(d["state"] for d in world.deliveries(hook) if d["subject"] == name)
    assert states == ["pending", "waiting", "waiting", "waiting"]
    with r:
        wait_types(r, name, ["connection.requested", "connection.accepted", "connection.active", "connection.deleted"],
                   120)
        verify = verifier()
        assert all(verify(secret, m.headers, m.body) for m in r.got())
        wait_until(lambda: {d["state"] for d in world.deliveries(hook)} == {"delivered"}, "all recorded")
    wait_until(lambda: world.dev.metrics()["peerage_webhook_pending"] == 0, "the gauge")


def test_one_that_hangs_holds_up_no_other(world):
    with Receiver() as slow, Receiver() as quick:
        slow.hang = threading.Event()
        for n in range(3):
            world.hook(f"{slow.url}/{n}")
        world.hook(quick.url)
        name = world.peer("10.66.0.0/16")
        wait_until(lambda: len(slow.got(subject=name)) == 3, "three that hang")
        world.accept(name)
        wait_types(quick, name, ["connection.requested", "connection.accepted", "connection.active"], 10)
        assert len(slow.got(subject=name)) == 3


def test_killed_with_deliveries_pending_all_arrive(tmp_path):
    r = Receiver()
    with Dev(tmp_path) as dev:
        dev.wait_scanned()
        world = Hooked(dev)
        hook, _ = world.hook(r.url)
        names = [world.peer(f"10.{n}.0.0/16") for n in range(70, 75)]
        wait_until(lambda: len(world.deliveries(hook)) >= 5, "five messages")
        before = {d["id"] for d in world.deliveries(hook)}
        dev.kill()
    with r, Dev(tmp_path) as dev:
        wait_until(lambda: {m.id for m in r.got()} >= before, "all of them")
        assert {m.subject for m in r.got("connection.requested")} >= set(names)


def test_killed_between_sending_and_recording_it_comes_again(tmp_path):
    """The receiver has it, Peerage dies before it knows: at least once, and under the same webhook-id."""
    with Receiver() as r:
        r.hang = threading.Event()
        with Dev(tmp_path) as dev:
            dev.wait_scanned()
            world = Hooked(dev)
            world.hook(r.url)
            world.peer("10.76.0.0/16")
            first = wait_until(r.got, "the first attempt")[0]
            dev.kill()
        r.hang.set()
        with Dev(tmp_path):
            wait_until(lambda: len(r.got()) >= 2, "the second attempt")
        again = r.got()[1]
        assert again.id == first.id and again.body == first.body


# ---- answers -----------------------------------------------------------------------------------------------

def test_gone_disables(world):
    with Receiver(answer=lambda m: 410) as r:
        hook, _ = world.hook(r.url)
        world.command("webhook", "test", hook)
        shown = wait_until(lambda: next((h for h in world.command("webhook", "list")["results"] if not h["enabled"]),
                                        None), "the end of the hook")
        assert shown["id"] == hook and "410" in shown["reason"] and shown["dead"] == 1
        assert [e["resource"] for e in world.events("PEERAGE_WEBHOOK_DISABLED")] == [hook]
        assert world.events("PEERAGE_WEBHOOK_DELIVERY_DEAD")[0]["detail"]["type"] == "webhook.test"
        world.peer("10.77.0.0/16")
        r.answer = lambda m: 200
        world.command("webhook", "enable", hook)
        world.command("webhook", "replay", hook, "--delivery", world.deliveries(hook)[0]["id"])
        wait_until(lambda: len(r.got("webhook.test")) == 2, "the replay")
        assert len({m.id for m in r.got("webhook.test")}) == 1


def test_replay(world):
    with Receiver() as r:
        hook, _ = world.hook(r.url)
        names = [world.peer(f"10.{n}.0.0/16") for n in (78, 79)]
        wait_until(lambda: {m.subject for m in r.got()} == set(names), "two messages")
        wait_until(lambda: {d["state"] for d in world.deliveries(hook)} == {"delivered"}, "their record")
        one = r.got()[0]
        assert world.command("webhook", "replay", hook, "--delivery", one.id)["deliveries"] == 1
        wait_until(lambda: len(r.got()) == 3, "one again")
        assert r.got()[2].id == one.id and r.got()[2].body == one.body
        wait_until(lambda: {d["state"] for d in world.deliveries(hook)} == {"delivered"}, "their record")
        assert world.command("webhook", "replay", hook, "--since", one.value["timestamp"])["deliveries"] == 2
        wait_until(lambda: len(r.got()) == 5, "both again")
        run("webhook", "replay", hook, "--delivery", "0" * 24, "--data", world.dir, check=66)
        for bad in ((), ("--since", "yesterday"), ("--since", "2026-01-01T00:00:00Z", "--delivery", "x")):
            run("webhook", "replay", hook, *bad, "--data", world.dir, check=64)


def test_redirects_are_not_followed_and_errors_are_tried_again(world):
    with Receiver(answer=lambda m: (302, {"Location": "http://127.0.0.1:1/"})) as r:
        hook, _ = world.hook(r.url)
        world.command("webhook", "test", hook)
        told = wait_until(lambda: next((d for d in world.deliveries(hook) if d["attempts"]), None), "an attempt")
        assert told["state"] == "pending" and told["status"] == 302 and "redirects" in told["reason"]
        r.answer = lambda m: 204
        wait_until(lambda: world.deliveries(hook)[0]["state"] == "delivered", "the next attempt")
        assert len({m.id for m in r.got()}) == 1 and {m.path for m in r.got()} == {"/hook"}


def test_rotation_signs_with_both(world):
    verify = verifier()
    with Receiver() as r:
        hook, old = world.hook(r.url)
        made = world.command("webhook", "rotate", hook)
        new = made["secret"]
        world.dev.secrets.add(new)
        world.command("webhook", "test", hook)
        m = wait_until(r.got, "a message")[0]
        assert verify(old, m.headers, m.body) and verify(new, m.headers, m.body)
        newest = world.command("webhook", "rotate", hook, "--overlap-hours", "0")["secret"]
        world.dev.secrets.add(newest)
        world.command("webhook", "test", hook)
        m = wait_until(lambda: r.got()[1:], "another message")[0]
        assert verify(newest, m.headers, m.body)
        for gone in (old, new):
            with pytest.raises(ValueError):
                verify(gone, m.headers, m.body)
        with pytest.raises(ValueError):
            verify(newest, m.headers, m.body.replace(b"webhook.test", b"webhook.tost"))


# ---- where it may go ---------------------------------------------------------------------------------------

def test_private_addresses_are_refused(tmp_path):
    with Receiver() as r, Dev(tmp_path, "--webhook-allow", "127.0.0.2") as dev:
        dev.wait_scanned()
        world = Hooked(dev)
        for target in (r.url, f"http://localhost:{r.port}/", f"http://[::ffff:127.0.0.1]:{r.port}/",
                       "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[fd00:ec2::254]/",
                       f"https://0.0.0.0:{r.port}/", f"https://2130706433:{r.port}/"):
            hook, _ = world.hook(target)
            world.command("webhook", "test", hook)
            told = wait_until(lambda hook=hook: next((d for d in world.deliveries(hook) if d["attempts"]), None), target)
            assert told["state"] == "pending" and "not allowed" in told["reason"], told
        assert not r.messages
    with Dev(tmp_path, "--webhook-allow", "") as dev:
        done = run("webhook", "add", "http://example.com/", "--data", dev.dir, check=65)
        assert "webhook_allow" in done.stderr


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://", "https://user:secret@example.com/",
                                 "https://example.com/#x", "https://exa mple.com/", "https://example.com:0/",
                                 "https://example.com:99999/", "https://[::1", "example.com", "https:///x",
                                 "https://example.com/" + "x" * 2048])
def test_bad_urls(shared_dev, url):
    done = run("webhook", "add", url, "--data", shared_dev.dir, check=65)
    assert "URL:" in done.stderr and "secret" not in done.stderr


# ---- commands ----------------------------------------------------------------------------------------------

def test_the_page_names_every_type():
    text = run("webhook", "add", "--help", check=0).stdout
    types = re.findall(r"^  ([a-z]+\.[a-z_]+): (.*)$", text, re.MULTILINE)
    assert len(types) >= 12
    page = DOC.read_text(encoding="utf-8")
    for kind, what in types:
        assert f"| `{kind}` | {what} |" in page


def test_commands(world):
    hook, secret = world.hook("https://hooks.example.com/in", "--event", "scan.failing", "--description", "pager")
    shown = world.command("webhook", "list")["results"]
    assert [(h["id"], h["events"], h["description"], h["enabled"], h["secrets"]) for h in shown] == \
        [(hook, "scan.failing", "pager", True, 1)]
    assert secret.startswith("whsec_") and secret not in json.dumps(shown)
    world.command("webhook", "disable", hook, "--why", "holiday")
    assert world.command("webhook", "list")["results"][0]["reason"] == "holiday"
    world.command("webhook", "enable", hook)
    org = world.command("org", "list")["results"][0]["id"]
    wide = world.command("webhook", "add", "https://hooks.example.com/all", "--org", org)
    world.dev.secrets.add(wide["secret"])
    assert "groupId" not in wide
    world.command("webhook", "remove", hook)
    assert [h["id"] for h in world.command("webhook", "list")["results"]] == [wide["id"]]
    for command in ("enable", "disable", "remove", "rotate", "test"):
        run("webhook", command, hook, "--data", world.dir, check=66)
    run("webhook", "add", "https://x.example/", "--event", "connection.exploded", "--data", world.dir, check=65)
    kinds = [e["type"] for e in map(json.loads, run("event", "export", "--data", world.dir, check=0).stdout.splitlines())
             if e["type"].startswith("PEERAGE_WEBHOOK_")]
    assert kinds == [f"PEERAGE_WEBHOOK_{k}" for k in ("ADDED", "DISABLED", "ENABLED", "ADDED", "REMOVED")]
    store = b"".join(p.read_bytes() for p in pathlib.Path(world.dir).glob("peerage.db*"))
    assert secret.encode() not in store and secret[6:20].encode() not in store
    run("doctor", "--data", world.dir)


def test_an_organisation_hook_hears_of_all_projects(world):
    with Receiver() as wide, Receiver() as narrow:
        org = world.command("org", "list")["results"][0]["id"]
        other = world.project("elsewhere")
        world.hook(wide.url, "--org", org)
        world.hook(narrow.url, "--project", other)
        name = world.peer("10.80.0.0/16")
        wait_types(wide, name, ["connection.requested"])
        assert not narrow.got(subject=name)


def test_expiring_requests(world):
    """The simulated cloud says when a request expires; of the thresholds the nearest is told, once."""
    with Receiver() as r:
        world.hook(r.url, "--event", "connection.expiring")
        world.simulator("settings", {"expirySeconds": 3 * 3600})
        name = world.peer("10.81.0.0/16")
        world.simulator("settings", {"expirySeconds": 60 * 3600})
        other = world.peer("10.82.0.0/16")
        wait_types(r, name, ["connection.expiring"])
        wait_types(r, other, ["connection.expiring"])
        hours = {m.subject: m.value["data"]["detail"]["hours"] for m in r.got()}
        assert hours == {name: 4, other: 72}
        assert r.got(subject=name)[0].value["data"]["connection"]["expirationTime"]
        assert len(world.events("PEERAGE_CONNECTION_EXPIRING")) == 2
