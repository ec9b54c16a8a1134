# SPDX-License-Identifier: Apache-2.0
"""An EC2 and STS endpoint that answers wrongly on purpose.

Called by: tests/system (in a thread), or by hand: hostile_ec2.py CASE. Must never: listen beyond 127.0.0.1.
Each case is a function (request) -> raw bytes, or a generator of chunks; GetCallerIdentity is answered honestly unless
the case says otherwise, so that the list is what is tested.
"""

import socket
import socketserver
import sys
import threading
import time
import urllib.parse

ACCOUNT = "111111111111"


def reply(body, status="200 OK", headers=(), length=None):
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return ("\r\n".join([*head, *headers]) + "\r\n\r\n").encode() + body


def identity(account=ACCOUNT):
    return reply(
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>arn:aws:iam::{account}:user/u</Arn><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def item(name, owner=ACCOUNT, status="active"):
    return (
        f"<item><vpcPeeringConnectionId>{name}</vpcPeeringConnectionId><accepterVpcInfo><ownerId>{owner}</ownerId>"
        f"<vpcId>vpc-11111111</vpcId><region>us-east-1</region></accepterVpcInfo><status><code>{status}</code></status>"
        "</item>"
    )


def page(items, token=""):
    token = f"<nextToken>{token}</nextToken>" if token else ""
    return (
        f"<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet>{''.join(items)}</vpcPeeringConnectionSet>"
        f"{token}</DescribeVpcPeeringConnectionsResponse>"
    )


def error(code, status, headers=()):
    return reply(
        f"<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID>"
        "</Response>",
        status,
        headers,
    )


def laughs():
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
    return f"<?xml version='1.0'?><!DOCTYPE lolz [{''.join(lines)}]><lolz>&l9;</lolz>"


def drip(_request):
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b"x"


def huge(_request):
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    while True:
        yield chunk


def endless_headers(_request):
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Filler: " + b"y" * 1000 + b"\r\n"


def pages(request):
    token = request.get("NextToken", ["0"])[0]
    n = int(token)
    if n == 2:
        return reply(page([item("pcx-00000000", status="deleted")]))
    return reply(page([item("pcx-00000000"), item(f"pcx-{n + 1:08x}")], str(n + 1)))


def loop(request):
    return reply(page([item("pcx-00000000")], "again"))


def long_loop(request):
    n = int(request.get("NextToken", ["0"])[0])
    return reply(page([item(f"pcx-{n:08x}")], str(n + 1)))


CASES = {
    "html": lambda r: reply("<!DOCTYPE html><html><body>Welcome to the hotel</body></html>"),
    "html-403": lambda r: reply("<html><body>blocked</body></html>", "403 Forbidden"),
    "html-502": lambda r: reply("<html><body>bad gateway</body></html>", "502 Bad Gateway"),
    "empty-200": lambda r: reply(""),
    "truncated-xml": lambda r: reply(page([item("pcx-00000000")])[:-40]),
    "truncated-body": lambda r: reply(page([item("pcx-00000000")]), length=100000),
    "short-length": lambda r: reply(page([item("pcx-00000000")]), length=50),
    "huge": huge,
    "huge-length": lambda r: reply("", length=17 * 1024 * 1024),
    "many-nodes": lambda r: reply("<DescribeVpcPeeringConnectionsResponse>" + "<a/>" * 600000),
    "deep": lambda r: reply("<a>" * 100000),
    "laughs": lambda r: reply(laughs()),
    "external-entity": lambda r: reply(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    ),
    "throttle": lambda r: error("RequestLimitExceeded", "503 Service Unavailable", ("x-amz-retry-after: 1",)),
    "unavailable": lambda r: error("Unavailable", "503 Service Unavailable"),
    "drip": drip,
    "silent": lambda r: time.sleep(30) or b"",
    "reset": lambda r: None,
    "endless-headers": endless_headers,
    "not-http": lambda r: b"SSH-2.0-OpenSSH_9.2\r\n",
    "http-0.9": lambda r: b"<html>old</html>",
    "nul-bytes": lambda r: reply(b"\0" * 1000),
    "bad-utf8": lambda r: reply(b"<DescribeVpcPeeringConnectionsResponse><a>\xff\xfe</a>"),
    "wrong-root": lambda r: reply("<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"),
    "error-in-200": lambda r: error("UnauthorizedOperation", "200 OK"),
    "redirect": lambda r: reply("", "302 Found", ("Location: http://127.0.0.1:1/",)),
    "denied": lambda r: error("UnauthorizedOperation", "403 Forbidden"),
    "refused": lambda r: error("AuthFailure", "401 Unauthorized"),
    "foreign": lambda r: reply(
        page([item("pcx-00000001", owner="999999999999"), item("pcx-00000002"), item("nonsense"), "<item/>"])
    ),
    "pages": pages,
    "loop": loop,
    "long-loop": long_loop,
    "long-token": lambda r: reply(page([item("pcx-00000000")], "t" * 5000)),
    "retry-for-ever": lambda r: error(
        "RequestLimitExceeded", "503 Slow Down", ("x-amz-retry-after: 99999999", "Retry-After: 86400")
    ),
}


class Handler(socketserver.BaseRequestHandler):
    def read_request(self):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.request.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            more = self.request.recv(65536)
            if not more:
                return None
            body += more
        return urllib.parse.parse_qs(body.decode())

    def handle(self):
        self.request.settimeout(40)
        request = self.read_request()
        if request is None:
            return
        server = self.server
        with server.lock:
            server.calls.append(request.get("Action", ["?"])[0])
        if request.get("Action") == ["GetCallerIdentity"]:
            answer = identity()
        else:
            answer = CASES[server.case](request)
        if answer is None:  # a reset, not an orderly end
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        try:
            for chunk in [answer] if isinstance(answer, bytes) else answer:
                self.request.sendall(chunk)
        except OSError:
            pass  # the client had enough


class HostileEc2(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, case):
        super().__init__(("127.0.0.1", 0), Handler)
        self.case = case
        self.calls = []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    with HostileEc2(sys.argv[1]) as hostile:
        print(hostile.url, flush=True)
        threading.Event().wait()
