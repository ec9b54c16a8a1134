# SPDX-License-Identifier: Apache-2.0
"""Webhooks of an organisation over Peerage's own API: their life, secrets, refused addresses, whose messages they get,
and the examples of docs/webhooks.md.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import base64
import re

import pytest

import harness
from receiver import Receiver
from tenancy import Caller, command, demo_owner, doc_examples, event_types, new_caller
from test_webhooks import verifier
from world import World

JSON = "application/json"
ALL_TYPES = re.findall(r'^NOTICE\(\w+, "([a-z_.]+)"', (harness.ROOT / "spec" / "notices.def").read_text(encoding="utf-8"),
                       re.MULTILINE)


class Hooks(Caller):
    """One caller on one organisation's webhooks."""

    def __init__(self, dev, caller, org):
        super().__init__(caller.url, caller.user, caller.password)
        self.dev, self.base = dev, f"/api/peerage/v1/orgs/{org}/webhooks"

    def own(self, method, path, body=None, status=200):
        got = self.ask(method, self.base + path, body, accept=JSON)
        assert got.status == status, (method, path, body, got)
        value = got.json() if got.body else None
        if isinstance(value, dict) and "secret" in value:
            self.dev.secrets.add(value["secret"])
        return value

    def refused(self, method, path, body, status, code, words=""):
        got = self.own(method, path, body, status)
        assert got["errorCode"] == code and words in str(got), got
        return got


@pytest.fixture(scope="module")
def free_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("hooks"), "--rate-limit", "off") as d:
        d.wait_scanned()
        yield d


@pytest.fixture
def org(free_dev):
    """A fresh organisation; its name."""
    return command(free_dev, "org", "create", harness.secrets.token_hex(8))["id"]


@pytest.fixture
def hooks(free_dev, org):
    return Hooks(free_dev, new_caller(free_dev, "ORG_OWNER", org=org), org)


@pytest.fixture
def demo(free_dev):
    return Hooks(free_dev, demo_owner(free_dev), free_dev["ORG_ID"])


def test_a_webhook_from_its_making_to_its_end(free_dev, hooks, org):
    url = "https://hooks.example.com/x"
    made = hooks.own("POST", "", {"url": url, "description": "pager"}, 201)
    secret = made.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret) and len(base64.b64decode(secret[6:])) == 32
    path = f"/{made['id']}"
    assert made == {"created": made["created"], "dead": 0, "description": "pager", "enabled": True, "events": ALL_TYPES,
                    "id": made["id"], "links": [{"href": f"{free_dev.url}{hooks.base}{path}", "rel": "self"}],
                    "orgId": org, "pending": 0, "secrets": 1, "url": url}
    assert list(made) == sorted(made) and hooks.own("GET", path) == made
    few = hooks.own("POST", "", {"url": url, "events": ["scan.failing", "connection.active"]}, 201)
    assert few["events"] == ["connection.active", "scan.failing"] and "description" not in few
    listed = hooks.own("GET", "?itemsPerPage=1&pageNum=2")
    assert listed["totalCount"] == 2 and [h["id"] for h in listed["results"]] == [max(made["id"], few["id"])]
    assert "whsec_" not in str(hooks.own("GET", ""))
    changed = hooks.own("PATCH", path, {"description": "chat", "enabled": False, "events": ["scan.failing"],
                                        "reason": "on holiday", "url": url + "y"})
    assert changed == {**made, "description": "chat", "enabled": False, "events": ["scan.failing"], "reason": "on holiday",
                       "url": url + "y"}
    assert hooks.own("PATCH", path, {}) == changed == hooks.own("PATCH", path, {"enabled": False})
    back = hooks.own("PATCH", path, {"enabled": True, "description": "", "events": ALL_TYPES})
    assert "reason" not in back and "description" not in back and back["events"] == ALL_TYPES
    turned = hooks.own("POST", f"{path}:rotate?overlapHours=1")
    assert turned["id"] == made["id"] and turned["secret"] not in (secret, "") and turned["formerValidUntil"].endswith("Z")
    assert hooks.own("GET", path)["secrets"] == 2
    assert hooks.own("POST", f"{path}:rotate?overlapHours=0")["secret"] != turned["secret"]
    assert hooks.own("GET", path)["secrets"] == 1
    hooks.own("DELETE", path, status=204)
    for method, where, body in (("GET", path, None), ("PATCH", path, {}), ("DELETE", path, None),
                                ("POST", f"{path}:rotate", None), ("POST", f"{path}:test", None),
                                ("POST", f"{path}:replay", {"since": "2026-01-01T00:00:00Z"}),
                                ("GET", f"{path}/deliveries", None), ("GET", "/x", None)):
        hooks.refused(method, where, body, 404, "RESOURCE_NOT_FOUND", "webhook with id")
    assert event_types(hooks, f"orgs/{org}")[:8] == [f"PEERAGE_WEBHOOK_{k}" for k in (
        "REMOVED", "ROTATED", "ROTATED", "ENABLED", "CHANGED", "DISABLED", "CHANGED", "ADDED")]


