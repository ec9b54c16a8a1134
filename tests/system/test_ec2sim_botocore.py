# SPDX-License-Identifier: Apache-2.0
"""The EC2 simulator driven by AWS' own clients: boto3 and the aws command, signatures and all.

Every reply that botocore parses is compared, leaf by leaf, with the XML that came: nothing may get lost on the way.
The simulator is $EC2SIM_BIN, else build/tests/support/ec2sim_main. Must never: talk to another host than 127.0.0.1.
"""

import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import urllib.parse
import xml.etree.ElementTree

import pytest

import harness

boto3 = pytest.importorskip("boto3")
from botocore import UNSIGNED  # noqa: E402  (after importorskip)
from botocore.config import Config  # noqa: E402
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError  # noqa: E402
from botocore.parsers import ResponseParserError  # noqa: E402

A, B = "111111111111", "222222222222"
HERE, THERE = "us-east-1", "eu-west-1"
TOKEN = "management-token"
SECRETS = {A: "secret/of+A=0123456789abcdefghijklmnopqr", B: "secret-of-B"}
# Actions whose <return> EC2 sends and the API model drops.
NO_OUTPUT = {"CreateTags", "DeleteRoute", "DeleteRouteTable", "DeleteTags", "DeleteVpc", "ReplaceRoute"}


@pytest.fixture(scope="session", autouse=True)
def built_binary():
    """Instead of conftest's: these tests need the simulator only."""
    if not pathlib.Path(sim_binary()).exists():
        pytest.skip(f"{sim_binary()} is missing: run `make build`")


def sim_binary():
    beside = pathlib.Path(harness.binary()).resolve().parent
    return os.environ.get("EC2SIM_BIN") or str(beside / "tests" / "support" / "ec2sim_main")


def key_of(account):
    return f"AKIA{account}TEST"


class Sim:
    """One running simulator with two accounts."""

    def __init__(self, log, *flags):
        self.log = pathlib.Path(log)
        keys = [f for acct in (A, B) for f in ("--key", f"{acct}:{key_of(acct)}:{SECRETS[acct]}")]
        self.parsed = []  # (operation, leaves in the XML, leaves parsed)
        self.err = open(self.log, "ab")
        self.process = subprocess.Popen([sim_binary(), "--token", TOKEN, *keys, *flags], stdout=subprocess.PIPE,
                                        stderr=self.err, text=True, env=harness.clean_environment())
        line = self.process.stdout.readline()
        assert line.startswith("listening http://127.0.0.1:"), self.log.read_text()
        self.url = line.split()[1]

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(timeout=harness.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()  # a simulator that does not stop fails the test, and does not outlive it
            code = self.process.wait()
        self.process.stdout.close()
        self.err.close()
        text = self.log.read_text()
        assert not harness.FORBIDDEN.search(text), text
        assert code == (0 if sig == signal.SIGTERM else -sig), text

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        for operation, sent, got in self.parsed:
            assert sent == got, f"{operation}: XML leaves and parsed leaves differ: {sent} {got}"

    def client(self, service, account=A, region=HERE, secret=None, **config):
        config.setdefault("retries", {"total_max_attempts": 1})
        c = boto3.client(service, endpoint_url=self.url, region_name=region, aws_access_key_id=key_of(account),
                         aws_secret_access_key=secret or SECRETS[account], config=Config(**config))
        return self.watch(c)

    def session_client(self, service, credentials, region=HERE):
        return self.watch(boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials["SessionToken"]))

    def watch(self, client):
        client.meta.events.register("after-call.*.*", self.compare)
        return client

    def compare(self, http_response, parsed, model, **_):
        if http_response.status_code == 200 and model.name not in NO_OUTPUT:
            self.parsed.append((model.name, xml_leaves(http_response.content), parsed_leaves(parsed)))

    def manage(self, method, path, body=None, token=TOKEN):
        u = urllib.parse.urlsplit(self.url)
        c = http.client.HTTPConnection(u.hostname, u.port, timeout=30)
        try:
            c.request(method, path, json.dumps(body) if body is not None else None,
                      {"X-Ec2sim-Token": token} if token else {})
            r = c.getresponse()
            return r.status, json.loads(r.read() or b"{}")
        finally:
            c.close()

    def post(self, path, **body):
        status, answer = self.manage("POST", path, body)
        assert status == 200, answer
        return answer

    def calls(self, action):
        return self.manage("GET", "/_ec2sim/state")[1]["calls"].get(action, 0)


def second(when):
    """Times are compared to the second: STS writes whole seconds, EC2 milliseconds."""
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def xml_leaves(content):
    """Texts of all elements that hold text, sorted. An empty element is an empty list and holds nothing."""
    out = []
    for e in xml.etree.ElementTree.fromstring(content).iter():
        if len(e) or not (e.text and e.text.strip()):
            continue
        is_time = e.tag.rpartition("}")[2] in ("expirationTime", "Expiration")
        out.append(second(datetime.datetime.fromisoformat(e.text.replace("Z", "+00:00"))) if is_time else e.text)
    return sorted(out)


