# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end, on an AWS that none of us wrote: moto with its signature and policy checks on.

Three accounts: one whose user Peerage runs as, the accepter's (a role there, assumed with the organisation's external
id), and the requester's, where boto3 asks for peerings. `peerage serve` finds them; curl, the libraries and requests
of the `atlas` command, and the Atlas Go SDK list them.
"""

import json
import time
import urllib.request

import pytest

import clients
import harness
from harness import V2023_02, V2024_11, Serve, run, wait_until

pytestmark = pytest.mark.needs_pypi("boto3", "moto", "flask")

HOME, ACCEPTER, REQUESTER = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCEPTER}:role/peerage"
USER = f"arn:aws:iam::{HOME}:user/peerage"


class World:
    """moto's accounts and one serving Peerage."""

    def __init__(self, moto, folder, **settings):
        self.moto = moto
        moto.reset()
        self.user = moto.user(HOME, "peerage", ["sts:AssumeRole"])
        requester = moto.user(REQUESTER, "network-team", ["ec2:*"])
        self.asker = clients.aws_client("ec2", moto.url, requester["AccessKeyId"], requester["SecretAccessKey"])
        self.owner = moto.admin("ec2", ACCEPTER)
        self.vpc = self.owner.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        self.serve = Serve(folder, {"ec2_endpoint": None, "scan_interval": "1", **settings}, env={
            "AWS_ACCESS_KEY_ID": self.user["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": self.user["SecretAccessKey"],
            "AWS_ENDPOINT_URL_EC2": moto.url, "AWS_ENDPOINT_URL_STS": moto.url})
        self.serve.secrets.add(self.user["SecretAccessKey"])
        self.external_id = self.command("org", "list")["results"][0]["externalId"]
        self.role("peerage", self.external_id)

    def command(self, *args):
        return json.loads(run(*args, "--config", self.serve.config, "--json", check=0).stdout)

    def role(self, name, external_id):
        """What `peerage aws-policy` prints is what the accepter's account gets."""
        trust = run("aws-policy", "--trust", USER, "--external-id", external_id, check=0).stdout
        allowed = run("aws-policy", "--mode", "observe", check=0).stdout
        iam = self.moto.admin("iam", ACCEPTER)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="observe", PolicyDocument=allowed)

    def __exit__(self, *exc):
        self.serve.__exit__(*exc)  # looks through the log

    def __enter__(self):
        self.moto.authorization(True)
        self.serve.start()
        self.network = self.command("network", "add", "--account", ACCEPTER, "--region", REGION, "--vpc", self.vpc,
                                    "--role-arn", ROLE)
        key = self.command("key", "create", "--role", "GROUP_READ_ONLY")
        account = self.command("service-account", "create", "reader", "--role", "GROUP_READ_ONLY")
        self.key = key["publicKey"], key["privateKey"]
        self.account = account["clientId"], account["secrets"][0]["secret"]
        self.serve.secrets |= {self.key[1], self.account[1]}
        self.group = self.serve.owner["projectId"]
        self.path = f"/api/atlas/v2/groups/{self.group}/streams/vpcPeeringConnections"
        return self

    def ask_for_peering(self, block="10.2.0.0/16"):
        mine = self.asker.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        made = self.asker.create_vpc_peering_connection(VpcId=mine, PeerVpcId=self.vpc, PeerOwnerId=ACCEPTER,
                                                        PeerRegion=REGION)
        return mine, made["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    def list(self, query=""):
        status, _, body = harness.digest_request(self.serve.url, "GET",
                                                 f"{self.path}?requesterAccountId={REQUESTER}{query}",
                                                 accept=V2023_02, user=self.key[0], password=self.key[1])
        assert status == 200, body
        return json.loads(body)

    def find(self, name, check=lambda item: True):
        def now():
            return next((c for c in self.list("&itemsPerPage=500")["results"] if c["name"] == name and check(c)), None)
        return wait_until(now, f"{name} in the list", 30, 0.05)

    def both(self, program):
        return [("digest", clients.Client(program, self.serve.url, "digest", *self.key)),
                ("oauth", clients.Client(program, self.serve.url, "oauth", *self.account))]


@pytest.fixture(scope="module")
def world(moto, tmp_path_factory):
    with World(moto, tmp_path_factory.mktemp("serve")) as w:
        yield w


@pytest.fixture(scope="module")
def request_made(world):
    """(name, requester's VPC) of a request that Peerage has found."""
    vpc, name = world.ask_for_peering()
    start = time.monotonic()
    world.find(name)
    assert time.monotonic() - start < 10, "found, but late: the interval is one second"
    return name, vpc


def test_moto_checks_signatures_and_policies(world):
    """Otherwise the rest of this file proves little."""
    from botocore.exceptions import ClientError
    wrong = clients.aws_client("ec2", world.moto.url, world.user["AccessKeyId"], "wrong")
    with pytest.raises(ClientError, match="AuthFailure"):
        wrong.describe_vpcs()
    unassumed = clients.aws_client("ec2", world.moto.url, world.user["AccessKeyId"], world.user["SecretAccessKey"])
    with pytest.raises(ClientError, match="AccessDenied"):
        unassumed.describe_vpc_peering_connections()


def test_the_role_was_assumed_with_the_organisation_s_external_id(world, request_made):
    """moto does not compare it with the trust policy (the simulator does, test_dev_clients.py), but remembers it."""
    with urllib.request.urlopen(world.moto.url + "/moto-api/data.json", timeout=10) as answer:
        assumed = json.load(answer)["sts"]["AssumedRole"]
    ours = [a for a in assumed if a["session_name"] == "peerage"]
    assert ours and {a["external_id"] for a in ours} == {world.external_id}
    assert {a["role_arn"] for a in ours} == {ROLE}


def test_network_check_proves_identity(world):
    checks = world.command("network", "check", world.network["id"])["results"]
    reads = {c["action"].removeprefix("ec2:"): c["result"] for c in checks}
    assert reads["DescribeVpcPeeringConnections"] == reads["DescribeVpcs"] == "allowed"


def test_found_in_the_accepter_s_account(world, request_made):
    name, vpc = request_made
    item = world.find(name)
    assert item["_id"] and item["groupId"] == world.group
    assert (item["accepterAccountId"], item["accepterVpcId"]) == (ACCEPTER, world.vpc)
    assert (item["requesterAccountId"], item["requesterVpcId"]) == (REQUESTER, vpc)
    assert item["requesterCidr"] == "10.2.0.0/16"
    assert (item["cloudStatus"], item["localStatus"]) == ("pending-acceptance", "NONE")
    (row,) = [c for c in world.command("connection", "list")["results"] if c["name"] == name]
    assert row["cloudStatus"] == "pending-acceptance"


def test_listed_by_curl_digest_and_bearer(world, request_made):
    name, _ = request_made
    target = f"{world.serve.url}{world.path}?requesterAccountId={REQUESTER}&itemsPerPage=500"
    accept = ["--header", f"Accept: {V2023_02}"]
    status, headers, digest = clients.curl("--digest", "--user", ":".join(world.key), *accept, target)
    assert status == 200 and headers["content-type"] == "application/vnd.atlas.2023-02-01+json;charset=utf-8"
    assert name in [c["name"] for c in json.loads(digest)["results"]]
    status, _, minted = clients.curl("--user", ":".join(world.account), "--data", "grant_type=client_credentials",
                                     f"{world.serve.url}/api/oauth/token")
    token = json.loads(minted)["access_token"]
    status, _, bearer = clients.curl("--header", f"Authorization: Bearer {token}", *accept, target)
    assert status == 200 and json.loads(bearer)["results"] == json.loads(digest)["results"]


@pytest.mark.needs_go
def test_listed_by_the_atlas_command_s_requests(world, request_made, wire):
    for kind, client in world.both(wire):
        got = client("api", path=world.path, version="2023-02-01", model="list", q__requesterAccountId=REQUESTER)
        assert got["status"] == 200 and request_made[0] in got["names"], kind
        for path, model in (("/api/atlas/v2", "status"), ("/api/atlas/v2/groups", "groups"),
                            (f"/api/atlas/v2/groups/{world.group}", "group")):
            assert client("api", path=path, version="2023-01-01", model=model)["status"] == 200, (kind, path)
        got = client("api", path=f"/api/atlas/v2/groups/{world.group}/streams/accountDetails", version="2024-11-13",
                     model="details", q__cloudProvider="aws", q__regionName="US_EAST_1")
        assert json.loads(got["body"]) == {"awsAccountId": ACCEPTER, "cidrBlock": "10.1.0.0/16",
                                           "cloudProvider": "aws", "vpcId": world.vpc}


@pytest.mark.needs_go
def test_listed_by_the_go_sdk(world, request_made, sdk):
    for kind, client in world.both(sdk):
        got = client("list", group=world.group, requester=REQUESTER, size=500)
        assert got["status"] == 200 and request_made[0] in got["names"], kind
        assert got["extra"]["cloudStatus"] == "pending-acceptance" and got["extra"]["localStatus"] == "NONE"
        got = client("details", group=world.group, provider="aws", region="US_EAST_1")
        assert got["extra"] == {"account": ACCEPTER, "cidr": "10.1.0.0/16", "provider": "aws", "vpc": world.vpc}
        for operation in ("groups", "status", "active", "group"):
            assert client(operation, group=world.group)["status"] == 200, (kind, operation)
        for operation, args, code in (
                ("list", {"group": "1" * 24}, "GROUP_NOT_FOUND"), ("list", {"size": 501}, "INVALID_QUERY_PARAMETER"),
                ("details", {"provider": "x", "region": "US_EAST_1"}, "INVALID_PROVIDER"),
                ("reject", {"name": request_made[0]}, "USER_UNAUTHORIZED")):
            got = client(operation, **{"group": world.group, "requester": REQUESTER, **args})
            assert got["errorCode"] == code, (kind, operation, got)


def test_a_role_that_may_not_look_is_refused_and_said_so(world):
    world.moto.authorization(False)
    iam = world.moto.admin("iam", ACCEPTER)
    iam.create_role(RoleName="blind", AssumeRolePolicyDocument=clients.policy(["sts:AssumeRole"]))
    iam.put_role_policy(RoleName="blind", PolicyName="p", PolicyDocument=clients.policy(["s3:GetObject"]))
    vpc = world.owner.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    world.moto.authorization(True)
    made = world.command("network", "add", "--account", ACCEPTER, "--region", REGION, "--vpc", vpc,
                         "--role-arn", f"arn:aws:iam::{ACCEPTER}:role/blind")
    done = run("network", "check", made["id"], "--config", world.serve.config)
    assert done.returncode == 77 and "denied" in done.stdout + done.stderr, done

    def failed():
        (network,) = [n for n in world.command("network", "list")["results"] if n["id"] == made["id"]]
        return network["failed"] and network
    network = wait_until(failed, "the failure in the list of networks")
    assert "not authorized" in network["failure"], network
    world.command("network", "remove", made["id"])


def test_what_the_requester_takes_back_is_shown_deleted(world):
    _, name = world.ask_for_peering("10.4.0.0/16")
    before = world.find(name)
    world.asker.delete_vpc_peering_connection(VpcPeeringConnectionId=name)
    item = world.find(name, lambda c: c["cloudStatus"] == "deleted")
    assert item["_id"] == before["_id"] and item["requesterCidr"] == "10.4.0.0/16"
    assert item["statusMessage"] and "expirationTime" not in item


def test_what_the_owner_rejects_by_hand_is_shown_rejected(world):
    _, name = world.ask_for_peering("10.5.0.0/16")
    world.find(name)
    world.moto.authorization(False)
    world.owner.reject_vpc_peering_connection(VpcPeeringConnectionId=name)
    world.moto.authorization(True)
    item = world.find(name, lambda c: c["cloudStatus"] == "rejected")
    assert item["statusMessage"] == "Inactive"


def test_what_the_owner_accepts_by_hand_is_shown_active(world):
    _, name = world.ask_for_peering("10.6.0.0/16")
    world.find(name)
    world.moto.authorization(False)
    world.owner.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
    world.moto.authorization(True)
    item = world.find(name, lambda c: c["cloudStatus"] == "active")
    assert item["accepterCidr"] == "10.1.0.0/16" and item["localStatus"] == "ACTIVE"
    status, _, body = harness.digest_request(
        world.serve.url, "GET", f"/api/atlas/v2/groups/{world.group}/streams/activeVpcPeeringConnections",
        accept=V2024_11, user=world.key[0], password=world.key[1])
    assert status == 200 and [c["name"] for c in json.loads(body)["results"]] == [name]


def test_a_request_towards_another_vpc_is_not_listed(world):
    """moto ignores every filter: what is not for the network must be dropped on our side."""
    world.moto.authorization(False)
    other = world.owner.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    world.moto.authorization(True)
    mine = world.asker.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    stray = world.asker.create_vpc_peering_connection(VpcId=mine, PeerVpcId=other, PeerOwnerId=ACCEPTER)
    _, name = world.ask_for_peering("10.77.0.0/16")
    world.find(name)  # a scan after the stray one was made
    names = [c["name"] for c in world.list("&itemsPerPage=500")["results"]]
    assert stray["VpcPeeringConnection"]["VpcPeeringConnectionId"] not in names


@pytest.mark.needs_go
def test_too_many_requests(world, wire):
    """Last: it empties the project's bucket."""
    client = dict(world.both(wire))["oauth"]
    got = client("flood", path=world.path, version="2023-02-01", requester=REQUESTER, most=5000)
    assert got["status"] == 429 and got["errorCode"] == "RATE_LIMITED_TOKEN_BUCKET"
    assert int(got["headers"]["Retry-After"][0]) == json.loads(got["body"])["parameters"][1] + 1


@pytest.mark.needs_go
def test_too_many_requests_as_the_sdk_says_it(world, sdk):
    for kind, client in world.both(sdk):
        got = client("flood", group=world.group, requester=REQUESTER, most=5000)
        assert got["status"] == 429 and got["errorCode"] == "RATE_LIMITED_TOKEN_BUCKET", kind


def test_an_outage_and_its_end(world):
    """Without credentials that AWS takes the list keeps its rows, says why, and recovers."""
    # The bucket of this project is empty by now: the command reads the same rows.
    def rows(status):
        items = world.command("connection", "list", "--requester-account", REQUESTER)["results"]
        return items if items and all(c["localStatus"] == status for c in items) else None
    count = len(world.command("connection", "list", "--requester-account", REQUESTER)["results"])
    world.moto.authorization(False)
    iam = world.moto.admin("iam", ACCEPTER)
    iam.put_role_policy(RoleName="peerage", PolicyName="observe", PolicyDocument=clients.policy(["s3:GetObject"]))
    world.moto.authorization(True)
    failed = wait_until(lambda: rows("SCAN_FAILED"), "SCAN_FAILED", 30, 0.05)
    assert len(failed) == count and all(c["statusMessage"] for c in failed)
    world.moto.authorization(False)
    iam.put_role_policy(RoleName="peerage", PolicyName="observe",
                        PolicyDocument=run("aws-policy", "--mode", "observe", check=0).stdout)
    world.moto.authorization(True)
    wait_until(lambda: not any(c["localStatus"] == "SCAN_FAILED" for c in world.command(
        "connection", "list", "--requester-account", REQUESTER)["results"]), "the end of SCAN_FAILED", 30, 0.05)


# ---- many --------------------------------------------------------------------------------------------------

COUNT = 1205


@pytest.fixture(scope="module")
def crowd(moto, tmp_path_factory):
    """1,205 requests; limits off, since a page of one item each costs more than a bucket holds."""
    w = World(moto, tmp_path_factory.mktemp("crowd"), rate_limit="false")
    mine = w.asker.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    names = {w.asker.create_vpc_peering_connection(VpcId=mine, PeerVpcId=w.vpc, PeerOwnerId=ACCEPTER)
             ["VpcPeeringConnection"]["VpcPeeringConnectionId"] for _ in range(COUNT)}
    assert len(names) == COUNT
    w.names = names
    with w:
        wait_until(lambda: w.list("&itemsPerPage=1")["totalCount"] == COUNT, "all of them", 60, 0.05)
        yield w


def check_pages(got, size, names):
    full, rest = divmod(COUNT, size)
    assert got["total"] == COUNT
    assert got["pages"] == [size] * full + ([rest] if rest else [])
    assert len(got["names"]) == COUNT and set(got["names"]) == names
    return got["names"]


@pytest.mark.needs_go
def test_pages_of_1205_by_following_links(crowd, wire):
    orders = [check_pages(client("pages", path=crowd.path, version="2023-02-01", requester=REQUESTER, size=size,
                                 public="http://peerage.test"), size, crowd.names)
              for _, client in crowd.both(wire) for size in (500, 100, 1)]
    assert all(order == orders[0] for order in orders)


@pytest.mark.needs_go
def test_pages_of_1205_by_the_go_sdk(crowd, sdk):
    orders = [check_pages(client("pages", group=crowd.group, requester=REQUESTER, size=size), size, crowd.names)
              for _, client in crowd.both(sdk) for size in (500, 100, 1)]
    assert all(order == orders[0] for order in orders)
