# SPDX-License-Identifier: Apache-2.0
"""Starts the real `peerage` for a system test, talks HTTP to it, and looks through its log afterwards.

Used by every tests/system/test_*.py. Standard library only. Nothing sleeps for a fixed time: wait_until() polls a
condition and has a deadline. Every process is ended by its own pid. The binary is $PEERAGE_BIN, else build/peerage.

    from harness import Dev, Serve, request, digest_request, wait_until
    def test_x(tmp_path):
        with Dev(tmp_path) as dev:
            status, headers, body = digest_request(dev, "GET", "/api/atlas/v2/groups", accept=V2024)
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import shlex
import signal
import socket
import subprocess
import time
import urllib.parse

import secret_search

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
V2023_01 = "application/vnd.atlas.2023-01-01+json"
V2023_02 = "application/vnd.atlas.2023-02-01+json"
V2024_11 = "application/vnd.atlas.2024-11-13+json"
READY_SECONDS = 60  # generous: sanitizer builds on a busy machine; a plain build needs a tenth of a second
STOP_SECONDS = 60

# What no log may ever hold: failed assertions, sanitizer reports, and our own word for a defect.
FORBIDDEN = re.compile(
    r"assert|AddressSanitizer|ThreadSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|"
    r"data race|heap-use-after-free|Segmentation fault|stack smashing", re.IGNORECASE)


def binary():
    return os.environ.get("PEERAGE_BIN") or str(ROOT / "build" / "peerage")


def wait_until(condition, what, seconds=READY_SECONDS, pause=0.01):
    """Polls until condition() is true and gives its value. An exception in condition counts as false."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, ValueError, KeyError, http.client.HTTPException) as e:
            last = e
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}" + (f"; last: {last!r}" if last else ""))
        time.sleep(pause)


