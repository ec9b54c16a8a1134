# SPDX-License-Identifier: Apache-2.0
"""The whole life of a team, by the requests of the `atlas` command and by the Atlas Go SDK: organisation, project, service
account, API keys and access lists are made, used, rotated, revoked and deleted, and every step is looked at."""

import base64
import time

import pytest

import harness
from team_life import Atlas, Life, Sdk

STREAMS = "GROUP_STREAM_PROCESSING_OWNER"
LIST, ACCEPT = "listGroupStreamVpcPeeringConnections", "acceptGroupStreamVpcPeeringConnection"


@pytest.fixture(params=["atlas", "sdk"])
def life(request, tmp_path):
    program = request.getfixturevalue("sdk") if request.param == "sdk" else None
    with harness.Dev(tmp_path, "--rate-limit", "off") as dev:
        dev.wait_scanned()
        if program:
            yield Life(dev, lambda *credential: Sdk(program, dev.url, *credential))
        else:
            yield Life(dev, lambda *credential: Atlas(dev.url, *credential))


def test_a_team_from_its_first_day_to_its_last(life):
    team = Team(life)
    team.found()
    team.settle()
    team.open_a_project()
    team.a_robot_accepts()
    team.the_robot_changes_its_secret()
    team.a_token_is_revoked()
    team.the_robot_stays_at_home()
    team.a_key_for_the_project()
    team.the_key_is_replaced()
    team.the_key_stays_at_home()
    team.the_robot_goes()
    team.close()
    print(f"{life.steps} steps; the slowest refusal came {max(team.took) * 1000:.0f} ms after the credential's end")


