"""The commands `check`, `selftest` and `report`: does a rule help, which scores find errors, and both as a page."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from core import actions
from core.types.checks import CheckResult, Comparison, ScoreRecall, SelfTestResult
from core.types.curation import Decision, Rules

from . import words
from .commands import opened
from .curation import chosen_rules
from .progress import shown_progress
from .say import say, say_json


def check(asked: Namespace) -> None:
    """The rule against matched random and against all data."""
    run = opened(asked)
    with shown_progress(asked.quiet or asked.json) as progress:
        if asked.resume:
            result = actions.checks.resume_check_here(run, asked.resume, progress)
        else:
            rules, decisions = _rules_of(asked, run)
            result = actions.checks.check_here(
                run, rules, decisions, asked.mode, asked.fractions, asked.seeds, progress, asked.sample_weight or ""
            )
    if asked.json:
        say_json(result.to_json())
    elif not asked.quiet:
        print_check(result)


def selftest(asked: Namespace) -> None:
    """Planted flips, and what each score finds of them."""
    run = opened(asked)
    with shown_progress(asked.quiet or asked.json) as progress:
        result = actions.checks.self_test_here(run, asked.flip, progress)
    if asked.json:
        say_json(result.to_json())
    elif not asked.quiet:
        print_self_test(result)


def report(asked: Namespace) -> None:
    """Everything known about a run's checks as one HTML file."""
    run = opened(asked)
    rules, decisions = _rules_of(asked, run)
    say(actions.exports.write_report(run, rules, decisions, asked.out, asked.branch))


def _rules_of(asked: Namespace, run: actions.runs.Run) -> tuple[Rules, Mapping[str, Decision]]:
    """As for an export: given, preset, saved, or the usual ones."""
    return chosen_rules(asked, run, actions.scores.score_view(run))


_AGAINST = {"random": "random", "weighted": "with weights"}


def print_check(result: CheckResult) -> None:
    """Table of the arms, the verdict, the smallest subset, and what to know about it."""
    steps = f"{result.steps:,} optimizer steps each" if result.steps else "no fixed number of steps"
    say(f"{result.mode} check with {result.learner}; {steps}, {result.seeds} seeds", gap=True)
    say(f"accuracy on {result.held_out_is}")
    versus = {(c.against, c.rows): c for c in result.comparisons}
    lines = [("kept", "rows", "arm", "accuracy", "95 % band", "worst class", "rule minus it (95 %)", "the rule is")]
    for p in result.points:
        against = versus.get((p.arm, p.rows)) if p.arm in ("random", "weighted") else None
        lines.append(
            (
                f"{p.fraction:.1%}",
                f"{p.rows:,}",
                p.arm,
                f"{p.mean:.2%}",
                f"{p.low:.2%}-{p.high:.2%}",
                f"{p.worst_accuracy:.1%} {p.worst_class}",
                _points(against) if against else "",
                f"{against.verdict} {_AGAINST[p.arm]}" if against else "",
            )
        )
    words.print_columns(lines, left=0)
    say(result.verdict, gap=True)
    if result.weighed:
        say(result.weighed)
    say(result.smallest.text)
    for note in result.notes:
        say(f"note: {note}")


def _points(comparison: Comparison) -> str:
    return f"{100 * comparison.difference:+.2f} ({100 * comparison.low:+.2f} to {100 * comparison.high:+.2f})"


def print_self_test(result: SelfTestResult) -> None:
    """Recall of each score, the suggested weights, and their gain."""
    say(
        f"{result.flips:,} labels of {result.rows:,} training rows flipped ({result.flip:.0%}); share found "
        "among the most suspected",
        gap=True,
    )
    ordered = sorted(result.scores, key=lambda s: -s.auroc)
    shares = (f"{share:.0%} inspected" for share in result.scores[0].inspected)
    head = ("ranking", *shares, "average precision", "AUROC", "weight")
    words.print_columns([head, *(_recalled(s, result) for s in (*result.composites, *ordered))])
    for gain in result.gains:
        say(gain.text)
    for name, why in result.not_tested.items():
        say(f"not tested: {name} ({why})")
    for note in result.notes:
        say(f"note: {note}")


def _recalled(score: ScoreRecall, result: SelfTestResult) -> tuple[str, ...]:
    ends = zip(score.recall, score.low, score.high, strict=True)
    recalls = (f"{share:.0%} ({low:.0%}-{high:.0%})" for share, low, high in ends)
    weight = f"{result.weights[score.name]:.3f}" if score.name in result.weights else ""
    return score.name, *recalls, f"{score.average_precision:.3f}", f"{score.auroc:.3f}", weight
