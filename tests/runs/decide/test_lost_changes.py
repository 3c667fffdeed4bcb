"""A workspace database that was emptied, replaced or lost is noticed by the runs that have decisions."""

import shutil

import pytest
from worlds import write_table

from core import actions
from core.runs.decide import lost_changes
from core.store import curation_log
from core.store import database as database_module
from core.types.curation import Action, Change, Rules
from core.types.errors import RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    source, _ = write_table(tmp_path_factory.mktemp("table"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        spec = RunSpec(str(source), scores=("knn_distance",), map=False, threads=1)
        return actions.runs.run_here(spec, tmp_path_factory.mktemp("runs") / "r", SilentProgress())


@pytest.fixture
def run(done, tmp_path):
    shutil.copytree(done.path, tmp_path / "r")
    opened = actions.runs.open_run(tmp_path / "r")
    for i in range(10):
        actions.curation.decide(opened, [f"row-{i}"], Change(Action.DROP), token=str(i))
    return opened


def gone(home):
    for file in home.glob("workspace.sqlite*"):
        file.unlink()


def emptied(home):
    database_module._opened.cache_clear()  # another process, after the power came back
    gone(home)
    (home / "workspace.sqlite").write_bytes(b"")


def whole_home(home):
    shutil.rmtree(home)


def test_a_state_of_a_moment_ago_is_no_lost_database(run):
    """One tab read the state; before it is remembered, another tab's change was made and seen."""
    moment_ago = actions.curation.curation_state(run)
    actions.curation.decide(run, ["row-11"], Change(Action.DROP), token="another tab")
    assert lost_changes.seen(run, moment_ago) is moment_ago
    actions.curation.decide(run, ["row-12"], Change(Action.DROP), token="goes on")


@pytest.mark.parametrize("lose", [gone, emptied, whole_home])
def test_fault_86_lost_decisions_are_missed_and_nothing_is_written_in_their_place(run, own_workspace, lose):
    lose(own_workspace)
    with pytest.raises(RunError, match="0 changes of this run where 10 were seen") as caught:
        actions.curation.curation_state(run)
    assert "decisions.json" in caught.value.hint
    for change in (
        lambda: actions.curation.decide(run, ["row-20"], Change(Action.DROP), token="new"),
        lambda: actions.curation.decide(run, ["row-20"], Change(Action.DROP), token="new", expected_rev=10),
        lambda: actions.curation.save_rules(run, Rules(), token="rules"),
        lambda: actions.selections.save_selection(run, "odd", ["row-1"], token="selection"),
        lambda: actions.curation.undo(run),
    ):
        with pytest.raises(RunError, match="fewer than|emptied or replaced"):
            change()
    assert curation_log().revision(run.run_id) == 0
    (run.path / "check" / "decisions.json").unlink()  # as the hint says
    assert actions.curation.decide(run, ["row-20"], Change(Action.DROP), token="new").rev == 1


def test_a_backup_that_is_brought_back_is_taken_up(run, own_workspace):
    backup = own_workspace / "backup.sqlite"
    with database_module.database().reading() as connection:
        connection.connection.driver_connection.backup(target := __import__("sqlite3").connect(backup))
        target.close()
    gone(own_workspace)
    with pytest.raises(RunError, match="emptied or replaced"):
        actions.curation.curation_state(run)
    gone(own_workspace)
    backup.rename(own_workspace / "workspace.sqlite")
    assert len(actions.curation.curation_state(run).decisions) == 10


def test_another_workspace_has_decisions_of_its_own(run, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "elsewhere"))
    assert actions.curation.curation_state(run).rev == 0
    assert actions.curation.decide(run, ["row-0"], Change(Action.DROP), token="1").rev == 1


def test_each_branch_is_remembered_by_itself(run):
    from core import actions

    actions.branches.make_branch(run, "bold", token="b")
    actions.curation.decide(run, ["row-30"], Change(Action.DROP), token="bold", branch="bold")
    assert (actions.curation.curation_state(run).rev, actions.curation.curation_state(run, "bold").rev) == (10, 11)
