# SPDX-License-Identifier: Apache-2.0
"""The store is locked, or its disk is full, under a running daemon: what must write answers 503 with Retry-After in bounded time,
what only reads goes on, and everything is well again afterwards. An action that is refused leaves nothing behind."""

import base64
import json
import os
import sqlite3
import subprocess
import threading
import time

import pytest

import harness
import lifecycle
from harness import Serve, digest_request, request, wait_until

BOUND_SECONDS = 15  # 5 s of waiting for the lock, and a slow machine


def make_account(serve):
    return serve.command("service-account", "create", "robot", "--role", "GROUP_READ_ONLY")


def mint(serve, account):
    basic = base64.b64encode(f"{account['clientId']}:{account['secrets'][0]['secret']}".encode()).decode()
    return request(serve.url, "POST", "/api/oauth/token", body="grant_type=client_credentials",
                   headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"})


def groups(serve):
    return digest_request(serve.url, "GET", "/api/atlas/v2/groups", user=serve.owner["publicKey"],
                          password=serve.owner["privateKey"])[0]


def refused_in_time(serve, account):
    began = time.monotonic()
    status, headers, _ = mint(serve, account)
    assert status == 503
    assert int(headers["retry-after"]) >= 1
    assert time.monotonic() - began < BOUND_SECONDS


def test_a_locked_store_refuses_writes_and_serves_reads(tmp_path):
    with Serve(tmp_path, {"rate_limit": "false"}) as serve:
        account = make_account(serve)
        other = sqlite3.connect(serve.data / "peerage.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        failures = []

        def write():
            try:
                refused_in_time(serve, account)
            except AssertionError as e:
                failures.append(e)
        writer = threading.Thread(target=write)
        writer.start()
        reads = 0
        while writer.is_alive():
            began = time.monotonic()
            assert groups(serve) == 200
            assert time.monotonic() - began < 2  # reads do not queue behind the lock
            reads += 1
        writer.join()
        assert not failures, failures[0]
        assert reads > 0
        other.execute("ROLLBACK")
        other.close()
        wait_until(lambda: mint(serve, account)[0] == 200, "a write after the lock")


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("no right to mount a small disk: THIS TEST DID NOT RUN")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place):
    with open(place / "ballast", "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def test_a_full_disk_refuses_writes_and_serves_reads(tmp_path, small_disk):
    with Serve(tmp_path, {"data_dir": str(small_disk / "data")}) as serve:
        account = make_account(serve)
        assert mint(serve, account)[0] == 200
        fill(small_disk)

        def refused():
            status, headers, _ = mint(serve, account)
            return status == 503 and int(headers["retry-after"]) >= 1
        wait_until(refused, "a write to be refused")  # the log may have had room for a few
        for _ in range(5):
            assert groups(serve) == 200
        os.unlink(small_disk / "ballast")
        wait_until(lambda: mint(serve, account)[0] == 200, "a write after there is room again")


# ---- actions -----------------------------------------------------------------------------------------------

WORDS = {"accept": ("ACTIVE", "active"), "reject": ("REJECT_REQUESTED", "rejected"), "delete": ("DELETE_REQUESTED", "deleted")}


class Wishes:
    """One connection for each action, and what came of asking for it."""

    def __init__(self, site):
        self.site = site
        made = {word: site.ask(f"10.{n}.0.0/16") for n, word in enumerate(WORDS, 2)}
        self.names = {word: name for word, (name, _) in made.items()}
        self.vpcs = {word: vpc for word, (_, vpc) in made.items()}
        for name in self.names.values():
            site.becomes(name, "NONE", "pending-acceptance")
        assert site.accept(*made["delete"])[0] == 202
        site.becomes(self.names["delete"], "ACTIVE", "active")
        wait_until(site.routes, "its route")

    def ask(self, word):
        method, tail = ("DELETE", "") if word == "delete" else ("POST", f":{word}")
        body = json.dumps({"requesterAccountId": lifecycle.REQUESTER, "requesterVpcId": self.vpcs[word]})
        more = {"headers": {"Content-Type": "application/json"}, "body": body} if word == "accept" else {}
        return harness.bearer_request(self.site.url, method, f"{self.site.list_path}/{self.names[word]}{tail}",
                                      self.site.token, accept=harness.V2023_02, **more)

    def refused(self, word):
        began = time.monotonic()
        status, headers, body = self.ask(word)
        assert status == 503, f"{word}: {status} {body}"
        assert json.loads(body)["errorCode"] == "SERVICE_UNAVAILABLE" and int(headers["retry-after"]) >= 1
        assert time.monotonic() - began < BOUND_SECONDS

    def untouched(self):
        """Reads go on, and show no half of what was refused; nothing went to the cloud."""
        for word, name in self.names.items():
            item = self.site.find(name)
            want = ("ACTIVE", "active") if word == "delete" else ("NONE", "pending-acceptance")
            assert (item["localStatus"], item["cloudStatus"]) == want
        assert self.calls() == {"accept": 1, "reject": 0, "delete": 0}

    def calls(self):
        return {w: self.site.cloud.calls(f"{w.title()}VpcPeeringConnection") for w in WORDS}

    def granted(self):
        for word in WORDS:
            wait_until(lambda: self.ask(word)[0] == 202, f"{word} after the fault")
        for word, state in WORDS.items():
            self.site.becomes(self.names[word], *state)
            types = [e["type"] for e in self.site.history(self.names[word])]
            assert types.count(f"PEERAGE_CONNECTION_{word.upper()}_REQUESTED") == 1, types
        assert self.calls() == {"accept": 2, "reject": 1, "delete": 1}


def test_actions_on_a_full_disk_are_refused_whole(tmp_path, small_disk):
    with lifecycle.SimCloud(tmp_path, provisioningSeconds=0) as cloud:
        with lifecycle.Site(cloud, tmp_path, data_dir=str(small_disk / "data")) as site:
            wishes = Wishes(site)
            robot = make_account(site.serve)
            fill(small_disk)
            wait_until(lambda: mint(site.serve, robot)[0] == 503, "a write to be refused")
            for _ in range(3):
                for word in WORDS:
                    wishes.refused(word)
                wishes.untouched()
            os.unlink(small_disk / "ballast")
            wishes.granted()


def test_actions_on_a_locked_store_are_refused_whole(tmp_path):
    with lifecycle.SimCloud(tmp_path, provisioningSeconds=0) as cloud:
        with lifecycle.Site(cloud, tmp_path) as site:
            wishes = Wishes(site)
            other = sqlite3.connect(site.serve.data / "peerage.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            for word in WORDS:
                wishes.refused(word)
            wishes.untouched()
            other.execute("ROLLBACK")
            other.close()
            wishes.granted()
