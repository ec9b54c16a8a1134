# SPDX-License-Identifier: Apache-2.0
"""Every command: help, errors, exit codes, JSON, and what it changes; without a daemon and through one."""

import contextlib
import json
import re
import shutil
import sqlite3

import pytest

import harness
from harness import Serve, bearer_request, bearer_token, digest_request, run, wait_until

COMMANDS = """dev coverage|dev|serve|init|check-config|doctor|migrate|backup|restore|network add|network list|network check
network remove|network protect|network unprotect|network set-tables|network options|network set-dns|network set-name-tag|network set-limits|network routes|connection list|connection accept|connection reject
connection delete|connection protect|connection unprotect|connection approve-cidrs|freeze on|freeze off|freeze status|intents list|intents cancel|intents release
connection history|connection get|connection watch|org create|org list|org get|org rename|org delete|project create|project list|project get|project rename|project delete
key create|key list|key get|key update|key assign|key unassign|key reset|key delete
service-account create|service-account list|service-account get|service-account update|service-account assign|service-account unassign
service-account projects|service-account add-secret|service-account delete-secret|service-account delete|limit list|limit set|limit remove|sealing-key list|sealing-key rotate|sealing-key forget|signing-key list|signing-key rotate|person-group grant|person-group list|person-group revoke|access-list add|access-list list|access-list remove|event list|event get|event types|event export|event follow
policy show|policy set|policy enable|policy disable|policy approvals|policy test|policy dry-run|expected add|expected list|expected remove
webhook add|webhook list|webhook enable|webhook disable|webhook rotate|webhook test|webhook deliveries|webhook replay
webhook remove|plan|apply|export|aws-policy|profile set|profile list|profile show|profile delete|api|openapi|completion|man|ec2sim|version|help""".replace("\n", "|").split("|")


@pytest.fixture(params=["alone", "daemon"])
def service(request, tmp_path):
    """A store, with and without a daemon on it."""
    s = Serve(tmp_path)
    if request.param == "alone":
        yield s
    else:
        with s:
            yield s


# ---- help and errors ------------------------------------------------------------------------------------------

def test_help_lists_every_command():
    text = run("help", check=0).stdout
    shown = re.findall(r"^  ([a-z0-9-]+(?: [a-z-]+)?)  +\S", text, re.MULTILINE)
    assert sorted(shown) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_both_ways(command):
    words = command.split()
    one, two = run("help", *words, check=0).stdout, run(*words, "--help", check=0).stdout
    assert one == two and one.startswith(f"peerage {command}: ")
    assert f"usage: peerage {command}" in one


@pytest.mark.parametrize("args,words", [
    ((), ["usage: peerage"]),
    (("serv",), ['"serv"', '"serve"']),
    (("netwrok", "list"), ['"network list"']),
    (("network",), ["peerage network add"]),
    (("network", "ad"), ["peerage network add"]),
    (("key", "create", "--rol", "X"), ["--rol", "--role"]),
    (("key", "create"), ["--role", "missing"]),
    (("backup",), ["FILE", "missing"]),
    (("backup", "a", "b"), ['"b"']),
    (("version", "--json=yes"), ["--json", "no value"]),
    (("network", "list", "--project"), ["--project", "needs a value"]),
    (("network", "list", "--project", "a", "--project", "b"), ["twice"]),
    (("dev", "-x"), ["-x"]),
])
def test_wrong_command_lines_say_what_is_right(args, words):
    done = run(*args, check=64)
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", json.loads(run("version", "--json", check=0).stdout)["version"])
    assert run("--version", check=0).stdout.startswith("peerage ")


def test_openapi_is_json():
    document = json.loads(run("openapi", "--url", "https://x.example", check=0).stdout)
    assert document["openapi"].startswith("3.") and document["servers"][0]["url"].startswith("https://x.example")
    assert "/api/atlas/v2/groups/{groupId}/streams/vpcPeeringConnections" in document["paths"]


def test_aws_policy_is_json_and_least():
    manage = json.loads(run("aws-policy", check=0).stdout)
    observe = json.loads(run("aws-policy", "--mode", "observe", check=0).stdout)
    assert "ec2:AcceptVpcPeeringConnection" in json.dumps(manage)
    assert "Accept" not in json.dumps(observe) and "Delete" not in json.dumps(observe)
    trust = json.loads(run("aws-policy", "--trust", "arn:aws:iam::123456789012:root", "--external-id", "abc",
                           check=0).stdout)
    assert "abc" in json.dumps(trust)


