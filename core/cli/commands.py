"""One function per command: parse has happened, now one action and its words."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import actions
from core.types.curation import Decision, Rules
from core.types.errors import CurationError, by_reason
from core.types.examples import Roles
from core.types.image_format import with_image_format
from core.types.runs import RunSpec, RunState, TrainingSpec

from . import words
from .say import complain, say, say_csv, say_json, say_text

EXIT_INCOMPLETE = 1
NEAR_DUPLICATES = {"ask": "keep_best", "drop": "keep_best_agreed", "keep": "exact"}


def run(asked: Namespace) -> int:
    """Score a dataset into a run folder."""
    spec = spec_from(asked)
    # own code that is named on this very command line is consented to, and looked for where the person stands
    consent = actions.runs.named_code(asked.model, Path.cwd())
    return _work(spec, asked.out, asked.quiet, asked.truth, consent)


def resume(asked: Namespace) -> int:
    """Go on with a run, in this process."""
    run = opened(asked)
    return _work(run.spec, run.path, asked.quiet, None)


def opened(asked: Namespace) -> actions.runs.Run:
    """The run that was named; --trust allows the code that its model is, on this machine from now on."""
    run = actions.runs.open_run(asked.run)
    if asked.trust:
        actions.runs.allow_code(run)
    return run


def _work(spec: RunSpec, out: Path, quiet: bool, truth: Path | None, consent: Any = None) -> int:
    from core.runs.progress import terminal_progress
    from core.runs.watched_run import run_watched

    if truth is not None and not truth.is_file():
        raise CurationError(f"No such answer key: {truth}.", "Give a CSV: example_id,is_fault.")
    before = _state_of(out)
    progress = terminal_progress(quiet)
    try:
        done = run_watched(spec, out, progress, truth, consent, ends_process=True)
    finally:
        progress.close()
    if not quiet:
        if before is RunState.FINISHED:
            say(f"{out} is already finished: the same question about the same data. Nothing was computed again.")
        words.print_run(done)
        if truth is not None:
            words.print_evaluation(actions.scores.evaluate_run(done, truth))
    if done.state() is not RunState.INCOMPLETE:
        return 0
    if quiet:  # quiet, not mute: what is missing is said
        complain(*(f"{', '.join(names)}: {why}" for names, why in by_reason(done.card.get("problems", {}))))
    return EXIT_INCOMPLETE


def _state_of(out: Path) -> RunState | None:
    from core.store.runs import is_run

    return actions.runs.open_run(out).state() if is_run(out) else None


def spec_from(asked: Namespace) -> RunSpec:
    """The question that the flags ask."""
    settings = dict(asked.settings)
    trained = TrainingSpec(
        model=asked.model,
        model_params=settings.pop("model", {}),
        epochs=asked.epochs,
        batch_size=asked.batch_size,
        learning_rate=asked.learning_rate,
        weight_decay=asked.weight_decay,
        weights=tuple(map(str, asked.weights)),
        **{name: value for name in ("seeds", "folds", "checkpoints") if (value := getattr(asked, name)) is not None},
        bf16=asked.bf16,
    )
    training = with_image_format(trained, asked.image_size, asked.mean, asked.std)
    return RunSpec(
        source=asked.source,
        modality=asked.modality,
        roles=roles_from(asked),
        labels=asked.labels,
        class_map=asked.class_map,
        scores=asked.scores,
        score_params=settings,
        training=training,
        seed=asked.seed,
        embedding=asked.embedding,
        map=not asked.no_map,
        threads=asked.threads,
        memory=asked.memory,
    )


def roles_from(asked: Namespace) -> Roles:
    """The roles that were given; the rest is guessed when the data is read."""
    return Roles(
        inputs=asked.inputs,
        id=asked.id,
        label=asked.label,
        text=asked.text,
        split=asked.split,
        group=asked.group,
        path=asked.path,
        features=asked.features,
    )


def status(asked: Namespace) -> None:
    """One run, or all."""
    if asked.run is None:
        words.print_runs(actions.runs.list_runs())
    else:
        words.print_status(actions.runs.run_status(_run_id(asked.run)))


def cancel(asked: Namespace) -> None:
    """Raise the flag that the run looks at."""
    run_id = _run_id(asked.run)
    actions.runs.cancel_run(run_id)
    say(f"Asked {run_id} to stop. What is finished is kept.")


def _run_id(run: str) -> str:
    return actions.runs.open_run(run).run_id if Path(run).exists() else run


def inspect(asked: Namespace) -> None:
    """What a source holds; it may be a stranger's, so that a process with limits reads it."""
    words.print_preview(actions.data.preview_source(asked.source, asked.modality, roles_from(asked), asked.labels))
    words.print_report(actions.data.report_source(asked.source, asked.modality, roles_from(asked), asked.labels))


