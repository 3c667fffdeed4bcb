"""The command `label-next`: which rows without a label to label first."""

from __future__ import annotations

import argparse
from argparse import Namespace

from core import actions
from core.types.review import QUEUE

from . import words
from .flag_types import path, whole
from .flags import run_name
from .say import say


def flags(own: argparse.ArgumentParser) -> None:
    """Which run, how many rows, which were chosen before, and where the file goes."""
    run_name(own)
    own.add_argument("--count", type=whole(1, 10**6), default=QUEUE, metavar="K", help="how many rows")
    own.add_argument("--after", type=path, metavar="FILE", help="a file of an earlier call: go on from its rows")
    own.add_argument("--branch", default="main", metavar="NAME", help="rows decided in that branch are left out")
    own.add_argument(
        "--out", type=path, metavar="FILE", help=".csv with an empty label, or .json with tasks of Label Studio"
    )


def label_next(asked: Namespace) -> None:
    """Print the rows, or write them as a file that `decide --from` reads once it is filled in."""
    run = actions.runs.open_run(asked.run)
    view = actions.scores.score_view(run)
    decisions = actions.curation.curation_state(run, asked.branch).decisions
    before = actions.review.ids_waiting(asked.after) if asked.after else ()
    chosen = actions.review.label_next(run, view, decisions, asked.count, before)
    if asked.out is not None:
        actions.review.save_label_tasks(run, view, chosen, asked.out)
        say(f"{asked.out}: {len(chosen.order):,} rows. {chosen.text}")
        say(f"Fill in the labels, then: python -m core decide {asked.run} --from {asked.out}")
        return
    say(chosen.text)
    rows = zip(chosen.order.tolist(), chosen.value.tolist(), strict=True)
    lines = [(str(view.ids[row]), f"{value:.3f}", *_guess(view, row)) for row, value in rows]
    words.print_columns([("example", "worth", "predicted"), *lines[: words.MOST_DETAILS]])
    if len(lines) > words.MOST_DETAILS:
        say(f"… and {len(lines) - words.MOST_DETAILS:,} more: --out FILE has them all.")


def _guess(view: actions.scores.ScoreView, row: int) -> tuple[str]:
    code = -1 if view.predicted is None else int(view.predicted[row])
    return (view.class_names[code] if code >= 0 else "",)
