"""Checks of a run's rules: ask, work, keep under `check/` in the run's folder, read back.

check/<key>/asked.json (what), pieces/ (finished trainings), result.json (the answer); key: a hash of the question.
A bundled sample brings finished checks in its folder; what a person asks of it is kept in the workspace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView
from core.evaluation.arms import Arms, HeldOut, Weigher, held_out_rows, make_arms, set_aside_rows
from core.evaluation.learners import Learner, LogisticLearner
from core.evaluation.retraining import LEAST_SEEDS, Asked, retrain
from core.export.manifest import decisions_from_json, decisions_to_json, to_text
from core.export.weights import sample_weights, usable_weight
from core.models.own_code import refuse_unless_allowed
from core.models.sources import is_predicted, opened
from core.runs.decide.view import score_view
from core.runs.folder.folder_lock import locked
from core.runs.folder.links import keeps_beside
from core.runs.folder.source import source_gone
from core.runs.watch.background_tasks import launch_task, watched
from core.store import Run
from core.store.atomic import write_json
from core.store.workspace import workspace_root
from core.types.checks import CheckResult
from core.types.curation import Decision, Rules, rules_from_json
from core.types.errors import CurationError, RunError
from core.types.examples import UNLABELED, Modality, Split
from core.types.progress import Progress
from core.types.registry import check_name

from .check_files import read_asked_check, read_result

MODES = ("quick", "full")


def check_folder(run: Run) -> Path:
    """`check/` in the run's folder; in the workspace for a bundled sample and for a run that is not written to."""
    return run.path / "check" if keeps_beside(run) else workspace_root() / "checks" / run.run_id


def kept_checks(run: Run, pattern: str) -> list[Path]:
    """Files of checks and self-tests made here and of those shipped with the run, one per key; made here first."""
    places = dict.fromkeys((check_folder(run), run.path / "check"))
    paths: dict[str, Path] = {}
    for path in (path for place in places for path in sorted(place.glob(pattern))):
        paths.setdefault(path.parent.name, path)
    return list(paths.values())


def check_modes(run: Run) -> dict[str, str]:
    """Mode -> why this run cannot have it, in one line; "" where it can."""
    quick = "" if run.array("embedding") is not None else "This run has no embedding to train on."
    if run.modality is Modality.TRACE:
        return {"quick": quick, "full": "This run holds recorded outputs: there is nothing to train on."}
    if run.card.get("made_by") == "library":
        return {"quick": quick, "full": "It was scored by a notebook: the network of its scores is not here."}
    if is_predicted(run.spec.training.model):
        return {
            "quick": quick,
            "full": "Its model came with a file and is scored as it is: nothing trains it anew here.",
        }
    if run.spec.training.never_trained:
        return {"quick": quick, "full": "Its network is scored as it is: a check would train over it."}
    return {"quick": quick, "full": source_gone(run.spec)}


def ask_check(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    mode: str = "quick",
    fractions: Sequence[float] = (),
    seeds: int = LEAST_SEEDS,
    weight: str = "",
) -> str:
    """Write down what is to be checked and return its key; the same question has the same key.

    weight: for training, compared with none. Raises `CurationError` for an unknown mode, too few seeds, a weight that
    the run lacks the scores for, and a run that cannot be checked.
    """
    check_name(mode, MODES, "mode")
    if weight:
        usable_weight(score_view(run), weight)
    _refuse_impossible(run, mode)
    if seeds < LEAST_SEEDS:
        raise CurationError(f"{seeds} seeds give no interval worth the name.", f"Ask for {LEAST_SEEDS} or more.")
    question = {
        "fingerprint": run.fingerprint,
        "run_id": run.run_id,
        "rules": rules.to_json(),
        "decisions": decisions_to_json(decisions),
        "mode": mode,
        "fractions": list(map(float, fractions)),
        "seeds": seeds,
        **({"weight": weight} if weight else {}),
    }
    key = hashlib.sha256(to_text(question).encode()).hexdigest()[:16]
    _refuse_code(run, mode)
    if all(path.parent.name != key for path in _asked(run)):
        write_json(check_folder(run) / key / "asked.json", {**question, "number": 1 + len(_asked(run))})
    return key


def _refuse_impossible(run: Run, mode: str) -> None:
    modes = check_modes(run)
    if not modes[mode]:
        return
    other = next((name for name in MODES if not modes[name]), None)
    advice = f"Ask for the {other} check instead." if other else "Score the data with its inputs or an embedding first."
    raise RunError(f"The {mode} check cannot be made: {modes[mode]}", advice)


def start_check(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    mode: str = "quick",
    fractions: Sequence[float] = (),
    seeds: int = LEAST_SEEDS,
    weight: str = "",
) -> str:
    """Ask, and work in its own process (`background_tasks.task_status(run, "check")` watches it); returns the key.

    A question that is answered already starts nothing.
    """
    key = ask_check(run, rules, decisions, mode, fractions, seeds, weight)
    if key not in _answered(run):
        _launch(run, key)
    return key


def resume_check(run: Run) -> str:
    """Go on, in its own process, with the check that was asked last; returns its key, or raises `RunError`."""
    keys = [(read_asked_check(p).get("number", 0), p.parent.name) for p in _asked(run)]
    waiting = [key for _, key in sorted(keys) if key not in _answered(run)]
    if not waiting:
        raise RunError("There is no unfinished check to go on with.", "Start a new one.")
    _launch(run, waiting[-1])
    return waiting[-1]


