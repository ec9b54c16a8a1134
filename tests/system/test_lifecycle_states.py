# SPDX-License-Identifier: Apache-2.0
"""Every localStatus and every cloudStatus is seen through the API, on the lives that lead there; `pytest -s` prints
them with their times.

A life is a row of LIVES: what the timeline must show, in this order, and the function that leads it. Standard library
only. Must never: reach another host than 127.0.0.1.
"""

import itertools

import pytest

import lifecycle
from harness import wait_until
from lifecycle import ACCEPTER, ELSEWHERE, REQUESTER, walk

WRITES = [a + "VpcPeeringConnection" for a in ("Accept", "Reject", "Delete")]
blocks = (f"10.{n}.0.0/16" for n in itertools.count(2))
ACCEPTED = ["NONE", "REQUEST_ACCEPT", "ACCEPT_REQUESTED", "ACTIVE"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    with lifecycle.SimCloud(folder, provisioningSeconds=1, deletingSeconds=2) as cloud:
        with lifecycle.Site(cloud, folder) as s:
            s.relay.hold.update(dict.fromkeys(WRITES, 0.15))
            yield s


class Settings:
    """Settings of the simulator for what is made inside the block."""

    before = {"initiatingSeconds": 0, "expirySeconds": 604800}

    def __init__(self, site, **values):
        self.site, self.values = site, values

    def __enter__(self):
        self.site.cloud.manage("settings", self.values)

    def __exit__(self, *_):
        self.site.cloud.manage("settings", {name: self.before[name] for name in self.values})


def forbidden(answer, why):
    status, body = answer
    assert (status, body["errorCode"]) == (409, "PEER_INVALID_STATE") and why in body["detail"], body


# ---- the lives: each gets the site, starts one request and yields (name, requester) first ----------------------

def accepted_and_deleted(site):
    name, vpc = site.ask(next(blocks), ELSEWHERE)  # only between two Regions a peering is `deleting` for a while
    yield name, REQUESTER
    assert site.accept(name, vpc) == (202, {})
    forbidden(site.act(name, "delete"), "an accept is under way")
    site.becomes(name, "ACTIVE", "active")
    assert site.act(name, "delete") == (202, {})
    forbidden(site.accept(name, vpc), "a delete is under way")
    site.becomes(name, "DELETE_REQUESTED", "deleted")


def rejected(site):
    name, vpc = site.ask(next(blocks))
    yield name, REQUESTER
    assert site.act(name, "reject") == (202, {})
    forbidden(site.accept(name, vpc), "a reject is under way")
    site.becomes(name, "REJECT_REQUESTED", "rejected")


def offered_late(site):
    """Before AWS has offered it, only its requester sees it: here the owner asks for a peering of two own VPCs."""
    with Settings(site, initiatingSeconds=2):
        name, vpc = site.ask(next(blocks), who="owner")
    yield name, ACCEPTER
    site.becomes(name, "NONE", "initiating-request", requester=ACCEPTER)
    forbidden(site.accept(name, vpc, ACCEPTER), "AWS has not offered it yet")
    site.becomes(name, "NONE", "pending-acceptance", requester=ACCEPTER)
    assert site.act(name, "reject") == (202, {})
    site.becomes(name, "REJECT_REQUESTED", "rejected", requester=ACCEPTER)


def failed_in_aws(site):
    with Settings(site, initiatingSeconds=2):
        name, vpc = site.ask("10.1.64.0/18", who="owner")  # overlaps the network's own block
    yield name, ACCEPTER
    site.becomes(name, "NONE", "initiating-request", requester=ACCEPTER)
    item = site.becomes(name, "NONE", "failed", requester=ACCEPTER)
    assert "overlapping CIDR" in item["statusMessage"]
    forbidden(site.accept(name, vpc, ACCEPTER), "it has failed in AWS")
    assert site.act(name, "delete") == (202, {})


def expired(site):
    with Settings(site, expirySeconds=3):
        name, vpc = site.ask(next(blocks))
    yield name, REQUESTER
    site.becomes(name, "NONE", "pending-acceptance")
    site.becomes(name, "NONE", "expired")
    forbidden(site.accept(name, vpc), "it has expired")


def refused_and_asked_again(site):
    """A refusal for good is told, and the action may be asked for again."""
    name, vpc = site.ask(next(blocks))
    yield name, REQUESTER
    site.becomes(name, "NONE", "pending-acceptance")
    for word, done in (("accept", "ACTIVE"), ("delete", "DELETE_REQUESTED")):
        ask = (lambda: site.accept(name, vpc)) if word == "accept" else (lambda: site.act(name, "delete"))
        site.cloud.manage("faults", {"kind": "error", "action": f"{word.title()}VpcPeeringConnection", "status": 400,
                                     "code": "OperationNotPermitted", "message": "Your account may not do that."})
        before = site.find(name)["cloudStatus"]
        assert ask() == (202, {})
        item = site.becomes(name, "UPDATE_FAILED", before)
        assert "OperationNotPermitted: Your account may not do that." in item["statusMessage"]
        assert ask() == (202, {})
        wait_until(lambda: site.find(name)["localStatus"] == done, f"{name}: {done}")
    site.becomes(name, "DELETE_REQUESTED", "deleted")


def taken_back_meanwhile(site):
    name, vpc = site.ask(next(blocks))
    yield name, REQUESTER
    site.becomes(name, "NONE", "pending-acceptance")
    site.relay.hold["AcceptVpcPeeringConnection"] = 1
    assert site.accept(name, vpc) == (202, {})
    assert site.take_back(name) == "true"
    item = site.becomes(name, "UPDATE_FAILED", "deleted")
    site.relay.hold["AcceptVpcPeeringConnection"] = 0.15
    assert item["statusMessage"]


def scans_fail(site):
    """An overlay: shown while scans fail, never stored."""
    name, _ = site.ask(next(blocks))
    yield name, REQUESTER
    site.becomes(name, "NONE", "pending-acceptance")
    site.cloud.manage("faults", {"kind": "outage", "action": "DescribeVpcPeeringConnections"})
    assert "Unavailable" in site.becomes(name, "SCAN_FAILED", "pending-acceptance")["statusMessage"]
    site.cloud.manage("faults", method="DELETE")
    site.becomes(name, "NONE", "pending-acceptance")


FAILED_ACCEPT = ["NONE", "REQUEST_ACCEPT", "UPDATE_FAILED"]
LIVES = {  # name: (localStatus, cloudStatus), each without repeats
    accepted_and_deleted: (ACCEPTED + ["REQUEST_DELETE", "DELETE_REQUESTED"],
                           ["pending-acceptance", "provisioning", "active", "deleting", "deleted"]),
    rejected: (["NONE", "REQUEST_REJECT", "REJECT_REQUESTED"], ["pending-acceptance", "rejected"]),
    offered_late: (["NONE", "REQUEST_REJECT", "REJECT_REQUESTED"],
                   ["initiating-request", "pending-acceptance", "rejected"]),
    failed_in_aws: (["NONE"], ["initiating-request", "failed"]),
    expired: (["NONE"], ["pending-acceptance", "expired"]),
    refused_and_asked_again: (
        FAILED_ACCEPT + ACCEPTED[1:] + ["REQUEST_DELETE", "UPDATE_FAILED", "REQUEST_DELETE", "DELETE_REQUESTED"],
        ["pending-acceptance", "provisioning", "active", "deleted"]),
    taken_back_meanwhile: (FAILED_ACCEPT, ["pending-acceptance", "deleted"]),
    scans_fail: (["NONE", "SCAN_FAILED", "NONE"], ["pending-acceptance"]),
}


@pytest.mark.parametrize("life", LIVES, ids=lambda f: f.__name__)
def test_a_life(site, life):
    steps = life(site)
    name, requester = next(steps)
    with site.timeline(name, life.__name__, requester) as line:
        wait_until(lambda: line.seen, f"{name} in the list")
        for _ in steps:
            raise AssertionError("a life yields once")
    assert (line.local(), line.cloud()) == LIVES[life]
    stored = [s for s in LIVES[life][0] if s != "SCAN_FAILED"]
    assert walk(site.history(name)) == lifecycle.without_repeats(stored)


def test_the_lives_show_every_status():
    """All ten of the published document, all nine of AWS."""
    assert {s for states, _ in LIVES.values() for s in states} == {
        "NONE", "SCAN_FAILED", "UPDATE_FAILED", "REQUEST_ACCEPT", "ACCEPT_REQUESTED", "REQUEST_REJECT",
        "REJECT_REQUESTED", "REQUEST_DELETE", "DELETE_REQUESTED", "ACTIVE"}
    assert {c for _, clouds in LIVES.values() for c in clouds} == {
        "initiating-request", "pending-acceptance", "provisioning", "active", "deleting", "deleted", "rejected",
        "expired", "failed"}
