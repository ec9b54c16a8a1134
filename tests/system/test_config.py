# SPDX-License-Identifier: Apache-2.0
"""The configuration from the outside: precedence, errors that help, and the sample file in packaging/."""

import json
import pathlib
import re

import pytest

import harness
from harness import ROOT, run


def options():
    """Keys of spec/options.def with their defaults, as text."""
    found = {}
    for m in re.finditer(r'^OPTION\(\w+, (\w+), "(\w+)", ("[^"]*"|-?\d+), ', (ROOT / "spec/options.def").read_text(),
                         re.MULTILINE):
        kind, key, default = m.groups()
        default = default.strip('"')
        found[key] = {"0": "false", "1": "true"}[default] if kind == "BOOL" else default
    return found


def settings(*args, env=None):
    done = run("check-config", "--json", *args, env=env, check=0)
    return {s["key"]: s for s in json.loads(done.stdout)["settings"]}


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "peerage.conf"
    path.write_text("public_url = https://peerage.example.com\nworkers = 5\nloops = 5\nlog_level = warn\n")
    return path


def test_precedence_and_sources(conf):
    s = settings("--config", conf, "--log-level", "debug", env={"PEERAGE_CFG_LOOPS": "6"})
    assert (s["workers"]["value"], s["workers"]["source"]) == ("5", f"{conf}:2")
    assert (s["loops"]["value"], s["loops"]["source"]) == ("6", "PEERAGE_CFG_LOOPS")
    assert (s["log_level"]["value"], s["log_level"]["source"]) == ("debug", "--log-level")
    assert (s["queue_max"]["value"], s["queue_max"]["source"]) == ("1024", "default")


def test_every_option_is_shown_and_described(conf):
    assert set(settings("--config", conf)) == set(options())
    text = run("check-config", "--help-keys", check=0).stdout
    for key in options():
        assert re.search(rf"^{key}  \(", text, re.MULTILINE), key


@pytest.mark.parametrize("line,words", [
    ("listen_adress = x", ["listen_adress", ":2", '"listen"']),
    ("workers = many", ["workers", ":2", '"many"', "1 to 64"]),
    ("public_url = https://x\nfoo", ["line 3"]),
    ("[limit streams]\ncapacity = 1\nrefill = 1\nseconds = 1", ["streams", "limit set"]),
    ("public_url = peerage.example.com", ["public_url", "https://"]),
    ("trusted_proxies = 10.0.0.1/8", ["10.0.0.1/8"]),
])
def test_errors_name_key_value_place_and_fix(tmp_path, line, words):
    path = tmp_path / "c.conf"
    head = "" if "public_url = p" in line else "public_url = https://a.example\n"
    path.write_text((head or "# first\n") + line.replace("public_url = https://x\n", "workers = 1\n") + "\n")
    done = run("check-config", "--config", path, check=78)
    for word in words:
        assert word in done.stderr, done.stderr


def test_unknown_variables_and_flags_are_errors(conf):
    done = run("check-config", "--config", conf, env={"PEERAGE_CFG_WORKRES": "1"}, check=78)
    assert "PEERAGE_CFG_WORKRES" in done.stderr and '"workers"' in done.stderr
    done = run("check-config", "--config", conf, "--workres", "1", check=64)
    assert "--workres" in done.stderr and "--workers" in done.stderr


def test_the_sample_file_agrees_with_the_table(tmp_path):
    """Every key stands in it once, commented, with its default; without the marks it is a valid file."""
    text = (ROOT / "packaging/peerage.conf").read_text()
    shown = dict(re.findall(r"^#?(\w+) = ?(.*)$", text, re.MULTILINE))
    table = options()
    assert set(shown) == set(table)
    for key, default in table.items():
        if key != "public_url":
            assert shown[key] == default, key
    path = pathlib.Path(tmp_path / "all.conf")
    path.write_text(re.sub(r"^#(\w+ =)", r"\1", text, flags=re.MULTILINE))
    s = settings("--config", path)
    assert all(v["source"].startswith(str(path)) for v in s.values())


def test_a_missing_file_is_named(tmp_path):
    done = run("serve", "--config", tmp_path / "none.conf", check=78)
    assert "none.conf" in done.stderr
    assert harness.FORBIDDEN.search(done.stderr) is None