def _launch(run: Run, key: str) -> None:
    _refuse_code(run, read_asked_check(check_folder(run) / key / "asked.json")["mode"])
    launch_task(run, "check", check_folder(run) / key, ["check", str(run.path.absolute()), "--resume", key, "--quiet"])


def work_check(run: Run, key: str, progress: Progress) -> CheckResult:
    """Do what was asked under `key`, going on from what is finished; the answer is on disk when this returns.

    Raises `RunError` for a key that was never asked for.
    """
    if key in (answered := _answered(run)):
        return read_result(answered[key], CheckResult)
    if all(path.parent != check_folder(run) / key for path in _asked(run)):
        raise RunError(f"This run was never asked for a check {key!r}.", "Ask anew, without --resume.")
    folder = check_folder(run) / key
    _refuse_code(run, read_asked_check(folder / "asked.json")["mode"])
    with locked(folder), watched(run, "check", folder, progress) as watcher, _few_threads():
        result = _answer(run, key, folder, watcher)
        write_json(folder / "result.json", result.to_json())
    return result


def _refuse_code(run: Run, mode: str) -> None:
    """A full check trains the run's own model: code that nobody allowed is refused before the work."""
    if mode == "full":
        refuse_unless_allowed(run.run_id, run.spec.training.model)


def check_results(run: Run) -> list[CheckResult]:
    """Every finished check of a run, the last asked first."""
    results = [read_result(path, CheckResult) for path in _answered(run).values()]
    return sorted(results, key=lambda result: -result.number)


def _asked(run: Run) -> list[Path]:
    return [p for p in kept_checks(run, "*/asked.json") if not p.parent.name.startswith("selftest-")]


def _answered(run: Run) -> dict[str, Path]:
    return {p.parent.name: p for p in kept_checks(run, "*/result.json") if not p.parent.name.startswith("selftest-")}


def check_of(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> CheckResult | None:
    """The last check of exactly these rules (the preset's name aside).

    One of these decisions counts more than one of others, then a full one more than a quick one.
    """
    same = [result for result in check_results(run) if same_rules(result, rules)]
    same.sort(key=lambda result: (not same_decisions(result, decisions), result.mode != "full"))
    return next(iter(same), None)


def same_rules(result: CheckResult, rules: Rules) -> bool:
    """Whether the check was of these rules, the preset's name aside."""
    return _bare(result.rules) == _bare(rules.to_json())


def same_decisions(result: CheckResult, decisions: Mapping[str, Decision]) -> bool:
    """Whether the check was of what these decisions keep and relabel."""
    return result.decisions_sha256 == decisions_hash(decisions)


def _bare(rules: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps({k: v for k, v in rules.items() if k != "preset"}))


def _answer(run: Run, key: str, folder: Path, progress: Progress) -> CheckResult:
    entries = read_asked_check(folder / "asked.json")
    if entries["fingerprint"] != run.fingerprint:
        raise RunError("The dataset has changed since this check was asked.", "Start a new check.")
    view = score_view(run)
    decisions = decisions_from_json(entries["decisions"])
    rules, held_out = rules_from_json(entries["rules"]), _held_out(run, view)
    arms = make_arms(view, rules, decisions, held_out, entries["fractions"], _weigher(entries.get("weight", "")))
    learner = _learner(run, entries["mode"], arms, folder)
    question = Asked(
        key,
        entries["number"],
        entries["mode"],
        entries["rules"],
        decisions_hash(decisions),
        view.class_names,
        entries["seeds"],
        run.spec.seed,
    )
    return retrain(arms, learner, question, folder / "pieces", progress)


def _weigher(name: str) -> Weigher | None:
    return Weigher(name, partial(sample_weights, name=name)) if name else None


def decisions_hash(decisions: Mapping[str, Decision]) -> str:
    """Which decisions were in force: what was kept, dropped and relabeled; notes and marks change no answer."""
    acted = {name: Decision(said.action, said.label) for name, said in decisions.items()}
    return hashlib.sha256(to_text(decisions_to_json(acted)).encode()).hexdigest()


def _held_out(run: Run, view: ScoreView) -> HeldOut:
    train = np.flatnonzero(~view.held_out & (view.labels != UNLABELED))
    if view.groups is not None:
        units = np.asarray(view.groups).astype(str)
    else:
        units = view.exact_duplicate_of if view.exact_duplicate_of is not None else np.arange(len(view))
    return held_out_rows(view, set_aside_rows(view.labels, np.asarray(units), train, run.spec.seed))


def _learner(run: Run, mode: str, arms: Arms, folder: Path) -> Learner:
    _refuse_impossible(run, mode)  # asked before, of a run that has lost it since
    if mode == "full":
        from core.evaluation.full_learners import full_learner

        splits = np.full(len(arms.given), "none", dtype=object)
        splits[arms.candidates] = Split.TRAIN.value
        return full_learner(
            run.examples_with_inputs,
            run.spec,
            splits.astype(str),
            arms.held_out.rows,
            folder,
            opened(run.run_id, run.spec.training),
        )
    vectors = np.asarray(run.array("embedding"))
    return LogisticLearner(vectors, len(arms.held_out.view.class_names), arms.candidates, arms.held_out.rows)


@contextmanager
def _few_threads() -> Iterator[None]:
    """Small matrix products are slower on many threads, and another number of them gives other last digits."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
