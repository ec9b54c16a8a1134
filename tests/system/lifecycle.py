# SPDX-License-Identifier: Apache-2.0
"""What the lifecycle tests stand on: a cloud of three accounts (the simulator's or moto's), a Peerage that serves it, the
clients that people have on either side of a peering, and a timeline of every status on the way.

Standard library only; the aws command and boto3 are used where a test asks for them. Called by: test_lifecycle_*.py,
bench/action_latency.py. Must never: reach another host than 127.0.0.1.
"""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

import clients
import harness
from harness import V2023_02, V2024_11, wait_until
from relay import Relay
from world import ec2_call

HOME, ACCEPTER, REQUESTER = "111111111111", "222222222222", "333333333333"
REGION, ELSEWHERE = "us-east-1", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCEPTER}:role/peerage"
KEYS = {"home": (HOME, "AKIAHOMEHOMEHOMEHOME", "home/secret/home/secret+"),
        "owner": (ACCEPTER, "AKIAOWNEROWNEROWNERO", "owner/secret/owner/secret+"),
        "asker": (REQUESTER, "AKIAASKERASKERASKERA", "asker/secret/asker/secret+")}
TOKEN = "t" * 32


def states_of_table():
    """{(from, to)} of spec/lifecycle.def, for what moves a stored localStatus."""
    text = (harness.ROOT / "spec" / "lifecycle.def").read_text(encoding="utf-8")
    return set(re.findall(r"^TRANSITION\((\w+), \w+, (\w+),", text, re.MULTILINE))


# ---- what is seen ------------------------------------------------------------------------------------------

class Timeline:
    """Asks for one connection again and again on a thread and a connection of its own, and prints each new pair of
    statuses with its time. find(fetch): the item, or None; fetch(target) gives the JSON of a GET.

    The answers are not held against the document: that costs more than the statuses last.
    """

    PAUSE = 0.004

    def __init__(self, url, token, target, name, title=""):
        u = urllib.parse.urlsplit(url)
        self.address, self.target, self.name = (u.hostname, u.port), target, name
        self.headers = {"Accept": V2023_02, "Authorization": f"Bearer {token}"}
        self.title, self.seen, self.end = title or name, [], threading.Event()
        self.begun, self.link = time.monotonic(), None
        self.thread = threading.Thread(target=self.run)

    def fetch(self):
        if not self.link:
            self.link = http.client.HTTPConnection(*self.address, timeout=10)
        self.link.request("GET", self.target, headers=self.headers)
        answer = self.link.getresponse()
        body = answer.read()
        return json.loads(body)["results"] if answer.status == 200 else None

    def look(self):
        try:
            items = self.fetch()
        except (OSError, http.client.HTTPException, ValueError):  # the server is away for a moment
            self.link = None
            return
        item = next((c for c in items or () if c["name"] == self.name), None)
        if items is None or (item is None and not self.seen):
            return
        now = (item["localStatus"], item["cloudStatus"]) if item else ("", "")
        if not self.seen or self.seen[-1][1:] != now:
            self.seen.append((time.monotonic() - self.begun, *now))
            why = (item or {}).get("statusMessage") or ""
            print(f"{self.seen[-1][0]:8.3f} s  {now[0]:16} {now[1]:18} {why}")

    def run(self):
        while not self.end.wait(self.PAUSE):
            self.look()

    def local(self):
        return without_repeats(local for _, local, _ in self.seen)

    def cloud(self):
        return without_repeats(cloud for _, _, cloud in self.seen)

    def __enter__(self):
        print(f"\n{self.title}\n{'time':>10}  {'localStatus':16} {'cloudStatus':18} statusMessage")
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        self.look()
        if self.link:
            self.link.close()


def without_repeats(values):
    kept = []
    for v in values:
        if not kept or kept[-1] != v:
            kept.append(v)
    return kept


def walk(events, show=True):
    """The localStatus values of a connection's history, oldest first, which it prints if wanted; each step must begin where the
    last one ended, be in the table, and be no older than the one before."""
    states, allowed, created, ids = [], states_of_table(), "", []
    for event in events:
        if show:
            print(f"{event['created']}  {event['type']:40} {event['actor']}")
        assert event["created"] >= created, "the history goes back in time"
        created = event["created"]
        ids.append(event["id"])
        detail = json.loads(event.get("detail") or "{}")
        if "localStatus" not in detail:
            continue
        before, after = detail.get("localStatusBefore"), detail["localStatus"]
        if before is not None:
            assert states and states[-1] == before, f"{event['type']}: from {before}, after {states}"
            assert before == after or (before, after) in allowed, f"{event['type']}: {before} to {after}"
        elif states:
            assert states[-1] == after, f"{event['type']}: {after} without a step, after {states}"
        states.append(after)
    assert len(set(ids)) == len(ids)
    return without_repeats(states)


