#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From POST …:accept leaving the client to the EC2 call's arrival at the endpoint, on an idle machine, one at a time.

A relay in front of the simulator notes the arrival on the same clock; the answer must be 202 and the store's commit is
synced before it. Run by `make bench`. Prints a table and JSON; judges nothing (the goal is p99 < 100 ms).

    bench/action_latency.py [--samples 300] [--pause-ms 50] [--json FILE]
"""

import argparse
import http.client
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))
import harness  # noqa: E402
import lifecycle  # noqa: E402

CALL = "AcceptVpcPeeringConnection"
WAIT_SECONDS = 10


def requests_of(site, count):
    """`count` pending requests, as the list shows them."""
    site.cloud.manage("bulk", {"peerings": count, "requesterAccountId": lifecycle.REQUESTER,
                               "requesterRegion": lifecycle.REGION, "accepterAccountId": lifecycle.ACCEPTER,
                               "accepterRegion": lifecycle.REGION, "accepterVpcId": site.vpc, "active": False})

    def page(size, number=1):
        status, _, body = harness.bearer_request(
            site.url, "GET", f"{site.list_path}?requesterAccountId={lifecycle.REQUESTER}&itemsPerPage={size}"
            f"&pageNum={number}", site.token, accept=harness.V2023_02)
        assert status == 200, body
        return json.loads(body)
    harness.wait_until(lambda: page(1)["totalCount"] == count, "all requests in the list", 90, 0.2)
    return [item for number in range(1, count // 500 + 2) for item in page(500, number)["results"]]


def measure(site, items, pause):
    """[(ms to the 202, ms to the call's arrival)]"""
    u = urllib.parse.urlsplit(site.url)
    link = http.client.HTTPConnection(u.hostname, u.port, timeout=WAIT_SECONDS)
    headers = {"Accept": harness.V2023_02, "Content-Type": "application/json", "Authorization": f"Bearer {site.token}"}
    rows = []
    for item in items:
        body = json.dumps({k: item[k] for k in ("requesterAccountId", "requesterVpcId")})
        before = len(site.relay.calls)
        start = time.monotonic()
        link.request("POST", f"{site.list_path}/{item['name']}:accept", body, headers)
        answer = link.getresponse()
        answer.read()
        answered = time.monotonic()
        if answer.status != 202:
            raise SystemExit(f"{item['name']}: {answer.status}")
        arrived = site.relay.wait_call(CALL, before, WAIT_SECONDS)
        if not arrived:
            raise SystemExit(f"{item['name']}: no call in {WAIT_SECONDS} s")
        rows.append(((answered - start) * 1e3, (arrived - start) * 1e3))
        time.sleep(pause)
    link.close()
    return rows


def spread(values):
    values = sorted(values)
    at = lambda share: round(values[min(len(values) - 1, int(len(values) * share))], 2)
    return {"p50_ms": at(0.5), "p90_ms": at(0.9), "p99_ms": at(0.99), "max_ms": round(values[-1], 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--pause-ms", type=int, default=50)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peerage-bench-") as folder:
        quota = {"outstandingQuota": 1000000, "activeQuota": 1000000, "provisioningSeconds": 5}
        # A scan every 30 s, as installed. No route tables: their calls would fall into the next samples.
        with lifecycle.SimCloud(folder, **quota) as cloud, \
             lifecycle.Site(cloud, folder, scan_interval="30") as site:
            site.command("network", "set-tables", site.network)
            items = requests_of(site, options.samples)
            rows = measure(site, items, options.pause_ms / 1e3)
            calls = site.relay.count(CALL)
    result = {"samples": len(rows), "calls": calls, "load": round(os.getloadavg()[0], 2),
              "answer_202": spread([a for a, _ in rows]), "call_arrives": spread([b for _, b in rows])}
    print(f"POST :accept, {len(rows)} times, one at a time, load of the machine {result['load']}")
    for title, key in (("202 received", "answer_202"), ("EC2 call at the endpoint", "call_arrives")):
        print(f"  {title:26}" + "".join(f"  {k[:-3]} {v:7.2f} ms" for k, v in result[key].items()))
    text = json.dumps(result, indent=2)
    if options.json:
        pathlib.Path(options.json).write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
