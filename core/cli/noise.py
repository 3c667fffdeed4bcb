"""The command `noise`: how many labels confident learning takes to be wrong, of which class, mixed up with which."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from core import actions
from core.types.errors import RunError

from . import words
from .say import say, say_json

_KEYS = ("out_of_fold_accuracy", "flagged_labels", "noise_rate", "noise_by_class", "most_mixed_up", "confident_counts",
         "confident_joint")  # fmt: skip


def noise(asked: Namespace) -> None:
    """What the score `label_quality` of a run found: rates by class, the confident joint."""
    run = actions.runs.open_run(asked.run)
    score = run.score("label_quality")
    if "noise_rate" not in score.meta:
        raise RunError("This run has no noise rate beside its label quality.", "Score it again: label_quality.")
    found = {key: score.meta[key] for key in _KEYS if key in score.meta}
    if asked.json:
        say_json(found)
    else:
        print_noise(found, run.examples.class_names)


def print_noise(found: Mapping[str, Any], classes: tuple[str, ...]) -> None:
    """The rates, the pairs most mixed up, and the table of given (rows) against probable labels."""
    say(
        f"{found['noise_rate']:.1%} of the labels are estimated wrong, {found['flagged_labels']:,} are flagged, by "
        f"models that are right on {found['out_of_fold_accuracy']:.1%} of the rows: the weaker, the more too high.",
        gap=True,
    )
    rates = sorted(found["noise_by_class"].items(), key=lambda item: -item[1])
    words.print_columns([("given label", "estimated wrong"), *((name, f"{rate:.1%}") for name, rate in rates)])
    pairs = [(given, probably, f"{rows:.0f}") for given, probably, rows in found["most_mixed_up"]]
    say()
    words.print_columns([("given", "probably", "rows"), *pairs], left=2)
    if "confident_joint" in found:
        say()
        lines = [(name, *map(str, row)) for name, row in zip(classes, found["confident_joint"], strict=False)]
        words.print_columns([("given \\ probable", *classes), *lines])
