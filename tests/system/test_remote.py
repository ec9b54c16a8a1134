# SPDX-License-Identifier: Apache-2.0
"""The command as a client: which server it asks and as whom, the same answers from afar, through the daemon and with
the store alone, and what it says when it is refused, throttled, or nobody answers."""

import json
import os
import pathlib
import pty
import select
import shutil
import subprocess

import pytest

from harness import READY_SECONDS, Dev, Serve, binary, clean_environment, request, run, wait_until

GROUPS = "/api/atlas/v2/groups"
KEY = ("PEERAGE_PUBLIC_KEY", "PEERAGE_PRIVATE_KEY")
ACCOUNT = ("PEERAGE_CLIENT_ID", "PEERAGE_CLIENT_SECRET")


@pytest.fixture(scope="module", name="dev")
def started_dev(tmp_path_factory):
    with Dev(tmp_path_factory.mktemp("remote"), "--rate-limit", "off") as dev:
        dev.wait_scanned()
        yield dev


def environment(dev, *names, **more):
    """What `. demo.env` would set of these, and the rest of it that steers no credential."""
    kept = ("PEERAGE_URL", "PEERAGE_ORG_ID", "PEERAGE_GROUP_ID", *names)
    return {**{n: dev.env[n] for n in kept}, **more}


@pytest.fixture(name="remote", params=["key", "account"])
def remote_environment(request, dev):
    return environment(dev, *(KEY if request.param == "key" else ACCOUNT))


# ---- the transport --------------------------------------------------------------------------------------------

def test_remote_and_local_answers_are_the_same(dev, remote):
    far = run("api", "GET", GROUPS, env=remote, check=0).stdout
    near = run("api", "GET", GROUPS, "--data", dev.dir, env=remote, check=0).stdout
    assert far == near and json.loads(far)["results"][0]["id"] == dev["GROUP_ID"]


def test_all_of_demo_env_works_at_once(dev):
    assert json.loads(run("api", "GET", GROUPS, env=dev.env, check=0).stdout)["totalCount"] >= 1


def test_changes_by_each_way_are_made_and_named(dev, remote):
    name = "p-" + ("key" if KEY[0] in remote else "account")
    body = json.dumps({"name": name, "orgId": dev["ORG_ID"]})
    made = json.loads(run("api", "POST", GROUPS, "--body", "-", env=remote, stdin=body, check=0).stdout)
    local = json.dumps({"name": name + "-local", "orgId": dev["ORG_ID"]})
    near = json.loads(run("api", "POST", GROUPS, "--body", "-", "--data", dev.dir, stdin=local, check=0).stdout)
    assert made["name"] == name and near["name"] == name + "-local"
    done = run("api", "POST", GROUPS, "--body", "-", env=remote, stdin=body, check=65)
    assert "GROUP_ALREADY_EXISTS" in done.stderr and json.loads(done.stdout)["errorCode"] == "GROUP_ALREADY_EXISTS"
    events = run("api", "GET", f"/api/atlas/v2/orgs/{dev['ORG_ID']}/events?itemsPerPage=500", env=remote, check=0).stdout
    assert dev["PUBLIC_KEY" if KEY[0] in remote else "CLIENT_ID"] in events and '"admin"' in events
    for project in (made, near):
        run("api", "DELETE", f"{GROUPS}/{project['id']}", env=remote, check=0)


def test_without_a_daemon_the_store_answers_the_same(tmp_path):
    serve = Serve(tmp_path)
    alone = run("api", "GET", GROUPS, "--config", serve.config, check=0).stdout
    with serve:
        assert run("api", "GET", GROUPS, "--config", serve.config, check=0).stdout == alone
    assert json.loads(alone)["totalCount"] == 1
    org = json.loads(run("api", "GET", "/api/atlas/v2/orgs", "--config", serve.config, check=0).stdout)
    assert [o["name"] for o in org["results"]] == ["main"]


