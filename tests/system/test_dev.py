# SPDX-License-Identifier: Apache-2.0
"""`peerage dev` as a newcomer meets it: demo.env, both kinds of credentials, restarts, busy ports, what it prints."""

import json
import os
import re
import shlex
import socket
import stat
import subprocess

import pytest

import harness
from harness import V2023_02, Dev, bearer_request, bearer_token, digest_request, request, wait_until

NAMES = """PEERAGE_URL PEERAGE_EC2_URL PEERAGE_MANAGEMENT_URL PEERAGE_ORG_ID PEERAGE_GROUP_ID PEERAGE_PUBLIC_KEY
PEERAGE_PRIVATE_KEY PEERAGE_CLIENT_ID PEERAGE_CLIENT_SECRET PEERAGE_REQUESTER_ACCOUNT_ID PEERAGE_PEERING_NAME
PEERAGE_ACCEPTER_ACCOUNT_ID PEERAGE_ACCEPTER_VPC_ID PEERAGE_REQUESTER_VPC_ID PEERAGE_REQUESTER_ACCESS_KEY_ID
PEERAGE_REQUESTER_SECRET_ACCESS_KEY MONGODB_ATLAS_BASE_URL MONGODB_ATLAS_OPS_MANAGER_URL MONGODB_ATLAS_PUBLIC_API_KEY
MONGODB_ATLAS_PRIVATE_API_KEY MONGODB_ATLAS_CLIENT_ID MONGODB_ATLAS_CLIENT_SECRET MONGODB_ATLAS_ORG_ID
MONGODB_ATLAS_PROJECT_ID AWS_ENDPOINT_URL_EC2 AWS_ENDPOINT_URL_STS PEERAGE_EC2SIM_TOKEN""".split()


def list_path(dev):
    return f"/api/atlas/v2/groups/{dev['GROUP_ID']}/streams/vpcPeeringConnections" \
           f"?requesterAccountId={dev['REQUESTER_ACCOUNT_ID']}"


def test_demo_env_has_every_name_and_is_private(shared_dev):
    path = shared_dev.dir / "demo.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for line in path.read_text().splitlines():
        assert line.startswith(("export ", "#")), line
    for name in NAMES:
        assert shared_dev.env.get(name), f"{name} is missing or empty"
    assert re.fullmatch(r"[a-f0-9]{24}", shared_dev["GROUP_ID"])
    assert re.fullmatch(r"pcx-[a-f0-9]{17}", shared_dev["PEERING_NAME"])
    assert shared_dev["REQUESTER_ACCOUNT_ID"] != shared_dev["ACCEPTER_ACCOUNT_ID"]
    assert shared_dev.env["MONGODB_ATLAS_BASE_URL"].rstrip("/") == shared_dev.url
    assert shared_dev.env["MONGODB_ATLAS_PROJECT_ID"] == shared_dev["GROUP_ID"]


def test_a_shell_reads_demo_env(shared_dev):
    done = subprocess.run(["sh", "-c", '. "$0" && env', str(shared_dev.dir / "demo.env")], capture_output=True,
                          text=True, check=True, env={"PATH": os.environ["PATH"]})
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    for name in NAMES:
        assert seen[name] == shared_dev.env[name]


def test_digest_list_shows_the_pending_request(shared_dev):
    shared_dev.wait_scanned()
    status, headers, body = digest_request(shared_dev, "GET", list_path(shared_dev), accept=V2023_02)
    assert status == 200
    assert headers["content-type"] == "application/vnd.atlas.2023-02-01+json;charset=utf-8"
    results = json.loads(body)["results"]
    assert [c["name"] for c in results] == [shared_dev["PEERING_NAME"]]
    assert results[0]["cloudStatus"] == "pending-acceptance"
    assert results[0]["localStatus"] == "NONE"
    assert results[0]["accepterVpcId"] == shared_dev["ACCEPTER_VPC_ID"]


def test_bearer_list_shows_the_same(shared_dev):
    shared_dev.wait_scanned()
    token = bearer_token(shared_dev)
    status, _, body = bearer_request(shared_dev, "GET", list_path(shared_dev), token, accept=V2023_02)
    assert status == 200
    assert json.loads(body)["totalCount"] == 1