class Team:
    def __init__(self, life):
        self.life, self.do, self.took = life, life.do, []

    def gone(self, client, operation, since, /, **args):
        took = self.life.refused(client, operation, since, **args)
        self.took.append(took)

    def found(self):
        """An organisation with its first key."""
        got = self.do(self.life.owner, "createOrg", 201, body={"name": "Team+1", "apiKey": {
            "desc": "founder", "roles": ["ORG_OWNER"]}})
        self.org = got["organization"]["id"]
        self.chief = self.life.key(got["apiKey"])
        self.founder = got["apiKey"]
        self.do(self.life.owner, "getOrg", 401, "USER_UNAUTHORIZED", org=self.org)
        assert [o["id"] for o in self.do(self.chief, "listOrgs")["results"]] == [self.org]
        events = self.do(self.chief, "listOrgEvents", org=self.org)["results"]
        assert [e["eventTypeName"] for e in events] == ["API_KEY_CREATED", "ORG_CREATED"]

    def settle(self):
        assert self.do(self.chief, "updateOrg", body={"name": "Team-1"}, org=self.org)["name"] == "Team-1"
        changed = self.do(self.chief, "updateOrgSettings", body={"maxServiceAccountSecretValidityInHours": 720},
                          org=self.org)
        assert changed == self.do(self.chief, "getOrgSettings", org=self.org)
        assert changed["maxServiceAccountSecretValidityInHours"] == 720
        self.do(self.chief, "createOrgServiceAccount", 400, "INVALID_ATTRIBUTE", org=self.org, body={
            "name": "robot", "description": "d", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 721})

    def open_a_project(self):
        made = self.do(self.chief, "createGroup", 201, body={
            "name": "inbox", "orgId": self.org, "clusterCount": 0, "created": "0001-01-01T00:00:00Z"})
        self.group = made["id"]
        assert self.do(self.chief, "getGroupByName", name="inbox") == made
        renamed = self.do(self.chief, "updateGroup", body={"name": "peerings"}, group=self.group)
        assert renamed == {**made, "name": "peerings"} == self.do(self.chief, "getGroup", group=self.group)
        listed = self.do(self.chief, "getOrgGroups", org=self.org)["results"]
        assert [g["id"] for g in listed] == [self.group]
        settings = {**self.do(self.chief, "getGroupSettings", group=self.group), "isDataExplorerEnabled": False}
        assert self.do(self.chief, "updateGroupSettings", body=settings, group=self.group) == settings
        assert self.do(self.chief, "listGroupTeams", group=self.group)["totalCount"] == 0
        assert self.do(self.chief, "getGroupIpAddresses", group=self.group)["services"] == {"clusters": []}
        world = self.life.world  # who runs Peerage gives the project a network
        self.vpc = world.vpc(world.accepter, "10.77.0.0/16")
        self.network = world.command("network", "add", "--project", self.group, "--account", world.accepter, "--region",
                                     world.region, "--vpc", self.vpc, "--mode", "manage")["id"]
        shown = self.do(self.chief, "listGroupContainerAll", group=self.group)["results"]
        assert [c["vpcId"] for c in shown] == [self.vpc]
        one = self.do(self.chief, "getGroupContainer", group=self.group, container=self.network)
        assert one["vpcId"] == self.vpc and one["providerName"] == "AWS"

    def request(self, block):
        """A request of another account."""
        return self.life.world.peer(block, vpc=self.vpc)

    def find(self, who, name):
        rows = self.do(who, LIST, group=self.group, requester=self.life.world.requester)["results"]
        return next((c for c in rows if c["name"] == name), None)

    def listed(self, who, name):
        """As `who` sees it; the chief waits, for each process of a service account mints a token."""
        harness.wait_until(lambda: self.find(self.chief, name), f"{name} to be listed")
        return self.find(who, name)

    def accept(self, who, name):
        seen = self.listed(who, name)
        challenge = {"requesterAccountId": seen["requesterAccountId"], "requesterVpcId": seen["requesterVpcId"]}
        wrong = {**challenge, "requesterVpcId": "vpc-00000000000000000"}
        self.do(who, ACCEPT, 400, "INVALID_ATTRIBUTE", body=wrong, group=self.group, id=name)
        assert self.do(who, ACCEPT, 202, body=challenge, group=self.group, id=name) == {}
        harness.wait_until(lambda: self.find(self.chief, name)["cloudStatus"] == "active", f"{name} to be active")
        assert self.find(who, name)["cloudStatus"] == "active"

    def a_robot_accepts(self):
        """A service account of the organisation, invited into the project, accepts a peering."""
        self.robot = self.do(self.chief, "createOrgServiceAccount", 201, org=self.org, body={
            "name": "robot", "description": "accepts", "roles": ["ORG_MEMBER"], "secretExpiresAfterHours": 720})
        self.client = self.robot["clientId"]
        self.first = self.life.account(self.robot)
        requester = self.life.world.requester
        self.do(self.first, LIST, 401, "NOT_IN_GROUP", group=self.group, requester=requester)
        invited = self.do(self.chief, "inviteGroupServiceAccount", body={"roles": [STREAMS]}, group=self.group,
                          client=self.client)
        assert invited["roles"] == [STREAMS]
        assert self.do(self.chief, "getOrgServiceAccountGroups", org=self.org, client=self.client)["results"] == [
            {"groupId": self.group, "roles": [STREAMS]}]
        self.accept(self.first, self.request("10.81.0.0/16"))
        self.do(self.first, "updateGroup", 401, "USER_UNAUTHORIZED", body={"name": "mine"}, group=self.group)
        changed = self.do(self.chief, "updateOrgServiceAccount", body={"description": "accepts peerings"}, org=self.org,
                          client=self.client)
        assert changed["description"] == "accepts peerings" and "secret" not in changed["secrets"][0]

    def the_robot_changes_its_secret(self):
        """Two secrets side by side, then the old one goes, and what it minted with it."""
        where = {"org": self.org, "client": self.client}
        hours = {"secretExpiresAfterHours": 24}
        second = self.do(self.chief, "createOrgServiceAccountSecret", 201, body=hours, **where)
        self.do(self.chief, "createOrgServiceAccountSecret", 400, "MAX_SECRETS_PER_SERVICE_ACCOUNT_EXCEEDED", body=hours,
                **where)
        self.second = self.life.account(self.robot, second["secret"])
        for who in (self.first, self.second):
            self.do(who, LIST, group=self.group, requester=self.life.world.requester)
        old = self.robot["secrets"][0]["id"]
        end = time.monotonic()
        self.do(self.chief, "deleteOrgServiceAccountSecret", 204, secret=old, **where)
        self.ended(self.first, self.robot["secrets"][0]["secret"], end)
        self.do(self.second, LIST, group=self.group, requester=self.life.world.requester)
        left = self.do(self.chief, "getOrgServiceAccount", **where)["secrets"]
        assert [s["id"] for s in left] == [second["id"]] and "secret" not in left[0]
        self.secret = second["secret"]

    def ended(self, client, secret, since):
        """Neither the old token nor the old secret is of use."""
        if isinstance(client, Atlas):
            self.gone(client, "listOrgs", since)
        with pytest.raises(AssertionError, match="^401"):
            harness.bearer_token(self.life.dev.url, self.client, secret)
        self.took.append(time.monotonic() - since)

    def a_token_is_revoked(self):
        """As logging out does; the account's other token lives on."""
        url, basic = self.life.dev.url, base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        token, other = (harness.bearer_token(url, self.client, self.secret) for _ in range(2))

        def use(which):
            return harness.bearer_request(url, "GET", "/api/atlas/v2/orgs", which, harness.V2023_01)[0]
        assert (use(token), use(other)) == (200, 200)
        status, _, body = harness.request(url, "POST", "/api/oauth/revoke", {
            "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
            f"token={token}&token_type_hint=access_token")
        assert (status, body) == (200, b"")
        assert (use(token), use(other)) == (401, 200)

    def the_robot_stays_at_home(self):
        """Its access list holds it off elsewhere, and lets it back."""
        where = {"org": self.org, "client": self.client}
        self.do(self.chief, "createOrgServiceAccountAccessList", body=[{"cidrBlock": "10.1.0.0/16"}], **where)
        self.do(self.second, "listOrgs", 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST")
        self.do(self.chief, "createOrgServiceAccountAccessList", 400, "INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
                body=[{"cidrBlock": "10.1.0.0/33"}], **where)
        self.do(self.chief, "createOrgServiceAccountAccessList", body=[{"ipAddress": "127.0.0.1"}], **where)
        self.do(self.second, "listOrgs")
        listed = self.do(self.chief, "listOrgServiceAccountAccessList", **where)["results"]
        assert [e["cidrBlock"] for e in listed] == ["10.1.0.0/16", "127.0.0.1/32"]
        for address in ("10.1.0.0/16", "127.0.0.1"):
            self.do(self.chief, "deleteOrgServiceAccountAccessListEntry", 204, address=address, **where)
        self.do(self.second, "listOrgs")

    def a_key_for_the_project(self):
        """A key that is made in the project lists and accepts in it; less of a role, and it reads only."""
        self.key = self.do(self.chief, "createGroupApiKey", body={"desc": "console", "roles": [STREAMS]}, group=self.group)
        self.console = self.life.key(self.key)
        assert self.key["id"] in [k["id"] for k in self.do(self.chief, "listGroupApiKeys", group=self.group)["results"]]
        self.accept(self.console, self.request("10.82.0.0/16"))
        name = self.request("10.83.0.0/16")
        self.listed(self.console, name)
        reader = {"roles": ["GROUP_READ_ONLY"]}
        self.do(self.chief, "updateGroupApiKeyRoles", body=reader, group=self.group, key=self.key["id"])
        refuse = {"group": self.group, "id": name}
        self.do(self.console, "rejectGroupStreamVpcPeeringConnection", 401, "USER_UNAUTHORIZED", **refuse)
        self.do(self.chief, "updateGroupApiKeyRoles", body={"roles": [STREAMS]}, group=self.group, key=self.key["id"])
        assert self.do(self.console, "rejectGroupStreamVpcPeeringConnection", 202, **refuse) == {}

    def the_key_is_replaced(self):
        """The new one works before the old one ends."""
        where = {"org": self.org, "key": self.key["id"]}
        assert self.do(self.chief, "updateOrgApiKey", body={"desc": "old console"}, **where)["desc"] == "old console"
        new = self.do(self.chief, "createOrgApiKey", body={"desc": "console", "roles": ["ORG_MEMBER"]}, org=self.org)
        self.do(self.chief, "addGroupApiKey", 204, body=[{"roles": [STREAMS]}], group=self.group, key=new["id"])
        self.replacement = self.life.key(new)
        requester = self.life.world.requester
        for who in (self.console, self.replacement):
            self.do(who, LIST, group=self.group, requester=requester)
        self.do(self.chief, "removeGroupApiKey", 204, group=self.group, key=self.key["id"])
        self.do(self.console, LIST, 401, "NOT_IN_GROUP", group=self.group, requester=requester)
        end = time.monotonic()
        self.do(self.chief, "deleteOrgApiKey", 204, **where)
        self.gone(self.console, "listOrgs", end)
        self.do(self.chief, "getOrgApiKey", 404, "API_KEY_NOT_FOUND", **where)
        shown = self.do(self.chief, "listOrgApiKeys", org=self.org)["results"]
        assert sorted(k["id"] for k in shown) == sorted([self.founder["id"], new["id"]])
        assert all(k["privateKey"].startswith("********-") for k in shown)
        assert self.life.events(self.chief, "listOrgEvents", self.key["publicKey"], org=self.org) == [
            "API_KEY_CREATED", "API_KEY_DESCRIPTION_CHANGED", "API_KEY_DELETED"]
        assert self.life.events(self.chief, "listGroupEvents", self.key["publicKey"], group=self.group) == [
            "API_KEY_ADDED_TO_GROUP", "API_KEY_ROLES_CHANGED", "API_KEY_ROLES_CHANGED", "API_KEY_REMOVED_FROM_GROUP"]
        self.new = new

    def the_key_stays_at_home(self):
        where = {"org": self.org, "key": self.new["id"]}
        added = self.do(self.chief, "createOrgApiKeyAccessListEntry", body=[{"ipAddress": "10.1.2.3"}], **where)
        assert [e["cidrBlock"] for e in added["results"]] == ["10.1.2.3/32"]
        self.do(self.replacement, "listOrgs", 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST")
        self.do(self.chief, "createOrgApiKeyAccessListEntry", body=[{"cidrBlock": "127.0.0.0/8"}], **where)
        self.do(self.replacement, "listOrgs")
        one = self.do(self.chief, "getOrgApiKeyAccessListEntry", address="10.1.2.3", **where)
        assert one["ipAddress"] == "10.1.2.3"
        assert self.do(self.chief, "listOrgApiKeyAccessListEntries", **where)["totalCount"] == 2
        for address in ("10.1.2.3", "127.0.0.0/8"):
            self.do(self.chief, "deleteOrgApiKeyAccessListEntry", 204, address=address, **where)
        self.do(self.replacement, "listOrgs")

    def the_robot_goes(self):
        where = {"org": self.org, "client": self.client}
        self.do(self.chief, "deleteGroupServiceAccount", 204, group=self.group, client=self.client)
        self.do(self.second, LIST, 401, "NOT_IN_GROUP", group=self.group, requester=self.life.world.requester)
        end = time.monotonic()
        self.do(self.chief, "deleteOrgServiceAccount", 204, **where)
        self.ended(self.second, self.secret, end)
        self.do(self.chief, "getOrgServiceAccount", 404, "SERVICE_ACCOUNT_NOT_FOUND", **where)
        assert self.do(self.chief, "listOrgServiceAccounts", org=self.org)["results"] == []
        assert self.life.events(self.chief, "listOrgEvents", self.client, org=self.org) == [
            "SERVICE_ACCOUNT_CREATED", "SERVICE_ACCOUNT_DETAILS_CHANGED", "SERVICE_ACCOUNT_SECRET_ADDED",
            "SERVICE_ACCOUNT_SECRET_DELETED", "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_ADDED",
            "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_ADDED", "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_DELETED",
            "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_DELETED", "SERVICE_ACCOUNT_DELETED"]

    def close(self):
        """Not while something is in it; then the project, the organisation, and the key that owned it."""
        self.do(self.chief, "deleteGroup", 409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS", group=self.group)
        self.do(self.chief, "deleteOrg", 409, "ORG_NOT_EMPTY", org=self.org)
        self.do(self.chief, "deleteOrgApiKey", 409, "CANNOT_REMOVE_LAST_ORG_OWNER", org=self.org, key=self.founder["id"])
        self.life.world.command("network", "remove", self.network)
        assert self.do(self.chief, "deleteGroup", 202, group=self.group) == {}
        self.do(self.chief, "getGroup", 404, "GROUP_NOT_FOUND", group=self.group)
        end = time.monotonic()
        self.do(self.chief, "deleteOrg", 204, org=self.org)
        self.gone(self.chief, "listOrgs", end)
        self.gone(self.replacement, "listOrgs", end)
