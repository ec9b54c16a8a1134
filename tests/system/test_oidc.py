# SPDX-License-Identifier: Apache-2.0
"""Persons of an OpenID Connect provider that we did not write: a browser's way to a token, the roles of a group, the
audit log that names the person, and tokens of others refused."""
import base64
import http.client
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

import pytest

from harness import Serve, V2023_02, binary, digest_request, free_port, request, wait_until

PEOPLE = [{"sub": "ada", "email": "ada@example.com", "email_verified": True, "groups": ["platform", "all"]},
          {"sub": "bob", "email": "bob@example.com", "email_verified": True, "groups": ["all"]}]


class Provider:
    """oidc-provider-mock on a free port."""

    def __init__(self, tmp_path):
        program = shutil.which("oidc-provider-mock") or pathlib.Path(sys.executable).parent / "oidc-provider-mock"
        if not pathlib.Path(program).exists():
            pytest.skip("oidc-provider-mock is not installed (PyPI)")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(tmp_path / "provider.log", "wb")
        people = [arg for p in PEOPLE for arg in ("--user-claims", json.dumps(p))]
        self.process = subprocess.Popen([program, "-p", str(self.port), "-e", "3600", *people], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        wait_until(lambda: self.answers(), "the provider to answer", 60)

    def answers(self):
        try:
            return request(self.url, "GET", "/.well-known/openid-configuration")[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()

    def token(self, person, client="peerage"):
        """The authorization code flow of RFC 6749 4.1, as a browser and a program go it."""
        back = "http://127.0.0.1:1/back"
        query = urllib.parse.urlencode({"client_id": client, "response_type": "code", "scope": "openid email",
                                        "redirect_uri": back, "state": "s"})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request("POST", f"/oauth2/authorize?{query}", urllib.parse.urlencode({"sub": person}), form)
        answer = c.getresponse()
        answer.read()
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.getheader("Location")).query)["code"][0]
        c.request("POST", "/oauth2/token", urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": client,
            "client_secret": "x"}), form)
        made = json.loads(c.getresponse().read())
        c.close()
        return made["id_token"]


@pytest.fixture(name="provider", scope="module")
def running_provider(tmp_path_factory):
    provider = Provider(tmp_path_factory.mktemp("oidc"))
    yield provider
    provider.stop()


@pytest.fixture(name="serve")
def running_serve(tmp_path, provider):
    serve = Serve(tmp_path)
    org = serve.command("org", "list")["results"][0]["id"]
    extra = f"oidc_issuer = {provider.url}\noidc_audience = peerage\noidc_org = {org}\noidc_name_claim = email\n"
    serve.config.write_text(serve.config.read_text(encoding="utf-8") + extra, encoding="utf-8")
    with serve:
        serve.group = serve.command("project", "list")["results"][0]["id"]
        yield serve


def ask(serve, token, method="GET", path="", body=None):
    target = f"/api/atlas/v2/groups/{serve.group}/streams/vpcPeeringConnections{path}"
    headers = {"Authorization": f"Bearer {token}", "Accept": V2023_02, "Content-Type": "application/json"}
    return request(serve.url, method, target, headers, body)


LIST = "?requesterAccountId=210987654321"


def test_a_person_may_what_his_groups_may_and_is_named_in_the_log(serve, provider):
    ada, bob = provider.token("ada"), provider.token("bob")
    status, _, body = ask(serve, ada, path=LIST)
    assert (status, json.loads(body)["errorCode"]) == (401, "NOT_IN_GROUP")
    serve.command("person-group", "grant", "platform", "--role", "GROUP_OWNER")
    serve.command("person-group", "grant", "all", "--role", "GROUP_READ_ONLY")
    assert ask(serve, ada, path=LIST)[0] == 200
    assert ask(serve, bob, path=LIST)[0] == 200
    status, _, body = ask(serve, bob, "POST", "/pcx-0123456789abcdef0:reject")
    assert (status, json.loads(body)["errorCode"]) == (401, "USER_UNAUTHORIZED")
    status, _, body = ask(serve, ada, "POST", "/pcx-0123456789abcdef0:reject")
    assert (status, json.loads(body)["errorCode"]) == (404, "RESOURCE_NOT_FOUND")
    line = serve.wait_for(lambda: serve.log_find("request", actor="ada@example.com", status=404), "the access log")
    assert line["actor"] == "ada@example.com"
    serve.command("person-group", "revoke", "platform")
    status, _, body = ask(serve, ada, "POST", "/pcx-0123456789abcdef0:reject")
    assert (status, json.loads(body)["errorCode"]) == (401, "USER_UNAUTHORIZED")  # the group "all" is left


