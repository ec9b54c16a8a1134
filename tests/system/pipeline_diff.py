#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Generated pipelines through our parser and through h11: we may refuse more, but never read anything differently.

    /usr/bin/python3 tests/system/pipeline_diff.py [--count N] [--seed S] [--jobs J] [--batch PATH]
    … --show SEED:INDEX        one pipeline, and how both read it

Uses Debian's python3-h11 and the program tests/support/h1_batch, which also reads every pipeline a second time in small
pieces and says whether both readings agree. Exit status 1 when anything is read differently.

We accept and h11 refuses, on purpose (RFC 9112 asks for it): one empty line before a request (2.2; taken away before
h11 sees it) and white space before the ";" of a chunk extension (7.1.1). h11 never keeps an HTTP/1.0 connection open;
we do when asked to (9.3).
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import time

import h11

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SLICE = 2000  # pipelines a task


# ---- making pipelines
METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"FROB", b"M-SEARCH"]
ODD_METHODS = [b"get", b"G(T", b"", b"CONNECT", b"PRI", b"G\x00T", b"GET\t", b"X" * 70]
TARGETS = [b"/", b"/a/b?c=d", b"/%20%7e", b"//a", b"/?", b"*", b"http://b/c", b"https://b:1?", b"http://b", b"/a;b=c"]
ODD_TARGETS = [b"", b"a", b"/%zz", b"/#f", b"/\xc3\xa9", b"/a b", b"a:443", b"/\x00", b"/\"", b"ftp://a/", b"/\\",
               b"/[x]"]