def pasted(dev, title):
    """The commands that dev prints below a title, up to the next blank line."""
    text = dev.out()
    block = text.split(title, 1)[1].split("\n", 1)[1].split("\n\n", 1)[0]
    return f". {shlex.quote(str(dev.dir / 'demo.env'))}\n{block}\n"


@pytest.mark.parametrize("title", ["curl, API key (HTTP Digest):", "curl, service account (bearer token):"])
def test_the_printed_curl_commands_work_as_they_stand(shared_dev, title):
    shared_dev.wait_scanned()
    wait_until(lambda: "Control-C" in shared_dev.out(), "the printed text")
    done = subprocess.run(["sh", "-eu", "-c", pasted(shared_dev, title)], capture_output=True, text=True, timeout=30,
                          check=False, env=harness.clean_environment())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["results"][0]["name"] == shared_dev["PEERING_NAME"]


def test_the_printed_accept_works_as_it_stands(dev):
    dev.wait_scanned()
    wait_until(lambda: "Control-C" in dev.out(), "the printed text")
    script = pasted(dev, "Then see it become active:").replace("\n  peerage ", f"\n{harness.binary()} ")
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=False,
                          env=harness.clean_environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{}") and done.stdout.rstrip().endswith("active  ACTIVE"), done.stdout


def test_what_it_prints_names_the_other_clients_and_holds_no_secret(shared_dev):
    wait_until(lambda: "Control-C" in shared_dev.out(), "the printed text")
    out = shared_dev.out()
    for words in ("atlas api streams listVpcPeeringConnections", "admin.NewClient", "demo.env", shared_dev.url):
        assert words in out
    for name in harness.SECRET_NAMES:
        assert shared_dev.env[name] not in out


def test_links_name_the_listen_address(shared_dev):
    status, _, body = digest_request(shared_dev, "GET", list_path(shared_dev), headers={"Host": "evil.example"})
    assert status == 200
    assert json.loads(body)["links"][0]["href"].startswith(shared_dev.url + "/api/atlas/v2/")


def test_management_has_its_own_port(shared_dev):
    for path, kind in (("/healthz", "json"), ("/readyz", "json"), ("/metrics", "text/plain")):
        status, headers, body = request(shared_dev.management, "GET", path)
        assert status == 200 and kind in headers["content-type"] and body
        status, _, _ = request(shared_dev.url, "GET", path)
        assert status == 401  # as any path of the API for someone without credentials
    status, headers, body = request(shared_dev.management, "GET", "/api/atlas/v2")
    assert status == 404 and json.loads(body)["errorCode"] == "RESOURCE_NOT_FOUND"
    status, headers, _ = request(shared_dev.management, "POST", "/readyz")
    assert status == 405 and headers["allow"] == "GET, HEAD"


def test_readiness_tells_of_the_parts(shared_dev):
    _, _, body = request(shared_dev.management, "GET", "/readyz")
    answer = json.loads(body)
    assert answer["status"] == "ready"
    assert answer["checks"] == {"listeners": "ok", "migrations": "ok", "store": "ok"}
    assert answer["detail"]["storeWritable"] is True
    assert answer["detail"]["scanner"]["running"] is True


def test_metrics_count(shared_dev):
    shared_dev.wait_scanned()
    wait_until(lambda: shared_dev.metrics().get('peerage_connections{status="pending-acceptance"}') == 1,
               "the gauge of pending connections")
    m = shared_dev.metrics()
    assert any(k.startswith("peerage_build_info{") and v == 1 for k, v in m.items())
    assert any(k.startswith("peerage_scans_total{") and v > 0 for k, v in m.items())


def test_restart_goes_on_where_it_was(tmp_path):
    with Dev(tmp_path) as first:
        before = dict(first.env)
        first.wait_scanned()
        _, _, body = digest_request(first, "GET", list_path(first))
        row = json.loads(body)["results"][0]
    with Dev(tmp_path) as second:
        for name in NAMES:
            if not name.endswith(("_URL", "_URL_EC2", "_URL_STS")):
                assert second.env[name] == before[name], name
        _, _, body = digest_request(second, "GET", list_path(second))
        answer = json.loads(body)
        assert answer["totalCount"] == 1 and answer["results"][0] == row


