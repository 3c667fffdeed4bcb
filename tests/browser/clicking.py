"""Many sessions that click at once, and many clicks on "Explore it" in every form in which a browser sends them."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sessions import Session

SHARED = (1000, 1001, 1002)  # rows that every session decides about; all its other rows are its own
_OWN = 20


@dataclass
class Clicks:
    """What sessions did to one run. refused: clicks that were refused, by whose row they were on."""

    runs: int = 0
    decided: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    dead: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # where a session was refused its own row


def click_together(address: str, sessions: int, seconds: float) -> Clicks:
    """Sessions that for so long open, keep and drop rows, and press again before the page has answered.

    None undoes: that takes back the last change of the run, whoever made it.
    """
    opened = [Session(address, "explore", run="digits") for _ in range(sessions)]
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(sessions) as pool:
        parts = list(pool.map(lambda number: _click(opened[number], number, end), range(sessions)))
    for session in opened:
        session.close()
    return Clicks(
        sum(part.runs for part in parts),
        sum((part.decided for part in parts), Counter()),
        sum((part.refused for part in parts), Counter()),
        [error for part in parts for error in part.dead],
        [words for part in parts for words in part.said],
    )


def _click(session: Session, number: int, end: float) -> Clicks:
    rng, found = random.Random(number), Clicks()
    while time.monotonic() < end:
        whose = "shared" if rng.random() < 0.2 else "own"
        row = rng.choice(SHARED) if whose == "shared" else number * _OWN + rng.randrange(_OWN)
        before, refused = session.runs, len(session.refusals)
        if rng.random() < 0.3:  # one more press, which the decision overtakes or is overtaken by
            session.tell("gallery", "event", {"kind": "focus", "row": row})
        session.tell("gallery", "event", {"kind": "key", "row": row, "pressed": rng.choice("kd")})
        session.until(lambda: session.runs > before)  # noqa: B023 - asked at once
        session.rest()
        found.decided[whose] += 1
        found.refused[whose] += len(session.refusals) - refused
        found.said += session.refusals[refused:] if whose == "own" else []
    session.rest()
    found.runs, found.dead = session.runs, session.errors
    return found


def explore_it(address: str, times: int, seed: int = 0) -> int:
    """How many of so many presses of "Explore it", each on a fresh Start page, lead to the map of that sample."""
    rng, arrived = random.Random(seed), 0
    for _ in range(times):
        session, name = Session(address), rng.choice(("digits", "banking", "adult"))
        _press(session, f"try_{name}", rng)
        session.until(lambda: session.title() == "Explore" and "gallery" in session.widgets)  # noqa: B023
        arrived += f"run={name}" in session.query and not session.errors
        session.close()
    return arrived


def _press(session: Session, key: str, rng: random.Random) -> None:
    """Alone, in one batch with a part of the page, or just before or after that part asks for something."""
    part, how = session.parts["warm_up_mount"], rng.choice(("alone", "batch", "before", "after"))
    if how == "before":
        session.tell("warm_up_mount", "need", "chart", part)
    session.press(key, part if how == "batch" else "")
    if how == "after":
        session.tell("warm_up_mount", "need", "chart", part)
