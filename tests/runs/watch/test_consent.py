"""Consent is said by a person or known to the workspace, never read from a run folder."""

import json
import sys
from functools import partial

import pytest
from strangers import import_state
from worlds import write_table

from core import actions
from core.runs.watch import launch
from core.store.atomic import read_json
from core.types.errors import CurationError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState, TrainingSpec, spec_from_json

_CODE = """
from torch import nn
def make(dims, classes):
    return nn.Sequential(nn.Linear(dims[0], 4), nn.ReLU(), nn.Linear(4, classes))
"""


def test_a_spec_holds_no_consent_and_older_ones_keep_their_fingerprint():
    for name in ("digits", "banking", "adult"):
        run = actions.runs.open_run(name)
        asked = read_json(run.path / "spec.json")
        assert "trusted" in asked["spec"]["training"]  # written when specs still held it
        assert run.spec.fingerprint() == asked["fingerprint"]
    plain = RunSpec("x", training=TrainingSpec(model="a:b")).to_json()
    assert "trusted" not in json.dumps(plain)
    for said in (True, False, "yes"):
        plain["training"]["trusted"] = said
        assert spec_from_json(plain) == RunSpec("x", training=TrainingSpec(model="a:b"))


def test_jobs_beside_a_run_find_its_code_wherever_they_are_started(tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "job_net.py").write_text(_CODE)
    data, _ = write_table(tmp_path / "data")
    spec = RunSpec(
        str(data),
        scores=("el2n",),
        map=False,
        threads=1,
        training=TrainingSpec(model="job_net:make", epochs=1, seeds=1, folds=2, checkpoints=1),
    )
    for start in (actions.runs.start_run, partial(actions.runs.run_here, progress=SilentProgress())):
        with pytest.raises(CurationError, match="Nothing was run"):
            start(spec, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with import_state(), monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "code"))
        run = actions.runs.run_here(spec, tmp_path / "run", SilentProgress(), trust=True)
        sys.modules.pop("job_net")
    monkeypatch.chdir(tmp_path)
    assert run.state() is RunState.FINISHED, (run.path / "log.txt").read_text()
    actions.checks.start_self_test(run, 0.3)
    launch._CHILDREN[f"{run.run_id}/selftest"].wait(120)
    assert "el2n" in {score.name for score in actions.checks.self_test_result(run).scores}
    assert "job_net" not in sys.modules
