"""A refused run leaves nothing that blocks the next try, and nothing that was finished is lost by a refusal."""

import dataclasses
import errno
import json
import os

import numpy as np
import pytest
from worlds import write_table

from core import actions
from core.cli import main
from core.runs.execute import stages
from core.runs.folder.folder_lock import claim
from core.runs.plan import prepare
from core.store import atomic, run_registry
from core.store.database import _opened, database
from core.types.errors import BrokenOffError, CurationError, RunError
from core.types.examples import Roles
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState, TrainingSpec


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table"))[0]


def spec_of(source, *scores, **changes) -> RunSpec:
    return RunSpec(str(source), scores=scores or ("knn_distance",), map=False, threads=1, **changes)


def run(spec, out):
    return actions.runs.run_here(spec, out, SilentProgress())


def wrong_weights(table, folder) -> RunSpec:
    weights = folder / "weights.pt"
    weights.write_bytes(b"<html>no weights</html>")
    return spec_of(table, "el2n", training=TrainingSpec(weights=(str(weights),)))


def refused(spec, out) -> CurationError:
    with pytest.raises(CurationError) as caught:
        run(spec, out)
    assert "esume" not in caught.value.hint, "there is nothing to resume"
    return caught.value


def test_a_refused_run_leaves_nothing_and_the_corrected_one_goes(table, tmp_path):
    out = tmp_path / "deep" / "er" / "r"
    refused(wrong_weights(table, tmp_path), out)
    refused(spec_of(table, roles=Roles(label="colour")), out)
    refused(spec_of(tmp_path / "nothing.csv"), out)
    assert not (tmp_path / "deep").exists()
    assert actions.runs.list_runs() == []
    assert run_registry().rows() == []
    assert run(spec_of(table), out).state() is RunState.FINISHED


@pytest.mark.parametrize("linked", [False, True], ids=["folder", "link"])
def test_an_empty_folder_of_the_persons_own_stays(table, tmp_path, linked):
    out = tmp_path / "mine"
    out.mkdir()
    if linked:
        out = tmp_path / "link"
        out.symlink_to(tmp_path / "mine", target_is_directory=True)
    refused(wrong_weights(table, tmp_path), out)
    assert list(out.iterdir()) == []
    assert run(spec_of(table), out).state() is RunState.FINISHED


