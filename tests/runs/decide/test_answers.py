"""Answers that a person gave elsewhere: what is read, what they change, and that a bad file changes nothing."""

import json

import pytest

from core import actions
from core.cli import main
from core.types.curation import Action, Decision
from core.types.errors import DataError
from core.types.exports import ExportOptions


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    return actions.runs.open_run("banking")


@pytest.fixture
def tasks(run, tmp_path):
    """Tasks of the review queue as they are exported, without answers."""
    view = actions.scores.score_view(run)
    rules = actions.rules.chosen_rules(view, None, None, None)
    actions.exports.export_run(run, rules, {}, tmp_path / "o", options=ExportOptions(("csv", "labelstudio")))
    return json.loads((tmp_path / "o/labelstudio/tasks.json").read_text("utf-8"))


def _answered(task, label, **more):
    result = {"from_name": "label", "to_name": "example", "type": "choices", "value": {"choices": [label]}}
    return {**task, "annotations": [{"id": task["id"], "result": [result], "was_cancelled": False, **more}]}


def _decisions(run):
    return actions.curation.curation_state(run).decisions


def _write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_twenty_answers_of_label_studio_come_back_and_one_undo_takes_them_away(run, tasks, tmp_path):
    suggested = [task["predictions"][0]["result"][0]["value"]["choices"][0] for task in tasks]
    given = [task["data"]["given_label"] for task in tasks]
    said = [_answered(task, suggested[k] if k % 2 else given[k]) for k, task in enumerate(tasks[:20])]
    state, changes = actions.curation.decide_from(run, _write(tmp_path / "a.json", [*said, *tasks[20:]]), token="t")
    assert len(changes) == len(state.decisions) == 20
    for k, task in enumerate(tasks[:20]):
        label = suggested[k] if k % 2 else given[k]
        expected = (
            Decision(Action.RELABEL, label, reviewed=True)
            if label != given[k]
            else Decision(Action.KEEP, reviewed=True)
        )
        assert state.decisions[task["data"]["example_id"]] == expected
    assert not actions.curation.undo(run).decisions
    assert len(actions.curation.redo(run).decisions) == 20


def test_the_last_answer_that_was_not_cancelled_counts_and_no_answer_is_none(run, tasks, tmp_path):
    first, second, third = tasks[:3]
    twice = _answered(first, first["data"]["given_label"])
    twice["annotations"] += _answered(first, "card_arrival")["annotations"]
    cancelled = _answered(second, "card_arrival", was_cancelled=True)
    state, _ = actions.curation.decide_from(run, _write(tmp_path / "a.json", [twice, cancelled, third]), token="t")
    assert list(state.decisions) == [first["data"]["example_id"]]


def test_the_flat_kind_of_json_and_a_csv_say_the_same(run, tasks, tmp_path):
    rows = [{"id": t["id"], "example_id": t["data"]["example_id"], "label": "card_arrival"} for t in tasks[:5]]
    state, _ = actions.curation.decide_from(run, _write(tmp_path / "a.json", rows), token="1")
    by_json = state.decisions
    actions.curation.undo(run)
    lines = "".join(f"{row['example_id']},{row['label']}\n" for row in rows)
    state, _ = actions.curation.decide_from(run, _write(tmp_path / "a.csv", f"example_id,label\n{lines}"), token="2")
    assert state.decisions == by_json


def test_a_csv_says_keep_drop_relabel_and_clear(run, tmp_path, capsys):
    text = (
        "example_id,action,label,note\nquery-0001,drop,,no use\nquery-0002,relabel,card_arrival,\nquery-0003,keep,,\n"
        "query-0004,,,\n"
    )
    assert main(["decide", "banking", "--from", str(_write(tmp_path / "a.csv", text))]) == 0
    assert "3 answers (1 drop, 1 relabel, 1 keep); 3 decisions in all." in capsys.readouterr().out
    assert _decisions(run)["query-0001"] == Decision(Action.DROP, note="no use", reviewed=True)
    assert _decisions(run)["query-0002"] == Decision(Action.RELABEL, "card_arrival", reviewed=True)
    clear = _write(tmp_path / "b.csv", "example_id,action\nquery-0003,clear\n")
    state, _ = actions.curation.decide_from(run, clear, token="c")
    assert set(state.decisions) == {"query-0001", "query-0002"}


TASK = {"id": 1, "data": {"example_id": "query-0001"}}
BAD = [
    ("a.csv", "example_id,action\nnobody,drop\n", "'nobody'"),
    ("a.csv", "example_id,label\nquery-0001,dragon\n", "'dragon'"),
    ("a.csv", "example_id,action\nquery-0001,drop\nquery-0001,keep\n", "two things"),
    ("a.csv", "example_id,action\nquery-0001,burn\n", "line 2"),
    ("a.csv", "example_id,action,label\nquery-0001,relabel,\n", "line 2"),
    ("a.csv", "id,verdict\n1,2\n", "columns id, verdict"),
    ("a.csv", "example_id,action\nquery-0001,\n", "holds no answer"),
    ("a.xml", "<x/>", "no file of answers"),
    ("a.json", '[{"id": 1, "data": {"exam', "does not read as JSON"),
    ("a.json", {"id": 1}, "no list of tasks"),
    ("a.json", [3], "entry 1 is no task"),
    ("a.json", [{"id": 1, "data": {}}], "no example_id"),
    ("a.json", [{**TASK, "annotations": 7}], "no list"),
    ("a.json", [_answered(TASK, "dragon")], "'dragon'"),
    (
        "a.json",
        [{**TASK["data"], "label": {"choices": ["card_arrival", "failed_transfer"]}}],
        "does not name one class",
    ),
    ("a.json", [{**TASK["data"], "label": 3}], "does not name one class"),
]


@pytest.mark.parametrize(("name", "content", "why"), BAD, ids=[f"{k}" for k in range(len(BAD))])
def test_a_bad_file_is_refused_in_two_lines_and_changes_nothing(run, tmp_path, capsys, name, content, why):
    good = _write(tmp_path / "good.csv", "example_id,action\nquery-0009,drop\n")
    actions.curation.decide_from(run, good, token="g")
    path = _write(tmp_path / name, content)
    with pytest.raises(DataError, match=why):
        actions.curation.decide_from(run, path, token="t")
    assert main(["decide", "banking", "--from", str(path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    assert list(_decisions(run)) == ["query-0009"]
