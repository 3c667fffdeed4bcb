"""Component sources travel once: pages hold them, and what each change carries is a line that calls them."""

import re

from dashboard.components import assets


def test_the_code_of_a_page_holds_every_shared_component_under_the_name_its_line_calls():
    code = assets._bundle()
    for name, (js, css) in assets.SHARED.items():
        called = re.search(r"parts\?\.\['([^']+)'\]", assets.call_line(name)).group(1)
        assert f"home.parts['{called}'] = " in code
        assert len(assets.call_line(name)) < 400 < len(assets.asset(*js)) + len(assets.asset(*css))
    assert code.count("export default") == 1, "one module, whose parts share no names"
    assert len(code.ljust(assets.CACHED_FROM)) >= 10_000, "small messages are sent again with every run"


def test_a_changed_source_has_another_name(monkeypatch):
    before = assets._part("nodes")
    monkeypatch.setattr(assets, "asset", lambda *names: "export default () => 1")
    assert assets._part("nodes") != before
