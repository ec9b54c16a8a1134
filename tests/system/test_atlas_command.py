# SPDX-License-Identifier: Apache-2.0
"""The `atlas` command itself, unchanged, manages a team on `peerage dev`: organisation, project, API keys, access lists,
a service account with its secrets, a peering, and events.

$PEERAGE_ATLAS_COMMAND names an `atlas` that was built elsewhere; without it the test is skipped, loudly, and what the
command sends is what test_team_life.py sends.
"""

import json
import os
import subprocess

import pytest

import harness
from world import World

STREAMS = "GROUP_STREAM_PROCESSING_OWNER"


@pytest.fixture
def home(tmp_path):
    program = os.environ.get("PEERAGE_ATLAS_COMMAND")
    if not program:
        pytest.skip("PEERAGE_ATLAS_COMMAND names no `atlas` command: THIS TEST DID NOT RUN")
    with harness.Dev(tmp_path, "--rate-limit", "off") as dev:
        dev.wait_scanned()
        yield dev, Command(program, dev, tmp_path)


class Command:
    def __init__(self, program, dev, folder):
        self.program, self.dev, self.folder = program, dev, folder
        self.user, self.secret = dev["PUBLIC_KEY"], dev["PRIVATE_KEY"]

    def by(self, key):
        other = Command(self.program, self.dev, self.folder)
        other.user, other.secret = key["publicKey"], key["privateKey"]
        self.dev.secrets.add(other.secret)
        return other

    def run(self, *words):
        """Its exit code, and what it wrote."""
        env = harness.clean_environment({
            "HOME": str(self.folder), "DO_NOT_TRACK": "1", "MONGODB_ATLAS_SKIP_UPDATE_CHECK": "yes",
            "MONGODB_ATLAS_OPS_MANAGER_URL": f"{self.dev.url}/", "MONGODB_ATLAS_PUBLIC_API_KEY": self.user,
            "MONGODB_ATLAS_PRIVATE_API_KEY": self.secret})
        done = subprocess.run([self.program, *words], env=env, cwd=self.folder, capture_output=True, text=True, timeout=120,
                              check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, *words):
        code, out, err = self.run(*words, "-o", "json")
        assert code == 0, (words, out, err)
        return json.loads(out) if out.strip().startswith(("{", "[")) else out

    def tell(self, *words):
        """A command that prints no JSON."""
        code, out, err = self.run(*words)
        assert code == 0, (words, out, err)

    def api(self, tag, operation, body=None, **args):
        """`atlas api`, which prints the answer as it came."""
        words = [w for k, v in args.items() for w in (f"--{k}", v)]
        if body is not None:
            (self.folder / "body.json").write_text(json.dumps(body))
            words += ["--file", str(self.folder / "body.json")]
        code, out, err = self.run("api", tag, operation, *words)
        assert code == 0, (tag, operation, words, out, err)
        return json.loads(out) if out.strip() else None

    def refused(self, code, *words):
        got, out, err = self.run(*words)
        assert got != 0 and code in out + err, (words, out, err)


