# SPDX-License-Identifier: Apache-2.0
"""The life of one team, told once in operations of the Atlas Admin API, and the two clients that can live it: the
requests of the `atlas` command, and the Atlas Go SDK.

Called by: test_team_life.py. Standard library only. Must never: reach another host than 127.0.0.1.
"""

import json
import time
import urllib.parse

import clients
import harness
from tenancy import Reply
from world import World

AGENT = "atlascli/1.57.0 (linux;amd64;native)"
ORG, GROUP = "/api/atlas/v2/orgs", "/api/atlas/v2/groups"
KEYS, GROUP_KEYS = f"{ORG}/{{org}}/apiKeys", f"{GROUP}/{{group}}/apiKeys"
ACCOUNTS, GROUP_ACCOUNTS = f"{ORG}/{{org}}/serviceAccounts", f"{GROUP}/{{group}}/serviceAccounts"
PEERINGS = f"{GROUP}/{{group}}/streams/vpcPeeringConnections"
PAGE = {"includeCount": "true", "itemsPerPage": "100", "pageNum": "1"}
MOST = {"includeCount": "true", "itemsPerPage": "500", "pageNum": "1"}
V23, V24 = "2023-01-01", "2024-08-05"

# operationId: method, path, version that the command asks for, query that it sends.
OPERATIONS = {
    "listOrgs": ("GET", ORG, V23, PAGE), "createOrg": ("POST", ORG, V23, {}), "getOrg": ("GET", f"{ORG}/{{org}}", V23, {}),
    "updateOrg": ("PATCH", f"{ORG}/{{org}}", V23, {}), "deleteOrg": ("DELETE", f"{ORG}/{{org}}", V23, {}),
    "getOrgGroups": ("GET", f"{ORG}/{{org}}/groups", V23, PAGE),
    "getOrgSettings": ("GET", f"{ORG}/{{org}}/settings", V23, {}),
    "updateOrgSettings": ("PATCH", f"{ORG}/{{org}}/settings", V23, {}),
    "listOrgEvents": ("GET", f"{ORG}/{{org}}/events", V23, MOST),
    "createGroup": ("POST", GROUP, V23, {"projectOwnerId": ""}), "getGroup": ("GET", f"{GROUP}/{{group}}", V23, {}),
    "getGroupByName": ("GET", f"{GROUP}/byName/{{name}}", V23, {}),
    "updateGroup": ("PATCH", f"{GROUP}/{{group}}", V23, {}), "deleteGroup": ("DELETE", f"{GROUP}/{{group}}", V23, {}),
    "getGroupSettings": ("GET", f"{GROUP}/{{group}}/settings", V23, {}),
    "updateGroupSettings": ("PATCH", f"{GROUP}/{{group}}/settings", V23, {}),
    "listGroupEvents": ("GET", f"{GROUP}/{{group}}/events", V23, MOST),
    "listGroupContainerAll": ("GET", f"{GROUP}/{{group}}/containers/all", V23, PAGE),
    "getGroupContainer": ("GET", f"{GROUP}/{{group}}/containers/{{container}}", V23, {}),
    "listGroupTeams": ("GET", f"{GROUP}/{{group}}/teams", V23, PAGE),
    "getGroupIpAddresses": ("GET", f"{GROUP}/{{group}}/ipAddresses", V23, {}),
    "listGroupStreamVpcPeeringConnections": ("GET", PEERINGS, "2023-02-01", {**PAGE, "requesterAccountId": "{requester}"}),
    "acceptGroupStreamVpcPeeringConnection": ("POST", f"{PEERINGS}/{{id}}:accept", "2023-02-01", {}),
    "rejectGroupStreamVpcPeeringConnection": ("POST", f"{PEERINGS}/{{id}}:reject", "2023-02-01", {}),
    "listOrgApiKeys": ("GET", KEYS, V23, PAGE), "createOrgApiKey": ("POST", KEYS, V23, {}),
    "getOrgApiKey": ("GET", f"{KEYS}/{{key}}", V23, {}), "updateOrgApiKey": ("PATCH", f"{KEYS}/{{key}}", V23, {}),
    "deleteOrgApiKey": ("DELETE", f"{KEYS}/{{key}}", V23, {}),
    "listOrgApiKeyAccessListEntries": ("GET", f"{KEYS}/{{key}}/accessList", V23, PAGE),
    "createOrgApiKeyAccessListEntry": ("POST", f"{KEYS}/{{key}}/accessList", V23, PAGE),
    "getOrgApiKeyAccessListEntry": ("GET", f"{KEYS}/{{key}}/accessList/{{address}}", V23, {}),
    "deleteOrgApiKeyAccessListEntry": ("DELETE", f"{KEYS}/{{key}}/accessList/{{address}}", V23, {}),
    "listGroupApiKeys": ("GET", GROUP_KEYS, V23, PAGE), "createGroupApiKey": ("POST", GROUP_KEYS, V23, {}),
    "addGroupApiKey": ("POST", f"{GROUP_KEYS}/{{key}}", V23, {}),
    "updateGroupApiKeyRoles": ("PATCH", f"{GROUP_KEYS}/{{key}}", V23, PAGE),
    "removeGroupApiKey": ("DELETE", f"{GROUP_KEYS}/{{key}}", V23, {}),
    "listOrgServiceAccounts": ("GET", ACCOUNTS, V24, {"itemsPerPage": "100", "pageNum": "1"}),
    "createOrgServiceAccount": ("POST", ACCOUNTS, V24, {}),
    "getOrgServiceAccount": ("GET", f"{ACCOUNTS}/{{client}}", V24, {}),
    "updateOrgServiceAccount": ("PATCH", f"{ACCOUNTS}/{{client}}", V24, {}),
    "deleteOrgServiceAccount": ("DELETE", f"{ACCOUNTS}/{{client}}", V24, {}),
    "createOrgServiceAccountSecret": ("POST", f"{ACCOUNTS}/{{client}}/secrets", V24, {}),
    "deleteOrgServiceAccountSecret": ("DELETE", f"{ACCOUNTS}/{{client}}/secrets/{{secret}}", V24, {}),
    "getOrgServiceAccountGroups": ("GET", f"{ACCOUNTS}/{{client}}/groups", V24, {"itemsPerPage": "100", "pageNum": "1"}),
    "createOrgServiceAccountAccessList": ("POST", f"{ACCOUNTS}/{{client}}/accessList", V24, PAGE),
    "listOrgServiceAccountAccessList": ("GET", f"{ACCOUNTS}/{{client}}/accessList", V24, PAGE),
    "deleteOrgServiceAccountAccessListEntry": ("DELETE", f"{ACCOUNTS}/{{client}}/accessList/{{address}}", V24, {}),
    "inviteGroupServiceAccount": ("POST", f"{GROUP_ACCOUNTS}/{{client}}:invite", V24, {}),
    "getGroupServiceAccount": ("GET", f"{GROUP_ACCOUNTS}/{{client}}", V24, {}),
    "deleteGroupServiceAccount": ("DELETE", f"{GROUP_ACCOUNTS}/{{client}}", V24, {}),
}