def parsed_leaves(value):
    """The same of what botocore made of it. The request id is of the XML, the other metadata are HTTP's."""
    if isinstance(value, dict):
        meta = [value["ResponseMetadata"]["RequestId"]] if "ResponseMetadata" in value else []
        return sorted(meta + [t for k, v in value.items() if k != "ResponseMetadata" for t in parsed_leaves(v)])
    if isinstance(value, list):
        return sorted(t for v in value for t in parsed_leaves(v))
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [second(value) if isinstance(value, datetime.datetime) else str(value)] if value != "" else []


@pytest.fixture
def sim(tmp_path):
    with Sim(tmp_path / "log") as s:
        yield s


def refused(call, code, status=400, **arguments):
    with pytest.raises(ClientError) as e:
        call(**arguments)
    assert e.value.response["Error"]["Code"] == code
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    return e.value.response["Error"]["Message"]


def two_vpcs(sim, region_b=HERE):
    a = sim.client("ec2", A).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    b = sim.client("ec2", B, region_b).create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    return a, b


def request_peering(sim, **more):
    a, b = two_vpcs(sim)
    r = sim.client("ec2", A).create_vpc_peering_connection(VpcId=a, PeerVpcId=b, PeerOwnerId=B, **more)
    return r["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def one(client, pcx):
    return client.describe_vpc_peering_connections(VpcPeeringConnectionIds=[pcx])["VpcPeeringConnections"][0]


def status(client, pcx):
    return one(client, pcx)["Status"]["Code"]


# ---- the life of a request


def test_request_accept_active_delete(sim):
    ec2_a, ec2_b = sim.client("ec2", A), sim.client("ec2", B)
    pcx = request_peering(sim, TagSpecifications=[
        {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Name", "Value": "<a & b>"}]}])
    found = ec2_b.describe_vpc_peering_connections(Filters=[
        {"Name": "accepter-vpc-info.owner-id", "Values": [B]},
        {"Name": "status-code", "Values": ["active", "pending-*"]}])["VpcPeeringConnections"]
    assert [p["VpcPeeringConnectionId"] for p in found] == [pcx]
    p = found[0]
    assert p["Status"] == {"Code": "pending-acceptance", "Message": f"Pending Acceptance by {B}"}
    assert "CidrBlock" not in p["AccepterVpcInfo"] and "PeeringOptions" not in p["AccepterVpcInfo"]
    assert p["RequesterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.1.0.0/16"}]
    assert p["Tags"] == []  # the requester's tag is the requester's
    assert one(ec2_a, pcx)["Tags"] == [{"Key": "Name", "Value": "<a & b>"}]
    left = p["ExpirationTime"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=6, hours=23) < left <= datetime.timedelta(days=7)

    accepted = ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)["VpcPeeringConnection"]
    assert accepted["Status"]["Code"] == "provisioning" and "ExpirationTime" not in accepted
    sim.post("/_ec2sim/clock", advanceSeconds=10)
    active = one(ec2_a, pcx)
    assert active["Status"]["Code"] == "active"
    assert active["AccepterVpcInfo"]["CidrBlock"] == "10.2.0.0/16"
    refused(ec2_b.accept_vpc_peering_connection, "InvalidStateTransition", VpcPeeringConnectionId=pcx)

    assert ec2_a.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)["Return"] is True
    gone = one(ec2_b, pcx)
    assert gone["Status"] == {"Code": "deleted", "Message": f"Deleted by {A}"}
    assert "CidrBlock" not in gone["RequesterVpcInfo"]
    sim.post("/_ec2sim/clock", advanceSeconds=2 * 3600)
    refused(ec2_a.describe_vpc_peering_connections, "InvalidVpcPeeringConnectionID.NotFound",
            VpcPeeringConnectionIds=[pcx])
    assert status(ec2_b, pcx) == "deleted"


def test_reject_and_its_errors(sim):
    ec2_a, ec2_b = sim.client("ec2", A), sim.client("ec2", B)
    pcx = request_peering(sim)
    message = refused(ec2_a.accept_vpc_peering_connection, "OperationNotPermitted", VpcPeeringConnectionId=pcx)
    assert message == f"User {A} cannot accept peering {pcx}"
    assert ec2_b.reject_vpc_peering_connection(VpcPeeringConnectionId=pcx)["Return"] is True
    assert status(ec2_a, pcx) == "rejected"
    message = refused(ec2_b.delete_vpc_peering_connection, "InvalidStateTransition", VpcPeeringConnectionId=pcx)
    assert message == f"Invalid state transition for {pcx}, attempted to transition from rejected to deleting"
    refused(ec2_b.reject_vpc_peering_connection, "InvalidVpcPeeringConnectionId.Malformed",
            VpcPeeringConnectionId="5d3ebcb5f2a30b26db9f7d31")


def test_dry_run_has_no_effect(sim):
    ec2_b = sim.client("ec2", B)
    pcx = request_peering(sim)
    message = refused(ec2_b.accept_vpc_peering_connection, "DryRunOperation", 412, VpcPeeringConnectionId=pcx,
                      DryRun=True)
    assert message == "Request would have succeeded, but DryRun flag is set."
    assert status(ec2_b, pcx) == "pending-acceptance"
    refused(ec2_b.accept_vpc_peering_connection, "InvalidVpcPeeringConnectionID.NotFound",
            VpcPeeringConnectionId="pcx-0123456789abcdef0", DryRun=True)
    refused(ec2_b.describe_vpcs, "DryRunOperation", 412, DryRun=True)


def test_cross_region_and_options(sim):
    a, b = two_vpcs(sim, THERE)
    ec2_a, ec2_b = sim.client("ec2", A), sim.client("ec2", B, THERE)
    pcx = ec2_a.create_vpc_peering_connection(VpcId=a, PeerVpcId=b, PeerOwnerId=B,
                                              PeerRegion=THERE)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    message = refused(sim.client("ec2", B).accept_vpc_peering_connection, "OperationNotPermitted",
                      VpcPeeringConnectionId=pcx)
    assert message.startswith(f"Incorrect region ({HERE})") and message.endswith(f"region {THERE}")
    ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    sim.post("/_ec2sim/clock", advanceSeconds=10)
    got = ec2_b.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=pcx, AccepterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True})
    assert got["AccepterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert "RequesterPeeringConnectionOptions" not in got
    message = refused(ec2_b.modify_vpc_peering_connection_options, "OperationNotPermitted", VpcPeeringConnectionId=pcx,
                      RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True})
    assert message == f"User {B} does not have permission to modify the requester side peering options"
    ec2_a.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True})
    for client in (ec2_a, ec2_b):
        p = one(client, pcx)
        assert p["AccepterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
        assert p["RequesterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    ec2_b.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    assert status(ec2_a, pcx) == "deleting" and "Message" not in one(ec2_a, pcx)["Status"]


def test_waiters(sim):
    ec2_b = sim.client("ec2", B)
    sim.post("/_ec2sim/settings", visibilitySeconds=2)
    pcx = request_peering(sim)
    refused(ec2_b.describe_vpc_peering_connections, "InvalidVpcPeeringConnectionID.NotFound",
            VpcPeeringConnectionIds=[pcx])
    ec2_b.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[pcx],
                                                            WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert status(ec2_b, pcx) == "pending-acceptance"
    sim.client("ec2", A).delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    ec2_b.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[pcx],
                                                             WaiterConfig={"Delay": 1, "MaxAttempts": 5})


def test_vpcs_and_tags(sim):
    ec2 = sim.client("ec2", B)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/20", AmazonProvidedIpv6CidrBlock=True, TagSpecifications=[
        {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "shared"}]}])["Vpc"]
    assert vpc["State"] == "pending" and len(vpc["Ipv6CidrBlockAssociationSet"]) == 1
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc["VpcId"]], WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    added = ec2.associate_vpc_cidr_block(VpcId=vpc["VpcId"], CidrBlock="10.77.0.0/24")
    assert added["CidrBlockAssociation"]["CidrBlock"] == "10.77.0.0/24"
    seen = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["shar*"]}])["Vpcs"]
    assert [len(v["CidrBlockAssociationSet"]) for v in seen] == [2]
    ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "team", "Value": ""}, {"Key": "ü&", "Value": "\u00e9 <x>"}])
    tags = {t["Key"]: t.get("Value", "") for t in ec2.describe_tags()["Tags"]}
    assert tags == {"Name": "shared", "team": "", "ü&": "\u00e9 <x>"}
    ec2.delete_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "team"}])
    assert len(ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["vpc"]}])["Tags"]) == 2
    assert len(ec2.describe_regions(RegionNames=[HERE, THERE])["Regions"]) == 2
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    refused(ec2.describe_vpcs, "InvalidVpcID.NotFound", VpcIds=[vpc["VpcId"]])


