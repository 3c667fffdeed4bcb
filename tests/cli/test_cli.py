"""The whole line on a terminal: run, table, rank, evaluate, export, verify, for each modality."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from worlds import write_images, write_table, write_texts

from core import actions
from core.cli import main
from core.export import read_manifest
from core.scores import SCORES

QUICK = ["--epochs", "2", "--seeds", "2", "--folds", "3", "--checkpoints", "2", "--no-map", "--threads", "1"]


def say(capsys, *words) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of one command."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def records(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A finished run of the tiny table with all scores, its data and key."""
    from _pytest.monkeypatch import MonkeyPatch

    folder = tmp_path_factory.mktemp("scored")
    data, key = write_table(folder)
    with MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        assert main(["run", str(data), "--out", str(folder / "run"), "--quiet", *QUICK]) == 0
    return folder / "run", data, key


def test_methods_lists_every_score(capsys):
    code, out, _ = say(capsys, "methods")
    assert code == 0
    assert all(f"  {method.name} " in out for method in SCORES)
    facts = json.loads(say(capsys, "methods", "--json")[1])
    assert [f["name"] for f in facts] == [m.name for m in SCORES]


def test_table_begins_with_the_promised_columns(scored, capsys, tmp_path):
    run, data, _ = scored
    out = say(capsys, "table", run)[1]
    rows = records(out)
    names = list(rows[0])
    scores = actions.runs.open_run(run).score_names
    flags = [name for name in names if name.removesuffix("_flag") in scores and name not in scores]
    about = ["example_id", "source_index", "label", "predicted_label", "rising_class"]
    assert [n for n in names if n not in flags] == [*about, *scores]
    assert all(names[names.index(flag) - 1] == flag.removesuffix("_flag") for flag in flags)
    assert len(rows) == 90
    given = records(data.read_text())
    assert [r["label"] for r in rows] == [g["label"] for g in given]
    assert [r["example_id"] for r in rows] == [g["id"] for g in given]
    say(capsys, "table", run, "--csv", tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == out


def test_rank_shows_the_end_that_deserves_a_look(scored, capsys):
    run, _, _ = scored
    out = say(capsys, "rank", run, "--score", "label_quality", "--top", "3")[1].splitlines()
    values = actions.runs.open_run(run).score("label_quality").values
    lowest = np.nanmin(values)
    assert out[1].split()[1] == actions.runs.open_run(run).examples.ids[int(np.nanargmin(values))]
    assert float(out[1].split()[-1]) == pytest.approx(lowest, rel=1e-3)
    assert len(out) == 6, "a head, three rows, and below an empty line who judged the labels"
    assert out[4] == ""
    assert out[5].startswith("Labels judged by ")


def test_evaluate_prints_the_promised_json(scored, capsys):
    run, _, key = scored
    code, out, _ = say(capsys, "evaluate", run, "--truth", key, "--json")
    figures = json.loads(out)
    assert code == 0
    assert set(figures["scores"]) == set(actions.runs.open_run(run).score_names)
    for found in (*figures["scores"].values(), figures["composite"]):
        assert {"auroc", "average_precision", "precision_at_k"} <= set(found)
    # the classes lie three standard deviations apart: a wrong label is plain to see
    assert figures["scores"]["knn_shapley"]["auroc"] > 0.9
    assert figures["composite"]["auroc"] > 0.9
    assert "AUROC" in say(capsys, "evaluate", run, "--truth", key)[1]


def test_a_key_that_names_some_rows_is_joined_by_id(scored, capsys, tmp_path):
    run, _, key = scored
    lines = key.read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([lines[0], *reversed(lines[1:40])]))
    some = json.loads(say(capsys, "evaluate", run, "--truth", tmp_path / "some.csv", "--json")[1])
    assert some["scores"]["el2n"]["n"] == 39
    (tmp_path / "faults.csv").write_text("\n".join([lines[0], *(x for x in lines[1:] if x.endswith("1"))]))
    only = json.loads(say(capsys, "evaluate", run, "--truth", tmp_path / "faults.csv", "--json")[1])
    full = json.loads(say(capsys, "evaluate", run, "--truth", key, "--json")[1])
    assert only["scores"] == full["scores"]


