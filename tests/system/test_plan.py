# SPDX-License-Identifier: Apache-2.0
"""Declarative files from end to end: a team from nothing, changes, nothing to do, renames, refusals, drift between plan
and apply, failures and kills in the middle, by the store alone, through the daemon and from afar."""

import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

from harness import ROOT, Dev, Serve, binary, clean_environment, run

KEY = ("PEERAGE_PUBLIC_KEY", "PEERAGE_PRIVATE_KEY")
ACCOUNT = ("PEERAGE_CLIENT_ID", "PEERAGE_CLIENT_SECRET")
NOTHING = "nothing to do: all is as the file says\n"
TEAM = """orgs:
- name: acme
  settings: {apiAccessListRequired: false, operationsContact: ops@example.com, multiFactorAuthRequired: true}
  projects:
  - name: kafka
    tags: {team: streaming, "a b": 'no'}
    settings: {isDataExplorerEnabled: false}
  - name: spark
"""


@pytest.fixture(params=["alone", "daemon"])
def service(request, tmp_path):
    s = Serve(tmp_path)
    if request.param == "alone":
        yield s
    else:
        with s:
            yield s


@pytest.fixture(scope="module", name="dev")
def started_dev(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("plan"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        yield dev


@pytest.fixture(name="remote", params=["key", "account"])
def remote_environment(request, dev):
    names = ("PEERAGE_URL", *(KEY if request.param == "key" else ACCOUNT))
    return {n: dev.env[n] for n in names}


def write(tmp_path, text, name="team.yaml"):
    path = pathlib.Path(tmp_path) / name
    path.write_text(text, encoding="utf-8")
    return path


class Local:
    """The commands on one store."""

    def __init__(self, service):
        self.service = service

    def __call__(self, command, *args, check=0):
        return run(command, *args, "--config", self.service.config, check=check)

    def steps(self, path):
        done = run("plan", path, "--config", self.service.config, "--json")
        assert done.returncode in (0, 2), done.stderr
        return [(s["op"], s["kind"], s["name"]) for s in json.loads(done.stdout)["steps"]]

    def api(self, target):
        return json.loads(self("api", "GET", target).stdout)


# ---- the life of a file -----------------------------------------------------------------------------------------

def test_a_team_from_nothing_changed_renamed_and_deleted(service, tmp_path):
    peerage = Local(service)
    path = write(tmp_path, TEAM)
    assert peerage.steps(path) == [
        ("create", "organisation", "acme"), ("update", "settings of organisation", "acme"),
        ("create", "project", "acme/kafka"), ("create", "project", "acme/spark"),
        ("update", "settings of project", "acme/kafka")]
    shown = peerage("plan", path, check=2).stdout
    done = peerage("apply", path, "--yes").stdout
    assert done.startswith(shown[:shown.index("digest ")])
    assert re.findall(r"^done (\d/5)", done, re.MULTILINE) == [f"{n}/5" for n in range(1, 6)]
    assert peerage("plan", path).stdout == NOTHING and peerage("apply", path, "--yes").stdout == NOTHING

    groups = {g["name"]: g for g in peerage.api("/api/atlas/v2/groups")["results"]}
    kafka = groups["kafka"]
    assert kafka["tags"] == [{"key": "a b", "value": "no"}, {"key": "team", "value": "streaming"}]
    settings = peerage.api(f"/api/atlas/v2/orgs/{kafka['orgId']}/settings")
    assert settings["operationsContact"] == "ops@example.com" and settings["multiFactorAuthRequired"] is True
    assert peerage.api(f"/api/atlas/v2/groups/{kafka['id']}/settings")["isDataExplorerEnabled"] is False

    write(tmp_path, f"""orgs:
- name: acme
  settings: {{operationsContact: ""}}
  projects:
  - {{id: {kafka['id']}, name: streams, tags: {{}}}}
  - {{name: spark, delete: true}}
""")
    shown = peerage("plan", path, check=2).stdout
    assert f"- project acme/spark ({groups['spark']['id']})\n" in shown
    assert 'operationsContact: "ops@example.com" -> ""' in shown and 'name: "kafka" -> "streams"' in shown
    peerage("apply", path, "--yes")
    assert peerage("plan", path).stdout == NOTHING
    assert [g["name"] for g in peerage.api(f"/api/atlas/v2/orgs/{kafka['orgId']}/groups")["results"]] == ["streams"]
    left = peerage.api(f"/api/atlas/v2/orgs/{kafka['orgId']}/settings")
    assert "operationsContact" not in left and left["multiFactorAuthRequired"] is True, "what is not said stays"


def test_what_the_file_leaves_out_is_left_alone(service, tmp_path):
    peerage = Local(service)
    peerage("apply", write(tmp_path, TEAM), "--yes")
    before = peerage("api", "GET", "/api/atlas/v2/groups").stdout
    for text in ("orgs: []\n", "orgs: [{name: acme}]\n", "orgs: [{name: acme, projects: []}]\n",
                 '{"orgs": [{"name": "acme", "projects": [{"name": "kafka"}]}]}'):
        assert peerage("apply", write(tmp_path, text, "small"), "--yes").stdout == NOTHING
    assert peerage("api", "GET", "/api/atlas/v2/groups").stdout == before


def test_every_step_is_in_the_audit_log(service, tmp_path):
    peerage = Local(service)
    peerage("apply", write(tmp_path, TEAM), "--yes")
    org = [o for o in peerage.api("/api/atlas/v2/orgs")["results"] if o["name"] == "acme"][0]
    types = [e["eventTypeName"] for e in peerage.api(f"/api/atlas/v2/orgs/{org['id']}/events?itemsPerPage=500")["results"]]
    assert types.count("GROUP_CREATED") == 2 and len(types) >= 5, types


def test_policies_and_expected_requests(service, tmp_path):
    """Hand-overs name projects that the file makes; one that was asked for is not asked for twice."""
    peerage = Local(service)
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    rules = """[{name: own, action: accept, accounts: [210987654321], cidrs: [10.80.0.0/12, 10.64.0.0/12]},
        {name: batch, action: hand-over, vpcs: [vpc-0a1b2c3d4e5f60718], project: spark}, {name: ask, action: hold, accounts: ["*"]}]"""
    path = write(tmp_path, TEAM + f"""    policy: {{enabled: true}}
  - name: inbox
    policy:
      enabled: true
      approvals: {{accepts: 2}}
      rules: {rules}
    expectedRequests:
    - {{requesterAccountId: 210987654321, owner: "Ada, \\L network", validUntil: {until}, cidrBlocks: [10.3.0.0/16, 10.2.0.0/16]}}
    - {{requesterAccountId: 210987654321, owner: Ada, validUntil: 2020-01-01}}
""")
    done = peerage("apply", path, "--yes").stdout
    assert '"project":{"new":"spark"}' in done and "is past and left out" in done
    assert json.loads(peerage("plan", path, "--json").stdout)["steps"] == []
    groups = {g["name"]: g["id"] for g in peerage.api("/api/atlas/v2/groups")["results"]}
    policy = peerage.api(f"/api/peerage/v1/groups/{groups['inbox']}/policy")
    assert [r.get("project") for r in policy["rules"]] == [None, groups["spark"], None]
    assert policy["enabled"] and policy["approvals"]["accepts"] == 2 and policy["version"] == 1
    expected = peerage.api(f"/api/peerage/v1/groups/{groups['inbox']}/expectedRequests")
    assert [e["owner"] for e in expected["results"]] == ["Ada, \u2028 network"]
    write(tmp_path, f"orgs: [{{name: acme, projects: [{{name: inbox, policy: {{enabled: false, rules: []}}, "
                    f"expectedRequests: [{{id: {expected['results'][0]['id']}, delete: true}}]}}]}}]")
    done = peerage("apply", path, "--yes").stdout
    assert "2/2" in done and "        - {" in done and "enabled: true -> false" in done
    assert peerage("plan", path).stdout == NOTHING


def test_an_export_is_what_there_is(service, tmp_path):
    peerage = Local(service)
    peerage("apply", write(tmp_path, TEAM + "    policy: {rules: [{name: a, action: hold, accounts: ['*']}]}\n"), "--yes")
    text = peerage("export").stdout
    assert 'operationsContact: "ops@example.com"' in text and 'name: "main"' in text and 'action: "hold"' in text
    path = write(tmp_path, text, "export.yaml")
    assert peerage("plan", path).stdout == NOTHING
    (tmp_path / "other").mkdir()
    other = Serve(tmp_path / "other")
    run("apply", path, "--yes", "--config", other.config, check=0)
    again = run("export", "--config", other.config, check=0).stdout
    assert sorted(again.splitlines()) == sorted(text.splitlines()), "the same team elsewhere, in whatever order"


def test_webhooks_without_their_secrets(service, tmp_path):
    peerage = Local(service)
    path = write(tmp_path, """orgs:
- name: acme
  webhooks: [{url: "https://hooks.example.com/a", description: x, enabled: false}]
  projects: [{name: kafka, webhooks: [{url: "https://hooks.example.com/b", events: [connection.requested]}]}]
""")
    done = peerage("apply", path, "--yes").stdout
    assert "done 5/5" in done and "whsec" not in done
    assert peerage("plan", path).stdout == NOTHING
    org = [o for o in peerage.api("/api/atlas/v2/orgs")["results"] if o["name"] == "acme"][0]
    hooks = {h["url"][-1]: h for h in peerage.api(f"/api/peerage/v1/orgs/{org['id']}/webhooks")["results"]}
    assert hooks["a"]["enabled"] is False and "groupId" not in hooks["a"]
    assert hooks["b"]["enabled"] is True and hooks["b"]["events"] == ["connection.requested"] and hooks["b"]["groupId"]
    assert peerage("plan", write(tmp_path, peerage("export").stdout, "export.yaml")).stdout == NOTHING
    write(tmp_path, "orgs: [{name: acme, webhooks: [{url: 'https://hooks.example.com/a', delete: true}]}]\n")
    peerage("apply", path, "--yes")
    left = peerage.api(f"/api/peerage/v1/orgs/{org['id']}/webhooks")["results"]
    assert [h["url"][-1] for h in left] == ["b"]


# ---- refusals ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text,words", [
    ("orgs:\n- name: acme\n  name: b\n", ["team.yaml: line 3, column 3", "twice"]),
    ("orgs:\n- &a {name: acme}\n", ["line 2, column 3", "anchors"]),
    ("orgs:\n- name: acme\n  secret: x\n", ["line 3, column 3", 'no key "secret"']),
    ("", ["empty"]),
    ("orgs:\n- name: acme\n  projects: [{name: x, delete: false}]\n", ["line 3", "can only be true"]),
    ("orgs:\n- {id: 6b057f56fec97671e5000032, name: acme}\n", ["line 2, column 3", "no organisation with id"]),
    ("orgs:\n- name: acme\n- name: acme\n", ["line 3, column 3", "line 2"]),
])
def test_a_wrong_file_changes_nothing(tmp_path, text, words):
    peerage = Local(Serve(tmp_path))
    before = peerage("api", "GET", "/api/atlas/v2/orgs").stdout
    path = write(tmp_path, text)
    for command in (("plan", path), ("apply", path, "--yes")):
        done = peerage(*command, check=65)
        assert done.stdout == "" and all(w in done.stderr for w in words), done.stderr
    assert peerage("api", "GET", "/api/atlas/v2/orgs").stdout == before


