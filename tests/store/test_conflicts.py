"""Several tabs on one run: each row's own last change decides, nothing is overridden that was not shown."""

import pytest

from core.store import curation_log
from core.types.curation import Action, Change, Rules
from core.types.errors import RunError


@pytest.fixture
def log():
    return curation_log()


def refused(call, *arguments, **changes) -> bool:
    try:
        call("r", *arguments, **changes)
    except RunError as error:
        return "Changed in another tab" in str(error)
    return False


def test_ten_tabs_on_rows_of_their_own_refuse_nothing(log):
    seen = dict.fromkeys(range(10), 0)
    for click in range(12):
        for tab in seen:  # none has seen what the others did
            token = f"tab{tab}:{click}"
            log.decide("r", [f"row-{tab}-{click % 3}"], Change(Action.DROP), token=token, expected_rev=seen[tab])
    assert log.revision("r") == 120


def test_two_tabs_on_the_same_ids_keep_every_event_and_show_every_conflict(log):
    seen, conflicts = {"one": 0, "two": 0}, 0
    for click in range(200):
        for tab in seen:
            for attempt in range(2):
                token = f"{tab}:{click}.{attempt}"
                if not refused(log.decide, [f"row-{click}"], Change(Action.DROP), token=token, expected_rev=seen[tab]):
                    break
                conflicts += 1
                seen[tab] = log.revision("r")
    assert log.revision("r") == 400
    assert conflicts == 200, "the second tab meets the first one's word on every row"


def test_what_another_tab_did_to_the_same_row_is_met_whatever_it_was(log):
    seen = log.decide("r", ["a", "b"], Change(Action.DROP), token="one:1").rev
    log.undo("r", token="one:2")
    assert refused(log.decide, ["b"], Change(Action.KEEP), token="two:1", expected_rev=seen)
    assert not refused(log.decide, ["c"], Change(Action.KEEP), token="two:2", expected_rev=seen)
    seen = log.revision("r")
    assert not refused(log.decide, ["b"], Change(Action.KEEP), token="two:3", expected_rev=seen)


def test_a_tab_is_never_in_its_own_way(log):
    for click in range(5):
        log.decide("r", ["a"], Change(Action.DROP if click % 2 else Action.KEEP), token=f"one:{click}", expected_rev=0)
    log.save_rules("r", Rules(seed=1), token="one:r1", expected_rev=0)
    log.save_rules("r", Rules(seed=2), token="one:r2", expected_rev=0)
    log.undo("r", token="one:u", expected_rev=0)
    assert log.state("r").rules == Rules(seed=1)


def test_rules_meet_rules_alone(log):
    log.decide("r", ["a"], Change(Action.DROP), token="one:1")
    assert not refused(log.save_rules, Rules(seed=1), token="two:1", expected_rev=0)
    assert refused(log.save_rules, Rules(seed=2), token="three:1", expected_rev=0)
    assert not refused(log.decide, ["b"], Change(Action.DROP), token="three:2", expected_rev=0)
    log.undo("r", token="two:2")  # of the decision
    log.undo("r", token="two:3")  # of the rules
    assert refused(log.save_rules, Rules(seed=2), token="four:1", expected_rev=2)


@pytest.mark.parametrize("step", ["undo", "redo"])
def test_a_step_back_is_refused_after_any_change_not_seen(log, step):
    log.decide("r", ["a"], Change(Action.DROP), token="one:1")
    seen = log.undo("r", token="one:2").rev if step == "redo" else 1
    log.save_selection("r", "odd", ["z"], token="two:1")
    assert refused(getattr(log, step), token="one:3", expected_rev=seen)
    assert not refused(getattr(log, step), token="one:4", expected_rev=seen + 1)


def test_a_database_that_has_less_than_was_shown_is_said(log):
    log.decide("r", ["a"], Change(Action.DROP), token="one:1")
    with pytest.raises(RunError, match="1 changes of this run, fewer than the 10 that were shown"):
        log.decide("r", ["b"], Change(Action.DROP), token="one:2", expected_rev=10)
    assert set(log.state("r").decisions) == {"a"}


def test_an_example_may_be_called_like_a_part_of_the_rules(log):
    log.decide("r", ["goal"], Change(Action.DROP), token="1")
    log.save_rules("r", Rules(), token="2")
    log.undo("r", token="3")
    log.save_rules("r", Rules(seed=3), token="4")
    log.undo("r", token="5")
    assert [e.kind for e in log.history("r", "goal")] == ["decide"]
    assert not refused(log.decide, ["goal"], Change(Action.KEEP), token="6", expected_rev=1)
