"""The command `importance`: which columns of a table matter, or which values of one column."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from core import actions
from core.types.importance import ColumnImportances, ValueImportance

from . import words
from .progress import shown_progress
from .say import say, say_json


def flags(own: argparse.ArgumentParser) -> None:
    """Of the columns, or of the values of one by a score."""
    own.add_argument("run", metavar="RUN")
    own.add_argument("--by", metavar="NAME", help="the values of this column instead: label, group or one of the data")
    own.add_argument("--score", metavar="NAME", help="with --by: which score (default: the first of the run)")
    own.add_argument("--quiet", action="store_true")
    own.add_argument("--json", action="store_true")


def importance(asked: Namespace) -> None:
    """The table, or JSON."""
    run = actions.runs.open_run(asked.run)
    if asked.by is None:
        with shown_progress(asked.quiet or asked.json) as progress:
            found = actions.importance.importance_of_columns(run, progress)
        say_json(asdict(found)) if asked.json else print_columns(found)
        return
    view = actions.scores.score_view(run)
    score = asked.score or next(iter(view.scores), "")
    values = actions.importance.importance_of_values(view, asked.by, score)
    say_json([asdict(value) for value in values]) if asked.json else print_values(values, asked.by, score)


def print_columns(found: ColumnImportances) -> None:
    """One line per aspect, how far the measures agree, and the forward selection."""
    measured = f"{found.accuracy:.1%} right on {found.held_out:,} of {found.held_out_is}"
    say(f"{found.model} on {found.rows:,} rows: {measured}")
    say("columns joined by + correlate and are shuffled together", gap=True)
    lines = [("columns", "accuracy lost, points", "95 %", "built-in", "mean |SHAP|")]
    for one in found.aspects:
        interval = f"{100 * one.low:+.2f} to {100 * one.high:+.2f}"
        lines.append(
            (" + ".join(one.columns), f"{100 * one.drop:+.2f}", interval, f"{one.built_in:.3f}", f"{one.shap:.4f}")
        )
    words.print_columns(lines)
    agreement = ", ".join(f"{pair} {value:+.2f}" for pair, value in found.agreement.items())
    say(f"rank correlations: {agreement}", gap=True)
    say("added one by one (chosen on one half of the held-out rows, measured on the other):")
    words.print_columns([(" + ".join(step.columns), f"{step.accuracy:.1%}") for step in found.forward])


def print_values(values: Sequence[ValueImportance], column: str, score: str) -> None:
    """One line per value."""
    lines = [(column, "rows", f"mean {score}", "95 %", "share")]
    for one in values:
        interval = f"{one.low:.4g} to {one.high:.4g}" if one.rows > 1 else ""
        lines.append((one.value, f"{one.rows:,}", f"{one.mean:.4g}", interval, f"{one.share:.1%}"))
    words.print_columns(lines)