def test_the_local_administrator_sees_all_organisations(tmp_path):
    with Serve(tmp_path) as serve:
        made = serve.command("org", "create", "acme")
        listed = json.loads(run("api", "GET", "/api/atlas/v2/orgs?itemsPerPage=1&pageNum=2", "--config", serve.config,
                                check=0).stdout)
        assert listed["totalCount"] == 2 and len(listed["results"]) == 1
        project = serve.command("project", "create", "kafka", "--org", made["id"])
        path = f"/api/atlas/v2/orgs/{made['id']}/groups"
        inside = json.loads(run("api", "GET", path, "--config", serve.config, check=0).stdout)
        assert [g["id"] for g in inside["results"]] == [project["id"]]
        found = json.loads(run("api", "GET", GROUPS + "/byName/kafka", "--config", serve.config, check=0).stdout)
        assert found["id"] == project["id"]
        types = json.loads(run("api", "GET", "/api/atlas/v2/eventTypes", "--config", serve.config, check=0).stdout)
        assert types["totalCount"] > 10
        # He spends no token of anybody's bucket and needs no credential, but only on the socket of the machine.
        assert request(serve.url, "GET", GROUPS)[0] == 401


def test_no_access_token_outlives_the_command(dev):
    """An account has a bounded number of live tokens: 100. More commands than that must work."""
    env = environment(dev, *ACCOUNT)
    for _ in range(105):
        run("api", "GET", GROUPS, env=env, check=0)
    live = run("api", "GET", GROUPS, env=env, check=0)
    assert live.stderr == ""


# ---- which server ---------------------------------------------------------------------------------------------

def test_this_machine_is_asked_when_data_is_given(dev):
    env = environment(dev, *KEY, PEERAGE_URL="http://127.0.0.1:1")
    run("api", "GET", GROUPS, "--data", dev.dir, env=env, check=0)
    run("api", "GET", GROUPS, env=env, check=69)


@pytest.mark.parametrize("env,words,code", [
    ({"PEERAGE_URL": "http://127.0.0.1:1"}, ["PEERAGE_PUBLIC_KEY"], 65),
    ({"PEERAGE_URL": "http://127.0.0.1:1", "PEERAGE_PUBLIC_KEY": "x"}, ["PEERAGE_PRIVATE_KEY"], 65),
    ({"PEERAGE_URL": "ftp://x", "PEERAGE_PUBLIC_KEY": "x", "PEERAGE_PRIVATE_KEY": "y"}, ["http(s)://"], 65),
    ({"PEERAGE_URL": "http://x.example", "PEERAGE_CLIENT_ID": "x", "PEERAGE_CLIENT_SECRET": "y"}, ["clear"], 65),
    ({"PEERAGE_URL": "http://localhost.example", "PEERAGE_CLIENT_ID": "x", "PEERAGE_CLIENT_SECRET": "y"}, ["clear"], 65),
    ({"PEERAGE_URL": "http://127.0.0.1.example", "PEERAGE_CLIENT_ID": "x", "PEERAGE_CLIENT_SECRET": "y"}, ["clear"], 65),
    ({"PEERAGE_URL": "http://localhost:x@example.com", "PEERAGE_CLIENT_ID": "x", "PEERAGE_CLIENT_SECRET": "y"}, ["http(s)://"], 65),
    ({"PEERAGE_PROFILE": "nobody"}, ['"nobody"', "profile list"], 66),
])
def test_what_names_a_server_must_be_whole(env, words, code, tmp_path):
    done = run("api", "GET", GROUPS, env={**env, "HOME": str(tmp_path)}, check=code)
    for word in words:
        assert word in done.stderr, done.stderr


def test_what_works_here_only_never_mistakes_the_server(dev):
    env = environment(dev, PEERAGE_PROFILE="elsewhere")
    done = run("freeze", "status", env=env, check=64)
    assert "PEERAGE_PROFILE" in done.stderr and not done.stdout
    run("freeze", "status", "--data", dev.dir, env=env, check=0)