def test_no_store_says_what_to_do(tmp_path):
    done = run("network", "list", "--data", tmp_path / "none")
    assert done.returncode == 66 and "peerage init" in done.stderr


# ---- resources ----------------------------------------------------------------------------------------------

def test_organisations_and_projects(service):
    org = service.command("org", "create", "acme")
    assert re.fullmatch(r"[0-9a-f-]{36}", org["externalId"])
    project = service.command("project", "create", "kafka", "--org", org["id"])
    assert project["orgId"] == org["id"]
    assert {o["name"] for o in service.command("org", "list")["results"]} == {"main", "acme"}
    assert {p["name"] for p in service.command("project", "list")["results"]} == {"main", "kafka"}
    done = service.command("project", "create", "x", check=65)
    assert "--org" in done.stderr  # two organisations: it does not choose
    done = service.command("project", "create", "kafka", "--org", org["id"], check=65)
    assert "kafka" in done.stderr and "GROUP_ALREADY_EXISTS" in done.stderr
    assert service.command("project", "rename", "kafka", "streams")["id"] == project["id"]
    assert service.command("project", "get", "streams")["name"] == "streams"
    service.command("project", "delete", project["id"])
    done = service.command("project", "get", "streams", check=66)
    assert "GROUP_NAME_NOT_FOUND" in done.stderr
    done = service.command("org", "create", "a b", check=65)
    assert done.stderr.startswith("peerage: ")


def test_keys(service):
    key = service.command("key", "create", "--role", "GROUP_READ_ONLY", "--description", "reads")
    listed = {k["publicKey"]: k for k in service.command("key", "list")["results"]}
    row = listed[key["publicKey"]]
    assert sorted(r["roleName"] for r in row["roles"]) == ["GROUP_READ_ONLY", "ORG_MEMBER"]
    assert row["desc"] == "reads" and key["privateKey"] not in json.dumps(listed)
    fresh = service.command("key", "reset", key["publicKey"])
    assert fresh["publicKey"] == key["publicKey"] and fresh["privateKey"] != key["privateKey"]
    service.command("key", "delete", key["publicKey"])
    assert key["publicKey"] not in {k["publicKey"] for k in service.command("key", "list")["results"]}
    service.command("key", "delete", key["publicKey"], check=66)
    done = service.command("key", "create", "--role", "GROUP_REED_ONLY", check=65)
    assert "GROUP_READ_ONLY" in done.stderr
    types = [e["eventTypeName"] for e in service.command("event", "list")["results"]]
    assert "API_KEY_CREATED" in types and "API_KEY_DELETED" in types


def test_service_accounts(service):
    made = service.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY", "--secret-hours", "8")
    assert made["clientId"].startswith("mdb_sa_id_") and made["secrets"][0]["secret"].startswith("mdb_sa_sk_")
    listed = service.command("service-account", "list")
    assert made["secrets"][0]["secret"] not in json.dumps(listed)
    assert listed["results"][0]["clientId"] == made["clientId"] and len(listed["results"][0]["secrets"]) == 1
    second = service.command("service-account", "add-secret", made["clientId"], "--secret-hours", "9")
    shown = service.command("service-account", "get", made["clientId"])
    assert len(shown["secrets"]) == 2 and second["secret"] not in json.dumps(shown)
    service.command("service-account", "delete-secret", made["clientId"], second["id"])
    assert service.command("service-account", "update", made["clientId"], "--name", "android")["name"] == "android"
    done = service.command("service-account", "create", "r", "--role", "ORG_OWNER", "--secret-hours", "7", check=65)
    assert "8 to 8760" in done.stderr
    service.command("service-account", "delete", made["clientId"])
    assert service.command("service-account", "list")["results"] == []


def test_access_lists(service):
    key = service.owner["publicKey"]
    rows = service.command("access-list", "add", key, "10.0.0.0/8")["results"]
    rows = service.command("access-list", "add", key, "192.0.2.7")["results"]
    assert sorted(r["cidrBlock"] for r in rows) == ["10.0.0.0/8", "192.0.2.7/32"]
    service.command("access-list", "add", key, "10.0.0.0/33", check=65)
    service.command("access-list", "remove", key, "10.0.0.0/8")
    rows = service.command("access-list", "list", key)["results"]
    assert [r["cidrBlock"] for r in rows] == ["192.0.2.7/32"]
    service.command("access-list", "add", "nosuchky", "10.0.0.0/8", check=66)


