"""Names in the files of a run folder become parts of paths: each is one plain name, or the folder is refused."""

import json
import shutil

import pytest

from core import actions
from core.attributions.session import Session
from core.cli import main
from core.datasets.samples import sample_run
from core.export.readiness import export_name
from core.types.errors import CurationError

HOSTILE = ("../../outside", "..", "/etc/passwd", "a/b", "a\\b", "", "x" * 300, "a\nb", "\x1b[2J", "C:x")


@pytest.fixture
def run(tmp_path):
    shutil.copytree(sample_run("adult"), tmp_path / "home" / "run")
    return tmp_path / "home" / "run"


def _rewrite(path, change) -> None:
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def _outside(run) -> set:
    return {path for path in run.parent.parent.rglob("*") if run not in path.parents}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("file", ["spec.json", "run.json"])
def test_a_run_id_that_is_no_plain_name_is_refused(run, file, name):
    _rewrite(run / file, lambda plain: plain.update(run_id=name))
    before = _outside(run)
    with pytest.raises(CurationError, match="plain name"):
        actions.runs.open_run(run)
    assert main(["check", str(run)]) == 2
    assert _outside(run) == before


@pytest.mark.parametrize("name", HOSTILE)
def test_a_score_that_is_no_plain_name_is_refused(run, name):
    def rename(plain):
        plain["scores"] = {name: next(iter(plain["scores"].values()))}

    _rewrite(run / "scores" / "scores.json", rename)
    with pytest.raises(CurationError, match="plain name"):
        _ = actions.runs.open_run(run).score_names


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("", "a/b")])
def test_weights_lie_inside_the_run(run, name):
    _rewrite(run / "model" / "model.json", lambda plain: [c.update(path=name) for c in plain["checkpoints"]])
    with pytest.raises(CurationError, match="plain name"):
        Session(run).explain(0, "integrated_gradients", {})
    with pytest.raises(CurationError, match="plain name"):
        actions.explanations.influential_examples(actions.runs.open_run(run), 0)


def test_an_array_is_asked_by_a_plain_name(run):
    with pytest.raises(CurationError, match="plain name"):
        actions.scores.clusters(actions.runs.open_run(run), "../../../home/x")


@pytest.mark.parametrize("key", ["../../../x", "..", "/tmp/x", "never-asked", ""])
def test_only_a_check_that_was_asked_is_resumed(run, key, capsys):
    before = sorted(run.parent.parent.rglob("*"))
    assert main(["check", str(run), f"--resume={key}"]) == 2
    said = capsys.readouterr().err
    assert "was never asked for a check" in said if key else "is empty" in said
    assert sorted(run.parent.parent.rglob("*")) == before


@pytest.mark.parametrize("name", HOSTILE)
def test_the_usual_folder_of_an_export_is_one_plain_name(name):
    for branch in ("main", name):
        said = export_name(name, branch)
        assert said
        assert not set(said) & set("/\\\n\x1b:")
        assert said.strip(".") == said
        assert len(said) <= 201
