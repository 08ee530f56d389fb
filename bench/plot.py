"""A plot of times over sizes, both in powers of ten, as an SVG: no library, light and dark."""

import math
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 28, 86, 60
MARK = 3.5

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-size: 16px; font-weight: 600; fill: #111 }
.quiet { font-size: 12px; fill: #595959 }
.back { fill: #fff } .grid { stroke: #ddd } .fine { stroke: #f0f0f0 } .axis { stroke: #666 }
.series0 { stroke: #b3440b; fill: #b3440b } .series1 { stroke: #0a5c94; fill: #0a5c94 }
.series0 text, .series1 text { stroke: none; fill: inherit }
path { fill: none; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .title { fill: #fff } .quiet { fill: #a8a8a8 }
  .back { fill: #16181c } .grid { stroke: #3a3d42 } .fine { stroke: #24272c } .axis { stroke: #999 }
  .series0 { stroke: #ff9c5b; fill: #ff9c5b } .series1 { stroke: #6cc0f5; fill: #6cc0f5 }
}
"""


def draw(title: str, subtitle: str, series: dict, ratios: dict) -> str:
    """An SVG of up to two series: name to {posts: (least, median, most)}, in seconds; the upper one first. The
    ratios, {posts: number}, stand between them."""
    times = [time for points in series.values() for spread in points.values() for time in spread]
    sizes = sorted({posts for points in series.values() for posts in points})
    x = scale(sizes[0] / 1.6, sizes[-1] * 1.6, LEFT, WIDTH - RIGHT)
    # Below the least there is room for its label.
    low, high = 10 ** math.floor(math.log10(min(times) / 2)), 10 ** math.ceil(math.log10(max(times)))
    y = scale(low, high if high > low else low * 10, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(in_words(series))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
        text(LEFT, 26, title, "title"),
        text(LEFT, 46, subtitle, "quiet"),
        *axes(x, y, sizes, low, max(high, low * 10)),
    ]
    for number, (name, points) in enumerate(series.items()):
        parts += [f'<g class="series{number}">', *legend(number, name), *line(number, points, x, y), "</g>"]
    for posts, ratio in ratios.items():
        medians = [points[posts][1] for points in series.values()]
        middle = y(math.sqrt(math.prod(medians))) + 4
        parts.append(text(x(posts) + 8, middle, f"× {two_digits(ratio)}", "quiet"))
    return "\n".join([*parts, "</svg>", ""])


def scale(low: float, high: float, start: float, end: float):
    """From a value to its place between two, by its logarithm."""
    return lambda value: start + (end - start) * math.log(value / low) / math.log(high / low)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    kind = kind and f' class="{kind}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind} text-anchor="{anchor}">{escape(words)}</text>'


def stroke(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def axes(x, y, sizes: list, low: float, high: float) -> list:
    bottom, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    decades = round(math.log10(high / low))
    for step in range(decades + 1):
        seconds = low * 10**step
        if step < decades:
            fine = [y(seconds * part) for part in range(2, 10)]
            parts += [stroke("fine", LEFT, at, end, at) for at in fine]
        parts.append(stroke("grid", LEFT, y(seconds), end, y(seconds)))
        parts.append(text(LEFT - 10, y(seconds) + 4, duration(seconds), "", "end"))
    for posts in sizes:
        parts.append(stroke("grid", x(posts), TOP, x(posts), bottom))
        parts.append(text(x(posts), bottom + 20, f"{posts:,}", "", "middle"))
    parts.append(stroke("axis", LEFT, bottom, end, bottom))
    parts.append(stroke("axis", LEFT, TOP, LEFT, bottom))
    parts.append(text((LEFT + end) / 2, HEIGHT - 14, "posts", "quiet", "middle"))
    turned = f'transform="rotate(-90 18 {(TOP + bottom) / 2})" '
    label = text(18, (TOP + bottom) / 2, "wall time", "quiet", "middle")
    return [*parts, label.replace("<text ", f"<text {turned}")]


def legend(number: int, name: str) -> list:
    at = LEFT + number * 300
    return [stroke("", at, 66, at + 26, 66), mark(number, at + 13, 66), text(at + 34, 70, name)]


def mark(number: int, x: float, y: float) -> str:
    """A square or a disc, for those to whom the colours are one."""
    if number == 0:
        return f'<rect x="{x - MARK:.1f}" y="{y - MARK:.1f}" width="{2 * MARK}" height="{2 * MARK}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{MARK}"/>'


def line(number: int, points: dict, x, y) -> list:
    """The medians, joined, each with a bar from the least to the most and its number: that of the upper series
    above, that of the lower below."""
    path = " L ".join(f"{x(posts):.1f} {y(points[posts][1]):.1f}" for posts in sorted(points))
    parts = [f'<path d="M {path}"/>']
    for posts, (least, median, most) in points.items():
        at = x(posts)
        parts.append(stroke("", at, y(least), at, y(most)))
        for end in (least, most):
            parts.append(stroke("", at - 7, y(end), at + 7, y(end)))
        parts.append(mark(number, at, y(median)))
        place = y(most) - 10 if number == 0 else y(least) + 19
        parts.append(text(at, place, duration(median), "", "middle"))
    return parts


def duration(seconds: float) -> str:
    """85 ms, 3.8 s, 150 s."""
    if seconds < 0.9995:
        return f"{two_digits(seconds * 1000)} ms"
    return f"{two_digits(seconds)} s"


def two_digits(number: float) -> str:
    """Two digits, or all before the point."""
    return f"{number:.1f}".removesuffix(".0") if number < 9.95 else f"{number:,.0f}"


def in_words(series: dict) -> str:
    told = []
    for name, points in series.items():
        times = [f"{duration(points[posts][1])} for {posts:,} posts" for posts in sorted(points)]
        told.append(f"{name}: {', '.join(times)}.")
    return " ".join(told)
