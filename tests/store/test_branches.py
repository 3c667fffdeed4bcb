"""Branches: copies that go their own way, with their own undo; an older store takes them in place."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from core.store import branches, curation_log, picks
from core.store import database as database_module
from core.types.curation import Action, Change, Decision, Rules
from core.types.errors import RunError


def test_a_branch_starts_as_a_copy_and_goes_its_own_way():
    log, tree = curation_log(), branches()
    log.decide("r", ["a"], Change(Action.DROP), token="1")
    log.save_rules("r", Rules(seed=7), token="2")
    log.save_selection("r", "odd", ["a", "b"], token="3")
    made = tree.make("r", "strict", "main", token="x")
    copy = log.state(made.curation)
    assert (copy.decisions, copy.rules, copy.selections) == (
        log.state("r").decisions,
        Rules(seed=7),
        {"odd": ("a", "b")},
    )
    log.decide(made.curation, ["b"], Change(Action.DROP), token="4")
    assert set(log.state("r").decisions) == {"a"}
    assert set(log.state(made.curation).decisions) == {"a", "b"}


def test_each_branch_undoes_its_own_changes_also_those_it_was_born_with():
    log, tree = curation_log(), branches()
    log.decide("r", ["a"], Change(Action.DROP), token="1")
    log.decide("r", ["b"], Change(Action.KEEP), token="2")
    log.undo("r")
    key = tree.make("r", "strict", "main", token="x").curation
    assert log.state(key).can_redo
    assert set(log.redo(key).decisions) == {"a", "b"}
    log.undo(key)
    assert set(log.undo(key).decisions) == set()
    assert set(log.state("r").decisions) == {"a"}, "main was changed by an undo of the branch"
    assert [e.kind for e in log.history(key, "a")] == ["decide", "undo"]


def test_branches_of_branches_and_of_other_runs_do_not_meet():
    log, tree = curation_log(), branches()
    one = tree.make("r", "one", "main", token="x")
    log.decide(one.curation, ["a"], Change(Action.DROP), token="1")
    two = tree.make("r", "two", "one", token="y")
    other = tree.make("s", "one", "main", token="x")
    assert set(log.state(two.curation).decisions) == {"a"}
    assert log.state(other.curation).decisions == {}
    assert [b.name for b in tree.names("r")] == ["main", "one", "two"]
    assert two.origin == "one"


def test_a_double_click_makes_one_branch():
    tree = branches()
    assert tree.make("r", "one", "main", token="x") == tree.make("r", "one", "main", token="x")
    assert len(tree.names("r")) == 2


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "main", "MAIN", "One"])
def test_names_that_will_not_do_are_refused_in_words(name):
    tree = branches()
    tree.make("r", "one", "main", token="x")
    with pytest.raises(RunError, match="branch"):
        tree.make("r", name, "main", token="y")
    assert len(tree.names("r")) == 2


def test_a_removed_branch_keeps_its_decisions_and_comes_back():
    log, tree = curation_log(), branches()
    made = tree.make("r", "one", "main", token="x")
    tree.remember("r", "one")
    log.decide(made.curation, ["a"], Change(Action.DROP), token="1")
    tree.remove("r", "one")
    assert (tree.names("r"), tree.last("r")) == (tree.names("r")[:1], "main")
    with pytest.raises(RunError, match="no branch 'one'"):
        tree.curation("r", "one")
    again = tree.make("r", "one", "main", token="y")
    assert again.curation != made.curation
    with pytest.raises(RunError, match="already"):
        tree.restore("r", made.curation)
    tree.rename("r", "one", "new one")
    assert tree.restore("r", made.curation).name == "one"
    assert set(log.state(made.curation).decisions) == {"a"}
    assert tree.last("r") == "new one"


def test_main_keeps_its_name_and_place():
    for change in (lambda t: t.rename("r", "main", "other"), lambda t: t.remove("r", "main")):
        with pytest.raises(RunError, match="keeps its name"):
            change(branches())


def test_a_store_of_version_1_gains_branches_and_answers_in_place(own_workspace):
    log = curation_log()
    log.decide("r", ["a"], Change(Action.DROP, note="before"), token="1")
    with closing(sqlite3.connect(own_workspace / "workspace.sqlite")) as raw, raw:
        for table in ("branch", "last_branch", "picked"):
            raw.execute(f"DROP TABLE {table}")
        raw.execute("ALTER TABLE decision DROP COLUMN sampled")
        raw.execute("""UPDATE event SET after = '{"a": ["drop", null, "before", false]}'""")
        raw.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
    database_module._opened.cache_clear()
    made = branches().make("r", "one", "main", token="x")
    assert curation_log().state(made.curation).decisions["a"].note == "before"
    with closing(sqlite3.connect(own_workspace / "workspace.sqlite")) as raw:
        assert raw.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() == ("3",)
    log.undo("r")
    assert log.redo("r").decisions["a"] == Decision(Action.DROP, None, "before")
    log.decide("r", ["a"], Change(Action.KEEP, reviewed=True, sampled=True), token="2")
    assert branches().make("r", "two", "main", token="y")
    assert log.state("r").decisions["a"] == Decision(Action.KEEP, None, "before", True, True)
    assert log.decide("r", ["a"], Change(Action.CLEAR), token="3").decisions["a"].sampled is False


def test_a_selection_is_renamed_and_the_renaming_undone():
    log = curation_log()
    log.save_selection("r", "odd", ["a"], token="1")
    log.save_selection("r", "even", ["b"], token="2")
    assert log.rename_selection("r", "odd", "strange", token="3").selections == {"even": ("b",), "strange": ("a",)}
    assert log.undo("r").selections == {"even": ("b",), "odd": ("a",)}
    for name, to in (("gone", "new"), ("odd", "even"), ("odd", " ")):
        with pytest.raises(RunError, match="selection|will not do"):
            log.rename_selection("r", name, to, token=f"{name}{to}")


def test_undo_in_a_stale_tab_is_refused():
    log = curation_log()
    seen = log.decide("r", ["a"], Change(Action.DROP), token="1").rev
    log.decide("r", ["b"], Change(Action.DROP), token="2")
    with pytest.raises(RunError, match="Changed in another tab"):
        log.undo("r", expected_rev=seen)
    assert set(log.state("r").decisions) == {"a", "b"}


def test_revision_is_that_of_the_state():
    log = curation_log()
    assert log.revision("r") == 0
    log.decide("r", ["a"], Change(Action.DROP), token="1")
    assert log.revision("r") == log.state("r").rev == 1


def test_rows_just_picked_come_back_by_their_digest_alone():
    rows = np.array([0, 3, 999])
    name = picks().keep("r", rows, 1000)
    assert picks().keep("r", rows, 1000) == name
    assert picks().rows("r", name, 1000).tolist() == [0, 3, 999]
    assert picks().rows("r", name, 1001) is None, "another number of rows: another dataset"
    assert picks().rows("s", name, 1000) is None
    assert picks().rows("r", picks().keep("r", np.array([], int), 1000), 1000).tolist() == []


def test_only_the_last_picks_are_kept():
    first = picks().keep("r", np.array([0]), 100)
    last = [picks().keep("r", np.array([k]), 100) for k in range(1, 51)][-1]
    assert picks().rows("r", first, 100) is None
    assert picks().rows("r", last, 100).tolist() == [50]