# ---- clouds ------------------------------------------------------------------------------------------------

class SimCloud:
    """`peerage ec2sim` as a process of its own."""

    kind = "ec2sim"

    def __init__(self, folder, **settings):
        self.keys = KEYS
        words = [w for account, key, secret in KEYS.values() for w in ("--account", f"{account}:{key}:{secret}")]
        words += [w for name, value in settings.items() for w in ("--set", f"{name}={value}")]
        self.process = harness.Process(["ec2sim", *words], pathlib.Path(folder) / "log", name="ec2sim",
                                       env={"PEERAGE_EC2SIM_TOKEN": TOKEN})

    def __enter__(self):
        self.process.start()
        self.url = self.process.wait_for(lambda: self.process.log_find("ready"), "the simulator")["ec2"]
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def manage(self, path, value=None, method="POST"):
        status, _, body = harness.request(self.url, method, f"/_ec2sim/{path}", {"X-Ec2sim-Token": TOKEN},
                                          None if value is None else json.dumps(value))
        assert status == 200, body
        return json.loads(body)

    def role(self, external_id):
        self.manage("roles", {"roleArn": ROLE, "externalId": external_id})

    def calls(self, action):
        return self.manage("state", method="GET")["calls"].get(action, 0)


class MotoCloud:
    """moto with its signature and policy checks on; the role may do the actions that `peerage aws-policy` prints, and
    no other. Resources are left out: moto asks for every action on "*"."""

    kind = "moto"

    def __init__(self, server):
        self.server, self.url = server, server.url
        server.reset()
        made = {"home": server.user(HOME, "peerage", ["sts:AssumeRole"]),
                "owner": server.user(ACCEPTER, "platform-team", ["ec2:*"]),
                "asker": server.user(REQUESTER, "network-team", ["ec2:*"])}
        self.keys = {who: (KEYS[who][0], key["AccessKeyId"], key["SecretAccessKey"]) for who, key in made.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.authorization(False)

    def role(self, external_id):
        iam = self.server.admin("iam", ACCEPTER)
        trust = harness.run("aws-policy", "--trust", f"arn:aws:iam::{HOME}:user/peerage", "--external-id", external_id,
                            check=0).stdout
        iam.create_role(RoleName="peerage", AssumeRolePolicyDocument=trust)
        allowed = json.loads(harness.run("aws-policy", "--mode", "manage", check=0).stdout)["Statement"]
        iam.put_role_policy(RoleName="peerage", PolicyName="manage",
                            PolicyDocument=clients.policy([a for s in allowed for a in s["Action"]]))
        self.server.authorization(True)


# ---- Peerage -----------------------------------------------------------------------------------------------

class Site:
    """`peerage serve` in one account, a network with a route table in the accepter's, reached through a role.

    Every call to the cloud goes through a relay: site.relay.calls tells when it arrived.
    """

    def __init__(self, cloud, folder, **settings):
        self.cloud = cloud
        self.relay = Relay(cloud.url)
        _, key, secret = cloud.keys["home"]
        self.serve = harness.Serve(folder, {"ec2_endpoint": None, "scan_interval": "1", "rate_limit": "false",
                                            **settings}, env={
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL_EC2": self.relay.url,
            "AWS_ENDPOINT_URL_STS": self.relay.url})
        self.serve.secrets |= {secret for _, _, secret in cloud.keys.values()}
        self.group = self.serve.owner["projectId"]
        self.list_path = f"/api/atlas/v2/groups/{self.group}/streams/vpcPeeringConnections"

    def __enter__(self):
        self.relay.__enter__()
        self.cloud.role(self.command("org", "list")["results"][0]["externalId"])
        self.serve.start()
        self.url = self.serve.url
        self.vpc = self.owner(Action="CreateVpc", CidrBlock="10.1.0.0/16").findtext(".//vpcId")
        self.table = self.owner(Action="CreateRouteTable", VpcId=self.vpc).findtext(".//routeTableId")
        self.network = self.command("network", "add", "--account", ACCEPTER, "--region", REGION, "--vpc", self.vpc,
                                    "--role-arn", ROLE, "--mode", "manage")["id"]
        self.command("network", "set-tables", self.network, self.table)
        role = ["--role", "GROUP_STREAM_PROCESSING_OWNER"]
        key, account = self.command("key", "create", *role), self.command("service-account", "create", "act", *role)
        self.key = key["publicKey"], key["privateKey"]
        self.account = account["clientId"], account["secrets"][0]["secret"]
        self.serve.secrets |= {self.key[1], self.account[1]}
        self.token = harness.bearer_token(self.url, *self.account)
        return self

    def __exit__(self, *exc):
        self.serve.__exit__(*exc)
        self.relay.__exit__()

    def command(self, *args):
        return json.loads(harness.run(*args, "--config", self.serve.config, "--json", check=0).stdout)

    def owner(self, region=REGION, **params):
        return self.ec2("owner", region, params)

    def ec2(self, who, region, params):
        _, key, secret = self.cloud.keys[who]
        return ec2_call(self.cloud.url, region, key, secret, {"Version": "2016-11-15", **params})

    def ask(self, block, region=REGION, who="asker"):
        """A new request towards the network, and its VPC."""
        vpc = self.ec2(who, region, {"Action": "CreateVpc", "CidrBlock": block}).findtext(".//vpcId")
        made = self.ec2(who, region, {"Action": "CreateVpcPeeringConnection", "VpcId": vpc, "PeerOwnerId": ACCEPTER,
                                      "PeerVpcId": self.vpc, "PeerRegion": REGION})
        return made.findtext(".//vpcPeeringConnectionId"), vpc

    def take_back(self, name, region=REGION, who="asker"):
        """Its requester deletes it: "true", or EC2's error code."""
        try:
            return self.ec2(who, region, {"Action": "DeleteVpcPeeringConnection",
                                          "VpcPeeringConnectionId": name}).findtext(".//return")
        except AssertionError as e:
            return re.search(r"<Code>(\w+(?:\.\w+)*)</Code>", str(e)).group(1)

    def status(self, name, region=REGION, who="asker"):
        """What its requester sees of it."""
        seen = self.ec2(who, region, {"Action": "DescribeVpcPeeringConnections", "VpcPeeringConnectionId.1": name})
        return seen.findtext(".//status/code")

    def act(self, name, word, body=None):
        """(status, the answer's object) of an action through the API."""
        method, tail = ("DELETE", "") if word == "delete" else ("POST", f":{word}")
        more = {} if body is None else {"headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
        status, _, answer = harness.bearer_request(self.url, method, f"{self.list_path}/{name}{tail}", self.token,
                                                   accept=V2023_02, **more)
        return status, json.loads(answer)

    def accept(self, name, vpc, requester=REQUESTER):
        return self.act(name, "accept", {"requesterAccountId": requester, "requesterVpcId": vpc})

    def target(self, requester=REQUESTER):
        return f"{self.list_path}?requesterAccountId={requester}&itemsPerPage=500"

    def list(self, requester=REQUESTER, path=None):
        status, _, body = harness.bearer_request(self.url, "GET", path or self.target(requester), self.token,
                                                 accept=V2024_11 if path else V2023_02)
        assert status == 200, body
        return json.loads(body)["results"]

    def find(self, name, requester=REQUESTER):
        return next((c for c in self.list(requester) if c["name"] == name), None)

    def active(self):
        return [c["name"] for c in self.list(path=f"/api/atlas/v2/groups/{self.group}/streams/"
                                                  "activeVpcPeeringConnections?itemsPerPage=500")]

    def becomes(self, name, local, cloud, seconds=60, requester=REQUESTER):
        def now():
            item = self.find(name, requester)
            return item if item and (item["localStatus"], item["cloudStatus"]) == (local, cloud) else None
        return wait_until(now, f"{name}: {local} {cloud}", seconds, 0.02)

    def timeline(self, name, title, requester=REQUESTER):
        return Timeline(self.url, self.token, self.target(requester), name, title)

    def history(self, name):
        return self.command("connection", "history", name, "--items-per-page", "500")["results"]

    def routes(self):
        """{destination: (peering, state)} of the network's table, as its owner sees it."""
        answer = self.owner(Action="DescribeRouteTables", **{"RouteTableId.1": self.table})
        return {r.findtext("destinationCidrBlock"): (r.findtext("vpcPeeringConnectionId"), r.findtext("state"))
                for r in answer.iterfind(".//routeSet/item") if r.findtext("vpcPeeringConnectionId")}


# ---- the requester's clients -------------------------------------------------------------------------------

class Boto:
    """boto3, as the requester."""

    kind = "boto3"

    def __init__(self, site, region=REGION):
        self.site, (_, key, secret) = site, site.cloud.keys["asker"]
        self.ec2 = clients.aws_client("ec2", site.cloud.url, key, secret, region=region)

    def request(self, block):
        mine = self.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        made = self.ec2.create_vpc_peering_connection(VpcId=mine, PeerOwnerId=ACCEPTER, PeerVpcId=self.site.vpc,
                                                      PeerRegion=REGION)["VpcPeeringConnection"]
        return made["VpcPeeringConnectionId"], mine

    def status(self, name):
        seen = self.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[name])["VpcPeeringConnections"]
        return seen[0]["Status"]["Code"] if seen else None

    def delete(self, name):
        return self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=name)["Return"]