# ---- routes


def main_table(client, vpc):
    tables = client.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]},
                                                   {"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    assert len(tables) == 1
    return tables[0]["RouteTableId"]


def routes(client, table):
    """Destination -> (target, state)."""
    found = client.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return {r.get("DestinationCidrBlock") or r["DestinationIpv6CidrBlock"]:
            (r.get("GatewayId") or r["VpcPeeringConnectionId"], r["State"]) for r in found}


def test_a_route_lives_with_its_peering(sim):
    ec2_a, ec2_b = sim.client("ec2", A), sim.client("ec2", B)
    pcx = request_peering(sim)
    vpc = one(ec2_b, pcx)["AccepterVpcInfo"]["VpcId"]
    rtb = main_table(ec2_b, vpc)
    assert routes(ec2_b, rtb) == {"10.2.0.0/16": ("local", "active")}
    assert ec2_b.create_route(RouteTableId=rtb, DestinationCidrBlock="10.1.0.0/16",
                              VpcPeeringConnectionId=pcx)["Return"] is True
    assert routes(ec2_b, rtb)["10.1.0.0/16"] == (pcx, "blackhole")
    ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    sim.post("/_ec2sim/clock", advanceSeconds=10)
    assert routes(ec2_b, rtb)["10.1.0.0/16"] == (pcx, "active")
    found = ec2_b.describe_route_tables(Filters=[{"Name": "route.vpc-peering-connection-id", "Values": [pcx]}])
    assert [t["RouteTableId"] for t in found["RouteTables"]] == [rtb]
    ec2_a.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    assert routes(ec2_b, rtb)["10.1.0.0/16"] == (pcx, "blackhole")
    ec2_b.delete_route(RouteTableId=rtb, DestinationCidrBlock="10.1.0.0/16")
    assert routes(ec2_b, rtb) == {"10.2.0.0/16": ("local", "active")}


def test_route_errors(sim):
    ec2_b = sim.client("ec2", B)
    pcx = request_peering(sim)
    rtb = main_table(ec2_b, one(ec2_b, pcx)["AccepterVpcInfo"]["VpcId"])
    route = {"RouteTableId": rtb, "DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": pcx}
    refused(ec2_b.create_route, "DryRunOperation", 412, DryRun=True, **route)
    refused(ec2_b.replace_route, "InvalidParameterValue", **route)
    refused(ec2_b.delete_route, "InvalidRoute.NotFound", RouteTableId=rtb, DestinationCidrBlock="10.1.0.0/16")
    refused(ec2_b.delete_route, "InvalidParameterValue", RouteTableId=rtb, DestinationCidrBlock="10.2.0.0/16")
    refused(ec2_b.create_route, "InvalidParameterValue", **{**route, "DestinationCidrBlock": "10.2.9.0/24"})
    refused(ec2_b.create_route, "InvalidRouteTableID.NotFound", **{**route, "RouteTableId": "rtb-0123456789abcdef0"})
    refused(ec2_b.create_route, "InvalidVpcPeeringConnectionID.NotFound",
            **{**route, "VpcPeeringConnectionId": "pcx-0123456789abcdef0"})
    refused(sim.client("ec2", A).create_route, "InvalidRouteTableID.NotFound", **route)
    ec2_b.create_route(**route)
    assert refused(ec2_b.create_route, "RouteAlreadyExists", **route) == \
        "The route identified by 10.1.0.0/16 already exists."
    ec2_b.replace_route(**route)
    sim.post("/_ec2sim/settings", routeQuota=1)
    refused(ec2_b.create_route, "RouteLimitExceeded", **{**route, "DestinationCidrBlock": "10.5.0.0/16"})
    refused(ec2_b.delete_route_table, "DependencyViolation", RouteTableId=rtb)


def test_route_tables_pages_and_tags(sim):
    ec2 = sim.client("ec2", B)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/20", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    made = [ec2.create_route_table(VpcId=vpc, ClientToken="t", TagSpecifications=[
        {"ResourceType": "route-table", "Tags": [{"Key": "n", "Value": str(i)}]}]) for i in range(11)]
    assert made[0]["ClientToken"] == "t" and len(made[0]["RouteTable"]["Routes"]) == 2
    pages = list(ec2.get_paginator("describe_route_tables").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(p["RouteTables"]) for p in pages] == [5, 5, 2]
    assert len({t["RouteTableId"] for p in pages for t in p["RouteTables"]}) == 12
    found = ec2.describe_route_tables(Filters=[{"Name": "tag:n", "Values": ["7"]}])["RouteTables"]
    assert [t["RouteTableId"] for t in found] == [made[7]["RouteTable"]["RouteTableId"]]
    ec2.create_tags(Resources=[vpc, found[0]["RouteTableId"]], Tags=[{"Key": "both", "Value": "x"}])
    assert {t["ResourceType"] for t in ec2.describe_tags(Filters=[{"Name": "key", "Values": ["both"]}])["Tags"]} == \
        {"vpc", "route-table"}
    refused(ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
    for m in made:
        ec2.delete_route_table(RouteTableId=m["RouteTable"]["RouteTableId"])
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_route_tables()["RouteTables"] == []


def test_1205_pages(sim):
    _, b = two_vpcs(sim)
    made = sim.post("/_ec2sim/bulk", peerings=1205, requesterAccountId=A, requesterRegion=HERE, accepterAccountId=B,
                    accepterRegion=HERE, accepterVpcId=b)
    assert made["created"] == 1205
    ec2 = sim.client("ec2", B)
    pages = list(ec2.get_paginator("describe_vpc_peering_connections").paginate(
        Filters=[{"Name": "accepter-vpc-info.owner-id", "Values": [B]}], PaginationConfig={"PageSize": 500}))
    assert [len(p["VpcPeeringConnections"]) for p in pages] == [500, 500, 205]
    assert len({c["VpcPeeringConnectionId"] for p in pages for c in p["VpcPeeringConnections"]}) == 1205
    assert "NextToken" not in pages[-1]
    refused(ec2.describe_vpc_peering_connections, "InvalidParameterValue", MaxResults=5000)
    refused(ec2.describe_vpc_peering_connections, "InvalidPaginationToken", NextToken="nonsense")
    first = pages[0]["VpcPeeringConnections"][0]["VpcPeeringConnectionId"]
    refused(ec2.describe_vpc_peering_connections, "InvalidParameterCombination", MaxResults=5,
            VpcPeeringConnectionIds=[first])
    refused(ec2.describe_vpc_peering_connections, "InvalidParameterValue",
            Filters=[{"Name": "colour", "Values": ["red"]}])


# ---- who may


def test_identities(sim):
    me = sim.client("sts", A).get_caller_identity()
    assert (me["Account"], me["Arn"]) == (A, f"arn:aws:iam::{A}:user/ec2sim")
    wrong = {"secret": "not-the-secret"}
    refused(sim.client("ec2", A, **wrong).describe_vpcs, "SignatureDoesNotMatch", 403)
    refused(sim.client("sts", A, **wrong).get_caller_identity, "SignatureDoesNotMatch", 403)
    refused(sim.client("ec2", "999999999999", secret="not-the-secret").describe_vpcs, "AuthFailure", 401)
    refused(sim.client("sts", "999999999999", secret="not-the-secret").get_caller_identity, "InvalidClientTokenId",
            403)


def test_assume_role(sim):
    role = f"arn:aws:iam::{B}:role/peering/Accepter"
    sim.post("/_ec2sim/roles", roleArn=role, externalId="org-1234")
    sts = sim.client("sts", A)
    refused(sts.assume_role, "AccessDenied", 403, RoleArn=role, RoleSessionName="op")
    refused(sts.assume_role, "AccessDenied", 403, RoleArn=role, RoleSessionName="op", ExternalId="org-1235")
    refused(sts.assume_role, "ValidationError", RoleArn=role, RoleSessionName="op", ExternalId="org-1234",
            DurationSeconds=7200)
    got = sts.assume_role(RoleArn=role, RoleSessionName="op@host", ExternalId="org-1234", DurationSeconds=900)
    left = got["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=870) < left <= datetime.timedelta(seconds=900)
    arn = f"arn:aws:sts::{B}:assumed-role/Accepter/op@host"
    assert sim.session_client("sts", got["Credentials"]).get_caller_identity()["Arn"] == arn
    pcx = request_peering(sim)
    ec2 = sim.session_client("ec2", got["Credentials"])
    assert ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)["VpcPeeringConnection"]["Status"]["Code"] \
        == "provisioning"
    stolen = dict(got["Credentials"], SessionToken="other")
    refused(sim.session_client("ec2", stolen).describe_vpcs, "AuthFailure", 401)
    open_role = sts.assume_role(RoleArn=f"arn:aws:iam::{B}:role/Any", RoleSessionName="op")  # simulator is open
    chained = sim.session_client("sts", open_role["Credentials"])
    refused(chained.assume_role, "ValidationError", RoleArn=f"arn:aws:iam::{A}:role/Any", RoleSessionName="op",
            DurationSeconds=3601)


def test_web_identity(tmp_path):
    with Sim(tmp_path / "log", "--web-identity", "--closed-roles") as sim:
        role = f"arn:aws:iam::{B}:role/Web"
        sts = sim.client("sts", A, signature_version=UNSIGNED)
        refused(sts.assume_role_with_web_identity, "AccessDenied", 403, RoleArn=role, RoleSessionName="op",
                WebIdentityToken="aaaa.bbbb.cccc")
        sim.post("/_ec2sim/roles", roleArn=role)
        got = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="op", WebIdentityToken="aaaa.bbbb.cccc")
        assert sim.session_client("sts", got["Credentials"]).get_caller_identity()["Account"] == B


