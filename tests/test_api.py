"""The door: every name of it; the examples of docs/api.md run as they stand; nothing heavy behind `import wxpub`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import wxpub

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_run_as_they_stand(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "issue.md").write_text("# 第一期\n\n正文，见[网站](https://site.example)。\n", encoding="utf-8")
    (tmp_path / "wxpub.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv("WXPUB_SANDBOX_DB", str(tmp_path / "wechat.sqlite3"))
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


def test_the_issue_is_published_on_the_local_wechat(tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text("# 第一期\n\n正文。\n", encoding="utf-8")
    (tmp_path / "wxpub.toml").write_text("", encoding="utf-8")
    with wxpub.serve() as wechat:
        issue = wxpub.open(tmp_path / "issue.md")
        assert wxpub.push(issue, account=wechat).action == "created"
        assert wxpub.push(issue, account=wechat).action == "unchanged"
        (url,) = wxpub.publish(issue, account=wechat).values()
    assert url.startswith("https://mp.weixin.qq.com/s/")


def test_every_name_of_the_door_is_there_and_described() -> None:
    for name in wxpub.__all__:
        assert getattr(wxpub, name).__doc__, name
        assert name in PAGE, f"docs/api.md does not mention {name}"
    assert set(dir(wxpub)) == {*wxpub.__all__, "__version__"}
    with pytest.raises(AttributeError):
        _ = wxpub.nothing


def test_a_door_that_was_used_stays_a_door(tmp_path: Path) -> None:
    """A room of the same name as a verb would take the verb's place once it is imported."""
    code = "import wxpub, wxpub.cli.push, wxpub.cli.check, wxpub.cli.convert; wxpub.check.__call__; wxpub.push.__call__"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_door_imports_no_room() -> None:
    code = "import sys, wxpub; print([name for name in sys.modules if name.startswith('wxpub.')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
