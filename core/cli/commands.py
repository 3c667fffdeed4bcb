"""Commands on data and runs: parse has happened, now one action and its words."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from core import actions
from core.types.errors import CurationError, by_reason
from core.types.examples import Roles
from core.types.image_format import with_image_format
from core.types.runs import BEST, RunSpec, RunState, TrainingSpec

from . import words
from .progress import shown_progress
from .recorded import recorded_from
from .say import complain, say, say_csv, say_json, say_text

EXIT_INCOMPLETE = 1  # not 2, an error in words: the run is there, and some of its scores are missing


def run(asked: Namespace) -> int:
    """Score a dataset into a run folder. Own code that this very command line names is consented to."""
    spec = spec_from(asked)
    if asked.decisions_from is not None:
        spec = actions.rounds.with_decisions(spec, actions.runs.open_run(asked.decisions_from))
    return _work(spec, asked.out, asked.quiet, asked.truth, trust=True)


def resume(asked: Namespace) -> int:
    """Go on with a run, in this process."""
    run = opened(asked)
    return _work(run.spec, run.path, asked.quiet)


def opened(asked: Namespace) -> actions.runs.Run:
    """The run that was named; --trust allows the code that its model is, on this machine from now on."""
    run = actions.runs.open_run(asked.run)
    if asked.trust:
        actions.runs.allow_code(run)
    return run


def _work(spec: RunSpec, out: Path, quiet: bool, truth: Path | None = None, trust: bool = False) -> int:
    if truth is not None and not truth.is_file():
        raise CurationError(f"No such answer key: {truth}.", "Give a CSV: example_id,is_fault.")
    if not quiet:
        for line in actions.runs.said_of_vectors(spec):
            say(line)
    before = actions.runs.state_of(out)
    with shown_progress(quiet) as progress:
        # own code is looked for where the person stands
        done = actions.runs.run_here(spec, out, progress, truth, trust, code_folder=Path.cwd(), ends_process=True)
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
        device="" if asked.device == "auto" else asked.device,
        encoder=asked.encoder or "",
        judge=BEST if asked.judge == BEST or (asked.encoder and asked.judge is None) else "",
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
        recorded=recorded_from(asked),
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
    recorded = recorded_from(asked)
    report = actions.data.report_source(
        asked.source, asked.modality, roles_from(asked), asked.labels, asked.class_map, recorded
    )
    words.print_report(report)


def methods(asked: Namespace) -> None:
    """The registered scores."""
    if asked.markdown:
        say_text(actions.methods.scores_markdown())
        return
    facts = actions.methods.score_facts()
    if asked.json:
        say_json(facts)
    else:
        words.print_methods(facts)


def table(asked: Namespace) -> None:
    """Every example with every score, as CSV."""
    frame = actions.scores.scores_table(actions.runs.open_run(asked.run))
    if asked.csv is None:
        say_csv(actions.scores.spreadsheet_csv(frame))
    else:
        actions.scores.save_csv(frame, asked.csv)
        say(f"{asked.csv}: {len(frame):,} rows, {len(frame.columns)} columns")


def rank(asked: Namespace) -> None:
    """The rows that deserve a look first."""
    run = actions.runs.open_run(asked.run)
    words.print_frame(actions.scores.ranked(run, asked.score, asked.top))
    words.print_judges(run)


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
