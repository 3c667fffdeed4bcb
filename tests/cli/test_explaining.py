"""`python -m core explain`: on the bundled samples, as a person types it."""

import json

import pytest

from core import actions
from core.cli import main


def first_id(sample, row=7):
    return str(actions.runs.open_run(sample).examples.ids[row])


def test_a_text_with_its_lights(capsys):
    assert main(["explain", "banking", first_id("banking")]) == 0
    said = capsys.readouterr().out
    assert "by gradient_shap, logit" in said
    assert "additivity gap" in said
    assert "models with random weights" in said


def test_errors_of_reagent_and_settings(capsys):
    asked = ["explain", "banking", first_id("banking"), "--method", "reagent", "--param", "steps=64", "--json"]
    assert main(asked) == 0
    plain = json.loads(capsys.readouterr().out)
    found = plain["attribution"]
    assert len(found["errors"]) == len(found["values"]) == len(found["names"])
    assert any("64 random sets" in note for note in found["notes"])
    assert [check["name"] for check in plain["checks"]] == ["randomization"]


def test_blocks_and_concepts_of_a_picture(capsys):
    assert main(["explain", "digits", first_id("digits"), "--method", "craft"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.strip().startswith("concept ") for line in lines) >= 3
    assert next(line for line in lines if line.strip().startswith("56 ")).count(".") == 8


@pytest.mark.parametrize(
    ("sample", "flags", "words"),
    [
        ("banking", ["--without", "TRANSFER"], "without “transfer”"),
        ("adult", ["--set", "age=20", "workclass="], "workclass"),
    ],
)
def test_what_ifs_show_before_and_after_with_the_warning(sample, flags, words, capsys):
    assert main(["explain", sample, first_id(sample), *flags]) == 0
    said = capsys.readouterr().out
    assert words in said
    assert "before" in said
    assert "EL2N of this model" in said
    assert "changes no data" in said


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["nobody"], "no example 'nobody'"),
        (["ID", "--method", "craft"], "'craft' does not fit"),
        (["ID", "--without", "xyzzy"], "no word 'xyzzy'"),
        (["ID", "--set", "age"], "names no value"),
    ],
)
def test_mistakes_are_two_lines(flags, words, capsys):
    flags = [first_id("banking") if flag == "ID" else flag for flag in flags]
    assert main(["explain", "banking", *flags]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 2
