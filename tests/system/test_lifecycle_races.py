# SPDX-License-Identifier: Apache-2.0
"""Many at once: the same action from a hundred clients has one effect; accept racing reject racing the requester's own
delete ends in a state that the table has and the cloud agrees with. And who may act at all.

Standard library only. Must never: reach another host than 127.0.0.1.
"""

import collections
import http.client
import itertools
import json
import random
import threading
import time
import urllib.parse

import pytest

import harness
import lifecycle
from harness import V2023_02, wait_until
from lifecycle import REQUESTER, walk
from world import error_body

CLIENTS, ROUNDS, SEED = 100, 50, 7
CALLS = {w: f"{w.title()}VpcPeeringConnection" for w in ("accept", "reject", "delete")}
blocks = (f"10.{n}.0.0/16" for n in itertools.count(2))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("races")
    with lifecycle.SimCloud(folder, provisioningSeconds=1, outstandingQuota=1000, activeQuota=1000) as cloud:
        with lifecycle.Site(cloud, folder, max_connections_per_address="0") as s:
            yield s


def pending(site):
    name, vpc = site.ask(next(blocks))
    site.becomes(name, "NONE", "pending-acceptance")
    return name, vpc


class Client:
    """A connection that is open already, and one action to send at a given moment."""

    def __init__(self, site, name, word, vpc=None):
        u = urllib.parse.urlsplit(site.url)
        self.link = http.client.HTTPConnection(u.hostname, u.port, timeout=30)
        self.link.connect()
        headers = {"Accept": V2023_02, "Authorization": f"Bearer {site.token}", "Content-Type": "application/json"}
        body = json.dumps({"requesterAccountId": REQUESTER, "requesterVpcId": vpc}) if word == "accept" else None
        method, tail = ("DELETE", "") if word == "delete" else ("POST", f":{word}")
        self.request = method, f"{site.list_path}/{name}{tail}", body, headers

    def __call__(self):
        self.link.request(*self.request)
        answer = self.link.getresponse()
        status, body = answer.status, answer.read()
        self.link.close()
        return status, body


