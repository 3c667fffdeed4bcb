"""A run's decisions out as files, and files checked against their run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from core.curation import ScoreView, apply_rules, keep_fraction_rules, questions
from core.curation.intent import refuse_without_order
from core.export import CONFIRM, ExportReport, LevelReport, Recomputed, RunRows, read_manifest, verify, write_export
from core.export.readiness import Line, checklist
from core.models.own_code import allow, refuse_unless_allowed
from core.runs.check.checks import check_of, same_decisions
from core.runs.decide.view import score_view
from core.runs.execute.repeat import repeat_scores
from core.runs.folder.source import open_run, refuse_changed_source
from core.runs.watch.launch import status
from core.store import Run, run_registry
from core.store.runs import is_run
from core.types.branches import MAIN
from core.types.curation import Decision, Outcome, Rules
from core.types.errors import CurationError, ModelError, RulesError, RunError
from core.types.exports import ExportOptions
from core.types.progress import Progress, SilentProgress
from core.types.runs import RunState

from .facts import run_facts
from .provenance import contradictions, provenance


def export_run(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    out: Path,
    keep_fraction: float | None = None,
    branch: str = MAIN,
    options: ExportOptions = ExportOptions(),
) -> ExportReport:
    """Write the export; the same run, branch, rules and decisions give the same bytes from every caller.

    Rules that keep nothing or everything, or that empty a class, are refused (RulesError) until `options.confirmed`.
    """
    refuse_changed_source(run)
    view = score_view(run)
    if keep_fraction is not None:
        rules = keep_fraction_rules(rules, keep_fraction)
    outcome = apply_rules(view, rules, decisions)
    if keep_fraction is not None:
        refuse_without_order(rules, outcome)
    open_questions = () if options.confirmed else questions(view, rules, outcome)
    if open_questions:
        raise RulesError(open_questions[0], f"Change the rules or the share. {CONFIRM}")
    known = {**provenance(run, rules, decisions), "branch": branch, **_unfinished(run)}
    report = write_export(
        view,
        rules,
        decisions,
        known,
        run.examples.columns,
        Path(out),
        options,
        run_facts(run, typed=options.formats != ("csv",)),
    )
    return replace(report, checklist=export_checklist(run, view, rules, decisions, outcome))


def export_checklist(
    run: Run, view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome
) -> tuple[Line, ...]:
    """What to know before these rules and decisions are exported, the last check of them included."""
    check = check_of(run, rules, decisions)
    return checklist(view, rules, decisions, outcome, check, check is not None and same_decisions(check, decisions))


def _unfinished(run: Run) -> dict[str, str]:
    """{"unfinished": where it stands} of a run that may still get scores."""
    state = run.state()
    with suppress(RunError):  # a folder that this workspace does not know says itself where it stands
        state = status(run.run_id).state
    done = state in (RunState.FINISHED, RunState.INCOMPLETE)
    return {} if done else {"unfinished": f"{state.value}, with {len(run.score_names)} scores so far"}


def verify_export(
    folder: Path,
    run: Path | None = None,
    level: int = 3,
    progress: Progress | None = None,
    retrain: bool = False,
    trust: bool = False,
) -> list[LevelReport]:
    """Reports of the levels. The run is found by its id when not given: level 2 writes the files again from it, level 3
    repeats it in a scratch folder. A run that is named must open; one that is only found may be damaged.

    trust: allow the own code that the run's model is; without it such scores are not recomputed, which is said.
    """
    original, why_not = _run_of(Path(folder), run) if level >= 2 else (None, "")
    if original is None:
        return verify(folder, level, why_not=why_not)
    rows = RunRows(
        score_view(original), original.examples.columns, partial(contradictions, original), run_facts(original)
    )
    refusal = _refused_code(original, trust) or _of_library(original)
    if refusal is not None:
        return [_not_recomputed(report, refusal) for report in verify(folder, level, run=rows)]

    def recompute() -> Recomputed:
        with tempfile.TemporaryDirectory(prefix="chaffinch-verify-") as scratch:
            again = repeat_scores(original, Path(scratch) / "run", progress or SilentProgress(), retrain)
            scores = {name: np.array(again.score(name).values) for name in again.score_names}
            return Recomputed(again.examples.ids.tolist(), scores, again.examples.columns)

    anew = retrain or not (original.path / "work").is_dir()  # a shipped run has no evidence to read
    networks = anew and _trained_networks(original)
    reports = verify(folder, level, run=rows, recompute=recompute, trained_again=networks)
    return [_how(report, anew, networks) for report in reports]


def _refused_code(run: Run, trust: bool) -> ModelError | None:
    model = run.spec.training.model
    if trust:
        allow(run.run_id, model)
    try:
        refuse_unless_allowed(run.run_id, model)
    except ModelError as error:
        return error
    return None


def _of_library(run: Run) -> RunError | None:
    """Why scores of a notebook are not computed again here."""
    if run.card.get("made_by") != "library":
        return None
    return RunError("Scored by a notebook: what its scores were made of is not in the run.", "Repeat them there.")


def _not_recomputed(report: LevelReport, why: CurationError) -> LevelReport:
    if report.level < 3:
        return report
    return replace(report, text=" ".join(why.lines().splitlines()))


def _trained_networks(run: Run) -> bool:
    """Whether networks were trained for this run, whose weights end elsewhere on another machine."""
    own = not run.spec.training.weights and any((run.path / "model").glob("*.safetensors"))
    return own or "cross-fitted" in run.card.get("out_of_fold_model", "")


def _how(report: LevelReport, anew: bool, networks: bool) -> LevelReport:
    if report.level < 3 or report.ok is None:
        return report
    how = (
        "Networks trained again from the data"
        if networks
        else "Computed again from the data"
        if anew
        else "Computed again from the run's recorded evidence"
    )
    return replace(report, text=f"{how}: {report.text}")


def _run_of(folder: Path, run: Path | None) -> tuple[Run | None, str]:
    """The run that is named, or that the manifest names and this machine has; else why there is none."""
    if run is not None:
        return open_run(run), ""
    run_id = str(read_manifest(folder)["provenance"].get("run_id", ""))
    path = _known(run_id)
    if path is None:
        return None, "the run is not at hand"
    try:
        opened = open_run(path)
        opened.examples  # noqa: B018 a folder that does not read is as good as none
    except CurationError as error:
        return None, f"the run does not open ({error})"
    return opened, ""


def _known(run_id: str) -> Path | None:
    """The folder of a run of this workspace or of a sample, by its id: never a path that a manifest gives."""
    try:
        path = Path(run_registry().row(run_id).path)
    except RunError:
        return _sample_with(run_id)
    return path if is_run(path) else _sample_with(run_id)


def _sample_with(run_id: str) -> Path | None:
    from core.runs.folder.samples import sample_cards

    return next((card.run for card in sample_cards() if card.run and Run.open(card.run).run_id == run_id), None)