# ---- two clients -------------------------------------------------------------------------------------------

class Atlas:
    """The `atlas` command with one credential: header for header, a body in chunks, sent again after the challenge. Of a
    service account it keeps the token, as its profile does."""

    name = "atlas"

    def __init__(self, url, kind, user, secret):
        self.url, self.kind, self.user, self.secret, self.token = url, kind, user, secret, None

    def __call__(self, operation, /, body=None, **args):
        method, path, version, query = OPERATIONS[operation]
        target = path.format(**{k: urllib.parse.quote(v, safe="") for k, v in args.items()})
        words = {k: v.format(**args) for k, v in query.items()}
        target += "?" + urllib.parse.urlencode(sorted(words.items())) if words else ""
        accept = f"application/vnd.atlas.{version}+json"
        headers = {"User-Agent": AGENT, "Accept": accept, **({} if body is None else {"Content-Type": accept}),
                   "Accept-Encoding": "gzip"}
        chunks = None if body is None else [json.dumps(body, separators=(",", ":")).encode()]
        if self.kind == "digest":
            answer = harness.request(self.url, method, target, headers, chunks)
            assert answer[0] == 401, answer
            headers["Authorization"] = harness.digest_header(answer[1]["www-authenticate"], method, target, self.user,
                                                             self.secret)
        else:
            self.token = self.token or harness.bearer_token(self.url, self.user, self.secret)
            headers["Authorization"] = f"Bearer {self.token}"
        return Reply(*harness.request(self.url, method, target, headers, chunks))


class Sdk:
    """The Atlas Go SDK with one credential. It mints a token each time: a client is a process of its own."""

    name = "sdk"

    def __init__(self, program, url, kind, user, secret):
        self.client = clients.Client(program, url, kind, user, secret)

    def __call__(self, operation, /, body=None, **args):
        line = self.client(operation, **args, **({} if body is None else {"body": json.dumps(body)}))
        headers = {k.lower(): v[0] for k, v in (line.get("headers") or {}).items()}
        answer = Reply(line["status"], headers, line.get("body", "").encode())
        if answer.status >= 400 and answer.code and answer.status != 401:
            assert line["errorCode"] == answer.code, line
        return answer


# ---- the life ----------------------------------------------------------------------------------------------

class Life:
    """login(kind, user, secret) gives a client. Each step of it is an operation with the status that must come of it."""

    def __init__(self, dev, login):
        self.dev, self.login, self.world, self.steps = dev, login, World(dev), 0
        self.owner = login("digest", dev["PUBLIC_KEY"], dev["PRIVATE_KEY"])

    def do(self, client, operation, /, status=200, code=None, body=None, **args):
        answer = client(operation, body, **args)
        self.steps += 1
        assert (answer.status, answer.code) == (status, code), (operation, args, answer)
        if answer.status == 204:
            assert answer.body == b"", answer
            return None
        value = answer.json()
        for found in (value, value.get("apiKey") or {}, *(value.get("secrets") or ())):
            for name in ("privateKey", "secret"):
                if "*" not in found.get(name, "*"):
                    self.dev.secrets.add(found[name])
        return value

    def refused(self, client, operation, since, /, **args):
        """A credential that ended is refused by the very next request. How long after `since` its answer came."""
        answer = client(operation, **args)
        assert answer.status == 401 and answer.code is None, answer
        self.steps += 1
        return time.monotonic() - since

    def key(self, made):
        return self.login("digest", made["publicKey"], made["privateKey"])

    def account(self, made, secret=None):
        return self.login("oauth", made["clientId"], secret or made["secrets"][0]["secret"])

    def events(self, client, scope, about, /, **args):
        """Types of the events about something, oldest first."""
        listed = self.do(client, scope, **args)["results"]
        return [e["eventTypeName"] for e in listed if about in (e.get("resourceId"), e.get("targetPublicKey"))][::-1]