def methods(asked: Namespace) -> None:
    """The registered scores."""
    from core.runs.catalogue import method_facts, scores_markdown

    if asked.markdown:
        say_text(scores_markdown())
        return
    facts = [method_facts(method) for method in actions.methods.scores()]
    if asked.json:
        say_json(facts)
    else:
        words.print_methods(facts)


def table(asked: Namespace) -> None:
    """Every example with every score, as CSV."""
    frame = actions.scores.scores_table(actions.runs.open_run(asked.run))
    text = actions.scores.spreadsheet_csv(frame)
    if asked.csv is None:
        say_csv(text)
    else:
        from core.store.atomic import write_bytes

        write_bytes(asked.csv, text.encode())
        say(f"{asked.csv}: {len(frame):,} rows, {len(frame.columns)} columns")


def rank(asked: Namespace) -> None:
    """The rows that deserve a look first."""
    words.print_frame(actions.scores.ranked(actions.runs.open_run(asked.run), asked.score, asked.top))


def plant(asked: Namespace) -> None:
    """A copy with known faults."""
    done = actions.data.plant(
        asked.source,
        asked.flip,
        asked.seed,
        asked.out,
        duplicates=asked.duplicates,
        modality=asked.modality,
        roles=roles_from(asked),
    )
    say(f"{done.data}: {done.rows:,} rows, {done.flipped:,} labels flipped, {done.duplicates:,} near-duplicates")
    say(f"{done.key}: the answer key")
    if done.neutralised:
        say(f"{done.neutralised:,} cells begin with an apostrophe now: a spreadsheet would run them. JSONL has none.")


def evaluate(asked: Namespace) -> None:
    """Scores against an answer key."""
    figures = actions.scores.evaluate_run(actions.runs.open_run(asked.run), asked.truth)
    if asked.json:
        say_json(figures)
    else:
        words.print_evaluation(figures)


def export(asked: Namespace) -> None:
    """Files out, by the rules given, saved or usual."""
    run = actions.runs.open_run(asked.run)
    rules, decisions = chosen_rules(asked, run, actions.scores.score_view(run))
    done = actions.exports.export_run(
        run,
        rules,
        decisions,
        asked.out,
        asked.keep_fraction,
        asked.branch,
        formats=asked.formats,
        spreadsheet_safe=asked.spreadsheet_safe,
        confirmed=asked.yes,
    )
    words.print_export(done, asked.out)


def chosen_rules(asked: Namespace, run: actions.runs.Run, view: Any) -> tuple[Rules, Mapping[str, Decision]]:
    """The rules that the flags name, else the saved, else the usual ones; and the decisions unless left out."""
    state = actions.curation.curation_state(run, asked.branch)
    decisions = {} if asked.no_decisions else state.decisions
    if asked.rules is not None:
        rules = actions.rules.rules_in(asked.rules)
    elif asked.preset is not None:
        rules = actions.rules.preset_named(asked.preset).build(view)
    else:
        rules = state.rules or actions.rules.default_rules(view)
    return _adjusted(rules, asked), decisions


def _adjusted(rules: Rules, asked: Namespace) -> Rules:
    """The rules with what single flags say instead."""
    similarity = asked.duplicate_similarity
    guard = {"duplicates": NEAR_DUPLICATES.get(asked.near_duplicates), "duplicate_similarity": similarity}
    own = {"transform": asked.normalise, "aggregator": asked.aggregator}
    guard, own = ({k: v for k, v in given.items() if v is not None} for given in (guard, own))
    if not guard and not own:
        return rules
    return replace(rules, preset=None, guardrails=replace(rules.guardrails, **guard), **own)


def verify(asked: Namespace) -> None:
    """The three levels, one line each; the first difference named."""
    from core.runs.progress import terminal_progress

    progress = terminal_progress(asked.quiet)
    try:
        reports = actions.exports.verify_export(
            asked.folder, asked.run, asked.level, progress, asked.retrain, asked.trust
        )
    finally:
        progress.close()
    words.print_levels(reports)
    actions.exports.raise_if_failed(reports)


def settings_help() -> str:
    """The settings of each score, drawn from its parameters."""
    from dataclasses import fields

    lines = ["settings of single scores (and of the model, as --model.NAME VALUE):"]
    for method in actions.methods.scores():
        for spec in fields(method.params):
            meta = spec.metadata
            lines.append(
                f"  --{method.name}.{spec.name} {spec.default!r:12} {meta.get('label', '')}. {meta.get('help', '')}"
            )
    return "\n".join(lines).replace("%", "%%")
