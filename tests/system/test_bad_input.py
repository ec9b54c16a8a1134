# SPDX-License-Identifier: Apache-2.0
"""Bad input that no other test has: names of organisations at and past their limits, and access tokens that another
issuer, another algorithm or another key made. Nothing is half done afterwards."""

import base64
import hashlib
import hmac
import json

import pytest

import harness
from tenancy import command, demo_owner, event_types, new_caller
from test_tenants import BAD_NAMES, GOOD_NAMES, ORGS, refused


@pytest.fixture(scope="module")
def free_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("bad"), "--rate-limit", "off") as d:
        yield d


def test_names_of_organisations(free_dev):
    org = command(free_dev, "org", "create", "Named")["id"]
    owner, path = new_caller(free_dev, "ORG_OWNER", org=org), f"{ORGS}/{org}"
    told = event_types(owner, f"orgs/{org}")
    for name in BAD_NAMES:
        for method, target in (("POST", ORGS), ("PATCH", path)):
            answer = owner.ask(method, target, {"name": name})
            if "\0" in name:
                refused(answer, 400, "MALFORMED_JSON")
            else:
                assert refused(answer, 400, "INVALID_ATTRIBUTE", "name")["badRequestDetail"]["fields"][0]["field"] == "name"
    for method, target in (("POST", ORGS), ("PATCH", path)):
        refused(owner.ask(method, target, {"name": 7}), 400, "INVALID_JSON_ATTRIBUTE", "name")
        refused(owner.ask(method, target, {"name": "x", "color": "red"}), 400, "INVALID_ATTRIBUTE", "color")
    assert owner.get(path).json()["name"] == "Named" and event_types(owner, f"orgs/{org}") == told
    assert len(command(free_dev, "org", "list")["results"]) == 2
    for name in GOOD_NAMES:
        assert owner.ask("PATCH", path, {"name": name}).json()["name"] == name == owner.get(path).json()["name"]
        refused(demo_owner(free_dev).ask("POST", ORGS, {"name": name}), 409, "ORG_ALREADY_EXISTS", name)


def text_of(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def value_of(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(head, claims, key=b"a key that is none of the server's", digest=hashlib.sha256):
    said = f"{text_of(head)}.{text_of(claims)}"
    return f"{said}.{text_of(hmac.new(key, said.encode(), digest).digest())}"


def test_tokens_that_somebody_else_made(free_dev):
    good = harness.bearer_token(free_dev)
    first, second, mark = good.split(".")
    head, claims = value_of(first), value_of(second)
    forged = {
        "another key": signed(head, claims), "another issuer": signed(head, {**claims, "iss": "https://elsewhere.example"}),
        "another issuer, our mark": f"{first}.{text_of({**claims, 'iss': 'https://elsewhere.example'})}.{mark}",
        "later expiry, our mark": f"{first}.{text_of({**claims, 'exp': claims['exp'] + 1})}.{mark}",
        "no algorithm": f"{text_of({**head, 'alg': 'none'})}.{second}.", "no mark": f"{first}.{second}.",
        "no algorithm, our mark": f"{text_of({**head, 'alg': 'none'})}.{second}.{mark}",
        "another algorithm": signed({**head, "alg": "HS512"}, claims, digest=hashlib.sha512),
        "public key algorithm": signed({**head, "alg": "RS256"}, claims),
        "unknown key": f"{text_of({**head, 'kid': '0' * 16})}.{second}.{mark}", "an empty key": signed(head, claims, b""),
        "cut": good[:-1], "longer": good + "A", "two parts": f"{first}.{second}", "four parts": f"{good}.{mark}"}
    answers = {name: harness.bearer_request(free_dev, "GET", ORGS, token, harness.V2023_01) for name, token in forged.items()}
    plain = harness.request(free_dev.url, "GET", ORGS, {"Accept": harness.V2023_01})
    for name, (status, headers, body) in answers.items():
        assert (status, body) == (401, plain[2]), name  # as if there were none
        assert "www-authenticate" in headers, name
    assert harness.bearer_request(free_dev, "GET", ORGS, good, harness.V2023_01)[0] == 200
