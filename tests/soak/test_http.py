# SPDX-License-Identifier: Apache-2.0
"""The HTTP server in the long run: a million generated pipelines beside h11, and slow clients in real time."""

import os
import subprocess
import sys

import http_cases
import pipeline_diff
import slow_clients


def test_a_million_pipelines_read_as_h11_reads_them(rounds):
    seed = os.environ.get("SOAK_SEED", "1")
    done = subprocess.run([sys.executable, pipeline_diff.__file__, "--count", str(rounds(1_000_000)), "--seed", seed],
                          capture_output=True, text=True)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_header_a_byte_at_a_time_is_cut_after_ten_seconds():
    with http_cases.EchoServer() as server:
        seconds, status = slow_clients.drip(server.address)
    assert slow_clients.judge_drip(seconds, status) is None, (seconds, status)


def test_a_thousand_slow_connections_hurt_nobody_else():
    with http_cases.EchoServer(None, "--loops", str(os.cpu_count() or 1)) as server:
        result = slow_clients.crowd(server.address, 1000, 250)
    print(result)
    assert slow_clients.judge_crowd(result) == []