def test_simulated_time_never_moves_signatures(sim):
    pcx = request_peering(sim)
    sim.post("/_ec2sim/clock", advanceSeconds=7 * 86400)
    assert status(sim.client("ec2", B), pcx) == "expired"  # signed by the real clock, and taken
    sim.post("/_ec2sim/clock", advanceSeconds=2 * 86400)
    refused(sim.client("ec2", B).accept_vpc_peering_connection, "InvalidVpcPeeringConnectionID.NotFound",
            VpcPeeringConnectionId=pcx)
    assert sim.client("sts", A).assume_role(RoleArn=f"arn:aws:iam::{B}:role/X", RoleSessionName="op")[
        "Credentials"]["Expiration"] < datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)


# ---- what goes wrong


def test_throttling_is_retried_by_the_client(sim):
    sim.post("/_ec2sim/faults", kind="throttle", action="DescribeVpcs", times=2)
    ec2 = sim.client("ec2", A, retries={"total_max_attempts": 3, "mode": "standard"})
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert sim.calls("DescribeVpcs") == 3
    sim.post("/_ec2sim/faults", kind="throttle", action="DescribeVpcs")
    assert refused(sim.client("ec2", A).describe_vpcs, "RequestLimitExceeded", 503) == "Request limit exceeded."