def test_without_a_terminal_it_does_not_ask(tmp_path):
    peerage = Local(Serve(tmp_path))
    path = write(tmp_path, TEAM)
    assert "--yes" in peerage("apply", path, check=64).stderr
    assert "--yes" in peerage("apply", path, "--json", check=64).stderr
    assert peerage("plan", tmp_path / "none", check=66).stdout == ""
    assert len(peerage.api("/api/atlas/v2/orgs")["results"]) == 1


def test_standard_input_is_a_file_too(tmp_path):
    serve = Serve(tmp_path)
    done = run("plan", "-", "--config", serve.config, "--json", stdin=TEAM, check=2)
    assert len(json.loads(done.stdout)["steps"]) == 5
    assert "standard input: line 1" in run("plan", "-", "--config", serve.config, stdin="orgs: {}", check=65).stderr


def test_a_project_with_networks_is_not_deleted(service, tmp_path):
    peerage = Local(service)
    peerage("apply", write(tmp_path, TEAM), "--yes")
    spark = [g for g in peerage.api("/api/atlas/v2/groups")["results"] if g["name"] == "spark"][0]
    service.command("network", "add", "--project", spark["id"], "--account", "123456789012", "--region",
                    "us-east-1", "--vpc", "vpc-0a1b2c3d4e5f60718")
    path = write(tmp_path, "orgs: [{name: acme, projects: [{name: spark, delete: true}]}]\n")
    done = peerage("plan", path, check=78)
    assert "has the network acme/spark/vpc-0a1b2c3d4e5f60718" in done.stderr and done.stdout == ""
    assert "vpc-0a1b2c3d4e5f60718" in peerage("export").stdout
    path = write(tmp_path, "orgs: [{name: acme, projects: [{name: spark, delete: true, networks: [{accountId: 123456789012, "
                           "region: us-east-1, vpcId: vpc-0a1b2c3d4e5f60718, delete: true}]}]}]\n")
    peerage("apply", path, "--yes")
    assert service.command("network", "list", "--project", spark["id"])["results"] == []
    assert peerage("plan", path).stdout == NOTHING


