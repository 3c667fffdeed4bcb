"""What each source of evidence states, and what a plan makes of several together."""

from dataclasses import replace

import numpy as np
import pytest

from core.models.sources import SOURCES
from core.runs.plan import sources_of_evidence as sources
from core.runs.plan.prepare import plan_scores
from core.types.evidence import EvidenceStatement, GivenEvidence
from core.types.examples import Modality
from core.types.models import Ability
from core.types.recorded import RecordedFiles
from core.types.runs import RunSpec, TrainingSpec
from core.types.signals import Signal

NETWORK = {Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD}


def test_two_sources_give_together_what_each_gives_and_keep_the_first_ones_reasons():
    one = EvidenceStatement(frozenset({Signal.LOGITS}), {Signal.TEXTS: "no texts", Signal.FEATURES: "not recorded"})
    other = EvidenceStatement(frozenset({Signal.FEATURES}), {Signal.TEXTS: "a table", Signal.LOGITS: "none"}, 3)
    both = one.beside(other)
    assert both.gives == {Signal.LOGITS, Signal.FEATURES}
    assert both.why_not == {Signal.TEXTS: "no texts"}
    assert both.moments == 3


@pytest.mark.parametrize(
    ("training", "modality", "gives"),
    [
        (TrainingSpec(), Modality.TABLE, set(Signal) - {Signal.EMBEDDING, Signal.TEXTS}),
        (TrainingSpec(model="logistic_regression"), Modality.TABLE, {Signal.OUT_OF_FOLD}),
        (TrainingSpec(model="net:make", epochs=0), Modality.IMAGE, NETWORK | {Signal.FOLD_MODELS}),
        (TrainingSpec(model="net:make", epochs=0), Modality.TABLE, NETWORK | {Signal.FOLD_MODELS, Signal.OUT_OF_FOLD}),
    ],
)
def test_a_model_states_what_it_gives(training, modality, gives):
    stated = sources.of_model(training, modality, None)
    assert stated.gives == gives
    assert set(stated.why_not) == set(Signal) - gives - {Signal.EMBEDDING, Signal.TEXTS}


def test_a_source_without_gradients_pays_for_no_gradients(monkeypatch):
    """A new source is one entry: what it does not give is left out of plans, in its own words."""
    factory = next(source for source in SOURCES if source.name == "factory")
    fewer = replace(
        factory, gives=(Ability.LOGITS, Ability.FEATURES), cannot={Ability.GRADIENTS: "its graph runs forwards only"}
    )
    monkeypatch.setattr(sources, "SOURCES", (fewer,))
    stated = sources.of_model(TrainingSpec(model="net:make", weights=("a.pt",)), Modality.TABLE, None)
    assert {Signal.LOGITS, Signal.FEATURES, Signal.OUT_OF_FOLD} <= stated.gives
    assert sources.why_missing(frozenset({Signal.GRADIENT_NORM}), stated) == (
        "needs gradient norm: its graph runs forwards only"
    )


@pytest.mark.parametrize(("epochs", "runs"), [(1, False), (2, True)])
def test_scores_of_steps_between_epochs_need_two(epochs, runs):
    given = GivenEvidence(logits=np.zeros((1, epochs, 4, 2), np.float32))
    spec = RunSpec("data.csv", modality="text", recorded=RecordedFiles(logits="l.npy"))
    plan = {line.name: line for line in plan_scores(spec, None, given)}
    assert [plan[name].runs for name in ("tdds", "loss_reduction", "el2n")] == [runs, runs, True]
    assert plan["tdds"].why_not == ("" if runs else "needs 2 epochs: it has logits of 1")


def test_recorded_logits_leave_only_the_judge_to_be_trained():
    spec = RunSpec("data.csv", modality="text", recorded=RecordedFiles(logits="l.npy"))
    has = sources.evidence_of(spec, None, None)
    assert has.gives == {Signal.LOGITS, Signal.OUT_OF_FOLD, Signal.EMBEDDING, Signal.TEXTS}
    assert "not among what was recorded" in sources.why_missing(frozenset({Signal.GRADIENT_NORM}), has)
    assert sources.why_missing(has.gives, has) == ""