def test_lost_replies(sim):
    ec2_b = sim.client("ec2", B)
    pcx = request_peering(sim)
    sim.post("/_ec2sim/faults", kind="lost-request", action="AcceptVpcPeeringConnection")
    with pytest.raises(HTTPClientError):
        ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    assert status(ec2_b, pcx) == "pending-acceptance"
    sim.post("/_ec2sim/faults", kind="lost-reply", action="AcceptVpcPeeringConnection")
    with pytest.raises(HTTPClientError):
        ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    assert status(ec2_b, pcx) in ("provisioning", "active")


def test_a_lost_route_is_there(sim):
    ec2_b = sim.client("ec2", B)
    pcx = request_peering(sim)
    rtb = main_table(ec2_b, one(ec2_b, pcx)["AccepterVpcInfo"]["VpcId"])
    for action, call, want in (("CreateRoute", ec2_b.create_route, True), ("DeleteRoute", ec2_b.delete_route, False)):
        sim.post("/_ec2sim/faults", kind="lost-reply", action=action)
        target = {"VpcPeeringConnectionId": pcx} if want else {}
        with pytest.raises(HTTPClientError):
            call(RouteTableId=rtb, DestinationCidrBlock="10.1.0.0/16", **target)
        assert ("10.1.0.0/16" in routes(ec2_b, rtb)) == want


