# SPDX-License-Identifier: Apache-2.0
"""Raw requests by RFC section, each with the outcomes that are right, and a runner for any server.

Used by test_http_conformance.py, and by hand:
    python3 tests/system/http_cases.py 127.0.0.1:8080 [--json] [--only ID]
    python3 tests/system/http_cases.py --compare [ECHO_SERVER]     ours beside nginx, as a table

Levels: MUST and SHOULD say what the RFC says of the recipient. STRICT is where the RFC allows tolerance and this
project refuses, because two programs in a row may repair differently. Standard library only.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from harness import free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Statuses that a server gives when it refuses the message itself, not what the message asks for.
REFUSALS = {400, 408, 411, 413, 414, 417, 421, 426, 431, 501, 505}


class Outcome:
    """What may come back. Each alternative: (accepted, refused statuses or None, closed or None)."""

    def __init__(self, *alternatives, body=None):
        self.alternatives = alternatives
        self.body = body

    def __or__(self, other):
        return Outcome(*self.alternatives, *other.alternatives, body=self.body or other.body)


def ok(n=1, closed=False, body=None):
    """n responses, none of them a refusal; then the connection stays open (or is closed)."""
    return Outcome((n, None, closed), body=body)


def refuse(*statuses, after=0):
    """`after` good responses, then exactly one refusal, then the end of the connection."""
    return Outcome((after, set(statuses) or {400}, True))


def drop(after=0):
    """The connection ends without a word."""
    return Outcome((after, None, True))


def wait():
    """The message is not whole: nothing comes, and the connection stays."""
    return Outcome((0, None, False))


CASES = []


def case(ident, section, level, raw, outcome, **more):
    assert level in ("MUST", "SHOULD", "STRICT"), level
    assert all(c["id"] != ident for c in CASES), ident
    CASES.append(dict(id=ident, section=section, level=level, raw=raw, outcome=outcome, **more))


L = b"GET / HTTP/1.1\r\n"
H = b"Host: a\r\n"
E = b"\r\n"
# Follows everything: a server that misjudges the end of a message answers one request too many or too few.
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"


def get(fields):
    return L + H + fields + E + NEXT


def post(fields, body):
    return POST + fields + E + body + NEXT


def chunked(body):
    return post(TE, body)


# ---- message format: RFC 9112 2.1, 2.2
case("get", "9112 2.1", "MUST", L + H + E, ok())
case("two-in-a-row", "9112 9.3.2", "MUST", L + H + E + NEXT, ok(2))
case("twenty-in-a-row", "9112 9.3.2", "MUST", (L + H + E) * 20, ok(20))
case("leading-crlf", "9112 2.2", "SHOULD", E + L + H + E + NEXT, ok(2))
case("crlf-between", "9112 2.2", "SHOULD", L + H + E + E + NEXT, ok(2))
case("bare-lf-request-line", "9112 2.2", "STRICT", b"GET / HTTP/1.1\n" + H + E + NEXT, refuse(400))
case("bare-lf-header", "9112 2.2", "STRICT", L + b"Host: a\n" + E + NEXT, refuse(400))
case("bare-lf-all", "9112 2.2", "STRICT", b"GET / HTTP/1.1\nHost: a\n\n", refuse(400))
case("bare-lf-end", "9112 2.2", "STRICT", L + H + b"\n" + NEXT, refuse(400))
case("bare-cr-request-line", "9112 2.2", "STRICT", b"GET / HTTP/1.1\r" + H + E, refuse(400))
case("bare-cr-target", "9112 2.2", "MUST", b"GET /\rx HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("bare-cr-name", "9112 2.2", "STRICT", get(b"X\rY: z\r\n"), refuse(400))
case("bare-cr-value", "9112 2.2", "STRICT", get(b"X: y\rz\r\n"), refuse(400))
case("cr-cr-lf", "9112 2.2", "STRICT", get(b"X: y\r\r\n"), refuse(400))
case("space-before-first-header", "9112 2.2", "STRICT", L + b" X: y\r\n" + H + E + NEXT, refuse(400))
case("tab-before-first-header", "9112 2.2", "STRICT", L + b"\tX: y\r\n" + H + E + NEXT, refuse(400))
case("tls-hello", "9112 2.2", "SHOULD", bytes.fromhex("16030100c8010000c40303") + b"\0" * 64, refuse(400) | drop())
case("garbage", "9112 2.2", "SHOULD", bytes(range(128, 160)) + E + E, refuse(400) | drop())
case("nul-first", "9112 2.2", "SHOULD", b"\0" + L + H + E, refuse(400) | drop())
case("half-head", "9112 2.1", "MUST", L + H, wait())
case("half-line", "9112 2.1", "MUST", b"GET / HT", wait())

# ---- request line: RFC 9112 3
case("no-version", "9112 3", "STRICT", b"GET /\r\n" + H + E + NEXT, refuse(400) | drop())
case("http-0.9", "9112 3", "STRICT", b"GET /\r\n", refuse(400, 505) | drop())
case("method-only", "9112 3", "SHOULD", b"GET\r\n" + H + E, refuse(400))
case("empty-target", "9112 3", "SHOULD", b"GET  HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("two-spaces-1", "9112 3", "STRICT", b"GET  / HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("two-spaces-2", "9112 3", "STRICT", b"GET /  HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("tab-between", "9112 3", "STRICT", b"GET\t/ HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("vt-between", "9112 3", "STRICT", b"GET\x0b/ HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("space-after-version", "9112 3", "STRICT", b"GET / HTTP/1.1 \r\n" + H + E + NEXT, refuse(400))
case("space-in-target", "9112 3.2", "SHOULD", b"GET /a b HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("words-after-version", "9112 3", "SHOULD", b"GET / HTTP/1.1 x\r\n" + H + E + NEXT, refuse(400))
case("leading-space", "9112 3", "SHOULD", b" GET / HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("method-delimiter", "9110 9.1", "SHOULD", b"G(T / HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("method-nul", "9110 9.1", "SHOULD", b"GE\0T / HTTP/1.1\r\n" + H + E + NEXT, refuse(400) | drop())
case("method-obs-text", "9110 9.1", "SHOULD", b"GE\xc9 / HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("method-unknown", "9110 9.1", "SHOULD", b"FROB / HTTP/1.1\r\n" + H + E, ok() | refuse(400, 501, 405) |
     Outcome((0, {405, 501}, False)))
case("method-huge", "9112 3", "SHOULD", b"G" * 70000 + b" / HTTP/1.1\r\n" + H + E, refuse(400, 414, 431, 501) | drop())
case("connect-authority", "9110 9.3.6", "SHOULD", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
     refuse(400, 405, 501))
case("connect-path", "9112 3.2.3", "SHOULD", b"CONNECT / HTTP/1.1\r\n" + H + E, refuse(400, 405, 501))

# ---- request target: RFC 9112 3.2, RFC 3986
case("query", "9112 3.2.1", "MUST", b"GET /a/b?c=d&e=%20 HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("all-path-characters", "3986 3.3", "MUST", b"GET /-._~!$&'()*+,;=:@aZ09%2F?/? HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("long-but-fair-target", "9112 3", "SHOULD", b"GET /" + b"a" * 7900 + b" HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("target-too-long", "9110 15.5.15", "SHOULD", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + H + E, refuse(414))
case("absolute", "9112 3.2.2", "MUST", b"GET http://a/x HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("absolute-other-host", "9112 3.2.2", "MUST", b"GET http://b/x HTTP/1.1\r\n" + H + E + NEXT,
     ok(2) | refuse(400, 421))
case("absolute-upper-scheme", "9110 4.2.3", "MUST", b"GET HTTP://a/x HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("absolute-no-path", "9110 4.2.3", "MUST", b"GET http://a HTTP/1.1\r\n" + H + E + NEXT, ok(2))
case("absolute-no-host", "9112 3.2", "MUST", b"GET http://a/x HTTP/1.1\r\n\r\n" + NEXT, refuse(400))
case("absolute-empty-authority", "9110 4.2.1", "MUST", b"GET http:///x HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("absolute-userinfo", "9110 4.2.4", "STRICT", b"GET http://u:p@a/ HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("absolute-bad-port", "3986 3.2.3", "SHOULD", b"GET http://a:x/ HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("absolute-ftp", "9112 3.2.2", "STRICT", b"GET ftp://a/ HTTP/1.1\r\n" + H + E + NEXT, refuse(400, 421, 501))
case("authority-form-get", "9112 3.2.3", "STRICT", b"GET a:80 HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("asterisk-options", "9112 3.2.4", "SHOULD", b"OPTIONS * HTTP/1.1\r\n" + H + E, ok() | Outcome((0, {405}, False)))
case("asterisk-get", "9112 3.2.4", "STRICT", b"GET * HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("relative-target", "9112 3.2", "SHOULD", b"GET a/b HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("fragment", "9112 3.2", "STRICT", b"GET /#a HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-nul", "3986 2", "STRICT", b"GET /\0 HTTP/1.1\r\n" + H + E + NEXT, refuse(400) | drop())
case("target-control", "3986 2", "STRICT", b"GET /\x01 HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-tab", "3986 2", "STRICT", b"GET /\tx HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-del", "3986 2", "STRICT", b"GET /\x7f HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-utf8", "3986 2", "STRICT", b"GET /\xc3\xa9 HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-quote", "3986 2", "STRICT", b"GET /\" HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-angle", "3986 2", "STRICT", b"GET /<x> HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-backslash", "3986 2", "STRICT", b"GET /\\ HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-bad-escape", "3986 2.1", "STRICT", b"GET /%zz HTTP/1.1\r\n" + H + E + NEXT, refuse(400))
case("target-short-escape", "3986 2.1", "STRICT", b"GET /%2 HTTP/1.1\r\n" + H + E + NEXT, refuse(400))

# ---- version: RFC 9110 2.5, RFC 9112 2.3
case("version-lower-case", "9112 2.3", "MUST", b"GET / http/1.1\r\n" + H + E + NEXT, refuse(400, 505))
case("version-2.0", "9110 15.6.6", "SHOULD", b"GET / HTTP/2.0\r\n" + H + E + NEXT, refuse(505))
case("version-3.0", "9110 15.6.6", "SHOULD", b"GET / HTTP/3.0\r\n" + H + E + NEXT, refuse(505))
case("version-0.9-named", "9110 15.6.6", "STRICT", b"GET / HTTP/0.9\r\n" + H + E + NEXT, refuse(400, 505))
case("version-1.2", "9110 2.5", "SHOULD", b"GET / HTTP/1.2\r\n" + H + E + NEXT, ok(2) | refuse(505))
case("version-two-digits", "9112 2.3", "SHOULD", b"GET / HTTP/1.10\r\n" + H + E + NEXT, refuse(400, 505))
case("version-no-minor", "9112 2.3", "SHOULD", b"GET / HTTP/1\r\n" + H + E + NEXT, refuse(400, 505))
case("version-comma", "9112 2.3", "SHOULD", b"GET / HTTP/1,1\r\n" + H + E + NEXT, refuse(400, 505))
case("version-other-name", "9112 2.3", "SHOULD", b"GET / HTTQ/1.1\r\n" + H + E + NEXT, refuse(400, 505))
case("version-space-inside", "9112 2.3", "SHOULD", b"GET / HTTP/ 1.1\r\n" + H + E + NEXT, refuse(400, 505))
case("http2-preface", "9113 3.4", "SHOULD", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refuse(400, 405, 505) | drop())
case("1.0-closes", "9112 9.3", "MUST", b"GET / HTTP/1.0\r\n" + H + E + NEXT, ok(1, closed=True))
case("1.0-without-host", "9112 3.2", "MUST", b"GET / HTTP/1.0\r\n\r\n", ok(1, closed=True))
case("1.0-keep-alive", "9112 9.3", "SHOULD", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + NEXT,
     ok(2) | ok(1, closed=True))

# ---- Host: RFC 9112 3.2, RFC 9110 7.2
case("host-missing", "9112 3.2", "MUST", L + E + NEXT, refuse(400))
case("host-twice-same", "9112 3.2", "MUST", L + H + H + E + NEXT, refuse(400))
case("host-twice-other", "9112 3.2", "MUST", L + H + b"Host: b\r\n" + E + NEXT, refuse(400))
case("host-twice-1.0", "9112 3.2", "SHOULD", b"GET / HTTP/1.0\r\n" + H + b"Host: b\r\n\r\n", refuse(400))
case("host-port", "9110 7.2", "MUST", L + b"Host: a:8080\r\n" + E + NEXT, ok(2))
case("host-ipv6", "9110 7.2", "MUST", L + b"Host: [::1]:80\r\n" + E + NEXT, ok(2))
case("host-ipv4", "9110 7.2", "MUST", L + b"Host: 127.0.0.1\r\n" + E + NEXT, ok(2))
case("host-name-case", "9110 5.1", "MUST", L + b"hOST: a\r\n" + E + NEXT, ok(2))
case("host-empty", "9110 4.2.1", "STRICT", L + b"Host:\r\n" + E + NEXT, refuse(400))
case("host-path", "9112 3.2", "MUST", L + b"Host: a/b\r\n" + E + NEXT, refuse(400))
case("host-userinfo", "9112 3.2", "MUST", L + b"Host: u@a\r\n" + E + NEXT, refuse(400))
case("host-space", "9112 3.2", "MUST", L + b"Host: a b\r\n" + E + NEXT, refuse(400))
case("host-list", "9112 3.2", "MUST", L + b"Host: a, b\r\n" + E + NEXT, refuse(400))
case("host-control", "9112 3.2", "MUST", L + b"Host: a\x01\r\n" + E + NEXT, refuse(400))
case("host-bad-port", "9112 3.2", "MUST", L + b"Host: a:b\r\n" + E + NEXT, refuse(400))
case("host-big-port", "9112 3.2", "STRICT", L + b"Host: a:99999\r\n" + E + NEXT, refuse(400))
case("host-question", "9112 3.2", "MUST", L + b"Host: a?x\r\n" + E + NEXT, refuse(400))
case("host-unclosed-ipv6", "9112 3.2", "MUST", L + b"Host: [::1\r\n" + E + NEXT, refuse(400))
case("host-space-before-colon", "9112 5.1", "MUST", L + b"Host : a\r\n" + E + NEXT, refuse(400))

# ---- fields: RFC 9112 5, RFC 9110 5
case("space-before-colon", "9112 5.1", "MUST", get(b"X : y\r\n"), refuse(400))
case("tab-before-colon", "9112 5.1", "MUST", get(b"X\t: y\r\n"), refuse(400))
case("no-space-after-colon", "9112 5.1", "MUST", get(b"X:y\r\n"), ok(2))
case("much-space-around", "9112 5.1", "MUST", get(b"X: \t y \t \r\n"), ok(2))
case("empty-value", "9110 5.5", "MUST", get(b"X:\r\n"), ok(2))
case("empty-name", "9110 5.1", "SHOULD", get(b": y\r\n"), refuse(400))
case("no-colon", "9112 5", "SHOULD", get(b"X y\r\n"), refuse(400))
case("name-only", "9112 5", "SHOULD", get(b"X\r\n"), refuse(400))
case("name-with-space", "9110 5.1", "SHOULD", get(b"X Y: z\r\n"), refuse(400))
case("name-delimiter", "9110 5.1", "SHOULD", get(b"X(Y): z\r\n"), refuse(400))
case("name-slash", "9110 5.1", "SHOULD", get(b"X/Y: z\r\n"), refuse(400))
case("name-all-token-characters", "9110 5.6.2", "MUST", get(b"!#$%&'*+-.^_`|~09aZ: x\r\n"), ok(2))
case("name-nul", "9110 5.1", "SHOULD", get(b"X\0: z\r\n"), refuse(400))
case("name-obs-text", "9110 5.1", "SHOULD", get(b"X\xe9: z\r\n"), refuse(400))
case("value-nul", "9110 5.5", "STRICT", get(b"X: y\0z\r\n"), refuse(400))
case("value-control", "9110 5.5", "STRICT", get(b"X: y\x01z\r\n"), refuse(400))
case("value-vt", "9110 5.5", "STRICT", get(b"X: y\x0bz\r\n"), refuse(400))
case("value-del", "9110 5.5", "STRICT", get(b"X: y\x7fz\r\n"), refuse(400))
case("value-obs-text", "9110 5.5", "SHOULD", get(b"X: \xc3\xa9\xff\r\n"), ok(2))
case("value-tab-inside", "9110 5.5", "MUST", get(b"X: y\tz\r\n"), ok(2))
case("obs-fold-space", "9112 5.2", "MUST", get(b"X: y\r\n z\r\n"), refuse(400) | ok(2))
case("obs-fold-strict", "9112 5.2", "STRICT", get(b"X: y\r\n\tz\r\n"), refuse(400))
case("obs-fold-host", "9112 5.2", "STRICT", L + b"Host: a\r\n b\r\n" + E + NEXT, refuse(400))
case("obs-fold-length", "9112 5.2", "STRICT", post(b"Content-Length:\r\n 5\r\n", b"hello"), refuse(400))
case("obs-fold-encoding", "9112 5.2", "STRICT", post(b"Transfer-Encoding:\r\n chunked\r\n", LAST), refuse(400))
case("many-headers", "9110 5.4", "SHOULD", get(b"a: b\r\n" * 90), ok(2))
case("header-too-long", "6585 5", "SHOULD", get(b"X: " + b"y" * 100000 + b"\r\n"), refuse(400, 431))
case("headers-without-end", "6585 5", "SHOULD", L + H + b"abc: defghijklmnopqrst\r\n" * 20000, refuse(400, 431))

# ---- Content-Length: RFC 9112 6.2, 6.3, RFC 9110 8.6
case("length", "9112 6.2", "MUST", post(b"Content-Length: 5\r\n", b"hello"), ok(2, body=b"hello"))
case("length-0", "9112 6.2", "MUST", post(b"Content-Length: 0\r\n", b""), ok(2))
case("length-leading-zeros", "9110 8.6", "MUST", post(b"Content-Length: 0005\r\n", b"hello"), ok(2, body=b"hello"))
case("length-get", "9110 9.3.1", "SHOULD", get(b"Content-Length: 5\r\n").replace(NEXT, b"hello" + NEXT),
     ok(2) | refuse(400))
case("no-length-no-body", "9112 6.3", "MUST", POST + E + NEXT, ok(2) | refuse(411))
case("length-not-arrived", "9112 6.3", "MUST", POST + b"Content-Length: 5\r\n\r\nhell", wait())
case("body-that-looks-like-request", "9112 6.2", "MUST",
     post(b"Content-Length: %d\r\n" % len(NEXT), NEXT), ok(2, body=NEXT))
case("length-twice-same", "9112 6.3", "STRICT", post(b"Content-Length: 5\r\n" * 2, b"hello"), refuse(400))
case("length-twice-other", "9112 6.3", "MUST", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
     refuse(400))
case("length-list-same", "9112 6.3", "STRICT", post(b"Content-Length: 5, 5\r\n", b"hello"), refuse(400))
case("length-list-other", "9112 6.3", "MUST", post(b"Content-Length: 5, 6\r\n", b"hello"), refuse(400))
case("length-plus", "9112 6.3", "MUST", post(b"Content-Length: +5\r\n", b"hello"), refuse(400))
case("length-minus", "9112 6.3", "MUST", post(b"Content-Length: -5\r\n", b"hello"), refuse(400))
case("length-hex", "9112 6.3", "MUST", post(b"Content-Length: 0x5\r\n", b"hello"), refuse(400))
case("length-letters", "9112 6.3", "MUST", post(b"Content-Length: five\r\n", b"hello"), refuse(400))
case("length-space-inside", "9112 6.3", "MUST", post(b"Content-Length: 1 0\r\n", b"helloworld"), refuse(400))
case("length-point", "9112 6.3", "MUST", post(b"Content-Length: 5.0\r\n", b"hello"), refuse(400))
case("length-empty", "9112 6.3", "MUST", post(b"Content-Length:\r\n", b""), refuse(400))
case("length-2^64+5", "9110 8.6", "MUST", post(b"Content-Length: 18446744073709551621\r\n", b"hello"), refuse(400, 413))
case("length-2^32+5", "9110 8.6", "MUST", POST + b"Content-Length: 4294967301\r\n\r\nhello" + NEXT, refuse(400, 413))
case("length-40-digits", "9110 8.6", "MUST", post(b"Content-Length: " + b"9" * 40 + E, b"hello"), refuse(400, 413))
case("body-too-large", "9110 15.5.14", "SHOULD", POST + b"Content-Length: 9000000\r\n\r\n", refuse(413))

# ---- Transfer-Encoding: RFC 9112 6.1, 6.3
case("chunked", "9112 7.1", "MUST", chunked(b"5\r\nhello\r\n" + LAST), ok(2, body=b"hello"))
case("chunked-case", "9110 7", "MUST", post(b"transfer-encoding: CHUNKED\r\n", b"5\r\nhello\r\n" + LAST),
     ok(2, body=b"hello"))
case("chunked-empty", "9112 7.1", "MUST", chunked(LAST), ok(2))
case("te-and-cl", "9112 6.3", "STRICT", post(TE + b"Content-Length: 5\r\n", LAST), refuse(400))
case("cl-and-te", "9112 6.3", "STRICT", post(b"Content-Length: 5\r\n" + TE, LAST), refuse(400))
case("cl-and-te-1.0", "9112 6.1", "MUST", b"POST / HTTP/1.0\r\n" + H + TE + b"Content-Length: 5\r\n\r\n" + LAST + NEXT,
     refuse(400, 501) | ok(1, closed=True))
case("te-1.0", "9112 6.1", "MUST", b"POST / HTTP/1.0\r\n" + H + TE + b"Connection: keep-alive\r\n\r\n" + LAST + NEXT,
     refuse(400, 501) | ok(1, closed=True))
case("te-gzip", "9112 6.3", "MUST", post(b"Transfer-Encoding: gzip\r\n", b"x"), refuse(400, 501))
case("te-gzip-chunked", "9112 6.1", "SHOULD", post(b"Transfer-Encoding: gzip, chunked\r\n", LAST), refuse(501))
case("te-chunked-gzip", "9112 6.3", "MUST", post(b"Transfer-Encoding: chunked, gzip\r\n", LAST), refuse(400, 501))
case("te-chunked-chunked", "9112 6.1", "MUST", post(b"Transfer-Encoding: chunked, chunked\r\n", LAST), refuse(400, 501))
case("te-twice", "9112 6.1", "MUST", post(TE + TE, LAST), refuse(400, 501))
case("te-identity", "9112 6.1", "STRICT", post(b"Transfer-Encoding: identity\r\n", b""), refuse(400, 501))
case("te-identity-then-chunked", "9112 6.1", "STRICT", post(b"Transfer-Encoding: identity\r\n" + TE, LAST),
     refuse(400, 501))
case("te-unknown", "9112 6.1", "MUST", post(b"Transfer-Encoding: frob\r\n", LAST), refuse(400, 501))
case("te-xchunked", "9112 6.1", "MUST", post(b"Transfer-Encoding: xchunked\r\n", LAST), refuse(400, 501))
case("te-chunked-x", "9112 6.1", "MUST", post(b"Transfer-Encoding: chunkedx\r\n", LAST), refuse(400, 501))
case("te-quoted", "9112 6.1", "MUST", post(b"Transfer-Encoding: \"chunked\"\r\n", LAST), refuse(400, 501))
case("te-vt", "9112 6.1", "MUST", post(b"Transfer-Encoding: \x0bchunked\r\n", LAST), refuse(400, 501))
case("te-parameter", "9112 7", "STRICT", post(b"Transfer-Encoding: chunked;a=b\r\n", LAST), refuse(400, 501))
case("te-empty", "9112 6.1", "STRICT", post(b"Transfer-Encoding:\r\n", LAST), refuse(400, 501))
case("te-space-before-colon", "9112 5.1", "MUST", post(b"Transfer-Encoding : chunked\r\n", LAST), refuse(400))
case("te-underscore-and-cl", "9112 6.3", "MUST", post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", b"hello"),
     ok(2) | refuse(400))

# ---- chunks: RFC 9112 7.1
case("chunks-several", "9112 7.1", "MUST", chunked(b"1\r\nh\r\n4\r\nello\r\n" + LAST), ok(2, body=b"hello"))
case("chunk-upper-hex", "9112 7.1", "MUST", chunked(b"A\r\n0123456789\r\n" + LAST), ok(2, body=b"0123456789"))
case("chunk-lower-hex", "9112 7.1", "MUST", chunked(b"a\r\n0123456789\r\n" + LAST), ok(2, body=b"0123456789"))
case("chunk-leading-zeros", "9112 7.1", "MUST", chunked(b"0005\r\nhello\r\n000\r\n\r\n"), ok(2, body=b"hello"))
case("chunk-data-like-end", "9112 7.1", "MUST", chunked(b"5\r\n0\r\n\r\n\r\n" + LAST), ok(2, body=b"0\r\n\r\n"))
case("chunk-extension", "9112 7.1.1", "MUST", chunked(b"5;a=b;c\r\nhello\r\n" + LAST), ok(2, body=b"hello"))
case("chunk-extension-quoted", "9112 7.1.1", "MUST", chunked(b"5;a=\"b;\\\" c\"\r\nhello\r\n" + LAST),
     ok(2, body=b"hello"))
case("chunk-extension-on-last", "9112 7.1.1", "MUST", chunked(b"5\r\nhello\r\n0;x\r\n\r\n"), ok(2, body=b"hello"))
case("chunk-extension-bad", "9112 7.1.1", "STRICT", chunked(b"5;=\r\nhello\r\n" + LAST), refuse(400))
case("chunk-extension-lf", "9112 7.1.1", "STRICT", chunked(b"5;a\nhello\r\n" + LAST), refuse(400))
case("chunk-extension-huge", "9112 7.1.1", "SHOULD", chunked(b"5;" + b"a" * 200000 + b"\r\nhello\r\n" + LAST),
     refuse(400, 413, 431) | drop())
case("chunk-size-empty", "9112 7.1", "SHOULD", chunked(b"\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-0x", "9112 7.1", "SHOULD", chunked(b"0x5\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-plus", "9112 7.1", "SHOULD", chunked(b"+5\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-minus", "9112 7.1", "SHOULD", chunked(b"-5\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-letter", "9112 7.1", "SHOULD", chunked(b"g\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-underscore", "9112 7.1", "SHOULD", chunked(b"0_5\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-space-before", "9112 7.1", "STRICT", chunked(b" 5\r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-space-after", "9112 7.1", "STRICT", chunked(b"5 \r\nhello\r\n" + LAST), refuse(400))
case("chunk-size-2^64", "9112 7.1", "MUST", chunked(b"10000000000000005\r\nhello\r\n" + LAST), refuse(400, 413))
case("chunk-size-max", "9112 7.1", "MUST", chunked(b"ffffffffffffffff\r\nhello\r\n" + LAST), refuse(400, 413))
case("chunk-size-lf", "9112 7.1", "STRICT", chunked(b"5\nhello\r\n" + LAST), refuse(400))
case("chunk-size-cr", "9112 7.1", "SHOULD", chunked(b"5\rhello\r\n" + LAST), refuse(400))
case("chunk-data-lf", "9112 7.1", "STRICT", chunked(b"5\r\nhello\n" + LAST), refuse(400))
case("chunk-data-no-end", "9112 7.1", "SHOULD", chunked(b"5\r\nhelloX\r\n" + LAST), refuse(400))
case("chunk-data-short", "9112 7.1", "SHOULD", chunked(b"6\r\nhello\r\n" + LAST), refuse(400))
case("chunk-end-lf", "9112 7.1", "STRICT", chunked(b"5\r\nhello\r\n0\r\n\n"), refuse(400))
case("chunk-end-missing", "9112 8", "MUST", POST + TE + E + b"5\r\nhello\r\n", wait())
case("chunked-too-large", "9110 15.5.14", "SHOULD", POST + TE + E + b"900000\r\n" + b"x" * 1000, refuse(413))
case("trailer", "9112 7.1.2", "MUST", chunked(b"5\r\nhello\r\n0\r\nX: y\r\nZ: a\r\n\r\n"), ok(2, body=b"hello"))
case("trailer-bad-name", "9112 7.1.2", "SHOULD", chunked(b"5\r\nhello\r\n0\r\nX y: z\r\n\r\n"), refuse(400))
case("trailer-fold", "9112 5.2", "STRICT", chunked(b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"), refuse(400))
case("trailer-lf", "9112 2.2", "STRICT", chunked(b"5\r\nhello\r\n0\r\nX: y\n\r\n"), refuse(400))
case("trailer-length", "9110 6.5.1", "STRICT", chunked(b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"), refuse(400))
case("trailer-encoding", "9110 6.5.1", "STRICT",
     chunked(b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), refuse(400))

# ---- connections: RFC 9112 9
case("close", "9112 9.6", "MUST", get(b"Connection: close\r\n"), ok(1, closed=True))
case("close-case", "9110 7.6.1", "MUST", get(b"Connection: Close\r\n"), ok(1, closed=True))
case("close-in-list", "9110 7.6.1", "MUST", get(b"Connection: foo , close\r\n"), ok(1, closed=True))
case("close-second-line", "9110 7.6.1", "MUST", get(b"Connection: foo\r\nConnection: close\r\n"), ok(1, closed=True))
case("connection-empty-elements", "9110 5.6.1", "MUST", get(b"Connection: ,,foo,\r\n"), ok(2))
case("close-with-body", "9112 9.6", "MUST", post(b"Content-Length: 5\r\nConnection: close\r\n", b"hello"),
     ok(1, closed=True))
case("upgrade-ignored", "9110 7.8", "MUST", get(b"Upgrade: frob\r\nConnection: upgrade\r\n"), ok(2))
case("good-then-bad", "9112 9.3.2", "MUST", L + H + E + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
     refuse(400, after=1))
case("after-refusal-nothing", "9112 6.3", "MUST", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + NEXT * 3, refuse(400))

# ---- expectations and methods: RFC 9110
case("expect-continue", "9110 10.1.1", "MUST", POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
     wait(), interim=1)
case("expect-body-at-once", "9110 10.1.1", "MUST", post(b"Content-Length: 5\r\nExpect: 100-continue\r\n", b"hello"),
     ok(2, body=b"hello"))
case("expect-1.0", "9110 10.1.1", "MUST",
     b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", wait(), interim=0)
case("expect-other", "9110 10.1.1", "STRICT", get(b"Expect: 200-ok\r\n"), refuse(417) | ok(2))
case("head", "9110 9.3.2", "MUST", b"HEAD / HTTP/1.1\r\n" + H + E + NEXT, ok(2), heads={0})
case("range-ignored", "9110 14.2", "MUST", get(b"Range: frob=1-\r\n"), ok(2))
case("cookie-twice", "9110 5.3", "MUST", get(b"Cookie: a=b\r\nCookie: c=d\r\n"), ok(2))

# ---- the same bytes in pieces: nothing may depend on how they arrive
case("split-every-byte", "9112 2.1", "MUST", L + H + E + NEXT, ok(2), split=1)
case("split-crlf", "9112 2.1", "MUST", L + H + E + NEXT, ok(2), split=len(L) - 1)
case("split-chunked", "9112 7.1", "MUST", chunked(b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"),
     ok(2, body=b"hello"), split=1)
case("split-bad", "9112 5.1", "MUST", get(b"X : y\r\n"), refuse(400), split=3)


# ---- a client that believes nothing
class BadResponse(Exception):
    pass


def parse_responses(data, heads, closed):
    """([(status, headers, body)], interim count, rest that is not yet a response)."""
    out, interim = [], 0
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        words = lines[0].split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3:
            raise BadResponse(lines[0])
        status = int(words[1])
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon:
                raise BadResponse(line)
            headers[name.lower()] = value.strip()
        if 100 <= status < 200:
            interim += 1
            data = rest
            continue
        body = b""
        if len(out) in heads or status in (204, 304):
            pass
        elif headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            while True:
                size, found, after = rest.partition(b"\r\n")
                if not found:
                    return out, interim, data
                n = int(size, 16)
                if len(after) < n + 2:
                    return out, interim, data
                body += after[:n]
                rest = after[n + 2:]
                if n == 0:
                    break
        elif b"content-length" in headers:
            n = int(headers[b"content-length"])
            if len(rest) < n:
                return out, interim, data
            body, rest = rest[:n], rest[n:]
        elif closed:
            body, rest = rest, b""
        else:
            return out, interim, data
        out.append((status, headers, body))
        data = rest
    return out, interim, data


def converse(address, c):
    """Sends the case; gives (responses, interim count, closed)."""
    wanted = max(a[0] + (a[1] is not None) for a in c["outcome"].alternatives)
    may_stay_silent = any(a[0] == 0 and a[1] is None and not a[2] for a in c["outcome"].alternatives)
    heads = c.get("heads", set())
    data, closed = b"", False
    with socket.create_connection(address, timeout=5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = c["raw"]
        try:
            if c.get("split"):
                for i in range(0, len(raw), c["split"]):
                    s.sendall(raw[i:i + c["split"]])
                    time.sleep(0.001)
            else:
                s.sendall(raw)
        except OSError:
            pass  # refused while we were still talking; what it said may still be there to read
        give_up = time.monotonic() + (0.4 if may_stay_silent else 5.0)
        enough = None
        while True:
            got, interim, _ = parse_responses(data, heads, closed)
            refused = bool(got) and got[-1][0] in REFUSALS
            if enough is None and len(got) >= wanted and not refused:
                enough = time.monotonic() + 0.15  # long enough to see one answer too many, or the end
            if enough is None and refused:
                enough = time.monotonic() + 1.5
            now = time.monotonic()
            until = enough if enough is not None else give_up
            if closed or now >= until:
                return got, interim, closed
            s.settimeout(max(0.01, until - now))
            try:
                piece = s.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                closed = True  # reset: also an end
                continue
            if not piece:
                closed = True
            data += piece


def judge(c, responses, interim, closed):
    """None when an alternative of the outcome holds, else what came instead."""
    statuses = [r[0] for r in responses]
    seen = f"{statuses}{' closed' if closed else ' open'}"
    if "interim" in c and interim != c["interim"]:
        return f"{interim} interim responses, {seen}"
    for accepted, refusals, ends in c["outcome"].alternatives:
        good = statuses[:accepted]
        tail = statuses[accepted:]
        if len(good) != accepted or any(s in REFUSALS for s in good) or closed != ends:
            continue
        if refusals is None and tail:
            continue
        if refusals is not None and (len(tail) != 1 or tail[0] not in refusals):
            continue
        # A server that answers otherwise (401, 404) does not echo: there only framing and persistence can be judged.
        if c["outcome"].body is not None and accepted and statuses[0] == 200:
            body = responses[0][2]
            if c["outcome"].body not in body and c["outcome"].body.hex().encode() not in body:
                return f"{seen}, body {body[:80]!r}"
        return None
    return seen


def run_case(address, c):
    try:
        return judge(c, *converse(address, c))
    except (BadResponse, ValueError) as e:
        return f"no HTTP response: {e!r}"
    except OSError as e:
        return f"no connection: {e!r}"


def run_all(address, cases=None):
    """[(case, None or what came instead)] in order."""
    cases = CASES if cases is None else cases
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(zip(cases, pool.map(lambda c: run_case(address, c), cases)))


def totals(results):
    out = {}
    for level in ("MUST", "SHOULD", "STRICT"):
        of_level = [bad for c, bad in results if c["level"] == level]
        out[level] = (sum(bad is None for bad in of_level), len(of_level))
    return out


# ---- servers to run it against
class Process:
    """A server of ours or nginx; ended by its own pid."""

    def __init__(self, argv, **kw):
        self.process = subprocess.Popen(argv, **kw)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class EchoServer(Process):
    def __init__(self, path=None, *options):
        path = path or echo_server_path()
        super().__init__([path, "127.0.0.1:0", *options], stdout=subprocess.PIPE)
        host, _, port = self.process.stdout.readline().decode().strip().rpartition(":")
        self.address = (host, int(port))


def echo_server_path():
    return os.environ.get("PEERAGE_ECHO_SERVER") or str(ROOT / "build" / "tests" / "support" / "echo_server")


NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; lingering_time 1s; lingering_timeout 200ms;
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 1m;
    location / {{ echo_read_request_body; echo_request_body; echo "."; }}
  }}
}}
"""


