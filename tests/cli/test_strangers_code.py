"""A stranger's folder through every door: whatever it says about trust, its code does not run."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from models.sources.evil import EVIL_FILES
from strangers import Gift, import_state, make_gift

from core import actions
from core.attributions import AttributionClient
from core.attributions.session import Session
from core.cli import main
from core.cli.parser import COMMANDS
from core.models.sources import SOURCES, described, source_of
from core.runs.watch import background_tasks, launch
from core.types import child
from core.types.attributions import Edit
from core.types.curation import Action, Change
from core.types.errors import CurationError, ModelError
from core.types.progress import SilentProgress
from core.types.review import LabelNext
from core.types.runs import RunState, RunStatus, TrainingSpec

_STANDS = ("inside the folder", "in its parent", "elsewhere, importable")
_LIBRARY = tuple(getattr(actions, name) for name in actions.FILES)
_READS_A_FOLDER = {"run", "folder", "source", "spec", "path_or_id", "run_id"}
_IS_CONSENT = {"allow_code", "allow_factory", "named_code"}  # what --trust and --model do: a person says so


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Gift:
    return make_gift(tmp_path_factory.mktemp("stranger") / "made")


@pytest.fixture(autouse=True)
def nothing_stays_imported():
    with import_state():
        yield


def _received(made, where, tmp_path, monkeypatch, finished=True) -> Gift:
    """The folder, and the person where the payload could be imported from; `python -m` adds the current folder."""
    inside = where == _STANDS[0]
    gift = made.copy(tmp_path / "received", "payload:make" if inside else "gift.payload:make", finished)
    importable = str(gift.run if inside else gift.root)
    monkeypatch.chdir(tmp_path if where == _STANDS[2] else importable)
    monkeypatch.syspath_prepend(importable)
    monkeypatch.setenv("PYTHONPATH", importable, prepend=":")
    return gift


def _answers(gift: Gift):
    """A file of answers about rows of the run."""
    path = gift.root / "answers.csv"
    path.write_text("example_id,action\nrow-5,drop\n", encoding="utf-8")
    return path


def _commands(gift: Gift, out, dear: bool) -> dict[str, list[list]]:
    """Every command of the parser on the folder, each way that reads it; the dear ones are those that take seconds."""
    run, data = gift.run, gift.root / "data" / "data.csv"
    return {
        "open": [["open", "--port", "0"], ["open", run, "--port", "0"]],  # what its page opens is tried with the views
        "inspect": [["inspect", run]] * dear,
        "inspect-model": [["inspect-model", run]] * dear,
        "trust": [["trust", run]],
        "run": [
            ["run", data, "--out", run, "--quiet"],
            ["run", data, "--out", out / "r2", "--decisions-from", run, "--quiet"],
            *[["run", run, "--out", out / "r", "--scores", "knn_distance", "--no-map", "--quiet"]] * dear,
        ],
        "resume": [["resume", run, "--quiet"]],
        "status": [["status"], ["status", run]],
        "cancel": [["cancel", run]],
        "methods": [["methods"]],
        "table": [["table", run], ["table", run, "--csv", out / "t.csv"]],
        "noise": [["noise", run]],
        "rank": [["rank", run, "--score", "composite"]],
        "explain": [["explain", run, "row-5"]] * dear,
        "importance": [["importance", run, "--quiet"], ["importance", run, "--by", "label"]],
        "plant": [["plant", data, "--flip", "0.1", "--out", out / "p"]],
        "evaluate": [["evaluate", run, "--truth", gift.root / "data" / "key.csv"]],
        "rules": [["rules", run]],
        "facets": [["facets", run]],
        "decide": [["decide", run, *more] for more in ([], ["--from", _answers(gift)], ["--from", run])],
        "compare": [["compare", run], ["compare", run, "--with", run]],
        "label-next": [["label-next", run]],
        "check": [
            *[["check", run, "--seeds", "4", "--quiet"]] * dear,
            ["check", run, "--mode", "full", "--quiet"],
            ["check", run, "--resume", gift.check_key(), "--quiet"],
        ],
        "selftest": [["selftest", run, "--flip", "0.3", "--quiet"]],
        "report": [["report", run, "--out", out / "r.html"]],
        "export": [["export", run, "--out", out / "e"]],
        "verify": [
            ["verify", gift.export, "--level", level, "--run", run, "--quiet", *more]
            for level in (1, 2, 3)
            for more in ([], ["--retrain"])
        ],
    }


@pytest.mark.parametrize("where", _STANDS)
def test_no_command_runs_it(where, made, tmp_path, monkeypatch, capsys):
    gift = _received(made, where, tmp_path, monkeypatch)
    doors = _commands(gift, tmp_path / "out", dear=where == _STANDS[2])
    assert set(doors) == {command.name for command in COMMANDS}, "a new command: say how it reads a run folder"
    tried = [_refused_where_it_would_run(gift, ways, capsys) for ways in doors.values()]
    with pytest.raises(CurationError, match="Nothing was run"):  # what the process that explains would do
        Session(gift.run).explain(5, "gradient_shap", {})
    assert not gift.canary.exists()
    assert sum(tried) > len(COMMANDS)
    print(f"{sum(tried)} commands tried, 0 canary files")


def test_no_command_goes_on_with_it(made, tmp_path, monkeypatch, capsys):
    gift = _received(made, _STANDS[2], tmp_path, monkeypatch, finished=False)
    ways = [["resume", gift.run, "--quiet"], ["status", gift.run], ["cancel", gift.run], ["table", gift.run]]
    assert _refused_where_it_would_run(gift, ways, capsys, {"resume"}) == 4


def _refused_where_it_would_run(gift, ways, capsys, refuses=frozenset({"selftest", "explain", "full", "--resume"})):
    """How many command lines were tried: none runs the payload, and those that would need it say so in two lines."""
    for arguments in ways:
        code = main([str(word) for word in arguments])
        said = capsys.readouterr()
        assert "Something went wrong" not in said.err, arguments
        assert not gift.canary.exists(), f"ran by {arguments}"
        if refuses & {str(word) for word in arguments}:
            assert code == 2, arguments
            what, todo = said.err.splitlines()[-2:]
            assert what.endswith("is code from outside Chaffinch. Nothing was run.")
            assert "--trust" in todo
    return len(ways)


def test_no_library_function_runs_it(made, tmp_path, monkeypatch):
    gift, spawned = _received(made, _STANDS[2], tmp_path, monkeypatch), []
    monkeypatch.setattr(launch, "spawn", lambda job, folder, command, *_: spawned.append(command))
    monkeypatch.setattr(background_tasks, "spawn", lambda job, folder, command, *_: spawned.append(command))
    with AttributionClient(gift.run) as client:
        tried = _try_each(_arguments(gift, tmp_path, client), {"resume_run": {"run": gift.run}}, gift)
    assert tried > 50
    assert not spawned, "no process is started for what would be refused in it"
    run = actions.runs.open_run(gift.run)
    actions.checks.start_check(run, actions.rules.default_rules(actions.scores.score_view(run)), {}, seeds=4)
    assert main([*spawned.pop()[4:]]) == 0
    assert not gift.canary.exists()
    print(f"{tried} functions tried, 0 canary files")


def _try_each(given, special, gift) -> int:
    tried = 0
    for module in _LIBRARY:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("_") or function.__module__ != module.__name__ or name in _IS_CONSENT:
                continue
            taken = inspect.signature(function).parameters
            if not _READS_A_FOLDER & set(taken):
                continue
            needed = [p for p, about in taken.items() if about.default is about.empty or p in ("mode", "client")]
            assert set(needed) <= set(given), f"{name}: say what to give it"
            with suppress(CurationError):  # a refusal in words is an answer, too
                function(**{parameter: given[parameter] for parameter in needed} | special.get(name, {}))
            tried += 1
            assert not gift.canary.exists(), f"ran by {name}"
    return tried


def _arguments(gift: Gift, tmp_path, client) -> dict:
    """One value for every name that a function of the library asks for."""
    run = actions.runs.open_run(gift.run)
    view = actions.scores.score_view(run)
    rules = actions.rules.default_rules(view)
    outcome = actions.outcomes.outcome(view, rules, {})
    return {
        "run": run,
        "branch": "main",
        "ids": ["row-1"],
        "change": Change(Action.KEEP),
        "token": "t",
        "example_id": "row-1",
        "rules": rules,
        "name": "main",
        "source": str(gift.run),
        "spec": run.spec,
        "out": tmp_path / "out",
        "progress": SilentProgress(),
        "run_id": run.run_id,
        "path_or_id": gift.run,
        "path": _answers(gift),
        "folder": gift.export,
        "row": 5,
        "method": "gradient_shap",
        "view": view,
        "decisions": {},
        "flip": 0.3,
        "seed": 0,
        "key": gift.check_key(),
        "score": "el2n",
        "column": "label",
        "mode": "full",
        "fractions": (),
        "seeds": 3,
        "cut": 3,
        "edit": Edit(cells={"a": "1"}),
        "height": 4,
        "width": 4,
        "similarity": 0.9,
        "to": "other",
        "rows": [1],
        "curation": actions.curation.curation_state(run),
        "client": client,
        "outcome": outcome,
        "a": outcome,
        "b": outcome,
        "expected_rev": 0,
        "layout": "umap",
        "names": run.score_names,
        "other": run,
        "before": run,
        "after": run,
        "chosen": LabelNext(np.array([1]), np.ones(1, np.float32), by_model=False),
        "status": RunStatus(run.run_id, RunState.FINISHED),
    }


@pytest.mark.parametrize("kind", [source.name for source in SOURCES if source.predict is not None])
def test_no_kind_of_model_file_is_run(kind, tmp_path):
    pytest.importorskip("onnx")
    assert kind in EVIL_FILES, "a new kind of file: say what an evil one looks like"
    path = EVIL_FILES[kind](tmp_path)
    assert source_of(str(path)).name == kind
    with pytest.raises(ModelError) as refusal:
        described(TrainingSpec(model=str(path)))
    assert refusal.value.hint
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("words", [["resume", "gift", "--quiet"], ["inspect", "data/data.csv"]])
def test_python_m_core_beside_the_folder_runs_nothing(made, tmp_path, monkeypatch, words):
    gift = made.copy(tmp_path / "received", finished=False)
    for name in ("pandas", *sys.stdlib_module_names):  # Python itself would look here first
        (gift.root / f"{name}.py").write_text((gift.run / "payload.py").read_text())
    environment = child.environment()
    done = subprocess.run(
        [sys.executable, "-m", "core", *words],
        cwd=gift.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not gift.canary.exists()
    assert "Something went wrong" not in done.stderr


@pytest.mark.parametrize("words", [["check", "--mode", "full", "--seeds", "3"], ["resume"]])
def test_with_trust_the_canary_sings(made, tmp_path, monkeypatch, words):
    """The control: the same folder, and a person who says --trust with the payload on the import path."""
    gift = made.copy(tmp_path / "received", finished=False)
    asked = [words[0], str(gift.run), *words[1:], "--trust", "--quiet"]
    monkeypatch.chdir(gift.root)
    assert main(asked) == 2, "the current folder is no import path"
    assert not gift.canary.exists()
    monkeypatch.syspath_prepend(str(gift.root))
    if words[0] == "check":
        gift = made.copy(tmp_path / "finished")
        asked[1] = str(gift.run)
        sys.path[0] = str(gift.root)
    assert main(asked) == 0
    assert gift.canary.exists()
    sys.path.remove(str(gift.root))
    shutil.move(gift.run / "payload.py", gift.root / "moved.py")
    assert main(["selftest", str(gift.run), "--flip", "0.3", "--quiet"]) == 2
