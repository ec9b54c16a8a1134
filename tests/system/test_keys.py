# SPDX-License-Identifier: Apache-2.0
"""Rotation of the keys of an installation while it serves: what is live goes on, at once and after kill -9.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import base64
import json
import random
import re
import stat
import subprocess

import pytest

import harness
from harness import Serve, bearer_request, bearer_token, clean_environment, digest_request, run, wait_until

GROUPS = "/api/atlas/v2/groups"


@pytest.fixture
def serve(tmp_path):
    with Serve(tmp_path) as s:
        s.account = make_account(s)
        yield s


def make_account(s):
    made = s.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY")
    s.secrets.add(made["secrets"][0]["secret"])
    return made


def token_of(s):
    return bearer_token(s.url, s.account["clientId"], s.account["secrets"][0]["secret"])


def works(s, token):
    return bearer_request(s.url, "GET", GROUPS, token)[0]


def kid(token):
    head = token.partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def signing_keys(s):
    return s.command("signing-key", "list")["results"]


# ---- signing keys ---------------------------------------------------------------------------------------------

def test_a_new_signing_key_signs_at_once_and_the_former_one_still_verifies(serve):
    before = token_of(serve)
    first, = signing_keys(serve)
    assert list(first) == ["id", "state", "created"] and first["state"] == "CURRENT" and first["id"] == kid(before)
    made = serve.command("signing-key", "rotate")
    after = token_of(serve)
    assert kid(after) == made["id"] != first["id"]
    assert works(serve, before) == works(serve, after) == 200
    new, old = signing_keys(serve)
    assert new == made
    assert old["id"] == first["id"] and old["state"] == "RETIRED" and old["retired"] == made["created"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", old["validUntil"]) and old["validUntil"] > old["retired"]
    exported = harness.run("event", "export", "--config", serve.config, check=0).stdout.splitlines()
    told = [e for e in map(json.loads, exported) if e["type"] == "PEERAGE_SIGNING_KEY_ROTATED"]
    assert [(e["resource"], e["actor"]) for e in told] == [(made["id"], "admin")]


def test_signing_keys_are_bounded(serve):
    token = token_of(serve)
    for _ in range(7):
        serve.command("signing-key", "rotate")
    refused = serve.command("signing-key", "rotate", check=None, json_out=False)
    assert refused.returncode != 0 and "8 signing keys still verify" in refused.stderr
    assert len(signing_keys(serve)) == 8 and works(serve, token) == 200


def test_a_killed_daemon_has_the_old_key_or_the_new_one(tmp_path):
    """kill -9 at any moment of a rotation: what was acknowledged is there, one key signs, all tokens are good."""
    rng = random.Random(7)
    s = Serve(tmp_path).start()
    s.account = make_account(s)
    tokens = [token_of(s)]
    for _ in range(6):
        before = {k["id"] for k in signing_keys(s)}
        with subprocess.Popen([harness.binary(), "signing-key", "rotate", "--config", str(s.config), "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()) as command:
            try:
                command.wait(rng.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                pass
            s.kill()
            out = command.communicate(timeout=60)[0]
        acknowledged = json.loads(out)["id"] if command.returncode == 0 else None
        s.check_log()
        account, secrets = s.account, s.secrets
        s = Serve(tmp_path, init=False).start()
        s.account, s.secrets = account, secrets
        keys = signing_keys(s)
        current, = [k["id"] for k in keys if k["state"] == "CURRENT"]
        assert {k["id"] for k in keys} - before in ({current}, set())
        assert acknowledged in (None, current)
        assert all(works(s, t) == 200 for t in tokens)
        tokens.append(token_of(s))
        assert kid(tokens[-1]) == current
    s.end()


# ---- the sealing key --------------------------------------------------------------------------------------------

def sealing_keys(s):
    return s.command("sealing-key", "list")["results"]


def owner_status(s):
    return digest_request(s.url, "GET", GROUPS, user=s.owner["publicKey"], password=s.owner["privateKey"])[0]


def seals_are_new(s):
    rows = sealing_keys(s)
    return rows[0]["rows"] > 0 and all(k["rows"] == 0 and k["state"] == "RETIRED" for k in rows[1:])


def test_a_new_sealing_key_seals_everything_anew_while_the_daemon_serves(serve):
    token = token_of(serve)
    key_file = serve.tmp / "keys"
    before = key_file.read_text(encoding="ascii")
    copy = serve.tmp / "backup.db"
    serve.command("backup", copy)
    first, = sealing_keys(serve)
    assert first["state"] == "CURRENT" and first["rows"] >= 2
    rotated = serve.command("sealing-key", "rotate")["results"]
    assert [k["id"] for k in rotated][1] == first["id"]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    now = key_file.read_text(encoding="ascii")
    serve.secrets |= set(re.findall(r"[0-9a-f]{64}", now))
    assert len(now.splitlines()) == 2 and before.split()[2] in now and "retired" in now.splitlines()[1]
    wait_until(lambda: seals_are_new(serve), "all rows to be sealed anew")
    assert owner_status(serve) == 200 and works(serve, token) == 200
    refused = serve.command("sealing-key", "forget", first["id"], check=78, json_out=False)
    assert "ten minutes" in refused.stderr
    checks = {c["check"]: c for c in json.loads(run("doctor", "--config", serve.config, "--json").stdout)["results"]}
    assert checks["keys"]["state"] == checks["sealing keys"]["state"] == "ok" and "forget" in checks["sealing keys"]["detail"]
    wait_until(lambda: "unusedSince" in sealing_keys(serve)[1], "the end to be told")
    exported = run("event", "export", "--config", serve.config, check=0).stdout.splitlines()
    told = [e["type"] for e in map(json.loads, exported)]
    assert told.index("PEERAGE_SEALING_KEY_ROTATED") < told.index("PEERAGE_SEALING_KEY_DONE")
    serve.stop()
    # A backup of before needs the old key, and finds it in the file as long as nobody forgot it.
    again = serve.tmp / "again"
    again.mkdir()
    restored = Serve(again, {"key_file": str(key_file)}, init=False)
    run("restore", copy, "--config", restored.config, check=0)
    with restored:
        assert digest_request(restored.url, "GET", GROUPS, user=serve.owner["publicKey"],
                              password=serve.owner["privateKey"])[0] == 200


def test_a_daemon_that_is_killed_while_it_seals_anew_goes_on(tmp_path):
    s = Serve(tmp_path).start()
    s.account = make_account(s)
    token = token_of(s)
    for _ in range(3):
        s.command("sealing-key", "rotate")
        s.kill()
        s.check_log()
        owner, account, hidden = s.owner, s.account, s.secrets
        s = Serve(tmp_path, init=False).start()
        s.owner, s.account, s.secrets = owner, account, hidden
        assert owner_status(s) == 200 and works(s, token) == 200
    wait_until(lambda: seals_are_new(s), "all rows to be sealed anew")
    assert len(sealing_keys(s)) == 4 and owner_status(s) == 200 and works(s, token) == 200
    s.end()


def test_a_rotation_without_a_daemon_is_finished_by_the_next_one(tmp_path):
    s = Serve(tmp_path)
    s.command("sealing-key", "rotate")
    assert [k["state"] for k in sealing_keys(s)] == ["CURRENT", "RESEALING"]
    checks = {c["check"]: c for c in json.loads(run("doctor", "--config", s.config, "--json").stdout)["results"]}
    assert checks["sealing keys"]["state"] == "warn" and "seals them anew" in checks["sealing keys"]["detail"]
    with s:
        wait_until(lambda: seals_are_new(s), "all rows to be sealed anew")
        assert owner_status(s) == 200


def test_a_key_file_that_cannot_be_written_stays_as_it_is(tmp_path):
    s = Serve(tmp_path)
    key_file = tmp_path / "keys"
    before = key_file.read_bytes()
    key_file.write_bytes(b"#" * 8000 + b"\n" + before)  # no room for a line more
    full = key_file.read_bytes()
    refused = s.command("sealing-key", "rotate", check=None, json_out=False)
    assert refused.returncode != 0 and "8192 bytes" in refused.stderr
    assert key_file.read_bytes() == full and len(sealing_keys(s)) == 1
    assert [p.name for p in tmp_path.glob("keys*")] == ["keys"]


# ---- over the API -------------------------------------------------------------------------------------------------

def test_the_operator_rotates_signing_keys_over_the_api(serve):
    operator = serve.command("key", "create", "--role", "GLOBAL_OWNER")
    serve.secrets.add(operator["privateKey"])

    def ask(method, target, key=operator):
        status, _, body = digest_request(serve.url, method, f"/api/peerage/v1/{target}", user=key["publicKey"],
                                         password=key["privateKey"], accept="application/json")
        return status, json.loads(body)
    before = token_of(serve)
    status, made = ask("POST", "signingKeys:rotate")
    assert status == 200 and list(made) == ["created", "id", "state"] and made["state"] == "CURRENT"
    after = token_of(serve)
    assert kid(after) == made["id"] and works(serve, before) == works(serve, after) == 200
    status, listed = ask("GET", "signingKeys?itemsPerPage=1&pageNum=2")
    assert status == 200 and listed["totalCount"] == 2
    assert [k["id"] for k in listed["results"]] == [kid(before)]
    assert list(listed["results"][0]) == ["created", "id", "retired", "state", "validUntil"]
    assert ask("GET", "signingKeys")[1]["results"] == [
        {k: v for k, v in sorted(row.items())} for row in signing_keys(serve)]
    exported = run("event", "export", "--config", serve.config, check=0).stdout.splitlines()
    told = [e for e in map(json.loads, exported) if e["type"] == "PEERAGE_SIGNING_KEY_ROTATED"]
    assert [(e["resource"], e["actor"]) for e in told] == [(made["id"], operator["publicKey"])]
    for _ in range(6):
        assert ask("POST", "signingKeys:rotate")[0] == 200
    status, refused = ask("POST", "signingKeys:rotate")
    assert (status, refused["errorCode"]) == (409, "SIGNING_KEYS_IN_USE") and "oldest goes at" in refused["detail"]
    for method, target in (("GET", "signingKeys"), ("POST", "signingKeys:rotate")):
        status, refused = ask(method, target, serve.owner)  # an owner of an organisation is not the operator
        assert (status, refused["errorCode"]) == (401, "USER_UNAUTHORIZED")
    assert bearer_request(serve.url, "GET", "/api/peerage/v1/signingKeys", before, accept="application/json")[0] == 401