def test_an_outage_ends_with_simulated_time(sim):
    ec2 = sim.client("ec2", B)
    sim.post("/_ec2sim/faults", kind="outage", seconds=3600)
    for _ in range(3):
        refused(ec2.describe_vpcs, "Unavailable", 503)
    sim.post("/_ec2sim/clock", advanceSeconds=3600)
    assert ec2.describe_vpcs()["Vpcs"] == []
    sim.post("/_ec2sim/faults", kind="unreachable", seconds=60)
    with pytest.raises(HTTPClientError):
        ec2.describe_vpcs()
    assert sim.manage("GET", "/_ec2sim/faults")[1]["faults"][-1]["endsAt"].endswith("Z")
    sim.post("/_ec2sim/clock", advanceSeconds=60)
    assert ec2.describe_vpcs()["Vpcs"] == []


def test_a_rate_per_action(sim):
    ec2 = sim.client("ec2", B)
    sim.post("/_ec2sim/faults", kind="rate", action="DescribeVpcs", perSecond=1, burst=2)
    ec2.describe_vpcs()
    ec2.describe_vpcs()
    refused(ec2.describe_vpcs, "RequestLimitExceeded", 503)
    ec2.describe_regions()  # another action
    sim.post("/_ec2sim/clock", advanceSeconds=1)
    ec2.describe_vpcs()


def test_a_stale_describe(sim):
    ec2_b = sim.client("ec2", B)
    pcx = request_peering(sim)
    sim.post("/_ec2sim/clock", advanceSeconds=60)
    ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    sim.post("/_ec2sim/clock", advanceSeconds=10)
    sim.post("/_ec2sim/faults", kind="stale", ageSeconds=30)
    assert status(ec2_b, pcx) == "pending-acceptance"
    assert status(ec2_b, pcx) == "active"


