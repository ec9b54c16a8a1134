# SPDX-License-Identifier: Apache-2.0
"""The simulation itself: the same seed is the same play, a break says how to see it again, planted bugs are found.

Run by tools/check (part sim), or: python3 -m pytest -q tests/sim. Needs build/tests/sim/peerage_sim.
"""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SIM = os.environ.get("PEERAGE_SIM", str(ROOT / "build" / "tests" / "sim" / "peerage_sim"))
BUGS = re.findall(r'BUG\(\w+, "([a-z-]+)"', (ROOT / "tests" / "sim" / "bugs.def").read_text())
BUG_SEEDS = 400  # each planted bug is found within so many; most within five, and the search ends with the first


def sim(*args, timeout=300):
    done = subprocess.run([SIM, *args], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout


def digests(*args):
    code, text = sim(*args, "--digest")
    assert code == 0, text
    return sorted(re.findall(r"^(\d+ [0-9a-f]{16})$", text, re.M))


def test_a_seed_is_the_same_play_in_every_process_and_order():
    once = digests("--seeds", "1000..1007", "--jobs", "2")
    again = digests("--seeds", "1000..1007", "--jobs", "1")
    assert len(once) == 8 and once == again
    assert len({d.split()[1] for d in once}) == 8
    assert digests("--seeds", "1003") == [d for d in once if d.startswith("1003 ")]


def test_what_breaks_is_replayed_by_the_command_that_is_printed():
    code, text = sim("--seeds", "1..20", "--bug", "missing-is-gone")
    assert code == 1, text
    broke = re.search(r"^seed (\d+) broke at step (\d+): (.+)$", text, re.M)
    again = re.search(r"^play it again: (.+)$", text, re.M).group(1).split()
    assert again[0] == "build/tests/sim/peerage_sim"
    code, trace = sim(*again[1:])
    assert code == 1
    assert broke.group(0) in trace
    assert f"BROKEN at step {broke.group(2)}: {broke.group(3)}" in trace


def test_at_least_20_bugs_are_planted_and_the_program_knows_them():
    code, text = sim("--list-bugs")
    assert code == 0 and text.split() == BUGS and len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug):
    code, text = sim("--seeds", f"1..{BUG_SEEDS}", "--bug", bug)
    assert code == 1, f"{bug} was not found: {text}"
    assert re.search(r"broke at step \d+: .", text)


def test_ten_hours_without_ec2():
    """Reads served, actions taken, at most one call a second, memory flat, and all converges: see outage.c."""
    code, text = sim("--seeds", "1..3", "--outage", "10")
    assert code == 0, text
    rows = re.findall(r"^seed \d+: 10 h without EC2, (\d+) calls, (\d+) actions waiting at most$", text, re.M)
    print(text)
    assert len(rows) == 3
    for calls, waiting in rows:
        assert 0 < int(calls) <= 36000 and int(waiting) > 0


def test_each_seed_has_its_day():
    code, text = sim("--seeds", "1..10", "--jobs", "2")
    assert code == 0, text
    seeds, _, operations, _, faults, crashes = (int(n) for n in re.search(
        r"(\d+) seeds, (\d+) steps, (\d+) client operations, (\d+) calls, (\d+) faults, (\d+) crashes", text).groups())
    assert seeds == 10 and operations >= 200 * seeds and faults >= 5 * seeds and crashes >= seeds
