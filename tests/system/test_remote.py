# SPDX-License-Identifier: Apache-2.0
"""The command as a client: which server it asks and as whom, the same answers from afar, through the daemon and with
the store alone, and what it says when it is refused, throttled, or nobody answers."""

import json
import shutil
import subprocess

import pytest

from harness import Dev, Serve, request, run

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
