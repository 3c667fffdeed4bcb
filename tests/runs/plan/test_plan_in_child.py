"""What a child says about a dataset's scores is what this process would say, without this process opening the file."""

import pytest

from core import actions
from core.datasets import guarded
from core.runs.folder.source import load_source
from core.scores import SCORES
from core.types.errors import DataError
from core.types.runs import RunSpec


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,x,y,label\n" + "".join(f"r{i},{i / 7},{i * 3 % 11},a\n" for i in range(24)))
    return RunSpec(str(path))


def test_the_child_plans_as_this_process_does(spec):
    assert actions.runs.plan_source(spec) == actions.runs.plan_scores(spec, load_source(spec).examples)
    assert not all(plan.runs for plan in actions.runs.plan_source(spec)), "one class only: some scores cannot run"


def test_fault_34_with_one_class_what_compares_classes_is_left_out_and_says_so(spec):
    plans = {plan.name: plan for plan in actions.runs.plan_source(spec)}
    for method in SCORES:
        words = "needs two classes or more: every label is the same"
        assert (plans[method.name].why_not == words) == method.needs_labels
    assert any(plan.runs for plan in plans.values())


def test_what_the_child_refuses_comes_in_its_words(tmp_path):
    with pytest.raises(DataError, match="gone.csv"):
        actions.runs.plan_source(RunSpec(str(tmp_path / "gone.csv")))


def test_a_child_that_dies_harms_nobody(spec, tmp_path, monkeypatch):
    reader = tmp_path / "reader"
    reader.write_text("#!/bin/sh\nkill -9 $$\n")
    reader.chmod(0o755)
    monkeypatch.setattr(guarded.sys, "executable", str(reader))
    with pytest.raises(guarded.UnsafeFileError, match="crashed"):
        actions.runs.plan_source(spec)
