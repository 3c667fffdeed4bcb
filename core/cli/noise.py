"""The command `noise`: how many labels confident learning takes to be wrong, of which class, mixed up with which."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from core import actions

from . import words
from .say import say, say_json


def noise(asked: Namespace) -> None:
    """What confident learning found in a run: rates by class, the confident joint."""
    run = actions.runs.open_run(asked.run)
    estimate = actions.noise.noise_estimate(run)
    if asked.json:
        say_json(estimate)
    else:
        print_noise(estimate, run.examples.class_names)


def print_noise(estimate: Mapping[str, Any], classes: tuple[str, ...]) -> None:
    """The rates, the pairs most mixed up, and the table of given (rows) against probable labels."""
    say(
        f"{estimate['noise_rate']:.1%} of the labels are estimated wrong, {estimate['flagged_labels']:,} are flagged, "
        f"by models that are right on {estimate['out_of_fold_accuracy']:.1%} of the rows: "
        "the weaker, the more too high.",
        gap=True,
    )
    rates = sorted(estimate["noise_by_class"].items(), key=lambda item: -item[1])
    words.print_columns([("given label", "estimated wrong"), *((name, f"{rate:.1%}") for name, rate in rates)])
    pairs = [(given, probably, f"{rows:.0f}") for given, probably, rows in estimate["most_mixed_up"]]
    say()
    words.print_columns([("given", "probably", "rows"), *pairs], left=2)
    if "confident_joint" in estimate:
        say()
        lines = [(name, *map(str, row)) for name, row in zip(classes, estimate["confident_joint"], strict=False)]
        words.print_columns([("given \\ probable", *classes), *lines])
