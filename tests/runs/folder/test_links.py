"""A run folder that was sent along with links or pipes chooses no place where something is written or waited for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from worlds import write_table

from core import actions
from core.cli import main
from core.runs.check import checks
from core.store.workspace import workspace_root
from core.types.errors import RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A finished run; `received` takes its score away, so that resume has something to do."""
    root = tmp_path_factory.mktemp("links")
    table, _ = write_table(root / "data")
    spec = RunSpec(str(table), scores=("knn_distance",), map=False, threads=1)
    actions.runs.run_here(spec, root / "run", SilentProgress())
    return root / "run"


@pytest.fixture
def mine(tmp_path) -> Path:
    """A folder and a file of the person's own; the dot file is named as a half-written one of ours would be."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / ".shell.settings").write_text("own\n")
    (folder / "profile").write_text("own\n")
    return folder


def received(made: Path, tmp_path: Path, place: str, target: Path) -> Path:
    run = tmp_path / "run"
    shutil.copytree(made, run)
    card = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(card | {"state": "cancelled"}))
    shutil.rmtree(run / "scores")
    link = run / place
    if link.is_dir():
        shutil.rmtree(link)
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return run


def untouched(mine: Path) -> bool:
    names = sorted(path.name for path in mine.iterdir())
    return names == [".shell.settings", "profile"] and all(path.read_text() == "own\n" for path in mine.iterdir())


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("log.txt", "profile"),
        ("scores", "."),
        ("work", "."),
        ("index", "."),
        ("arrays/more", "."),
        ("model", "."),
        ("arrays/logits.npy", "profile"),
        ("beside", "nowhere"),
    ],
)
def test_resume_refuses_a_run_with_links(place, what, made, mine, tmp_path, capsys):
    run = received(made, tmp_path, place, mine / what)
    assert main(["resume", str(run), "--quiet"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert f"{run / place} is a link" in said[0]
    with pytest.raises(RunError, match="is a link"):
        actions.runs.resume_run(run)  # the button: nothing is started, and no log opened for it
    assert untouched(mine)


@pytest.mark.parametrize("place", ["log.txt", "examples.parquet", "arrays/embedding.npy", "model/s0-e1.safetensors"])
def test_resume_waits_for_no_pipe(place, made, tmp_path, capsys):
    run = received(made, tmp_path, "beside", tmp_path)
    (run / "beside").unlink()
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).unlink(missing_ok=True)
    os.mkfifo(run / place)
    assert main(["resume", str(run), "--quiet"]) == 2
    assert f"{run / place} is no plain file" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["check", "check/0123456789abcdef"])
def test_checks_of_a_run_with_links_are_kept_in_the_workspace(place, made, mine, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made, run)
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).symlink_to(mine)
    opened = actions.runs.open_run(run)
    checks.ask_check(opened, actions.rules.default_rules(actions.scores.score_view(opened)), {})
    assert len(list((workspace_root() / "checks" / opened.run_id).glob("*/asked.json"))) == 1
    assert untouched(mine)


def test_the_run_folder_itself_may_be_a_link(made, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made, run)
    (tmp_path / "link").symlink_to(run)
    assert main(["resume", str(tmp_path / "link"), "--quiet"]) == 0
