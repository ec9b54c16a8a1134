#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the migrations NNNN-name.sql as one C table, each with its SHA-256: embed-sql.py OUTPUT.c FILE.sql…

Called by src/store/meson.build. Must never depend on anything but the files' names and bytes (reproducible builds).
The first line of a file says which binaries may open a store that has it: `-- min_binary: N`.
"""
import hashlib
import pathlib
import re
import sys


def c_array(name: str, data: bytes) -> str:
    """Numbers, since ISO C promises no string literal above 4095 characters."""
    numbers = [str(byte) for byte in data + b"\0"]
    lines = [", ".join(numbers[i : i + 24]) for i in range(0, len(numbers), 24)]
    return f"static const char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def main() -> None:
    output, *files = sys.argv[1:]
    arrays, rows = [], []
    for number, path in enumerate(sorted(map(pathlib.Path, files), key=lambda p: p.name), start=1):
        data = path.read_bytes()
        name = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql", path.name)
        head = re.match(rb"-- min_binary: (\d+)\n", data)
        if not name or int(name[1]) != number or not head or not data.isascii():
            sys.exit(f"{path}: expected {number:04d}-name.sql in ASCII that begins with '-- min_binary: N'")
        arrays.append(c_array(f"sql_{number}", data))
        digest = hashlib.sha256(data).hexdigest()
        rows.append(f'{{{number}, {int(head[1])}, "{name[2]}", "{digest}", sql_{number}}},')
    text = ['#include "store/migrate.h"\n', *arrays, "const struct migration store_migrations[] = {", *rows, "};"]
    text.append(f"const unsigned store_migration_count = {len(files)};\n")
    pathlib.Path(output).write_text("\n".join(text))


main()
