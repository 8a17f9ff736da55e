"""A pytest plugin for projects that talk to WeChat: the fixture `wechat_sandbox` is a fresh local WeChat for a test.

    def test_the_draft_arrives(wechat_sandbox):
        push("issue.md", wechat_sandbox.url, wechat_sandbox.appid, wechat_sandbox.secret)
        assert len(wechat_sandbox.drafts()) == 1

Every project of the environment loads this module with pytest: until a test asks for the fixture it only makes the
marker known, and imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wxpub.sandbox import Sandbox


@pytest.fixture
def wechat_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Run a WeChat sandbox for one test; `@pytest.mark.wechat(kind="personal")` sets fields of its `Profile`."""
    from wxpub.sandbox import serve

    mark = request.node.get_closest_marker("wechat")
    with serve(**(mark.kwargs if mark else {})) as sandbox:
        yield sandbox


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "wechat(**profile): fields of the profile of `wechat_sandbox`'s account")
