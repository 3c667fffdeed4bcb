"""What is true of a signal stands in its entry: one that is added here is planned, gathered and refused like any."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import tiny_world

from core.evaluation import rescoring
from core.library.scored import why_not
from core.runs.plan import prepare
from core.runs.plan.catalogue import method_facts
from core.scores import ScoreInputs, score_named
from core.scores.shared.finite import REASON, computed
from core.types.errors import CurationError
from core.types.examples import Modality
from core.types.methods import Goal
from core.types.runs import RunSpec, TrainingSpec
from core.types.scores import ScoreResult
from core.types.signals import (
    Signal,
    SignalFacts,
    Source,
    at_checkpoints,
    at_epoch,
    gathered,
    listed,
    trained_for,
    with_logits,
)


@pytest.fixture
def add(monkeypatch):
    """Adds a signal as a line in `Signal` would, and takes it away again."""

    def added(name: str, facts: SignalFacts) -> Signal:
        signal = str.__new__(Signal, name)
        signal._name_, signal._value_, signal.facts = name.upper(), name, facts
        monkeypatch.setitem(Signal._member_map_, name.upper(), signal)
        monkeypatch.setitem(Signal._value2member_map_, name, signal)
        monkeypatch.setattr(Signal, "_member_names_", [*Signal._member_names_, name.upper()])
        return signal

    return added


@pytest.fixture
def method_of(monkeypatch):
    """A score of one signal, in the registry that a run is planned from."""

    def made(signal: Signal):
        def compute(inputs, params, progress):
            return ScoreResult(np.arange(len(inputs.labels), dtype=np.float32), meta={"read": str(signal)})

        method = replace(score_named("loss"), name="throw_away", needs=(signal,), compute=compute)
        monkeypatch.setattr(prepare, "SCORES", (method,))
        monkeypatch.setattr(rescoring, "score_named", lambda name: method)
        assert method.orientation[Goal.FIND_NOISE]
        return method

    return made


def plan(modality: Modality, **training) -> str:
    (line,) = prepare.plan_scores(RunSpec("data.csv", modality=modality.value, training=TrainingSpec(**training)))
    return line.why_not


def test_a_signal_of_checkpoints_is_planned_gathered_and_refused_by_its_facts(add, method_of):
    texture = add("paper_texture", SignalFacts("[N] of each checkpoint", Source.CHECKPOINTS))
    method, world = method_of(texture), tiny_world()
    assert Signal("paper_texture") is texture in set(Signal)
    assert plan(Modality.TABLE, model="logistic_regression") == (
        "needs a network: logistic_regression gives probabilities only"
    )
    assert plan(Modality.TABLE) == ""
    assert with_logits(trained_for({texture, Signal.TEXTS})) == {texture, Signal.LOGITS}
    assert gathered(Signal) >= {texture}
    assert at_epoch({texture, Signal.LOGITS}, is_kept=True) == {texture} != at_epoch({texture}, is_kept=False)
    assert rescoring.testable(["throw_away"], inputs=True)[1] == {"throw_away": "needs paper texture: too dear here"}
    assert why_not(method, method.params(), world.examples, frozenset({Signal.LOGITS}), {}) == (
        "needs paper texture, which nothing given here can show"
    )
    assert method_facts(method)["needs"] == ["paper_texture"]
    inputs = ScoreInputs(world.examples, world.evidence, method.needs)
    assert inputs.checkpoints, "a score of a signal of each checkpoint may read the checkpoints"
    bad = np.arange(len(world.examples)) < 3
    result = computed(method, replace(inputs, evidence=replace(world.evidence, not_finite=bad)), None, None)
    assert np.isnan(result.values[:3]).all()
    assert result.undefined == {REASON: 3}


def test_a_signal_over_several_checkpoints_is_not_taken_from_one(add):
    drift = add("drift", SignalFacts("[N] over checkpoints", Source.CHECKPOINTS, least_checkpoints=2))
    assert at_checkpoints({drift, Signal.LOGITS}, 1) == {Signal.LOGITS}
    assert at_checkpoints({drift, Signal.LOGITS}, 2) == {drift, Signal.LOGITS}
    world = tiny_world()
    with pytest.raises(CurationError, match="without declaring any of features, gradient norm"):
        _ = ScoreInputs(world.examples, world.evidence, (drift,)).checkpoints


def test_a_signal_of_the_inputs_needs_no_training(add, method_of):
    facts = SignalFacts("[N] of each input", Source.INPUTS, of_network=False, costly=False)
    brightness = add("brightness", facts)
    method, world = method_of(brightness), tiny_world()
    assert plan(Modality.TABLE, model="logistic_regression") == ""
    assert not trained_for({brightness})
    assert not gathered({brightness})
    assert with_logits({brightness}) == {brightness}
    assert rescoring.testable(["throw_away"], inputs=False) == ([method], {})
    bad = np.arange(len(world.examples)) < 3
    inputs = ScoreInputs(world.examples, replace(world.evidence, not_finite=bad), method.needs)
    assert np.isfinite(computed(method, inputs, None, None).values).all(), "no model had a say in it"


def test_every_signal_says_what_it_is():
    for signal in Signal:
        assert signal.facts.array
        assert Signal(signal.value) is signal
        assert not (signal.of_inputs_alone and signal.facts.of_network), f"{signal} comes from the inputs alone"
    assert listed(Signal).startswith("embedding, features, fold models")
