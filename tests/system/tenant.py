# SPDX-License-Identifier: Apache-2.0
"""The demo's organisation as its owner sees it: keys, accounts, secrets and access lists over the API.

Called by: test_credentials.py, test_decisions.py, test_authorization.py. Standard library only. Must never: reach another
host than 127.0.0.1.
"""

import calendar
import json
import time

import harness
from harness import V2023_01
from world import World, raw

SA = "application/vnd.atlas.2024-08-05+json"


class Tenant(World):
    """The demo's organisation, whose owner is the demo's service account."""

    def __init__(self, dev):
        super().__init__(dev)
        self.org = dev["ORG_ID"]
        self.keys, self.accounts = f"/api/atlas/v2/orgs/{self.org}/apiKeys", f"/api/atlas/v2/orgs/{self.org}/serviceAccounts"
        self.group_keys = f"/api/atlas/v2/groups/{self.group}/apiKeys"
        self.group_accounts = f"/api/atlas/v2/groups/{self.group}/serviceAccounts"

    def ask(self, method, target, body=None, status=200, token=None, source="127.0.0.1"):
        accept = SA if "/serviceAccounts" in target else V2023_01
        more = [("Content-Type", accept)] if body is not None else []
        answer = self.get(target, accept, method, token, more, None if body is None else json.dumps(body).encode(),
                          source)
        assert answer.status == status, (method, target, answer.status, answer.body)
        if status == 204:
            assert answer.body == b"" and answer["Content-Length"] is None
            assert answer["Content-Type"] == f"{accept};charset=utf-8"
            return None
        value = answer.json()
        for name in ("privateKey", "secret"):
            self.dev.secrets |= {value[name]} if isinstance(value, dict) and "*" not in value.get(name, "*") else set()
        return value

    def refused(self, method, target, body, status, code, token=None, source="127.0.0.1"):
        value = self.ask(method, target, body, status, token, source)
        assert value["errorCode"] == code, value
        return value

    def make_key(self, *roles, desc="a key", path=None):
        made = self.ask("POST", path or self.keys, {"desc": desc, "roles": list(roles)})
        return made

    def make_account(self, *roles, path=None, hours=24, name="robot"):
        made = self.ask("POST", path or self.accounts, {"name": name, "description": "does things", "roles": list(roles),
                                                        "secretExpiresAfterHours": hours}, 201)
        self.dev.secrets.add(made["secrets"][0]["secret"])
        return made

    def key_works(self, key, path=None):
        path = path or f"/api/atlas/v2/groups/{self.group}"
        return self.digest(path, key["publicKey"], key["privateKey"], V2023_01).status

    def token_of(self, account, secret=None):
        return harness.bearer_token(self.url, account["clientId"], secret or account["secrets"][0]["secret"])

    def mints(self, account, secret):
        try:
            return bool(harness.bearer_token(self.url, account["clientId"], secret))
        except AssertionError:
            return False

    def events(self, resource, org=True):
        path = f"/api/atlas/v2/{'orgs/' + self.org if org else 'groups/' + self.group}/events?itemsPerPage=500"
        found = []
        for e in self.ask("GET", path)["results"]:
            if resource in (e.get("resourceId"), e.get("targetPublicKey")):
                found.append(e["eventTypeName"])
        return found[::-1]


def seconds_of(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def raw_key(world, key, source, method="GET", target=None, body=None):
    """Digest from an address of choice: the status."""
    return keyed(world, key, source, method, target, body).status


def keyed(world, key, source, method="GET", target=None, body=None):
    target = target or f"/api/atlas/v2/groups/{world.group}"
    fields = [("Accept", V2023_01)] + ([("Content-Type", V2023_01)] if body is not None else [])
    text = None if body is None else json.dumps(body).encode()
    first = raw(world.url, method, target, fields, text, source)
    assert first.status == 401
    answer = harness.digest_header(first["WWW-Authenticate"], method, target, key["publicKey"], key["privateKey"])
    return raw(world.url, method, target, [*fields, ("Authorization", answer)], text, source)
