# SPDX-License-Identifier: Apache-2.0
"""`peerage serve` as an operator meets it: init, readiness, signals, locks, TLS, the service manager, a full disk of
sockets, and what never is in the log."""

import contextlib
import json
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

import harness
from harness import Serve, digest_request, request, run, unix_request, wait_until


def owner_request(serve, path, **kw):
    return digest_request(serve.url, "GET", path, user=serve.owner["publicKey"], password=serve.owner["privateKey"],
                          **kw)


@pytest.fixture
def serve(tmp_path):
    with Serve(tmp_path) as s:
        yield s


def readyz(s):
    status, _, body = request(s.management, "GET", "/readyz")
    return status, json.loads(body)


def test_init_prints_the_key_once_and_it_works(serve):
    assert re.fullmatch(r"[a-z]{8}", serve.owner["publicKey"])
    status, _, body = owner_request(serve, "/api/atlas/v2/groups")
    assert status == 200
    assert [g["id"] for g in json.loads(body)["results"]] == [serve.owner["projectId"]]
    for path in serve.tmp.rglob("*"):
        if path.is_file():
            assert serve.owner["privateKey"].encode() not in path.read_bytes(), path


def test_init_refuses_a_second_time(tmp_path):
    s = Serve(tmp_path)
    done = run("init", "--config", s.config, check=73)
    assert "initialised already" in done.stderr and "key create" in done.stderr
    assert done.stdout == ""


