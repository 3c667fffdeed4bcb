"""Transformers as people have them: token ids, dicts, DataLoaders, outputs that carry logits. No name is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numerics.tiny_transformers import CLASSES, TinyBert, token_ids
from oracles.per_example_gradients import loop_gradient_norms
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

from core import InfluenceSettings, influence_pairs, score
from core.library.network_inputs import network_inputs
from core.models.handed_network import HandedNetwork
from core.training.passes import PassOutputs, run_pass
from core.training.rows import ArrayRows
from core.types.errors import CurationError, DataError
from core.types.progress import SilentProgress
from core.types.signals import Signal

ROWS = 24
IDS, MASK = token_ids(ROWS)
LABELS = torch.arange(ROWS) % CLASSES
SCORES = ["el2n", "grand", "grand_last", "knn_shapley"]


@dataclass
class Output:
    """As transformers' SequenceClassifierOutput: attributes, no tensor."""

    logits: Tensor
    loss: Tensor | None = None


class Classifier(nn.Module):
    """Called by name, as transformers are."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.bert = TinyBert()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Any = None) -> Output:
        return Output(self.bert((input_ids, torch.ones_like(input_ids) if attention_mask is None else attention_mask)))


def ragged(row: int) -> dict[str, Any]:
    """A row of a tokenized dataset: lists as long as the text, beside what no network reads."""
    length = int(MASK[row].sum())
    ids, mask = IDS[row, :length].tolist(), [1] * length
    return {"text": "words", "input_ids": ids, "attention_mask": mask, "label": int(LABELS[row])}


class Padded(DataLoader):
    """A loader with a collator: each batch is as long as its longest row."""

    def __init__(self) -> None:
        rows: Any = [ragged(row) for row in range(ROWS)]
        super().__init__(rows, batch_size=5, collate_fn=self.collated)

    @staticmethod
    def collated(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        padded = {
            name: torch.tensor([row[name] + [0] * (longest - len(row[name])) for row in rows])
            for name in ("input_ids", "attention_mask")
        }
        return {**padded, "labels": torch.tensor([row["label"] for row in rows])}


NAMED = {"input_ids": IDS, "attention_mask": MASK}
FORMS = {
    "dict": lambda: (NAMED, LABELS),
    "dict-of-arrays": lambda: ({name: one.numpy().astype(np.int32) for name, one in NAMED.items()}, LABELS.numpy()),
    "tuple": lambda: ((IDS, MASK), LABELS),
    "dataset-of-dicts": lambda: [ragged(row) for row in range(ROWS)],
    "dataset-of-tuples": lambda: TensorDataset(IDS, MASK, LABELS),
    "dataset-of-pairs": lambda: [((IDS[i], MASK[i]), LABELS[i]) for i in range(ROWS)],
    "loader-of-tuples": lambda: DataLoader(TensorDataset(IDS, MASK, LABELS), batch_size=7),
    "loader-of-dicts": Padded,
}


@pytest.fixture(scope="module")
def expected() -> Any:
    """Scores of the network that takes a tuple, and its gradient norms by one backward each."""
    network = Classifier().eval()
    return score((NAMED, LABELS), network, scores=SCORES).table, loop_gradient_norms(network.bert, (IDS, MASK), LABELS)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_the_same_rows_gives_the_same_scores(form: Any, expected: Any) -> None:
    table, norms = expected
    found = score(form(), Classifier(), scores=SCORES).table
    for name in SCORES:  # batches of other lengths are summed in another order
        np.testing.assert_allclose(found[name], table[name], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["grand"], norms, rtol=1e-5)
    assert found["label"].tolist() == [str(label) for label in LABELS.tolist()]


def test_everything_has_values_or_a_reason_and_three_checkpoints_give_vog() -> None:
    states = [Classifier(seed).state_dict() for seed in (1, 2, 3)]
    found = score((NAMED, LABELS), Classifier(), checkpoints=states, learning_rates=[0.3, 0.2, 0.1])
    assert {"el2n", "grand", "vog", "aum", "tracin_self", "knn_shapley", "lof"} <= set(found.results)
    assert all(found.skipped.values())
    assert np.isfinite(found.table["vog"]).all()


def test_gradients_by_a_text_are_those_of_its_token_vectors() -> None:
    network = HandedNetwork(Classifier(), CLASSES, ("input_ids", "attention_mask"))
    taken = np.zeros((ROWS, 8))

    def keep(rows: np.ndarray, gradients: np.ndarray) -> None:
        taken[rows] = gradients

    signals = frozenset({Signal.INPUT_GRADIENT_SPREAD, Signal.GRADIENT_NORM})
    found = run_pass(
        network, ArrayRows((IDS, MASK)), LABELS.numpy(), signals,
        progress=SilentProgress(), into=PassOutputs(input_gradients=keep),
    )  # fmt: skip
    bert: Any = network.inner.bert
    bert.eval()
    vectors = bert.words(IDS).detach().requires_grad_()
    handle = bert.words.register_forward_hook(lambda *_: vectors)
    own = bert((IDS, MASK)).gather(1, LABELS[:, None]).sum()
    handle.remove()
    (gradient,) = torch.autograd.grad(own, [vectors])
    by_hand = torch.stack([gradient[i][MASK[i] == 1].mean(0) for i in range(ROWS)]).numpy()
    np.testing.assert_allclose(taken, by_hand, rtol=1e-4, atol=1e-6)
    assert found.gradient_norm is not None
    np.testing.assert_allclose(found.gradient_norm, loop_gradient_norms(bert, (IDS, MASK), LABELS), rtol=1e-5)


def test_influence_by_gradient_products_is_that_of_vmap_over_all_but_the_tables() -> None:
    network = Classifier().eval()
    targets = ({name: one[:6] for name, one in NAMED.items()}, LABELS[:6])
    found = influence_pairs(network, (NAMED, LABELS), targets, settings=InfluenceSettings("tracin"))
    weights = {name: p.detach() for name, p in network.bert.named_parameters() if _is_covered(name)}

    def loss(weights: dict[str, Tensor], ids: Tensor, mask: Tensor, label: Tensor) -> Tensor:
        logits = functional_call(network.bert, weights, ((ids[None], mask[None]),))
        return nn.functional.cross_entropy(logits, label[None])

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0, 0))(weights, IDS, MASK, LABELS)
    flat = torch.cat([one.flatten(1) for one in each.values()], dim=1).detach()
    expected = (flat[:6] @ flat.T).numpy()
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert found.notes == ("Parameters left out, as their gradients are no factors: Embedding.",)


def _is_covered(name: str) -> bool:
    return not name.startswith(("words.", "positions.", "kinds."))


@pytest.mark.parametrize("method", ["gauss_newton", "ekfac", "datainf", "trak"])
def test_every_method_of_influence_reads_a_transformer(method: str) -> None:
    """A copy of a target that the network has right helps it, the copy with the label it believes least harms it."""
    network = Classifier()
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(IDS, MASK).logits, LABELS).backward()
        optimizer.step()
    with_copies = {name: torch.cat([one, one[:1], one[:1]]) for name, one in NAMED.items()}
    believed = network(IDS[:1], MASK[:1]).logits.detach()
    labels = torch.cat([LABELS, believed.argmax(1), believed.argmin(1)])
    one = ({name: part[:1] for name, part in NAMED.items()}, believed.argmax(1))
    settings = InfluenceSettings(method, weight_decay=0.01)
    values = influence_pairs(network, (with_copies, labels), one, settings=settings).values[0]
    assert values[ROWS] > 0 > values[ROWS + 1]


class Stumbling(Classifier):
    """Has gradients of two rows, and none of more."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Any = None) -> Output:
        if torch.is_grad_enabled() and len(input_ids) > 2:
            raise MemoryError("too many rows")
        return super().forward(input_ids, attention_mask)