def test_export_then_verify_then_a_changed_cell(scored, capsys, tmp_path):
    run, _, _ = scored
    code, out, _ = say(capsys, "export", run, "--out", tmp_path / "e")
    assert code == 0
    assert "python -m core verify" in out
    code, out, _ = say(capsys, "verify", tmp_path / "e", "--run", run, "--quiet")
    assert code == 0
    assert out.count("passed") == 3
    first = {p.name: p.read_bytes() for p in (tmp_path / "e").iterdir()}
    say(capsys, "export", run, "--out", tmp_path / "e")
    assert {p.name: p.read_bytes() for p in (tmp_path / "e").iterdir()} == first
    say(capsys, "export", run, "--out", tmp_path / "other")
    assert {p.name: p.read_bytes() for p in (tmp_path / "other").iterdir()} == first

    path = tmp_path / "e" / "decisions.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))
    column = rows[0].index("el2n")
    rows[6][column] = "0.125"
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    code, out, err = say(capsys, "verify", tmp_path / "e", "--run", run, "--quiet")
    assert code == 2
    assert rows[6][0] in err
    assert "el2n" in err


def test_verify_trains_again_when_asked(scored, capsys, tmp_path):
    run, _, _ = scored
    say(capsys, "export", run, "--out", tmp_path / "e")
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file()}
    code, out, _ = say(capsys, "verify", tmp_path / "e", "--run", run, "--retrain", "--quiet")
    assert code == 0
    assert "trained again" in out
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file()} == before


def test_verify_finds_the_run_by_its_id_and_says_when_it_cannot(tmp_path, capsys):
    data, _ = write_table(tmp_path / "data")
    run = tmp_path / "run"
    say(capsys, "run", data, "--out", run, "--scores", "knn_distance", "--no-map", "--quiet")
    say(capsys, "export", run, "--preset", "remove_redundant", "--out", tmp_path / "e")
    assert say(capsys, "verify", tmp_path / "e", "--quiet")[1].count("passed") == 3
    run.rename(tmp_path / "elsewhere")
    assert "not checked" in say(capsys, "verify", tmp_path / "e", "--quiet")[1]


def test_rules_of_a_manifest_give_the_same_export(scored, capsys, tmp_path):
    run, _, _ = scored
    say(capsys, "export", run, "--preset", "balanced_half", "--out", tmp_path / "a")
    say(capsys, "export", run, "--rules", tmp_path / "a" / "manifest.json", "--out", tmp_path / "b")
    assert (tmp_path / "a" / "decisions.csv").read_bytes() == (tmp_path / "b" / "decisions.csv").read_bytes()
    assert read_manifest(tmp_path / "b")["rules"]["preset"] == "balanced_half"


def test_keep_fraction_keeps_that_share(scored, capsys, tmp_path):
    run, _, _ = scored
    say(capsys, "export", run, "--keep-fraction", "0.8", "--out", tmp_path / "e")
    kept = records((tmp_path / "e" / "decisions.csv").read_text())
    training = [r for r in kept if r["split"] == "train"]
    assert sum(int(r["kept"]) for r in training) == pytest.approx(0.8 * len(training), abs=1)


@pytest.mark.parametrize(("write", "modality"), [(write_texts, "text"), (write_images, "image")])
def test_texts_and_images_go_the_whole_way(write, modality, tmp_path, capsys):
    data, key = write(tmp_path / "data")
    scores = "el2n,grand,vog,label_quality,knn_shapley,tracin_self"
    code, out, err = say(capsys, "run", data, "--out", tmp_path / "run", "--scores", scores, "--truth", key, *QUICK)
    assert code == 0, err
    assert f"{modality} examples" in out
    assert "peak memory" in out
    assert "known faults" in out
    assert "Training seed 1 of 2" in err
    run = actions.runs.open_run(tmp_path / "run")
    shown, why = actions.examples.example_input(run, 0)
    assert why == ""
    assert isinstance(shown, str) if modality == "text" else shown.dtype == np.uint8
    helpful, harmful = actions.explanations.influential_examples(run, 0, 3)
    assert (helpful.values > 0).all()
    assert (harmful.values < 0).all()
    assert say(capsys, "export", tmp_path / "run", "--out", tmp_path / "e")[0] == 0
    assert say(capsys, "verify", tmp_path / "e", "--quiet")[1].count("passed") == 3
    assert (tmp_path / "run" / "truth.csv").is_file()


