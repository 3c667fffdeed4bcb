"""What the map shows: counts, legend and ink as a person sees them; rows and ranges from the map that draws them."""

import re

WAIT = 120_000  # milliseconds, as pages.WAIT: this file is read by the benchmarks, too, where tests are a package
MAP = "window.__chaffinch?.maps?.values().next().value"
READY = f"{MAP}?.ready && {MAP}.plotReady"  # points are drawn, and plotly.js listens above them
LIVE = f"Boolean({MAP}.decision.live)"  # a slider holds the map
_COUNTS = re.compile(r"([\d,]+) points · kept ([\d,]+) · dropped ([\d,]+) · selected ([\d,]+)")
_CANVAS = "document.querySelector('.chf-canvas')"
_PIXELS = f"{_CANVAS}.getContext('2d').getImageData(0, 0, {_CANVAS}.width, {_CANVAS}.height).data"


def until_ready(page, points: int | None = None) -> None:
    """Wait until the map is drawn, of so many points."""
    so_many = "" if points is None else f" && {MAP}.data.n === {points}"
    page.wait_for_function(READY + so_many, timeout=WAIT, polling=50)


def counts(page) -> dict[str, int]:
    """The numbers above the map."""
    words = page.locator(".chf-counts").first.inner_text()
    found = _COUNTS.search(words)
    assert found, words
    return dict(
        zip(("points", "kept", "dropped", "selected"), (int(n.replace(",", "")) for n in found.groups()), strict=True)
    )


def kept_rows(page) -> list[int]:
    """Rows that are drawn as kept."""
    return page.evaluate(f"{MAP}.decision.kept.reduce((rows, kept, i) => (kept && rows.push(i), rows), [])")


def selected_rows(page) -> list[int]:
    """Rows that are drawn as selected."""
    return page.evaluate(f"[...{MAP}.rows.selected]")


def view_range(page) -> list[float]:
    """The part of the plane in view: left, right, bottom, top."""
    return page.evaluate(f"[...{MAP}.frame.range]")


def point_on_page(page, row: int) -> list[float] | None:
    """Where a row is drawn, in coordinates of the page; None out of view."""
    return page.evaluate(
        f"""(row) => {{
            const {{ raster, frame }} = {MAP}
            const canvas = {_CANVAS}
            const [box, at] = [canvas.getBoundingClientRect(), raster.offsets[row]]
            if (!(at >= 0)) return null
            const [x, y] = [at % canvas.width, Math.floor(at / canvas.width)].map((p) => (p + 0.5) / frame.ratio)
            return [box.left + x, box.top + y]
        }}""",
        row,
    )


def inked(page) -> int:
    """Painted pixels."""
    return page.evaluate(f"{_PIXELS}.filter((v, at) => at % 4 === 3 && v).length")


def filled_middles(page, hollow: bool) -> float:
    """The share of kept points with ink in their middle pixel: of those drawn hollow, or of the others."""
    return page.evaluate(
        f"""(hollow) => {{
            const {{ raster, decision, rows }} = {MAP}
            const pixels = {_PIXELS}
            const wanted = (at, i) => at >= 0 && decision.kept[i] && Boolean(rows.hollow[i]) === hollow
            const inks = [...raster.offsets].filter(wanted).map((at) => pixels[4 * at + 3] > 60)
            return inks.filter(Boolean).length / inks.length
        }}""",
        hollow,
    )


def legend_entries(page) -> list[str]:
    """Classes that the legend names, not those it only counts."""
    return page.locator(".chf-legend button[aria-pressed]:visible").all_inner_texts()


def legend_overflows(page) -> bool:
    """Whether a part of the legend is cut off."""
    return page.evaluate(
        "(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 1)(document.querySelector('.chf-legend'))"
    )