# ---- between plan and apply -------------------------------------------------------------------------------------

def test_a_digest_stands_for_one_plan(service, tmp_path):
    peerage = Local(service)
    path = write(tmp_path, TEAM)
    digest = json.loads(peerage("plan", path, "--json", check=2).stdout)["digest"]
    assert digest == json.loads(peerage("plan", path, "--json", check=2).stdout)["digest"]
    assert f"digest {digest}:" in peerage("plan", path, check=2).stdout
    peerage("org", "create", "acme")
    done = peerage("apply", path, "--yes", "--expect", digest, check=78)
    assert "changed meanwhile" in done.stderr and peerage.api("/api/atlas/v2/groups")["totalCount"] == 1
    digest = json.loads(peerage("plan", path, "--json", check=2).stdout)["digest"]
    applied = json.loads(peerage("apply", path, "--yes", "--json", "--expect", digest).stdout)
    assert applied["digest"] == digest and applied["done"] == len(applied["steps"]) == 4
    peerage("apply", path, "--yes", "--expect", digest)  # done already: nothing is left to differ


class Terminal:
    """A command with a terminal to ask on."""

    def __init__(self, *args):
        self.master, slave = pty.openpty()
        self.popen = subprocess.Popen([binary(), *map(str, args)], stdin=slave, stdout=slave, stderr=slave,
                                      env=clean_environment())
        os.close(slave)
        self.text = ""

    def read_until(self, words, seconds=60):
        deadline = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            if not select.select([self.master], [], [], 1)[0]:
                continue
            try:
                self.text += os.read(self.master, 65536).decode()
            except OSError:  # its end is closed
                break
        assert words in self.text, self.text

    def answer(self, text):
        os.write(self.master, text.encode())
        try:
            while data := os.read(self.master, 65536):
                self.text += data.decode()
        except OSError:
            pass
        os.close(self.master)
        return self.popen.wait(60)


