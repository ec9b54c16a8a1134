# SPDX-License-Identifier: Apache-2.0
"""EC2 away for half a minute, once answering 503 and once not reachable: every read is served, what is asked is taken and
waits, readiness stays, at most one call a second goes out, and all is done when it is back. `pytest -s` prints figures.

Standard library only. Must never: reach another host than 127.0.0.1.
"""

import contextlib
import itertools
import json
import os
import pathlib
import threading
import time

import pytest

import harness
import lifecycle
from harness import V2023_02, wait_until
from lifecycle import walk

AWAY_SECONDS, REQUESTS = 30, 20
blocks = (f"10.{n}.0.0/16" for n in itertools.count(2))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outage")
    with lifecycle.SimCloud(folder, provisioningSeconds=1, outstandingQuota=1000, activeQuota=1000) as cloud:
        with lifecycle.Site(cloud, folder) as s:
            yield s


def memory_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Reader:
    """Reads the list, twenty times a second, as long as the block lasts; what is not 200 is kept."""

    def __init__(self, site):
        self.site, self.took, self.bad, self.end = site, [], [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.end.wait(0.05):
            start = time.monotonic()
            try:
                status, _, body = harness.request(self.site.url, "GET", self.site.target(), {
                    "Accept": V2023_02, "Authorization": f"Bearer {self.site.token}"})
            except OSError as e:
                status, body = repr(e), b""
            self.took.append(time.monotonic() - start)
            if status != 200:
                self.bad.append((status, body))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()


def most_in(times, seconds):
    """The most calls in any window of that length."""
    return max((sum(t <= u < t + seconds for u in times) for t in times), default=0)


@contextlib.contextmanager
def away(site, kind):
    """EC2 answers 503 to all of Peerage's calls, or closes their connections."""
    if kind == "outage":
        site.cloud.manage("faults", {"kind": "outage"})
    else:
        site.relay.down = True
    try:
        yield
    finally:
        site.relay.down = False
        site.cloud.manage("faults", method="DELETE")


@pytest.mark.parametrize("kind", ["outage", "unreachable"])
def test_ec2_is_away(site, kind):
    made = [site.ask(next(blocks)) for _ in range(REQUESTS)]
    names = {n for n, _ in made}
    wait_until(lambda: names <= {c["name"] for c in site.list() if c["cloudStatus"] == "pending-acceptance"}, "all")
    rss, cpu = memory_kib(site.serve.pid), cpu_seconds(site.serve.pid)
    begun = time.monotonic()
    with away(site, kind), Reader(site) as reader:
        for n, (name, vpc) in enumerate(made):  # a few at once, the others while it lasts
            if n >= 5:
                time.sleep(AWAY_SECONDS * 0.6 / REQUESTS)  # the pace of the callers
            answer = site.accept(name, vpc) if n % 2 == 0 else site.act(name, "reject")
            assert answer == (202, {}), answer
            if n < 5:  # later SCAN_FAILED lies over it
                assert site.find(name)["localStatus"] == ("REQUEST_ACCEPT" if n % 2 == 0 else "REQUEST_REJECT")
            status, _, body = harness.request(site.serve.management, "GET", "/readyz")
            assert status == 200 and json.loads(body)["status"] == "ready"
        wait_until(lambda: time.monotonic() > begun + AWAY_SECONDS, "the end of the outage", pause=0.1)
        rows = [c for c in site.list() if c["name"] in names]
        waiting = {i["connectionId"] for i in site.command("intents", "list")["results"]}
        ended = time.monotonic()
    calls = [(t, a) for t, a in site.relay.calls if begun <= t < ended]
    busy = cpu_seconds(site.serve.pid) - cpu
    times = [t for t, _ in calls]
    reader.took.sort()
    print(f"\n{kind}, {ended - begun:.0f} s: {len(reader.took)} reads, {len(reader.bad)} not served, p99 "
          f"{reader.took[int(len(reader.took) * 0.99)] * 1e3:.1f} ms; {REQUESTS} actions taken; {len(calls)} calls to "
          f"EC2, most in 1 s {most_in(times, 1)}, in 10 s {most_in(times, 10)}; CPU {busy:.2f} s; "
          f"RSS {rss} KiB before, {memory_kib(site.serve.pid)} KiB after")
    for action in sorted({a for _, a in calls}):
        print(f"  {sum(a == action for _, a in calls):4} {action:32} at " + " ".join(
            f"{t - begun:.1f}" for t, a in calls if a == action))
    print("  shown:", {(r["localStatus"], r["cloudStatus"], r.get("statusMessage")) for r in rows})
    assert not reader.bad and waiting == {r["_id"] for r in rows}
    assert {(r["localStatus"], r["cloudStatus"]) for r in rows} == {("SCAN_FAILED", "pending-acceptance")}
    # What was under way when it went is tried to its end, each call at most three times, and libcurl sends once more
    # what it sent on a connection that has died. Then one a second at most, scans and actions together.
    later = [t for t in times if t > begun + 3]
    assert len(times) - len(later) <= 15
    assert most_in(later, 10) <= 11 and most_in(later, 1) <= 2
    assert busy < 0.25 * AWAY_SECONDS and memory_kib(site.serve.pid) - rss < 16 * 1024
    back = time.monotonic()
    for n, (name, _) in enumerate(made):
        local, cloud = ("ACTIVE", "active") if n % 2 == 0 else ("REJECT_REQUESTED", "rejected")
        site.becomes(name, local, cloud, 120)
        walk(site.history(name), show=False)
        done = [e["type"] for e in site.history(name)]
        assert sum(t in ("PEERAGE_CONNECTION_ACCEPTED", "PEERAGE_CONNECTION_REJECTED") for t in done) == 1, done
    print(f"  all {REQUESTS} done {time.monotonic() - back:.1f} s after its end")
