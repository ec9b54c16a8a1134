# SPDX-License-Identifier: Apache-2.0
"""Every wrong answer of an EC2 endpoint gives a class and a reason, in bounded time, and never a partial list."""

import json
import re
import time

import pytest

from cloud_probe import built_binary, probe as ask  # noqa: F401  (the fixture)
from hostile_ec2 import ACCOUNT, CASES, HostileEc2

# case: class, part of the reason, most Describe calls
EXPECT = {
    "html": ("transient", "HTML", 3),
    "html-403": ("transient", "proxy", 3),
    "html-502": ("transient", "HTTP 502", 3),
    "empty-200": ("transient", "cannot be read", 3),
    "truncated-xml": ("transient", "not well-formed", 3),
    "truncated-body": ("transient", "cannot be reached", 3),
    "short-length": ("transient", "not well-formed", 3),
    "huge": ("permanent", "larger than 16777216 bytes", 1),
    "huge-length": ("permanent", "larger than 16777216 bytes", 1),
    "many-nodes": ("permanent", "too many elements", 1),
    "deep": ("permanent", "nested too deeply", 1),
    "laughs": ("permanent", "DOCTYPE", 1),
    "external-entity": ("permanent", "DOCTYPE", 1),
    "throttle": ("throttled", "RequestLimitExceeded", 3),
    "unavailable": ("transient", "Unavailable", 3),
    "drip": ("transient", "did not answer within", 3),
    "silent": ("transient", "did not answer within", 3),
    "reset": ("transient", "cannot be reached", 3),
    "endless-headers": ("transient", "headers", 3),
    "not-http": ("transient", "HTTP", 3),
    "http-0.9": ("transient", "HTTP", 3),
    "nul-bytes": ("transient", "not well-formed", 3),
    "bad-utf8": ("transient", "not well-formed", 3),
    "wrong-root": ("permanent", "root <DescribeVpcsResponse>", 1),
    "error-in-200": ("denied", "UnauthorizedOperation", 1),
    "redirect": ("permanent", "redirect", 1),
    "denied": ("denied", "UnauthorizedOperation", 1),
    "refused": ("credentials", "AuthFailure", 1),
    "foreign": ("ok", None, 1),
    "pages": ("ok", None, 3),
    "loop": ("permanent", "nextToken twice", 2),
    "long-loop": ("permanent", "more than 20 pages", 20),
    "long-token": ("permanent", "nextToken of 5000 bytes", 1),
    "retry-for-ever": ("throttled", "RequestLimitExceeded", 2),
}


def probe(url, *args):
    return ask(args, url, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")


def test_every_case_has_an_expectation():
    assert set(EXPECT) == set(CASES)


@pytest.mark.parametrize("case", sorted(CASES))
def test_case(case):
    want, why, most = EXPECT[case]
    attempts = "2" if case == "retry-for-ever" else "3"
    with HostileEc2(case) as server:
        begun = time.monotonic()
        got = probe(
            server.url,
            *("--ask", "list", "--account", ACCOUNT, "--call-ms", "700", "--max-pages", "20", "--attempts", attempts),
        )
        took = time.monotonic() - begun
        assert got["class"] == want, got
        assert server.calls.count("DescribeVpcPeeringConnections") <= most
        assert took < 20
        if want == "ok":
            return
        assert why in got["message"], got
        assert "items" not in got
        # The same cause gives the same words: a reason with a counter in it would be a new event each scan.
        again = probe(server.url, *("--ask", "list", "--account", ACCOUNT, "--call-ms", "700", "--max-pages", "20",
                                    "--attempts", "1"))
        assert again["message"] == got["message"]
        assert not re.search(r"[\x00-\x1f]", got["message"])


def test_what_was_not_asked_for_is_dropped():
    with HostileEc2("foreign") as server:
        got = probe(server.url, "--ask", "list", "--account", ACCOUNT)
    assert [i["name"] for i in got["items"]] == ["pcx-00000002"]
    assert got["foreign"] == 3


def test_pages_are_joined_and_the_later_sight_counts():
    with HostileEc2("pages") as server:
        got = probe(server.url, "--ask", "list", "--account", ACCOUNT)
    assert {i["name"]: i["status"] for i in got["items"]} == {
        "pcx-00000000": "deleted",
        "pcx-00000001": "active",
        "pcx-00000002": "active",
    }
    assert got["pages"] == 3


def test_refused_keys_are_asked_once_however_often_they_are_used():
    with HostileEc2("refused") as server:
        answers = probe(server.url, "--ask", "list", "--account", ACCOUNT, "--repeat", "20")
        assert len(answers) == 20
        assert all(a["class"] == "credentials" for a in answers)
        assert len(server.calls) == 1
