# SPDX-License-Identifier: Apache-2.0
"""Rotation of the keys of an installation while it serves: what is live goes on, at once and after kill -9.

Standard library only. Run by: pytest. Must never: reach another host than 127.0.0.1.
"""

import base64
import json
import random
import subprocess

import pytest

import harness
from harness import Serve, bearer_request, bearer_token, clean_environment

GROUPS = "/api/atlas/v2/groups"


@pytest.fixture
def serve(tmp_path):
    with Serve(tmp_path) as s:
        s.account = make_account(s)
        yield s


def make_account(s):
    made = s.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY")
    s.secrets.add(made["clientSecret"])
    return made


def token_of(s):
    return bearer_token(s.url, s.account["clientId"], s.account["clientSecret"])


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
    assert harness.re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", old["validUntil"]) and old["validUntil"] > old["retired"]
    told = [e for e in serve.command("event", "list")["results"] if e["type"] == "PEERAGE_SIGNING_KEY_ROTATED"]
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
