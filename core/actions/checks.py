"""Does a rule help? Checks (prune and retrain beside matched random) and self-tests (planted label flips)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.evaluation.self_test import with_suggested_weights
from core.export import check_figures
from core.runs.check import checks, self_tests
from core.runs.watch import background_tasks, launch
from core.store import Run
from core.types.checks import CheckResult, SelfTestResult
from core.types.curation import Decision, Rules
from core.types.progress import Progress
from core.types.runs import RunStatus


def check_modes(run: Run) -> dict[str, str]:
    """Mode ("quick", "full") -> why this run cannot have it; "" where it can."""
    return checks.check_modes(run)


def check_here(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    mode: str,
    fractions: Sequence[float],
    seeds: int,
    progress: Progress,
    weight: str = "",
) -> CheckResult:
    """Prune and retrain in this process; the same check is resumed, or only read where it is finished.

    weight: for training, by its name: the rule's rows are trained on with it, too.
    """
    return checks.work_check(run, checks.ask_check(run, rules, decisions, mode, fractions, seeds, weight), progress)


def resume_check_here(run: Run, key: str, progress: Progress) -> CheckResult:
    """Go on, in this process, with the check of that key."""
    return checks.work_check(run, key, progress)


def start_check(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    mode: str = "quick",
    seeds: int = 3,
    weight: str = "",
) -> str:
    """Prune and retrain in its own process; returns the check's key (see `check_status`)."""
    return checks.start_check(run, rules, decisions, mode, seeds=seeds, weight=weight)


def resume_check(run: Run, kind: str = "check") -> str:
    """Go on, in its own process, with the "check" or "selftest" asked last."""
    return checks.resume_check(run) if kind == "check" else self_tests.resume_self_test(run)


def check_status(run: Run, kind: str = "check") -> RunStatus | None:
    """How the "check" or "selftest" of a run stands; None when none was started in this workspace."""
    return background_tasks.task_status(run, kind)


def cancel_check(run: Run, kind: str = "check") -> None:
    """Ask it to stop; finished trainings stay."""
    launch.cancel(background_tasks.task_id(run, kind))


def check_results(run: Run) -> list[CheckResult]:
    """Finished checks, the last asked first."""
    return checks.check_results(run)


def checks_rules(result: CheckResult, rules: Rules) -> bool:
    """Whether a check is of exactly these rules, the preset's name aside."""
    return checks.same_rules(result, rules)


def checks_decisions(result: CheckResult, decisions: Mapping[str, Decision]) -> bool:
    """Whether a check is of what these decisions keep and relabel."""
    return checks.same_decisions(result, decisions)


def check_of(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> CheckResult | None:
    """The check that says most about these rules and decisions; None when these rules were never checked."""
    return checks.check_of(run, rules, decisions)


def self_test_here(run: Run, flip: float, progress: Progress) -> SelfTestResult:
    """Plant label flips in a copy, score it, and see what each score finds; a finished one is only read."""
    return self_tests.work_self_test(run, flip, progress)


def start_self_test(run: Run, flip: float = 0.05) -> str:
    """The same in its own process; returns its key (see `check_status(run, "selftest")`)."""
    return self_tests.start_self_test(run, flip)


def self_test_result(run: Run) -> SelfTestResult | None:
    """The finished self-test of a run, if there is one."""
    return self_tests.self_test_result(run)


def suggested_rules(rules: Rules, result: SelfTestResult) -> Rules:
    """`rules` with the weights that a self-test suggests; everything else stays."""
    return with_suggested_weights(rules, result)


# -- as tables and charts --------------------------------------------------------------------------------------------


def check_table(result: CheckResult) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Column titles, and one row of text per arm and size."""
    return check_figures.CHECK_HEAD, check_figures.check_rows(result)


def check_figure(result: CheckResult) -> dict[str, Any]:
    """Accuracy over the share kept, for Plotly: a line with a band for rule and random, all data as a line across."""
    return check_figures.check_figure(result)


def recall_table(result: SelfTestResult) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Column titles, and one row of text per score, the best first."""
    return check_figures.recall_head(result), check_figures.recall_rows(result)


def recall_figure(result: SelfTestResult) -> dict[str, Any]:
    """A bar per score and share inspected, with intervals, for Plotly."""
    return check_figures.recall_figure(result)
