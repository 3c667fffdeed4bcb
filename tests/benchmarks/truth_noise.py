"""Which scores find wrong labels on real noise, and whether difficulty agrees with what others published.

Human labels of CIFAR-10N (majority of three, one annotator, the worst of three) on 10,000 images; tweets on whose label
the annotators did not agree; 10 % planted flips on a table. For every score of a run: AUROC, average precision and
precision at k with a 95 % bootstrap interval over examples, and the AUROC of single seeds. Scores see the given labels
alone. Networks and their training were chosen by accuracy on given labels, never by these answer keys.

`python -m tests.benchmarks.truth_noise` makes the runs under --work (a run that is there is read) and prints tables;
`--run DIR` takes a run made elsewhere for its task; `--tasks A,B` measures these alone and keeps the others' last
figures; `--quick` takes few rows and few scores and keeps nothing. `--json FILE` writes the figures, `--json -` prints
them instead of the tables.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import actions
from core.curation import goal_rules, rank_rows
from core.evaluation import evaluate_scores
from core.models import MODELS
from core.models.stored import load_card
from core.runs.read.evaluating import read_key
from core.store import Run
from core.training.plan import plan_from
from core.types.progress import SilentProgress
from core.types.ranks import spearman
from core.types.runs import Roles, RunSpec, TrainingSpec

from .measure import RESULTS, environment, keep, kept, markdown_table, set_threads
from .noise_figures import MEASURES, intervals, values_of_each_seed
from .workloads import SHARED

IMAGES, TWEETS, TABLE = "cifar10n_train_10k.npz", "airline_sentiment.csv", "adult_10k.csv"
KEPT, PUBLISHED = "truth_noise", "cifar10_published_scores_10k.csv"
FLIPPED = 0.1  # of the table's labels
DISAGREED = 0.7  # a tweet whose label carries less than this share of the annotators
QUICK_ROWS, QUICK_SCORES = 1_500, ("el2n", "loss", "forgetting", "aum", "label_quality", "knn_shapley")
COMPARED = {"el2n": "el2n_epoch20", "forgetting": "forgetting_epoch200", "grand": "grand_epoch20"}


@dataclass(frozen=True)
class Task:
    """A data set whose wrong labels are known. truth: [N] bool in the run's order; label: the column taken as given."""

    name: str
    title: str
    file: str
    label: str
    inputs: str | None
    truth: Callable[[Run], np.ndarray]


def _human(column: str) -> Callable[[Run], np.ndarray]:
    def wrong(run: Run) -> np.ndarray:
        with np.load(run.spec.source, allow_pickle=False) as data:
            return (data[column] != data["clean_label"])[run.examples.source_index]

    return wrong


def _disagreed(run: Run) -> np.ndarray:
    return pd.read_csv(run.spec.source)["agreement"].to_numpy()[run.examples.source_index] < DISAGREED


def _planted(run: Run) -> np.ndarray:
    return read_key(Path(run.spec.source).parent / "key.csv", run)[0]


TASKS = (
    Task("cifar_aggre", "CIFAR-10N, majority of three", IMAGES, "aggre_label", "images", _human("aggre_label")),
    Task("cifar_random1", "CIFAR-10N, one annotator", IMAGES, "random_label1", "images", _human("random_label1")),
    Task("cifar_worse", "CIFAR-10N, worst of three", IMAGES, "worse_label", "images", _human("worse_label")),
    Task("airline", f"Airline tweets, agreement below {DISAGREED}", TWEETS, "label", None, _disagreed),
    Task("adult", f"Adult, {FLIPPED:.0%} of the labels flipped", TABLE, "income", None, _planted),
)


def source_of(task: Task, work: Path, quick: bool) -> Path:
    """The data set itself; its first rows when quick; a copy with flipped labels where the faults are planted."""
    source = SHARED / task.file
    folder = work / "data" / task.name
    if quick:
        folder.mkdir(parents=True, exist_ok=True)
        source = _cut(source, folder / task.file)
    if task.truth is not _planted:
        return source
    copy = folder / "flipped"
    if not (copy / "key.csv").is_file():
        actions.data.plant(str(source), FLIPPED, 0, copy, roles=Roles(label=task.label))
    return next(path for path in sorted(copy.iterdir()) if path.stem == "data")


def _cut(source: Path, to: Path) -> Path:
    if to.is_file():
        return to
    if source.suffix == ".csv":
        pd.read_csv(source, dtype=str, keep_default_na=False).head(QUICK_ROWS).to_csv(to, index=False)
        return to
    with np.load(source, allow_pickle=False) as data:
        np.savez(to, **{k: v if k == "class_names" else v[:QUICK_ROWS] for k, v in data.items()})
    return to