def test_an_organisation_is_shown_renamed_and_deleted(dev):
    made = json.loads(run("org", "create", "passing", "--data", dev.dir, "--json", check=0).stdout)
    owner = json.loads(run("key", "create", "--role", "ORG_OWNER", "--org", made["id"], "--data", dev.dir, "--json",
                           check=0).stdout)
    dev.secrets.add(owner["privateKey"])
    env = {"PEERAGE_URL": dev.url, "PEERAGE_PUBLIC_KEY": owner["publicKey"], "PEERAGE_PRIVATE_KEY": owner["privateKey"]}
    assert "passing" in run("org", "get", made["id"], env=env, check=0).stdout
    renamed = json.loads(run("org", "rename", made["id"], "gone-soon", "--json", env=env, check=0).stdout)
    assert renamed["name"] == "gone-soon"
    assert run("org", "rename", made["id"], "a/b", env=env, check=65).stderr
    run("org", "get", dev["ORG_ID"], env=env, check=77)
    run("org", "delete", made["id"], env=env, check=0)
    run("org", "get", made["id"], "--data", dev.dir, check=66)


# ---- refused, away, throttled ---------------------------------------------------------------------------------

def test_a_wrong_secret_is_said_and_shown_nowhere(dev):
    done = run("api", "GET", GROUPS, env=environment(dev, *KEY, PEERAGE_PRIVATE_KEY="wrong-secret-of-a-key"), check=77)
    assert "secret is wrong" in done.stderr and "wrong-secret" not in done.stdout + done.stderr
    done = run("api", "GET", GROUPS, env=environment(dev, *ACCOUNT, PEERAGE_CLIENT_SECRET="mdb_sa_sk_wrong"), check=77)
    assert dev["CLIENT_ID"] in done.stderr and "mdb_sa_sk" not in done.stdout + done.stderr


def test_nobody_answers(dev, remote):
    done = run("api", "GET", GROUPS, env={**remote, "PEERAGE_URL": "http://127.0.0.1:1"}, check=69)
    assert "http://127.0.0.1:1" in done.stderr and done.stdout == ""


def test_a_429_is_obeyed_once(dev, remote):
    fault = {"action": "status", "status": 429, "retryAfter": 1, "operation": "listGroups"}
    add = lambda times: request(dev.management, "POST", "/dev/faults", body=json.dumps({**fault, "times": times}))
    assert request(dev.management, "DELETE", "/dev/faults")[0] == 200
    assert add(1)[0] == 200
    run("api", "GET", GROUPS, env=remote, check=0)
    assert add(2)[0] == 200
    done = run("api", "GET", GROUPS, env=remote, check=75)
    assert "RATE_LIMITED" in done.stderr
    run("api", "GET", GROUPS, "--data", dev.dir, check=0)  # the local administrator meets no rule
    assert request(dev.management, "DELETE", "/dev/faults")[0] == 200


def test_a_wait_of_more_than_a_minute_is_not_waited_for(dev):
    rule = json.dumps({"action": "status", "status": 429, "retryAfter": 61, "operation": "listGroups"})
    assert request(dev.management, "POST", "/dev/faults", body=rule)[0] == 200
    run("api", "GET", GROUPS, env=environment(dev, *KEY), check=75, timeout=30)
    assert request(dev.management, "DELETE", "/dev/faults")[0] == 200


def test_tls_with_a_ca_file(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not installed")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"), "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   capture_output=True)
    settings = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    with Serve(tmp_path, settings) as serve:
        env = {"PEERAGE_URL": serve.url, "PEERAGE_PUBLIC_KEY": serve.owner["publicKey"],
               "PEERAGE_PRIVATE_KEY": serve.owner["privateKey"]}
        assert serve.url.startswith("https://")
        done = run("api", "GET", GROUPS, env=env, check=69)
        assert "certificate" in done.stderr.lower()
        env["PEERAGE_CA_FILE"] = str(tmp_path / "cert.pem")
        assert json.loads(run("api", "GET", GROUPS, env=env, check=0).stdout)["totalCount"] == 1


