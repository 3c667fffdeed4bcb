"""The report is one file that loads nothing, and nobody's words can become tags or code in it."""

import json
import re

import pytest
from plotly.offline import get_plotlyjs

from core.export.check_figures import check_figure, check_rows, recall_figure
from core.export.report import ReportContent, page, write_report
from core.types.checks import (
    ArmPoint,
    CheckResult,
    Comparison,
    Gain,
    NoiseRate,
    ScoreRecall,
    SelfTestResult,
    SmallestSubset,
    Stratum,
    Verdict,
)

EVIL = "</script><img src=x onerror=alert(1)>"


def check_result(name="cat"):
    points = [
        ArmPoint(arm, f, n, (0.8, 0.82, 0.81), 0.81, 0.78, 0.84, name, 0.5)
        for arm, f, n in (
            ("rule", 0.9, 90),
            ("random", 0.9, 90),
            ("rule", 0.5, 50),
            ("random", 0.5, 50),
            ("all", 1.0, 100),
        )
    ]
    compared = (
        Comparison("random", 0.9, 90, 0.02, 0.01, 0.03, Verdict.BETTER, True),
        Comparison("random", 0.5, 50, 0.0, -0.01, 0.01, Verdict.SAME),
    )
    return CheckResult(
        "k",
        1,
        "quick",
        "regression",
        600,
        3,
        100,
        40,
        "the test split",
        (name, "dog"),
        {},
        "00",
        tuple(points),
        compared,
        SmallestSubset(0.5, 50, 0.97, "50 rows"),
        f"Better. {name}",
        (name,),
    )


def self_test(name="el2n"):
    recall = ScoreRecall(name, (0.05, 0.1, 0.2), (0.4, 0.6, 0.8), (0.3, 0.5, 0.7), (0.5, 0.7, 0.9), 0.5, 0.9)
    return SelfTestResult(
        "k",
        0.05,
        0,
        400,
        20,
        (recall,),
        (recall,),
        {name: 1.0},
        {name: "difficulty"},
        (Gain("equal weights", 0.01, -0.01, 0.03),),
        {"vog": EVIL},
        (EVIL,),
    )


def noise():
    return NoiseRate(
        (Stratum(EVIL, 10, 5, 2, 0.1, 0.7), Stratum("others", 90, 5, 0, 0, 0.4)),
        0.05,
        0.01,
        0.2,
        None,
        None,
        4,
        EVIL,
        EVIL,
    )


def whole(name=EVIL):
    return ReportContent(
        name,
        ((name, name),),
        {"preset": name},
        ((name, 10, 9), ("dog", 0, 0)),
        (name,),
        check_result(name),
        self_test(name),
        noise(),
    )


def test_no_word_becomes_a_tag():
    text = page(whole()).replace(get_plotlyjs(), "")
    assert "<img" not in text
    assert "&lt;img" in text
    assert text.count("<script>") == text.count("</script>") == 3  # plotly and two charts


def test_nothing_is_loaded_from_anywhere():
    text = page(whole("cat")).replace(get_plotlyjs(), "")
    assert not re.search(r"<[^>]*\b(src|href)\s*=|@import|url\(", text)
    assert "default-src 'none'" in text
    assert len(page(whole("cat"))) > len(get_plotlyjs()) > 10**6


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = write_report(whole(), tmp_path / "a.html").read_bytes()
    assert first == write_report(whole(), tmp_path / "b.html").read_bytes()


def test_charts_hold_the_figures_and_read_as_plotly():
    import plotly.graph_objects as go

    for figure in (check_figure(check_result()), recall_figure(self_test())):
        assert go.Figure(figure).to_json()
    texts = re.findall(r"const f=(.*?);Plotly", page(whole("cat")).replace(get_plotlyjs(), ""))
    assert json.loads(texts[0]) == json.loads(json.dumps(check_figure(check_result("cat"))))
    lines = {t["name"]: t for t in check_figure(check_result())["data"] if "name" in t}
    assert lines["the rule"]["x"] == [0.5, 0.9]
    assert lines["all data"]["y"] == pytest.approx([0.81, 0.81])


def test_the_table_has_a_verdict_beside_each_random_arm():
    rows = check_rows(check_result())
    said = [row[-2] for row in rows]
    assert said == ["", "better", "", "no different", ""]
    assert "+2.0 (+1.0 to +3.0)" in rows[1]


def test_without_a_check_it_says_so():
    text = page(ReportContent("run", (), {}, ()))
    assert "No check was run" in text
    assert "Self-test" not in text.replace(get_plotlyjs(), "")