def test_kill_and_restart_goes_on_where_it_was(tmp_path):
    first = Dev(tmp_path).start()
    first.wait_scanned()
    first.kill()
    first.check_log()
    with Dev(tmp_path) as second:
        assert second["GROUP_ID"] == first["GROUP_ID"]
        assert second["PRIVATE_KEY"] == first["PRIVATE_KEY"]
        status, _, body = digest_request(second, "GET", list_path(second))
        assert status == 200 and json.loads(body)["totalCount"] == 1


def test_demo_env_is_there_only_when_ready(tmp_path):
    with Dev(tmp_path) as dev:
        path = dev.dir / "demo.env"
        old = path.stat().st_mtime_ns
    path.write_text("export PEERAGE_URL='http://stale'\n")
    with Dev(tmp_path) as dev:
        assert dev.url != "http://stale"
        assert path.stat().st_mtime_ns > old


def test_a_busy_port_is_a_clear_error(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = harness.run("dev", "--listen", f"127.0.0.1:{port}", "--data", tmp_path / "d")
    assert done.returncode not in (0, 70)
    assert f"127.0.0.1:{port}" in done.stderr and "--listen" in done.stderr, done.stderr
    assert not (tmp_path / "d" / "demo.env").exists()


def test_a_second_dev_on_the_same_directory_names_the_first(dev):
    done = harness.run("dev", "--listen", "127.0.0.1:0", "--data", dev.dir)
    assert done.returncode == 75
    assert str(dev.pid) in done.stderr
    assert (dev.dir / "demo.env").exists()  # the first one's is left alone
    assert request(dev.management, "GET", "/readyz")[0] == 200


def test_ephemeral_keeps_nothing(tmp_path):
    p = harness.Process(["dev", "--listen", "127.0.0.1:0", "--ephemeral"], tmp_path / "log",
                        env={"TMPDIR": str(tmp_path)}, name="ephemeral")
    with p:
        p.wait_for(lambda: p.log_find("ready"), "readiness")
        assert len(list(tmp_path.glob("peerage-dev-*"))) == 1
    assert list(tmp_path.glob("peerage-dev-*")) == []
    done = harness.run("dev", "--ephemeral", "--data", tmp_path / "x")
    assert done.returncode != 0 and "exclude each other" in done.stderr


def test_rate_limit_off(tmp_path):
    with Dev(tmp_path, "--rate-limit", "off") as dev:
        token = bearer_token(dev)
        path = "/api/atlas/v2"  # ROOT_USER has 300
        codes = {bearer_request(dev, "GET", path, token)[0] for _ in range(310)}
        assert codes == {200}


def test_another_endpoint_that_is_not_ours_creates_nothing(tmp_path):
    # An address of the documentation range: nothing may be sent there before a network is added.
    with Dev(tmp_path, "--ec2-endpoint", "http://192.0.2.1:9") as dev:
        assert dev["PEERING_NAME"] == "" and dev["EC2_URL"] == "http://192.0.2.1:9"
        status, _, body = digest_request(dev, "GET", f"/api/atlas/v2/groups/{dev['GROUP_ID']}/streams/"
                                                     "vpcPeeringConnections?requesterAccountId=1")
        assert status == 200 and json.loads(body)["totalCount"] == 0
        wait_until(lambda: "network add" in dev.out(), "the hint")


def test_a_loopback_endpoint_gets_the_demo(tmp_path):
    """A simulator of its own stands for any EC2-compatible endpoint on this machine."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXTERNALEXTERNAL", "AWS_SECRET_ACCESS_KEY": "external/secret/external/secret+"}
    sim = harness.Process(["ec2sim", "--account", f"123456789012:{keys['AWS_ACCESS_KEY_ID']}:"
                           f"{keys['AWS_SECRET_ACCESS_KEY']}"], tmp_path / "log", name="ec2sim")
    with sim:
        url = sim.wait_for(lambda: sim.log_find("ready"), "the simulator")["ec2"]
        with Dev(tmp_path, "--ec2-endpoint", url, env=keys) as dev:
            assert dev["ACCEPTER_ACCOUNT_ID"] == "123456789012"
            assert dev["REQUESTER_ACCOUNT_ID"] != dev["ACCEPTER_ACCOUNT_ID"]
            dev.wait_scanned()
            name = dev["PEERING_NAME"]
        with Dev(tmp_path, "--ec2-endpoint", url, env=keys) as dev:
            assert dev["PEERING_NAME"] == name
