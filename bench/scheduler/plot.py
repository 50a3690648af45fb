# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Lines on two logarithmic axes, as SVG."""

import html
import math

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 40, 50
COLOURS = ("#c47f00", "#1f5fa8", "#2d8a4e", "#8c4fa8", "#b03a3a", "#777777", "#16898f")
LEAST = 0.01  # what is less is drawn here


def chart(title, across, lines):
    """The text of an SVG file; `lines` is {name: [(x, y)]}."""
    points = [point for line in lines.values() for point in line]
    to_x = _axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    to_y = _axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="24" font-size="14">{html.escape(title)}</text>',
             f'<text x="{(LEFT + WIDTH - RIGHT) // 2}" y="{HEIGHT - 12}">{html.escape(across)}</text>']
    parts += [_grid(to_x, x, True) for x in _decades([x for x, _ in points])]
    parts += [_grid(to_y, y, False) for y in _decades([y for _, y in points])]
    for place, (name, line) in enumerate(lines.items()):
        parts += _line(name, [(to_x(x), to_y(y)) for x, y in line], place)
    return "\n".join(parts + ["</svg>", ""])


def _log(value):
    return math.log10(max(value, LEAST))


def _decades(values):
    return [10 ** power for power in range(math.floor(_log(min(values))),
                                           math.ceil(_log(max(values))) + 1)]


def _axis(values, start, end):
    decades = _decades(values)
    low, high = _log(decades[0]), _log(decades[-1])
    return lambda value: start + (end - start) * (_log(value) - low) / max(high - low, 1)


def _grid(place, value, upright):
    at = place(value)
    if upright:
        line = f'x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{HEIGHT - BOTTOM}"'
        label = f'x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle"'
    else:
        line = f'x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"'
        label = f'x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end"'
    return f'<line {line} stroke="#dddddd"/><text {label}>{value:g}</text>'


def _line(name, points, place):
    colour = COLOURS[place % len(COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    y = TOP + 10 + 18 * place
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{3 if place == 0 else 1.5}"/>',
            f'<text x="{WIDTH - RIGHT + 12}" y="{y}" fill="{colour}">{html.escape(name)}</text>']