def make_run(task: Task, work: Path, quick: bool, threads: int) -> Run:
    """The run of a task under `work`: made, gone on with, or only read."""
    training = TrainingSpec(seeds=2, epochs=4, folds=2) if quick else TrainingSpec(seeds=2)
    scores = QUICK_SCORES if quick else ("all",)
    roles = Roles(label=task.label, inputs=task.inputs)
    source = str(source_of(task, work, quick))
    spec = RunSpec(source, roles=roles, scores=scores, training=training, map=False, threads=threads or None)
    return actions.runs.run_here(spec, work / ("quick" if quick else "runs") / task.name, SilentProgress())


def task_of(run: Run) -> Task:
    """Which task a run made elsewhere answers: by its file and label column."""
    planted = (Path(run.spec.source).parent / "key.csv").is_file()
    for task in TASKS:
        same = planted if task.truth is _planted else Path(run.spec.source).name == task.file
        if same and run.spec.roles.label == task.label:
            return task
    asked = f"{Path(run.spec.source).name} with label {run.spec.roles.label}"
    raise SystemExit(f"{run.path}: {asked} is none of the tasks.")


def measure(task: Task, run: Run, draws: int) -> dict[str, Any]:
    """Every score's figures with intervals and single seeds, and what the run was."""
    fault, view = task.truth(run), actions.scores.score_view(run)
    composite = rank_rows(view, goal_rules(view, "find_noise")).composite
    found = evaluate_scores(view, composite, fault)
    rows = np.flatnonzero(~view.held_out)
    each = values_of_each_seed(run, list(run.score_names))
    scores: dict[str, Any] = {}
    for name, figures in found["scores"].items():
        side = 1 if figures["side"] == "highest" else -1
        scores[name] = figures | {"interval": intervals(side * view.scores[name].values[rows], fault[rows], draws)}
        if name in each:
            single = [evaluate_one(side * one[rows], fault[rows]) for one in each[name]]
            scores[name]["seeds"] = {m: [one[m] for one in single] for m in MEASURES}
    scores["composite"] = found["composite"] | {
        "side": "highest",
        "interval": intervals(composite[rows].astype(np.float64), fault[rows], draws),
    }
    return {"title": task.title, **_about(run), "rows": found["rows"], "faults": found["faults"], "scores": scores}


def evaluate_one(suspicion: np.ndarray, fault: np.ndarray) -> dict[str, float]:
    """AUROC, average precision and precision at k of one ranking."""
    from core.evaluation.fault_detection import figures

    found = figures(suspicion.astype(np.float64), fault)
    return {name: found[name] for name in MEASURES}


def _about(run: Run) -> dict[str, Any]:
    card, _ = load_card(run.path / "model")
    family = next((f for f in MODELS if f.name == card.family), None)
    quality = run.score("label_quality").meta if "label_quality" in run.score_names else {}
    el2n = run.score("el2n").meta if "el2n" in run.score_names else {}
    return {
        "model": card.family,
        "epochs": plan_from(run.spec.training, family.defaults).epochs if family else None,
        "seeds": run.spec.training.seeds,
        "fitted": el2n.get("training_accuracy"),
        "out_of_fold_accuracy": quality.get("out_of_fold_accuracy"),
        "seconds": run.card.get("seconds", {}),
        "peak_memory_mb": run.card.get("peak_memory_mb", {}),
        "failures": dict(run.failures),
        "not_here": run.card.get("not_here", {}),
    }


def published(run: Run, fault: np.ndarray) -> dict[str, Any]:
    """Rank correlation of our scores with those of ResNet-18 on clean labels: all rows, and the rightly labeled ones.

    ceiling: how the published scores agree among themselves on the same rows.
    """
    with np.load(run.spec.source, allow_pickle=False) as data:
        index = data["index"][run.examples.source_index]
    table = pd.read_csv(SHARED / PUBLISHED).set_index("index").loc[index]
    out: dict[str, Any] = {"ours": {}, "ceiling": {}}
    for name, column in COMPARED.items():
        if name in run.score_names:
            values, theirs = run.score(name).values, table[column].to_numpy()
            there = np.isfinite(values)
            out["ours"][name] = {
                "with": column,
                "all_rows": spearman(values[there], theirs[there]),
                "right_labels": spearman(values[there & ~fault], theirs[there & ~fault]),
            }
    columns = list(COMPARED.values())
    for i, one in enumerate(columns):
        for other in columns[i + 1 :]:
            out["ceiling"][f"{one} / {other}"] = spearman(table[one].to_numpy(), table[other].to_numpy())
    return out


