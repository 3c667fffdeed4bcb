"""The step Check: what it asks, what it shows of kept results, and what its buttons do."""

import shutil

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.curation import apply_rules
from core.runs.watch import launch
from core.types.curation import Action, Change
from core.types.progress import SilentProgress


@pytest.fixture
def copied(run_of, tmp_path):
    """A run of its own for each test: checks are kept in the run's folder."""
    shutil.copytree(run_of("table"), tmp_path / "run")
    return tmp_path / "run"


def checked(folder):
    run = actions.runs.open_run(folder)
    view = actions.scores.score_view(run)
    rules = actions.rules.default_rules(view)
    return run, view, actions.checks.check_here(run, rules, {}, "quick", (0.6, 0.4), 3, SilentProgress())


def test_before_the_first_check_it_says_what_to_do(copied):
    at = screen("check", copied)
    assert not at.exception
    assert "No check yet" in words(at)
    assert {"start_check", "start_selftest", "review_sample"} <= {button.key for button in at.button}


def test_a_kept_check_is_shown_with_its_verdict_and_table(copied):
    _, _, result = checked(copied)
    at = screen("check", copied)
    assert not at.exception
    said = words(at)
    assert result.verdict.replace("<", "&lt;") in said
    assert result.smallest.text in said
    assert "the present rules" in at.selectbox(key=at.selectbox[-1].key).options[0]
    table = next(frame.value for frame in at.dataframe if "arm" in frame.value.columns)
    assert len(table) == len(result.points)


def test_the_same_question_twice_starts_nothing(copied):
    _, _, result = checked(copied)
    run = actions.runs.open_run(copied)
    rules = actions.rules.default_rules(actions.scores.score_view(run))
    key = actions.checks.start_check(run, rules, {}, "quick", seeds=4)  # another question: it runs
    background = launch._CHILDREN.pop(f"{run.run_id}/check")
    background.wait(60)
    assert len(actions.checks.check_results(run)) == 2
    at = screen("check", copied)
    at.number_input(key="check_seeds").set_value(4)
    at.button(key="start_check").click().run()
    assert "Checked before" in words(at)
    assert not launch._CHILDREN
    assert actions.checks.check_results(run)[0].key == key != result.key


def test_a_check_of_other_rules_says_so(copied):
    run, view, _ = checked(copied)
    actions.curation.save_rules(run, actions.rules.preset_named("balanced_half").build(view), token="t")
    assert "other rules than the present ones" in words(screen("check", copied))


def test_a_check_made_before_a_decision_says_so_everywhere(copied):
    run, view, result = checked(copied)
    assert _last_line(run, view)[1] == f"Checked: {result.verdict}"
    name = str(view.ids[np.flatnonzero(~view.held_out)[0]])
    actions.curation.decide(run, [name], Change(note="looked at", reviewed=True), token="note")
    assert _last_line(run, view)[1] == f"Checked: {result.verdict}", "a note keeps and drops nothing"
    actions.curation.decide(run, [name], Change(Action.DROP), token="drop")
    assert _last_line(run, view) == ("amber", f"Checked with other decisions than the present ones: {result.verdict}")
    said = screen("check", copied)
    assert "other decisions than the present ones: check again" in words(said)
    assert said.selectbox[-1].options[0].endswith("(the present rules, other decisions)")
    rules, decisions = actions.rules.default_rules(view), actions.curation.curation_state(run).decisions
    assert "made with other decisions" in actions.exports.report_text(run, rules, decisions)


def _last_line(run, view):
    """Of the checklist before an export."""
    curation, rules = actions.curation.curation_state(run), actions.rules.default_rules(view)
    outcome = apply_rules(view, rules, curation.decisions)
    return actions.exports.export_checklist(run, view, rules, curation.decisions, outcome)[-1]


def test_suggested_weights_are_saved_as_rules(copied):
    run = actions.runs.open_run(copied)
    result = actions.checks.self_test_here(run, 0.25, SilentProgress())
    at = screen("check", copied)
    assert not at.exception
    at.button(key="apply_suggested").click().run()
    saved = actions.curation.curation_state(run).rules
    assert {n: w for n, w in saved.score_weights.items() if n in result.weights} == result.weights
    assert at.button(key="apply_suggested").disabled
    assert "in use" in at.button(key="apply_suggested").label


def test_reviewed_rows_give_a_noise_rate_with_its_interval(copied):
    run = actions.runs.open_run(copied)
    view = actions.scores.score_view(run)
    ids = actions.noise.review_sample(view)
    actions.curation.decide(run, ids[:40], Change(Action.KEEP, reviewed=True, sampled=True), token="a")
    actions.curation.decide(run, ids[40:], Change(Action.DROP, reviewed=True, sampled=True), token="b")
    found = actions.noise.noise_rate(view, actions.curation.curation_state(run).decisions)
    assert found.share == pytest.approx(8 / 48)
    assert found.text in words(screen("check", copied))


def test_a_stopped_self_test_goes_on_with_its_own_share(copied, monkeypatch):
    from core.runs.check import self_tests

    asked = []
    monkeypatch.setattr(self_tests, "launch_task", lambda run, kind, folder, arguments: asked.append(arguments))
    run = actions.runs.open_run(copied)
    at = screen("check", copied)
    at.number_input(key="selftest_share").set_value(12.0).run()
    at.button(key="start_selftest").click().run()
    folder = next((copied / "check").glob("selftest-*"))
    self_tests.run_registry().register(f"{run.run_id}/selftest", folder)  # as the process does when it starts
    actions.checks.resume_check(run, "selftest")
    shares = [arguments[arguments.index("--flip") + 1] for arguments in asked]
    assert shares == ["0.12", "0.12"]


def test_a_mode_that_a_run_cannot_have_is_not_offered(copied):
    (copied / "arrays" / "embedding.npy").unlink()
    at = screen("check", copied)
    assert "Quick is not offered. This run has no embedding to train on." in words(at)
    assert len(at.selectbox(key="check_mode").options) == 1


def test_a_sample_opens_with_its_verdict():
    at = screen("check", "banking")
    result = actions.checks.check_results(actions.runs.open_run("banking"))[0]
    assert result.verdict.replace("<", "&lt;") in words(at)
    at.button(key="start_check").click().run()
    assert "Checked before" in words(at)
