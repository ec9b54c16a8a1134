# SPDX-License-Identifier: Apache-2.0
"""What the contract tests stand on: raw exchanges that keep every byte, and a demo with a second project, keys of all
kinds and a signed hand on both sides of the simulated EC2. Standard library only.

Called by: test_contract.py, test_decisions.py, test_oauth.py, test_dev_clients.py. Must never: reach another host than
127.0.0.1.
"""

import datetime
import hashlib
import hmac
import json
import re
import socket
import urllib.parse
import xml.etree.ElementTree

import harness
import openapi_check
import secret_search
from harness import V2023_01, V2023_02, V2024_11

UNKNOWN_GROUP = "111111111111111111111111"
OLDEST = {"": V2023_01, "streams/vpcPeeringConnections": V2023_02, "streams/activeVpcPeeringConnections": V2024_11,
          "streams/accountDetails": V2024_11}


# ---- raw exchanges -----------------------------------------------------------------------------------------

class Answer:
    """status, reason, fields as [(name, value)] in the order and casing of the wire, body."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = lines[0].split(" ", 2)
        self.status = int(status)
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.body = body

    def __getitem__(self, name):
        values = [v for k, v in self.fields if k.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def names(self):
        return sorted(k for k, _ in self.fields)

    def json(self):
        return json.loads(self.body)


def read_answer(stream, method):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        assert line, f"the connection ended in the head: {head!r}"
        head += line
    answer = Answer(head[:-4], b"")
    length = int(answer["Content-Length"] or 0)
    if method != "HEAD" and length:
        answer.body = stream.read(length)
        assert len(answer.body) == length
    return answer


class Connection:
    """One connection that is kept, so that nothing but the request's own fields shapes the answer."""

    def __init__(self, url, source="127.0.0.1"):
        u = urllib.parse.urlsplit(url)
        self.host = u.netloc
        self.socket = socket.create_connection((u.hostname, u.port), 30, source_address=(source, 0))
        self.stream = self.socket.makefile("rb")

    def ask(self, method, target, fields=(), body=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", *(f"{k}: {v}" for k, v in fields)]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent: the answer is there to be read, or reading fails
        answer = read_answer(self.stream, method)
        secret_search.note_headers(dict(fields))
        secret_search.note_text(answer.body.decode("latin-1"))
        openapi_check.look(method, target, answer.status, {k.lower(): v for k, v in answer.fields}, answer.body)
        return answer

    def close(self):
        self.stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def raw(url, method, target, fields=(), body=None, source="127.0.0.1"):
    with Connection(url, source) as c:
        return c.ask(method, target, fields, body)


# ---- the world ---------------------------------------------------------------------------------------------

class World:
    """A demo, and more around it. get() asks with the demo's bearer token, which spends no challenge."""

    def __init__(self, dev):
        self.dev, self.url, self.group = dev, dev.url, dev["GROUP_ID"]
        self.requester, self.accepter = dev["REQUESTER_ACCOUNT_ID"], dev["ACCEPTER_ACCOUNT_ID"]
        self.region = dev.env["PEERAGE_DEMO_REGION"]
        self.token = harness.bearer_token(dev)
        self.streams = f"/api/atlas/v2/groups/{self.group}/streams"
        self.list_path = f"{self.streams}/vpcPeeringConnections"

    def command(self, *args):
        return json.loads(harness.run(*args, "--data", self.dir, "--json", check=0).stdout)

    @property
    def dir(self):
        return self.dev.dir

    def get(self, target, accept=V2024_11, method="GET", token=None, more=(), body=None, source="127.0.0.1"):
        fields = [("Authorization", f"Bearer {token or self.token}"), *([("Accept", accept)] if accept else []), *more]
        return raw(self.url, method, target, fields, body, source)

    def digest(self, target, user, password, accept=V2024_11, method="GET"):
        with Connection(self.url) as c:
            first = c.ask(method, target, [("Accept", accept)])
            assert first.status == 401
            answer = harness.digest_header(first["WWW-Authenticate"], method, target, user, password)
            return c.ask(method, target, [("Accept", accept), ("Authorization", answer)])

    def list(self, requester=None, query=""):
        return self.get(f"{self.list_path}?requesterAccountId={requester or self.requester}{query}", V2023_02)

    def find(self, name, requester=None):
        """The connection in the list, or None."""
        items = self.list(requester, "&itemsPerPage=500").json()["results"]
        return next((c for c in items if c["name"] == name), None)

    def wait(self, name, check, what, requester=None):
        def now():
            item = self.find(name, requester)
            return item if item and check(item) else None
        return harness.wait_until(now, what)

    def project(self, name):
        return self.command("project", "create", name)["id"]

    def key(self, *roles, project=None):
        words = [w for r in roles for w in ("--role", r)] + ["--project", project or self.group]
        made = self.command("key", "create", *words)
        self.dev.secrets.add(made["privateKey"])
        return made["publicKey"], made["privateKey"]

    # -- the simulated cloud

    def simulator(self, path, value=None, method="POST"):
        status, _, body = harness.request(self.dev["EC2_URL"], method, f"/_ec2sim/{path}",
                                          {"X-Ec2sim-Token": self.dev["EC2SIM_TOKEN"]},
                                          None if value is None else json.dumps(value))
        assert status == 200, body
        return json.loads(body)

    def bulk(self, count, requester, active=False, vpc=None):
        self.simulator("bulk", {"peerings": count, "requesterAccountId": requester, "requesterRegion": self.region,
                                "accepterAccountId": self.accepter, "accepterRegion": self.region,
                                "accepterVpcId": vpc or self.dev["ACCEPTER_VPC_ID"], "active": active})

    def vpc(self, account, *blocks):
        wanted = {"accountId": account, "region": self.region, "cidrBlocks": list(blocks)}
        return self.simulator("vpcs", wanted)["vpcId"]

    def ec2(self, side, action, **params):
        """A signed call as the requester or the accepter: the answer's XML without namespaces."""
        key = self.dev[f"{side}_ACCESS_KEY_ID"], self.dev[f"{side}_SECRET_ACCESS_KEY"]
        return ec2_call(self.dev["EC2_URL"], self.region, *key, {"Action": action, "Version": "2016-11-15", **params})

    def peer(self, *blocks, vpc=None):
        """A new request from the demo's other account: its name."""
        mine = self.vpc(self.requester, *blocks)
        made = self.ec2("REQUESTER", "CreateVpcPeeringConnection", VpcId=mine, PeerOwnerId=self.accepter,
                        PeerVpcId=vpc or self.dev["ACCEPTER_VPC_ID"])
        return made.findtext(".//vpcPeeringConnectionId")


def ec2_call(url, region, key, secret, params):
    """POST with Signature Version 4, as its document describes it."""
    body = urllib.parse.urlencode(sorted(params.items()), quote_via=urllib.parse.quote, safe="-_.~")
    host, now = urllib.parse.urlsplit(url).netloc, datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    canonical = "\n".join(["POST", "/", "", f"content-type:{kind}", f"host:{host}", f"x-amz-date:{stamp}", "",
                           "content-type;host;x-amz-date", hashlib.sha256(body.encode()).hexdigest()])
    scope = f"{day}/{region}/ec2/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
    status, _, answer = harness.request(url, "POST", "/", {
        "Content-Type": kind, "X-Amz-Date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
                         f"SignedHeaders=content-type;host;x-amz-date, Signature={mac.hex()}"}, body)
    assert status == 200, answer
    return xml.etree.ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", answer, count=1))


def error_body(status, code, detail, parameters, reason):
    """The bytes of an error as recorded: compact, keys in alphabetical order."""
    return json.dumps({"detail": detail, "error": status, "errorCode": code, "parameters": parameters,
                       "reason": reason}, separators=(",", ":"), ensure_ascii=False).encode()
