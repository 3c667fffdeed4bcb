"""Flags. Only the parser of the command that is asked for is filled in, so that starting is quick."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from core.types.errors import CurationError

from . import (
    checks,
    commands,
    compare_runs,
    curation,
    explaining,
    flags,
    importance,
    label_next,
    models,
    noise,
    open_dashboard,
)
from .flag_types import path, words

_SETTING = re.compile(r"--([a-z_0-9]+)\.([A-Za-z_0-9-]+)(?:=(.*))?$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """argparse whose mistakes are told in two lines."""

    def __init__(self, *arguments: Any, **settings: Any):
        super().__init__(*arguments, **settings)
        self.register("type", None, words)  # what a flag says of itself comes first; nothing goes unchecked
        self.register("type", Path, path)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise CurationError(f"{message[:1].upper()}{message[1:]}.", f"`{self.prog} --help` lists what can be said.")


@dataclass(frozen=True)
class Command:
    """One word of the command line: its help, its flags, what it does."""

    name: str
    help: str
    flags: Callable[[argparse.ArgumentParser], None]
    does: Callable[[argparse.Namespace], int | None]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command and its values; settings like `--el2n.epochs mean` end up in `settings`."""
    parser = Parser(
        prog="python -m core",
        description="Score training data, see, decide, export.",
        epilog="SOURCE is a path or the name of a sample: digits, banking, adult.",
    )
    from importlib.metadata import version

    parser.add_argument("--version", action="version", version=f"chaffinch {version('chaffinch')}")
    commands_of = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        own = commands_of.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.set_defaults(command=command.does)
        if command.name in arguments[:1]:
            command.flags(own)
    if not arguments:
        arguments = ["--help"]
    asked, rest = parser.parse_known_args(arguments)
    asked.settings = _settings(rest, takes_settings=asked.command is commands.run)
    return asked


def _settings(rest: list[str], takes_settings: bool) -> dict[str, dict[str, Any]]:
    """{"el2n": {"epochs": "mean"}} from what argparse did not know; anything else is refused."""
    settings: dict[str, dict[str, Any]] = {}
    waiting = list(rest)
    while waiting:
        word = waiting.pop(0)
        match = _SETTING.match(word) if takes_settings else None
        if match is None:
            raise CurationError(
                f"Unknown argument {word!r}.", "`python -m core COMMAND --help` lists what can be said."
            )
        name, setting, value = match.groups()
        if value is None:
            if not waiting:
                raise CurationError(f"{word} needs a value.", f"Write {word} VALUE.")
            value = waiting.pop(0)
        settings.setdefault(name, {})[setting.replace("-", "_")] = value
    return settings


COMMANDS = (
    Command("open", "the dashboard in the browser", open_dashboard.flags, open_dashboard.open_dashboard),
    Command("inspect", "what a source holds: guessed roles, first rows, report card", flags.inspect, commands.inspect),
    Command("inspect-model", "what a model is, wants and can give", models.flags, models.inspect_model),
    Command("trust", "allow code of your own, module:factory, on this machine", models.trust_flags, models.trust),
    Command("run", "score a dataset", flags.run, commands.run),
    Command("resume", "go on with a run that stopped", flags.resume, commands.resume),
    Command("status", "how runs stand", flags.status, commands.status),
    Command("cancel", "ask a run to stop", flags.run_name, commands.cancel),
    Command("methods", "the scores there are", flags.methods, commands.methods),
    Command("table", "one row per example with every score", flags.table, commands.table),
    Command("noise", "how many labels are probably wrong, by class; the confident joint", flags.noise, noise.noise),
    Command("rank", "the rows to look at first", flags.rank, commands.rank),
    Command("explain", "why one prediction, and what if its input differed", flags.explain, explaining.explain),
    Command("importance", "which columns matter, or values of one", importance.flags, importance.importance),
    Command("plant", "a copy with planted label flips and its answer key", flags.plant, commands.plant),
    Command("evaluate", "how well each score finds known faults", flags.evaluate, commands.evaluate),
    Command("rules", "the rules in words, and what they do", flags.rules, curation.rules),
    Command("facets", "how the rows divide, kept and all, by label, zone and more", flags.facets, curation.facets),
    Command(
        "decide",
        "answers from a CSV, from Label Studio or from another run",
        flags.decide,
        curation.decide,
    ),
    Command("compare", "two runs of the same data, before and after", compare_runs.flags, compare_runs.compare),
    Command("label-next", "which rows without a label to label first", label_next.flags, label_next.label_next),
    Command("check", "a rule against matched random and all data", flags.check, checks.check),
    Command("selftest", "planted label flips: what each score finds", flags.selftest, checks.selftest),
    Command("report", "the checks of a run as one HTML file", flags.report, checks.report),
    Command("export", "curated.csv, decisions.csv, manifest.json", flags.export, curation.export),
    Command("verify", "check an export", flags.verify, curation.verify),
)
