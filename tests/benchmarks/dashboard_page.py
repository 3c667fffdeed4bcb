"""One page of the dashboard in Chromium and what it costs: times taken in the page, traffic seen by the browser."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.browser.map_probe import READY

WAIT = 180_000  # milliseconds; only waited for what does not come
QUIET = 0.4  # seconds without a frame: the server has said all
# Times of the page's own clock: when something began, and the frame in which it had come true.
CLOCK = """
window.__clock = {
  frames: [],
  arm(kind) { window.addEventListener(kind, () => { this.t0 = performance.now() }, {capture: true, once: true}) },
  until(test) { return new Promise((done, fail) => {
    const look = () => {
      if (test()) done(performance.now() - this.t0)
      else if (performance.now() - this.t0 > 60000) fail(new Error(`in vain for a minute: ${test}`))
      else requestAnimationFrame(look)
    }
    look()
  }) },
  follow() {
    const { live } = window.__chaffinch
    window.__chaffinch.live = (key, rule) => {
      const t = performance.now()
      const counts = live(key, rule)
      if (rule) this.script = performance.now() - t
      return counts
    }
    document.addEventListener('input', (e) => {
      if (e.target.type !== 'range') return
      const t = performance.now()
      const painted = () => this.frames.push([performance.now() - t, this.script])
      requestAnimationFrame(() => requestAnimationFrame(painted))
    }, true)
  },
}
"""


@dataclass
class Frame:
    """One message of the websocket, at the browser's network clock (seconds)."""

    at: float
    sent: bool
    data: bytes


@dataclass
class Page:
    """A tab with its own storage, as a visitor has it."""

    page: Any
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    def open(cls, chromium: Any) -> Page:
        """A fresh context of 1400 x 900 that notes every frame."""
        tab = cls(chromium.new_context(viewport={"width": 1400, "height": 900}).new_page())
        tab.page.add_init_script(CLOCK)
        session = tab.page.context.new_cdp_session(tab.page)
        session.send("Network.enable")
        for event, sent in (("Network.webSocketFrameSent", True), ("Network.webSocketFrameReceived", False)):
            session.on(event, lambda about, sent=sent: tab._note(about, sent))
        return tab

    def _note(self, about: dict[str, Any], sent: bool) -> None:
        text, binary = about["response"]["payloadData"], about["response"]["opcode"] == 2
        self.frames.append(Frame(about["timestamp"], sent, base64.b64decode(text) if binary else text.encode()))

    def close(self) -> None:
        """Leave, as a closed tab does."""
        self.page.context.close()

    def until(self, test: str) -> None:
        """Wait for a JavaScript expression."""
        self.page.wait_for_function(test, timeout=WAIT)

    def settle(self) -> None:
        """Wait until nothing has come for a moment, or a while has passed (a page that polls is never quiet)."""
        began, seen, since = time.monotonic(), len(self.frames), time.monotonic()
        while time.monotonic() - since < QUIET and time.monotonic() - began < 30:
            self.page.wait_for_timeout(50)
            if len(self.frames) != seen:
                seen, since = len(self.frames), time.monotonic()

    def go(self, address: str, ready: str = READY) -> float:
        """Open an address; seconds until `ready`."""
        began = time.perf_counter()
        self.page.goto(address, wait_until="commit")
        self.until(ready)
        return time.perf_counter() - began

    def timed(self, kind: str, act: Callable[[], None], shown: str) -> float:
        """Milliseconds from the event `kind` that `act` causes to the frame in which `shown` is true."""
        self.page.evaluate("(kind) => window.__clock.arm(kind)", kind)
        act()
        return float(self.page.evaluate(f"() => window.__clock.until(() => {shown})"))

    def traffic(self, first: int) -> int:
        """Bytes both ways since frame number `first`."""
        return sum(len(frame.data) for frame in self.frames[first:])

    def answer(self, first: int, *words: bytes) -> float:
        """Milliseconds from the first frame sent after `first` until each of `words` had come back at least once."""
        began = next(frame.at for frame in self.frames[first:] if frame.sent)
        ends = [
            next(f.at for f in self.frames[first:] if not f.sent and f.at >= began and word in f.data) for word in words
        ]
        return 1000 * (max(ends) - began)

    def box(self, selector: str) -> dict[str, float]:
        """Where an element is."""
        return self.page.locator(selector).first.bounding_box()


def middle(values: list[float]) -> float:
    """The median, to three digits."""
    return float(f"{median(values):.3g}")