def test_what_a_webhook_may_not_be(hooks, demo, free_dev):
    good = {"url": "https://hooks.example.com/"}
    for change, code in (({"url": "ftp://example.com/"}, "INVALID_ATTRIBUTE"), ({"url": 1}, "INVALID_JSON_ATTRIBUTE"),
                         ({"url": "https://user:x@example.com/"}, "INVALID_ATTRIBUTE"),
                         ({"url": "https://example.com/#x"}, "INVALID_ATTRIBUTE"),
                         ({"url": "https://example.com/" + "x" * 2048}, "INVALID_ATTRIBUTE"),
                         ({"description": "x" * 251}, "INVALID_ATTRIBUTE"), ({"events": []}, "INVALID_ATTRIBUTE"),
                         ({"events": ["connection.lost"]}, "INVALID_ATTRIBUTE"), ({"events": "all"}, "INVALID_JSON_ATTRIBUTE"),
                         ({"groupId": "x"}, "INVALID_ATTRIBUTE"), ({"groupId": "0" * 24}, "INVALID_ATTRIBUTE"),
                         ({"groupId": free_dev["GROUP_ID"]}, "INVALID_ATTRIBUTE"),  # another organisation's
                         ({"secret": "whsec_x"}, "ATTRIBUTE_READ_ONLY"), ({"enabled": False}, "ATTRIBUTE_READ_ONLY"),
                         ({"more": 1}, "INVALID_ATTRIBUTE")):
        hooks.refused("POST", "", {**good, **change}, 400, code, next(iter(change)))
    hooks.refused("POST", "", {}, 400, "MISSING_ATTRIBUTE", "url")
    assert hooks.own("GET", "")["totalCount"] == 0
    path = f"/{hooks.own('POST', '', good, 201)['id']}"
    for body, code in (({"groupId": "0" * 24}, "ATTRIBUTE_READ_ONLY"), ({"url": "x"}, "INVALID_ATTRIBUTE"),
                       ({"reason": "x"}, "INVALID_ATTRIBUTE"), ({"enabled": True, "reason": "x"}, "INVALID_ATTRIBUTE"),
                       ({"enabled": False, "events": ["x"]}, "INVALID_ATTRIBUTE")):
        hooks.refused("PATCH", path, body, 400, code)
    hooks.refused("POST", f"{path}:rotate?overlapHours=721", None, 400, "INVALID_QUERY_PARAMETER", "overlapHours")
    for body in ({}, {"deliveryId": "0" * 24, "since": "2026-01-01T00:00:00Z"}, {"deliveryId": "0" * 24},
                 {"deliveryId": "x"}, {"since": "soon"}):
        hooks.refused("POST", f"{path}:replay", body, 400, "INVALID_ATTRIBUTE")
    for query in ("state=lost", "deliveryId=x"):
        hooks.refused("GET", f"{path}/deliveries?{query}", None, 400, "INVALID_QUERY_PARAMETER")
    # another organisation's is none
    demo.refused("GET", path, None, 404, "RESOURCE_NOT_FOUND")
    demo.refused("DELETE", path, None, 404, "RESOURCE_NOT_FOUND")
    assert hooks.own("GET", path)["enabled"] is True


def test_an_organisation_has_at_most_a_hundred(hooks):
    for i in range(100):
        hooks.own("POST", "", {"url": f"https://hooks.example.com/{i}"}, 201)
    hooks.refused("POST", "", {"url": "https://hooks.example.com/"}, 409, "MAX_WEBHOOKS_EXCEEDED")
    assert hooks.own("GET", "?itemsPerPage=500")["totalCount"] == 100


