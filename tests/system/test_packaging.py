# SPDX-License-Identifier: Apache-2.0
"""What is installed: the unit's hardening, file modes, the users' and directories' files, the image's recipe."""

import os
import re
import shutil
import stat
import subprocess

import pytest

from harness import ROOT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_hardened():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                           str(ROOT / "packaging/peerage.service")], capture_output=True, text=True, check=False)
    exposure = float(re.search(r"Overall exposure level for peerage.service: ([\d.]+)", done.stdout).group(1))
    assert exposure <= 1.2, done.stdout


def test_the_unit_speaks_our_protocol():
    text = (ROOT / "packaging/peerage.service").read_text()
    for line in ("Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "User=peerage", "StateDirectory=peerage",
                 "UMask=0077"):
        assert line in text.splitlines()
    timeout = int(re.search(r"^TimeoutStopSec=(\d+)", text, re.MULTILINE).group(1))
    drain = int(re.search(r'OPTION\(drain_timeout, \w+, "\w+", (\d+)', (ROOT / "spec/options.def").read_text()).group(1))
    assert timeout > drain


def test_install_puts_files_where_they_belong(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(["make", "-C", str(ROOT), "install", f"DESTDIR={tmp_path}", "PREFIX=/usr"], check=True, env=env,
                   capture_output=True, stdin=subprocess.DEVNULL)
    assert stat.S_IMODE((tmp_path / "usr/bin/peerage").stat().st_mode) == 0o755
    for name in ("lib/systemd/system/peerage.service", "usr/lib/sysusers.d/peerage.conf",
                 "usr/lib/tmpfiles.d/peerage.conf", "etc/peerage/peerage.conf"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644, name
    unit = (tmp_path / "lib/systemd/system/peerage.service").read_text()
    assert "ExecStart=/usr/bin/peerage serve" in unit


def test_the_image_runs_without_rights_and_is_built_in_two_stages():
    text = (ROOT / "packaging/Containerfile").read_text()
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) == 2
    assert re.search(r"^USER 65532", text, re.MULTILINE)
    assert text.index("USER 65532") > text.rindex("FROM ")
