# SPDX-License-Identifier: Apache-2.0
"""Documents and code agree: generated pages are current, links lead somewhere, the README's commands exist and work when pasted."""
import json
import os
import pathlib
import re
import subprocess
import sys

from harness import ROOT, Dev, binary, clean_environment, read_env_file, run

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_differences_page_is_what_the_binary_prints():
    assert (ROOT / "docs/differences.md").read_text(encoding="utf-8") == run("openapi", "--differences", check=0).stdout


def test_lifecycle_page_is_what_the_tables_say():
    done = subprocess.run([sys.executable, ROOT / "tools/lifecycle.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_configuration_page_holds_every_key_as_printed():
    assert run("check-config", "--help-keys", check=0).stdout in (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_relative_links_of_every_page_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_page_of_commands_knows_which_ask_afar():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    row = re.search(r"^\| (`org get`.*?) \| a server", page, re.MULTILINE).group(1)
    here = re.findall(r"but for `([^`]+)`", row)
    afar = [w for w in re.findall(r"`([^`]+)`", row) if w not in here]
    named = re.findall(r"^  ([a-z][a-z0-9 -]*?)  +\S", run("help", check=0).stdout, re.MULTILINE)
    assert len(named) > 100 and len(afar) > 12
    for name in named:
        takes = "server and credential of `peerage profile set`" in run("help", *name.split(), check=0).stdout
        said = name not in here and any(name == a or name.startswith(a + " ") for a in afar)
        assert takes == said, name


def test_every_command_that_the_readme_names_exists():
    known = run("help", check=0).stdout
    for line in re.findall(r"^(?:build/)?peerage ([a-z-]+(?: [a-z]+)?)", README, re.MULTILINE):
        words = line.split()
        assert any(re.search(rf"^  {re.escape(' '.join(words[:n]))} ", known, re.MULTILINE) for n in (1, 2)), line


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readme_commands_work_when_pasted(tmp_path):
    """Its shell blocks about the demo, run as they stand against a demo; only folder and address differ."""
    with Dev(tmp_path) as dev:
        demo = read_env_file(dev.dir / "demo.env")
        script = "\n".join(b for b in blocks("sh") if "curl" in b and "act()" not in b).replace(". .peerage/demo.env", f". {dev.dir}/demo.env")
        done = subprocess.run(["sh", "-euc", script], env=clean_environment({"PATH": os.environ["PATH"]}), cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        decoder, text, answers = json.JSONDecoder(), done.stdout.strip(), []
        while text:
            answer, end = decoder.raw_decode(text)
            answers.append(answer)
            text = text[end:].strip()
        names = [[c["name"] for c in a["results"]] for a in answers]
        assert names == [[demo["PEERAGE_PEERING_NAME"]]] * 2
        shown = json.loads(blocks("json")[0])
        assert list(shown) == list(answers[0])
        assert list(shown["results"][0]) == list(answers[0]["results"][0])


def test_the_readme_s_life_of_a_request_goes_as_it_shows(tmp_path):
    """Accept and delete, pasted: but for times and what is too short to be caught, the output is the README's."""
    def comparable(text):
        lines = [re.sub(r"^\d{4}-\S+Z  ", "", line) for line in text.strip().splitlines()]
        return [line for line in lines if "  REQUEST_" not in line and line != "active  DELETE_REQUESTED"]
    (commands,), (shown,) = [b for b in blocks("sh") if "act()" in b], blocks("text")
    with Dev(tmp_path) as dev:
        dev.wait_scanned()
        script = f". {dev.dir}/demo.env\n" + commands.replace("--data .peerage", f"--data {dev.dir}") \
            .replace("build/peerage", binary())
        done = subprocess.run(["sh", "-euc", script], env=clean_environment({"PATH": os.environ["PATH"]}), cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert comparable(done.stdout) == comparable(shown)
        assert all(re.match(r"(\{|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  )", line) for line in done.stdout.splitlines())
