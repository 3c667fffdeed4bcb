"""The command `inspect-model`: what a model is, before anything is scored."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path

from core import actions
from core.types.errors import by_reason
from core.types.examples import Roles
from core.types.image_format import with_image_format
from core.types.models import Ability, ModelFacts
from core.types.runs import RunSpec, TrainingSpec

from .flag_types import model, path_words
from .say import say, say_json

_MOST_CLASSES = 12  # shown with the class of the data; the others are counted


def flags(own: argparse.ArgumentParser) -> None:
    """Which model, at which checkpoints, and the data it should score."""
    own.add_argument("model", metavar="MODEL", type=model, help="as --model of run: a folder, a file, module:factory")
    own.add_argument("--weights", nargs="+", type=Path, default=[], metavar="FILE", help="as on run")
    own.add_argument("--data", metavar="SOURCE", type=path_words, help="what it should score: classes, scores, cost")
    own.add_argument("--label", metavar="NAME", help="label column of the data")
    own.add_argument("--image-size", metavar="N|HxW", help="as on run")
    own.add_argument("--mean", metavar="R,G,B", help="as on run")
    own.add_argument("--std", metavar="R,G,B", help="as on run")
    own.add_argument("--json", action="store_true")


def inspect_model(asked: Namespace) -> None:
    """Say what it is; a process with limits reads it."""
    training = TrainingSpec(model=asked.model, weights=tuple(map(str, asked.weights)))
    training = with_image_format(training, asked.image_size, asked.mean, asked.std)
    data = None if asked.data is None else RunSpec(asked.data, roles=Roles(label=asked.label))
    facts = actions.models.inspect_model(training, data)
    if asked.json:
        say_json(facts.to_json())
    else:
        print_facts(facts)


def print_facts(facts: ModelFacts) -> None:
    """The facts, a line each, and what a reason stops together."""
    size = f"{facts.layers:,} layers, {facts.parameters:,} parameters" if facts.parameters else "known once it is built"
    lines = [("model", facts.name), ("is", facts.what), ("size", size), ("wants", facts.input)]
    if facts.moments:
        lines.append(("checkpoints", str(facts.moments)))
    for title, value in lines:
        say(f"{title:12}{value}")
    for note in facts.notes:
        say(note)
    _print_classes(facts)
    say("can give:", gap=True)
    for ability in facts.gives:
        say(f"  {ability.words}")
    for name, why in facts.cannot.items():
        say(f"  not {Ability(name).words}: {why}")
    if facts.scores or facts.without:
        say(f"with these data {len(facts.scores)} scores: {', '.join(facts.scores)}", gap=True)
        for names, why in by_reason(facts.without):
            say(f"  not {', '.join(names)}: {why}")
    if facts.measured is not None:
        cost = facts.measured
        say(f"one pass over {cost.of_rows:,} rows at each checkpoint: about {cost.seconds:,.1f} s without gradients,")
        say(f"  by one batch of {cost.rows}; {cost.megabytes:,.0f} MB of memory with libraries and weights")


def _print_classes(facts: ModelFacts) -> None:
    """Each output beside the class of the data that it is taken for."""
    if not facts.class_count:
        return
    count = facts.class_count
    named = facts.classes or tuple(f"output {number}" for number in range(count))
    say(
        f"{count} outputs{'' if facts.classes else ', without names: counted as the data counts its classes'}:",
        gap=True,
    )
    shown = min(count, _MOST_CLASSES)
    for number in range(shown):
        beside = f"  is  {facts.data_classes[number]}" if number < len(facts.data_classes) else ""
        say(f"  {number}  {named[number]}{beside}")
    if count > shown:
        say(f"  … and {count - shown} more")