def test_broken_replies(sim):
    ec2 = sim.client("ec2", B)
    pcx = request_peering(sim)
    for kind, error in (("truncated", ResponseParserError), ("empty", ResponseParserError)):
        sim.post("/_ec2sim/faults", kind=kind, action="DescribeVpcPeeringConnections")
        with pytest.raises((error, BotoCoreError)):
            ec2.describe_vpc_peering_connections()
    sim.post("/_ec2sim/faults", kind="html", action="DescribeVpcPeeringConnections", status=504)
    with pytest.raises((ClientError, BotoCoreError)):
        ec2.describe_vpc_peering_connections()
    sim.post("/_ec2sim/faults", kind="error", code="UnauthorizedOperation", status=403,
             message="You are not authorized to perform this operation.", action="AcceptVpcPeeringConnection")
    refused(ec2.accept_vpc_peering_connection, "UnauthorizedOperation", 403, VpcPeeringConnectionId=pcx)
    sim.post("/_ec2sim/faults", kind="error-after", action="AcceptVpcPeeringConnection")
    refused(ec2.accept_vpc_peering_connection, "InternalError", 500, VpcPeeringConnectionId=pcx)
    assert status(ec2, pcx) in ("provisioning", "active")
    sim.post("/_ec2sim/faults", kind="foreign", action="DescribeVpcPeeringConnections")
    owners = {p["AccepterVpcInfo"]["OwnerId"] for p in ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]}
    assert owners == {B, "888888888888"}
    sim.post("/_ec2sim/faults", kind="huge", action="DescribeVpcPeeringConnections", bytes=3000000)
    assert len(ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]) == 1
    fired = sim.manage("GET", "/_ec2sim/faults")[1]["faults"]
    assert all(f["fired"] == 1 for f in fired) and len(fired) == 7
    assert sim.manage("DELETE", "/_ec2sim/faults")[0] == 200
    assert sim.manage("GET", "/_ec2sim/faults")[1]["faults"] == []


def test_a_slow_answer_blocks_nobody_else(sim):
    sim.post("/_ec2sim/faults", kind="slow", action="DescribeVpcs", ms=600000)
    slow = sim.client("ec2", A, read_timeout=1)
    with pytest.raises(ReadTimeoutError):
        slow.describe_vpcs()
    assert sim.client("ec2", A).describe_vpcs()["Vpcs"] == []  # and the stop below does not wait ten minutes


def test_token_buckets(sim):
    sim.post("/_ec2sim/settings", throttling=1)
    ec2 = sim.client("ec2", A)
    limited = 0
    for _ in range(400):
        try:
            ec2.describe_vpcs()
        except ClientError as e:
            assert e.response["Error"]["Code"] == "RequestLimitExceeded"
            limited += 1
    assert limited > 0
    assert sim.client("ec2", B).describe_vpcs()["Vpcs"] == []


# ---- management, state, wire