def test_addresses_that_no_message_may_reach_are_refused_when_named_and_when_resolved(tmp_path):
    with Receiver() as r, harness.Dev(tmp_path, "--webhook-allow", "", "--rate-limit", "off") as dev:
        dev.wait_scanned()
        hooks = Hooks(dev, demo_owner(dev), dev["ORG_ID"])
        for url in ("https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/meta-data/",
                    "https://[fe80::1]/", "https://10.0.0.1/", "https://[fd00:ec2::254]/", "https://[::ffff:10.0.0.1]/",
                    "https://0.0.0.0/", "https://100.64.0.1/", "https://192.168.1.1/", "http://example.com/"):
            hooks.refused("POST", "", {"url": url}, 400, "INVALID_ATTRIBUTE", "webhook_allow")
        # A name, or a number that only a resolver takes for an address: seen when the connection is made.
        for url in (f"https://localhost:{r.port}/", f"https://2130706433:{r.port}/", f"https://0x7f.1:{r.port}/"):
            path = f"/{hooks.own('POST', '', {'url': url}, 201)['id']}"
            hooks.own("POST", f"{path}:test", status=202)
            told = harness.wait_until(lambda path=path: next(
                (d for d in hooks.own("GET", f"{path}/deliveries")["results"] if d["attempts"]), None), url)
            assert "not allowed" in told["reason"] and "127." not in told["reason"], told  # nor what the name stands for
        assert not r.messages


def test_messages_tests_and_replays_come_as_the_deliveries_say(dev):
    dev.wait_scanned()
    world, hooks = World(dev), Hooks(dev, demo_owner(dev), dev["ORG_ID"])
    other = command(dev, "org", "create", "other")["id"]
    strangers = Hooks(dev, new_caller(dev, "ORG_OWNER", org=other), other)
    with Receiver() as r, Receiver() as theirs:
        made = hooks.own("POST", "", {"url": r.url, "groupId": dev["GROUP_ID"], "events": ["connection.requested"]}, 201)
        strangers.own("POST", "", {"url": theirs.url}, 201)
        assert made["groupId"] == dev["GROUP_ID"]
        path = f"/{made['id']}"
        name = world.peer("10.61.0.0/16")
        harness.wait_until(lambda: r.got(subject=name), "the message")
        hooks.own("POST", f"{path}:test", status=202)
        harness.wait_until(lambda: len(r.messages) == 2, "the test")
        done = harness.wait_until(lambda: (got := hooks.own("GET", f"{path}/deliveries?state=delivered"))["totalCount"] == 2
                                  and got, "both deliveries")
        newest, oldest = done["results"]
        assert (newest["type"], newest["status"], newest["attempts"]) == ("webhook.test", 200, 1)
        assert (oldest["type"], oldest["subject"], oldest["groupId"]) == ("connection.requested", name, dev["GROUP_ID"])
        assert list(newest) == sorted(newest) and newest["webhookId"] == made["id"]
        page = hooks.own("GET", f"{path}/deliveries?itemsPerPage=1&pageNum=2")
        assert (page["results"], page["totalCount"]) == ([oldest], 2)
        assert hooks.own("GET", f"{path}/deliveries?deliveryId={oldest['id']}")["results"] == [oldest]
        assert hooks.own("POST", f"{path}:replay", {"deliveryId": oldest["id"]}) == {"deliveries": 1, "id": made["id"]}
        harness.wait_until(lambda: len(r.messages) == 3, "the replay")
        assert r.messages[2].id == oldest["id"] == r.messages[0].id
        for m in r.messages:
            assert verifier()(made["secret"], m.headers, m.body)["data"]["orgId"] == dev["ORG_ID"]
        assert not theirs.messages  # nor is another organisation told
        harness.wait_until(lambda: hooks.own("GET", f"{path}/deliveries?state=delivered")["totalCount"] == 2, "its end")
        got = hooks.own("POST", f"{path}:replay", {"since": "2020-01-01T00:00:00Z"})
        assert got["deliveries"] == 2
        harness.wait_until(lambda: len(r.messages) == 5, "both again")


def test_only_owners_of_the_organisation_see_webhooks(free_dev, hooks, org):
    hooks.own("POST", "", {"url": "https://hooks.example.com/token-in-the-path"}, 201)
    for role in ("ORG_READ_ONLY", "ORG_MEMBER", "ORG_STREAM_PROCESSING_ADMIN"):
        reader = Hooks(free_dev, new_caller(free_dev, role, org=org), org)
        reader.refused("GET", "", None, 401, "USER_UNAUTHORIZED")
        reader.refused("POST", "", {"url": "https://hooks.example.com/"}, 401, "USER_UNAUTHORIZED")


def test_the_examples_of_the_page_work(dev):
    dev.wait_scanned()
    with Receiver() as r:
        answers = doc_examples(dev, "webhooks.md", "hooks=", ("https://hooks.example.com/x", r.url))
        harness.wait_until(lambda: r.messages, "the test message")
    made, listed, changed, turned, tested, deliveries, replayed = answers
    dev.secrets |= {made["secret"], turned["secret"]}
    assert listed["results"][0]["id"] == made["id"] == changed["id"] == turned["id"] == replayed["id"]
    assert changed["events"] == ["connection.requested"] and tested == {} and deliveries["totalCount"] == 1