def at_once(*things):
    """[(result)] of functions that are called together; each may bring a delay in seconds: (delay, function)."""
    results, barrier = [None] * len(things), threading.Barrier(len(things))

    def one(n, delay, call):
        barrier.wait(30)
        if delay:
            time.sleep(delay)  # not for waiting: the instant is what the seed says
        results[n] = call()
    threads = [threading.Thread(target=one, args=(n, *thing)) for n, thing in enumerate(things)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    return results


def types(site, name):
    return [e["type"].removeprefix("PEERAGE_CONNECTION_") for e in site.history(name)]


def test_the_same_action_from_a_hundred_clients(site):
    name, vpc = pending(site)
    other, _ = pending(site)
    for word, subject, local, cloud in (("accept", name, "ACTIVE", "active"),
                                        ("delete", name, "DELETE_REQUESTED", "deleted"),
                                        ("reject", other, "REJECT_REQUESTED", "rejected")):
        before = site.cloud.calls(CALLS[word])
        answers = at_once(*[(0, Client(site, subject, word, vpc)) for _ in range(CLIENTS)])
        assert collections.Counter(answers) == {(202, b"{}"): CLIENTS}, word
        print(f"{word}: {CLIENTS} clients at once, each 202 {{}}")
        site.becomes(subject, local, cloud)
        assert site.cloud.calls(CALLS[word]) == before + 1, word
        assert types(site, subject).count(f"{word.upper()}_REQUESTED") == 1
        assert types(site, subject).count({"accept": "ACCEPTED", "delete": "DELETED", "reject": "REJECTED"}[word]) == 1
    walk(site.history(name))
    walk(site.history(other))


# What may be stored in the end, by what the cloud came to.
ENDS = {"active": {"ACTIVE"}, "rejected": {"REJECT_REQUESTED"}, "deleted": {"NONE", "UPDATE_FAILED"}}


def test_accept_against_reject_against_the_requester_s_delete(site):
    rng = random.Random(SEED)
    made = [site.ask(next(blocks)) for _ in range(ROUNDS)]
    wait_until(lambda: {n for n, _ in made} <= {c["name"] for c in site.list()
                                                if c["cloudStatus"] == "pending-acceptance"}, "all requests")
    rounds, calls = [], {w: site.cloud.calls(c) for w, c in CALLS.items()}
    for name, vpc in made:
        delays = [rng.choice((0, rng.uniform(0, 0.004), rng.uniform(0, 0.02))) for _ in range(3)]
        if rng.random() < 0.3:  # one of them has a start that it cannot lose
            winner = rng.randrange(3)
            delays = [d if n == winner else d + 0.3 for n, d in enumerate(delays)]
        answers = at_once((delays[0], Client(site, name, "accept", vpc)), (delays[1], Client(site, name, "reject")),
                          (delays[2], lambda name=name: site.take_back(name)))
        rounds.append((name, delays, answers))

    def settled():
        rows = {c["name"]: c for c in site.list()}
        return all(rows[n]["cloudStatus"] in ENDS and not rows[n]["localStatus"].startswith("REQUEST_")
                   and rows[n]["cloudStatus"] == site.status(n) for n, _ in made)
    wait_until(settled, "every round to settle", 60, 0.2)
    rows, seen = {c["name"]: c for c in site.list()}, collections.Counter()
    for name, delays, (accept, reject, taken_back) in rounds:
        row, what = rows[name], f"{name}: delays {delays}, answers {accept} {reject} {taken_back}, {rows[name]}"
        for status, body in (accept, reject):
            assert (status, body) == (202, b"{}") or (
                status == 409 and json.loads(body)["errorCode"] == "PEER_INVALID_STATE"), what
        assert taken_back in ("true", "InvalidStateTransition"), what
        cloud, local = row["cloudStatus"], row["localStatus"]
        assert local in ENDS[cloud], what
        done = types(site, name)
        assert done.count("ACCEPTED") + done.count("REJECTED") <= 1, (what, done)
        if cloud == "active":
            assert accept[0] == 202 and done.count("ACCEPTED") == 1 and taken_back != "true", (what, done)
        elif cloud == "rejected":
            assert reject[0] == 202 and done.count("REJECTED") == 1, (what, done)
        else:
            assert taken_back == "true" and done.count("REJECTED") == 0, (what, done)
        if accept[0] == reject[0] == 202:  # only what had ended meanwhile lets a second one in
            assert cloud == "deleted", what
        walk(site.history(name), show=False)
        seen[(accept[0], reject[0], taken_back, local, cloud)] += 1
    for outcome, count in sorted(seen.items(), key=str):
        print(f"{count:4} times: accept {outcome[0]}, reject {outcome[1]}, requester's delete {outcome[2]}"
              f" -> {outcome[3]} {outcome[4]}")
    assert {cloud for *_, cloud in seen} == set(ENDS), "the seed no longer makes each of them win"
    won = collections.Counter(r["cloudStatus"] for n, r in rows.items() if n in dict(made))
    assert site.cloud.calls(CALLS["delete"]) - calls["delete"] == ROUNDS  # the requester's own, and none of ours
    for word, end in (("accept", "active"), ("reject", "rejected")):
        assert won[end] <= site.cloud.calls(CALLS[word]) - calls[word] <= ROUNDS


# ---- who may -----------------------------------------------------------------------------------------------

ACT = ["ORG_OWNER", "ORG_STREAM_PROCESSING_ADMIN", "GROUP_OWNER", "GROUP_STREAM_PROCESSING_OWNER"]
READ = ["ORG_READ_ONLY", "GROUP_READ_ONLY", "GROUP_CLUSTER_MANAGER", "GROUP_DATA_ACCESS_ADMIN",
        "GROUP_OBSERVABILITY_VIEWER"]
UNAUTHORIZED = error_body(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.", [],
                          "Unauthorized")


def with_key(site, *words):
    made = site.command("key", "create", *words)
    site.serve.secrets.add(made["privateKey"])
    return {"user": made["publicKey"], "password": made["privateKey"]}


def by_key(site, key, name, word, vpc=None, path=None):
    """The answer to an action with an API key: (status, body)."""
    method, tail = ("DELETE", "") if word == "delete" else ("POST", f":{word}")
    body = json.dumps({"requesterAccountId": REQUESTER, "requesterVpcId": vpc}) if word == "accept" else None
    status, headers, body = harness.digest_request(
        site.url, method, f"{path or site.list_path}/{name}{tail}", accept=V2023_02, body=body,
        headers={"Content-Type": "application/json"} if body else {}, **key)
    assert status != 401 or headers["www-authenticate"].startswith("Digest ")
    return status, body


@pytest.mark.parametrize("role", READ)
def test_a_role_that_only_reads(site, role):
    name, vpc = pending(site)
    key = with_key(site, "--role", role)
    for word in CALLS:
        assert by_key(site, key, name, word, vpc) == (401, UNAUTHORIZED)
    status, _, body = harness.digest_request(site.url, "GET", site.target(), accept=V2023_02, **key)
    assert status == 200 and name in body.decode()
    assert types(site, name) == ["DISCOVERED"] and site.find(name)["localStatus"] == "NONE"


@pytest.mark.parametrize("role", ACT)
def test_a_role_that_may_act(site, role):
    name, _ = pending(site)
    assert by_key(site, with_key(site, "--role", role), name, "reject") == (202, b"{}")
    site.becomes(name, "REJECT_REQUESTED", "rejected")


def test_another_project_s_key_and_another_project_s_connection(site):
    name, vpc = pending(site)
    elsewhere = site.command("project", "create", "elsewhere")["id"]
    stranger = with_key(site, "--role", "GROUP_OWNER", "--project", elsewhere)
    theirs = site.list_path.replace(site.group, elsewhere)
    what = f"VPC peering connection with id {name}"
    missing = error_body(404, "RESOURCE_NOT_FOUND", f"Cannot find resource {what}.", [what], "Not Found")
    for word in CALLS:
        status, body = by_key(site, stranger, name, word, vpc)
        assert (status, json.loads(body)["errorCode"]) == (401, "NOT_IN_GROUP")
        assert by_key(site, stranger, name, word, vpc, theirs) == (404, missing)
    assert types(site, name) == ["DISCOVERED"]
