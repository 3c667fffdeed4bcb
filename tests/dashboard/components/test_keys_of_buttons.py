"""The keys of buttons, run by an engine without a browser: which press counts, which waits, which is given up."""

import pytest
from map_script import MapScript

PAGE = """(() => {
  globalThis.shown = { running: false, dialog: false, row: "7", buttons: {} } // name -> { disabled, clicks }
  globalThis.timers = []
  globalThis.setTimeout = (act) => { timers.push(act) }
  globalThis.document = {
    addEventListener: (kind, act) => { globalThis.listener = act },
    querySelector: (asked) => {
      if (asked.includes("stDialog")) return shown.dialog ? {} : null
      if (asked.includes("script-state")) return shown.running ? {} : null
      if (asked.includes("opened-row")) return shown.row === null ? null : { dataset: { openedRow: shown.row } }
      const button = shown.buttons[asked.match(/st-key-(\\w+)/)[1]]
      const click = () => { button.clicks += !button.disabled }
      return button ? { ...button, checkVisibility: () => true, click } : null
    },
  }
  globalThis.draw = (keys) => component({ data: { keys, buttons: { d: ["drop"], ArrowRight: ["next"] } },
    setTriggerValue: (name, value) => { globalThis.sent = value } })
  globalThis.put = (name, disabled) => { shown.buttons[name] = { disabled, clicks: 0 } }
  globalThis.hit = (key) => {
    const event = { key, taken: false, composedPath: () => [], stopPropagation() {} }
    event.preventDefault = () => { event.taken = true }
    listener(event)
    return event.taken
  }
  globalThis.later = () => { const due = timers; timers = []; due.forEach((act) => act()); return due.length }
  return true
})()"""


class Keys:
    """A page with this component alone on it; `row`, `running`, `dialog` are what else a press looks at."""

    def __init__(self) -> None:
        self.script = MapScript("page_keys.js")
        self.ask = self.script.ask
        self.ask(PAGE)
        self.ask("Boolean(globalThis.undraw = draw({ u: 'undo' }))")

    def say(self, **facts) -> None:
        self.ask("Boolean(Object.assign(shown, facts))", facts=facts)

    def put(self, name: str, disabled: bool = False) -> None:
        self.ask("[put(name, disabled)]", name=name, disabled=disabled)

    def press(self, key: str) -> bool:
        return self.ask("hit(key)", key=key)

    def clicks(self, name: str) -> int:
        return self.ask("shown.buttons[name].clicks", name=name)

    def looks(self, most: int = 1_000) -> int:
        """Let time go by until nothing waits any more: how many looks that took."""
        return next(n for n in range(most) if self.ask("later()") == 0)


@pytest.fixture
def keys() -> Keys:
    return Keys()


def test_a_press_clicks_the_button_that_is_there(keys):
    keys.put("drop")
    assert keys.press("d")
    assert keys.clicks("drop") == 1
    assert keys.looks() == 0


@pytest.mark.parametrize("disabled_first", [False, True])
def test_while_the_page_is_drawn_a_press_waits_for_its_button(keys, disabled_first):
    keys.say(running=True)
    if disabled_first:
        keys.put("drop", disabled=True)
    assert keys.press("d")
    keys.ask("later()")
    keys.put("drop")
    keys.looks()
    assert keys.clicks("drop") == 1


def test_a_button_that_comes_just_after_the_run_is_still_pressed(keys):
    keys.say(running=True)
    keys.press("d")
    keys.say(running=False)
    keys.ask("later()")
    keys.put("drop")
    keys.looks()
    assert keys.clicks("drop") == 1


def test_a_verb_is_given_up_when_another_row_is_shown(keys):
    """What a person wanted to drop was row 7: row 8 stays as it is. A step to the next row means no row."""
    keys.say(running=True)
    keys.press("d")
    keys.press("ArrowRight")
    keys.say(row="8")
    keys.put("drop")
    keys.put("next")
    keys.looks()
    assert (keys.clicks("drop"), keys.clicks("next")) == (0, 1)


def test_nothing_is_pressed_behind_a_dialog(keys):
    keys.say(running=True)
    keys.press("d")
    keys.say(dialog=True)
    keys.put("drop")
    keys.looks()
    assert keys.clicks("drop") == 0


def test_waiting_ends(keys):
    """Ten seconds of looks while the page is drawn, a fraction of one when it stands; and on a still page none."""
    keys.say(running=True)
    keys.press("d")
    assert 150 < keys.looks() <= 201
    keys.press("d")
    keys.say(running=False)
    assert keys.looks() < 10
    assert not keys.press("d")


def test_an_old_drawing_that_goes_leaves_the_keys_of_the_next(keys):
    """The next drawing of the component may have begun before the one before it is taken away."""
    keys.ask("Boolean(globalThis.first = undraw) && Boolean(globalThis.undraw = draw({ u: 'undo' })) && [first()]")
    assert keys.press("u")
    assert keys.ask("sent") == "undo"
    keys.ask("[undraw()]")
    assert not keys.press("u")