def test_the_examples_of_the_page_work(sim):
    page = (harness.ROOT / "docs/ec2sim.md").read_text(encoding="utf-8")
    script = next(b for b in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "/_ec2sim/" in b)
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, timeout=60, env=harness.clean_environment(
        {"AWS_ENDPOINT_URL_EC2": sim.url, "PEERAGE_EC2SIM_TOKEN": TOKEN, "PATH": os.environ["PATH"]}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"routeTables":1' in done.stdout.replace(" ", "")
    for path in re.findall(r"^\| `(?:GET|POST) (/_ec2sim/\w+)`", page, re.MULTILINE):
        assert sim.manage("PUT", path)[0] == 405, path  # it exists


def test_management_needs_its_token(sim, tmp_path):
    assert sim.manage("GET", "/_ec2sim/state", token=None)[0] == 401
    assert sim.manage("GET", "/_ec2sim/state", token="management-tokeN")[0] == 401
    assert sim.manage("GET", "/_ec2sim/nothing")[0] == 404
    assert sim.manage("PUT", "/_ec2sim/state")[0] == 405
    assert sim.manage("POST", "/_ec2sim/clock", {"advanceSeconds": -1})[0] == 400
    assert sim.manage("POST", "/_ec2sim/clock", {})[0] == 400
    assert sim.manage("POST", "/_ec2sim/settings", {"provisioningSeconds": 9, "colour": 1})[0] == 404
    state = sim.manage("GET", "/_ec2sim/state")[1]
    assert state["settings"]["provisioningSeconds"] == 2  # all or none
    assert SECRETS[A] not in json.dumps(state)
    assert sim.manage("POST", "/_ec2sim/accounts",
                      {"accountId": A, "accessKeyId": key_of(A), "secretAccessKey": "another-secret"})[0] == 409
    vpc = sim.post("/_ec2sim/vpcs", accountId=B, region=HERE, cidrBlocks=["10.4.0.0/16", "10.5.0.0/16"], name="x")
    assert len(sim.client("ec2", B).describe_vpcs(VpcIds=[vpc["vpcId"]])["Vpcs"][0]["CidrBlockAssociationSet"]) == 2


def test_kill_loses_nothing_that_was_answered(tmp_path):
    data = tmp_path / "data"
    sim = Sim(tmp_path / "log", "--data", str(data))
    pcx = request_peering(sim)
    role = sim.client("sts", A).assume_role(RoleArn=f"arn:aws:iam::{B}:role/X", RoleSessionName="op")["Credentials"]
    sim.client("ec2", B).accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    sim.stop(signal.SIGKILL)
    with Sim(tmp_path / "log", "--data", str(data)) as again:
        again.post("/_ec2sim/clock", advanceSeconds=60)
        assert status(again.session_client("ec2", role), pcx) == "active"


def test_many_clients_at_once(tmp_path):
    with Sim(tmp_path / "log", "--data", str(tmp_path / "data"), "--set", "outstandingQuota=1000") as sim:
        errors = []

        def work(n):
            try:
                ec2_a, ec2_b = sim.client("ec2", A), sim.client("ec2", B)
                for i in range(4):
                    a = ec2_a.create_vpc(CidrBlock=f"10.{n}.{i * 16}.0/20")["Vpc"]["VpcId"]
                    b = ec2_b.create_vpc(CidrBlock=f"10.{n + 100}.{i * 16}.0/20")["Vpc"]["VpcId"]
                    p = ec2_a.create_vpc_peering_connection(VpcId=a, PeerVpcId=b, PeerOwnerId=B)
                    pcx = p["VpcPeeringConnection"]["VpcPeeringConnectionId"]
                    ec2_b.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
            except Exception as e:  # noqa: BLE001  (told below)
                errors.append(e)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(timeout=120)
        assert not errors
        sim.post("/_ec2sim/clock", advanceSeconds=60)
        assert sim.manage("GET", "/_ec2sim/state")[1]["peerings"]["active"] == 32


def test_unsigned_and_odd_requests(sim):
    u = urllib.parse.urlsplit(sim.url)

    def raw(method, path, body=None):
        c = http.client.HTTPConnection(u.hostname, u.port, timeout=10)
        try:
            c.request(method, path, body)
            r = c.getresponse()
            return r.status, r.read().decode(), r.headers
        finally:
            c.close()

    code, text, _ = raw("POST", "/", "Action=DescribeVpcs&Version=2016-11-15")
    assert code == 403
    root = xml.etree.ElementTree.fromstring(text)
    assert [root.tag, root[0].tag, root[0][0].tag, root[1].tag] == ["Response", "Errors", "Error", "RequestID"]
    assert root[0][0][0].text == "MissingAuthenticationToken"
    code, text, _ = raw("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
    root = xml.etree.ElementTree.fromstring(text)
    assert code == 403 and root.tag.endswith("ErrorResponse") and root[0][0].text == "Sender"
    assert raw("GET", "/other")[0] == 404
    code, _, headers = raw("PUT", "/")
    assert code == 405 and headers["Allow"] == "GET, POST"
    assert raw("POST", "/", "%zz")[0] == 400


def test_the_reply_on_the_wire(sim):
    seen = {}
    ec2 = sim.client("ec2", A)
    ec2.meta.events.register("after-call.ec2.DescribeVpcs", lambda http_response, **_: seen.update(r=http_response))
    ec2.describe_vpcs()
    text = seen["r"].content.decode()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<DescribeVpcsResponse '
                           'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n<requestId>')
    assert seen["r"].headers["content-type"] == "text/xml;charset=UTF-8"
    assert seen["r"].headers["x-amzn-requestid"] in text


def test_the_aws_command(sim, tmp_path):
    aws = shutil.which("aws")
    if not aws:
        pytest.skip("the aws command is not installed")
    pcx = request_peering(sim)
    env = harness.clean_environment({"AWS_ACCESS_KEY_ID": key_of(B), "AWS_SECRET_ACCESS_KEY": SECRETS[B],
                                     "AWS_DEFAULT_REGION": HERE, "AWS_ENDPOINT_URL_EC2": sim.url,
                                     "AWS_ENDPOINT_URL_STS": sim.url, "HOME": str(tmp_path), "AWS_PAGER": ""})

    def run(*args, fails=False):
        done = subprocess.run([aws, *args, "--output", "json"], env=env, capture_output=True, text=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stderr
        return json.loads(done.stdout or "null"), done.stderr

    assert run("sts", "get-caller-identity")[0]["Account"] == B
    listed = run("ec2", "describe-vpc-peering-connections", "--filters", "Name=status-code,Values=pending-acceptance")
    assert [p["VpcPeeringConnectionId"] for p in listed[0]["VpcPeeringConnections"]] == [pcx]
    dry = run("ec2", "accept-vpc-peering-connection", "--vpc-peering-connection-id", pcx, "--dry-run", fails=True)
    assert "(DryRunOperation)" in dry[1]
    accepted = run("ec2", "accept-vpc-peering-connection", "--vpc-peering-connection-id", pcx)[0]
    assert accepted["VpcPeeringConnection"]["Status"]["Code"] == "provisioning"
