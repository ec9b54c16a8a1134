#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws a result as SVG: plot.py RESULT.json OUT.svg. Standard library only.

That of list_vs_nginx.py (--json) is docs/img/bench.svg, that of bench/tenancy (--json) docs/img/tenancy.svg.
"""
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


def lists(result):
    out, y = [], 30
    for key, title, unit in (("rps", "Requests a second, one core (more is better)", ""),
                             ("cpu_us", "Server CPU per request (less is better)", " µs")):
        rows = []
        for one in result["lists"]:
            name = f"{one['connections_a_page']} connections, {one['bytes']:,} bytes"
            rows += [(f"peerage: {name}", one[f"peerage_{key}"], OURS), ("nginx: static file", one[f"nginx_{key}"], THEIRS)]
        y = panel(out, y, title, unit, rows)
    return out, y


def tenancy(result):
    """Two bars a request: in the small store and in the large one."""
    out, y, (few, many) = [], 30, result["keys"]
    for title, chosen in ((f"Authentication, whole request, p50: {few:,} keys (grey) and {many:,} (blue)", False),
                          (f"A page of a list, p50: {few:,} keys (grey) and {many:,} (blue)", True)):
        rows = []
        for one in result["tenancy"]:
            if ("page" in one["name"]) == chosen:
                rows += [(one["name"], one["p50_us"][0], THEIRS), ("", one["p50_us"][1], OURS)]
        y = panel(out, y, title, " µs", rows)
    return out, y


def main():
    result = json.loads(pathlib.Path(sys.argv[1]).read_text())
    out, y = tenancy(result) if "tenancy" in result else lists(result)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="13">'
            f'<rect width="100%" height="100%" fill="white"/>')
    pathlib.Path(sys.argv[2]).write_text(head + "\n".join(out) + "</svg>\n")


if __name__ == "__main__":
    main()
