# SPDX-License-Identifier: Apache-2.0
"""`peerage connection watch` and `get`: what a person sees while a request becomes a connection and ends."""
import json
import subprocess

import pytest

import harness
from harness import Dev, run


@pytest.fixture(name="dev")
def running(tmp_path):
    with Dev(tmp_path) as dev:
        dev.wait_scanned()
        yield dev


def watch(dev, *flags):
    return subprocess.Popen([harness.binary(), "connection", "watch", dev["PEERING_NAME"], "--data", str(dev.dir), *flags],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=harness.clean_environment())


def states(text):
    rows = [json.loads(line) for line in text.splitlines()]
    return [(r["cloudStatus"], r["localStatus"]) for r in rows]


def act(dev, action):
    told = ("--requester-account", dev["REQUESTER_ACCOUNT_ID"], "--requester-vpc", dev["REQUESTER_VPC_ID"])
    run("connection", action, dev["PEERING_NAME"], "--data", dev.dir, *(told if action == "accept" else ()), check=0)


def test_it_follows_an_accept_to_active_and_a_delete_to_the_end(dev):
    follower = watch(dev, "--json", "--timeout", "60")
    assert states(follower.stdout.readline()) == [("pending-acceptance", "NONE")]
    act(dev, "accept")
    out, err = follower.communicate(timeout=90)
    assert (follower.returncode, err) == (0, "")
    assert states(out)[-1] == ("active", "ACTIVE")
    assert len(set(states(out))) == len(states(out)), "a line is a change"
    until_end = watch(dev, "--until", "ended", "--json", "--timeout", "60")
    assert states(until_end.stdout.readline()) == [("active", "ACTIVE")]
    act(dev, "delete")
    out, err = until_end.communicate(timeout=90)
    assert (until_end.returncode, err) == (0, "")
    assert states(out)[-1] == ("deleted", "DELETE_REQUESTED")


def test_what_cannot_become_active_any_more_is_69(dev):
    act(dev, "reject")
    follower = watch(dev, "--timeout", "60")
    out, _ = follower.communicate(timeout=90)
    assert follower.returncode == 69
    assert out.splitlines()[-1].split("  ")[1:3] == ["rejected", "REJECT_REQUESTED"]


def test_time_up_is_75_and_unknown_names_are_66(dev):
    follower = watch(dev, "--timeout", "1")
    _, err = follower.communicate(timeout=60)
    assert follower.returncode == 75
    assert "is not active after 1 s" in err
    run("connection", "watch", "pcx-00000000000000000", "--data", dev.dir, check=66)
    run("connection", "watch", dev["PEERING_NAME"], "--until", "x", "--data", dev.dir, check=64)


def test_get_shows_all_of_one(dev):
    row = json.loads(run("connection", "get", dev["PEERING_NAME"], "--json", "--data", dev.dir, check=0).stdout)
    assert row["name"] == dev["PEERING_NAME"]
    assert row["requesterVpcId"] == dev["REQUESTER_VPC_ID"]
    assert row["listed"] is True and row["protected"] is False
    by_id = json.loads(run("connection", "get", row["id"], "--json", "--data", dev.dir, check=0).stdout)
    assert by_id == row
    run("connection", "get", "pcx-00000000000000000", "--data", dev.dir, check=66)
