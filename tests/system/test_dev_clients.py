# SPDX-License-Identifier: Apache-2.0
"""`peerage dev` as the README shows it, with everybody's clients: its pasted commands, boto3 and the aws command as the
requester, the requests of the `atlas` command, the Atlas Go SDK."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

import clients
import harness
from harness import Dev, run, wait_until
from world import UNKNOWN_GROUP, World

SCAN = 1.0    # seconds between two scans of dev
SLACK = 2.0   # of a busy machine
COUNT = 1205


@pytest.fixture(scope="module")
def world(shared_dev):
    shared_dev.wait_scanned()
    return World(shared_dev)


def readme_blocks():
    """The shell blocks of the README's "One minute"."""
    text = (harness.ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## One minute\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def paste(dev, block, more_path=None):
    """A block in a shell that has the demo's variables, with the demo's folder for the default one."""
    script = f". {dev.dir}/demo.env\n" + block.replace(".peerage/demo.env", f"{dev.dir}/demo.env") \
        .replace("--data .peerage", f"--data {dev.dir}").replace("build/peerage", harness.binary())
    env = harness.clean_environment()
    if more_path:
        env["PATH"] = f"{more_path}:{env['PATH']}"
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def aws_command():
    beside = pathlib.Path(sys.executable).parent / "aws"
    return str(beside) if beside.exists() else shutil.which("aws")


def in_inbox(world, name):
    answer = world.get("/api/peerage/v1/connections?itemsPerPage=500", "application/json")
    return next((c for c in answer.json()["results"] if c["name"] == name), None)


def appears(world, name, made):
    """In the list and in the inbox, within one interval of its making."""
    item = wait_until(lambda: world.find(name), f"{name} in the list")
    entry = wait_until(lambda: in_inbox(world, name), f"{name} in the inbox")
    took = time.monotonic() - made
    assert took < SCAN + SLACK, f"seen {took:.2f} s after it was made"
    assert (entry["id"], entry["requesterVpcId"]) == (item["_id"], item["requesterVpcId"])
    return item


# ---- the README, pasted ------------------------------------------------------------------------------------

def test_the_readme_s_digest_command(world):
    (block,) = [b for b in readme_blocks() if "--digest" in b and "act()" not in b]
    answer = json.loads(paste(world.dev, block))
    assert world.dev["PEERING_NAME"] in [c["name"] for c in answer["results"]]


def test_the_readme_s_bearer_command_reads_the_inbox(world):
    (block,) = [b for b in readme_blocks() if "Bearer" in b]
    answer = json.loads(paste(world.dev, block))
    assert world.dev["PEERING_NAME"] in [c["name"] for c in answer["results"]]


@pytest.mark.needs_pypi("awscli")
def test_the_readme_s_second_request_by_the_aws_command(world):
    (block,) = [b for b in readme_blocks() if "aws ec2" in b]
    before = {c["name"] for c in world.list(query="&itemsPerPage=500").json()["results"]}
    made, _, listing = block.partition("build/peerage")
    output = paste(world.dev, made, pathlib.Path(aws_command()).parent)
    name = json.loads(output)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    assert name not in before
    item = appears(world, name, time.monotonic())
    assert item["requesterCidr"] == "10.77.0.0/16"
    assert name in paste(world.dev, "build/peerage" + listing)


# ---- the requester's own clients ---------------------------------------------------------------------------

@pytest.mark.needs_pypi("boto3")
def test_a_request_by_boto3(world):
    dev = world.dev
    ec2 = clients.aws_client("ec2", dev["EC2_URL"], dev["REQUESTER_ACCESS_KEY_ID"],
                             dev["REQUESTER_SECRET_ACCESS_KEY"], region=world.region)
    mine = ec2.create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
    made = time.monotonic()
    name = ec2.create_vpc_peering_connection(VpcId=mine, PeerOwnerId=world.accepter,
                                             PeerVpcId=dev["ACCEPTER_VPC_ID"])["VpcPeeringConnection"][
                                                 "VpcPeeringConnectionId"]
    item = appears(world, name, made)
    seen = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[name])["VpcPeeringConnections"][0]
    assert seen["ExpirationTime"].strftime("%Y-%m-%dT%H:%M:%SZ") == item["expirationTime"]
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=name)
    world.wait(name, lambda c: c["cloudStatus"] == "deleted", "deleted")


