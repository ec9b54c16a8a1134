# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: what was acknowledged is there after the restart, the store is whole, and readiness is quick.

Each round: clients write through the admin socket and the API while a timer of random length runs out, then SIGKILL.
"""

import contextlib
import http.client
import json
import subprocess
import sqlite3
import threading
import time

import harness
from harness import Dev, Serve, bearer_token, digest_request, run


class Writer(threading.Thread):
    """Makes projects and tokens until the daemon is gone; keeps what was acknowledged."""

    def __init__(self, serve, number, account, tokens):
        super().__init__()
        self.serve, self.number, self.account = serve, number, account
        self.projects, self.tokens = [], tokens

    def command(self, argv):
        status, _, body = harness.unix_request(self.serve.data / "admin.sock", "POST", "/admin/v1/command",
                                               body=json.dumps({"argv": argv}).encode(), timeout=10)
        answer = json.loads(body)
        assert status == 200 and answer["exit"] in (0, 75), answer
        return json.loads(answer["stdout"]) if answer["exit"] == 0 else None

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for i in range(10000):
                made = self.command(["project", "create", f"p{self.number}-{time.monotonic_ns()}", "--json"])
                if made:
                    self.projects.append(made["id"])
                if i % 5 == 0 and len(self.tokens) < 60:  # an account has 100 live ones at most
                    self.tokens.append(bearer_token(self.serve.url, *self.account))


def whole(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return [db.execute("PRAGMA integrity_check").fetchone()[0], db.execute("PRAGMA foreign_key_check").fetchall()]


def test_nothing_acknowledged_is_lost(tmp_path, rounds, rng):
    settings = {"log_level": "warn", "access_log": "off"}
    serve = Serve(tmp_path, settings)
    made = serve.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY")
    account, acknowledged, tokens, slowest = (made["clientId"], made["clientSecret"]), set(), [], 0.0
    for number in range(rounds(200)):
        serve = Serve(tmp_path, {**settings, "log_level": "info"}, init=False).start()
        writers = [Writer(serve, f"{number}-{k}", account, tokens) for k in range(3)]
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