def test_access_lists_bite(tmp_path):
    with Serve(tmp_path) as s:
        who = {"user": s.owner["publicKey"], "password": s.owner["privateKey"]}
        assert digest_request(s.url, "GET", "/api/atlas/v2/groups", **who)[0] == 200
        s.command("access-list", "add", s.owner["publicKey"], "192.0.2.0/24")
        wait_until(lambda: digest_request(s.url, "GET", "/api/atlas/v2/groups", **who)[0] == 403, "the refusal", 5)
        s.command("access-list", "add", s.owner["publicKey"], "127.0.0.0/8")
        wait_until(lambda: digest_request(s.url, "GET", "/api/atlas/v2/groups", **who)[0] == 200, "the return", 5)


def test_networks(service):
    added = service.command("network", "add", "--account", "123456789012", "--region", "eu-west-1", "--vpc",
                            "vpc-0123456789abcdef0", "--role-arn", "arn:aws:iam::123456789012:role/peerage")
    assert added["mode"] == "observe" and added["default"] is True
    assert added["identity"] == "role arn:aws:iam::123456789012:role/peerage"
    done = service.command("network", "add", "--account", "123456789012", "--region", "eu-west-1", "--vpc",
                           "vpc-0123456789abcdef0", check=73)
    assert "bound" in done.stderr or "already" in done.stderr
    for flag, bad in (("--account", "12"), ("--region", "mars"), ("--vpc", "vpc-x")):
        good = {"--account": "123456789012", "--region": "eu-west-1", "--vpc": "vpc-0123456789abcdef1"}
        args = [x for pair in {**good, flag: bad}.items() for x in pair]
        done = service.command("network", "add", *args, check=65)
        assert flag[2:] in done.stderr.lower(), done.stderr
    assert [n["id"] for n in service.command("network", "list")["results"]] == [added["id"]]
    service.command("network", "remove", added["id"])
    assert service.command("network", "list")["results"] == []
    service.command("network", "remove", added["id"], check=66)
    types = [e["eventTypeName"] for e in service.command("event", "list", "--project", "main")["results"]]
    assert types.index("PEERAGE_NETWORK_REMOVED") < types.index("PEERAGE_NETWORK_ADDED")  # newest first


def dev_command(dev, *args, check=0):
    done = run(*args, "--data", dev.dir, "--json", check=check)
    return json.loads(done.stdout)


def test_connections_in_every_view(shared_dev):
    shared_dev.wait_scanned()
    rows = dev_command(shared_dev, "connection", "list")["results"]
    assert [r["name"] for r in rows] == [shared_dev["PEERING_NAME"]]
    assert rows[0]["cloudStatus"] == "pending-acceptance" and rows[0]["localStatus"] == "NONE"
    for args, n in ((("--requester-account", "1"), 0), (("--cloud-status", "active"), 0), (("--sort", "expiry"), 1),
                    (("--local-status", "NONE"), 1), (("--project", shared_dev["GROUP_ID"]), 1), (("--history",), 1)):
        assert len(dev_command(shared_dev, "connection", "list", *args)["results"]) == n, args
    run("connection", "list", "--data", shared_dev.dir, "--local-status", "NOEN", check=65)
    text = run("connection", "list", "--data", shared_dev.dir, check=0).stdout
    assert text.splitlines()[0].startswith("NAME ") and shared_dev["PEERING_NAME"] in text


def test_network_check_proves_identity(shared_dev):
    network = dev_command(shared_dev, "network", "list")["results"][0]
    assert network["id"] == shared_dev.env["PEERAGE_DEMO_NETWORK_ID"]
    rows = {r["action"]: r["result"] for r in
            dev_command(shared_dev, "network", "check", network["id"], "--dry-run")["results"]}
    assert rows["ec2:DescribeVpcPeeringConnections"] == "allowed"
    assert rows["ec2:DescribeVpcs"] == "allowed"
    assert rows["ec2:AcceptVpcPeeringConnection"] in ("allowed", "not asked")  # EC2 may look for the id first


def test_a_network_of_another_account_is_found_out(dev):
    added = dev_command(dev, "network", "add", "--account", dev["REQUESTER_ACCOUNT_ID"], "--region", "us-east-1",
                        "--vpc", dev["REQUESTER_VPC_ID"])
    done = run("network", "check", added["id"], "--data", dev.dir, check=77)
    assert dev["ACCEPTER_ACCOUNT_ID"] in done.stderr and "--role-arn" in done.stderr


