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
        return
    print_noise(estimate, run.examples.class_names)
    words.print_judges(run)
    view = actions.scores.score_view(run)
    doubt = actions.noise.label_doubt(view)
    if doubt is not None:
        say(f"Another count, that of the bar above the map: {doubt.text[0].lower()}{doubt.text[1:]}", gap=True)
    say(_reviewed(run, view), gap=True)


def _reviewed(run: actions.runs.Run, view: actions.scores.ScoreView) -> str:
    """What a person's answers to the random sample say: the only one of the three that is a rate of wrong labels."""
    rate = actions.noise.noise_rate(view, actions.curation.curation_state(run).decisions)
    if rate.share is None:
        return (
            "Both are counts of doubt, not of errors: how many labels are wrong, "
            "a review of a random sample tells (on Explore)."
        )
    return f"Reviewed: {rate.text}"


def print_noise(estimate: Mapping[str, Any], classes: tuple[str, ...]) -> None:
    """The rates, the pairs most mixed up, and the table of given (rows) against probable labels."""
    say(
        f"{estimate['noise_rate']:.1%} of the labels are estimated wrong by confident learning, "
        f"{estimate['flagged_labels']:,} are flagged, "
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
