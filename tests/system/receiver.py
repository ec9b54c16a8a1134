# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks on loopback that keeps what it was sent, answers as it is told, and can be away.

Called by: test_webhooks.py. Standard library only. Must never: listen beyond 127.0.0.1.
"""

import http.server
import json
import threading


class Message:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.value = json.loads(body)

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def type(self):
        return self.value["type"]

    @property
    def subject(self):
        return self.value["data"]["subject"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = Message(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        status, headers, hang = self.server.receiver.take(message)
        if hang:
            hang.wait(60)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Receiver:
    """with Receiver() as r: r.url; r.messages. answer(message) may give a status, or (status, headers).

    Its port is its own from the beginning, though nothing listens before `with` or start(): connections are refused.
    """

    def __init__(self, answer=None):
        self.answer = answer or (lambda message: 200)
        self.messages, self.lock, self.hang = [], threading.Lock(), None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.receiver = self
        self.server.server_bind()
        self.port = self.server.server_address[1]

    def take(self, message):
        with self.lock:
            self.messages.append(message)
        given = self.answer(message)
        status, headers = given if isinstance(given, tuple) else (given, {})
        return status, headers, self.hang

    def start(self):
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            if self.hang:
                self.hang.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def got(self, kind=None, subject=None):
        """What came, in order, tests apart unless asked for."""
        with self.lock:
            return [m for m in self.messages if (kind is None or m.type == kind)
                    and (subject is None or m.subject == subject)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