class Nginx(Process):
    """Debian's nginx-light with the echo module that comes with it, so that it reads whole bodies as we do."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="nginx-cases-")
        self.address = ("127.0.0.1", free_port())
        config = os.path.join(self.dir, "nginx.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(NGINX.format(dir=self.dir, port=self.address[1]))
        os.chmod(self.dir, 0o755)
        super().__init__(["nginx", "-p", self.dir, "-c", config, "-e", os.path.join(self.dir, "error.log")])
        for _ in range(500):
            try:
                socket.create_connection(self.address, 1).close()
                return
            except OSError:
                time.sleep(0.01)
        self.__exit__()
        raise RuntimeError("nginx did not start")

    def __exit__(self, *a):
        super().__exit__(*a)
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def there():
        return shutil.which("nginx") and os.path.exists("/usr/lib/nginx/modules/ngx_http_echo_module.so")


def compare(ours):
    with EchoServer(ours) as server:
        mine = run_all(server.address)
    theirs = None
    if Nginx.there():
        with Nginx() as server:
            theirs = run_all(server.address)
    print(f"{'case':<30} {'RFC':<13} {'level':<7} {'peerage':<34} nginx")
    for i, (c, bad) in enumerate(mine):
        other = theirs[i][1] if theirs else "-"
        if bad or other:
            print(f"{c['id']:<30} {c['section']:<13} {c['level']:<7} {bad or 'pass':<34} {other or 'pass'}")
    print(f"{len(mine)} cases; those that both pass are not shown")
    for level, (passed, of) in totals(mine).items():
        beside = totals(theirs)[level][0] if theirs else "-"
        print(f"{level:<7} peerage {passed}/{of}   nginx {beside}/{of}")
    return 1 if any(bad for _, bad in mine) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", help="HOST:PORT; with --compare the echo server's path")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--compare", action="store_true")
    args = parser.parse_args()
    if args.compare:
        return compare(args.address)
    if not args.address:
        parser.error("HOST:PORT is missing")
    host, _, port = args.address.rpartition(":")
    results = run_all((host, int(port)), [c for c in CASES if args.only in (None, c["id"])])
    if args.json:
        print(json.dumps({"cases": [{"id": c["id"], "section": c["section"], "level": c["level"], "pass": bad is None,
                                     "got": bad} for c, bad in results], "totals": totals(results)}, indent=1))
    else:
        for c, bad in results:
            print(f"{'pass' if bad is None else 'FAIL'} {c['level']:<6} {c['section']:<13} {c['id']}"
                  + (f": {bad}" if bad else ""))
        for level, (passed, of) in totals(results).items():
            print(f"{level}: {passed} of {of} passed")
    return 1 if any(bad for c, bad in results if c["level"] == "MUST") else 0


if __name__ == "__main__":
    sys.exit(main())
