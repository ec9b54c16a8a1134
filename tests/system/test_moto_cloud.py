# SPDX-License-Identifier: Apache-2.0
"""The cloud layer against moto with authorisation on: signatures and IAM judged by someone else's code.

boto3 makes users, roles, VPCs and peerings in two accounts; the probe must see what boto3 sees. Must never: use DryRun
against moto, which ignores it and acts.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest

from cloud_probe import built_binary, probe  # noqa: F401  (the fixture)

boto3 = pytest.importorskip("boto3")

A, B = "111111111111", "222222222222"
REGION = "us-east-1"
ASSUMED = "arn:aws:iam::{}:role/any"
READS = ["ec2:DescribeVpcPeeringConnections", "ec2:DescribeVpcs"]


def policy(actions):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    )


class Moto:
    def __init__(self, log_path):
        self.log = open(log_path, "w+")
        env = dict(os.environ, MOTO_EC2_LOAD_DEFAULT_AMIS="false")
        self.process = subprocess.Popen(
            ["moto_server", "-H", "127.0.0.1", "-p", "0"], stdout=self.log, stderr=self.log, env=env
        )
        deadline = time.monotonic() + 60
        found = None
        while not found and time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", open(log_path).read())
            time.sleep(0.05)
        assert found, "moto_server does not start: " + open(log_path).read()
        self.url = found.group(1)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, body.encode(), {"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).read()

    def client(self, service, account=None, region=REGION):
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        if account:
            c = self.client("sts").assume_role(RoleArn=ASSUMED.format(account), RoleSessionName="setup")["Credentials"]
            keys = {
                "aws_access_key_id": c["AccessKeyId"],
                "aws_secret_access_key": c["SecretAccessKey"],
                "aws_session_token": c["SessionToken"],
            }
        return boto3.client(service, endpoint_url=self.url, region_name=region, **keys)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    if not shutil.which("moto_server"):
        pytest.skip("moto_server is not installed")
    server = Moto(str(tmp_path_factory.mktemp("moto") / "log"))
    yield server
    server.stop()


@pytest.fixture
def cloud(moto):
    """Two accounts, a peering between them, a user that may read and one that may not; authorisation on."""
    moto.post("/moto-api/reset-auth", "inf")
    moto.post("/moto-api/reset", "")
    world = {"url": moto.url}
    a, b = moto.client("ec2", A), moto.client("ec2", B)
    world["vpc_a"] = a.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    world["vpc_b"] = b.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    world["pcx"] = b.create_vpc_peering_connection(
        VpcId=world["vpc_b"], PeerVpcId=world["vpc_a"], PeerOwnerId=A
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    iam = moto.client("iam", A)
    for name, actions in (("reader", [*READS, "sts:AssumeRole"]), ("stranger", ["s3:GetObject"])):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(actions))
        world[name] = iam.create_access_key(UserName=name)["AccessKey"]
    for account, actions in ((A, READS), (B, ["s3:GetObject"])):
        target = moto.client("iam", account)
        target.create_role(RoleName="peerage", AssumeRolePolicyDocument=policy(["sts:AssumeRole"]))
        target.put_role_policy(RoleName="peerage", PolicyName="p", PolicyDocument=policy(actions))
    world["ec2_a"] = a
    moto.post("/moto-api/reset-auth", "0")
    yield world
    moto.post("/moto-api/reset-auth", "inf")


def ask(cloud, *args, key="reader", **env):
    keys = cloud[key]
    env = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], **env}
    return probe(args, cloud["url"], **env)


def test_who_we_are(cloud):
    got = ask(cloud, "--ask", "identity")
    assert (got["class"], got["account"], got["arn"]) == ("ok", A, f"arn:aws:iam::{A}:user/reader")
    assert abs(got["skew"]) <= 2


def test_a_pending_request_is_seen_as_boto3_sees_it(cloud):
    got = ask(cloud, "--ask", "list", "--account", A)
    assert got["class"] == "ok", got
    (mine,) = got["items"]
    assert mine["name"] == cloud["pcx"]
    assert (mine["requesterAccount"], mine["requesterVpc"]) == (B, cloud["vpc_b"])
    assert (mine["accepterAccount"], mine["accepterVpc"], mine["accepterRegion"]) == (A, cloud["vpc_a"], REGION)
    assert mine["requesterCidrs"] == "10.2.0.0/16"
    assert mine["status"] == "pending-acceptance"
    one = ask(cloud, "--ask", "one", "--subject", cloud["pcx"])
    assert one["item"] == mine
    vpc = ask(cloud, "--ask", "vpc", "--subject", cloud["vpc_a"])
    assert (vpc["cidrs"], vpc["owner"]) == ("10.1.0.0/16", A)


def test_a_role_with_temporary_credentials(cloud):
    got = ask(cloud, "--ask", "list", "--account", A, "--role", f"arn:aws:iam::{A}:role/peerage", "--external-id", "e-1")
    assert got["class"] == "ok", got
    assert [i["name"] for i in got["items"]] == [cloud["pcx"]]
    who = ask(cloud, "--ask", "identity", "--role", f"arn:aws:iam::{A}:role/peerage")
    assert who["arn"] == f"arn:aws:sts::{A}:assumed-role/peerage/peerage"


def test_denials_name_the_action(cloud):
    got = ask(cloud, "--ask", "list", "--account", A, key="stranger")
    assert got["class"] == "denied"
    assert "DescribeVpcPeeringConnections" in got["message"]
    role = f"arn:aws:iam::{B}:role/peerage"
    got = ask(cloud, "--ask", "list", "--account", B, "--role", role)
    assert got["class"] == "denied", got


def test_wrong_secret_and_unknown_key_are_credentials(cloud):
    for env in ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}):
        for what in (["--ask", "identity"], ["--ask", "list", "--account", A]):
            got = ask(cloud, *what, **env)
            assert got["class"] == "credentials", got
            assert got["httpStatus"] in (401, 403)


def test_not_found(cloud):
    assert ask(cloud, "--ask", "one", "--subject", "pcx-00000000")["class"] == "not-found-yet"
    assert ask(cloud, "--ask", "vpc", "--subject", "vpc-00000000")["class"] == "not-found-yet"


def test_state_follows_an_acceptance(cloud, moto):
    moto.post("/moto-api/reset-auth", "inf")
    cloud["ec2_a"].accept_vpc_peering_connection(VpcPeeringConnectionId=cloud["pcx"])
    moto.post("/moto-api/reset-auth", "0")
    (mine,) = ask(cloud, "--ask", "list", "--account", A)["items"]
    assert mine["status"] == "active"


def test_other_regions_and_accounts_are_apart(cloud):
    assert ask(cloud, "--ask", "list", "--account", A, "--region", "eu-west-1")["items"] == []
    # moto ignores the filter and shows everything it has: what is not asked for is dropped on our side
    got = ask(cloud, "--ask", "list", "--account", B)
    assert got["items"] == []
    assert got["foreign"] == 1


def test_permission_check_tries_no_write(cloud):
    got = ask(cloud, "--ask", "check", "--account", A, "--subject", cloud["vpc_a"])
    rows = {r["action"]: r for r in got["checks"]}
    for action in ("sts:GetCallerIdentity", *READS):
        assert rows[action]["allowed"], rows
    assert not rows["ec2:AcceptVpcPeeringConnection"]["known"]
    (mine,) = ask(cloud, "--ask", "list", "--account", A)["items"]
    assert mine["status"] == "pending-acceptance"
    got = ask(cloud, "--ask", "check", "--account", B, "--subject", cloud["vpc_a"])
    assert got["class"] == "denied"
    assert f"belong to account {A}, not to {B}" in got["message"]


def test_profiles_and_files(cloud, tmp_path):
    keys = cloud["reader"]
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {keys['AccessKeyId']}\naws_secret_access_key = {keys['SecretAccessKey']}\n"
    )
    (tmp_path / "config").write_text(
        f"[profile ops]\nrole_arn = arn:aws:iam::{A}:role/peerage\nsource_profile = base\nrole_session_name = from-file\n"
    )
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    got = probe(["--ask", "identity", "--profile", "ops"], cloud["url"], **files)
    assert got.get("arn") == f"arn:aws:sts::{A}:assumed-role/peerage/from-file", got
    got = probe(["--ask", "identity"], cloud["url"], AWS_PROFILE="base", **files)
    assert got["arn"] == f"arn:aws:iam::{A}:user/reader"


def test_instance_metadata_of_moto(moto):
    moto.post("/moto-api/reset-auth", "inf")
    env = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": moto.url}
    assert probe(["--ask", "identity"], moto.url, **env)["class"] == "ok"
