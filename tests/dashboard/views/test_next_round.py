"""The next round on the screen: score again, answers from a file, decisions taken over, runs compared, label next."""

from dataclasses import replace

import numpy as np
import pytest
import scored_worlds
from screens import screen, words

from core import actions
from core.runs.watch import launch
from core.types.curation import Action, Change
from core.types.errors import RunError
from core.types.progress import SilentProgress


@pytest.fixture
def decided(run_of):
    """The open run, with one row relabeled and one dropped."""
    run = actions.runs.open_run(run_of("table"))
    actions.curation.decide(run, ["r00"], Change(Action.RELABEL, "bee"), token="a")
    actions.curation.decide(run, ["r01"], Change(Action.DROP), token="b")
    return run


def _opened(run):
    return screen("scores", run.path, step="round")


def test_nothing_decided_cannot_be_scored_again(run_of):
    at = _opened(actions.runs.open_run(run_of("table")))
    assert at.button(key="score_again").disabled


def test_the_button_asks_what_the_terminal_asks(decided, monkeypatch):
    asked = []

    def start(spec, out=None, consent=None):
        asked.append(spec)
        raise RunError("Not here.", "Nothing is started in a test.")

    monkeypatch.setattr(launch, "start", start)
    at = _opened(decided)
    assert "2 decisions: 1 relabeled, 1 dropped, 0 kept." in words(at)
    at.button(key="score_again").click().run()
    assert asked == [actions.rounds.with_decisions(decided.spec, decided)]
    assert asked[0].overlay.relabeled == {"r00": "bee"}
    assert asked[0].overlay.dropped == ("r01",)


def test_answers_are_shown_before_they_are_applied_and_one_undo_takes_them_back(decided):
    at = _opened(decided)
    answers = b"example_id,action,label\nr05,drop,\nr06,relabel,bee\nr07,keep,\n"
    at.file_uploader(key="answers_0").set_value(("answers.csv", answers, "text/csv")).run()
    assert "3 answers: 1 drop, 1 relabel, 1 keep." in words(at)
    assert len(actions.curation.curation_state(decided).decisions) == 2
    at.button(key="apply_answers").click().run()
    assert set(actions.curation.curation_state(decided).decisions) == {"r00", "r01", "r05", "r06", "r07"}
    assert set(actions.curation.undo(decided).decisions) == {"r00", "r01"}


def test_a_bad_file_changes_nothing(decided):
    at = _opened(decided)
    at.file_uploader(key="answers_0").set_value(
        ("a.csv", b"example_id,action\nr05,drop\nnobody,keep\n", "text/csv")
    ).run()
    assert "1 of 2 ids are not in this run" in words(at)
    assert len(actions.curation.curation_state(decided).decisions) == 2


def test_a_second_run_is_offered_decisions_and_is_compared(decided, tmp_path):
    spec = actions.rounds.with_decisions(decided.spec, decided)
    second = actions.runs.run_here(spec, tmp_path / "second", SilentProgress())
    actions.curation.undo(second)  # what came along: offered again
    at = _opened(second)
    assert f"2 of 2 decisions of {decided.run_id} fit (60 of 60 ids)" in words(at)
    assert f"This run is under the decisions of {decided.run_id}: 1 relabeled, 1 dropped." in words(at)
    at.button(key="take_over_0").click().run()
    assert set(actions.curation.curation_state(second).decisions) == {"r00", "r01"}
    at = screen("compare", second.path, pane="runs")
    found = actions.rounds.compare_runs(decided, second)
    assert found.lines[4][2] in at.dataframe[0].value["after"].tolist()
    assert f"dropped now, kept before: {len(found.lost):,}" in words(at)
    assert at.dataframe[1].value["held-out rows"].sum() == 12


def test_one_run_says_how_to_make_another(run_of):
    assert "One run only" in words(screen("compare", run_of("table"), pane="runs"))


def test_rows_without_a_label_have_an_order(run_of, tmp_path):
    source = scored_worlds.table_file(tmp_path)
    lines = source.read_text("utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    hidden = [",".join([*row[:4], "" if 10 < k < 40 else row[4], row[5]]) for k, row in enumerate(cells)]
    source.write_text("\n".join(hidden) + "\n", encoding="utf-8")
    spec = replace(actions.runs.open_run(run_of("table")).spec, source=str(source))
    run = actions.runs.run_here(spec, tmp_path / "run", SilentProgress())
    view = actions.scores.score_view(run)
    order = actions.review.label_next(run, view, {}).order
    assert np.array_equal(np.sort(order), np.flatnonzero(run.examples.labels < 0))
    at = screen("explore", run.path, order="next", tab="All", form="table")
    assert f"{len(order):,} rows to label next." in words(at)
    frame = next(f.value for f in at.dataframe if "id" in f.value.columns)
    assert frame["id"].tolist() == run.examples.ids[order].tolist()
