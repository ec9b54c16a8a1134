# SPDX-License-Identifier: Apache-2.0
"""The whole life of a peering by the clients that people have, on two clouds: the simulator and moto with its
signature and policy checks on. Requests are made by the aws command and boto3; curl, the `atlas` command's requests
and the Atlas Go SDK accept, reject and delete. Every status on the way is printed with its time (`pytest -s`).

The relay holds each write back for a moment, so that no status is too short to be seen. Must never: reach another host
than 127.0.0.1.
"""

import itertools
import json

import pytest

import lifecycle
from harness import wait_until
from lifecycle import ELSEWHERE, REGION, REQUESTER, walk

pytestmark = pytest.mark.needs_pypi("boto3", "awscli", "moto", "flask")

HOLD = {a + "VpcPeeringConnection": 0.15 for a in ("Accept", "Reject", "Delete")}
blocks = (f"10.{n}.0.0/16" for n in itertools.count(2))  # each test's own


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    with lifecycle.SimCloud(folder, provisioningSeconds=1, deletingSeconds=2) as cloud:
        with lifecycle.Site(cloud, folder) as site:
            site.relay.hold.update(HOLD)
            yield site


@pytest.fixture(scope="module")
def on_moto(moto, tmp_path_factory):
    with lifecycle.MotoCloud(moto) as cloud:
        with lifecycle.Site(cloud, tmp_path_factory.mktemp("moto")) as site:
            site.relay.hold.update(HOLD)
            yield site


@pytest.fixture(params=["ec2sim", "moto"])
def site(request):
    return request.getfixturevalue({"ec2sim": "simulated", "moto": "on_moto"}[request.param])


CALLERS = ["curl-digest", "curl-bearer", "atlas-digest", "atlas-oauth", "sdk-digest", "sdk-oauth"]


@pytest.fixture(params=CALLERS)
def caller(request, site):
    """(title, client): its program is built when it is first asked for; without Go, or without the SDK, that skips."""
    program, kind = request.param.split("-")
    if program == "curl":
        return request.param, lifecycle.Curl(site, kind)
    if program == "atlas":
        return request.param, lifecycle.Atlas(site, request.getfixturevalue("wire"), kind)
    return request.param, lifecycle.Sdk(site, request.getfixturevalue("sdk"), kind)


def asker(site, title):
    """The aws command for callers with API keys, boto3 for the others; these ask from another Region of the simulator,
    where a peering that is deleted is `deleting` first. moto has one Region in common for both sides only."""
    if title.endswith("digest"):
        return lifecycle.AwsCommand(site), REGION
    region = ELSEWHERE if site.cloud.kind == "ec2sim" else REGION
    return lifecycle.Boto(site, region), region


def arrives(site, requester, block):
    name, vpc = requester.request(block)
    site.becomes(name, "NONE", "pending-acceptance")
    return name, vpc


def wrong(field):
    """The bytes of the refusal: they name the field and never the value that would have been right."""
    return ('{"badRequestDetail":{"fields":[{"description":"does not match the requester of this connection","field":"'
            f'{field}"' '}]},"detail":"Invalid attribute ' f"{field}" ' specified.","error":400,"errorCode":'
            '"INVALID_ATTRIBUTE","parameters":["' f'{field}"' '],"reason":"Bad Request"}')


def refused(answer, allowed):
    status, body = answer
    said = json.loads(body)
    assert (status, said["errorCode"]) == (409, "PEER_INVALID_STATE") and allowed in said["detail"], body
    return True


def test_request_accept_active_delete_gone(site, caller):
    title, client = caller
    requester, region = asker(site, title)
    block = next(blocks)
    name, vpc = requester.request(block)
    with site.timeline(name, f"{title} accepts and deletes what {requester.kind} asked for, {site.cloud.kind}") as line:
        before = site.becomes(name, "NONE", "pending-acceptance")
        assert name in client.names() and name not in site.active()
        assert client.accept(name, "999999999999", vpc) == (400, wrong("requesterAccountId"))
        assert client.accept(name, REQUESTER, "vpc-00000000000000000") == (400, wrong("requesterVpcId"))
        assert client.accept(name, "", "") == (400, wrong("requesterAccountId"))
        assert site.find(name) == before and requester.status(name) == "pending-acceptance"

        accepted = site.relay.count("AcceptVpcPeeringConnection")
        assert client.accept(name, REQUESTER, vpc) == (202, "{}")
        site.becomes(name, "ACTIVE", "active")
        wait_until(lambda: site.routes().get(block) == (name, "active"), "the route")
        assert requester.status(name) == "active" and name in site.active()
        assert client.accept(name, REQUESTER, vpc) == (202, "{}")  # again: it is so
        assert refused(client.reject(name), "it can be deleted")

        assert client.delete(name) == (202, "{}")
        site.becomes(name, "DELETE_REQUESTED", "deleted")
        wait_until(lambda: block not in site.routes(), "the route's end")
        assert requester.status(name) in ("deleted", None) and name not in site.active()
        assert client.delete(name) == (202, "{}")  # again: it is gone
    assert site.relay.count("AcceptVpcPeeringConnection") == accepted + 1
    steps = ["NONE", "REQUEST_ACCEPT", "ACCEPT_REQUESTED", "ACTIVE", "REQUEST_DELETE", "DELETE_REQUESTED"]
    assert walk(site.history(name)) == steps
    if site.cloud.kind == "moto":  # it answers Accept with an active peering: both steps are one commit
        steps.remove("ACCEPT_REQUESTED")
    assert line.local() == steps
    seen = {"moto": ["pending-acceptance", "active", "deleted"],
            "ec2sim": ["pending-acceptance", "provisioning", "active", *(["deleting"] if region != REGION else []),
                       "deleted"]}
    assert line.cloud() == seen[site.cloud.kind]