VERSIONS = [b"HTTP/1.1"] * 12 + [b"HTTP/1.0"] * 2
ODD_VERSIONS = [b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/11", b"HTTP/1.01", b"", b"HTTP/0.9"]
HOSTS = [b"Host: a", b"host:b:80", b"HOST:\t[::1]:1 ", b"Host: a.b-c.d"]
ODD_HOSTS = [b"Host: a\r\nHost: a", b"Host: a b", b"Host:", b"Host : a", b"X: y", b"Host: a,b", b"Host: a/b",
             b"Host: u@a"]
FIELDS = [b"Accept: */*", b"X: \t y \t", b"X:", b"Connection: keep-alive", b"Connection: x, y", b"Connection: close",
          b"Expect: 100-continue", b"X: \x80\xff", b"Cookie: a=b; c", b"Upgrade: h2c", b"Y: a\tb", b"TE: trailers"]
ODD_FIELDS = [b"X : y", b" X: y", b"X: y\r\n z", b"X: y\r\n\tz", b"X", b": y", b"X: a\x00b", b"X: a\x0bb", b"X: a\rb",
              b"X: a\nY: b", b"X(: y", b"X: a\x7f", b"Connection: \"", b"Expect: x", b"\xe9: y", b"X: y\r"]
LENGTHS = [b"Content-Length: %d", b"content-length:%d", b"Content-Length: \t00%d \t"]
ODD_LENGTHS = [b"Content-Length: +%d", b"Content-Length: %d, %d", b"Content-Length: %d\r\nContent-Length: %d",
               b"Content-Length: 0x%x", b"Content-Length: %d.0", b"Content-Length: -%d", b"Content-Length: %d 0",
               b"Content-Length : %d", b"Content-Length:\r\n %d", b"Content_Length: %d", b"Content-Length: \x0b%d",
               b"Content-Length: %d\r\nContent-Length: 0", b"Content-Length: 1844674407370955161%d"]
ENCODINGS = [b"Transfer-Encoding: chunked", b"transfer-encoding:\tChunked "]
ODD_ENCODINGS = [b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip",
                 b"Transfer-Encoding: identity",
                 b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding : chunked",
                 b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: \"chunked\"",
                 b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked;a=b", b"Transfer-Encoding:",
                 b"Transfer_Encoding: chunked", b"Transfer-Encoding: ,chunked",
                 b"Transfer-Encoding: chunked\r\nX: y\r\n z"]
BODIES = [b"", b"hello", b"\r\n", b"0\r\n\r\n", b"GET /inner HTTP/1.1\r\nHost: a\r\n\r\n", b"x" * 40,
          b"\r\n\r\nGET", b"5"]
SIZES = [b"%x", b"%X", b"0%x", b"0000%x"]
ODD_SIZES = [b"0x%x", b"+%x", b"-%x", b" %x", b"%x ", b"%xg", b"0_%x", b"", b"ffffffffffffffff%x", b"%x\n", b"%d0",
             b"1%x"]
EXTENSIONS = [b";a", b";a=b", b";a=\"b;\\\"c\"", b"; a ; b = c", b" ;a"]
ODD_EXTENSIONS = [b";", b";=", b";a=", b";a\n", b";\"", b";a=\"\x00\"", b" a", b";a\r;b"]
TRAILERS = [b"X: y\r\n", b"A:\r\nB: c \r\n"]
ODD_TRAILERS = [b"X : y\r\n", b" X: y\r\n", b"X: y\n", b"Content-Length: 5\r\n", b"X\r\n", b"X: y\r\n z\r\n",
                b"Transfer-Encoding: chunked\r\n", b"X: \x00\r\n"]
NOISE = b"\r\n\x00:;, \t\"\\%0123456789abcdefXHGT/\x7f\x80\xff"


class Maker:
    def __init__(self, rng):
        self.rng = rng
        # Most pipelines are wrong in one or two places at most: those are the ones that two parsers read differently.
        self.odd = rng.choice((0, 0, 0.02, 0.05, 0.15))

    def pick(self, good, odd):
        return self.rng.choice(odd if self.rng.random() < self.odd else good)

    def chunks(self, body):
        rng, out, at = self.rng, [], 0
        while at < len(body):
            n = rng.randint(1, len(body) - at)
            size = self.pick(SIZES, ODD_SIZES)
            out.append((size % n if b"%" in size else size) + self.extension() + self.end())
            out.append(body[at:at + n] + self.end())
            at += n
        out.append(rng.choice((b"0", b"0", b"000")) + self.extension() + self.end())
        if rng.random() < 0.2:
            out.append(self.pick(TRAILERS, ODD_TRAILERS))
        out.append(self.end())
        return b"".join(out)

    def extension(self):
        return self.pick(EXTENSIONS, ODD_EXTENSIONS) if self.rng.random() < 0.15 else b""

    def end(self):
        if self.rng.random() >= self.odd / 4:
            return b"\r\n"
        return self.rng.choice((b"\n", b"\r", b"\r\r\n", b"", b"\n\r"))

    def length(self, body):
        form, n = self.pick(LENGTHS, ODD_LENGTHS), len(body)
        n += self.rng.choice((-1, 1, 3)) if self.rng.random() < self.odd else 0
        return form % ((max(n, 0),) * (form.count(b"%d") + form.count(b"%x")))

    def request(self):
        rng = self.rng
        out = [b"\r\n"] if rng.random() < 0.03 else []
        out.append(b" ".join((self.pick(METHODS, ODD_METHODS), self.pick(TARGETS, ODD_TARGETS),
                              self.pick(VERSIONS, ODD_VERSIONS))) + self.end())
        fields = [self.pick(HOSTS, ODD_HOSTS)] + [self.pick(FIELDS, ODD_FIELDS) for _ in range(rng.randint(0, 3))]
        body, kind = rng.choice(BODIES), rng.randint(0, 5)
        both = rng.random() < self.odd
        if kind in (1, 2) or both:
            fields.append(self.length(body))
        if kind in (3, 4) or both:
            fields.append(self.pick(ENCODINGS, ODD_ENCODINGS))
            body = self.chunks(body)
        elif kind not in (1, 2):
            body = b""
        rng.shuffle(fields)
        out += [f + self.end() for f in fields]
        out.append(self.end() + body)
        return b"".join(out)

    def pipeline(self):
        rng = self.rng
        data = bytearray(b"".join(self.request() for _ in range(rng.randint(1, 4))))
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 3)):
                self.mutate(data)
        return bytes(data)

    def mutate(self, data):
        rng = self.rng
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            data[at:at + 1] = bytes((rng.choice(NOISE),))
        elif kind == 1:
            data[at:at] = bytes((rng.choice(NOISE),))
        elif kind == 2:
            del data[at:at + rng.randint(1, 4)]
        elif kind == 3:
            data[at:at] = data[at:at + rng.randint(1, 30)]
        else:
            del data[at:]


