#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the JSON of list_vs_nginx.py as docs/img/bench.svg: plot.py RESULT.json OUT.svg. Standard library only."""
import json
import pathlib
import sys

WIDTH, BAR, GAP, LEFT, PAD = 760, 22, 10, 250, 70
OURS, THEIRS, INK = "#2f6fde", "#9aa3ad", "#22272e"


def panel(out, y, title, unit, rows):
    out.append(f'<text x="16" y="{y}" font-weight="bold" fill="{INK}">{title}</text>')
    y += 12
    most = max(value for _, value, _ in rows)
    for name, value, colour in rows:
        length = (WIDTH - LEFT - PAD) * value / most
        text = f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
        out.append(f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end" fill="{INK}">{name}</text>')
        out.append(f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>')
        out.append(f'<text x="{LEFT + length + 6:.0f}" y="{y + 16}" fill="{INK}">{text}{unit}</text>')
        y += BAR + GAP
    return y + 24


def main():
    result = json.loads(pathlib.Path(sys.argv[1]).read_text())
    out, y = [], 30
    for key, title, unit in (("rps", "Requests a second, one core (more is better)", ""),
                             ("cpu_us", "Server CPU per request (less is better)", " µs")):
        rows = []
        for one in result["lists"]:
            name = f"{one['connections_a_page']} connections, {one['bytes']:,} bytes"
            rows += [(f"peerage: {name}", one[f"peerage_{key}"], OURS), ("nginx: static file", one[f"nginx_{key}"], THEIRS)]
        y = panel(out, y, title, unit, rows)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="13">'
            f'<rect width="100%" height="100%" fill="white"/>')
    pathlib.Path(sys.argv[2]).write_text(head + "\n".join(out) + "</svg>\n")


if __name__ == "__main__":
    main()
