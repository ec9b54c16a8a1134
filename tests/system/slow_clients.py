# SPDX-License-Identifier: Apache-2.0
"""Slow and silent clients against a real server, in real time: what they get, and what everybody else notices.

    python3 tests/system/slow_clients.py [--address HOST:PORT] [--connections 1000] [--sources 250] [--only drip|crowd]

Drip: a header sent a byte every 2 s is cut when its 10 s are over, with 408 or without a word, and never answered.
Crowd: 1,000 such connections from 250 loopback addresses, none refused below the caps, while another client's p99 stays
at most twice what it was alone (a floor of 2 ms keeps a busy machine from deciding). Standard library only.
"""

import argparse
import os
import selectors
import socket
import sys
import threading
import time

import http_cases

HEADER_SECONDS = 10.0
REQUEST = b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"y" * 200


def drip(address, pause=2.0):
    """(seconds until the end, status or None)"""
    with socket.create_connection(address, timeout=5) as s:
        began, data, sent = time.monotonic(), b"", 0
        s.settimeout(pause)
        while time.monotonic() - began < 3 * HEADER_SECONDS:
            try:
                s.sendall(SLOW[sent:sent + 1])
                sent += 1
                piece = s.recv(4096)
            except socket.timeout:
                continue
            except OSError:
                piece = b""
            data += piece
            if not piece:
                return time.monotonic() - began, int(data[9:12]) if data.startswith(b"HTTP/1.") else None
    return time.monotonic() - began, None


def judge_drip(seconds, status):
    """None or what is wrong."""
    if status not in (None, 408):
        return f"answered with {status}"
    # The first look after the deadline comes with the next byte; half a second is for a busy machine.
    if not HEADER_SECONDS - 0.5 <= seconds <= HEADER_SECONDS + 2.5:
        return f"cut after {seconds:.1f} s, not {HEADER_SECONDS:.0f}"
    return None


def exchange(s):
    s.sendall(REQUEST)
    data = b""
    while b"\r\n\r\n" not in data or len(data) < wanted_length(data):
        piece = s.recv(65536)
        if not piece:
            raise OSError("closed")
        data += piece
    return int(data[9:12])


def wanted_length(data):
    head, _, _ = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + 4 + int(value)
    return len(head) + 4


def latencies(address, seconds):
    """Sorted seconds of one request after another on one connection, every fiftieth on a new one."""
    out, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.create_connection(address, timeout=5) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(50):
                began = time.perf_counter()
                exchange(s)
                out.append(time.perf_counter() - began)
                time.sleep(0.0005)
    return sorted(out)


def p99(sorted_seconds):
    return sorted_seconds[min(len(sorted_seconds) - 1, int(len(sorted_seconds) * 0.99))]


class Crowd(threading.Thread):
    """Many connections, each a byte every 2 s. Counts how each of them ended."""

    def __init__(self, address, connections, sources, seconds):
        super().__init__(daemon=True)
        self.address, self.seconds = address, seconds
        self.connected = self.refused = self.answered = self.early = self.cut = 0
        self.full = threading.Event()
        self.sockets = []
        for i in range(connections):
            k = i % sources
            s = socket.socket()
            s.bind((f"127.0.{1 + k // 250}.{1 + k % 250}", 0))
            s.setblocking(False)
            s.connect_ex(address)
            self.sockets.append(s)

    def run(self):
        watch = selectors.DefaultSelector()
        for s in self.sockets:
            watch.register(s, selectors.EVENT_READ)
        time.sleep(0.5)  # the handshakes
        began, sent = time.monotonic(), 0
        alive = set(self.sockets)
        self.connected = len(alive)
        self.full.set()
        while alive and time.monotonic() - began < self.seconds:
            if time.monotonic() - began >= 2.0 * sent:
                for s in list(alive):
                    try:
                        s.send(SLOW[sent:sent + 1])
                    except BlockingIOError:
                        pass
                    except OSError:
                        self.end(watch, alive, s, b"", began)
                sent += 1
            for key, _ in watch.select(0.05):
                try:
                    data = key.fileobj.recv(4096)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                self.end(watch, alive, key.fileobj, data, began)
        for s in list(alive):
            s.close()
        watch.close()

    def end(self, watch, alive, s, data, began):
        if s not in alive:
            return
        alive.discard(s)
        watch.unregister(s)
        s.close()
        status = data[9:12] if data.startswith(b"HTTP/1.") else b""
        if status == b"503":
            self.refused += 1
        elif status not in (b"", b"408"):
            self.answered += 1
        elif time.monotonic() - began < HEADER_SECONDS - 1.5:
            self.early += 1
        else:
            self.cut += 1


def crowd(address, connections, sources):
    """Dictionary of what happened."""
    latencies(address, 0.5)  # warm
    alone = latencies(address, 3)
    c = Crowd(address, connections, sources, HEADER_SECONDS + 6)
    c.start()
    c.full.wait(10)
    beside = latencies(address, 7)
    c.join(40)
    return {"connections": connections, "sources": sources, "connected": c.connected, "refused": c.refused,
            "answered": c.answered, "cut early": c.early, "cut at the deadline": c.cut,
            "requests alone": len(alone), "p99 alone ms": p99(alone) * 1e3,
            "requests beside": len(beside), "p99 beside ms": p99(beside) * 1e3}


def judge_crowd(r):
    """List of what is wrong."""
    bad = []
    if r["refused"] or r["answered"] or r["cut early"]:
        bad.append(f"{r['refused']} refused, {r['answered']} answered, {r['cut early']} cut early")
    if r["cut at the deadline"] != r["connections"]:
        bad.append(f"only {r['cut at the deadline']} of {r['connections']} were cut at the deadline")
    if r["p99 beside ms"] > max(2 * r["p99 alone ms"], 2.0):
        bad.append(f"p99 rose from {r['p99 alone ms']:.2f} to {r['p99 beside ms']:.2f} ms")
    return bad


def check(address, connections, sources, only=None):
    bad = []
    if only in (None, "drip"):
        seconds, status = drip(address)
        wrong = judge_drip(seconds, status)
        print(f"drip: cut after {seconds:.2f} s with {status or 'no word'}: {wrong or 'good'}", flush=True)
        bad += [wrong] if wrong else []
    if only in (None, "crowd"):
        result = crowd(address, connections, sources)
        for name, value in result.items():
            print(f"crowd: {name}: {value:.3f}" if isinstance(value, float) else f"crowd: {name}: {value}")
        wrong = judge_crowd(result)
        print("crowd: " + ("; ".join(wrong) if wrong else "good"), flush=True)
        bad += wrong
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", help="HOST:PORT; without it the echo server is started")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--sources", type=int, default=250)
    parser.add_argument("--only", choices=("drip", "crowd"))
    args = parser.parse_args()
    if args.address:
        host, _, port = args.address.rpartition(":")
        return 1 if check((host, int(port)), args.connections, args.sources, args.only) else 0
    with http_cases.EchoServer(None, "--loops", str(os.cpu_count() or 1)) as server:
        return 1 if check(server.address, args.connections, args.sources, args.only) else 0


if __name__ == "__main__":
    sys.exit(main())