def test_the_command_manages_a_team(home):
    dev, atlas = home
    world = World(dev)
    made = atlas("organizations", "create", "Team", "--apiKeyDescription", "founder", "--apiKeyRole", "ORG_OWNER",
                 "--ownerId", "0" * 24)  # the command wants one; there are no users
    org, chief = made["organization"]["id"], atlas.by(made["apiKey"])
    assert [o["id"] for o in chief("organizations", "list")["results"]] == [org]
    assert chief("organizations", "describe", org)["name"] == "Team"
    project = chief("projects", "create", "inbox", "--orgId", org)["id"]
    assert [p["id"] for p in chief("projects", "list", "--orgId", org)["results"]] == [project]
    assert chief("projects", "describe", project)["name"] == "inbox"
    chief("projects", "settings", "update", "--projectId", project, "--disableDataExplorer")
    assert chief("projects", "settings", "describe", "--projectId", project)["isDataExplorerEnabled"] is False

    # An API key of the project lists; it is replaced by one of the organisation, which is given the project.
    key = chief("projects", "apiKeys", "create", "--projectId", project, "--desc", "console", "--role", STREAMS)
    console = chief.by(key)
    vpc = world.vpc(world.accepter, "10.77.0.0/16")
    network = world.command("network", "add", "--project", project, "--account", world.accepter, "--region", world.region,
                            "--vpc", vpc, "--mode", "manage")["id"]
    name = world.peer("10.81.0.0/16", vpc=vpc)

    def find():
        listed = console.api("streams", "getVpcPeeringConnections", groupId=project, requesterAccountId=world.requester)
        return next((c for c in listed["results"] if c["name"] == name), None)
    seen = harness.wait_until(find, "the peering to be listed")
    console.api("streams", "acceptVpcPeeringConnection", groupId=project, id=name, body={
        "requesterAccountId": seen["requesterAccountId"], "requesterVpcId": seen["requesterVpcId"]})
    harness.wait_until(lambda: find()["cloudStatus"] == "active", "the peering to be active")
    new = chief("organizations", "apiKeys", "create", "--orgId", org, "--desc", "console", "--role", "ORG_MEMBER")
    chief("projects", "apiKeys", "assign", new["id"], "--projectId", project, "--role", STREAMS)
    replacement = chief.by(new)
    assert [p["id"] for p in replacement("projects", "list")["results"]] == [project]
    chief.tell("projects", "apiKeys", "delete", key["id"], "--projectId", project, "--force")
    console.refused("NOT_IN_GROUP", "projects", "describe", project)
    chief.tell("organizations", "apiKeys", "delete", key["id"], "--orgId", org, "--force")
    assert console.run("organizations", "list")[0] != 0
    assert key["id"] not in [k["id"] for k in chief("organizations", "apiKeys", "list", "--orgId", org)["results"]]
    assert chief("organizations", "apiKeys", "assign", new["id"], "--orgId", org, "--desc", "renamed", "--role",
                 "ORG_MEMBER")["desc"] == "renamed"

    # Its access list.
    lists = ("organizations", "apiKeys", "accessLists")
    chief(*lists, "create", "--orgId", org, "--apiKey", new["id"], "--ip", "10.1.2.3")
    replacement.refused("IP_ADDRESS_NOT_ON_ACCESS_LIST", "organizations", "list")
    chief(*lists, "create", "--orgId", org, "--apiKey", new["id"], "--cidr", "127.0.0.0/8")
    replacement("organizations", "list")
    assert chief(*lists, "list", new["id"], "--orgId", org)["totalCount"] == 2
    chief.tell(*lists, "delete", "10.1.2.3", "--orgId", org, "--apiKey", new["id"], "--force")

    # A service account, its two secrets and its access list.
    robot = chief.api("serviceAccounts", "createServiceAccount", orgId=org, body={
        "name": "robot", "description": "d", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 24})
    client, first = robot["clientId"], robot["secrets"][0]
    chief.api("serviceAccounts", "addProjectServiceAccount", groupId=project, clientId=client, body={"roles": [STREAMS]})
    second = chief.api("serviceAccounts", "createServiceAccountSecret", orgId=org, clientId=client,
                       body={"secretExpiresAfterHours": 24})
    dev.secrets |= {first["secret"], second["secret"]}
    assert harness.bearer_token(dev.url, client, first["secret"])
    chief.api("serviceAccounts", "deleteServiceAccountSecret", orgId=org, clientId=client, secretId=first["id"])
    with pytest.raises(AssertionError, match="^401"):
        harness.bearer_token(dev.url, client, first["secret"])
    chief.api("serviceAccounts", "createServiceAccountAccessList", orgId=org, clientId=client,
              body=[{"cidrBlock": "10.0.0.0/8"}])
    token = harness.bearer_token(dev.url, client, second["secret"])
    assert harness.bearer_request(dev.url, "GET", "/api/atlas/v2/orgs", token)[0] == 403
    chief.api("serviceAccounts", "deleteServiceAccount", orgId=org, clientId=client)
    assert harness.bearer_request(dev.url, "GET", "/api/atlas/v2/orgs", token)[0] == 401

    # What was done is told, and all of it is taken away again.
    told = [e["eventTypeName"] for e in chief("events", "organizations", "list", "--orgId", org, "--limit", "500")["results"]]
    assert {"ORG_CREATED", "API_KEY_CREATED", "API_KEY_DELETED", "SERVICE_ACCOUNT_SECRET_ADDED",
            "SERVICE_ACCOUNT_DELETED"} <= set(told)
    assert chief("events", "projects", "list", "--projectId", project)["results"]
    chief.refused("CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS", "projects", "delete", project, "--force")
    world.command("network", "remove", network)
    chief.tell("projects", "delete", project, "--force")
    chief.tell("organizations", "delete", org, "--force")
    assert chief.run("organizations", "list")[0] != 0