@pytest.mark.parametrize("args,words", [
    (("FETCH", GROUPS), ["FETCH", "GET"]),
    (("GET", "/healthz"), ["/api/"]),
    (("GET",), ["missing"]),
])
def test_api_asks_only_what_can_be_asked(args, words, dev):
    done = run("api", *args, "--data", dev.dir, check=64)
    for word in words:
        assert word in done.stderr


# ---- profiles -------------------------------------------------------------------------------------------------

@pytest.fixture(name="home")
def own_home(tmp_path):
    return {"HOME": str(tmp_path)}


def profile_file(home):
    return os.path.join(home["HOME"], ".config", "peerage", "profiles")


def test_profiles_are_kept_used_shown_and_deleted(dev, home):
    run("profile", "set", "far", "--url", dev.url + "/", "--public-key", dev["PUBLIC_KEY"], "--project",
        dev["GROUP_ID"], env=home, stdin=dev["PRIVATE_KEY"] + "\n", check=0)
    assert os.stat(profile_file(home)).st_mode & 0o777 == 0o600
    assert dev["PRIVATE_KEY"] not in run("profile", "show", "far", env=home, check=0).stdout
    assert [p["name"] for p in json.loads(run("profile", "list", "--json", env=home, check=0).stdout)["results"]] == \
        ["far"]
    listed = run("project", "list", "--profile", "far", env=home, check=0).stdout
    assert dev["GROUP_ID"] in listed
    assert run("project", "list", env={**home, "PEERAGE_PROFILE": "far"}, check=0).stdout == listed
    # The profile is chosen before the environment, and this machine's store is not when a profile is named.
    run("project", "list", "--profile", "far", env={**home, "PEERAGE_URL": "http://127.0.0.1:1"}, check=0)
    done = run("project", "list", "--profile", "far", "--data", dev.dir, env=home, check=65)
    assert "give one" in done.stderr
    run("profile", "delete", "far", env=home, check=0)
    run("project", "list", "--profile", "far", env=home, check=66)
    run("profile", "delete", "far", env=home, check=66)


