"""A second round: decisions laid over the data, what is taken from the first run, and decisions that go with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from worlds import write_table

from core import actions
from core.cli import main
from core.datasets.overlaid import with_overlay
from core.runs.execute.execute import execute_run
from core.runs.folder.source import load_source
from core.types.curation import Action, Change, Decision
from core.types.errors import DataError
from core.types.examples import UNLABELED
from core.types.overlay import Overlay
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec, spec_from_json

OF_INPUTS = ("knn_distance", "lof", "duplicate_similarity", "cluster_rarity", "prototype_distance")
SCORES = ("el2n", "label_quality", *OF_INPUTS)


def spec_of(source, **changes) -> RunSpec:
    training = TrainingSpec(epochs=2, seeds=1, checkpoints=1, folds=2)
    said = {"source": str(source), "scores": SCORES, "training": training, "map": False, "threads": 1}
    return RunSpec(**said | changes)


def answered(run) -> dict[str, Decision]:
    """row-0 and row-9 get their right label, row-1 goes, row-2 stays; row-80 is held out and stays what it is."""
    for ids, change in (
        (["row-0", "row-9"], Change(Action.RELABEL, "y", note="seen", reviewed=True)),
        (["row-1"], Change(Action.DROP, reviewed=True)),
        (["row-2"], Change(Action.KEEP, reviewed=True)),
        (["row-80"], Change(Action.DROP)),
    ):
        actions.curation.decide(run, ids, change, token=f"answer-{ids[0]}")
    return dict(actions.curation.curation_state(run).decisions)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The first run, decided on, and the second under these decisions."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("rounds")
        patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
        data = write_table(folder)[0]
        before = data.read_bytes()
        first = actions.runs.run_here(spec_of(data), folder / "first", SilentProgress())
        decided = answered(first)
        spec = actions.rounds.with_decisions(first.spec, first)
        second = actions.runs.run_here(spec, folder / "second", SilentProgress())
        assert data.read_bytes() == before
        yield first, second, decided, folder


@pytest.fixture(autouse=True)
def home(request, monkeypatch):
    """The workspace of the world, for the tests that look at it."""
    if "world" in request.fixturenames:
        monkeypatch.setenv("CHAFFINCH_HOME", str(request.getfixturevalue("world")[3] / "home"))


def test_relabels_and_drops_lie_over_the_data(world):
    first, second, _, _ = world
    changed = {"row-0", "row-9", "row-1"}
    for key, old, new in zip(first.examples.ids, first.examples.labels, second.examples.labels, strict=True):
        expected = old if key not in changed else UNLABELED if key == "row-1" else 1
        assert new == expected, key
    cells = second.examples.columns.set_index("id")["label"]
    assert cells["row-0"] == cells["row-9"] == "y"
    assert cells["row-1"] == first.examples.columns.set_index("id")["label"]["row-1"]
    assert np.isnan(second.score("el2n").values[1])
    assert not np.isnan(first.score("el2n").values[1])


def test_the_question_says_so_and_an_unsaid_overlay_is_not_written(world):
    first, second, _, _ = world
    said = second.spec.to_json()["overlay"]
    assert said == {
        "parent": first.run_id,
        "branch": "main",
        "relabeled": {"row-0": "y", "row-9": "y"},
        "dropped": ("row-1",),
    }
    assert spec_from_json(json.loads(json.dumps(second.spec.to_json()))) == second.spec
    assert "overlay" not in first.spec.to_json()
    assert actions.rounds.parent_of(second).run_id == first.run_id
    assert first.source_fingerprint == first.fingerprint == second.source_fingerprint != second.fingerprint


def test_what_no_label_decides_is_taken_over_and_is_what_would_have_been_made(world):
    first, second, _, folder = world
    taken = second.card["taken_over"]
    assert taken["run"] == first.run_id
    assert set(taken["scores"]) == set(OF_INPUTS)
    assert {"embedding", "neighbors", "pca", "kmeans"} <= set(taken["arrays"])
    alone = execute_run(second.spec, folder / "alone", SilentProgress(), reuse=False)
    assert "taken_over" not in alone.card
    for name in alone.score_names:
        np.testing.assert_array_equal(alone.score(name).values, second.score(name).values, err_msg=name)
        assert _about(alone, name) == _about(second, name)
    for name in taken["arrays"]:
        np.testing.assert_array_equal(alone.array(name), second.array(name), err_msg=name)


def _about(run, name):
    said = run.score(name).__dict__.items()
    return {k: v for k, v in said if k != "seconds" and isinstance(v, int | float | str | tuple)}


def test_decisions_go_with_it_and_one_undo_takes_them_back(world):
    _, second, decided, _ = world
    own = actions.curation.curation_state(second).decisions
    kept = Decision(Action.KEEP, note="seen", reviewed=True)
    assert own == {**decided, "row-0": kept, "row-9": kept}  # the label is the row's own now
    assert not actions.curation.undo(second).decisions
    assert actions.curation.redo(second).decisions == own


def test_exports_of_the_second_round_verify_and_name_the_overlay(world, tmp_path):
    _, second, _, _ = world
    out = tmp_path / "out"
    assert main(["export", str(second.path), "--preset", "remove_label_errors", "--out", str(out)]) == 0
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["provenance"]["spec"]["overlay"]["relabeled"] == {"row-0": "y", "row-9": "y"}
    assert main(["verify", str(out), "--level", "3", "--quiet"]) == 0
    rows = [line.split(",") for line in (out / "curated.csv").read_text("utf-8").splitlines()]
    place = rows[0].index("label")
    assert {row[0]: row[place] for row in rows if row[0] in ("row-0", "row-9")} == {"row-0": "y", "row-9": "y"}
    assert not any(row[0] == "row-1" for row in rows)


def test_a_third_round_adds_to_the_second(world):
    _, second, _, _ = world
    actions.curation.decide(second, ["row-18"], Change(Action.RELABEL, "z"), token="third")
    actions.curation.decide(second, ["row-1"], Change(Action.KEEP), token="back")
    overlay = actions.rounds.with_decisions(second.spec, second).overlay
    actions.curation.undo(second)
    actions.curation.undo(second)
    assert overlay.relabeled == {"row-0": "y", "row-18": "z", "row-9": "y"}
    assert overlay.dropped == ()
    assert overlay.parent == second.run_id


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        (Overlay("r", relabeled={"nobody": "x"}), "1 ids that are not in data.csv, the first: 'nobody'"),
        (Overlay("r", relabeled={"row-0": "w"}), "1 classes that are not in data.csv, the first: 'w'"),
        (Overlay("r", dropped=("row-80",)), "1 held-out rows of data.csv, the first: 'row-80'"),
    ],
)
def test_an_overlay_of_other_data_is_refused(world, overlay, words):
    spec = world[0].spec
    with pytest.raises(DataError, match=words):
        with_overlay(load_source(spec).examples, overlay)


def test_the_command_line_asks_the_same_question(world, capsys):
    first, second, _, folder = world
    data, out = first.spec.source, str(folder / "by-hand")
    flags = ["--epochs", "2", "--seeds", "1", "--checkpoints", "1", "--folds", "2", "--threads", "1", "--no-map"]
    asked = [str(data), "--out", out, "--scores", ",".join(SCORES), *flags, "--decisions-from", first.run_id]
    assert main(["run", *asked]) == 0
    made = actions.runs.open_run(out)
    assert made.spec == second.spec
    said = capsys.readouterr().out
    assert f"Under the decisions of {first.run_id}: 2 relabeled, 1 dropped." in said
    assert "not made again: embedding" in said


def test_decisions_fit_a_later_run_of_the_same_data(world, capsys, tmp_path):
    first, _, decided, _ = world
    later = actions.runs.run_here(spec_of(first.spec.source, scores=("el2n",)), tmp_path / "l", SilentProgress())
    offer = next(one for one in actions.rounds.offers(later) if one.run_id == first.run_id)
    assert (offer.decisions, offer.fitting, offer.new, offer.ids, offer.rows, offer.same_data) == (
        5,
        5,
        5,
        90,
        90,
        True,
    )
    assert main(["decide", str(later.path)]) == 0
    assert f"5 of 5 decisions of {first.run_id} fit (90 of 90 ids): --from {first.run_id}" in capsys.readouterr().out
    actions.curation.decide(later, ["row-0"], Change(Action.DROP), token="mine")
    assert main(["decide", str(later.path), "--from", first.run_id]) == 0
    assert "4 decisions taken over; 1 left out: decided here already" in capsys.readouterr().out
    state = actions.curation.curation_state(later)
    assert state.decisions == {**decided, "row-0": Decision(Action.DROP)}
    assert actions.curation.undo(later).decisions == {"row-0": Decision(Action.DROP)}


def test_runs_are_compared_by_id_before_and_after(world, capsys):
    first, second, _, _ = world
    found = actions.rounds.compare_runs(first, second)
    ids = second.examples.ids.tolist()
    sides = [(run, actions.scores.score_view(run)) for run in (first, second)]
    kept, labels = [], []
    for run, view in sides:
        rules, said = actions.rules.default_rules(view), actions.curation.curation_state(run).decisions
        outcome = actions.outcomes.outcome(view, rules, said)
        kept.append(dict(zip(run.examples.ids.tolist(), outcome.kept.tolist(), strict=True)))
        names = [*run.examples.class_names, None]
        labels.append(
            {k: names[c] for k, c in zip(run.examples.ids.tolist(), run.examples.labels.tolist(), strict=True)}
        )
    assert [ids[row] for row in found.gained] == [k for k in ids if kept[1][k] and not kept[0][k]]
    assert [ids[row] for row in found.lost] == [k for k in ids if kept[0][k] and not kept[1][k]]
    assert found.relabeled.tolist() == []  # the first run relabels them by decision: both leave with the same label
    for side, (run, view), place, labeled in zip((found.before, found.after), sides, (0, 4), labels, strict=True):
        held_out = [k for k, s in zip(ids, run.examples.splits.tolist(), strict=True) if s != "train"]
        guess = dict(zip(ids, run.array("predicted").tolist(), strict=True))
        right = [k for k in held_out if run.examples.class_names[guess[k]] == labeled[k]]
        assert side.held_out == len(right) / len(held_out)
        assert side.noise == pytest.approx(actions.noise.label_doubt(view).share)
        assert side.labeled == sum(labeled[k] is not None for k in ids if k not in held_out)
        assert found.by_class[:, place].sum() == side.labeled
        assert found.by_class[:, place + 3].tolist() == [sum(labeled[k] == c for k in right) for c in "xyz"]
    assert found.by_class[:, 8].sum() == found.after.held_out_rows == 18
    assert main(["compare", str(second.path)]) == 0
    said = capsys.readouterr().out
    assert f"before: {first.run_id}" in said
    assert "90 examples are in both." in said


def test_runs_without_a_shared_example_are_not_compared(world, tmp_path, capsys):
    first, _, _, _ = world
    other = tmp_path / "other.csv"
    other.write_text(Path(first.spec.source).read_text("utf-8").replace("row-", "line-"), encoding="utf-8")
    run = actions.runs.run_here(spec_of(other, scores=("knn_distance",)), tmp_path / "o", SilentProgress())
    assert main(["compare", str(run.path), "--with", str(first.path)]) == 2
    assert "have no example in common" in capsys.readouterr().err
    assert main(["compare", str(run.path)]) == 2
    assert "has no parent here" in capsys.readouterr().err
