"""Checks as tables of text and as charts, for the screen and for the report alike."""

from __future__ import annotations

from typing import Any

from core.types.checks import CheckResult, ScoreRecall, SelfTestResult, Verdict

ARMS = {
    "rule": ("the rule", "#2F7DC4", "solid"),
    "random": ("matched random", "#B4560C", "dash"),
    "weighted": ("the rule, weighted", "#6B3FA0", "dashdot"),
    "all": ("all data", "#5B6875", "dot"),
}
_SHADES = ("#0B3D66", "#2F7DC4", "#9CC4E6")
CHECK_HEAD = ("kept", "rows", "arm", "accuracy", "95 % band", "rule minus it, points", "the rule is", "worst class")
# what the column "the rule is" says beside the row of random: the whole sentence stands above the table
_SHORT = {Verdict.BETTER: "better", Verdict.SAME: "no different", Verdict.WORSE: "worse"}


def check_rows(result: CheckResult) -> list[tuple[str, ...]]:
    """The table of a check, one row per arm and size, as text."""
    against = {(c.against, c.rows): c for c in result.comparisons}
    rows: list[tuple[str, ...]] = []
    for p in result.points:
        c = against.get((p.arm, p.rows)) if p.arm in ("random", "weighted") else None
        rows.append(
            (
                f"{p.fraction:.1%}",
                f"{p.rows:,}",
                ARMS[p.arm][0],
                f"{p.mean:.1%}",
                f"{p.low:.1%} to {p.high:.1%}",
                f"{100 * c.difference:+.1f} ({100 * c.low:+.1f} to {100 * c.high:+.1f})" if c else "",
                _SHORT[c.verdict] if c else "",
                f"{p.worst_accuracy:.1%} ({p.worst_class})",
            )
        )
    return rows


def check_figure(result: CheckResult) -> dict[str, Any]:
    """Accuracy over the share kept: a line with a band for rule and random, all data as a dotted line across."""
    there = {p.arm for p in result.points}
    traces = [trace for arm in ARMS if arm in there for trace in _arm_traces(result, arm)]
    axis = {"tickformat": ".0%", "automargin": True}
    return {
        "data": traces,
        "layout": {
            "xaxis": {**axis, "title": {"text": "share of training rows kept"}},
            "yaxis": {**axis, "title": {"text": "held-out accuracy"}},
            "legend": {"orientation": "h", "y": 1.12},
            "margin": {"l": 60, "r": 16, "t": 16, "b": 48},
        },
    }


def recall_head(result: SelfTestResult) -> tuple[str, ...]:
    """Column titles of `recall_rows`."""
    return ("ranking", *(f"{s:.0%} inspected" for s in result.scores[0].inspected), "AUROC", "suggested weight")


def recall_rows(result: SelfTestResult) -> list[tuple[str, ...]]:
    """The table of a self-test, the best score first, as text."""
    rows: list[tuple[str, ...]] = []
    for s in _by_quality(result):
        ends = zip(s.recall, s.low, s.high, strict=True)
        weight = f"{result.weights[s.name]:.3f}" if s.name in result.weights else ""
        recalls = (f"{share:.0%} ({low:.0%} to {high:.0%})" for share, low, high in ends)
        rows.append((s.name, *recalls, f"{s.auroc:.3f}", weight))
    return rows


def recall_figure(result: SelfTestResult) -> dict[str, Any]:
    """A bar per score and share inspected, with intervals."""
    ordered = _by_quality(result)
    traces = []
    for place, (share, color) in enumerate(zip(result.scores[0].inspected, _SHADES, strict=False)):
        recall = [s.recall[place] for s in ordered]
        traces.append(
            {
                "type": "bar",
                "name": f"{share:.0%} inspected",
                "x": [s.name for s in ordered],
                "y": recall,
                "marker": {"color": color},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [s.high[place] - s.recall[place] for s in ordered],
                    "arrayminus": [s.recall[place] - s.low[place] for s in ordered],
                    "thickness": 1,
                    "width": 2,
                },
                "hovertemplate": "%{x}: %{y:.0%} found<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": {
            "barmode": "group",
            "yaxis": {"tickformat": ".0%", "range": [0, 1.02], "title": {"text": "flips found"}},
            "xaxis": {"automargin": True},
            "legend": {"orientation": "h", "y": 1.15},
            "margin": {"l": 56, "r": 16, "t": 16, "b": 60},
        },
    }


def _by_quality(result: SelfTestResult) -> list[ScoreRecall]:
    return [*result.composites, *sorted(result.scores, key=lambda s: -s.auroc)]


def _arm_traces(result: CheckResult, arm: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The band (95 % interval) and the line of one arm; that of all data has one point and goes all the way across."""
    title, color, dash = ARMS[arm]
    points = sorted((p for p in result.points if p.arm == arm), key=lambda p: p.fraction)
    x = [p.fraction for p in points]
    if arm == "all":
        points, x = [points[0]] * 2, [min(p.fraction for p in result.points), 1.0]
    band = {
        "type": "scatter",
        "x": x + x[::-1],
        "y": [p.low for p in points] + [p.high for p in reversed(points)],
        "fill": "toself",
        "fillcolor": color + "26",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "mode": "lines",
    }
    line = {
        "type": "scatter",
        "x": x,
        "y": [p.mean for p in points],
        "name": title,
        "mode": "lines" if arm == "all" else "lines+markers",
        "line": {"color": color, "dash": dash},
        "hovertemplate": "%{x:.0%} kept: %{y:.1%}<extra>" + title + "</extra>",
    }
    return band, line
