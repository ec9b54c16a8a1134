# SPDX-License-Identifier: Apache-2.0
"""What the tests of organisations, projects and credentials share: a caller with one credential, and every role.

Called by: test_tenants.py, test_decisions.py. Must never: reach another host than 127.0.0.1.
"""

import json

import harness
from harness import V2023_01

ORG_ROLES = ("ORG_OWNER", "ORG_MEMBER", "ORG_GROUP_CREATOR", "ORG_BILLING_ADMIN", "ORG_BILLING_READ_ONLY",
             "ORG_STREAM_PROCESSING_ADMIN", "ORG_READ_ONLY")


def group_roles():
    """Every role on a project that the table knows."""
    text = (harness.ROOT / "spec" / "roles.def").read_text(encoding="utf-8")
    return tuple(harness.re.findall(r'^ROLE\(\w+, "(GROUP_\w+)", GROUP\)', text, harness.re.MULTILINE))


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.code = headers.get("x-error-code")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.code} {self.body[:300]!r}"


class Caller:
    """One API key. ask() sends JSON when it is given a body."""

    def __init__(self, url, user, password):
        self.url, self.user, self.password = url, user, password

    def ask(self, method, target, body=None, accept=V2023_01):
        text = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        kind = {"Content-Type": accept} if text is not None else None
        return Reply(*harness.digest_request(self.url, method, target, accept, kind, text, self.user, self.password))

    def get(self, target, accept=V2023_01):
        return self.ask("GET", target, accept=accept)


def demo_owner(dev):
    return Caller(dev.url, dev["PUBLIC_KEY"], dev["PRIVATE_KEY"])


def command(dev, *args):
    return json.loads(harness.run(*args, "--data", dev.dir, "--json", check=0).stdout)


def new_caller(dev, *roles, org=None, project=None):
    words = [w for r in roles for w in ("--role", r)] + ["--org", org or dev["ORG_ID"]]
    if any(r.startswith("GROUP_") for r in roles):
        words += ["--project", project or dev["GROUP_ID"]]
    made = command(dev, "key", "create", *words)
    dev.secrets.add(made["privateKey"])
    return Caller(dev.url, made["publicKey"], made["privateKey"])


def event_types(caller, scope):
    """eventTypeName of the events of groups/… or orgs/…, newest first."""
    found = caller.get(f"/api/atlas/v2/{scope}/events?itemsPerPage=500")
    assert found.status == 200, found
    return [e["eventTypeName"] for e in found.json()["results"]]


def doc_examples(dev, page, begins, instead=("\0", "")):
    """Runs the block of shell of docs/PAGE that begins so, with demo.env, and gives what each `ask` answered. instead: a text
    of the page, and what stands for it here."""
    text = (harness.ROOT / "docs" / page).read_text(encoding="utf-8").replace(*instead)
    block = next(b for b in harness.re.findall(r"```sh\n(.*?)```", text, harness.re.DOTALL) if b.startswith(begins))
    script = "".join(line + ("; echo\n" if line.startswith("ask -") or line.startswith('ask "') else "\n")
                     for line in block.splitlines())
    done = harness.subprocess.run(["bash", "-euc", f". {dev.dir}/demo.env\n{script}"], text=True, capture_output=True,
                                  timeout=120, check=False, env=harness.clean_environment(), stdin=harness.subprocess.DEVNULL)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return [json.loads(line) if line else None for line in done.stdout.splitlines()]
