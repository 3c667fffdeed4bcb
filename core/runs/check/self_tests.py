"""A run's self-test: plant flips in a copy, score the copy, keep what was found under `check/selftest-<key>/`."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.evaluation.rescoring import rescore, short_training, testable
from core.evaluation.self_test import measure, plant_flips
from core.models.own_code import refuse_unless_allowed
from core.models.sources import opened
from core.runs.execute.execute import limited_threads
from core.runs.folder.folder_lock import locked
from core.runs.plan.sources_of_evidence import of_recorded
from core.runs.watch.background_tasks import launch_task, task_id, watched
from core.scores import is_own, score_named
from core.store import Run, run_registry
from core.store.atomic import write_json
from core.types.checks import SelfTestResult
from core.types.errors import CurationError
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress
from core.types.signals import listed, trained_for

from .check_files import read_asked_self_test, read_result
from .checks import check_folder, kept_checks

USUAL_FLIP = 0.05  # near the share of wrong labels in well-known datasets, about 3 % (Northcutt et al. 2021)
_KIND = "selftest"


def start_self_test(run: Run, flip: float = USUAL_FLIP) -> str:
    """Start or resume a self-test in its own process; returns the key."""
    folder = _ask(run, flip)
    if not (folder / "result.json").is_file():
        refuse_unless_allowed(run.run_id, run.spec.training.model)
        launch_task(run, _KIND, folder, [_KIND, str(run.path.absolute()), "--flip", repr(flip), "--quiet"])
    return folder.name


def resume_self_test(run: Run) -> str:
    """Go on with the one that was started last, with its share of flips; returns the key."""
    folder = Path(run_registry().row(task_id(run, _KIND)).path)
    return start_self_test(run, float(read_asked_self_test(folder / "asked.json")["flip"]))


def work_self_test(run: Run, flip: float, progress: Progress) -> SelfTestResult:
    """The self-test of this share of flips, going on from what is finished; a finished one is only read."""
    folder = _ask(run, flip)
    if (folder / "result.json").is_file():
        return read_result(folder / "result.json", SelfTestResult)
    refuse_unless_allowed(run.run_id, run.spec.training.model)
    with locked(folder), watched(run, _KIND, folder, progress) as watcher, limited_threads(1):
        result = _answer(run, flip, folder, watcher)
        write_json(folder / "result.json", result.to_json())
        shutil.rmtree(folder / "evidence", ignore_errors=True)
    return result


def self_test_result(run: Run) -> SelfTestResult | None:
    """The finished self-test of this data, the last asked when there are several."""
    results = kept_checks(run, f"{_KIND}-*/result.json")
    numbered = [(read_asked_self_test(p.parent / "asked.json")["number"], p) for p in results]
    return read_result(max(numbered)[1], SelfTestResult) if numbered else None


def _ask(run: Run, flip: float) -> Path:
    if not 0.0 < flip <= 0.5:
        raise CurationError(f"The share of labels to flip is {flip}.", "Give a number above 0, at most 0.5.")
    question = {
        "fingerprint": run.fingerprint,
        "spec": run.spec.fingerprint(),
        "flip": float(flip),
        "scores": list(run.score_names),
    }
    key = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:16]
    folder = check_folder(run) / f"{_KIND}-{key}"
    numbers = {p.parent: read_asked_self_test(p)["number"] for p in check_folder(run).glob(f"{_KIND}-*/asked.json")}
    last = max(numbers.values(), default=0)
    if numbers.get(folder, 0) < last or folder not in numbers:  # asked anew: it is the last one now
        write_json(folder / "asked.json", {**question, "number": last + 1})
    return folder


def _answer(run: Run, flip: float, folder: Path, progress: Progress) -> SelfTestResult:
    examples, notes = _copy_of(run)
    rows = examples.train_rows
    labels, flipped = plant_flips(examples.labels, rows, flip, run.spec.seed)
    changed = replace(examples, labels=labels, fingerprint=f"{examples.fingerprint}:{flip}")
    made_elsewhere = _made_elsewhere(run)
    methods, why = testable([n for n in run.score_names if n not in made_elsewhere], examples.inputs is not None)
    suspicion, failed = rescore(
        changed,
        methods,
        run.spec,
        run.array("embedding"),
        folder / "evidence",
        progress,
        opened(run.run_id, run.spec.training),
    )
    return measure(
        {name: values[rows] for name, values in suspicion.items()},
        np.isin(rows, flipped),
        {m.name: m.group.value for m in methods},
        key=folder.name,
        flip=flip,
        seed=run.spec.seed,
        not_tested={**made_elsewhere, **why, **failed},
        notes=notes,
    )


def _made_elsewhere(run: Run) -> dict[str, str]:
    """Scores that changed labels do not move, and why: what they are made of was recorded before."""
    recorded, why = trained_for(of_recorded(run.spec.recorded, None).gives), dict[str, str]()
    for name in run.score_names:
        if is_own(run.score(name)):
            why[name] = "your own numbers: they stay as they are"
        elif read := recorded & set(score_named(name).needs):
            why[name] = f"reads {listed(read)} recorded with the labels as given"
    return why


def _copy_of(run: Run) -> tuple[ExampleTable, tuple[str, ...]]:
    symmetric = (
        "Planted flips go to a random class; people's mistakes go to similar ones and are harder to find. "
        "Wrong labels that were there before take up places at the top, too."
    )
    if run.modality is Modality.TRACE:
        return replace(run.examples, inputs=None), (
            symmetric,
            "Recorded outputs come from the labels as given: only scores of the embedding are tested.",
        )
    if run.card.get("made_by") == "library":
        return replace(run.examples, inputs=None), (
            symmetric,
            "Scored by a notebook, whose network is not here: only scores of the embedding are tested.",
        )
    if run.spec.training.never_trained:
        return replace(run.examples, inputs=None), (
            symmetric,
            "The network is scored as it is and not trained here: only scores of the embedding are tested.",
        )
    inputs, reason = run.inputs()
    if inputs is None:
        return run.examples, (symmetric, f"Only scores of the embedding are tested: {reason}")
    short = short_training(run.spec.training, run.modality)
    epochs = "the model's own number of" if short.epochs is None else f"{short.epochs}"
    afresh = " The given weights are not used: they know the labels as given." if run.spec.training.weights else ""
    return run.examples_with_inputs, (
        symmetric,
        f"Trained for this test: 1 seed, {epochs} epochs, {short.folds} folds.{afresh}",
    )
