"""Small random models as people save them, made on the spot: nothing is downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

WORDS = ["good", "bad", "film", "food", "slow", "quick", "room", "service", "never", "always", "nice", "dull", "warm"]


def texts(rows: int = 24, seed: int = 0) -> list[str]:
    """Sentences of different length."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(2, 12))) for _ in range(rows)]


def save_tokenizer(folder: Path, roberta: bool = False) -> int:
    """A WordPiece tokenizer over WORDS as tokenizer.json; returns its size."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    special = ["<s>", "<pad>", "</s>", "[UNK]"] if roberta else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: n for n, word in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    first, last = (special[0], special[2]) if roberta else (special[2], special[3])
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    tokenizer.enable_truncation(6)  # as a training left it: the model reads more, and only config.json counts
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def text_classifier(kind: str, vocabulary: int, classes: int, seed: int, **more: Any) -> Any:
    """A small classifier of transformers with random weights of some size, so that outputs differ."""
    transformers = pytest.importorskip("transformers")
    transformers.utils.logging.disable_progress_bar()
    sizes = {"vocab_size": vocabulary, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 24, "max_position_embeddings": 32, "num_labels": classes, "initializer_range": 0.3}
    if kind == "DistilBert":
        sizes = {"vocab_size": vocabulary, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24}
        sizes |= {"max_position_embeddings": 32, "num_labels": classes, "initializer_range": 0.3}
    if kind in ("Albert", "Electra"):
        sizes["embedding_size"] = 8
    config = getattr(transformers, f"{kind}Config")(**{**sizes, **more})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()


def save_text_folder(folder: Path, kind: str = "Bert", seed: int = 0, names: tuple[str, ...] = ("bad", "good")) -> Any:
    """A Hugging Face folder of a text classifier; returns the network that was saved."""
    folder.mkdir(parents=True, exist_ok=True)
    roberta = "oberta" in kind or "OBERTA" in kind.upper() and kind != "DebertaV2"
    size = save_tokenizer(folder, roberta and kind != "DebertaV2")
    more: dict[str, Any] = {"pad_token_id": 1} if roberta and kind != "DebertaV2" else {}
    if names:
        more |= {"id2label": dict(enumerate(names)), "label2id": {name: n for n, name in enumerate(names)}}
    network = text_classifier(kind, size, len(names) or 2, seed, **more)
    network.save_pretrained(folder)
    return network


def save_trainer_output(folder: Path, kind: str = "Bert", steps: tuple[int, ...] = (90, 500, 1000)) -> list[Any]:
    """checkpoint-N folders with trainer_state.json, written out of order; returns the networks in order of step."""
    made = {}
    for number, step in enumerate(sorted(steps, key=str)):
        made[step] = save_text_folder(folder / f"checkpoint-{step}", kind, seed=step)
        log = [{"learning_rate": 1e-3 / (place + 1)} for place in range(number + 1)]
        (folder / f"checkpoint-{step}" / "trainer_state.json").write_text(json.dumps({"log_history": log}))
    return [made[step] for step in sorted(steps)]


def library_logits(network: Any, folder: Path, sentences: list[str]) -> np.ndarray:
    """What transformers itself says, one text at a time through its own forward: the oracle."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    with torch.no_grad():
        out = [network(input_ids=torch.tensor([tokenizer.encode(one).ids])).logits[0] for one in sentences]
    return torch.stack(out).numpy()
