"""What the tests of pushing share: a newsletter on disk, an account of a sandbox, and a push that does not wait."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from wxpub import config, drafts
from wxpub.client import Client
from wxpub.config import Credentials
from wxpub.drafts import Job, Receipt
from wxpub.issue import Opener
from wxpub.ledger import FILE_NAME, Ledger
from wxpub.sandbox import Sandbox
from wxpub.sandbox.control import Control
from wxpub.wechat import Account

SECRET = "0123456789abcdef0123456789abcdef"
_numbers: Iterator[int] = count(1)


def picture(path: Path, colour: str = "#336699", size: tuple[int, int] = (40, 30)) -> Path:
    """Write a small picture; its format is that of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("RGB", size, colour).save(path)
    return path


def no_pause(seconds: float) -> None:
    """Wait for nothing."""


@dataclass(frozen=True)
class Newsletter:
    """A project on disk and the account that it is pushed to."""

    root: Path
    account: Credentials
    box: Control

    def write(self, name: str, text: str) -> Path:
        """Write an issue."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def issue(self, name: str, title: str, body: str = "正文。", *pictures: str) -> Path:
        """Write an issue with a title, a paragraph and pictures, which are made."""
        for each in pictures:
            if not (self.root / each).exists():
                picture(self.root / each, f"#{abs(hash(each)) % 0xFFFFFF:06x}")
        images = "\n\n".join(f"![]({each})" for each in pictures)
        return self.write(name, f"# {title}\n\n{body}\n\n{images}\n")

    def newspic(self, name: str, title: str, body: str = "正文。", *pictures: str) -> Path:
        """Write a 贴图 with a title, a paragraph and pictures, which are made."""
        path = self.issue(name, title, body, *pictures)
        return self.write(name, f"---\ntype: 贴图\n---\n\n{path.read_text(encoding='utf-8')}")

    def job(self, *names: str, pause: Callable[[float], None] = no_pause, **options: Any) -> Job:
        """Make issues ready for a push, as to a real account."""
        terms = dict(options.pop("terms", {}))
        settings = config.find(self.root)
        if terms.pop("allow_private", False):
            settings = replace(settings, network={**settings.network, "allow_private": True})
        opener = Opener(fetch=True, as_newspic=options.pop("as_newspic", False))
        opened = [opener.open(self.root / name, settings) for name in names]
        client = Client(self.account, pause=pause)
        account = Account(client, self.root / FILE_NAME, self.account.appid, terms.pop("rehearsal", False))
        return replace(drafts.prepare(account, opened, pause=pause, **terms), **options)

    def push(self, *names: str, **options: Any) -> Receipt:
        """Push issues as one draft."""
        return drafts.push(self.job(*names, **options))

    def edit(self, media_id: str, *edits: tuple[str, str], index: int = 0, **fields: object) -> None:
        """Change an article of a draft as somebody does in the web editor: its HTML, and other fields."""
        client = Client(self.account)
        article = dict(client.get_draft(media_id)[index].fields)
        for key in ("url", "thumb_url", "is_deleted", "create_time", "update_time", "show_cover_pic"):
            article.pop(key, None)
        article["content"] = article["content"].replace("data-src=", "src=")
        for old, new in edits:
            assert old in article["content"]
            article["content"] = article["content"].replace(old, new)
        client.update_draft(media_id, index, {**article, **fields})

    def commit(self) -> None:
        """Put all files into Git."""
        git = ["git", "-C", str(self.root), "-c", "user.name=a", "-c", "user.email=a@b.example"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
            subprocess.run([*git, *command], check=True)

    def ledger(self) -> Ledger:
        """Read the ledger from disk."""
        return Ledger(self.root / FILE_NAME)

    def drafts(self) -> dict[str, list[dict[str, Any]]]:
        """Give what is in the draft box."""
        return dict(self.box.drafts())

    def acted(self, endpoint: str) -> int:
        """Count the calls of an endpoint that had an effect, whether or not their answer arrived."""
        calls = (each for each in self.box.calls(f"/cgi-bin/{endpoint}") if each.appid == self.account.appid)
        return sum(1 for each in calls if each.errcode == 0 and each.fault not in ("cut-before", "status"))


def newsletter(wechat: Sandbox, root: Path) -> Newsletter:
    """Make a project and an account of its own for it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "wxpub.toml").write_text("", encoding="utf-8")
    appid = f"wx{next(_numbers):016x}"
    wechat.add_account(appid, SECRET)
    return Newsletter(root, Credentials("test", appid, SECRET, wechat.url), wechat.account(appid))