def test_files_are_private(serve):
    assert stat.S_IMODE(serve.data.stat().st_mode) == 0o700
    for path in (serve.data / "peerage.db", serve.data / "admin.sock", serve.tmp / "keys"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((serve.data / "admin.sock").stat().st_mode) == 0o600


def test_serve_without_public_url_refuses(tmp_path):
    s = Serve(tmp_path, {"public_url": None}, init=False)
    done = run("serve", "--config", s.config, check=78)
    assert "public_url" in done.stderr and str(s.config) in done.stderr


def test_serve_without_a_store_says_init(tmp_path):
    s = Serve(tmp_path, init=False)
    (tmp_path / "keys").write_text("")
    done = run("serve", "--config", s.config)
    assert done.returncode not in (0, 70)
    assert "keys" in done.stderr or "init" in done.stderr
    (tmp_path / "keys").unlink()
    done = run("serve", "--config", s.config)
    assert done.returncode == 66 and "peerage init" in done.stderr


def test_links_name_public_url(serve):
    _, _, body = owner_request(serve, "/api/atlas/v2/groups", headers={"Host": "evil.example"})
    assert json.loads(body)["links"][0]["href"].startswith("http://peerage.test/api/atlas/v2/groups")


BODY = b"grant_type=client_credentials&padding=" + b"x" * 9000  # enough to stay above the least rate for long


def slow_post(serve):
    """A connection with a request of which the last byte is missing."""
    host, port = serve.url.split("//")[1].split(":")
    c = socket.create_connection((host, int(port)), timeout=20)
    c.sendall(b"POST /api/oauth/token HTTP/1.1\r\nHost: peerage.test\r\nContent-Length: %d\r\n"
              b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" % len(BODY) + BODY[:-1])
    return c


def in_flight(serve, listener="api"):
    return harness.metrics(serve.management).get(f'peerage_http_connections{{listener="{listener}"}}', 0)


def test_sigterm_drains(tmp_path):
    with Serve(tmp_path, {"drain_timeout": "10"}) as s:
        c = slow_post(s)
        wait_until(lambda: in_flight(s) == 1, "the half request")
        s.signal(signal.SIGTERM)
        wait_until(lambda: readyz(s)[0] == 503, "readiness to go off")
        assert readyz(s)[1]["status"] == "draining"
        assert request(s.management, "GET", "/healthz")[0] == 200
        wait_until(lambda: refused(s.url), "the API to stop accepting")
        c.sendall(BODY[-1:])
        answer = b""
        while piece := c.recv(65536):  # it may come in several pieces; the server closes
            answer += piece
        assert answer.startswith(b"HTTP/1.1 401 ") and b"connection: close" in answer.lower()
        c.close()
        assert s.wait_end() == 0
        assert s.log_find("stopped")


def refused(url):
    host, port = url.split("//")[1].split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_second_signal_is_faster(tmp_path):
    s = Serve(tmp_path, {"drain_timeout": "300", "body_timeout": "300"}).start()
    c = slow_post(s)
    wait_until(lambda: in_flight(s) == 1, "the half request")
    s.signal(signal.SIGINT)
    wait_until(lambda: readyz(s)[0] == 503, "readiness to go off")
    assert s.alive()
    s.signal(signal.SIGTERM)
    assert s.wait_end(10) == 0
    c.close()
    s.check_log()


def test_drain_timeout_bounds_the_wait(tmp_path):
    s = Serve(tmp_path, {"drain_timeout": "1", "body_timeout": "300"}).start()
    c = slow_post(s)
    wait_until(lambda: in_flight(s) == 1, "the half request")
    start = time.monotonic()
    assert s.stop() == 0
    assert time.monotonic() - start < 8
    c.close()
    s.check_log()


def test_sighup_changes_the_log_level(tmp_path):
    with Serve(tmp_path) as s:
        owner_request(s, "/api/atlas/v2/groups")
        wait_until(lambda: s.log_find("request", status=200), "the access log")
        text = s.config.read_text()
        s.config.write_text(text + "access_log = off\nqueue_max = 7\n")
        s.signal(signal.SIGHUP)
        line = wait_until(lambda: s.log_find("configuration reloaded"), "the reload")
        assert line["needRestart"] == "queue_max"
        before = s.log().count('"msg":"request"')
        owner_request(s, "/api/atlas/v2/groups")
        assert s.log().count('"msg":"request"') == before
        s.config.write_text(text + "nonsense = 1\n")
        s.signal(signal.SIGHUP)
        line = wait_until(lambda: s.log_find("the configuration was not reloaded; the old one stays"), "the refusal")
        assert "nonsense" in line["detail"]
        assert owner_request(s, "/api/atlas/v2/groups")[0] == 200


def test_a_second_process_names_the_first(serve):
    done = run("serve", "--config", serve.config)
    # The management address is free (port 0), so that the store's lock is what stops it.
    assert done.returncode == 75
    assert str(serve.pid) in done.stderr, done.stderr


def test_a_busy_management_port_is_a_clear_error(serve):
    other = serve.tmp / "other"
    other.mkdir()
    address = serve.management.split("//")[1]
    s = Serve(other, {"management_listen": address})
    done = run("serve", "--config", s.config)
    assert done.returncode == 73
    assert "management_listen" in done.stderr and address in done.stderr


def test_commands_go_through_the_admin_socket(serve):
    made = serve.command("project", "create", "second")
    assert {p["name"] for p in serve.command("project", "list")["results"]} == {"main", "second"}
    _, _, body = owner_request(serve, "/api/atlas/v2/groups")
    assert made["id"] in [g["id"] for g in json.loads(body)["results"]]
    done = serve.command("key", "reset", "nosuchky", check=66)
    assert "nosuchky" in done.stderr


def test_the_admin_socket_answers_nothing_else(serve):
    path = serve.data / "admin.sock"
    for method, target, body, want in [("GET", "/", None, 404), ("GET", "/admin/v1/command", None, 405),
                                       ("POST", "/admin/v1/command", b"{", 400),
                                       ("POST", "/admin/v1/command", b"{}", 400),
                                       ("POST", "/admin/v1/command", b'{"argv":[1]}', 400),
                                       ("POST", "/admin/v1/command", json.dumps({"argv": ["a"] * 65}).encode(), 400)]:
        status, _, _ = unix_request(path, method, target, body=body)
        assert status == want, (method, target, body)
    for argv in (["serve"], ["dev"], ["nothing"], ["init"]):
        status, _, body = unix_request(path, "POST", "/admin/v1/command", body=json.dumps({"argv": argv}).encode())
        answer = json.loads(body)
        assert status == 200 and answer["exit"] == 64 and answer["stdout"] == ""


def test_secrets_are_not_in_the_log(tmp_path):
    with Serve(tmp_path, {"log_level": "debug"}) as s:
        key = s.command("key", "create", "--role", "GROUP_READ_ONLY")
        account = s.command("service-account", "create", "robot", "--role", "GROUP_READ_ONLY")
        fresh = s.command("key", "reset", key["publicKey"])
        s.secrets |= {key["privateKey"], account["secrets"][0]["secret"], fresh["privateKey"]}
        token = harness.bearer_token(s.url, account["clientId"], account["secrets"][0]["secret"])
        s.secrets.add(token)
        assert harness.bearer_request(s.url, "GET", "/api/atlas/v2/groups", token)[0] == 200
        status, _, _ = digest_request(s.url, "GET", "/api/atlas/v2/groups", user=key["publicKey"],
                                      password=fresh["privateKey"])
        assert status == 200
        status, _, _ = digest_request(s.url, "GET", "/api/atlas/v2/groups", user=key["publicKey"],
                                      password=key["privateKey"])
        assert status == 401  # reset means reset
        assert s.owner["privateKey"] not in json.dumps(s.command("key", "list"))
    # Serve.end() looks through the log for all of them.


def test_tls_and_its_renewal(tmp_path):
    def certificate(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"), "-days", "2",
                        "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                       capture_output=True)

    def peer_name(url):
        host = url.split("//")[1]
        out = subprocess.run(["openssl", "s_client", "-connect", host, "-servername", "x"], input="", text=True,
                             capture_output=True, check=False, timeout=20).stdout
        return re.search(r"subject=.*CN ?= ?(\w+)", out).group(1)

    certificate("first")
    with Serve(tmp_path, {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}) as s:
        assert s.url.startswith("https://")
        assert peer_name(s.url) == "first"
        certificate("second")
        s.signal(signal.SIGHUP)
        wait_until(lambda: s.log_find("configuration reloaded"), "the reload")
        assert peer_name(s.url) == "second"
        (tmp_path / "cert.pem").write_text("broken")
        s.signal(signal.SIGHUP)
        wait_until(lambda: s.log_find("the certificate was not reloaded; the old one stays"), "the refusal")
        assert peer_name(s.url) == "second"


def test_it_tells_the_service_manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        s = Serve(tmp_path, env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "5000000"})
        with s:
            seen = {manager.recv(4096).split(b"\n")[0] for _ in range(2)}
            assert seen == {b"READY=1", b"WATCHDOG=1"}
        manager.settimeout(1)
        messages = []
        try:
            while True:
                messages.append(manager.recv(4096))
        except TimeoutError:
            pass
        assert any(b"STOPPING=1" in m for m in messages)


def test_a_long_data_path_still_has_its_socket(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with Serve(deep) as s:
        assert len(str(s.data / "admin.sock")) > 108
        assert s.command("project", "list")["results"]


def test_start_is_fast_and_small(tmp_path):
    if "san" in pathlib.Path(harness.binary()).parent.name:
        pytest.skip("a sanitizer build is neither")
    with Serve(tmp_path) as s:
        first = s.log_find("ready")["startMs"]
        status = open(f"/proc/{s.pid}/status", encoding="ascii").read()
        rss = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
        assert rss <= 30 * 1024, f"{rss} kB"
    times = [first]
    for _ in range(4):
        with Serve(tmp_path) as s:
            times.append(s.log_find("ready")["startMs"])
    assert sorted(times)[2] <= 100, times  # the median: the machine is shared


def test_sigpipe_is_survived(serve):
    host, port = serve.url.split("//")[1].split(":")
    for _ in range(20):
        c = socket.create_connection((host, int(port)))
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            c.sendall(b"GET /api/atlas/v2 HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        c.close()
    assert owner_request(serve, "/api/atlas/v2/groups")[0] == 200


def test_commands_work_without_a_daemon_too(tmp_path):
    s = Serve(tmp_path)
    assert s.command("org", "list")["results"][0]["name"] == "main"
    with s:
        pass
    assert s.command("org", "list")["results"][0]["name"] == "main"  # the socket file may remain; nobody answers
