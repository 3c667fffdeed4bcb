"""The command `explain`: why a prediction, whether to believe that, and what if the input differed."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

import numpy as np

from core import actions
from core.types.attributions import Attribution, Edit, WhatIf
from core.types.errors import CurationError
from core.types.scores import AssumptionCheck

from . import words
from .commands import opened
from .say import say, say_json

MOST_PARTS = 20  # lines, the strongest: with the header and the notes they fit on a screen


def explain(asked: Namespace) -> None:
    """One example: attribution with its lights, or a what-if where one is asked."""
    run = opened(asked)
    row = row_of(run, asked.id)
    edit = edit_of(run, row, asked)
    if edit:
        effect = actions.explanations.what_if(run, row, edit)
        say_json(asdict(effect)) if asked.json else print_what_if(asked.id, effect)
        return
    attribution, checks = actions.explanations.explain_and_check(
        run, row, _method(run, asked.method), _settings(asked.param)
    )
    if asked.json:
        plain = {
            "attribution": actions.explanations.attribution_json(attribution),
            "checks": [asdict(check) for check in checks],
        }
        say_json(plain)
    else:
        print_attribution(asked.id, attribution, checks)


def row_of(run: actions.runs.Run, example_id: str) -> int:
    """The row of an id; `CurationError` shows what ids look like."""
    rows = np.flatnonzero(run.examples.ids == example_id)
    if not len(rows):
        shown = ", ".join(str(i) for i in run.examples.ids[:3])
        raise CurationError(f"There is no example {example_id!r}.", f"Ids of this run look like {shown}.")
    return int(rows[0])


def edit_of(run: actions.runs.Run, row: int, asked: Namespace) -> Edit:
    """The edit that the flags describe; a word means all its occurrences, `CurationError` without any."""
    places: list[int] = []
    tokens = [token.lower() for token, _, _ in actions.explanations.word_places(run, row)] if asked.without else []
    for word in asked.without or ():
        here = [place for place, token in enumerate(tokens) if token == word.lower()]
        if not here:
            raise CurationError(f"The text has no word {word!r}.", f"Its words: {', '.join(tokens[:30]) or 'none'}.")
        places += here
    cells = dict(_cell(text) for text in asked.set or ())
    return Edit(tuple(places), tuple(asked.cover or ()), cells)


def _cell(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CurationError(f"--set {text!r} names no value.", "Write --set COLUMN=VALUE; nothing after = is missing.")
    return name, value or None


def _settings(assignments: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in assignments or ()]
    return {name: value for name, _, value in pairs}


def _method(run: actions.runs.Run, name: str | None) -> str:
    fitting = [method.name for method in actions.explanations.attribution_methods(run)]
    if not fitting:
        raise CurationError("No method fits: this run kept no model.", "Score the inputs themselves with a model.")
    if name is not None and name not in fitting:
        raise CurationError(f"{name!r} does not fit this run.", f"Choose one of: {', '.join(fitting)}.")
    return name or fitting[0]


def print_attribution(name: str, attribution: Attribution, checks: tuple[AssumptionCheck, ...]) -> None:
    """Target, base to output, the strongest parts, concepts, lights and notes."""
    how = f"towards {attribution.target} by {attribution.method}"
    say(f"{name}: {how}, {attribution.unit} {attribution.base:.4g} → {attribution.output:.4g}")
    if attribution.gap is not None:
        say(f"additivity gap {attribution.gap:.4g}")
    words.print_columns(_block_lines(attribution) if attribution.values.ndim == 2 else _part_lines(attribution))
    if attribution.concepts:
        words.print_columns(
            [
                ("concept", "importance (Sobol)", "here", "percentile", "adds"),
                *(
                    (
                        c.name,
                        f"{c.importance:.3f} ± {c.importance_error:.3f}",
                        f"{c.activation:.3g}",
                        f"{c.percentile:.0f}",
                        f"{c.contribution:+.3f}",
                    )
                    for c in attribution.concepts
                ),
            ]
        )
    for check in checks:
        say(f"{check.light:5}  {check.text}")
    for note in attribution.notes:
        say(f"note: {note}")


def _part_lines(attribution: Attribution) -> list[tuple[str, ...]]:
    order = np.argsort(-np.abs(attribution.values), kind="stable")[:MOST_PARTS]
    errors = (
        [""] * len(attribution.values)
        if attribution.errors is None
        else [f"± {error:.2g}" for error in attribution.errors]
    )
    head = ("part", "weight", "" if attribution.errors is None else "standard error")
    return [head, *((attribution.names[i], f"{attribution.values[i]:+.4g}", errors[i]) for i in order)]


def _block_lines(attribution: Attribution) -> list[tuple[str, ...]]:
    """Sums over the blocks that --cover counts, as they lie in the image."""
    blocks = actions.explanations.image_blocks(*attribution.values.shape)
    sums = np.bincount(blocks.ravel(), attribution.values.ravel())
    across = int(blocks[0].max()) + 1
    head = ("block", *(f"+{column}" for column in range(across)))
    lines = [
        (str(start), *(f"{value:+.2f}" for value in sums[start : start + across]))
        for start in range(0, len(sums), across)
    ]
    return [head, *lines]


def print_what_if(name: str, effect: WhatIf) -> None:
    """Before and after, and how to read it."""
    say(f"{name}, {effect.changed}: {effect.model}, before and after")
    before, after = effect.before, effect.after
    pairs: list[tuple[str, ...]] = [
        ("", "before", "after", "change"),
        ("predicted", before.predicted, after.predicted, ""),
        *_pair("its probability", before.probability, after.probability),
        *_pair(f"probability of {effect.label}", before.of_label, after.of_label),
        *_pair("EL2N of this model", before.el2n, after.el2n),
        *_pair("loss of this model", before.loss, after.loss),
    ]
    words.print_columns(pairs)
    say(effect.warning)


def _pair(title: str, before: float | None, after: float | None) -> list[tuple[str, ...]]:
    if before is None or after is None:
        return []
    return [(title, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")]
