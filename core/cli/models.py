"""The command `inspect-model`: what a model is, before anything is scored."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path

from core import actions
from core.types.examples import Roles
from core.types.image_format import with_image_format
from core.types.model_words import parts_of
from core.types.models import ModelFacts
from core.types.runs import DEVICES, RunSpec, TrainingSpec

from .flag_types import model, path_words
from .say import say, say_json


def flags(own: argparse.ArgumentParser) -> None:
    """Which model, at which checkpoints, and the data it should score."""
    own.add_argument("model", metavar="MODEL", type=model, help="as --model of run: a folder, a file, module:factory")
    own.add_argument("--weights", nargs="+", type=Path, default=[], metavar="FILE", help="as on run")
    own.add_argument("--data", metavar="SOURCE", type=path_words, help="what it should score: classes, scores, cost")
    own.add_argument("--label", metavar="NAME", help="label column of the data")
    own.add_argument("--class-map", type=path_words, metavar="FILE", help="which class is which output, as on run")
    own.add_argument("--device", choices=DEVICES, default="auto", help="where a pass is measured, as on run")
    own.add_argument("--image-size", metavar="N|HxW", help="as on run")
    own.add_argument("--mean", metavar="R,G,B", help="as on run")
    own.add_argument("--std", metavar="R,G,B", help="as on run")
    own.add_argument("--json", action="store_true")


def inspect_model(asked: Namespace) -> None:
    """Say what it is; a process with limits reads it."""
    device = "" if asked.device == "auto" else asked.device
    training = TrainingSpec(model=asked.model, weights=tuple(map(str, asked.weights)), device=device)
    training = with_image_format(training, asked.image_size, asked.mean, asked.std)
    data = (
        None if asked.data is None else RunSpec(asked.data, roles=Roles(label=asked.label), class_map=asked.class_map)
    )
    facts = actions.models.inspect_model(training, data)
    if asked.json:
        say_json(facts.to_json())
    else:
        print_facts(facts)


def print_facts(facts: ModelFacts) -> None:
    """The facts, a line each, and what a reason stops together."""
    for number, (title, lines) in enumerate(parts_of(facts)):
        if title:
            say(title, gap=True)
        for line in lines:
            say(f"  {line}" if title else line, gap=not title and number > 0 and line == lines[0])


def trust_flags(own: argparse.ArgumentParser) -> None:
    """Which code."""
    own.add_argument("model", metavar="MODULE:FACTORY", type=model, help="your own code, as --model of run")


def trust(asked: Namespace) -> None:
    """Allow own code on this machine, as it is now; nothing of it is run for that."""
    consent = actions.runs.allow_factory(asked.model, Path.cwd())
    say(f"{consent.model} in {consent.file} may be run on this machine as long as it stays as it is now.")
    say("Runs may name it: run --model, or the page Data of the dashboard.")
