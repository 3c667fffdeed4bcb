"""One HTML file that tells a run's curation and its checks: charts inline, nothing loaded from anywhere.

Every word of a person or of the data is escaped; the charts get their values as JSON in which no tag can end the
script. The file works without a network, by mail, and years later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from core.store.atomic import write_bytes
from core.types.checks import CheckResult, NoiseRate, SelfTestResult

from .check_figures import CHECK_HEAD, check_figure, check_rows, recall_figure, recall_head, recall_rows

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
_STYLE = """
:root{color-scheme:light dark} body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem} h2{font-size:1.1rem;margin-top:2rem} .lead{font-size:1.1rem;border-left:4px solid #2F7DC4;
padding-left:.8rem} table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{border-bottom:1px solid #8885;padding:.25rem .5rem;text-align:right}
th:first-child,td:first-child{text-align:left}

.facts td{text-align:left} caption{text-align:left;padding:.3rem 0} .note{opacity:.8}
.chart{background:#fff;border-radius:4px} pre{overflow:auto}
"""


@dataclass(frozen=True, eq=False)
class ReportContent:
    """What a report tells. facts: (name, value) lines; rules: JSON; class_counts: (name, rows before, rows kept)."""

    title: str
    facts: tuple[tuple[str, str], ...]
    rules: dict[str, Any]
    class_counts: tuple[tuple[str, int, int], ...]
    warnings: tuple[str, ...] = ()
    check: CheckResult | None = None
    self_test: SelfTestResult | None = None
    noise: NoiseRate | None = None


def write_report(content: ReportContent, out: Path) -> Path:
    """Write the page; the same content gives the same bytes."""
    return write_bytes(Path(out), page(content).encode())


def page(content: ReportContent) -> str:
    """The whole page as text."""
    from plotly.offline import get_plotlyjs

    parts = [
        _facts(content),
        *_check(content),
        *_self_test(content),
        *_noise(content),
        _classes(content),
        _details("The rules", content.rules),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(content.title)}</title>",
            f"<style>{_STYLE}</style>",
            f"<script>{get_plotlyjs()}</script>",
            "</head><body>",
            f"<h1>{escape(content.title)}</h1>",
            *parts,
            "</body></html>",
            "",
        ]
    )


def _facts(content: ReportContent) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in content.facts)
    return f"<table class='facts'><caption>What was curated</caption>{rows}</table>" + _notes(content.warnings)


def _check(content: ReportContent) -> list[str]:
    result = content.check
    if result is None:
        return [
            "<h2>Check</h2>",
            "<p>No check was run for these rules: whether they beat dropping at random is not known.</p>",
        ]
    steps = f"{result.steps:,} optimizer steps for every training" if result.steps else "fitted until converged"
    how = f"{result.mode} check with {result.learner}; {steps}; {result.seeds} seeds; measured on {result.held_out_is}"
    return [
        "<h2>Check: the rule against matched random and all data</h2>",
        f'<p class="lead">{escape(result.verdict)}</p>',
        *([f"<p>{escape(result.weighed)}</p>"] if result.weighed else []),
        f"<p>{escape(result.smallest.text)}</p>",
        f'<p class="note">{escape(how)}.</p>',
        _chart("check", check_figure(result), "Held-out accuracy over the share of rows kept, with 95 % bands"),
        _table("Accuracy on held-out rows", CHECK_HEAD, check_rows(result)),
        _notes(result.notes),
    ]


def _self_test(content: ReportContent) -> list[str]:
    result = content.self_test
    if result is None:
        return []
    said = f"{result.flips:,} of {result.rows:,} training labels ({result.flip:.0%}) were flipped in a copy."
    return [
        "<h2>Self-test: planted label flips</h2>",
        f"<p>{escape(said)}</p>",
        _chart("self-test", recall_figure(result), "Share of the planted flips that each score finds"),
        _table("Share of the flips found, with 95 % Wilson intervals", recall_head(result), recall_rows(result)),
        _notes(
            [
                *(gain.text for gain in result.gains),
                *(f"Not tested: {name} ({why})." for name, why in result.not_tested.items()),
                *result.notes,
            ]
        ),
    ]


def _noise(content: ReportContent) -> list[str]:
    noise = content.noise
    if noise is None:
        return []
    rows = [
        (s.name, f"{s.rows:,}", f"{s.reviewed:,}", f"{s.wrong:,}", f"{s.low:.0%} to {s.high:.0%}") for s in noise.strata
    ]
    return [
        "<h2>Wrong labels</h2>",
        f"<p>{escape(noise.text)}</p>",
        f"<p>{escape(noise.cut_text)}</p>",
        _table("The reviewed random sample", ("rows", "in all", "reviewed", "wrong", "95 % interval"), rows),
    ]


def _classes(content: ReportContent) -> str:
    rows = [
        (name, f"{before:,}", f"{kept:,}", f"{kept / before:.0%}" if before else "")
        for name, before, kept in content.class_counts
    ]
    return "<h2>Classes</h2>" + _table("Training rows of each class", ("class", "before", "kept", "share"), rows)


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _notes(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="note">{items}</ul>' if items else ""


def _details(title: str, value: Any) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _chart(name: str, figure: dict[str, Any], alt: str) -> str:
    value = json.dumps(figure, allow_nan=False).replace("<", "\\u003c")
    return (
        f'<div class="chart" id="chart-{name}" role="img" aria-label="{escape(alt)}" style="height:380px"></div>\n'
        f"<script>{{const f={value};Plotly.newPlot('chart-{name}',f.data,f.layout,"
        "{responsive:true,displaylogo:false,displayModeBar:false})}</script>"
    )