def test_a_new_network_is_scanned_at_once(dev):
    """The demo's request appears again in a second project only when its VPC is bound there; a removal unlists it."""
    dev.wait_scanned()
    dev_command(dev, "network", "remove", dev.env["PEERAGE_DEMO_NETWORK_ID"])
    assert dev_command(dev, "connection", "list")["results"] == []
    project = dev_command(dev, "project", "create", "other")
    dev_command(dev, "network", "add", "--account", dev["ACCEPTER_ACCOUNT_ID"], "--region", "us-east-1", "--vpc",
                dev["ACCEPTER_VPC_ID"], "--project", project["id"])
    rows = wait_until(lambda: dev_command(dev, "connection", "list")["results"], "the scan")
    assert [(r["name"], r["groupId"]) for r in rows] == [(dev["PEERING_NAME"], project["id"])]


def test_deleted_credentials_stop_working(dev):
    token = bearer_token(dev)
    assert bearer_request(dev, "GET", "/api/atlas/v2/groups", token)[0] == 200
    dev_command(dev, "service-account", "delete", dev["CLIENT_ID"])
    wait_until(lambda: bearer_request(dev, "GET", "/api/atlas/v2/groups", token)[0] == 401, "the token to end", 5)
    env = {n: dev.env[n] for n in ("PEERAGE_URL", "PEERAGE_PUBLIC_KEY", "PEERAGE_PRIVATE_KEY")}
    done = run("key", "delete", dev["PUBLIC_KEY"], env=env, check=65)
    assert "LAST_ORG_OWNER" in done.stderr
    dev_command(dev, "key", "delete", dev["PUBLIC_KEY"])  # whoever is on the machine may
    wait_until(lambda: digest_request(dev, "GET", "/api/atlas/v2/groups")[0] == 401, "the key to end", 5)


# ---- maintenance ------------------------------------------------------------------------------------------

def test_backup_restore(service, tmp_path):
    copy = tmp_path / "copy.db"
    service.command("backup", copy)
    assert copy.stat().st_mode & 0o077 == 0
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    service.command("backup", copy, check=73)
    restored = tmp_path / "restored.conf"
    restored.write_text(service.config.read_text().replace(str(service.data), str(tmp_path / "data2")))
    run("restore", copy, "--config", restored, check=0)
    done = run("org", "list", "--config", restored, "--json", check=0)
    assert json.loads(done.stdout)["results"][0]["name"] == "main"
    run("restore", copy, "--config", restored, check=73)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 100)
    restored.write_text(restored.read_text().replace("data2", "data3"))
    done = run("restore", garbage, "--config", restored)
    assert done.returncode not in (0, 70) and "garbage" in done.stderr


def test_a_relative_backup_path_means_the_callers_directory(tmp_path):
    with Serve(tmp_path) as s:
        here = tmp_path / "here"
        here.mkdir()
        run("backup", "copy.db", "--config", s.config, cwd=here, check=0)
        assert (here / "copy.db").exists()


def doctor(service, check):
    done = run("doctor", "--config", service.config, "--json", check=check)
    return {r["check"]: r for r in json.loads(done.stdout)["results"]}


def test_doctor_finds_nothing_wrong(service):
    rows = doctor(service, 0)
    for name in ("configuration", "data directory", "disk", "key file", "store", "keys", "clock", "open files"):
        assert rows[name]["state"] in ("ok", "warn"), rows[name]
    assert rows["networks"]["state"] == "warn" and "network add" in rows["networks"]["detail"]


def test_doctor_finds_what_is_wrong(tmp_path):
    s = Serve(tmp_path)
    keys = tmp_path / "keys"
    keys.chmod(0o644)
    rows = doctor(s, 78)
    assert rows["key file"]["state"] == "fail" and "chmod 600" in rows["key file"]["detail"]
    keys.chmod(0o600)
    s.data.chmod(0o755)
    assert doctor(s, 0)["data directory"]["state"] == "warn"
    s.data.chmod(0o700)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(Serve(other).tmp / "keys", keys)  # another store's key file
    rows = doctor(s, 78)
    assert "fail" in {rows.get("keys", {}).get("state"), rows["store"]["state"]}


def test_doctor_says_when_a_config_is_broken(tmp_path):
    s = Serve(tmp_path)
    s.config.write_text(s.config.read_text() + "nonsense = 1\n")
    rows = doctor(s, 78)
    assert rows["configuration"]["state"] == "fail" and "nonsense" in rows["configuration"]["detail"]


def test_migrate_is_a_no_op_on_a_current_store(tmp_path):
    s = Serve(tmp_path)
    answer = s.command("migrate")
    assert answer["before"] == answer["now"] == answer["wanted"] >= 1
    with s:
        run("migrate", "--config", s.config, check=75)  # the daemon has the lock
        assert s.command("migrate", "--status")["now"] == answer["now"]
    assert harness.FORBIDDEN.search(s.log()) is None