def pipeline(seed, index):
    return Maker(random.Random(seed * 1_000_003 + index)).pipeline()


# ---- how h11 reads one
def skip_empty_line(conn):
    """h11 refuses the empty line that RFC 9112 2.2 tells us to skip: take it away, so that what follows is compared."""
    if bytes(conn._receive_buffer)[:2] == b"\r\n":
        conn._receive_buffer.maybe_extract_at_most(2)


def h11_read(data):
    """([(method, target, minor, headers, body)], how it ended)"""
    conn = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    out, request, body = [], None, b""
    try:
        if data:  # no bytes would mean the end of the connection
            conn.receive_data(data)
            skip_empty_line(conn)
        while True:
            event = conn.next_event()
            if event is h11.NEED_DATA:
                return out, "partial" if request or conn.trailing_data[0] else "open"
            if event is h11.PAUSED:
                return out, "closed"
            kind = type(event)
            if kind is h11.Request:
                request, body = event, b""
            elif kind is h11.Data:
                body += event.data
            elif kind is h11.EndOfMessage:
                out.append((bytes(request.method), bytes(request.target), request.http_version[2:],
                            [(bytes(n), bytes(v)) for n, v in request.headers], bytes(body)))
                request = None
                # Not 2xx: after CONNECT that would mean another protocol.
                conn.send(h11.Response(status_code=404, headers=[(b"content-length", b"0")]))
                conn.send(h11.EndOfMessage())
                if conn.our_state is h11.MUST_CLOSE or conn.their_state is not h11.DONE:
                    return out, "closed"
                conn.start_next_cycle()
                skip_empty_line(conn)
            else:
                return out, "event " + kind.__name__
    except h11.RemoteProtocolError as e:
        return out, "refused: " + str(e)


# ---- how we read one
def netstring(text, at):
    colon = text.index(b":", at)
    end = colon + 1 + int(text[at:colon])
    return text[colon + 1:end], end + 1


ENDS = {b"0": "closed", b"1": "open", b"2": "partial", b"3": "refused"}


def our_read(text):
    """([(absolute, host, method, target, minor, headers, body)], how it ended, whether splits agree)"""
    out, at = [], 0
    while text[at:at + 2] in (b"OR", b"AR"):
        absolute = text[at:at + 1] == b"A"
        words = text[at:at + 64].split(b" ", 6)
        at += sum(len(w) + 1 for w in words[:6])
        count = int(words[5])
        method, at = netstring(text, at)
        target, at = netstring(text, at)
        host, at = netstring(text, at)
        headers = []
        for _ in range(count):
            name, at = netstring(text, at)
            value, at = netstring(text, at)
            headers.append((name, value))
        body, at = netstring(text, at)
        at += 1
        out.append((absolute, host, method, target, words[1], headers, body))
    rest = text[at:]
    halves = rest.split(b"E ", 1) if rest.startswith(b"E ") else None
    words = halves[1].split(b" ", 1)
    end = ENDS[words[0]]
    return out, end + (": " + words[1].decode() if end == "refused" else ""), text.endswith(b"|same\n")


class Batch:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 16)

    def read(self, data):
        p = self.process
        p.stdin.write(struct.pack("=I", len(data)) + data)
        p.stdin.flush()
        size, = struct.unpack("=I", p.stdout.read(4))  # an empty read, when it died, fails here
        return p.stdout.read(size)

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass  # it died; what it was given last is lost
        self.process.wait()


# ---- the rule
def same_request(ours, theirs):
    absolute, host, method, target, minor, headers, body = ours
    method2, target2, minor2, headers2, body2 = theirs
    if absolute:
        wanted = re.match(rb"https?://([^/?]*)(.*)$", target2, re.IGNORECASE | re.DOTALL)
        path = wanted and (wanted[2] or (b"*" if method == b"OPTIONS" else b"/"))
        if not wanted or wanted[1] != host or path != target:
            return False
    elif target != target2:
        return False
    mine = [(n.lower(), v.lower() if n.lower() == b"transfer-encoding" else v) for n, v in headers]
    # h11 writes lengths without their leading zeros.
    mine = [(n, v.lstrip(b"0") or b"0") if n == b"content-length" else (n, v) for n, v in mine]
    theirs = [(n, v.lstrip(b"0") or b"0") if n == b"content-length" else (n, v) for n, v in headers2]
    return method == method2 and minor == minor2 and mine == theirs and body == body2


