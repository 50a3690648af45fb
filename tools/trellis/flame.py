# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Flame graphs as SVG: a box for each function on a stack, as wide as what it costs."""

import html
import zlib

WIDTH, HEIGHT, TITLE = 1200, 18, 30  # of the picture, of a row, of the line above
LEAST = 0.5  # a box that is narrower is left out
LETTER = 6.6  # of the font below
STYLE = "text { font: 11px monospace } rect { stroke: #fff }"


def graph(stacks, operations, title):
    """The picture of {(function, ...): count}; what it says is for each of `operations`."""
    tree = _tree(stacks)
    height = TITLE + HEIGHT * _depth(tree)
    boxes = []
    _draw(boxes, tree, 0.0, height, (WIDTH / tree[0], operations))
    heading = f'<text x="4" y="20">{html.escape(title)}, {tree[0] / operations:.1f} an operation</text>'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}">', f"<style>{STYLE}</style>", heading, *boxes, "</svg>", ""])


def _tree(stacks):
    """[count, {function: the same below it}]."""
    root = [0, {}]
    for stack, count in stacks.items():
        node = root
        node[0] += count
        for name in stack:
            node = node[1].setdefault(name, [0, {}])
            node[0] += count
    return root


def _depth(node):
    return max([1 + _depth(below) for below in node[1].values()], default=0)


def _draw(boxes, node, left, bottom, scale):
    """The boxes above one, from `left` on and ending at `bottom`."""
    unit, operations = scale
    for name, below in sorted(node[1].items()):
        width = below[0] * unit
        if width >= LEAST:
            boxes.append(_box(name, left, bottom - HEIGHT, width, below[0] / operations))
            _draw(boxes, below, left, bottom - HEIGHT, scale)
        left += width


def _box(name, left, top, width, cost):
    hue = zlib.crc32(name.encode()) % 50
    letters = int((width - 4) / LETTER)
    label = name if len(name) <= letters else name[:max(letters - 2, 0)] + ".."
    text = (f'<text x="{left + 2:.1f}" y="{top + 13}">{html.escape(label)}</text>'
            if letters > 3 else "")
    return (f'<g><title>{html.escape(name)}: {cost:.1f}</title><rect x="{left:.1f}" y="{top}" '
            f'width="{width:.1f}" height="{HEIGHT}" fill="hsl({hue},80%,65%)"/>{text}</g>')
