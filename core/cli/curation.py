"""Commands on rules: what they say and do, how rows divide under them, files out, and files checked."""

from __future__ import annotations

import secrets
from argparse import Namespace
from collections.abc import Mapping

from core import actions
from core.types.curation import Decision, Rules
from core.types.exports import ExportOptions

from . import words
from .progress import shown_progress
from .say import say, say_json

NEAR_DUPLICATES = {"ask": "keep_best", "drop": "keep_best_agreed", "keep": "exact"}


def rules(asked: Namespace) -> None:
    """The rules in words, and what they and the decisions do to the rows."""
    run = actions.runs.open_run(asked.run)
    view = actions.scores.score_view(run)
    chosen, decisions = chosen_rules(asked, run, view)
    if asked.json:
        say_json(chosen.to_json())
        return
    words.print_rules(actions.rules.rules_words(chosen))
    outcome = actions.outcomes.outcome(view, chosen, decisions)
    words.print_outcome(outcome, actions.outcomes.sources_words(outcome))


def facets(asked: Namespace) -> None:
    """Each way to divide the rows, with how many rows and kept rows have each value."""
    run = actions.runs.open_run(asked.run)
    view = actions.scores.score_view(run)
    outcome = actions.outcomes.outcome(view, *chosen_rules(asked, run, view))
    counted = actions.facets.facet_counts(run, view, outcome)
    if asked.json:
        say_json([each.to_json() for each in counted])
    else:
        words.print_facets(counted)


def decide(asked: Namespace) -> None:
    """Apply the answers of a file, all or none; or take over another run's decisions; or say which would fit."""
    run = actions.runs.open_run(asked.run)
    if asked.answers is None:
        words.print_offers(actions.rounds.offers(run))
        return
    other = actions.rounds.named_run(asked.answers)
    if other is not None:
        _, carried = actions.rounds.carry_over(run, other, token=secrets.token_hex(8), branch=asked.branch)
        say(f"From {other.run_id}: {carried.words}.")
        return
    state, changes = actions.curation.decide_from(run, asked.answers, token=secrets.token_hex(8), branch=asked.branch)
    words.print_answers(asked.answers, changes, len(state.decisions))


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
        ExportOptions(tuple(asked.formats), asked.spreadsheet_safe, asked.yes, asked.sample_weight or ""),
    )
    words.print_export(done, asked.out)


def verify(asked: Namespace) -> None:
    """The three levels, one line each; the first difference named."""
    with shown_progress(asked.quiet) as progress:
        reports = actions.exports.verify_export(
            asked.folder, asked.run, asked.level, progress, asked.retrain, asked.trust
        )
    words.print_levels(reports)
    actions.exports.raise_if_failed(reports)


def chosen_rules(
    asked: Namespace, run: actions.runs.Run, view: actions.scores.ScoreView
) -> tuple[Rules, Mapping[str, Decision]]:
    """Rules and decisions of a branch, with what the flags say instead."""
    state = actions.curation.curation_state(run, asked.branch)
    rules = actions.rules.chosen_rules(view, asked.rules, asked.preset, state.rules)
    changed = actions.rules.with_settings(
        rules,
        transform=asked.normalise,
        aggregator=asked.aggregator,
        duplicates=NEAR_DUPLICATES.get(asked.near_duplicates),
        duplicate_similarity=asked.duplicate_similarity,
    )
    return changed, {} if asked.no_decisions else state.decisions