WHITE_BEFORE_EXTENSION = re.compile(rb"[0-9A-Fa-f][ \t]+;")


def compare(data, text):
    """(kind, agreed requests). Kinds that begin with WRONG break the rule."""
    ours, end, agree = our_read(text)
    theirs, end2 = h11_read(data)
    if not agree:
        return "WRONG: splits change the reading", 0
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if not same_request(a, b):
            return "WRONG: a request reads differently", i
    n = min(len(ours), len(theirs))
    if len(ours) < len(theirs):
        return ("we refuse what h11 reads" if end.startswith("refused") else f"WRONG: we end '{end}', h11 reads on"), n
    if len(ours) > len(theirs):
        if end2 == "closed" and theirs and theirs[-1][2] == b"0":
            return "we keep HTTP/1.0 open when asked", n
        if end2.startswith("refused: illegal chunk header") and WHITE_BEFORE_EXTENSION.search(data):
            return "we skip white space before a chunk extension", n
        return f"WRONG: we read on, h11 is '{end2}'", n
    if end.startswith("refused"):
        return "both refuse" if end2.startswith("refused") else "we refuse, h11 waits for more", n
    if end2.startswith("refused"):
        # Nothing more was let through; what is still on its way has not been judged by us.
        return "h11 refuses, we wait for more", n
    return "both read all", n


def work(seed, first, count, path):
    batch = Batch(path)
    kinds, agreed, wrong = collections.Counter(), 0, []
    try:
        for index in range(first, first + count):
            data = pipeline(seed, index)
            try:
                kind, n = compare(data, batch.read(data))
            except Exception as e:  # a defect of this program or a dead batch: a finding too, never a hang
                kind, n = f"WRONG: {type(e).__name__} {e}"[:120], 0
            kinds[kind] += 1
            agreed += n
            if kind.startswith("WRONG") and len(wrong) < 5:
                wrong.append((index, kind))
    finally:
        batch.close()
    return kinds, agreed, wrong


def show(where, path):
    seed, _, index = where.partition(":")
    data = pipeline(int(seed), int(index))
    batch = Batch(path)
    text = batch.read(data)
    batch.close()
    print(data)
    print("ours: ", our_read(text))
    print("h11:  ", h11_read(data))
    print(compare(data, text)[0])


def run(count, seed, jobs, path, out=sys.stdout):
    """Number of pipelines that break the rule; prints the figures."""
    kinds, agreed, wrong, started = collections.Counter(), 0, [], time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        tasks = [pool.submit(work, seed, first, min(SLICE, count - first), path) for first in range(0, count, SLICE)]
        for task in concurrent.futures.as_completed(tasks):
            k, n, w = task.result()
            kinds += k
            agreed += n
            wrong += w
    for kind, n in sorted(kinds.items(), key=lambda kv: -kv[1]):
        print(f"{n:>9}  {kind}", file=out)
    for index, kind in sorted(wrong)[:20]:
        print(f"{seed}:{index}: {kind}", file=out)
    broken = sum(n for kind, n in kinds.items() if kind.startswith("WRONG"))
    print(f"{count} pipelines, {agreed} requests read alike, {broken} read differently, "
          f"{time.monotonic() - started:.0f} s, seed {seed}, h11 {h11.__version__}", file=out)
    return broken


def batch_path():
    return os.environ.get("PEERAGE_H1_BATCH") or str(ROOT / "build" / "tests" / "support" / "h1_batch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", default=batch_path())
    parser.add_argument("--show")
    args = parser.parse_args()
    if args.show:
        return show(args.show, args.batch)
    return 1 if run(args.count, args.seed, args.jobs, args.batch) else 0


if __name__ == "__main__":
    sys.exit(main())
