"""`inspect-model`: the same facts as a library call, on the terminal, from a process with limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from models.sources.small_models import save_text_folder, texts

from core.cli import main

pytest.importorskip("transformers")


def _data(folder: Path, names: tuple[str, str] = ("bad", "good")) -> Path:
    rows = [f"r{n},{text},{names[n % 2]}" for n, text in enumerate(texts())]
    path = folder / "data.csv"
    path.write_text("\n".join(["id,text,label", *rows]) + "\n")
    return path


def test_what_a_model_is_and_can_give_for_the_data(tmp_path: Path, capsys) -> None:
    network = save_text_folder(tmp_path / "model", names=("Good", "Bad"))
    assert main(["inspect-model", str(tmp_path / "model"), "--data", str(_data(tmp_path)), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["parameters"] == sum(p.numel() for p in network.parameters())
    assert facts["classes"] == ["Good", "Bad"]
    assert facts["data_classes"] == ["good", "bad"], "in the order of the outputs"
    assert {"el2n", "grand", "tracin_self", "label_quality"} <= set(facts["scores"])
    assert "held-out rows" in facts["without"]["influence"]
    assert facts["measured"]["rows"] == 24
    assert facts["measured"]["seconds"] > 0
    assert main(["inspect-model", str(tmp_path / "model")]) == 0
    said = capsys.readouterr().out
    for words in ("BertForSequenceClassification", "32 tokens", "not trainings here", "0  Good"):
        assert words in said


def test_other_classes_are_refused(tmp_path: Path, capsys) -> None:
    save_text_folder(tmp_path / "model")
    data = _data(tmp_path, ("ham", "spam"))
    assert main(["inspect-model", str(tmp_path / "model"), "--data", str(data)]) == 2
    assert "The model's classes are bad, good; those of the data are ham, spam." in capsys.readouterr().err


def test_a_built_in_model_and_no_model(tmp_path: Path, capsys, monkeypatch) -> None:
    assert main(["inspect-model", "random_forest"]) == 0
    said = capsys.readouterr().out
    assert "not logits at each checkpoint" in said
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("no model")
    for name, words in (("notes.txt", "is no model that is read"), ("nothing/here", "There is no model at")):
        assert main(["inspect-model", name]) == 2
        assert words in capsys.readouterr().err
