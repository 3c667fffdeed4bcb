"""The flags of each command, each with the type that says what it may be."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from core import actions
from core.types import runs
from core.types.methods import Method

from .curation import NEAR_DUPLICATES
from .flag_types import ends, memory, names, number, path_words, shares, some_of, whole
from .model_flags import model_flags, training_flags
from .recorded import recorded_flags


def _trust_flag(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--trust",
        action="store_true",
        help="allow the module:factory code that the run names, on this machine, as it is now",
    )


def run(own: argparse.ArgumentParser) -> None:
    """What is scored, how, and where the run goes."""
    own.add_argument("source", metavar="SOURCE", type=path_words, help="a path or the name of a sample")
    own.add_argument(
        "--out", metavar="RUN", type=Path, required=True, help="folder of the run; goes on with one begun there"
    )
    _role_flags(own)
    recorded_flags(own)
    own.add_argument(
        "--decisions-from",
        metavar="RUN",
        type=path_words,
        help="an earlier run of this data: its relabels and drops lie over the source, its decisions come along",
    )
    own.add_argument("--scores", type=names, default=("all",), help="names joined by commas, or all")
    model_flags(own)
    training_flags(own)
    own.add_argument("--embedding", default="auto", help="label-free vectors of the inputs")
    own.add_argument("--no-map", action="store_true", help="leave out the UMAP map")
    own.add_argument("--seed", type=whole(*ends(runs.SEED)), default=0, help="start of every random choice")
    own.add_argument("--threads", type=whole(*ends(runs.THREADS)), metavar="N", help="0 or left out: every core")
    own.add_argument("--memory", type=memory, metavar="SIZE", help="most a pass may take, such as 2GB or 500MB")
    own.add_argument("--bf16", action="store_true", help="passes without gradients in bfloat16")
    own.add_argument(
        "--device",
        choices=runs.DEVICES,
        default="auto",
        help="where networks and encoders work; auto: CUDA where there is one",
    )
    own.add_argument("--trust", action="store_true", help="as on other commands; --model module:factory is consent")
    own.add_argument("--truth", type=Path, metavar="FILE", help="answer key (example_id,is_fault): evaluate at the end")
    own.add_argument("--quiet", action="store_true")
    own.epilog = settings_help()


def _role_flags(own: argparse.ArgumentParser) -> None:
    own.add_argument("--modality", choices=("image", "text", "table", "trace"), help="guessed when left out")
    for role, said in (
        ("inputs", "array of images or features, or of recorded outputs"),
        ("label", "label column"),
        ("id", "id column"),
        ("text", "text column"),
        ("split", "column with train, valid, test"),
        ("group", "group column"),
        ("path", "column with image paths"),
    ):
        own.add_argument(f"--{role}", metavar="NAME", help=said)
    own.add_argument(
        "--features", type=names, default=(), metavar="A,B", help="feature columns (default: all without another role)"
    )
    own.add_argument("--labels", type=path_words, metavar="FILE", help="labels kept in a file of their own")
    own.add_argument("--class-map", type=path_words, metavar="FILE", help="which class is which model output")


def run_name(own: argparse.ArgumentParser) -> None:
    own.add_argument("run", metavar="RUN", type=path_words, help="a run folder, a run id, or the name of a sample")


def methods(own: argparse.ArgumentParser) -> None:
    own.add_argument("--json", action="store_true")
    own.add_argument("--markdown", action="store_true", help="the table of the README")


def table(own: argparse.ArgumentParser) -> None:
    run_name(own)
    own.add_argument("--csv", metavar="FILE", type=Path, help="write there instead of to the terminal")


def rank(own: argparse.ArgumentParser) -> None:
    run_name(own)
    own.add_argument("--score", required=True, metavar="NAME", help="a score, or composite")
    own.add_argument("--top", type=whole(1, 10**9), default=20, metavar="K")


def plant(own: argparse.ArgumentParser) -> None:
    """What is copied, how many labels are flipped, and where the copy goes."""
    own.add_argument("source", metavar="SOURCE", type=path_words)
    own.add_argument("--flip", type=number(0, 1), required=True, help="share of the labels to flip, 0 to 1")
    own.add_argument("--duplicates", type=number(0, 1), default=0.0, help="share of rows to plant as near-duplicates")
    own.add_argument("--seed", type=whole(*ends(runs.SEED)), default=0)
    own.add_argument("--out", type=Path, required=True, metavar="DIR")
    _role_flags(own)


def evaluate(own: argparse.ArgumentParser) -> None:
    run_name(own)
    own.add_argument(
        "--truth", type=Path, metavar="KEY.csv", help="example_id,is_fault (default: the key beside the run)"
    )
    own.add_argument("--json", action="store_true")


def decide(own: argparse.ArgumentParser) -> None:
    """Which run and branch, and the file of answers."""
    run_name(own)
    own.add_argument(
        "--from",
        dest="answers",
        type=Path,
        metavar="FILE",
        help="a CSV: example_id, action (keep, drop, relabel, clear) and label; what Label Studio exports as JSON; or "
        "another run. Left out: which runs have decisions that fit",
    )
    own.add_argument("--branch", default="main", metavar="NAME", help="decide in that branch")


def export(own: argparse.ArgumentParser) -> None:
    """Which run, which rules, which files, and where they go."""
    run_name(own)
    _rules_flags(own)
    own.add_argument("--keep-fraction", type=number(0, 1), metavar="F", help="keep this share, the best-ranked rows")
    own.add_argument(
        "--formats",
        type=some_of(*_names(actions.methods.formats())),
        default=("csv",),
        metavar="F,F",
        help=f"csv and any of {', '.join(_names(actions.methods.formats())[1:])}; `methods` says what each is",
    )
    own.add_argument(
        "--spreadsheet-safe",
        action="store_true",
        help="curated.csv with ' before cells that a spreadsheet would run: not for training",
    )
    own.add_argument(
        "--sample-weight",
        choices=_names(actions.methods.weights()),
        help=f"the weight for training in decisions.csv (default: {actions.methods.weights()[0].name})",
    )
    own.add_argument("--yes", action="store_true", help="rules that keep nothing or all, or empty a class, are meant")
    own.add_argument("--out", type=Path, required=True, metavar="DIR")


def _names(registered: tuple[Method, ...]) -> list[str]:
    return [one.name for one in registered]


def _rules_flags(own: argparse.ArgumentParser) -> None:
    choice = own.add_mutually_exclusive_group()
    choice.add_argument(
        "--rules", type=Path, metavar="RULES.json", help="default: the rules saved for this run, if any"
    )
    choice.add_argument("--preset", metavar="NAME")
    own.add_argument(
        "--normalise", choices=[one.name for one in actions.methods.transforms()], help="how scores become comparable"
    )
    own.add_argument(
        "--aggregator", choices=[one.name for one in actions.methods.aggregators()], help="how families of scores join"
    )
    own.add_argument(
        "--near-duplicates",
        choices=tuple(NEAR_DUPLICATES),
        help="beyond 5 %% of the rows: drop them however many, keep all, or ask (nothing is dropped)",
    )
    own.add_argument(
        "--duplicate-similarity", type=number(0, 1), metavar="S", help="rows count as alike from here, 0 to 1"
    )
    own.add_argument("--no-decisions", action="store_true", help="leave out manual decisions")
    own.add_argument("--branch", default="main", metavar="NAME", help="the saved rules and decisions of that branch")


def check(own: argparse.ArgumentParser) -> None:
    """Which rules are checked, in which mode, at which sizes, with how many seeds."""
    run_name(own)
    _trust_flag(own)
    _rules_flags(own)
    own.add_argument(
        "--mode", choices=("quick", "full"), default="quick", help="logistic regression on the embedding, or the model"
    )
    own.add_argument(
        "--fractions", type=shares, default=(), metavar="F,F,...", help="shares to keep, beside what the rule keeps"
    )
    own.add_argument("--seeds", type=whole(3, 1_000), default=3, metavar="S")
    own.add_argument(
        "--sample-weight",
        choices=_names(actions.methods.weights()),
        help="train on the rule's rows with this weight, too, and compare",
    )
    own.add_argument("--resume", metavar="KEY", help="go on with a check begun earlier, by its key")
    own.add_argument("--quiet", action="store_true")
    own.add_argument("--json", action="store_true")


def selftest(own: argparse.ArgumentParser) -> None:
    """Which run is tested, and with how many flipped labels."""
    run_name(own)
    _trust_flag(own)
    own.add_argument(
        "--flip", type=number(0, 0.5, above=True), default=0.05, metavar="Q", help="share of training labels to flip"
    )
    own.add_argument("--quiet", action="store_true")
    own.add_argument("--json", action="store_true")


def report(own: argparse.ArgumentParser) -> None:
    run_name(own)
    _trust_flag(own)
    _rules_flags(own)
    own.add_argument("--out", type=Path, required=True, metavar="FILE.html")


def verify(own: argparse.ArgumentParser) -> None:
    """Which export is verified, how deep, and against which run."""
    own.add_argument("folder", type=Path, metavar="DIR")
    _trust_flag(own)
    own.add_argument("--run", type=Path, metavar="RUN", help="the run it came from, for level 3")
    own.add_argument(
        "--retrain", action="store_true", help="level 3 from the data alone: train the networks again, too"
    )
    own.add_argument(
        "--level", type=whole(1, 3), default=3, metavar="N", help="1 hashes, 2 rules replayed, 3 scores recomputed"
    )
    own.add_argument("--quiet", action="store_true")


def resume(own: argparse.ArgumentParser) -> None:
    run_name(own)
    _trust_flag(own)
    own.add_argument("--quiet", action="store_true")


def status(own: argparse.ArgumentParser) -> None:
    own.add_argument("run", metavar="RUN", type=path_words, nargs="?", help="default: every run of the workspace")


def explain(own: argparse.ArgumentParser) -> None:
    """Which example of which run, by which method, and what its input would be if it differed."""
    run_name(own)
    _trust_flag(own)
    own.add_argument("id", metavar="ID", help="the example's id")
    own.add_argument("--method", metavar="M", help="default: the first that fits the run's model")
    own.add_argument("--param", action="append", metavar="NAME=VALUE", help="a setting of the method; may be repeated")
    own.add_argument("--without", nargs="+", metavar="WORD", help="what if: these words left out of a text")
    own.add_argument(
        "--cover", nargs="+", type=whole(0, 10**6), metavar="BLOCK", help="what if: blocks of the image covered"
    )
    own.add_argument("--set", nargs="+", metavar="COLUMN=VALUE", help="what if: other cells of a table row")
    own.add_argument("--json", action="store_true")


def noise(own: argparse.ArgumentParser) -> None:
    run_name(own)
    own.add_argument("--json", action="store_true")


def inspect(own: argparse.ArgumentParser) -> None:
    own.add_argument("source", metavar="SOURCE", type=path_words)
    _role_flags(own)
    recorded_flags(own)


def rules(own: argparse.ArgumentParser) -> None:
    """Whose rules are told, and as what."""
    run_name(own)
    _rules_flags(own)
    own.add_argument("--json", action="store_true", help="the rules as JSON, as --rules reads them")


def facets(own: argparse.ArgumentParser) -> None:
    """Whose rows are counted, under which rules."""
    run_name(own)
    _rules_flags(own)
    own.add_argument("--json", action="store_true")


def settings_help() -> str:
    """The settings of each score, drawn from its parameters."""
    lines = ["settings of single scores (and of the model, as --model.NAME VALUE):"]
    for method in actions.methods.scores():
        for spec in fields(method.params):
            meta = spec.metadata
            lines.append(
                f"  --{method.name}.{spec.name} {spec.default!r:12} {meta.get('label', '')}. {meta.get('help', '')}"
            )
    return "\n".join(lines).replace("%", "%%")
