"""Checks of the bundled samples: each comes with one, each can be made, and nothing is written where they lie."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core import actions
from core.cli import main
from core.datasets import SAMPLES
from core.runs.check import checks
from core.runs.folder import samples
from core.types.curation import Action, Change
from core.types.errors import RunError
from core.types.progress import SilentProgress

VERDICTS = ("better than random", "no different from random", "worse than random")
every_sample = pytest.mark.parametrize("name", [sample.name for sample in SAMPLES])


def files_below(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


@every_sample
def test_the_check_it_comes_with_answers_what_the_page_asks(name):
    """Made again by `python sample_data/make_samples.py check` when the default rules change."""
    run = actions.runs.open_run(name)
    rules = actions.rules.default_rules(actions.scores.score_view(run))
    (result,) = actions.checks.check_results(run)
    assert actions.checks.checks_rules(result, rules)
    assert any(verdict in result.verdict for verdict in VERDICTS)
    assert actions.checks.start_check(run, rules, {}, "quick", seeds=3) == result.key
    assert actions.checks.check_status(run) is None  # answered already: nothing was started


@every_sample
def test_a_quick_check_ends_in_a_verdict_and_leaves_the_sample_as_it_was(name, own_workspace, capsys):
    run = actions.runs.open_run(name)
    before = files_below(run.path)
    assert actions.checks.check_modes(run) == {"quick": "", "full": ""}
    assert main(["check", name, "--fractions", "0.5", "--seeds", "4"]) == 0
    said = capsys.readouterr().out
    assert any(verdict in said for verdict in VERDICTS)
    assert files_below(run.path) == before
    assert len(actions.checks.check_results(run)) == 2
    assert checks.check_folder(run).is_relative_to(own_workspace)
    assert list((own_workspace / "checks" / run.run_id).glob("*/result.json"))


def test_a_sample_that_one_has_decided_on_is_among_the_runs():
    run = actions.runs.open_run("digits")
    assert not actions.runs.list_runs()
    view = actions.scores.score_view(run)
    actions.curation.decide(run, [str(view.ids[3])], Change(Action.DROP), token="a")
    assert [(r.run_id, r.rows, r.path) for r in actions.runs.list_runs()] == [(run.run_id, len(view), run.path)]
    again = actions.runs.open_run(run.run_id)
    assert again.path == run.path
    assert len(actions.curation.curation_state(again).decisions) == 1
    assert samples.is_bundled(again)


def test_a_mode_that_a_run_cannot_have_is_refused_with_the_other(tmp_path):
    shutil.copytree(actions.runs.open_run("banking").path, tmp_path / "run")
    run = actions.runs.open_run(tmp_path / "run")
    assert not samples.is_bundled(run)
    rules = actions.rules.default_rules(actions.scores.score_view(run))
    lost = type(run)(run.path, {**run.card, "arrays": {}}, run.spec)
    (run.path / "arrays" / "embedding.npy").unlink()
    assert actions.checks.check_modes(lost) == {"quick": "This run has no embedding to train on.", "full": ""}
    with pytest.raises(RunError, match="quick check cannot be made") as refused:
        actions.checks.start_check(lost, rules, {}, "quick", seeds=5)
    assert "full" in refused.value.hint
    assert "--" not in refused.value.hint
    gone = type(run)(run.path, run.card, replace(run.spec, source=str(tmp_path / "nothing.csv")))
    assert "nothing.csv" in actions.checks.check_modes(gone)["full"]
    with pytest.raises(RunError, match="full check cannot be made"):
        actions.checks.check_here(gone, rules, {}, "full", (), 3, SilentProgress())