def test_request_reject(site, caller):
    title, client = caller
    requester, _ = asker(site, title)
    name, vpc = requester.request(next(blocks))
    with site.timeline(name, f"{title} rejects what {requester.kind} asked for, {site.cloud.kind}") as line:
        site.becomes(name, "NONE", "pending-acceptance")
        rejected = site.relay.count("RejectVpcPeeringConnection")
        assert client.reject(name) == (202, "{}")
        site.becomes(name, "REJECT_REQUESTED", "rejected")
        assert requester.status(name) == "rejected"
        assert client.reject(name) == (202, "{}")  # again: it is so
        assert refused(client.accept(name, REQUESTER, vpc), "the requester can make a new request")
        assert client.delete(name) == (202, "{}")  # nothing is left to delete
    assert site.relay.count("RejectVpcPeeringConnection") == rejected + 1
    steps = ["NONE", "REQUEST_REJECT", "REJECT_REQUESTED"]
    assert line.local() == steps and walk(site.history(name)) == steps
    assert line.cloud() == ["pending-acceptance", "rejected"]


def test_a_request_expires(simulated, wire):
    site = simulated
    requester, client = lifecycle.AwsCommand(site), lifecycle.Atlas(site, wire, "digest")
    name, vpc = arrives(site, requester, next(blocks))
    with site.timeline(name, "nobody answers for seven days, ec2sim") as line:
        wait_until(lambda: line.seen, "the first look")
        site.cloud.manage("clock", {"advanceSeconds": 7 * 86400})
        site.becomes(name, "NONE", "expired")
        assert requester.status(name) == "expired"
        assert refused(client.accept(name, REQUESTER, vpc), "it has expired")
        assert refused(client.reject(name), "it has expired")
        assert client.delete(name) == (202, "{}")
    assert line.local() == ["NONE"] and line.cloud() == ["pending-acceptance", "expired"]
    assert walk(site.history(name)) == ["NONE"]


def test_the_requester_deletes_what_is_active(site):
    """Changes made on the other side are followed: the route goes too."""
    requester, client = lifecycle.Boto(site), lifecycle.Curl(site, "bearer")
    block = next(blocks)
    name, vpc = arrives(site, requester, block)
    with site.timeline(name, f"the requester deletes what curl accepted, {site.cloud.kind}") as line:
        assert client.accept(name, REQUESTER, vpc) == (202, "{}")
        site.becomes(name, "ACTIVE", "active")
        wait_until(lambda: block in site.routes(), "the route")
        requester.delete(name)
        site.becomes(name, "NONE", "deleted")
        wait_until(lambda: block not in site.routes(), "the route's end")
        assert client.delete(name) == (202, "{}")
    assert line.local()[-2:] == ["ACTIVE", "NONE"]
    assert walk(site.history(name)) == ["NONE", "REQUEST_ACCEPT", "ACCEPT_REQUESTED", "ACTIVE", "NONE"]


@pytest.mark.needs_go
def test_the_sdk_lists_what_it_did(simulated, sdk):
    site, client = simulated, lifecycle.Sdk(simulated, sdk, "digest")
    name, _ = arrives(site, lifecycle.Boto(site), next(blocks))
    assert client.reject(name) == (202, "{}")
    site.becomes(name, "REJECT_REQUESTED", "rejected")
    types = client.events(name)
    assert types[-1] == "PEERAGE_CONNECTION_DISCOVERED"
    order = [t for t in types if "REJECT" in t]
    assert order == ["PEERAGE_CONNECTION_REJECTED", "PEERAGE_CONNECTION_REJECT_REQUESTED"]
