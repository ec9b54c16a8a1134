# SPDX-License-Identifier: Apache-2.0
"""Completion and the manual page, asked of the shells and of mandoc themselves: every command of `peerage help` is
offered, with every flag of its help, and nothing else. Never by reading the scripts."""
import re
import shutil
import subprocess

import pytest

from harness import run


def commands():
    """{name: [flags]} of all that help shows, and the names whose flags are all configuration keys too."""
    listed = run("help", check=0).stdout
    names = [line.split("  ")[1] for line in listed.splitlines() if line.startswith("  ")]
    texts = {name: run("help", *name.split(), check=0).stdout for name in names}
    flags = {name: re.findall(r"^  --([a-z0-9-]+)", text, re.M) for name, text in texts.items()}
    return flags, {name for name, text in texts.items() if "Every configuration key is a flag too" in text}


def ask(shell, *args, script):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, *args, script], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def answers(shell, lines, tmp_path):
    """What the shell offers for each of the command lines (a list of words; the last is being typed)."""
    script = tmp_path / "completion"
    script.write_text(run("completion", shell, check=0).stdout, encoding="utf-8")
    quoted = [" ".join(f"'{w}'" for w in words) for words in lines]
    if shell == "bash":
        text = f"source {script}\n" + "".join(
            f"COMP_WORDS=({q}); COMP_CWORD={len(w) - 1}; _peerage; echo \"${{COMPREPLY[*]}}\"\n"
            for q, w in zip(quoted, lines))
        out = ask("bash", "-c", script="compopt() { :; }\n" + text)
        return [line.split() for line in out.splitlines()]
    if shell == "fish":
        text = f"source {script}\n" + "".join(
            f"echo (complete -C \"{' '.join(w)}\" | string split -f1 \\t)\n" for w in lines)
        return [line.split() for line in ask("fish", "--no-config", "-c", script=text).splitlines()]
    text = ("compdef() { :; }\n_describe() { print -r -- ${rows%%:*}; }\n"
            "_arguments() { local a; local -a flags; for a in \"$@\"; do [[ $a == (\\*|)--* ]] && "
            "flags+=(\"${${a#\\*}%%\\[*}\"); done; print -r -- $flags; }\n"
            f"source {script}\n" + "".join(f"words=({q}); CURRENT={len(w)}; _peerage\n" for q, w in zip(quoted, lines)))
    return [line.split() for line in ask("zsh", "-f", "-c", script=text).splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_every_flag_is_offered(shell, tmp_path):
    known, with_keys = commands()
    assert known and with_keys
    firsts = {name.split()[0] for name in known}
    pairs = {first: {n.split()[1] for n in known if n.split()[0] == first and " " in n} for first in firsts}
    first_lines = [["peerage", ""]]
    second_lines = [["peerage", first, ""] for first in sorted(firsts) if pairs[first]]
    flag_lines = [["peerage", *name.split(), "--"] for name in known]
    got = answers(shell, first_lines + second_lines + flag_lines, tmp_path)
    assert len(got) == len(first_lines) + len(second_lines) + len(flag_lines)
    assert set(got[0]) == firsts
    for line, offered in zip(second_lines, got[1:]):
        assert set(offered) == pairs[line[1]], line
    for name, offered in zip(known, got[1 + len(second_lines):]):
        own = {word.removeprefix("--") for word in offered}
        assert set(known[name]) <= own, name
        more = own - set(known[name])
        assert "public-url" in more if name in with_keys else not more, name


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_paths_and_choices_are_offered_where_a_value_is_one(shell, tmp_path):
    (tmp_path / "here.db").touch()
    lines = [["peerage", "completion", ""], ["peerage", "backup", f"{tmp_path}/he"]]
    choices, paths = answers(shell, lines, tmp_path)
    assert set(choices) == {"bash", "zsh", "fish"}
    assert [p.endswith("here.db") for p in paths] == [True]


def test_another_shell_is_refused():
    done = run("completion", "tcsh", check=64)
    assert "only for bash, zsh and fish" in done.stderr


def test_the_manual_page_has_every_command_and_flag_and_no_fault(tmp_path):
    page = tmp_path / "peerage.1"
    page.write_text(run("man", check=0).stdout, encoding="utf-8")
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], text=True, stdout=subprocess.PIPE, timeout=60)
    faults = [line for line in lint.stdout.splitlines() if "new sentence, new line" not in line]
    assert not faults
    source = page.read_text(encoding="utf-8").replace("\\-", "-")
    sections = dict(re.findall(r"^\.Ss peerage ([^\n]+)\n(.*?)(?=^\.S[sh] )", source, re.M | re.S))
    known, _ = commands()
    assert list(sections) == list(known)
    for name, flags in known.items():
        assert re.findall(r"^\.It Fl \\&-(\S+)", sections[name], re.M) == flags, name
    shown = subprocess.run(["mandoc", "-T", "ascii", page], text=True, stdout=subprocess.PIPE, check=True, timeout=60)
    assert "peerage connection accept" in re.sub(r".\x08", "", shown.stdout)
