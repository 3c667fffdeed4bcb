"""`rules` says rules in words, `facets` counts rows by every facet, `export` says whether it is fit to be used."""

import json

import numpy as np

from core import actions
from core.cli import main
from core.types.curation import Action, Change


def _said(capsys, *words) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def _rules(tmp_path, **rules):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(rules))
    return path


def test_every_part_of_rules_is_said(capsys, tmp_path):
    file = _rules(
        tmp_path,
        goal="keep_hard",
        group_weights={"influence": 2.0},
        score_weights={"el2n": 0.0, "loss": 1.0},
        transform="probit",
        within_class=True,
        thresholds=[{"score": "el2n", "kind": "count", "drop": "below", "cut": 5, "class_name": "3"}],
        guardrails={"class_floor": 4, "class_cap": None, "duplicates": "exact", "lock_held_out": False},
    )
    lines = dict(
        line.strip().split("  ", 1)
        for line in _said(capsys, "rules", "digits", "--rules", file).splitlines()
        if "  " in line.strip()
    )
    said = {topic: words.strip() for topic, words in lines.items()}
    assert said["goal"] == "Keep the hard ones"
    assert said["cut"] == "Drop the 5 lowest by EL2N in class 3"
    assert said["composite"].endswith("scores compared as normal quantiles of ranks, ranked within each class")
    assert said["weights of families"] == "influence 2"
    assert said["weights of scores"] == "EL2N left out", "a weight of 1 is not worth a word"
    assert said["classes"] == "each keeps at least 4 rows; a class may not be emptied unasked"
    assert said["near-duplicates"] == "of rows with equal content one stays"
    assert said["held-out rows"] == "not locked: rules act on them, too"


def test_the_counts_are_those_of_the_outcome(capsys):
    run = actions.runs.open_run("digits")
    view = actions.scores.score_view(run)
    counts = actions.outcomes.outcome(view, actions.rules.default_rules(view), {}).counts
    assert f"keeps {counts['kept']:,} of {counts['rows']:,} rows; dropped: " in _said(capsys, "rules", "digits")


def test_rules_as_json_can_be_given_back(capsys, tmp_path):
    plain = json.loads(_said(capsys, "rules", "digits", "--preset", "remove_redundant", "--json"))
    file = _rules(tmp_path, **plain)
    assert json.loads(_said(capsys, "rules", "digits", "--rules", file, "--json")) == plain


def test_facets_count_rows_and_kept_rows(capsys):
    run = actions.runs.open_run("digits")
    counted = {facet["name"]: facet for facet in json.loads(_said(capsys, "facets", "digits", "--json"))}
    labels, counts = np.unique(run.examples.labels, return_counts=True)
    by_class = {value["value"]: value["rows"] for value in counted["label"]["values"]}
    assert by_class == {run.examples.class_names[c]: n for c, n in zip(labels, counts.tolist(), strict=True)}
    kept = {value["value"]: value["kept"] for value in counted["decision"]["values"]}
    assert kept["dropped"] == 0
    for facet in ("zone", "split", "predicted"):
        assert sum(value["kept"] for value in counted[facet]["values"]) == kept["kept"]


def test_facets_follow_rules_and_decisions(capsys):
    run = actions.runs.open_run("digits")
    before = json.loads(_said(capsys, "facets", "digits", "--json"))[0]["values"]
    view = actions.scores.score_view(run)
    row = int(
        np.flatnonzero(actions.outcomes.outcome(view, actions.rules.default_rules(view), {}).kept & ~view.held_out)[0]
    )
    actions.curation.decide(run, [str(view.ids[row])], Change(Action.DROP), token="t")
    after = json.loads(_said(capsys, "facets", "digits", "--json"))[0]["values"]
    assert [value["rows"] for value in after] != [value["rows"] for value in before]
    assert json.loads(_said(capsys, "facets", "digits", "--no-decisions", "--json"))[0]["values"] == before


def test_a_facet_of_many_values_is_cut_short_and_says_so(capsys, monkeypatch):
    from core.cli import words

    monkeypatch.setattr(words, "MOST_DETAILS", 3)
    said = _said(capsys, "facets", "digits")
    assert "  … and 7 more values; --json lists all" in said.splitlines()


def test_export_says_whether_it_is_fit_to_be_used(capsys, tmp_path):
    said = _said(capsys, "export", "digits", "--out", tmp_path / "e").splitlines()
    lights = {line.split()[0]: line for line in said if line.startswith("  ")}
    assert "rows have a weight" in said[1]
    assert "All 250 held-out rows stay" in said[2]
    assert said[2].split()[0] == said[3].split()[0] == "green"
    assert "were not looked at by a person" in lights["amber"] or "Checked" in lights["amber"]
    assert said[-1].startswith("check it: ")
    unlocked = _rules(
        tmp_path, strategy="uniform", strategy_params={"keep_fraction": 0.5}, guardrails={"lock_held_out": False}
    )
    said = _said(capsys, "export", "digits", "--out", tmp_path / "f", "--rules", unlocked).splitlines()
    assert said[2].split()[0] == "red"
    assert "held-out rows are dropped" in said[2]