@pytest.mark.parametrize("answer,code,projects", [("yes\n", 0, 3), ("no\n", 2, 1), ("\n", 2, 1)])
def test_it_asks_on_a_terminal(service, tmp_path, answer, code, projects):
    t = Terminal("apply", write(tmp_path, TEAM), "--config", service.config)
    t.read_until("Type yes: ")
    assert t.answer(answer) == code, t.text
    assert Local(service).api("/api/atlas/v2/groups")["totalCount"] == projects


def test_what_changes_while_it_asks_stops_it(service, tmp_path):
    peerage = Local(service)
    t = Terminal("apply", write(tmp_path, TEAM), "--config", service.config)
    t.read_until("Type yes: ")
    peerage("org", "create", "acme")  # nothing is held open while it waits
    assert t.answer("yes\n") == 78 and "changed meanwhile" in t.text
    assert peerage.api("/api/atlas/v2/groups")["totalCount"] == 1


# ---- failures and kills -----------------------------------------------------------------------------------------

def test_it_stops_at_the_first_failure_and_goes_on_when_run_again(service, tmp_path):
    peerage = Local(service)
    wrong = TEAM.replace("name: spark", "name: '" + "x" * 65 + "'\n  - name: last")
    done = peerage("apply", write(tmp_path, wrong), "--yes", check=65)
    assert "done 3/6 + project acme/kafka" in done.stdout and "done 4/6" not in done.stdout
    assert "3 of 6 done" in done.stderr and "+ project acme/last" in done.stderr and "run it again" in done.stderr
    assert sorted(g["name"] for g in peerage.api("/api/atlas/v2/groups")["results"])[0] == "kafka"
    path = write(tmp_path, TEAM)
    assert peerage.steps(path) == [("create", "project", "acme/spark"), ("update", "settings of project", "acme/kafka")]
    peerage("apply", path, "--yes")
    assert peerage("plan", path).stdout == NOTHING


