"""Hugging Face folders: the same numbers as the library's own forward, checkpoints in order, classes by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from models.sources.small_models import (
    library_logits,
    save_text_folder,
    save_trainer_output,
    texts,
)
from torch import nn
from training.tiny_worlds import table_of

from core.models.sources import described, opened, placed
from core.training import gather_evidence
from core.types.examples import ExampleTable, Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

pytest.importorskip("transformers")
KINDS = ("Bert", "DistilBert", "Roberta", "XLMRoberta", "Electra", "DebertaV2", "MPNet", "Albert")
SENTENCES = texts()


def _sentences(names: tuple[str, ...] = ("bad", "good")) -> ExampleTable:
    from dataclasses import replace

    labels = np.arange(len(SENTENCES)) % len(names)
    table = table_of(np.array(SENTENCES, object), labels, Modality.TEXT)
    return replace(table, class_names=names)


def _evidence(model: Path, into: Path, signals: frozenset[Signal], examples: ExampleTable | None = None):
    spec = placed(TrainingSpec(model=str(model), seeds=1, folds=2))
    return gather_evidence(
        _sentences() if examples is None else examples,
        spec,
        signals,
        folder=into,
        seed=0,
        progress=SilentProgress(),
        trusted_factory=opened("none", spec),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_the_librarys(kind: str, tmp_path: Path) -> None:
    network = save_text_folder(tmp_path / "model", kind)
    evidence = _evidence(tmp_path / "model", tmp_path / "run", frozenset({Signal.LOGITS, Signal.FEATURES}))
    wanted = library_logits(network, tmp_path / "model", SENTENCES)
    assert np.ptp(wanted) > 0.1, "outputs that are all alike prove nothing"
    np.testing.assert_allclose(evidence.trace.logits[0, 0], wanted, rtol=1e-5, atol=1e-5)
    head = [m for m in network.classifier.modules() if isinstance(m, nn.Linear)][-1]
    features = torch.from_numpy(np.array(evidence.checkpoints[0].features))
    np.testing.assert_allclose(head(features).detach(), wanted, rtol=1e-5, atol=1e-5)


def test_trainer_checkpoints_in_order_of_step_with_their_rates(tmp_path: Path) -> None:
    networks = save_trainer_output(tmp_path / "out")
    evidence = _evidence(tmp_path / "out", tmp_path / "run", frozenset({Signal.LOGITS}))
    assert evidence.trace.logits.shape[:2] == (1, 3)
    for epoch, network in enumerate(networks):
        wanted = library_logits(network, tmp_path / "out" / "checkpoint-90", SENTENCES)
        np.testing.assert_allclose(evidence.trace.logits[0, epoch], wanted, rtol=1e-5, atol=1e-5)
    steps = sorted((90, 500, 1000), key=str)
    rates = {step: 1e-3 / (place + 1) for place, step in enumerate(steps)}
    assert evidence.trace.learning_rates == tuple(rates[step] for step in (90, 500, 1000))


def test_outputs_stand_where_the_data_has_their_class(tmp_path: Path) -> None:
    network = save_text_folder(tmp_path / "model", names=("Good", "bad"))
    evidence = _evidence(tmp_path / "model", tmp_path / "run", frozenset({Signal.LOGITS, Signal.FEATURES}))
    wanted = library_logits(network, tmp_path / "model", SENTENCES)
    np.testing.assert_allclose(evidence.trace.logits[0, 0], wanted[:, ::-1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "DistilBert"])
def test_gradient_norms_are_plain_autograds(kind: str, tmp_path: Path) -> None:
    network = save_text_folder(tmp_path / "model", kind)
    evidence = _evidence(tmp_path / "model", tmp_path / "run", frozenset({Signal.LOGITS, Signal.GRADIENT_NORM}))
    assert not evidence.refused, evidence.refused
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    labels = _sentences().labels
    for row in range(6):
        network.zero_grad()
        logits = network(input_ids=torch.tensor([tokenizer.encode(SENTENCES[row]).ids])).logits
        nn.functional.cross_entropy(logits, torch.tensor([labels[row]])).backward()
        norm = sum(float(p.grad.double().square().sum()) for p in network.parameters() if p.grad is not None) ** 0.5
        assert evidence.checkpoints[0].gradient_norm[row] == pytest.approx(norm, rel=1e-4)


def test_what_is_said_of_a_folder(tmp_path: Path) -> None:
    network = save_text_folder(tmp_path / "model")
    facts = described(TrainingSpec(model=str(tmp_path / "model")))
    assert facts.parameters == sum(p.numel() for p in network.parameters())
    assert (facts.source, facts.classes, facts.class_count, facts.moments) == ("huggingface", ("bad", "good"), 2, 1)
    assert "32 tokens" in facts.input
    assert json.dumps(facts.to_json())


def test_tokens_attributions_add_up_and_words_can_be_left_out(tmp_path: Path) -> None:
    from core.attributions.session import Session
    from core.runs.execute import execute
    from core.types.attributions import Edit
    from core.types.runs import RunSpec

    network = save_text_folder(tmp_path / "model")
    rows = [f"r{n},{text},{('bad', 'good')[n % 2]}" for n, text in enumerate(SENTENCES)]
    (tmp_path / "data.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    training = TrainingSpec(model=str(tmp_path / "model"), folds=2)
    spec = RunSpec(str(tmp_path / "data.csv"), scores=("el2n",), training=training, map=False)
    run = execute.execute_run(spec, tmp_path / "run", SilentProgress(), clusters=False, reuse=False)
    session = Session(run.path)
    words = SENTENCES[3].split()
    for method, settings in (("integrated_gradients", {"steps": 256}), ("gradient_shap", {"samples": 500})):
        told = session.explain(3, method, settings)
        assert list(told.names) == words
        difference = told.output - told.base
        assert abs(difference) > 0.05, "nothing to divide"
        assert abs(told.gap) < (0.02 if method == "integrated_gradients" else 0.5) * abs(difference)
    assert list(session.explain(3, "occlusion", {}).names) == words
    before_and_after = session.what_if(3, Edit(without=(0,)))
    wanted = library_logits(network, tmp_path / "model", [SENTENCES[3], " ".join(words[1:])])
    probabilities = torch.softmax(torch.from_numpy(wanted), dim=1).numpy()
    np.testing.assert_allclose(before_and_after.before.probabilities, probabilities[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(before_and_after.after.probabilities, probabilities[1], rtol=1e-5, atol=1e-5)
