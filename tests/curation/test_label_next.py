"""Label next: the order against its definition, what it goes on from, pools without labels, and the loop of answers."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from worlds import write_texts

from core import actions
from core.cli import main
from core.curation import ScoreView
from core.curation.label_next import label_next
from core.types.curation import Action, Decision
from core.types.errors import RulesError


def view_of(labels, seed=0, predicted=True):
    rng, size = np.random.default_rng(seed), len(labels)
    vectors = rng.normal(size=(size, 4)).astype(np.float32)
    view = ScoreView(
        ids=np.array([f"r{k:02d}" for k in range(size)]),
        labels=np.array(labels),
        class_names=("a", "b", "c"),
        splits=np.array(["train"] * (size - 2) + ["valid"] * 2),
        scores={},
        predicted=rng.integers(0, 3, size) if predicted else None,
        predicted_prob=rng.random(size).astype(np.float32) if predicted else None,
        neighbor_similarity=rng.random((size, 3)).astype(np.float32),
    )
    return view, vectors


def slow_order(view, vectors, count, skip=()):
    """The definition, one row and one factor at a time. Ranks are over the rows that wait for a label."""
    pool = [k for k in range(len(view)) if view.labels[k] < 0 and view.splits[k] == "train" and view.ids[k] not in skip]
    centers = [
        k for k in range(len(view)) if view.splits[k] == "train" and (view.labels[k] >= 0 or view.ids[k] in skip)
    ]
    counts = [0, 0, 0]
    for k in centers:
        counts[view.labels[k] if view.labels[k] >= 0 else view.predicted[k]] += 1

    def rank(value):
        return {k: (sorted(map(value, pool)).index(value(k)) + 0.5) / len(pool) for k in pool}

    unsure, typical = rank(lambda k: -view.predicted_prob[k]), rank(lambda k: view.neighbor_similarity[k].mean())
    chosen = []
    while len(chosen) < count:
        apart = {k: min(np.linalg.norm(vectors[k] - vectors[c]) for c in centers) for k in pool}
        mean = sum(counts) / 3

        values = {}
        for k in pool:
            rare = min(1.0, (mean + 1) / (counts[view.predicted[k]] + 1))
            parts = unsure[k], typical[k], apart[k] / max(apart.values()), rare
            values[k] = np.prod([0.1 + 0.9 * part for part in parts])
        best = max((k for k in pool if k not in chosen), key=values.__getitem__)
        chosen.append(best)
        centers.append(best)
        counts[view.predicted[best]] += 1
    return chosen


@pytest.mark.parametrize("skip", [(), ("r05", "r11")])
def test_the_order_is_its_definition(skip):
    view, vectors = view_of([0, 1, 2, 0, *[-1] * 26])
    found = label_next(view, vectors, {}, 12, skip)
    assert found.by_model
    assert found.order.tolist() == slow_order(view, vectors, 12, skip)  # float32 against float64: no near ties here


def test_going_on_after_a_first_choice_is_one_long_choice():
    view, vectors = view_of([0, 1, 2, 0, *[-1] * 26])
    whole = label_next(view, vectors, {}, 3).order
    # ranks are over what still waits, so that only the first place is bound to agree
    after = label_next(view, vectors, {}, 1, [str(view.ids[k]) for k in whole[:2]])
    assert not set(after.order) & set(whole[:2])


def test_what_a_person_decided_is_not_asked_again():
    view, vectors = view_of([0, 1, 2, *[-1] * 12])
    said = {"r04": Decision(Action.RELABEL, "b"), "r05": Decision(Action.DROP), "r06": Decision(Action.KEEP)}
    order = label_next(view, vectors, said, 100).order.tolist()
    assert sorted(order) == [3, *range(6, 13)]


def test_an_answer_with_a_class_that_the_run_does_not_know_is_an_answer():
    """In a pool without labels every answer is one: its row is not asked for again, and the order goes on from it."""
    view, vectors = view_of([-1] * 12, predicted=False)
    view = replace(view, class_names=())
    first = label_next(view, vectors, {}, 3).order
    said = {str(view.ids[row]): Decision(Action.RELABEL, "new") for row in first}
    following = label_next(view, vectors, said, 3).order
    assert not set(following) & set(first)
    waited_for = label_next(view, vectors, {}, 3, [str(view.ids[row]) for row in first])
    assert following.tolist() == waited_for.order.tolist()


def test_a_pool_without_labels_is_covered():
    """The points of four far clusters: the first four rows lie in four of them, whatever the model would say."""
    view, _ = view_of([-1] * 42, predicted=False)
    vectors = np.repeat(100 * np.eye(4), 10, axis=0) + np.random.default_rng(0).normal(size=(40, 4))
    found = label_next(view, np.concatenate([vectors, vectors[:2]]), {}, 4)
    assert not found.by_model
    assert {row // 10 for row in found.order.tolist()} == {0, 1, 2, 3}


def test_nothing_waits():
    view, vectors = view_of([0, 1, 2] * 5)
    with pytest.raises(RulesError, match="No training row waits for a label"):
        label_next(view, vectors, {}, 5)


def test_a_pool_gets_its_classes_from_the_answers(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    data, _ = write_texts(tmp_path, rows=40)
    with open(data, encoding="utf-8") as file:
        truth = {row["id"]: row["intent"] for row in csv.DictReader(file)}
    flags = ["--label", "none", "--id", "id", "--text", "text", "--features", "text", "--no-map", "--threads", "1"]
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert main(["run", str(data), "--out", first, "--quiet", "--scores", "knn_distance", *flags]) == 0
    assert main(["export", first, "--keep-fraction", "0.2", "--out", str(tmp_path / "e")]) == 2
    assert "no composite" in capsys.readouterr().err
    tasks, answers = tmp_path / "next.json", tmp_path / "next.csv"
    for out in (tasks, answers):
        assert main(["label-next", first, "--count", "12", "--out", str(out)]) == 0
    asked = [task["data"]["example_id"] for task in json.loads(tasks.read_text("utf-8"))]
    rows = list(csv.DictReader(answers.read_text("utf-8").splitlines()))
    assert asked == [row["example_id"] for row in rows]
    answers.write_text("example_id,label\n" + "".join(f"{key},{truth[key]}\n" for key in asked), "utf-8")
    assert main(["decide", first, "--from", str(answers)]) == 0
    more = ["--decisions-from", first, "--epochs", "2", "--seeds", "1", "--folds", "2"]
    assert main(["run", str(data), "--out", second, "--quiet", "--scores", "least_confidence", *flags, *more]) == 0
    run = actions.runs.open_run(second)
    assert run.examples.class_names == tuple(sorted({truth[key] for key in asked}))
    labels = dict(zip(run.examples.ids.tolist(), run.examples.labels.tolist(), strict=True))
    assert {key: run.examples.class_names[code] for key, code in labels.items() if code >= 0} == {
        key: truth[key] for key in asked
    }
    state = actions.curation.curation_state(run)
    found = actions.review.label_next(run, actions.scores.score_view(run), state.decisions, 5, asked[:1])
    assert found.by_model
    assert not set(run.examples.ids[found.order]) & set(asked)
