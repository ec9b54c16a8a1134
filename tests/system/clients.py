# SPDX-License-Identifier: Apache-2.0
"""Other people's clients and servers that the system tests run: the Go programs of tests/clients, curl, boto3, moto.

Called by: conftest.py and tests. Must never: reach another host than 127.0.0.1, or put what was built into the tree.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import harness
import secret_search

GO_SECONDS = 300
MODULES = {"wire": ("go", "./wire"), "sdk": ("sdk", ".")}
built = {}


class Missing(Exception):
    """A tool is not on this machine."""


class Refused(Missing):
    """The Go module proxy does not serve a module."""


# ---- Go ----------------------------------------------------------------------------------------------------

def go_tool():
    found = shutil.which("go") or ("/usr/local/go/bin/go" if os.path.exists("/usr/local/go/bin/go") else None)
    if not found:
        raise Missing("Go is not installed")
    return found


def build(name):
    """The path of a client program, built once a session into build/clients."""
    given = os.environ.get(f"PEERAGE_{name.upper()}_CLIENT")
    if given:
        return given
    if name not in built:
        built[name] = build_now(name)
    if isinstance(built[name], Exception):
        raise built[name]
    return built[name]


def build_now(name):
    folder, package = MODULES[name]
    target = harness.ROOT / "build" / "clients" / name
    try:
        go = go_tool()
        done = subprocess.run([go, "build", "-trimpath", "-o", target, package], check=False,
                              cwd=harness.ROOT / "tests" / "clients" / folder, capture_output=True, text=True,
                              timeout=GO_SECONDS, env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"})
    except Missing as e:
        return e
    if done.returncode == 0:
        return str(target)
    if re.search(r"\b(403 Forbidden|404 Not Found|410 Gone)\b", done.stderr):
        return Refused(f"the Go module proxy refuses a module of tests/clients/{folder}: "
                       f"{done.stderr.strip().splitlines()[-1].strip()}")
    if "requires go >=" in done.stderr:
        return Missing(f"Go is too old for tests/clients/{folder}: {done.stderr.strip().splitlines()[0]}")
    return AssertionError(f"tests/clients/{folder} does not build:\n{done.stderr}")


class Client:
    """One of the Go programs towards one server with one credential: client("list", group=…) gives its line."""

    def __init__(self, program, url, kind, user="", secret=""):
        self.program = program
        self.environment = harness.clean_environment({"CLIENT_URL": url, "CLIENT_AUTH": kind, "CLIENT_USER": user,
                                                      "CLIENT_SECRET": secret})

    def __call__(self, operation, /, **args):
        words = [f"{k.replace('__', '.')}={v}" for k, v in args.items()]
        done = subprocess.run([self.program, operation, *words], env=self.environment, capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, f"{operation} {words}: {done.stderr}"
        line = json.loads(done.stdout)
        secret_search.note_text(str(line.get("body", "")))
        assert not line.get("strict"), f"{operation} {words}: {line['strict']}\n{line['body']}"
        return line


def both(program, where):
    """(kind, client) with the demo's API key, and with its service account."""
    return [("digest", Client(program, where.url, "digest", where["PUBLIC_KEY"], where["PRIVATE_KEY"])),
            ("oauth", Client(program, where.url, "oauth", where["CLIENT_ID"], where["CLIENT_SECRET"]))]


# ---- curl --------------------------------------------------------------------------------------------------

def curl(*args):
    """(status, headers with lower-case names, body) of the last answer."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "30", "--dump-header", "-", *args],
                          capture_output=True, timeout=60, check=False, env=harness.clean_environment())
    assert done.returncode == 0, done.stderr
    head, rest = b"", done.stdout
    while rest.startswith(b"HTTP/"):
        head, _, rest = rest.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    return int(lines[0].split()[1]), headers, rest


# ---- AWS ---------------------------------------------------------------------------------------------------

def aws_client(service, url, key, secret, token=None, region="us-east-1"):
    import boto3  # from PyPI: only tests marked needs_pypi("boto3") come here
    from botocore.config import Config
    return boto3.client(service, endpoint_url=url, region_name=region, aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token,
                        config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60))


class Moto:
    """A moto server: AWS as somebody else wrote it down."""

    def __init__(self, folder):
        self.log_path = pathlib.Path(folder) / "moto.log"
        self.process = self.url = None

    def __enter__(self):
        program = pathlib.Path(shutil.which("moto_server") or "")
        beside = pathlib.Path(sys.executable).parent / "moto_server"
        program = beside if beside.exists() else program
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log,
                                            env=harness.clean_environment({"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}))

        def listening():
            assert self.process.poll() is None, self.log_path.read_text()
            found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", self.log_path.read_text())
            return found and found.group(1)
        self.url = harness.wait_until(listening, "moto to listen", 60)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def post(self, path, body=""):
        req = urllib.request.Request(self.url + path, body.encode(), {"Content-Type": "text/plain"})
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(req, timeout=10).read()

    def authorization(self, on):
        """Whether signatures and policies are checked. Off while a test lays out the world."""
        self.post("/moto-api/reset-auth", "0" if on else "inf")

    def reset(self):
        self.authorization(False)
        self.post("/moto-api/reset")

    def admin(self, service, account, region="us-east-1"):
        """A client with all of an account, while authorization is off."""
        sts = aws_client("sts", self.url, "setup", "setup")
        got = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup")["Credentials"]
        return aws_client(service, self.url, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], region)

    def user(self, account, name, actions):
        """An IAM user that may do only `actions`: its access key."""
        iam = self.admin("iam", account)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(actions))
        return iam.create_access_key(UserName=name)["AccessKey"]


def policy(actions):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