def segments(token):
    head, claims, signature = token.split(".")

    def plain(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return plain(head), plain(claims), signature


def text_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_tokens_of_others_are_refused_as_any_bad_token_is(serve, provider):
    serve.command("person-group", "grant", "all", "--role", "GROUP_READ_ONLY")
    good = provider.token("bob")
    assert ask(serve, good, path=LIST)[0] == 200
    head, claims, signature = segments(good)
    forged = {
        "another audience": provider.token("bob", client="somebody-else"),
        "changed claims": f"{text_of(head)}.{text_of({**claims, 'email': 'ada@example.com'})}.{signature}",
        "no algorithm": f"{text_of({**head, 'alg': 'none'})}.{text_of(claims)}.{signature}",
        "a symmetric algorithm": f"{text_of({**head, 'alg': 'HS256'})}.{text_of(claims)}.{signature}",
        "a key of nobody": f"{text_of({**head, 'kid': 'nobody'})}.{text_of(claims)}.{signature}",
        "a cut signature": good[:-8],
    }
    for what, token in forged.items():
        status, headers, body = ask(serve, token, path=LIST)
        assert (status, headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"'), what
        assert len(body) == 142, what
    assert ask(serve, good, path=LIST)[0] == 200


def test_a_configuration_that_cannot_work_is_refused_at_the_start(tmp_path):
    serve = Serve(tmp_path)
    for extra, words in (("oidc_issuer = https://login.example.com\n", "oidc_audience"),
                         ("oidc_issuer = https://a.example\noidc_audience = p\n", "oidc_org"),
                         ("oidc_issuer = https://a.example\noidc_audience = p\noidc_org = 0123456789abcdef01234567\n",
                          "there is no such organisation"),
                         ("oidc_issuer = http://a.example\noidc_audience = p\noidc_org = ORG\n", "https://")):
        org = serve.command("org", "list")["results"][0]["id"]
        bad = tmp_path / "bad.conf"
        bad.write_text(serve.config.read_text(encoding="utf-8") + extra.replace("ORG", org), encoding="utf-8")
        done = subprocess.run([binary(), "serve", "--config", str(bad)], capture_output=True, text=True,
                              timeout=30, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode != 0
        assert words in done.stderr, (extra, done.stderr)


def test_a_person_with_the_name_of_a_key_has_a_bucket_of_his_own(tmp_path, provider):
    """Nobody drains a key's bucket by being called what the key is called; and a person's own answer names him whole."""
    serve = Serve(tmp_path, {"rate_limit": "on"})
    org = serve.command("org", "list")["results"][0]["id"]
    key = serve.owner["publicKey"]
    extra = f"oidc_issuer = {provider.url}\noidc_audience = peerage\noidc_org = {org}\noidc_name_claim = sub\n"
    serve.config.write_text(serve.config.read_text(encoding="utf-8") + extra, encoding="utf-8")
    with serve:
        token = provider.token(key)  # the provider takes any name that somebody signs in with
        headers = {"Authorization": f"Bearer {token}", "Accept": V2023_02}

        def left(answer):
            assert answer[0] == 200, answer
            return int(answer[1]["ratelimit-remaining"])
        status = "/api/atlas/v2"
        first = request(serve.url, "GET", status, headers)
        spent = left(first) - left(request(serve.url, "GET", status, headers))
        assert spent == 1
        body = json.loads(first[2])["apiKey"]
        assert body["publicKey"] == key and len(body["id"]) == 24
        mine = digest_request(serve, "GET", status, accept=V2023_02, user=key, password=serve.owner["privateKey"])
        assert left(mine) == left(first), "the key's bucket is as full as the person's was at first"