def test_a_kill_in_the_middle_loses_nothing(service, tmp_path):
    many = TEAM + "".join(f"  - {{name: p{n}, tags: {{n: '{n}'}}}}\n" for n in range(60))
    path = write(tmp_path, many)
    killed = subprocess.Popen([binary(), "apply", str(path), "--yes", "--config", str(service.config)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
    while not killed.stdout.readline().startswith(b"done 7/"):
        assert killed.poll() is None or killed.returncode == 0
    killed.kill()
    killed.wait(60)
    killed.stdout.close()
    peerage = Local(service)
    assert peerage.api("/api/atlas/v2/groups?itemsPerPage=500")["totalCount"] >= 6
    peerage("apply", path, "--yes")
    assert peerage("plan", path).stdout == NOTHING
    names = [g["name"] for g in peerage.api("/api/atlas/v2/groups?itemsPerPage=500")["results"]]
    assert len(names) == len(set(names)) == 63


# ---- from afar --------------------------------------------------------------------------------------------------

def test_a_remote_server_is_planned_and_applied_likewise(dev, remote, tmp_path):
    org = json.loads(run("api", "GET", f"/api/atlas/v2/orgs/{dev['ORG_ID']}", env=remote, check=0).stdout)["name"]
    kind = "key" if KEY[0] in remote else "account"
    path = write(tmp_path, f"orgs:\n- name: {org}\n  projects:\n  - {{name: far-{kind}, tags: {{by: {kind}}}}}\n")
    far = json.loads(run("plan", path, "--json", env=remote, check=2).stdout)
    near = json.loads(run("plan", path, "--json", "--data", dev.dir, check=2).stdout)
    assert far == near and len(far["steps"]) == 1
    run("apply", path, "--yes", "--expect", far["digest"], env=remote, check=0)
    assert run("plan", path, env=remote, check=0).stdout == NOTHING
    events = run("api", "GET", f"/api/atlas/v2/orgs/{dev['ORG_ID']}/events?itemsPerPage=500", env=remote, check=0).stdout
    assert dev["PUBLIC_KEY" if kind == "key" else "CLIENT_ID"] in events
    write(tmp_path, f"orgs:\n- name: {org}\n  projects:\n  - {{name: far-{kind}, delete: true}}\n")
    run("apply", path, "--yes", env=remote, check=0)


def test_an_organisation_that_is_not_seen_is_not_made_from_afar(dev, remote, tmp_path):
    done = run("plan", write(tmp_path, "orgs: [{name: another}]\n"), env=remote, check=65)
    assert "you do not see this organisation" in done.stderr


def test_who_may_only_read_can_plan_but_not_apply(tmp_path):
    with Serve(tmp_path) as serve:
        key = serve.command("key", "create", "--role", "ORG_READ_ONLY")
        env = {"PEERAGE_URL": serve.url, KEY[0]: key["publicKey"], KEY[1]: key["privateKey"]}
        path = write(tmp_path, "orgs: [{name: main, projects: [{name: new}, {name: newer}]}]\n")
        assert "+ project main/new\n" in run("plan", path, env=env, check=2).stdout
        done = run("apply", path, "--yes", env=env, check=77)
        assert "0 of 2 done" in done.stderr and "+ project main/newer" in done.stderr
        run("plan", path, env=env, check=2)


# ---- the page ---------------------------------------------------------------------------------------------------

def test_the_page_names_every_key():
    page = (ROOT / "docs" / "declarative.md").read_text(encoding="utf-8")
    table = (ROOT / "spec" / "declare.def").read_text(encoding="utf-8")
    names = re.findall(r'^DECL_(?:ATTR|UNDER)\(\w+, "([^"]+)"', table, re.MULTILINE)
    assert len(names) > 60
    for name in names:
        for word in name.split("."):
            assert f"`{word}`" in page, word


def example():
    page = (ROOT / "docs" / "declarative.md").read_text(encoding="utf-8")
    return page.split("```yaml\n", 1)[1].split("```", 1)[0]


def test_the_example_of_the_page_makes_a_team(service, tmp_path):
    peerage = Local(service)
    path = write(tmp_path, example())
    done = peerage("apply", path, "--yes").stdout
    assert "+ project payments/kafka\n" in done and "policy of project payments/kafka\n" in done
    assert "whsec" not in done, "a secret that nobody asked for"
    assert peerage("plan", path).stdout == NOTHING
    export = write(tmp_path, peerage("export").stdout, "export.yaml")
    assert peerage("plan", export).stdout == NOTHING
