"""check and selftest on a terminal, kept in the run's folder, read back, stopped and gone on with."""

import json
import shutil

import pytest
from worlds import write_images, write_table, write_texts

from core import actions
from core.cli import main
from core.runs.check import checks
from core.runs.watch import background_tasks, launch
from core.store.atomic import read_json
from core.types.checks import CheckResult, SelfTestResult
from core.types.errors import Cancelled
from core.types.progress import SilentProgress
from core.types.runs import RunState

QUICK = ["--epochs", "2", "--seeds", "1", "--folds", "3", "--checkpoints", "1", "--no-map", "--threads", "1"]
SCORES = ["--scores", "el2n,aum,label_quality,knn_shapley,duplicate_similarity"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A finished run of a tiny table with a held-out split."""
    folder = tmp_path_factory.mktemp("scored")
    data, _ = write_table(folder, rows=300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
        assert main(["run", str(data), "--out", str(folder / "run"), "--quiet", *QUICK, *SCORES]) == 0
    return folder / "run"


@pytest.fixture
def scored(original, tmp_path):
    """A copy of that run without checks."""
    shutil.copytree(original, tmp_path / "run")
    return tmp_path / "run"


def say(capsys, *words):
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_quick_check_says_its_verdict_and_is_kept(scored, capsys):
    code, out, err = say(capsys, "check", scored, "--preset", "remove_label_errors", "--fractions", "0.5", "--quiet")
    assert (code, out) == (0, ""), err
    code, out, _ = say(capsys, "check", scored, "--preset", "remove_label_errors", "--fractions", "0.5", "--json")
    result = CheckResult.from_json(json.loads(out))
    run = actions.runs.open_run(scored)
    assert actions.checks.check_results(run) == [result]
    assert result.held_out == 60
    assert result.seeds == 3
    assert {p.arm for p in result.points} == {"rule", "random", "all"}
    out = say(capsys, "check", scored, "--preset", "remove_label_errors", "--fractions", "0.5")[1]
    assert result.verdict in out
    assert "better than" in out or "no different from" in out or "worse than" in out
    of_these, of_others = (
        checks.check_of(run, actions.rules.preset_named(name).build(actions.scores.score_view(run)), {})
        for name in ("remove_label_errors", "balanced_half")
    )
    assert of_these == result
    assert of_others is None


@pytest.mark.parametrize("write", [write_table, write_texts, write_images])
def test_a_full_check_trains_the_runs_model_in_equal_steps(write, tmp_path, capsys):
    data, _ = write(tmp_path, rows=120)
    assert main(["run", str(data), "--out", str(tmp_path / "run"), "--quiet", *QUICK, *SCORES]) == 0
    run = actions.runs.open_run(tmp_path / "run")
    key = checks.ask_check(run, actions.rules.default_rules(actions.scores.score_view(run)), {}, "full", (0.5,), 3)
    done, total = [0], [0]

    class Counting(SilentProgress):
        def stage(self, title, steps):
            total[0] = steps

        def advance(self, steps=1):
            done[0] += steps

    result = actions.checks.resume_check_here(run, key, Counting())
    trainings = 3 * (1 + 2 * len({c.rows for c in result.comparisons}))
    assert result.steps is not None
    assert done[0] == total[0] == trainings * result.steps
    assert "epochs" in result.learner
    if write is not write_table:
        assert "set aside" in result.held_out_is


def test_a_cancelled_full_check_goes_on_from_its_finished_trainings(scored):
    run = actions.runs.open_run(scored)
    key = checks.ask_check(run, actions.rules.default_rules(actions.scores.score_view(run)), {}, "full", (0.5,), 3)
    steps = [0]

    class Stopping(SilentProgress):
        def advance(self, count=1):
            steps[0] += count
            if steps[0] > 9:
                raise Cancelled

    with pytest.raises(Cancelled):
        actions.checks.resume_check_here(run, key, Stopping())
    assert actions.checks.check_status(run).state is RunState.CANCELLED
    pieces = checks.check_folder(run) / key / "pieces"
    before = {p.name: p.stat().st_mtime_ns for p in pieces.iterdir()}
    assert before
    assert actions.checks.check_results(run) == []
    result = actions.checks.resume_check_here(run, key, SilentProgress())
    assert actions.checks.check_results(run) == [result]
    assert {name: (pieces / name).stat().st_mtime_ns for name in before} == before
    assert actions.checks.check_status(run).state is RunState.FINISHED


def test_a_check_in_its_own_process_can_be_watched(scored):
    import time

    run = actions.runs.open_run(scored)
    rules = actions.rules.default_rules(actions.scores.score_view(run))
    key = actions.checks.start_check(run, rules, {}, "quick")
    for _ in range(6_000):
        if actions.checks.check_status(run).state not in (RunState.WAITING, RunState.RUNNING):
            break
        time.sleep(0.1)
    said = (run.path / "check" / key / "log.txt").read_text()
    assert actions.checks.check_status(run).state is RunState.FINISHED, said
    assert [r.key for r in actions.checks.check_results(run)] == [key]
    assert actions.runs.list_runs() == []  # a check is no run
    launch._CHILDREN.pop(background_tasks.task_id(run, "check")).wait(30)


def test_a_self_test_finds_planted_flips_and_its_weights_apply(scored, capsys):
    code, out, err = say(capsys, "selftest", scored, "--flip", "0.1", "--json")
    assert code == 0, err
    result = SelfTestResult.from_json(json.loads(out))
    run = actions.runs.open_run(scored)
    assert actions.checks.self_test_result(run) == result
    assert result.flips == 24
    assert {s.name for s in result.scores} == {"el2n", "aum", "label_quality", "knn_shapley"}
    assert set(result.not_tested) == {"duplicate_similarity"}
    assert not (run.path / "check" / result.key / "evidence").exists()
    rules = actions.checks.suggested_rules(actions.rules.default_rules(actions.scores.score_view(run)), result)
    assert actions.outcomes.outcome(actions.scores.score_view(run), rules, {}).counts["rows"] == 300
    text = say(capsys, "selftest", scored, "--flip", "0.1")[1]
    assert "24 labels of 240 training rows flipped" in text


def test_planting_changes_no_label_of_the_run(scored):
    before = actions.runs.open_run(scored).examples.labels.copy()
    actions.checks.self_test_here(actions.runs.open_run(scored), 0.1, SilentProgress())
    assert (actions.runs.open_run(scored).examples.labels == before).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "2"], "--seeds: '2' is not from 3 to 1,000"),
        (["--fractions", "half"], "'half' is not a number"),
        (["--fractions", "1.5"], "'1.5' is not above 0"),
        (["--preset", "nothing"], "nothing"),
    ],
)
def test_mistakes_are_told_in_two_lines(scored, capsys, words, said):
    code, _, err = say(capsys, "check", scored, "--quiet", *words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 2


def test_a_changed_dataset_needs_a_new_check(scored):
    run = actions.runs.open_run(scored)
    key = checks.ask_check(run, actions.rules.default_rules(actions.scores.score_view(run)), {}, "quick", (0.5,), 3)
    path = checks.check_folder(run) / key / "asked.json"
    asked = read_json(path)
    path.write_text(json.dumps({**asked, "fingerprint": "other"}))
    with pytest.raises(Exception, match="changed since this check"):
        actions.checks.resume_check_here(run, key, SilentProgress())


def test_the_report_and_the_manifest_tell_the_check(scored, capsys, tmp_path):
    preset = ["--preset", "remove_label_errors"]
    assert say(capsys, "export", scored, *preset, "--out", tmp_path / "before")[0] == 0
    assert read_json(tmp_path / "before" / "manifest.json")["provenance"]["check"] is None
    assert say(capsys, "check", scored, *preset, "--quiet")[0] == 0
    assert say(capsys, "selftest", scored, "--flip", "0.1", "--quiet")[0] == 0
    out = say(capsys, "export", scored, *preset, "--out", tmp_path / "after")[1]
    assert "No check was run" not in out
    manifest = read_json(tmp_path / "after" / "manifest.json")
    result = actions.checks.check_results(actions.runs.open_run(scored))[0]
    assert manifest["provenance"]["check"]["verdict"] == result.verdict
    assert manifest["provenance"]["check"]["same_decisions"] is True
    assert manifest["provenance"]["self_test"]["flips"] == 24
    assert manifest["provenance"]["self_test"]["weights_applied"] is False
    assert say(capsys, "verify", tmp_path / "after", "--level", "2", "--quiet")[0] == 0
    page = tmp_path / "report.html"
    assert say(capsys, "report", scored, *preset, "--out", page)[0] == 0
    text = page.read_text()
    assert "Planted" in text or "planted" in text
    assert result.verdict.split(":")[0] in text
    assert "<td>branch</td><td>main</td>" in text, "whose rules these are"
    assert say(capsys, "report", scored, "--out", tmp_path)[0] == 2
