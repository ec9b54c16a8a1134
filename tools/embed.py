#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a file as a C array: embed.py INPUT OUTPUT.c NAME. Called by Meson. Must never depend on the time or the path."""
import sys

source, target, name = sys.argv[1:4]
data = open(source, "rb").read()
with open(target, "w", encoding="ascii") as out:
    out.write(f"extern const char {name}[];\nextern const unsigned long {name}_len;\n")
    out.write(f"const unsigned long {name}_len = {len(data)};\nconst char {name}[] = {{\n")
    for i in range(0, len(data), 16):
        out.write(" ".join(f"{b}," if b < 128 else f"(char){b}," for b in data[i : i + 16]) + "\n")
    out.write("0};\n")