def test_a_profile_changes_and_keeps_what_is_not_given(dev, home, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(dev["CLIENT_SECRET"] + "\n", encoding="utf-8")
    secret.chmod(0o600)
    run("profile", "set", "a", "--url", dev.url, "--public-key", "x", env=home, stdin="y\n", check=0)
    run("profile", "set", "b", "--url", "https://b.example", "--public-key", "x", env=home, stdin="y\n", check=0)
    run("project", "list", "--profile", "a", env=home, check=77)
    run("profile", "set", "a", "--client-id", dev["CLIENT_ID"], "--client-secret-file", secret, env=home, check=0)
    run("project", "list", "--profile", "a", env=home, check=0)
    text = pathlib.Path(profile_file(home)).read_text(encoding="utf-8")
    assert "[b]" in text and "https://b.example" in text and dev["CLIENT_SECRET"] not in text
    secret.chmod(0o644)
    done = run("project", "list", "--profile", "a", env=home, check=77)
    assert "chmod 600" in done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_profile_file_that_others_may_read_is_refused(mode, dev, home):
    run("profile", "set", "far", "--url", dev.url, "--public-key", dev["PUBLIC_KEY"], env=home,
        stdin=dev["PRIVATE_KEY"] + "\n", check=0)
    os.chmod(profile_file(home), mode)
    done = run("project", "list", "--profile", "far", env=home, check=77)
    assert "chmod 600" in done.stderr and dev["PRIVATE_KEY"] not in done.stderr


@pytest.mark.parametrize("text,words", [
    ("url = x\n", [":1:", "[name]"]),
    ("[a]\nurll = x\n", [":2:", "urll"]),
    ("[a]\nurl = x\nurl = y\n", [":3:", "second time"]),
    ("[a]\nurl = https://x\n[a]\n", [":3:"]),
    ("[a]\nnonsense\n", ["2"]),
])
def test_a_profile_file_says_what_is_wrong_in_it(text, words, home):
    os.makedirs(os.path.dirname(profile_file(home)))
    pathlib.Path(profile_file(home)).write_text(text, encoding="utf-8")
    os.chmod(profile_file(home), 0o600)
    done = run("project", "list", "--profile", "a", env=home, check=65)
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("args,stdin", [
    (("x", "--public-key", "k"), "s\n"),                                        # no URL
    (("x", "--url", "https://x.example"), "s\n"),                               # no credential
    (("x", "--url", "https://x.example", "--public-key", "k"), ""),              # no secret
    (("x", "--url", "https://x.example", "--public-key", "k", "--client-id", "c"), "s\n"),
    (("x", "--url", "http://x.example", "--client-id", "c"), "s\n"),            # in the clear
    (("x", "--url", "gopher://x.example", "--public-key", "c"), "s\n"),
])
def test_a_profile_that_could_not_work_is_not_kept(args, stdin, home):
    run("profile", "set", *args, env=home, stdin=stdin, check=65)
    assert not os.path.exists(profile_file(home))


# ---- the commands, from afar and here -------------------------------------------------------------------------

SAME = [
    ("project", "list"), ("project", "get", "demo"), ("key", "list"), ("key", "list", "--project", "demo"),
    ("service-account", "list"), ("event", "list", "--items-per-page", "2", "--page-num", "2"), ("event", "types"),
    ("event", "list", "--all", "--type", "ORG_CREATED"), ("connection", "list", "--sort", "expiry"),
    ("connection", "list", "--all"),
]


@pytest.mark.parametrize("command", SAME, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_a_command_shows_the_same_from_afar(command, form, dev, remote):
    far = run(*command, *form, env=remote, check=0).stdout
    near = run(*command, *form, "--data", dev.dir, check=0).stdout
    if form and command[0] == "connection":
        far, near = ("".join(line for line in text.splitlines() if "ageSeconds" not in line) for text in (far, near))
    assert far == near and far


def test_the_life_of_a_key_from_afar(dev, remote):
    def ask(*args, check=0):
        done = run(*args, "--json", env=remote, check=check)
        return json.loads(done.stdout) if check == 0 else done
    made = ask("key", "create", "--role", "ORG_READ_ONLY", "--description", "far")
    name = made["publicKey"]
    try:
        own = {"PEERAGE_URL": dev.url, "PEERAGE_PUBLIC_KEY": name, "PEERAGE_PRIVATE_KEY": made["privateKey"]}
        run("project", "list", env=own, check=0)
        done = run("key", "create", "--role", "ORG_READ_ONLY", env=own, check=77)
        assert "USER_UNAUTHORIZED" in done.stderr
        assert ask("key", "update", name, "--description", "near")["desc"] == "near"
        ask("key", "assign", name, "--role", "GROUP_READ_ONLY")
        assert name in {k["publicKey"] for k in ask("key", "list", "--project", "demo")["results"]}
        ask("key", "unassign", name)
        assert name not in {k["publicKey"] for k in ask("key", "list", "--project", "demo")["results"]}
        ask("access-list", "add", name, "192.0.2.0/24")
        assert [e["cidrBlock"] for e in ask("access-list", "list", name)["results"]] == ["192.0.2.0/24"]
        run("project", "list", env=own, check=77)
        ask("access-list", "remove", name, "192.0.2.0/24")
        run("project", "list", env=own, check=0)
    finally:
        ask("key", "delete", name)
    run("project", "list", env=own, check=77)
    assert "key list" in ask("key", "delete", name, check=66).stderr


def test_every_page_is_fetched(dev):
    made = [run("project", "create", f"many-{n}", "--data", dev.dir, check=0) for n in range(3)]
    assert len(made) == 3
    env = environment(dev, *KEY)
    one = run("project", "list", "--items-per-page", "1", env=env, check=0).stdout
    assert "1 of 4" in one and "--all" in one
    everything = json.loads(run("project", "list", "--all", "--json", env=env, check=0).stdout)
    assert everything["totalCount"] == len(everything["results"]) == 4
    for n in range(3):
        run("project", "delete", f"many-{n}", "--data", dev.dir, check=0)
    run("project", "list", "--items-per-page", "501", env=env, check=64)


def test_the_same_account_is_found_in_any_organisation(tmp_path):
    with Serve(tmp_path) as serve:
        other = serve.command("org", "create", "acme")["id"]
        key = serve.command("key", "create", "--org", other, "--role", "ORG_OWNER")["publicKey"]
        account = serve.command("service-account", "create", "robot", "--org", other, "--role", "ORG_OWNER")["clientId"]
        assert serve.command("key", "get", key)["publicKey"] == key
        serve.command("access-list", "add", account, "10.0.0.0/8")
        serve.command("service-account", "delete", account)
        serve.command("service-account", "delete", account, check=66)
        done = serve.command("key", "list", check=65)
        assert "--org" in done.stderr


# ---- accept asks ----------------------------------------------------------------------------------------------

def typed(args, answers, env):
    """Runs a command at a terminal and types each answer at its question. (exit code, what the terminal shows)."""
    controller, terminal = pty.openpty()
    shown = b""

    def read_more():
        nonlocal shown
        assert select.select([controller], [], [], READY_SECONDS)[0], f"nothing more came after {shown!r}"
        try:
            more = os.read(controller, 4096)
        except OSError:  # Linux says so when the last user of the terminal has gone
            more = b""
        shown += more
        return more
    with subprocess.Popen([binary(), *args], stdin=terminal, stdout=terminal, stderr=terminal,
                          env=clean_environment(env), start_new_session=True) as process:
        os.close(terminal)
        try:
            for question, answer in answers:
                while question.encode() not in shown:
                    assert read_more(), f"it ended without {question}: {shown!r}"
                os.write(controller, answer.encode() + b"\n")
            while read_more():
                pass
            code = process.wait(READY_SECONDS)
        finally:
            process.kill()
            os.close(controller)
    return code, shown.decode()


def test_accept_asks_for_the_challenge_and_never_tells_it(tmp_path):
    with Dev(tmp_path, "--rate-limit", "off") as dev:
        dev.wait_scanned()
        env = environment(dev, *KEY)
        accept = ["connection", "accept", dev["PEERING_NAME"]]
        done = run(*accept, env=env, check=64)
        assert "--requester-account" in done.stderr and "--requester-vpc" in done.stderr
        code, shown = typed(accept, [("AWS account", "111122223333"), ("VPC (", "vpc-0000")], env)
        assert code == 65 and "INVALID_ATTRIBUTE" in shown
        assert dev["REQUESTER_ACCOUNT_ID"] not in shown and dev["REQUESTER_VPC_ID"] not in shown
        assert dev["PEERING_NAME"] in shown and dev["ACCEPTER_VPC_ID"] in shown
        code, shown = typed(accept, [("AWS account", dev["REQUESTER_ACCOUNT_ID"]), ("VPC (", dev["REQUESTER_VPC_ID"])],
                            env)
        assert code == 0, shown

        def status():
            return json.loads(run("connection", "list", "--json", env=env, check=0).stdout)["results"][0]["cloudStatus"]
        wait_until(lambda: status() == "active", "the connection to be active")
        run("connection", "delete", dev["PEERING_NAME"], env=env, check=0)
        wait_until(lambda: status() != "active", "the deletion")


def test_a_secret_is_typed_unseen(home):
    code, shown = typed(["profile", "set", "far", "--url", "https://x.example", "--public-key", "k"],
                        [("Private key", "very-secret")], home)
    assert code == 0 and "very-secret" not in shown
    assert "private_key = very-secret" in pathlib.Path(profile_file(home)).read_text(encoding="utf-8")