def free_port():
    """A port that was free a moment ago, below those that Linux gives to outgoing connections, so that none of these
    takes it meanwhile. Prefer port 0 where the program can say what it got."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.randrange(15000, 32000)))
                return s.getsockname()[1]
            except OSError:
                continue


def clean_environment(extra=None):
    """Ours without what would steer peerage, AWS or Atlas clients, and without proxies."""
    drop = ("PEERAGE_", "AWS_", "MONGODB_ATLAS_", "MCLI_")
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(drop) and k.lower() not in ("http_proxy", "https_proxy", "all_proxy", "notify_socket")}
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    env.update(extra or {})
    return env


def run(*args, env=None, cwd=None, check=None, timeout=60, stdin=None):
    """Runs a command of the binary to its end. check: the exit code that it must have."""
    secret_search.note_environment(env or {})
    secret_search.note_arguments([str(a) for a in args])
    done = subprocess.run([binary(), *map(str, args)], env=clean_environment(env), cwd=cwd, text=True,
                          capture_output=True, timeout=timeout, check=False,
                          input=stdin if stdin is not None else "")
    secret_search.note_text(done.stdout)
    if check is not None:
        assert done.returncode == check, f"peerage {' '.join(map(str, args))}: exit {done.returncode}\n" \
                                         f"{done.stdout}\n{done.stderr}"
    bad = FORBIDDEN.search(done.stderr)
    assert not bad, f"forbidden in stderr: {bad.group(0)}\n{done.stderr}"
    return done


def read_env_file(path):
    """demo.env: lines `export NAME=value`, value quoted as for a shell."""
    values = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if not line.startswith("export "):
            continue
        name, _, value = line[len("export "):].partition("=")
        words = shlex.split(value)
        values[name] = words[0] if words else ""
    return values


class Process:
    """One running peerage. Its log (stderr) and stdout go to files; end() stops it and looks through the log."""

    def __init__(self, args, log_dir, env=None, cwd=None, name="peerage"):
        self.args = [binary(), *map(str, args)]
        self.environment = clean_environment(env)
        self.cwd = cwd
        log_dir = pathlib.Path(log_dir)
        log_dir.mkdir(parents=True, exist_ok=True)
        serial = len(list(log_dir.glob(f"{name}*.log")))
        self.log_path = log_dir / f"{name}-{serial}.log"
        self.out_path = log_dir / f"{name}-{serial}.out"
        self.secrets = set()  # what may not be in the log or on stdout
        secret_search.note_environment(env or {})
        secret_search.note_arguments(self.args)
        secret_search.note_place(self.log_path)
        secret_search.note_place(self.out_path)
        self.popen = None
        self.started = False  # start() has returned

    def spawn(self):
        with open(self.log_path, "wb") as log, open(self.out_path, "wb") as out:
            self.popen = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                          env=self.environment, cwd=self.cwd)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def out(self):
        return self.out_path.read_text(encoding="utf-8", errors="replace")

    def log_lines(self):
        """The JSON lines of the log; what is no JSON is skipped."""
        lines = []
        for line in self.log().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def log_find(self, msg, **fields):
        for line in self.log_lines():
            if line.get("msg") == msg and all(line.get(k) == v for k, v in fields.items()):
                return line
        return None

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def wait_for(self, condition, what, seconds=READY_SECONDS):
        def or_dead():
            if not self.alive():
                raise RuntimeError(f"peerage ended with {self.popen.returncode} before {what}\n"
                                   f"{self.log()[-4000:]}\n{self.out()[-2000:]}")
            return condition()
        try:
            return wait_until(or_dead, what, seconds)
        except AssertionError as e:
            waits = self.waits()
            if not self.started:
                self.kill()  # no `with` block will
            raise AssertionError(f"{e}\n{self.log()[-4000:]}\nthreads wait in: {waits}") from None

    def waits(self):
        """Where the kernel holds each thread, for a start or stop that hangs."""
        found = []
        for task in pathlib.Path(f"/proc/{self.pid}/task").glob("*"):
            with contextlib.suppress(OSError):
                found.append(f"{(task / 'comm').read_text().strip()}:{(task / 'wchan').read_text()}")
        return " ".join(sorted(found))

    def signal(self, number):
        self.popen.send_signal(number)

    def wait_end(self, seconds=STOP_SECONDS):
        return self.popen.wait(seconds)

    def kill(self):
        """SIGKILL, as a power cut would."""
        if self.alive():
            self.popen.kill()
        return self.popen.wait(STOP_SECONDS)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM and wait; the exit code."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(STOP_SECONDS)
            raise AssertionError(f"no end {seconds} s after SIGTERM\n{self.log()[-4000:]}") from None

    def check_log(self):
        text = self.log()
        bad = FORBIDDEN.search(text)
        assert not bad, f"forbidden in the log: {text[max(0, bad.start() - 500):bad.end() + 3000]}"
        for secret in self.secrets:
            assert secret not in text, f"a secret ({secret[:4]}…) is in the log"
            assert secret not in self.out(), f"a secret ({secret[:4]}…) is on stdout"

    def end(self, expect_exit=0):
        was_alive = self.alive()
        code = self.stop()
        self.check_log()
        if was_alive and expect_exit is not None:
            assert code == expect_exit, f"exit {code}\n{self.log()[-4000:]}"

    def __enter__(self):
        return self.start()

    def start(self):
        self.spawn()
        self.started = True
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.end()
        else:  # do not hide the first failure
            self.kill()


class Dev(Process):
    """`peerage dev` on free ports. Started again on the same directory it goes on: Dev(tmp_path) twice."""

    def __init__(self, tmp_path, *args, env=None, listen="127.0.0.1:0", data=None):
        self.dir = pathlib.Path(data) if data else pathlib.Path(tmp_path) / "dev"
        super().__init__(["dev", "--listen", listen, "--data", self.dir, *args], pathlib.Path(tmp_path) / "log",
                         env=env, name="dev")
        secret_search.note_place(self.dir)
        self.env = {}

    def start(self):
        self.spawn()
        self.wait_for(lambda: self.log_find("ready") and (self.dir / "demo.env").exists(), "readiness")
        self.env = read_env_file(self.dir / "demo.env")
        self.secrets |= {self.env[n] for n in SECRET_NAMES if self.env.get(n)}
        secret_search.note_environment(self.env)
        self.started = True
        return self

    def __getitem__(self, name):
        """dev["GROUP_ID"] is PEERAGE_GROUP_ID of demo.env."""
        return self.env["PEERAGE_" + name]

    @property
    def url(self):
        return self["URL"]

    @property
    def management(self):
        return self["MANAGEMENT_URL"]

    def metrics(self):
        return metrics(self.management)

    def wait_scanned(self):
        """Until the demo's pending request is in the list."""
        path = f"/api/atlas/v2/groups/{self['GROUP_ID']}/streams/vpcPeeringConnections" \
               f"?requesterAccountId={self['REQUESTER_ACCOUNT_ID']}"

        def listed():
            status, _, body = digest_request(self, "GET", path, accept=V2024_11)
            return status == 200 and json.loads(body)["totalCount"] > 0
        return wait_until(listed, "the demo's request to be found")


SECRET_NAMES = ("PEERAGE_PRIVATE_KEY", "PEERAGE_CLIENT_SECRET", "PEERAGE_REQUESTER_SECRET_ACCESS_KEY",
                "PEERAGE_EC2SIM_TOKEN")


