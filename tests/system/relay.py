# SPDX-License-Identifier: Apache-2.0
"""A relay in front of an EC2 endpoint that notes when each call arrives, and holds back or refuses what a test names.

Used by lifecycle.py, the outage test and bench/action_latency.py. Standard library only. It passes bytes on as they
are, so that signatures stay good. Must never: listen on, or connect to, another host than 127.0.0.1.
"""

import contextlib
import re
import socket
import threading
import time
import urllib.parse

ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Relay:
    """with Relay(target) as r: r.url stands for target. r.calls: [(time.monotonic(), action)] in order of arrival.

    r.hold = {action: seconds} delays these calls before they are passed on. r.down = True closes every connection
    unanswered, once its call has been noted: an endpoint that cannot be reached, but that counts.
    """

    def __init__(self, target):
        u = urllib.parse.urlsplit(target)
        self.target = u.hostname, u.port
        self.calls, self.hold, self.down, self.ended = [], {}, False, False
        self.arrived = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = set()

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in list(self.open):
            self.cut(s)

    def count(self, action, since=0.0):
        return sum(a == action and t >= since for t, a in list(self.calls))

    def wait_call(self, action, after, seconds):
        """The time at which a call of `action` arrived that was not among the first `after` ones, or None."""
        with self.arrived:
            self.arrived.wait_for(lambda: any(a == action for _, a in self.calls[after:]), seconds)
            return next((t for t, a in self.calls[after:] if a == action), None)

    # -- inside

    def accept(self):
        while not self.ended:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """One client's connection: its requests are read one by one, what comes back is passed on as it comes."""
        server, pending = None, b""
        self.open.add(client)
        try:
            while True:
                message, pending = self.read(client, pending)
                if not message:
                    return
                found = ACTION.search(message.partition(b"\r\n\r\n")[2])
                action = found.group(1).decode() if found else "?"
                with self.arrived:
                    self.calls.append((time.monotonic(), action))
                    self.arrived.notify_all()
                if self.down:
                    return
                time.sleep(self.hold.get(action, 0))
                if not server:
                    server = socket.create_connection(self.target)
                    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.open.add(server)
                    threading.Thread(target=self.back, args=(server, client), daemon=True).start()
                server.sendall(message)
        except OSError:
            return
        finally:
            self.cut(client)
            if server:
                self.cut(server)

    @staticmethod
    def read(client, pending):
        """One whole request and what came after it; an empty one at the end."""
        while True:
            head, end, rest = pending.partition(b"\r\n\r\n")
            if end:
                length = LENGTH.search(head)
                length = int(length.group(1)) if length else 0
                if len(rest) >= length:
                    size = len(head) + 4 + length
                    return pending[:size], pending[size:]
            more = client.recv(65536)
            if not more:
                return b"", b""
            pending += more

    def back(self, server, client):
        with contextlib.suppress(OSError):
            while True:
                data = server.recv(65536)
                if not data:
                    break
                client.sendall(data)
        self.cut(client)
        self.cut(server)

    def cut(self, s):
        self.open.discard(s)
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            s.close()