def test_the_same_question_again_says_so_and_another_is_refused(scored, capsys):
    run, data, _ = scored
    code, out, _ = say(capsys, "run", data, "--out", run, *QUICK)
    assert code == 0
    assert "already finished" in out
    code, _, err = say(capsys, "run", data, "--out", run, "--seed", "5", *QUICK)
    assert code == 2
    assert "seed was 0, now 5" in err


def test_settings_of_one_score(tmp_path, capsys):
    data, _ = write_table(tmp_path)
    code, _, err = say(
        capsys, "run", data, "--out", tmp_path / "r", "--scores", "el2n", "--el2n.epochs", "mean", "--quiet", *QUICK
    )
    assert code == 0, err
    assert actions.runs.open_run(tmp_path / "r").score("el2n").params["epochs"] == "mean"


def test_plant_writes_a_copy_and_its_key(tmp_path, capsys):
    data, _ = write_table(tmp_path)
    code, out, err = say(capsys, "plant", data, "--flip", "0.1", "--seed", "0", "--out", tmp_path / "p")
    assert code == 0, err
    assert "7 labels flipped" in out
    key = records((tmp_path / "p" / "key.csv").read_text())
    flipped = {r["example_id"] for r in key if r["is_fault"] == "1"}
    before = {r["id"]: r["label"] for r in records(data.read_text())}
    after = {r["id"]: r["label"] for r in records((tmp_path / "p" / "data.csv").read_text())}
    assert {i for i in before if before[i] != after[i]} == flipped


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nowhere.csv", "--out", "r"], "No such"),
        (["run", "nowhere.csv"], "--out"),
        (["run", "digits", "--out", "r", "--scores", "el2m"], "el2m"),
        (["run", "digits", "--out", "r", "--model", "alexnet"], "alexnet"),
        (["run", "digits", "--out", "r", "--el2n.epoch", "3"], "epoch"),
        (["run", "digits", "--out", "r", "--epoch", "3"], "--epoch"),
        (["table", "nobody"], "nobody"),
        (["verify", "nowhere"], "cannot be read"),
        (["sing"], "sing"),
    ],
)
def test_mistakes_are_told_in_two_lines(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = say(capsys, *words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 2
    assert list(tmp_path.iterdir()) == [], "something was written before the mistake was told"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "inspect",
        "run",
        "resume",
        "status",
        "cancel",
        "methods",
        "table",
        "rank",
        "plant",
        "evaluate",
        "export",
        "verify",
    ],
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*([command] if command else []), "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m core" in capsys.readouterr().out


def test_inspect_status_cancel(scored, capsys):
    run, data, _ = scored
    out = say(capsys, "inspect", data)[1]
    assert "label = label" in out
    assert "90 rows" in out
    assert "No run yet" in say(capsys, "status")[1]
    say(capsys, "resume", run, "--quiet")
    assert "finished" in say(capsys, "status")[1]
    assert "finished" in say(capsys, "status", run)[1]
    code, out, error = say(capsys, "cancel", run)
    assert (code, out) == (2, "")
    assert "is not running: it is finished" in error


def test_a_bug_of_ours_is_one_calm_sentence_with_the_traceback_in_a_log(monkeypatch, capsys, own_workspace):
    def broken(*_):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(actions.scores, "scores_table", broken)
    monkeypatch.setattr(actions.runs, "open_run", lambda _: None)
    code, _, err = say(capsys, "table", "x")
    assert code == 1
    assert "Something went wrong inside Chaffinch" in err
    assert "Traceback" not in err
    assert "oops" in (own_workspace / "log.txt").read_text()


def test_the_command_line_starts_without_torch():
    code = (
        "import sys; from core.cli import main; main(['methods']);"
        "print('torch' in sys.modules, 'pandas' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "False False"