class Serve(Process):
    """`peerage init` and `peerage serve` with a configuration file in tmp_path.

    settings: keys of the file that differ from the defaults here, e.g. {"log_level": "debug"}; None leaves one out.
    """

    def __init__(self, tmp_path, settings=None, extra="", env=None, args=(), init=True):
        self.tmp = pathlib.Path(tmp_path)
        self.data = self.tmp / "data"
        self.config = self.tmp / "peerage.conf"
        values = {"public_url": "http://peerage.test", "listen": "127.0.0.1:0", "management_listen": "127.0.0.1:0",
                  "data_dir": str(self.data), "key_file": str(self.tmp / "keys"), "loops": "1", "workers": "2",
                  "ec2_endpoint": "http://127.0.0.1:9", "scan_interval": "3600"}
        values.update(settings or {})
        text = "".join(f"{k} = {v}\n" for k, v in values.items() if v is not None)
        self.config.write_text(text + extra, encoding="utf-8")
        super().__init__(["serve", "--config", self.config, *args], self.tmp / "log", env=env, name="serve")
        for path in (self.config, values["data_dir"], values["key_file"]):
            secret_search.note_place(path)
        self.owner = None
        if init and not self.data.exists():
            done = run("init", "--config", self.config, "--json", check=0)
            self.owner = json.loads(done.stdout)
            self.secrets.add(self.owner["privateKey"])
        self.url = self.management = None

    def start(self):
        self.spawn()
        ready = self.wait_for(lambda: self.log_find("ready"), "readiness")
        self.url, self.management = ready["api"], ready["management"]
        self.started = True
        return self

    def command(self, *args, check=0, json_out=True):
        """A CLI command against this instance (through its admin socket while it runs)."""
        done = run(*args, "--config", self.config, *(["--json"] if json_out else []), check=check)
        return json.loads(done.stdout) if json_out and check == 0 else done


observers = []  # called with (method, target, status, headers, body) of every exchange of request()


# ---- HTTP ---------------------------------------------------------------------------------------------------

def ask_on(connection, method, target, body, headers):
    """Sends a request on an http.client connection and reads the head of its answer. A server that has refused it and
    closed before all was sent has answered all the same: a broken pipe is no end as long as there is something to read."""
    try:
        connection.request(method, target, body=body, headers=headers or {})
    except (BrokenPipeError, ConnectionResetError):
        if connection.sock is None:  # it was not even connected
            raise
    return connection.getresponse()


def request(base, method, target, headers=None, body=None, timeout=30):
    """One request on a connection of its own: (status, headers as dict with lower-case names, body bytes)."""
    u = urllib.parse.urlsplit(base)
    kind = http.client.HTTPSConnection if u.scheme == "https" else http.client.HTTPConnection
    c = kind(u.hostname, u.port, timeout=timeout)
    try:
        r = ask_on(c, method, target, body, headers)
        answer = r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
    finally:
        c.close()
    secret_search.note_headers(headers)
    secret_search.note_text(answer[2].decode("latin-1"))
    for look in observers:
        look(method, target, *answer)
    return answer


def unix_request(path, method, target, headers=None, body=None, timeout=30):
    """The same over an AF_UNIX socket, e.g. DATA/admin.sock."""
    c = http.client.HTTPConnection("localhost", timeout=timeout)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.settimeout(timeout)
    try:
        c.sock.connect(str(path))
        r = ask_on(c, method, target, body, headers)
        return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
    finally:
        c.close()


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def digest_header(challenge, method, target, user, password, nc=1):
    """The Authorization header that answers a WWW-Authenticate: Digest challenge (RFC 7616, MD5, qop=auth)."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.partition(" ")[2]))
    cnonce = secrets.token_hex(8)
    ha1 = md5(f"{user}:{fields['realm']}:{password}")
    ha2 = md5(f"{method}:{target}")
    count = f"{nc:08x}"
    response = md5(f"{ha1}:{fields['nonce']}:{count}:{cnonce}:auth:{ha2}")
    return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{target}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc={count}, cnonce="{cnonce}"')


def digest_request(where, method, target, accept=V2024_11, headers=None, body=None, user=None, password=None):
    """Challenge, then the request with its answer. where: a Dev, or a base URL with user and password given."""
    base = where if isinstance(where, str) else where.url
    user = user or where["PUBLIC_KEY"]
    password = password or where["PRIVATE_KEY"]
    all_headers = {"Accept": accept, **(headers or {})}
    status, got, _ = request(base, method, target, headers=all_headers, body=body)
    assert status == 401, f"expected a challenge, got {status}"
    all_headers["Authorization"] = digest_header(got["www-authenticate"], method, target, user, password)
    return request(base, method, target, headers=all_headers, body=body)


def bearer_token(where, client_id=None, client_secret=None):
    """A fresh access token from client credentials."""
    base = where if isinstance(where, str) else where.url
    client_id = client_id or where["CLIENT_ID"]
    client_secret = client_secret or where["CLIENT_SECRET"]
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    status, _, body = request(base, "POST", "/api/oauth/token", body="grant_type=client_credentials", headers={
        "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json"})
    assert status == 200, f"{status}: {body!r}"
    return json.loads(body)["access_token"]


def bearer_request(where, method, target, token, accept=V2024_11, headers=None, body=None):
    base = where if isinstance(where, str) else where.url
    return request(base, method, target, body=body,
                   headers={"Accept": accept, "Authorization": f"Bearer {token}", **(headers or {})})


def metrics(management_url):
    """/metrics as {series: value}, e.g. {'peerage_scans_total{result="ok"}': 3.0}."""
    status, _, body = request(management_url, "GET", "/metrics")
    assert status == 200
    values = {}
    for line in body.decode().splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            values[series] = float(value)
    return values
