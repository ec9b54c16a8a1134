# SPDX-License-Identifier: Apache-2.0
"""Every secret that the tests hold, and the search for them in all that the started programs wrote.

harness.py notes secrets as they come by (what commands print, what the API answers, what is handed over in environments and
arguments) and the places: data directories, configuration, logs and standard output of every process, backups. At the end
test_zz_secrets.py searches these, and fails with the names of secret and file. Standard library and grep; must never print
a secret.
"""

import base64
import json
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

SHORTEST = 12  # bytes; what is shorter may stand anywhere by chance
noted = {}     # secret → what it is
places = set()

# Files that hold secrets by design: name → the kinds that may be in it. The first two are `peerage dev`'s note for its user
# and for its next start, the third the simulated cloud's own store, the fourth the key file.
ALLOWED = {"demo.env": re.compile("."), "demo.state": re.compile("."), "ec2sim.json": re.compile("^AWS"),
           "keys": re.compile("^sealing key")}
NAMES = {"privateKey": "private key", "secret": "secret", "clientSecret": "client secret", "access_token": "access token",
         "SecretAccessKey": "AWS secret key", "SessionToken": "AWS session token"}
SHAPES = ((re.compile(r"whsec_[A-Za-z0-9+/]{20,}=*"), "webhook secret"),
          (re.compile(r"mdb_sa_sk_[A-Za-z0-9_-]{40}"), "client secret"))
ENVIRONMENT = re.compile(r"SECRET|PASSWORD|PRIVATE|TOKEN")


def note(what, value):
    if isinstance(value, str) and len(value) >= SHORTEST and "*" not in value:
        noted.setdefault(value, what)


def note_place(path):
    places.add(pathlib.Path(path))


def note_value(value):
    """A parsed JSON document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in NAMES:
                note("webhook secret" if str(inner).startswith("whsec_") else NAMES[name], inner)
            note_value(inner)
    elif isinstance(value, list):
        for inner in value:
            note_value(inner)


def note_text(text):
    """What a command printed or the API answered."""
    for shape, what in SHAPES:
        for found in shape.findall(text):
            note(what, found)
    if any(f'"{name}"' in text for name in NAMES):
        try:
            note_value(json.loads(text))
        except ValueError:
            pass


def note_environment(variables):
    for name, value in variables.items():
        if ENVIRONMENT.search(name) and not name.endswith(("_FILE", "_URL", "_PATH")):
            note("AWS key" if "AWS" in name or "ACCESS_KEY" in name else f"value of {name}", value)


def note_arguments(words):
    """--account ACCOUNT:KEY:SECRET of the simulator, and files that are written."""
    for i, word in enumerate(words):
        found = re.fullmatch(r"\d{12}:\w+:(.+)", word)
        if found:
            note("AWS secret key", found.group(1))
        if word == "backup":
            for path in words[i + 1:]:
                if path.startswith("/"):
                    note_place(path)


def note_headers(headers):
    value = (headers or {}).get("Authorization", "")
    kind, _, rest = value.partition(" ")
    if kind == "Bearer" and rest.startswith("eyJ"):
        note("access token", rest)
    elif kind == "Digest":
        found = re.search(r'response="([0-9a-f]{32})"', rest)
        note("Digest response", found.group(1) if found else None)


def note_key_file(path):
    for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.fullmatch(r"[0-9a-f]{16} = ([0-9a-f]{64})", line.strip())
        if found:
            note("sealing key", found.group(1))
            noted.setdefault(bytes.fromhex(found.group(1)).decode("latin-1"), "sealing key")


# ---- the search --------------------------------------------------------------------------------------------

def forms(secret):
    """As it is, and as it would look in hex, base64 (wherever it stands in what was encoded) and a URL."""
    raw = secret.encode("latin-1" if all(ord(c) < 256 for c in secret) else "utf-8")
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    quoted = urllib.parse.quote(secret, safe="").encode()
    yield quoted
    yield re.sub(rb"%[0-9A-F]{2}", lambda m: m.group(0).lower(), quoted)
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * before + raw)
            first, last = (0, 2, 3)[before], (len(raw) + before) * 4 // 3  # characters that this secret alone decides
            yield whole[first:last]


def files(roots):
    for root in sorted(roots):
        if root.is_dir():
            yield from (p for p in sorted(root.rglob("*")) if p.is_file() and not p.is_symlink())
        elif root.is_file():
            yield root


def search(roots=None):
    """([(name of the secret, form, file)], secrets, files, bytes)"""
    found, searched = [], list(dict.fromkeys(files(places if roots is None else roots)))
    for path in searched:
        if path.name == "keys":
            note_key_file(path)
    patterns = {}
    for secret, what in noted.items():
        for form in forms(secret):
            if b"\n" not in form and b"\0" not in form:
                patterns.setdefault(form, what)
    with tempfile.NamedTemporaryFile() as list_file:
        list_file.write(b"\n".join(patterns) + b"\n")
        list_file.flush()
        for at in range(0, len(searched), 500):
            done = subprocess.run(["grep", "-aoFHZ", "-f", list_file.name, "--", *map(str, searched[at:at + 500])],
                                  env={"LC_ALL": "C"}, capture_output=True, check=False, timeout=600)
            assert done.returncode in (0, 1) or not done.stderr.strip(), done.stderr[-500:]
            for line in done.stdout.split(b"\n"):
                name, _, hit = line.partition(b"\0")
                if hit:
                    path, what = pathlib.Path(name.decode()), patterns.get(hit, "a secret")
                    if not ALLOWED.get(path.name, re.compile("(?!)")).search(what):
                        found.append((what, path))
    return sorted(set(found)), len(noted), len(searched), sum(p.stat().st_size for p in searched)
