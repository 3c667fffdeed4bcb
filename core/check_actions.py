"""What a person can do to find out whether a rule helps: checks, self-test, noise rate and report.

Like `core.actions`: importing is cheap, each function imports what it needs, and a refusal is a `CurationError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.store import MAIN, Run
from core.types.checks import CheckResult, NoiseRate, SelfTestResult
from core.types.curation import Decision, Rules
from core.types.progress import Progress
from core.types.runs import RunStatus

if TYPE_CHECKING:
    from core.curation import ScoreView


def check_modes(run: Run) -> dict[str, str]:
    """Mode ("quick", "full") -> why this run cannot have it; "" where it can."""
    from core.runs.checking import check_modes as modes

    return modes(run)


def check_here(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    mode: str,
    fractions: Sequence[float],
    seeds: int,
    progress: Progress,
) -> CheckResult:
    """Prune and retrain in this process; goes on with the same question asked before, a finished one is only read."""
    from core.runs import checking

    return checking.work_check(run, checking.ask_check(run, rules, decisions, mode, fractions, seeds), progress)


def resume_check_here(run: Run, key: str, progress: Progress) -> CheckResult:
    """Go on, in this process, with the check of that key."""
    from core.runs.checking import work_check

    return work_check(run, key, progress)


def start_check(run: Run, rules: Rules, decisions: Mapping[str, Decision], mode: str = "quick", seeds: int = 3) -> str:
    """Prune and retrain in a process of its own; returns the check's key (see `check_status`)."""
    from core.runs.checking import start_check as start

    return start(run, rules, decisions, mode, seeds=seeds)


def resume_check(run: Run, kind: str = "check") -> str:
    """Go on, in a process of its own, with the "check" or "selftest" asked last."""
    from core.runs import checking, self_testing

    return checking.resume_check(run) if kind == "check" else self_testing.resume_self_test(run)


def check_status(run: Run, kind: str = "check") -> RunStatus | None:
    """How the "check" or "selftest" of a run stands; None when none was started in this workspace."""
    from core.runs.background import job_status

    return job_status(run, kind)


def cancel_check(run: Run, kind: str = "check") -> None:
    """Ask it to stop; finished trainings stay."""
    from core.runs.background import job_id
    from core.runs.launch import cancel

    cancel(job_id(run, kind))


def check_results(run: Run) -> list[CheckResult]:
    """Finished checks, the last asked first."""
    from core.runs.checking import check_results as read

    return read(run)


def checks_rules(result: CheckResult, rules: Rules) -> bool:
    """Whether a check is of exactly these rules, the preset's name aside."""
    from core.runs.checking import same_rules

    return same_rules(result, rules)


def checks_decisions(result: CheckResult, decisions: Mapping[str, Decision]) -> bool:
    """Whether a check is of what these decisions keep and relabel."""
    from core.runs.checking import same_decisions

    return same_decisions(result, decisions)


def check_of(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> CheckResult | None:
    """The check that says most about these rules and decisions; None when these rules were never checked."""
    from core.runs.checking import check_of as found

    return found(run, rules, decisions)


def self_test_here(run: Run, flip: float, progress: Progress) -> SelfTestResult:
    """Plant label flips in a copy, score it, and see what each score finds; a finished one is only read."""
    from core.runs.self_testing import work_self_test

    return work_self_test(run, flip, progress)


def start_self_test(run: Run, flip: float = 0.05) -> str:
    """The same in a process of its own; returns its key (see `check_status(run, "selftest")`)."""
    from core.runs.self_testing import start_self_test as start

    return start(run, flip)


def self_test_result(run: Run) -> SelfTestResult | None:
    """The finished self-test of a run, if there is one."""
    from core.runs.self_testing import self_test_result as read

    return read(run)


def suggested_rules(rules: Rules, result: SelfTestResult) -> Rules:
    """`rules` with the weights that a self-test suggests; everything else stays."""
    from core.evaluation.self_test import with_suggested_weights

    return with_suggested_weights(rules, result)


def review_sample(view: ScoreView, per_stratum: int = 50) -> tuple[str, ...]:
    """Ids of a random sample of suspected and other training rows, to be reviewed for the noise rate."""
    from core.evaluation.noise import review_sample as sample

    return sample(view, per_stratum).ids


def sample_answers(view: ScoreView, decisions: Mapping[str, Decision]) -> dict[str, str]:
    """id -> "right", "wrong" or "unsure", for the rows of the sample that a person has answered."""
    from core.evaluation.noise import answers

    return answers(review_sample(view), decisions)


def answer_words(said: Decision | None) -> str:
    """The same of one decision, empty while it answers nothing."""
    from core.evaluation.noise import answer_words as words

    return words(said)


def noise_rate(view: ScoreView, decisions: Mapping[str, Decision], per_stratum: int = 50) -> NoiseRate:
    """Share of wrong labels from what was reviewed of the sample, with its interval; the model's doubt beside it."""
    from core.evaluation.noise import noise_rate as estimated

    return estimated(view, decisions, per_stratum)


def cut_rules(view: ScoreView, cut: int) -> Rules:
    """Rules that drop the `cut` most suspected rows (see `NoiseRate.cut`)."""
    from core.evaluation.noise import cut_rules as build

    return build(view, cut)


def report_text(run: Run, rules: Rules, decisions: Mapping[str, Decision], branch: str = MAIN) -> str:
    """The same page as text."""
    from core.export.report import page
    from core.runs.reporting import content

    return page(content(run, rules, decisions, branch))


def write_report(run: Run, rules: Rules, decisions: Mapping[str, Decision], out: Path, branch: str = MAIN) -> Path:
    """The checks of a run as one self-contained HTML file; `branch` is whose rules and decisions these are."""
    from core.runs.reporting import write_report as written

    return written(run, rules, decisions, out, branch)
