"""The command `compare`: two runs of the same data, before and after."""

from __future__ import annotations

import argparse
from argparse import Namespace

from core import actions
from core.types.errors import RunError
from core.types.rounds import BY_CLASS, RunComparison

from . import words
from .flag_types import path_words
from .flags import run_name
from .say import say


def flags(own: argparse.ArgumentParser) -> None:
    """The later run, and the earlier one."""
    run_name(own)
    own.add_argument("--with", dest="other", metavar="RUN", type=path_words, help="the earlier run (default: parent)")


def compare(asked: Namespace) -> None:
    """What changed side, doubt and accuracy before and after, by class; `RunError` without an earlier run."""
    after = actions.runs.open_run(asked.run)
    before = actions.rounds.parent_of(after) if asked.other is None else actions.runs.open_run(asked.other)
    if before is None:
        raise RunError(f"{after.run_id} has no parent here to be compared with.", "Name the earlier run: --with RUN.")
    print_comparison(actions.rounds.compare_runs(before, after))


def print_comparison(found: RunComparison) -> None:
    """Both runs line by line, then the classes that changed."""
    say(f"{found.shared:,} examples are in both.", gap=True)
    words.print_columns([("", f"before: {found.before.run_id}", f"after: {found.after.run_id}"), *found.lines])
    say()
    say(
        f"kept now, dropped before: {len(found.gained):,}; dropped now, kept before: {len(found.lost):,}; "
        f"other label: {len(found.relabeled):,}; labeled now, not before: {len(found.newly_labeled):,}"
    )
    say()
    rows = zip(found.class_names, found.by_class.tolist(), strict=True)
    half = len(BY_CLASS)
    lines = [(name, *(f"{a:,} to {b:,}" for a, b in zip(n[:half], n[half:-1], strict=True)), n[-1]) for name, n in rows]
    words.print_columns([("class", *BY_CLASS, "held-out rows"), *[tuple(map(str, line)) for line in lines]])