class AwsCommand:
    """The aws command, as the requester."""

    kind = "aws"

    def __init__(self, site, region=REGION):
        self.site, (_, key, secret) = site, site.cloud.keys["asker"]
        beside = pathlib.Path(sys.executable).parent / "aws"
        self.program = str(beside) if beside.exists() else shutil.which("aws")
        self.environment = harness.clean_environment({
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL_EC2": site.cloud.url})

    def run(self, *words):
        done = subprocess.run([self.program, "ec2", *words, "--output", "json"], capture_output=True, text=True,
                              env=self.environment, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def request(self, block):
        mine = self.run("create-vpc", "--cidr-block", block)["Vpc"]["VpcId"]
        made = self.run("create-vpc-peering-connection", "--vpc-id", mine, "--peer-owner-id", ACCEPTER, "--peer-vpc-id",
                        self.site.vpc, "--peer-region", REGION)["VpcPeeringConnection"]
        return made["VpcPeeringConnectionId"], mine

    def status(self, name):
        seen = self.run("describe-vpc-peering-connections", "--vpc-peering-connection-ids", name)
        return seen["VpcPeeringConnections"][0]["Status"]["Code"] if seen["VpcPeeringConnections"] else None

    def delete(self, name):
        return self.run("delete-vpc-peering-connection", "--vpc-peering-connection-id", name)["Return"]


# ---- the accepter's clients: each answers with (status, body as text) ----------------------------------------

class Curl:
    """The commands that the README shows, with HTTP Digest or a bearer token."""

    def __init__(self, site, kind):
        self.site = site
        self.words = ["--header", f"Accept: {V2023_02}"]
        self.words += ["--digest", "--user", ":".join(site.key)] if kind == "digest" else [
            "--header", f"Authorization: Bearer {harness.bearer_token(site.url, *site.account)}"]

    def ask(self, *words):
        status, _, body = clients.curl(*self.words, *words)
        return status, body.decode()

    def names(self):
        status, body = self.ask(self.site.url + self.site.target())
        assert status == 200, body
        return [c["name"] for c in json.loads(body)["results"]]

    def accept(self, name, account, vpc):
        body = json.dumps({"requesterAccountId": account, "requesterVpcId": vpc})
        return self.ask("--request", "POST", "--header", "Content-Type: application/json", "--data", body,
                        f"{self.site.url}{self.site.list_path}/{name}:accept")

    def reject(self, name):
        return self.ask("--request", "POST", f"{self.site.url}{self.site.list_path}/{name}:reject")

    def delete(self, name):
        return self.ask("--request", "DELETE", f"{self.site.url}{self.site.list_path}/{name}")


class Atlas:
    """The requests of `atlas api streams …`, by the same libraries."""

    def __init__(self, site, program, kind):
        self.site = site
        self.client = clients.Client(program, site.url, kind, *(site.key if kind == "digest" else site.account))

    def ask(self, method, tail, **more):
        got = self.client("api", method=method, path=self.site.list_path + tail, version="2023-02-01", model="any",
                          **more)
        return got["status"], got["body"]

    def names(self):
        got = self.client("api", path=self.site.list_path, version="2023-02-01", model="list",
                          q__requesterAccountId=REQUESTER, q__itemsPerPage=500)
        return got["names"]

    def accept(self, name, account, vpc):
        return self.ask("POST", f"/{name}:accept", body=json.dumps({"requesterAccountId": account,
                                                                    "requesterVpcId": vpc}))

    def reject(self, name):
        return self.ask("POST", f"/{name}:reject")

    def delete(self, name):
        return self.ask("DELETE", f"/{name}")


class Sdk:
    """AcceptVpcPeeringConnection and its like of the Atlas Go SDK."""

    def __init__(self, site, program, kind):
        self.site = site
        self.client = clients.Client(program, site.url, kind, *(site.key if kind == "digest" else site.account))

    def ask(self, operation, **more):
        got = self.client(operation, group=self.site.group, **more)
        if got["status"] >= 400:
            assert got["errorCode"] == json.loads(got["body"])["errorCode"], got
        return got["status"], got["body"]

    def names(self):
        return self.client("list", group=self.site.group, requester=REQUESTER, size=500)["names"]

    def accept(self, name, account, vpc):
        return self.ask("accept", name=name, requester=account, vpc=vpc)

    def reject(self, name):
        return self.ask("reject", name=name)

    def delete(self, name):
        return self.ask("delete", name=name)

    def events(self, name):
        """Types of the connection's events as the SDK lists them, newest first."""
        return self.client("events", group=self.site.group, name=name, size=500)["names"]