def test_a_signal_that_fails_on_all_rows_does_not_take_the_others_with_it() -> None:
    found = score((NAMED, LABELS), Stumbling())
    assert {"el2n", "grand_last", "knn_shapley"} <= set(found.results)
    assert "too many rows" in found.skipped["grand"]
    with pytest.raises(CurationError, match="too many rows"):
        score((NAMED, LABELS), Stumbling(), scores="grand")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: DataLoader(TensorDataset(IDS, MASK, LABELS), shuffle=True), "shuffles"),
        (lambda: [{"input_ids": IDS[i]} for i in range(4)], "has no label"),
        (lambda: [{**ragged(i), "attention_mask": None} for i in range(ROWS)], "different shapes"),
        (lambda: ([{"token": [1, 2]}] * 4, [0, 1, 2, 3]), "cannot be read by a network|no numbers"),
        (lambda: ({"tokens": IDS}, LABELS), "takes none of these inputs by name: tokens"),
        (lambda: ({"input_ids": IDS, "attention_mask": MASK[:3]}, LABELS), "3, 24 inputs and 24 labels"),
        (lambda: ({"input_ids": np.array(["a"] * ROWS)}, LABELS), "cannot be read by a network"),
        (lambda: (NAMED, LABELS + 0.5), "is not a class"),
        (lambda: (NAMED, np.array(["a", "b", "c", "d"] * 6)), "which of .*outputs is which class"),
    ],
)
def test_what_cannot_be_read_is_said_before_the_work(data: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        score(data(), Classifier())
    assert len(caught.value.lines().splitlines()) == 2


def test_names_of_the_classes_are_those_of_class_names() -> None:
    names = ["ant", "bee", "cat", "dog"]
    table = score((NAMED, np.array(names)[LABELS]), Classifier(), scores="el2n", class_names=names).table
    assert table["label"].tolist() == [names[label] for label in LABELS]
    np.testing.assert_array_equal(table["el2n"], score((NAMED, LABELS), Classifier(), scores="el2n").table["el2n"])


def test_whole_numbers_are_ids_for_a_network_that_looks_them_up_and_numbers_for_others() -> None:
    assert network_inputs(IDS, ROWS, nn.Embedding(3, 3)).parts[0].dtype == np.int64
    assert network_inputs(IDS, ROWS, nn.Linear(7, 3)).parts[0].dtype == np.float32
    assert network_inputs(IDS.to(torch.uint8), ROWS, nn.Embedding(3, 3)).parts[0].dtype == np.float32


def test_a_classifier_of_transformers_is_scored_exactly() -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=12, num_labels=CLASSES,
    )  # fmt: skip
    network = transformers.BertForSequenceClassification(config).eval()
    states = [network.state_dict()] * 3
    found = score([ragged(row) for row in range(ROWS)], network, scores=[*SCORES, "vog"], checkpoints=states)

    class Logits(nn.Module):
        """For the slow twin, which reads a tuple and wants a tensor."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = network

        def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
            return self.inner(input_ids=x[0], attention_mask=x[1]).logits

    np.testing.assert_allclose(found.table["grand"], loop_gradient_norms(Logits(), (IDS, MASK), LABELS), rtol=1e-5)
    targets = ({name: one[:4] for name, one in NAMED.items()}, LABELS[:4])
    pairs = influence_pairs(network, (NAMED, LABELS), targets, settings=InfluenceSettings("ekfac"))
    assert np.isfinite(pairs.values).all()
    assert pairs.notes == ("Parameters left out, as their gradients are no factors: Embedding.",)
