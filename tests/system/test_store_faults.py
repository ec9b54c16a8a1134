# SPDX-License-Identifier: Apache-2.0
"""The store is locked, or its disk is full, under a running daemon: what must write answers 503 with Retry-After in bounded time,
what only reads goes on, and everything is well again afterwards."""

import base64
import os
import sqlite3
import subprocess
import threading
import time

import pytest

from harness import Serve, digest_request, request, wait_until

BOUND_SECONDS = 15  # 5 s of waiting for the lock, and a slow machine


def make_account(serve):
    return serve.command("service-account", "create", "robot", "--role", "GROUP_READ_ONLY")


def mint(serve, account):
    basic = base64.b64encode(f"{account['clientId']}:{account['clientSecret']}".encode()).decode()
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
