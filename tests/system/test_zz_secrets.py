# SPDX-License-Identifier: Apache-2.0
"""No secret that the suite used is in a log, a database, its WAL, a backup or what a crash leaves.

The name sorts last: by now the other files have run, and secret_search.py knows their secrets and where their programs wrote.
"""

import base64
import pathlib
import resource
import secrets
import signal
import urllib.parse

import pytest

import harness
import secret_search


SHOWN = {"raw": str, "base64": lambda s: base64.b64encode(s.encode()).decode(), "hex": lambda s: s.encode().hex(),
         "in base64": lambda s: base64.b64encode(f"x:{s}:yz".encode()).decode(),
         "URL": lambda s: urllib.parse.quote(s, safe="")}


@pytest.mark.parametrize("form", SHOWN)
def test_a_planted_secret_is_found(tmp_path, monkeypatch, form):
    secret = "planted/secret+" + secrets.token_hex(8)
    monkeypatch.setitem(secret_search.noted, secret, "planted secret")
    with harness.Dev(tmp_path) as dev:
        roots = {dev.dir, dev.log_path}
    assert secret_search.search(roots)[0] == []
    with open(dev.dir / "peerage.db-wal", "ab") as wal:  # where pages of deleted rows would lie
        wal.write(b"\0\1" + SHOWN[form](secret).encode() + b"\2")
    found, known, files, size = secret_search.search(roots)
    (dev.dir / "peerage.db-wal").unlink()
    assert found == [("planted secret", dev.dir / "peerage.db-wal")]
    assert known > 5 and files > 5 and size > 10000


def test_an_aborted_server_leaves_nothing(tmp_path):
    core = tmp_path / "crash"
    core.mkdir()
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))  # the server itself asks for no core
    try:
        serve = harness.Serve(tmp_path)
        serve.cwd = core
        serve.start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    made = serve.command("service-account", "create", "robot", "--role", "ORG_READ_ONLY")
    token = harness.bearer_token(serve.url, made["clientId"], made["secrets"][0]["secret"])
    status, *_ = harness.bearer_request(serve.url, "GET", "/api/atlas/v2/orgs", token, accept=harness.V2023_01)
    assert status == 200
    limits = pathlib.Path(f"/proc/{serve.pid}/limits").read_text(encoding="ascii")
    (line,) = [x for x in limits.splitlines() if x.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"], line
    serve.signal(signal.SIGABRT)
    assert serve.wait_end() == -signal.SIGABRT
    assert list(core.iterdir()) == []
    found, *_ = secret_search.search({tmp_path})
    assert found == []


def test_no_secret_was_written_anywhere(capsys):
    found, known, files, size = secret_search.search()
    with capsys.disabled():
        print(f"\n{known} secrets, {files} files, {size // 1024} K bytes searched: {len(found)} hits")
    assert not found, "\n".join(f"{what} in {path}" for what, path in found)