@pytest.mark.needs_pypi("awscli")
def test_a_request_by_the_aws_command(world):
    dev = world.dev
    env = harness.clean_environment({
        "AWS_ACCESS_KEY_ID": dev["REQUESTER_ACCESS_KEY_ID"], "AWS_DEFAULT_REGION": world.region,
        "AWS_SECRET_ACCESS_KEY": dev["REQUESTER_SECRET_ACCESS_KEY"], "AWS_ENDPOINT_URL_EC2": dev["EC2_URL"]})

    def aws(*words):
        done = subprocess.run([aws_command(), "ec2", *words, "--output", "json"], capture_output=True, text=True,
                              env=env, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    mine = aws("create-vpc", "--cidr-block", "10.79.0.0/16")["Vpc"]["VpcId"]
    name = aws("create-vpc-peering-connection", "--vpc-id", mine, "--peer-owner-id", world.accepter, "--peer-vpc-id",
               dev["ACCEPTER_VPC_ID"])["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    assert appears(world, name, time.monotonic())["requesterCidr"] == "10.79.0.0/16"


def test_a_role_needs_the_organisation_s_external_id(world):
    """The simulator compares the external id, as AWS does."""
    dev, account = world.dev, "777777777777"
    (org,) = world.command("org", "list")["results"]
    world.simulator("accounts", {"accountId": account, "accessKeyId": "AKIA7777777777TEST77",
                                 "secretAccessKey": "seven-times-seven"})
    vpc = world.vpc(account, "10.170.0.0/16")
    for name, external_id in (("ours", org["externalId"]), ("theirs", "another-organisation")):
        world.simulator("roles", {"roleArn": f"arn:aws:iam::{account}:role/{name}", "externalId": external_id})
    project = world.project("roles")

    def add(role):
        return world.command("network", "add", "--account", account, "--region", world.region, "--vpc", vpc,
                             "--role-arn", f"arn:aws:iam::{account}:role/{role}", "--project", project)["id"]
    theirs = add("theirs")
    done = run("network", "check", theirs, "--data", dev.dir)
    assert done.returncode == 77 and "AccessDenied" in done.stderr, done
    world.command("network", "remove", theirs)
    assert run("network", "check", add("ours"), "--data", dev.dir).returncode == 0


# ---- Atlas' clients ----------------------------------------------------------------------------------------

@pytest.mark.needs_go
def test_the_atlas_command_s_requests(world, wire):
    for kind, client in clients.both(wire, world.dev):
        got = client("api", path=world.list_path, version="2023-02-01", model="list",
                     q__requesterAccountId=world.requester, q__pretty="true")
        assert world.dev["PEERING_NAME"] in got["names"], kind
        got = client("api", path=world.list_path, version="2023-02-01", model="list",
                     q__requesterAccountId=world.requester, q__itemsPerPage=1, q__pageNum=1)
        assert len(got["names"]) == 1
        for asked, status in (("2023-02-01", 200), ("2025-03-12", 200), ("2023-01-01", 406), ("2999-01-01", 406)):
            got = client("api", path=world.list_path, version=asked, model="list",
                         q__requesterAccountId=world.requester)
            assert got["status"] == status, (kind, asked)


@pytest.mark.needs_go
def test_the_atlas_command_s_actions_with_a_chunked_body(world, wire):
    """It sends the body with the unauthenticated request too, in chunks; nothing may come of it, or be cut off."""
    name = world.dev["PEERING_NAME"]
    before = world.find(name)
    body = json.dumps({"requesterAccountId": world.requester, "requesterVpcId": "vpc-00000000000000000"})
    for kind, client in clients.both(wire, world.dev):
        for more, code in (({"body": body}, "INVALID_ATTRIBUTE"), ({"body": body, "length": "true"}, "INVALID_ATTRIBUTE"),
                           ({"body": "x", "times": 200_000}, "MALFORMED_JSON")):
            got = client("api", method="POST", path=f"{world.list_path}/{name}:accept", version="2023-02-01",
                         model="any", **more)
            assert (got["status"], got["errorCode"]) == (400, code), kind
    assert world.find(name) == before


@pytest.mark.needs_go
def test_oauth_as_core_does_it(world, wire):
    """The token is a JWT whose end can be read from it, and it is used again from a profile until then."""
    client = clients.both(wire, world.dev)[1][1]
    got = client("token", show="true")["extra"]
    assert (got["parts"], got["type"], got["refresh"]) == (3, "Bearer", False)
    assert abs(got["exp"] - time.time() - 3600) < 60 and abs(got["exp"] - got["expiry"]) <= 5
    later = clients.Client(wire, world.url, "token", secret=got["token"])
    assert later("api", path="/api/atlas/v2", version="2023-01-01", model="status")["status"] == 200
    wrong = clients.Client(wire, world.url, "oauth", world.dev["CLIENT_ID"], "mdb_sa_sk_wrong")
    got = wrong("token")
    assert got["errorCode"] == "invalid_client" and got["extra"]["status"] == 401
    assert got["extra"]["description"] == "Invalid credentials provided."


@pytest.mark.needs_go
def test_a_wrong_key_through_go_s_digest(world, wire):
    wrong = clients.Client(wire, world.url, "digest", world.dev["PUBLIC_KEY"], "00000000-0000-0000-0000-000000000000")
    got = wrong("api", path="/api/atlas/v2", version="2023-01-01", model="status")
    assert got["status"] == 401 and got["errorCode"] == "UNEXPECTED_ERROR" and len(got["body"]) == 142


@pytest.mark.needs_go
def test_every_operation_through_the_sdk(world, sdk):
    for kind, client in clients.both(sdk, world.dev):
        got = client("list", group=world.group, requester=world.requester)
        assert world.dev["PEERING_NAME"] in got["names"] and got["total"] == len(got["names"]), kind
        got = client("details", group=world.group, provider="aws", region="US_EAST_1")
        assert got["extra"]["vpc"] == world.dev["ACCEPTER_VPC_ID"]
        assert client("group", group=world.group)["extra"]["name"] == "demo"
        assert world.group in client("groups")["names"]
        status = client("status")["extra"]
        assert status["app"] == "MongoDB Atlas"
        assert status["key"] == world.dev["PUBLIC_KEY" if kind == "digest" else "CLIENT_ID"]
        assert client("active", group=world.group)["status"] == 200


@pytest.mark.needs_go
def test_errors_as_the_sdk_tells_them(world, sdk):
    elsewhere = world.project("sdk-elsewhere")
    stranger = clients.Client(sdk, world.url, "digest", *world.key("GROUP_OWNER", project=elsewhere))
    got = stranger("list", group=world.group, requester="1")
    assert (got["status"], got["errorCode"]) == (401, "NOT_IN_GROUP")
    for kind, client in clients.both(sdk, world.dev):
        for operation, args, code in (
                ("list", {"group": UNKNOWN_GROUP, "requester": "1"}, "GROUP_NOT_FOUND"),
                ("list", {"group": "nothex", "requester": "1"}, "PATH_PARAM_PARSE_ERROR"),
                ("list", {"requester": "1", "size": 501}, "INVALID_QUERY_PARAMETER"),
                ("list", {"requester": " "}, "INVALID_QUERY_PARAMETER"),
                ("details", {"provider": "oracle", "region": "US_EAST_1"}, "INVALID_PROVIDER"),
                ("details", {"provider": "aws", "region": "MARS"}, "INVALID_REGION"),
                ("details", {"provider": "aws", "region": "EU_WEST_3"}, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND"),
                ("reject", {"name": "pcx-00000000000000000"}, "RESOURCE_NOT_FOUND"),
                ("delete", {"name": world.dev["PEERING_NAME"]}, "PEER_INVALID_STATE"),
                ("accept", {"name": world.dev["PEERING_NAME"], "requester": "", "vpc": ""}, "INVALID_ATTRIBUTE")):
            got = client(operation, **{"group": world.group, **args})
            assert got["errorCode"] == code, (kind, operation, args, got)
    wrong = clients.Client(sdk, world.url, "digest", world.dev["PUBLIC_KEY"], "00000000-0000-0000-0000-000000000000")
    got = wrong("status")
    assert got["status"] == 401 and "You are not authorized for this resource." in got["error"]
    wrong = clients.Client(sdk, world.url, "oauth", world.dev["CLIENT_ID"], "mdb_sa_sk_wrong")
    assert "invalid_client" in wrong("status")["error"]
    assert clients.Client(sdk, world.url, "none")("status")["status"] == 401


@pytest.mark.needs_go
def test_a_token_revoked_through_the_sdk(world, sdk):
    client = clients.both(sdk, world.dev)[1][1]
    got = client("revoke")["extra"]
    assert (got["before"], got["after"], got["revoke"], got["type"]) == (200, 401, "", "Bearer")


@pytest.mark.needs_go
def test_too_many_requests_through_the_sdk(dev, sdk):
    for kind, client in clients.both(sdk, dev):
        got = client("flood", group=dev["GROUP_ID"], requester="1")
        assert (got["status"], got["errorCode"]) == (429, "RATE_LIMITED_TOKEN_BUCKET"), kind
        assert 1 <= int(got["headers"]["Retry-After"][0]) <= 60


# ---- many --------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """1,205 requests in the simulator, whose Describe comes in pages. Limits off: a page of one item each costs more
    than a bucket holds."""
    with Dev(tmp_path_factory.mktemp("crowd"), "--rate-limit", "off") as dev:
        world = World(dev)
        start = time.monotonic()
        world.bulk(COUNT, "888888888888")
        wait_until(lambda: world.list("888888888888", "&itemsPerPage=1").json()["totalCount"] == COUNT, "all of them")
        world.took = time.monotonic() - start
        yield world


def check_pages(got, size):
    full, rest = divmod(COUNT, size)
    assert got["total"] == COUNT and got["pages"] == [size] * full + ([rest] if rest else [])
    assert len(got["names"]) == len(set(got["names"])) == COUNT
    return got["names"]


def test_1205_are_found_soon(crowd):
    assert crowd.took < SCAN + 3 * SLACK, f"{crowd.took:.1f} s"
    calls = crowd.simulator("state", method="GET")["calls"]
    assert calls["DescribeVpcPeeringConnections"] >= 3  # one for the demo's request, then two pages: 1,000 is the most


@pytest.mark.needs_go
def test_pages_of_1205_by_following_links(crowd, wire):
    orders = [check_pages(client("pages", path=crowd.list_path, version="2023-02-01", requester="888888888888",
                                 size=size, public=crowd.url), size)
              for _, client in clients.both(wire, crowd.dev) for size in (500, 100, 1)]
    assert all(order == orders[0] for order in orders)


@pytest.mark.needs_go
def test_pages_of_1205_by_the_sdk(crowd, sdk):
    orders = [check_pages(client("pages", group=crowd.group, requester="888888888888", size=size), size)
              for _, client in clients.both(sdk, crowd.dev) for size in (500, 100, 1)]
    assert all(order == orders[0] for order in orders)
