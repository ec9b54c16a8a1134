#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peerage's list (bearer, limiter and access log on) against nginx serving the same bytes as a static file.

Both run on core 0 with one loop, wrk on core 1, in turn, several rounds; ratios are taken within a round, because machines
are shared and noisy. Also: is a change by a scan in the very next reply, start to ready on an existing store, idle memory.
Run by `make bench`. Needs wrk, nginx, taskset (Debian). Prints a table and JSON; judges nothing.

    bench/list_vs_nginx.py [--seconds 4] [--rounds 5] [--json FILE]
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))
import harness  # noqa: E402

CONNECTIONS = 64
ACCEPT = "application/vnd.atlas.2023-02-01+json"


def cpu_seconds(pid):
    """User and system time of a process and of its children, from /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    for one in [str(pid), *children]:
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / tick


def seconds_of(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]


def load(url, headers, seconds, pid):
    args = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for k, v in headers.items():
        args += ["-H", f"{k}: {v}"]
    before = cpu_seconds(pid)
    out = subprocess.run([*args, url], capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    cpu = cpu_seconds(pid) - before
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        raise SystemExit(f"{url}: {bad.group(0)}")
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "cpu_us": cpu / count * 1e6,
            "p99_ms": seconds_of(re.search(r"99%\s+(\S+)", out).group(1)) * 1e3}


def fetch(url, headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:
        return reply.read()


class Nginx:
    def __init__(self, folder, body):
        self.folder = pathlib.Path(folder)
        (self.folder / "www").mkdir()
        (self.folder / "www" / "list").write_bytes(body)
        self.port = harness.free_port()
        (self.folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {self.folder}/access.log combined buffer=64k; default_type application/json;
  client_body_temp_path {self.folder}/a; proxy_temp_path {self.folder}/b; fastcgi_temp_path {self.folder}/c;
  uwsgi_temp_path {self.folder}/d; scgi_temp_path {self.folder}/e;
  sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100;
  server {{ listen 127.0.0.1:{self.port}; root {self.folder}/www; }}
}}""")

    def __enter__(self):
        self.process = subprocess.Popen(["taskset", "-c", "0", shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c",
                                         str(self.folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}/list"
        harness.wait_until(lambda: fetch(self.url, {}), "nginx")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def compare(service, per_page, options, folder):
    url = f"{service.url}{service.list_path}&itemsPerPage={per_page}&pageNum=1"
    headers = {"Accept": ACCEPT, "Authorization": f"Bearer {service.token}"}
    body = fetch(url, headers)
    assert len(json.loads(body)["results"]) == per_page
    rows = []
    work = pathlib.Path(folder) / f"nginx{per_page}"
    work.mkdir()
    with Nginx(work, body) as nginx:
        for side in (service.pid, nginx.process.pid):
            load(url if side == service.pid else nginx.url, headers, 1, side)  # warm both
        for _ in range(options.rounds):
            rows.append((load(url, headers, options.seconds, service.pid),
                         load(nginx.url, headers, options.seconds, nginx.process.pid)))
    middle = lambda f: round(statistics.median(f(a, b) for a, b in rows), 3)
    return {"connections_a_page": per_page, "bytes": len(body), "rounds": options.rounds,
            "peerage_rps": middle(lambda a, b: a["rps"]), "nginx_rps": middle(lambda a, b: b["rps"]),
            "ratio_rps": middle(lambda a, b: a["rps"] / b["rps"]),
            "peerage_cpu_us": middle(lambda a, b: a["cpu_us"]), "nginx_cpu_us": middle(lambda a, b: b["cpu_us"]),
            "ratio_cpu": middle(lambda a, b: a["cpu_us"] / b["cpu_us"]),
            "peerage_p99_ms": middle(lambda a, b: a["p99_ms"]), "nginx_p99_ms": middle(lambda a, b: b["p99_ms"])}


class Service:
    """peerage ec2sim and peerage serve, set up as an operator would, with one network and a service account."""

    REQUESTERS = {5: "222222222222", 100: "333333333333"}

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.data.mkdir()
        self.log = open(self.folder / "serve.log", "wb")

    def _start_ec2sim(self):
        env = harness.clean_environment({"PEERAGE_EC2SIM_TOKEN": "bench-token"})
        self.ec2_port = harness.free_port()
        self.ec2 = f"http://127.0.0.1:{self.ec2_port}"
        self.ec2sim = subprocess.Popen(
            [harness.binary(), "ec2sim", "--listen", f"127.0.0.1:{self.ec2_port}",
             "--account", "111111111111:AKIAACCEPTER00000000:secretofaccepter",
             "--set", "outstandingQuota=1000000"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: self._manage("GET", "state") is not None, "ec2sim")

    def _manage(self, method, what, body=None):
        request = urllib.request.Request(f"{self.ec2}/_ec2sim/{what}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"X-Ec2sim-Token": "bench-token", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read() or b"{}")

    def _write_config(self):
        self.port, self.management_port = harness.free_port(), harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = self.folder / "peerage.conf"
        self.config.write_text(f"""
public_url = {self.url}
listen = 127.0.0.1:{self.port}
management_listen = 127.0.0.1:{self.management_port}
data_dir = {self.data}
key_file = {self.folder}/keys
ec2_endpoint = {self.ec2}
loops = 1
scan_interval = 1
max_connections_per_address = 0
[limit streams_group]
capacity = 1000000000
refill = 1000000000
seconds = 60
""")
        self.env = harness.clean_environment({"AWS_ACCESS_KEY_ID": "AKIAACCEPTER00000000",
                                              "AWS_SECRET_ACCESS_KEY": "secretofaccepter"})

    def _run(self, *args):
        out = subprocess.run([harness.binary(), *args, "--config", str(self.config), "--json"], env=self.env,
                             capture_output=True, text=True, check=False, timeout=60)
        if out.returncode:
            raise SystemExit(f"peerage {' '.join(args)}: {out.stderr}")
        return json.loads(out.stdout)

    def start(self):
        """serve, and the seconds from the start to ready."""
        began = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", "0", harness.binary(), "serve", "--config", str(self.config)],
                                        env=self.env, stdout=subprocess.DEVNULL, stderr=self.log)
        ready = f"http://127.0.0.1:{self.management_port}/readyz"
        harness.wait_until(lambda: fetch(ready, {}), "serve", pause=0.001)
        self.pid = self.process.pid
        return time.monotonic() - began

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def __enter__(self):
        self._start_ec2sim()
        self.vpc = self._manage("POST", "vpcs", {"accountId": "111111111111", "region": "us-east-1",
                                                 "cidrBlocks": ["192.168.0.0/21"]})["vpcId"]
        self._write_config()
        self._run("init")
        group = self._run("project", "list")["results"][0]["id"]
        self.account = self._run("service-account", "create", "bench", "--role", "GROUP_READ_ONLY")
        self._run("network", "add", "--account", "111111111111", "--region", "us-east-1", "--vpc", self.vpc)
        self.group_path = f"/api/atlas/v2/groups/{group}/streams/vpcPeeringConnections?requesterAccountId="
        self.start()
        self.mint()
        return self

    def mint(self):
        import base64
        basic = base64.b64encode(f"{self.account['clientId']}:{self.account['secrets'][0]['secret']}".encode()).decode()
        request = urllib.request.Request(f"{self.url}/api/oauth/token", data=b"grant_type=client_credentials",
                                         headers={"Authorization": f"Basic {basic}"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            self.token = json.loads(reply.read())["access_token"]

    def list_of(self, requester):
        return json.loads(fetch(f"{self.url}{self.group_path}{requester}&itemsPerPage=500",
                                {"Accept": ACCEPT, "Authorization": f"Bearer {self.token}"}))

    def add_peerings(self, requester, n):
        self._manage("POST", "bulk", {"peerings": n, "requesterAccountId": requester, "requesterRegion": "us-east-1",
                                      "accepterAccountId": "111111111111", "accepterRegion": "us-east-1",
                                      "accepterVpcId": self.vpc})
        harness.wait_until(lambda: self.list_of(requester)["totalCount"] == n, f"{n} connections")

    def __exit__(self, *_):
        self.stop()
        self.ec2sim.terminate()
        self.ec2sim.wait(10)
        self.log.close()


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--json")
    options = parser.parse_args()
    result = {"lists": []}
    with tempfile.TemporaryDirectory(prefix="peerage-bench-") as folder:
        with Service(folder) as service:
            result["idle_rss_mb"] = round(resident_mb(service.pid), 1)
            for per_page, requester in Service.REQUESTERS.items():
                service.add_peerings(requester, per_page)
                service.list_path = service.group_path + requester
                result["lists"].append(compare(service, per_page, options, folder))
                print(json.dumps(result["lists"][-1]), flush=True)
            result["rss_after_load_mb"] = round(resident_mb(service.pid), 1)
            starts = []
            for _ in range(options.starts):
                service.stop()
                starts.append(service.start())
            result["start_to_ready_ms_median"] = round(statistics.median(starts) * 1e3, 1)
    print(json.dumps({k: v for k, v in result.items() if k != "lists"}))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
