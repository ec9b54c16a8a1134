# SPDX-License-Identifier: Apache-2.0
"""Every raw request of http_cases.py against the echo server and against `peerage dev`: all levels must hold."""

import pathlib
import urllib.parse

import pytest

import http_cases


@pytest.fixture(scope="module")
def echo_results():
    if not pathlib.Path(http_cases.echo_server_path()).exists():
        pytest.fail(f"{http_cases.echo_server_path()} is missing: ninja -C build builds it")
    with http_cases.EchoServer() as server:
        return {c["id"]: bad for c, bad in http_cases.run_all(server.address)}


@pytest.fixture(scope="module")
def peerage_results(shared_dev):
    url = urllib.parse.urlsplit(shared_dev.url)
    return {c["id"]: bad for c, bad in http_cases.run_all((url.hostname, url.port))}


IDS = [c["id"] for c in http_cases.CASES]


def test_there_are_enough_cases():
    assert len(IDS) >= 130


@pytest.mark.parametrize("ident", IDS)
def test_parser_and_server(echo_results, ident):
    assert echo_results[ident] is None, echo_results[ident]


@pytest.mark.parametrize("ident", IDS)
def test_peerage(peerage_results, ident):
    # OPTIONS * and unknown methods are answered by the API (405, 501) on a connection that goes on.
    assert peerage_results[ident] is None, peerage_results[ident]


def test_the_runner_can_fail():
    """A server that accepts everything must not pass: the cases are run against one that answers 200 to each line."""
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                s, _ = listener.accept()
            except OSError:
                return
            with s:
                s.settimeout(1)
                try:
                    s.recv(65536)
                    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    cases = [c for c in http_cases.CASES if c["id"] in ("te-and-cl", "bare-lf-all", "two-in-a-row", "host-missing")]
    results = http_cases.run_all(listener.getsockname(), cases)
    listener.close()
    assert len(results) == 4 and all(bad for _, bad in results)