def test_a_folder_of_another_kind_is_not_touched(table, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "log.txt").write_text("mine")
    assert "not empty" in str(refused(spec_of(table), tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.txt", "model"]


def test_a_run_without_results_makes_way_for_another_question(table, tmp_path):
    """Left by a kill before the first result, say."""
    first = run(spec_of(table), tmp_path / "r")
    for place in ("scores/scores.json", "scores/knn_distance/part-00000.parquet"):
        (tmp_path / "r" / place).unlink()
    again = run(spec_of(table, seed=1), tmp_path / "r")
    assert (again.run_id, again.spec.seed) == (first.run_id, 1)
    with pytest.raises(RunError, match="another run: seed was 1, now 0"):
        run(spec_of(table), tmp_path / "r")


def test_a_refusal_marks_no_finished_run_failed(tmp_path):
    data, _ = write_table(tmp_path / "data")
    done, whole = run(spec_of(data), tmp_path / "r"), data.read_text()
    data.write_text(whole.replace("row-5,", "row-5,9"))
    with pytest.raises(RunError, match="does not match"):
        run(spec_of(data), tmp_path / "r")
    with pytest.raises(RunError, match="another run"):
        run(spec_of(data, seed=1), tmp_path / "r")
    assert actions.runs.open_run(done.path).state() is RunState.FINISHED
    assert [(r.state, r.rows) for r in actions.runs.list_runs()] == [(RunState.FINISHED, 90)]
    data.write_text(whole)
    assert run(spec_of(data), tmp_path / "r").state() is RunState.FINISHED


def test_a_refusal_leaves_an_incomplete_run_as_it_was(tmp_path, monkeypatch):
    data, _ = write_table(tmp_path / "data")

    def fails(inputs, params, progress):
        raise CurationError("Not today.", "")

    broken = tuple(dataclasses.replace(m, compute=fails) if m.name == "lof" else m for m in prepare.SCORES)
    monkeypatch.setattr(prepare, "SCORES", broken)
    before = run(spec_of(data, "knn_distance", "lof"), tmp_path / "r")
    data.write_text(data.read_text().replace("row-5,", "row-5,9"))
    with pytest.raises(RunError, match="does not match"):
        run(spec_of(data, "knn_distance", "lof"), tmp_path / "r")
    after = actions.runs.open_run(tmp_path / "r")
    assert (after.state(), after.card["problems"]) == (RunState.INCOMPLETE, before.card["problems"])
    assert actions.runs.run_status(after.run_id).state is RunState.INCOMPLETE


def test_a_bug_keeps_the_folder_with_its_log(table, tmp_path, monkeypatch):
    def bug(inputs, params, progress):
        raise ZeroDivisionError("inside the score")

    broken = tuple(dataclasses.replace(m, compute=bug) if m.name == "knn_distance" else m for m in prepare.SCORES)
    monkeypatch.setattr(prepare, "SCORES", broken)
    with pytest.raises(BrokenOffError, match="No score could be computed"):
        run(spec_of(table), tmp_path / "r")
    assert "inside the score" in (tmp_path / "r" / "log.txt").read_text()


def test_a_workspace_that_cannot_be_used_leaves_no_folder(table, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "file" / "home"))
    refused(spec_of(table), tmp_path / "r")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("training.batch_size", -1, "from 0 to 1,048,576"),
        ("training.learning_rate", -0.5, "above 0"),
        ("training.learning_rate", 0, "above 0"),
        ("training.weight_decay", -1.0, "0 or more"),
        ("training.epochs", 10**9, "from 0 to 100,000"),
        ("training.seeds", 0, "from 1 to 1,000"),
        ("training.folds", 1, "from 2 to 1,000"),
        ("training.checkpoints", 0, "from 1 to 100,000"),
        ("seed", -5, "from 0 to 4,294,967,295"),
        ("threads", -5, "from 0 to 1,024"),
        ("memory", 0, "1 or more"),
    ],
)
def test_an_edited_setting_out_of_bounds_is_refused_before_any_work(table, tmp_path, capsys, field, value, limit):
    out = tmp_path / "r"
    claim(out, spec_of(table), threads=1)
    asked = json.loads((out / "spec.json").read_text())
    del asked["settings"]  # without it nothing tells that the file was edited
    *way, last = field.split(".")
    inner = asked["spec"]
    for key in way:
        inner = inner[key]
    inner[last] = value
    (out / "spec.json").write_text(json.dumps(asked))
    assert main(["resume", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"spec.{field} is {value}, and should be {limit}" in said
    assert not (out / "run.json").exists()


def test_an_edited_picture_size_is_refused_on_resume_as_on_the_command_line(table, tmp_path, capsys):
    out = tmp_path / "r"
    claim(out, spec_of(table), threads=1)
    asked = json.loads((out / "spec.json").read_text())
    del asked["settings"]
    asked["spec"]["training"]["image_size"] = [0, 9]
    (out / "spec.json").write_text(json.dumps(asked))
    assert main(["resume", str(out)]) == 2
    assert "0" in capsys.readouterr().err
    assert not (out / "run.json").exists()


def test_more_folds_than_rows_are_refused_before_any_work(table, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "embed", None)
    asked = spec_of(table, "label_quality", "knn_distance", training=TrainingSpec(folds=91))
    assert str(refused(asked, tmp_path / "r")) == "72 separate training rows do not make 91 folds."
    assert not (tmp_path / "r").exists()


def test_settings_of_whatever_auto_stands_for_are_refused_before_the_data_is_read(table, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "load", None)
    for settings, why in (
        ({"width": -5}, "width is -5, below 1."),
        ({"wings": 2}, 'Unknown setting for MlpParams "wings"'),
    ):
        asked = spec_of(table, "el2n", training=TrainingSpec(model_params=settings))
        assert why in str(refused(asked, tmp_path / "r"))


def test_settings_that_only_another_kind_of_data_takes_are_refused_before_any_work(table, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "embed", None)
    asked = spec_of(table, "el2n", training=TrainingSpec(model_params={"embedding": 8}))  # of a bag of words
    assert 'Unknown setting for MlpParams "embedding"' in str(refused(asked, tmp_path / "r"))


def test_fault_85_a_newer_store_or_run_folder_refuses_and_leaves_nothing(table, tmp_path, own_workspace):
    done = run(spec_of(table), tmp_path / "r")
    plain = atomic.read_json(done.path / "spec.json")
    atomic.write_json(done.path / "spec.json", {**plain, "format": 99, "spec": "of another shape"})
    with pytest.raises(RunError, match="made by a newer version"):
        run(spec_of(table), tmp_path / "r")
    with database().writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '99' WHERE key = 'version'")
    _opened.cache_clear()
    assert "made by a newer version" in str(refused(spec_of(table), tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_fault_80_full_disk_at_a_shard_keeps_what_was_finished(table, tmp_path, monkeypatch):
    write = stages.write_shards

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def first_alone(folder, *arguments):
        if folder.name == "lof":
            monkeypatch.setattr(atomic.os, "fsync", full)
        return write(folder, *arguments)

    monkeypatch.setattr(stages, "write_shards", first_alone)
    spec = spec_of(table, "knn_distance", "lof")
    with pytest.raises(RunError, match="disk is full") as caught:
        run(spec, tmp_path / "r")
    assert "what was finished is kept" in caught.value.hint
    monkeypatch.undo()
    assert [p.name for p in (tmp_path / "r" / "scores" / "lof").glob("*")] == []
    done, whole = run(spec, tmp_path / "r"), run(spec, tmp_path / "whole")
    for name in ("knn_distance", "lof"):
        np.testing.assert_array_equal(done.score(name).values, whole.score(name).values)


def test_what_a_kill_left_half_written_is_deleted_on_resume(table, tmp_path):
    done = run(spec_of(table), tmp_path / "r")
    left = [done.path / place for place in (".run.json.u1_ixnuy", "arrays/.neighbors.npy.abcdefgh")]
    for path in (*left, mine := done.path / "arrays" / ".gitignore"):
        path.write_bytes(b"half")
    run(spec_of(table), tmp_path / "r")
    assert [path.exists() for path in (*left, mine)] == [False, False, True]


@pytest.fixture
def nobody():
    """Call a function with no rights but a stranger's; root may write everywhere."""

    def call(work):
        if os.getuid() != 0:
            return work()
        os.setresuid(65534, 65534, 0)
        try:
            return work()
        finally:
            os.setresuid(0, 0, 0)

    return call


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="needs Unix permissions")
def test_fault_81_a_read_only_run_is_read_and_refused_in_words_where_it_would_be_written(
    table, tmp_path, nobody, own_workspace
):
    done = run(spec_of(table), tmp_path / "r")
    view = actions.scores.score_view(done)
    rules = actions.rules.default_rules(view)
    writable = tmp_path / "open"
    for place in (tmp_path, *tmp_path.parents, own_workspace, *own_workspace.parents):
        if place.stat().st_uid == os.getuid() and len(place.parts) > 2:
            place.chmod(place.stat().st_mode | 0o055)
    writable.mkdir(mode=0o777)
    writable.chmod(0o777)
    for place in (own_workspace, *own_workspace.rglob("*")):
        place.chmod(0o777)
    for place in (done.path, *done.path.rglob("*")):
        place.chmod(0o555 if place.is_dir() else 0o444)
    before = sorted(done.path.rglob("*"))

    export_run = actions.exports.export_run  # imported while modules can be read: nobody may be kept from them as well

    def table_and_export():
        opened = actions.runs.open_run(done.path)
        export_run(opened, rules, {}, writable / "e")
        return actions.scores.scores_table(opened)

    def same_question_again():
        return run(spec_of(table), done.path)

    def go_on():
        with pytest.raises(RunError, match="cannot be written") as caught:
            actions.runs.resume_run(done.path)
        return caught.value.lines()

    assert len(nobody(table_and_export)) == 90
    assert nobody(same_question_again).state() is RunState.FINISHED
    assert "Permission denied" in nobody(go_on)
    assert sorted(done.path.rglob("*")) == before
