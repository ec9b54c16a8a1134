# SPDX-License-Identifier: Apache-2.0
"""`peerage dev coverage`: what an unmodified program asked for and did not get, told by name."""
import json

from harness import Dev, Serve, V2023_02, digest_request, run


def missed(dev, *flags):
    return json.loads(run("dev", "coverage", "--json", "--data", dev.dir, *flags, check=0).stdout)["results"]


def test_a_program_s_misses_are_listed_by_name(tmp_path):
    with Dev(tmp_path) as dev:
        assert missed(dev) == []
        group = f"/api/atlas/v2/groups/{dev['GROUP_ID']}"
        for path, status in ((f"{group}/clusters", 501), (f"{group}/clusters", 501), (f"{group}/nothing", 404),
                             (f"{group}/streams/vpcPeeringConnections", 400)):
            assert digest_request(dev, "GET", path, accept=V2023_02)[0] == status
        rows = missed(dev)
        assert [(r["times"], r["answer"], r["method"], r["asked"]) for r in rows] == [
            (2, "operation not offered", "GET", "listGroupClusters"), (1, "unknown path", "GET", f"{group}/nothing")]
        assert rows[0]["last"].endswith("Z")
        shown = run("dev", "coverage", "--data", dev.dir, "--clear", check=0).stdout
        assert shown.splitlines()[0].split() == ["TIMES", "ANSWER", "METHOD", "ASKED", "FOR", "LAST", "CLIENT", "LAST"]
        assert missed(dev) == []


def test_without_dev_it_says_what_to_do(tmp_path):
    with Serve(tmp_path) as serve:
        done = run("dev", "coverage", "--data", serve.data, check=69)
        assert "no `peerage dev` runs" in done.stderr
