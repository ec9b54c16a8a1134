# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: what was acknowledged is there after the restart, the store is whole, and readiness is quick.

Each round: clients write through the admin socket and the API while a timer of random length runs out, then SIGKILL; or
one action is asked for, and the kill falls before, in or after its call to EC2. Nothing has effect twice.
"""

import contextlib
import http.client
import json
import subprocess
import sqlite3
import threading
import time

import harness
import lifecycle
from harness import V2023_01, Dev, Serve, bearer_token, digest_request, run, wait_until


class Writer(threading.Thread):
    """Makes projects and tokens until the daemon is gone; keeps what was acknowledged."""

    def __init__(self, serve, number, org, account, tokens):
        super().__init__()
        self.serve, self.number, self.org, self.account = serve, number, org, account
        self.projects, self.tokens = [], tokens

    def make_project(self):
        """As `peerage project create` asks for it. None: the daemon is busy or about to end."""
        wish = {"name": f"p{self.number}-{time.monotonic_ns()}", "orgId": self.org}
        status, _, body = harness.unix_request(self.serve.data / "admin.sock", "POST", "/api/atlas/v2/groups",
                                               {"Accept": V2023_01, "Content-Type": "application/json"},
                                               json.dumps(wish).encode(), timeout=10)
        assert status in (201, 503), body
        return json.loads(body)["id"] if status == 201 else None

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for i in range(10000):
                made = self.make_project()
                if made:
                    self.projects.append(made)
                if i % 5 == 0 and len(self.tokens) < 40:  # 50 a minute are minted
                    self.tokens.append(bearer_token(self.serve.url, *self.account))


def whole(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return [db.execute("PRAGMA integrity_check").fetchone()[0], db.execute("PRAGMA foreign_key_check").fetchall()]


def test_nothing_acknowledged_is_lost(tmp_path, rounds, rng):
    settings = {"log_level": "warn", "access_log": "off"}
    serve = Serve(tmp_path, settings)
    made = serve.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY")
    org = serve.owner["orgId"]
    account, acknowledged, tokens, slowest = (made["clientId"], made["secrets"][0]["secret"]), set(), [], 0.0
    for number in range(rounds(200)):
        serve = Serve(tmp_path, {**settings, "log_level": "info"}, init=False).start()
        writers = [Writer(serve, f"{number}-{k}", org, account, tokens) for k in range(3)]
        for w in writers:
            w.start()
        time.sleep(rng.uniform(0.0, 0.4))  # the moment of the kill is what is tested
        serve.kill()
        for w in writers:
            w.join(30)
            acknowledged |= set(w.projects)
        serve.check_log()
        assert whole(serve.data / "peerage.db") == ["ok", []]
        start = time.monotonic()
        serve = Serve(tmp_path, settings={**settings, "log_level": "info"}, init=False).start()
        slowest = max(slowest, time.monotonic() - start)
        for token in rng.sample(tokens, min(5, len(tokens))) + tokens[-1:]:
            assert harness.bearer_request(serve.url, "GET", "/api/atlas/v2", token)[0] == 200
        serve.kill()
        with contextlib.closing(sqlite3.connect(f"file:{serve.data / 'peerage.db'}?mode=ro", uri=True)) as db:
            there = {r[0] if isinstance(r[0], str) else r[0].hex() for r in db.execute("SELECT id FROM grp")}
        lost = acknowledged - there
        assert not lost, f"round {number}: {len(lost)} of {len(acknowledged)} acknowledged projects are gone"
    assert acknowledged
    assert slowest < 5, f"the slowest restart took {slowest:.1f} s"
    print(f"{len(acknowledged)} acknowledged writes, slowest restart {slowest * 1000:.0f} ms")


def test_dev_survives_a_kill_in_any_phase(tmp_path, rounds, rng):
    """The start itself is killed at a random moment, too; the next one comes up with one demo, not two."""
    for _ in range(rounds(60)):
        with subprocess.Popen([harness.binary(), "dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "dev")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=harness.clean_environment()) as p:
            time.sleep(rng.uniform(0.0, 0.15))
            p.kill()
    with Dev(tmp_path) as dev:
        dev.wait_scanned()
        status, _, body = digest_request(dev, "GET", "/api/atlas/v2/groups")
        assert status == 200 and json.loads(body)["totalCount"] == 1
        orgs = json.loads(run("org", "list", "--data", dev.dir, "--json", check=0).stdout)["results"]
        networks = json.loads(run("network", "list", "--data", dev.dir, "--json", check=0).stdout)["results"]
        connections = json.loads(run("connection", "list", "--data", dev.dir, "--json", check=0).stdout)["results"]
        assert (len(orgs), len(networks), len(connections)) == (1, 1, 1)


# ---- actions -----------------------------------------------------------------------------------------------

CALLS = {w: f"{w.title()}VpcPeeringConnection" for w in ("accept", "reject", "delete")}
ON_THE_WAY = {"accept": {"REQUEST_ACCEPT", "ACCEPT_REQUESTED", "ACTIVE"}, "reject": {"REQUEST_REJECT", "REJECT_REQUESTED"},
              "delete": {"REQUEST_DELETE", "DELETE_REQUESTED"}}
DONE = {"accept": ("ACTIVE", "active"), "reject": ("REJECT_REQUESTED", "rejected"),
        "delete": ("DELETE_REQUESTED", "deleted")}
POINTS = ("request", "answer", "call held", "call slow", "reply lost", "after the call", "route")
ACTIVE_MAX = 20


class Killed:
    """A Peerage that is killed while it acts, on a cloud that lives on. asked: {name: word} of what may have been done,
    acknowledged: those of them whose 202 was read."""

    def __init__(self, site, rng):
        self.site, self.rng, self.made = site, rng, 0
        self.asked, self.acknowledged, self.active, self.pending = {}, set(), [], []
        self.accepted, self.restarts = set(), []

    def more(self):
        """Requests that wait, each from a block of its own."""
        while len(self.pending) < 8:
            n = self.made
            self.made += 1
            self.pending.append(self.site.ask(f"10.{2 + n // 16}.{n % 16 * 16}.0/20"))
        wanted = {name for name, _ in self.pending}
        wait_until(lambda: wanted <= {c["name"] for c in self.site.list() if c["cloudStatus"] == "pending-acceptance"},
                   "new requests")

    def choose(self):
        if len(self.active) >= ACTIVE_MAX or (self.active and self.rng.random() < 0.35):
            return "delete", self.active.pop(0), None
        name, vpc = self.pending.pop(0)
        return ("reject" if self.rng.random() < 0.25 else "accept"), name, vpc

    def send(self, word, name, vpc):
        """Like a client that may never hear an answer."""
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            body = {"requesterAccountId": lifecycle.REQUESTER, "requesterVpcId": vpc} if word == "accept" else None
            status, answer = self.site.act(name, word, body)
            assert status == 202, answer
            self.acknowledged.add((name, word))

    def die(self, word, name, vpc, point):
        """SIGKILL at `point` of the action's way."""
        relay, rng = self.site.relay, self.rng
        call = {"accept": "CreateRoute", "delete": "DeleteRoute"}.get(word, CALLS[word]) if point == "route" else CALLS[word]
        relay.hold = {call: 0.05} if point == "call held" else {}
        if point in ("call slow", "reply lost"):
            kind = {"kind": "slow", "ms": 300} if point == "call slow" else {"kind": "lost-reply"}
            self.site.cloud.manage("faults", {**kind, "action": call})
        seen, before = len(relay.calls), self.site.cloud.calls(call)
        client = threading.Thread(target=self.send, args=(word, name, vpc))
        client.start()
        if point == "answer":
            client.join(30)
        elif point != "request":
            assert relay.wait_call(call, seen, 30), f"no {call} for {word} {name}"
        delay = {"request": 0.02, "answer": 0.01, "call held": 0.02, "call slow": 0.3, "reply lost": 0.05}
        time.sleep(rng.uniform(0, delay.get(point, 0.03)))  # the moment of the kill is what is tested
        self.site.serve.kill()
        client.join(30)
        relay.hold = {}
        if point not in ("request", "answer"):  # what was on its way arrives before the next one looks
            wait_until(lambda: self.site.cloud.calls(call) > before, f"{call} of a dead sender")

    def restart(self):
        serve = self.site.serve
        serve.check_log()
        assert whole(serve.data / "peerage.db") == ["ok", []]
        self.site.cloud.manage("faults", method="DELETE")
        begun = time.monotonic()
        serve.start()
        self.restarts.append(time.monotonic() - begun)
        self.site.url = serve.url

    def look(self):
        """Nothing acknowledged is gone, at any moment."""
        now = {c["name"]: c for c in self.site.list()}
        for name, word in self.acknowledged:
            if self.asked[name] == word:
                assert now[name]["localStatus"] in ON_THE_WAY[word], f"{word} {name}: {now[name]}"
        for name, word in list(self.asked.items()):
            if (name, word) not in self.acknowledged and now[name]["localStatus"] not in ON_THE_WAY[word]:
                del self.asked[name]  # it was never heard
                if word == "delete":
                    self.active.append(name)
                    self.asked[name] = "accept"
        for name, word in self.asked.items():
            if word == "accept" and name not in self.accepted and now[name]["localStatus"] == "ACTIVE":
                self.accepted.add(name)
                self.active.append(name)

    def round(self, point):
        self.more()
        self.look()
        word, name, vpc = self.choose()
        if point == "route" and word == "reject":
            point = "after the call"
        self.asked[name] = word
        self.die(word, name, vpc, point)
        self.restart()
        self.look()

    def settle(self):
        def all_done():
            now = {c["name"]: c for c in self.site.list()}
            return all((now[n]["localStatus"], now[n]["cloudStatus"]) == DONE[w] for n, w in self.asked.items())
        wait_until(all_done, "the end of all that was asked", 120)
        active = {n for n, w in self.asked.items() if w == "accept"}
        wait_until(lambda: {pcx for pcx, _ in self.site.routes().values()} == active, "the routes of what is active")

    def check_effects(self):
        """As many calls as effects: each connection was accepted, rejected and deleted once at most, each
        route made once."""
        words = list(self.asked.values())
        wanted = {"accept": words.count("accept") + words.count("delete"), "reject": words.count("reject"),
                  "delete": words.count("delete")}
        calls = {w: self.site.cloud.calls(c) for w, c in CALLS.items()}
        assert calls == wanted
        made = 0
        for name, word in self.asked.items():
            types = [e["type"] for e in self.site.history(name)]
            assert types.count(f"PEERAGE_CONNECTION_{word.upper()}_REQUESTED") == 1, types
            assert not {"PEERAGE_ROUTE_FOUND", "PEERAGE_ROUTE_CONFLICT"} & set(types), types
            made += types.count("PEERAGE_ROUTE_MADE")
        assert made <= self.site.cloud.calls("CreateRoute") <= wanted["accept"]
        return sum(calls.values())


def test_actions_survive_kills_around_every_call(tmp_path, rounds, rng):
    count = rounds(200)
    with lifecycle.SimCloud(tmp_path, provisioningSeconds=0, outstandingQuota=10000) as cloud:
        with lifecycle.Site(cloud, tmp_path, log_level="info") as site:
            killed = Killed(site, rng)
            for n in range(count):
                killed.round(POINTS[n % len(POINTS)])
            killed.settle()
            effects = killed.check_effects()
    times = sorted(killed.restarts)
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    print(f"{count} kills at {', '.join(POINTS)}: {len(killed.acknowledged)} acknowledged, 0 lost; {effects} calls, {effects} effects; "
          f"ready again: p99 {p99 * 1000:.0f} ms, slowest {times[-1] * 1000:.0f} ms")
    assert times[-1] < 2