def table_of(name: str, task: dict[str, Any]) -> str:
    """One task as Markdown, best AUROC first."""
    head = f"### {task['title']} (`{name}`)\n\n{task['rows']:,} rows, {task['faults']:,} to find; {task['model']}, "
    head += f"{task['epochs']} epochs, {task['seeds']} seed" + ("s" if task["seeds"] > 1 else "")
    for key, words in (("fitted", "of the given labels fitted"), ("out_of_fold_accuracy", "predicted out of fold")):
        head += f", {task[key]:.1%} {words}" if task[key] is not None else ""
    ranked = sorted(task["scores"].items(), key=lambda kv: -(kv[1]["auroc"] or 0))
    rows = [[name, f["side"], *(_cell(f, m) for m in MEASURES), _single(f)] for name, f in ranked]
    columns = ["score", "suspect end", "AUROC", "average precision", "precision at k", "AUROC of each seed, sorted"]
    return f"{head}.\n\n{markdown_table(columns, rows)}\n"


def _cell(figures: dict[str, Any], measure: str) -> str:
    low, high = figures["interval"][measure]
    return f"{figures[measure]:.3f} ({low:.3f} to {high:.3f})"


def _single(figures: dict[str, Any]) -> str:
    return " / ".join(f"{one:.3f}" for one in sorted(figures["seeds"]["auroc"])) if "seeds" in figures else "-"


def published_table(found: dict[str, Any]) -> str:
    """The rank correlations as Markdown."""
    rows = [[name, f["with"], f"{f['all_rows']:.3f}", f"{f['right_labels']:.3f}"] for name, f in found["ours"].items()]
    rows += [["published", pair, f"{value:.3f}", "-"] for pair, value in found["ceiling"].items()]
    columns = ["score", "published score", "Spearman, all rows", "rightly labeled rows"]
    return f"### Agreement with published scores (ResNet-18, clean labels)\n\n{markdown_table(columns, rows)}\n"


def report(figures: dict[str, Any]) -> str:
    """All tables."""
    text = "".join(table_of(name, task) for name, task in figures["tasks"].items())
    text += published_table(figures["published"]) if figures["published"] else ""
    missing = "".join(f"- {name}: {why}\n" for name, why in figures["missing"].items())
    return text + (f"Not measured:\n\n{missing}" if missing else "")


def collect(given: Sequence[Path], tasks: Sequence[str], work: Path, quick: bool, threads: int) -> dict[str, Any]:
    """Figures of every asked-for task, from a run that was given or one under `work`."""
    runs = {task_of(run).name: run for run in map(actions.runs.open_run, given)}
    last = {} if quick or not (RESULTS / f"{KEPT}.json").is_file() else kept(KEPT)
    out: dict[str, Any] = {"quick": quick, "tasks": {}, "published": last.get("published", {}), "missing": {}}
    for task in TASKS:
        if task.name not in tasks and task.name in last.get("tasks", {}):
            out["tasks"][task.name] = last["tasks"][task.name]
        elif task.name not in tasks:
            out["missing"][task.name] = "not asked for"
        elif task.name not in runs and not (SHARED / task.file).is_file():
            out["missing"][task.name] = f"{task.file} is not beside this checkout"
        else:
            run = runs.get(task.name) or make_run(task, work, quick, threads)
            out["tasks"][task.name] = measure(task, run, 200 if quick else 1_000) | {"environment": environment()}
            if task.name == "cifar_aggre" and (SHARED / PUBLISHED).is_file():
                out["published"] = published(run, task.truth(run))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rows, few scores, few epochs: some minutes")
    parser.add_argument("--run", type=Path, action="append", default=[], help="a run made elsewhere, not a new one")
    parser.add_argument("--tasks", default=",".join(t.name for t in TASKS), help="names joined by commas")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "chaffinch-truth")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", help="write the figures here, or print them (-)")
    options = parser.parse_args()
    set_threads(options.threads)
    figures = collect(options.run, options.tasks.split(","), options.work, options.quick, options.threads)
    tables = report(figures)
    print(json.dumps(figures, indent=1) if options.json == "-" else tables)
    if options.json and options.json != "-":
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if not options.quick:
        keep(KEPT, figures, tables)


if __name__ == "__main__":
    main()
