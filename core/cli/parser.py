"""Flags. Only the parser of the command that is asked for is filled in, so that starting is quick."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from core.types.errors import CurationError

from . import checks, commands, explaining, noise

_SETTING = re.compile(r"--([a-z_0-9]+)\.([A-Za-z_0-9-]+)(?:=(.*))?$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """argparse whose mistakes are told in two lines."""

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
    words = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        own = words.add_parser(
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
    found: dict[str, dict[str, Any]] = {}
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
        found.setdefault(name, {})[setting.replace("-", "_")] = value
    return found


def _bytes(text: str) -> int:
    """2GB, 500MB, 64000000 -> bytes, at least 16 MB."""
    match = re.fullmatch(r"([0-9.]+) *([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    try:
        size = float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ") if match else 0.0
    except ValueError:
        size = 0.0
    if size < 2**24:
        raise argparse.ArgumentTypeError(f"{text} is no amount of memory of 16MB or more, such as 2GB")
    return int(size)


def _trust_flag(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--trust",
        action="store_true",
        help="allow the module:factory code that the run names, on this machine, as it is now",
    )


def _run_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("source", metavar="SOURCE", help="a path or the name of a sample")
    own.add_argument(
        "--out", metavar="RUN", type=Path, required=True, help="folder of the run; goes on with one begun there"
    )
    _role_flags(own)
    own.add_argument("--scores", default="all", help="names joined by commas, or all")
    own.add_argument(
        "--model",
        default="auto",
        metavar="NAME",
        help="a built-in model, or your own code as module:factory (it makes the network, which is trained here unless "
        "--weights or --epochs 0 say otherwise)",
    )
    own.add_argument(
        "--weights",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="state_dicts of the --model (.safetensors, .pt), in order of training: it is scored at each, not trained",
    )
    own.add_argument(
        "--image-size", metavar="N|HxW", help="pixels at which the network sees pictures; our own: 32 (or theirs to 64)"
    )
    own.add_argument("--mean", metavar="R,G,B", help="of the pictures the network was trained on, after x / 255")
    own.add_argument("--std", metavar="R,G,B", help="their deviation; the network reads (x / 255 - mean) / std")
    for name, words in (
        ("epochs", "passes over the data; 0: the network of module:factory is trained already, score it as it is"),
        ("seeds", "trainings to average over"),
        ("folds", "parts for out-of-fold probabilities"),
        ("batch-size", "examples per step"),
        ("checkpoints", "epochs of each seed at which gradients are taken"),
    ):
        own.add_argument(f"--{name}", type=int, metavar="N", help=words)
    own.add_argument("--learning-rate", type=float, metavar="LR")
    own.add_argument("--weight-decay", type=float, metavar="WD")
    own.add_argument("--embedding", default="auto", help="label-free vectors of the inputs")
    own.add_argument("--no-map", action="store_true", help="leave out the UMAP map")
    own.add_argument("--seed", type=int, default=0, help="start of every random choice")
    own.add_argument("--threads", type=int, metavar="N")
    own.add_argument("--memory", type=_bytes, metavar="SIZE", help="most a pass may take, such as 2GB or 500MB")
    own.add_argument("--bf16", action="store_true", help="passes without gradients in bfloat16")
    own.add_argument("--trust", action="store_true", help="as on other commands; --model module:factory is consent")
    own.add_argument("--truth", type=Path, metavar="FILE", help="answer key (example_id,is_fault): evaluate at the end")
    own.add_argument("--quiet", action="store_true")
    own.epilog = commands.settings_help()


def _role_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("--modality", choices=("image", "text", "table", "trace"), help="guessed when left out")
    for role, words in (
        ("inputs", "array of images or features, or of recorded outputs"),
        ("label", "label column"),
        ("id", "id column"),
        ("text", "text column"),
        ("split", "column with train, valid, test"),
        ("group", "group column"),
        ("path", "column with image paths"),
    ):
        own.add_argument(f"--{role}", metavar="NAME", help=words)
    own.add_argument("--features", metavar="A,B", help="feature columns (default: all that have no other role)")
    own.add_argument("--labels", metavar="FILE", help="labels kept in a file of their own")
    own.add_argument("--class-map", metavar="FILE", help="which class is which model output")


def _run_name(own: argparse.ArgumentParser) -> None:
    own.add_argument("run", metavar="RUN", help="a run folder, a run id, or the name of a sample")


def _methods_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("--json", action="store_true")
    own.add_argument("--markdown", action="store_true", help="the table of the README")


def _table_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    own.add_argument("--csv", metavar="FILE", type=Path, help="write there instead of to the terminal")


def _rank_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    own.add_argument("--score", required=True, metavar="NAME", help="a score, or composite")
    own.add_argument("--top", type=int, default=20, metavar="K")


def _plant_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("source", metavar="SOURCE")
    own.add_argument("--flip", type=float, required=True, help="share of the labels to flip, 0 to 1")
    own.add_argument("--duplicates", type=float, default=0.0, help="share of rows to plant as near-duplicates")
    own.add_argument("--seed", type=int, default=0)
    own.add_argument("--out", type=Path, required=True, metavar="DIR")
    _role_flags(own)


def _evaluate_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    own.add_argument(
        "--truth", type=Path, metavar="KEY.csv", help="example_id,is_fault (default: the key beside the run)"
    )
    own.add_argument("--json", action="store_true")


def _export_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _rules_flags(own)
    own.add_argument("--keep-fraction", type=float, metavar="F", help="keep this share, the best-ranked rows")
    own.add_argument("--formats", default="csv", metavar="F,F", help="csv, or csv,parquet")
    own.add_argument("--spreadsheet-safe", action="store_true",
                     help="curated.csv with ' before cells that a spreadsheet would run: not for training")
    own.add_argument("--yes", action="store_true", help="rules that keep nothing or all, or empty a class, are meant")
    own.add_argument("--out", type=Path, required=True, metavar="DIR")


def _rules_flags(own: argparse.ArgumentParser) -> None:
    choice = own.add_mutually_exclusive_group()
    choice.add_argument(
        "--rules", type=Path, metavar="RULES.json", help="default: the rules saved for this run, if any"
    )
    choice.add_argument("--preset", metavar="NAME")
    own.add_argument("--normalise", choices=("rank", "probit", "robust_z"), help="how scores become comparable")
    own.add_argument("--aggregator", choices=("mean", "median", "borda", "max"), help="how families of scores join")
    own.add_argument("--near-duplicates", choices=tuple(commands.NEAR_DUPLICATES),
                     help="beyond 5 %% of the rows: drop them however many, keep all, or ask (nothing is dropped)")
    own.add_argument("--duplicate-similarity", type=float, metavar="S", help="rows count as alike from here, 0 to 1")
    own.add_argument("--no-decisions", action="store_true", help="leave out manual decisions")
    own.add_argument("--branch", default="main", metavar="NAME", help="the saved rules and decisions of that branch")


def _check_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _trust_flag(own)
    _rules_flags(own)
    own.add_argument(
        "--mode", choices=("quick", "full"), default="quick", help="logistic regression on the embedding, or the model"
    )
    own.add_argument("--fractions", metavar="F,F,...", help="shares to keep, beside what the rule keeps")
    own.add_argument("--seeds", type=int, default=3, metavar="S")
    own.add_argument("--resume", metavar="KEY", help="go on with a check begun earlier, by its key")
    own.add_argument("--quiet", action="store_true")
    own.add_argument("--json", action="store_true")


def _selftest_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _trust_flag(own)
    own.add_argument("--flip", type=float, default=0.05, metavar="Q", help="share of training labels to flip")
    own.add_argument("--quiet", action="store_true")
    own.add_argument("--json", action="store_true")


def _report_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _trust_flag(own)
    _rules_flags(own)
    own.add_argument("--out", type=Path, required=True, metavar="FILE.html")


def _verify_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("folder", type=Path, metavar="DIR")
    _trust_flag(own)
    own.add_argument("--run", type=Path, metavar="RUN", help="the run it came from, for level 3")
    own.add_argument(
        "--retrain", action="store_true", help="level 3 from the data alone: train the networks again, too"
    )
    own.add_argument(
        "--level", type=int, choices=(1, 2, 3), default=3, help="1 hashes, 2 rules replayed, 3 scores recomputed"
    )
    own.add_argument("--quiet", action="store_true")


def _resume_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _trust_flag(own)
    own.add_argument("--quiet", action="store_true")


def _status_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("run", metavar="RUN", nargs="?", help="default: every run of the workspace")


def _explain_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    _trust_flag(own)
    own.add_argument("id", metavar="ID", help="the example's id")
    own.add_argument("--method", metavar="M", help="default: the first that fits the run's model")
    own.add_argument("--param", action="append", metavar="NAME=VALUE", help="a setting of the method; may be repeated")
    own.add_argument("--without", nargs="+", metavar="WORD", help="what if: these words left out of a text")
    own.add_argument("--cover", nargs="+", type=int, metavar="BLOCK", help="what if: blocks of the picture covered")
    own.add_argument("--set", nargs="+", metavar="COLUMN=VALUE", help="what if: other cells of a table row")
    own.add_argument("--json", action="store_true")


def _noise_flags(own: argparse.ArgumentParser) -> None:
    _run_name(own)
    own.add_argument("--json", action="store_true")


def _inspect_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("source", metavar="SOURCE")
    _role_flags(own)


COMMANDS = (
    Command("inspect", "what a source holds: guessed roles, first rows, report card", _inspect_flags, commands.inspect),
    Command("run", "score a dataset", _run_flags, commands.run),
    Command("resume", "go on with a run that stopped", _resume_flags, commands.resume),
    Command("status", "how runs stand", _status_flags, commands.status),
    Command("cancel", "ask a run to stop", _run_name, commands.cancel),
    Command("methods", "the scores there are", _methods_flags, commands.methods),
    Command("table", "one row per example with every score", _table_flags, commands.table),
    Command("noise", "how many labels are probably wrong, by class; the confident joint", _noise_flags, noise.noise),
    Command("rank", "the rows to look at first", _rank_flags, commands.rank),
    Command("explain", "why one prediction, and what if its input differed", _explain_flags, explaining.explain),
    Command("plant", "a copy with planted label flips and its answer key", _plant_flags, commands.plant),
    Command("evaluate", "how well each score finds known faults", _evaluate_flags, commands.evaluate),
    Command("check", "a rule against matched random and all data", _check_flags, checks.check),
    Command("selftest", "planted label flips: what each score finds", _selftest_flags, checks.selftest),
    Command("report", "the checks of a run as one HTML file", _report_flags, checks.report),
    Command("export", "curated.csv, decisions.csv, manifest.json", _export_flags, commands.export),
    Command("verify", "check an export", _verify_flags, commands.verify),
)
