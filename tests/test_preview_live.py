"""The live preview without a browser: what is built when, who may ask for what, and what is never served."""

from __future__ import annotations

import gc
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from previewing import DOT, TEXT, builder, load, preview, write

from wxpub import dialect, page
from wxpub.errors import ConfigError, NetworkError, SourceError
from wxpub.images import Source, fit, read
from wxpub.preview import server
from wxpub.preview.build import LiveImages
from wxpub.preview.live import Destination, Live, Outcome, Pusher, follow, look
from wxpub.preview.server import Access, Session, run


def eventually(true: Callable[[], object], seconds: float = 5) -> None:
    """Wait until `true()` is; fail if it does not come to be."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


# --- live -------------------------------------------------------------------------------------------------------------


def test_a_viewer_waits_until_there_is_something_new() -> None:
    live: Live[str] = Live(lambda: "一")
    live.rebuild()
    first = live.snapshot
    assert live.wait(first.epoch, 0.05) == first
    threading.Timer(0.05, live.rebuild).start()
    later = live.wait(first.epoch, 5)
    assert later.epoch > first.epoch and later.build > first.build and later.value == "一"


def test_a_failure_is_shown_beside_the_last_value_and_goes_with_the_next() -> None:
    answers: Iterator[str | Exception] = iter(["一", SourceError("坏了", Path("a.md"), 3), ZeroDivisionError(), "二"])

    def build() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    live: Live[str] = Live(build)
    live.rebuild()
    live.rebuild()
    assert (live.snapshot.value, live.snapshot.error) == ("一", "a.md:3: 坏了")
    live.rebuild()
    assert live.snapshot.value == "一" and "internal error" in live.snapshot.error
    live.rebuild()
    assert (live.snapshot.value, live.snapshot.error) == ("二", "")


def test_an_announcement_is_news_but_no_build() -> None:
    live: Live[str] = Live(lambda: "一")
    live.rebuild()
    before = live.snapshot
    live.announce()
    assert live.snapshot.epoch != before.epoch and live.snapshot.build == before.build


# --- watch ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[tuple[Path, list[float]]]:
    """Give a file that is followed, and the times at which its changes were noticed."""
    path, noticed, stop = tmp_path / "a.md", [], threading.Event()
    path.write_text("一", encoding="utf-8")
    picture = tmp_path / "images" / "late.png"
    watcher = threading.Thread(
        target=follow,
        args=(lambda: [path, picture], lambda: noticed.append(time.monotonic()), stop, look([path, picture])),
    )
    watcher.start()
    yield path, noticed
    stop.set()
    watcher.join(5)
    assert not watcher.is_alive()


def test_a_write_is_noticed(followed: tuple[Path, list[float]]) -> None:
    path, noticed = followed
    path.write_text("二", encoding="utf-8")
    eventually(lambda: noticed)


def test_a_file_that_replaces_it_is_followed_again_and_again(followed: tuple[Path, list[float]]) -> None:
    path, noticed = followed
    for number in range(3):
        draft = path.with_name(".a.md.tmp")
        draft.write_text(f"第{number}稿", encoding="utf-8")
        draft.replace(path)
        eventually(lambda number=number: len(noticed) > number)  # type: ignore[misc]


def test_a_file_in_a_folder_that_is_not_there_yet_is_noticed(followed: tuple[Path, list[float]]) -> None:
    path, noticed = followed
    (path.parent / "images").mkdir()
    (path.parent / "images" / "late.png").write_bytes(DOT)
    eventually(lambda: noticed)


def test_a_write_in_two_pieces_is_one_change(followed: tuple[Path, list[float]]) -> None:
    path, noticed = followed
    with path.open("w", encoding="utf-8") as file:  # empty now, as many editors leave it for a moment
        file.flush()
        time.sleep(0.1)
        file.write("半")
        file.flush()
        time.sleep(0.01)
        file.write("全")
    eventually(lambda: noticed)
    time.sleep(0.4)
    assert len(noticed) == 1


def test_other_files_of_the_folder_change_nothing(followed: tuple[Path, list[float]]) -> None:
    path, noticed = followed
    (path.parent / "b.md").write_text("别的", encoding="utf-8")
    time.sleep(0.5)
    assert noticed == []


# --- build ------------------------------------------------------------------------------------------------------------


def test_a_view_counts_as_a_push_would_and_shows_pictures_from_here(tmp_path: Path) -> None:
    it = builder(write(tmp_path))
    view = it()
    key = view.shown["dot.png"].key
    assert f'src="/image/{key}"' in view.state["html"] and "mmbiz" not in view.state["html"]
    assert view.served[key].mime == "image/png"
    assert "data:image/png;base64," in view.fragment()
    images = {each["src"]: each for each in view.state["images"]}
    assert images["dot.png"]["status"] == "upload"
    assert images["https://pictures.example.com/far.png"]["status"] == "pending"
    it.close()


def test_a_picture_at_wechat_is_shown_from_here_and_copied_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "https://mmbiz.qpic.cn/mmbiz_png/x/640?wx_fmt=png&from=appmsg"
    path = write(tmp_path, f"---\ncover: dot.png\n---\n![图]({url})\n")
    arrived = threading.Event()
    read_image = read.read
    monkeypatch.setattr(
        read, "read", lambda src, *more, **options: read_image(src.replace(url, "dot.png"), *more, **options)
    )
    it = builder(path)
    it.changed = arrived.set
    it()
    assert arrived.wait(5)
    view = it()
    assert f'src="/image/{view.shown[url].key}"' in view.state["html"] and "qpic" not in view.state["html"]
    assert view.state["images"][0]["status"] == "hosted"
    assert url.replace("&", "&amp;") in view.fragment() and "data:" not in view.fragment()
    it.close()


def test_a_picture_that_the_account_has_is_copied_by_its_address(tmp_path: Path) -> None:
    path, url = write(tmp_path), "https://mmbiz.qpic.cn/mmbiz_png/before/0?wx_fmt=png"
    key = load(path).images.read("dot.png").key
    it = builder(path, uploaded=lambda: {key: url})
    view = it()
    assert view.state["images"][0]["status"] == "uploaded"
    assert f'src="{url}"' in view.fragment() and f'src="/image/{view.shown["dot.png"].key}"' in view.state["html"]
    it.close()


def test_the_files_of_an_issue_are_its_own_and_its_pictures(tmp_path: Path) -> None:
    it = builder(write(tmp_path))
    it()
    settings = {tmp_path / "wxpub.toml", tmp_path / "wxpub.ledger.json"}
    assert it.files() == {tmp_path / "issue.md", tmp_path / "dot.png", *settings}
    it.close()


def test_an_issue_that_cannot_be_built_is_still_followed(tmp_path: Path) -> None:
    path = write(tmp_path)
    it = builder(path)
    it()
    path.write_text("---\ntitle: [\n---\n", encoding="utf-8")
    with pytest.raises(SourceError):
        it()
    assert path in it.files()
    it.close()


def test_a_theme_that_is_broken_from_the_start_is_followed(tmp_path: Path) -> None:
    path = write(tmp_path, "---\ntheme: mine.css\n---\n# 题\n")
    (tmp_path / "mine.css").write_text("p:first-child { color: red }", encoding="utf-8")
    it = builder(path)
    with pytest.raises(SourceError):
        it()
    assert tmp_path / "mine.css" in it.files()
    it.close()


def test_themes_are_chosen_by_name_only(tmp_path: Path) -> None:
    it = builder(write(tmp_path))
    own = it().state["theme"]
    assert it.choose(own) and it.theme == ""
    assert not it.choose("/etc/passwd") and not it.choose("../secret.css")
    it.close()


def test_an_address_that_failed_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def fail(src: str, *_: object, **__: object) -> object:
        asked.append(src)
        raise NetworkError("cannot be reached")

    monkeypatch.setattr(read, "read", fail)
    arrived = threading.Event()
    images = LiveImages(tmp_path / "a.md", tmp_path, False, arrived.set)
    url = "https://pictures.example.com/far.png"
    assert images.look(url).pending
    assert arrived.wait(5)
    assert images.look(url).problem == "cannot be reached" and len(asked) == 1
    monkeypatch.setattr("wxpub.preview.build.PATIENCE", -1)
    images._again[url] = 0
    assert images.look(url).problem == "cannot be reached", "the old answer stands until there is a new one"
    eventually(lambda: len(asked) == 2)
    images.close()


def test_a_keystroke_parses_composes_and_finishes_once_and_reads_no_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(tmp_path, TEXT.replace("![远方的图](https://pictures.example.com/far.png)\n", ""))
    it = builder(path)
    it()
    done: list[str] = []

    def count(module: Any, name: str) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, **named: done.append(name) or real(*given, **named))

    for module, name in ((dialect, "parse"), (page, "compose"), (page, "finish"), (read, "read"), (fit, "fit")):
        count(module, name)
    path.write_text(path.read_text(encoding="utf-8").replace("最后", "最最后"), encoding="utf-8")
    assert "最最后" in it().state["html"]
    assert sorted(done) == ["compose", "finish", "parse"]
    done.clear()
    (tmp_path / "dot.png").write_bytes(DOT + b" ")
    it()
    assert sorted(done) == ["compose", "finish", "fit", "parse", "read"], (
        "an image that changed is read and fitted once"
    )
    it.close()


def test_an_image_that_changes_while_it_is_converted_is_converted_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(tmp_path, "![图](dot.png)\n")
    began, go, arrived = threading.Event(), threading.Event(), threading.Event()
    real = fit.fit

    def slow(source: Any) -> Any:
        began.set()
        assert go.wait(5)
        return real(source)

    monkeypatch.setattr("wxpub.preview.build.AT_ONCE", 1)  # every image is slow
    monkeypatch.setattr(fit, "fit", slow)
    it = builder(path)
    it.changed = arrived.set
    it()
    assert began.wait(5)
    Image.new("RGB", (8, 4), "red").save(tmp_path / "dot.png")
    it()
    go.set()
    assert arrived.wait(5)
    eventually(lambda: (each := it().state["images"][0])["status"] == "upload" and each["width"] == 8)
    it.close()


def test_an_image_that_the_article_no_longer_shows_is_forgotten(tmp_path: Path) -> None:
    path = write(tmp_path)
    it = builder(path)
    images = it().issue.images
    assert "dot.png" in images._ready
    path.write_text("# 题\n\n没有图了\n", encoding="utf-8")
    it()
    assert not [src for src in (*images._ready, *images._sources) if not src.startswith("cover:")]
    it.close()


def test_an_image_that_comes_when_the_article_no_longer_shows_it_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "https://pictures.example.com/far.png"
    path = write(tmp_path, f"![图]({url})\n")
    began, go = threading.Event(), threading.Event()
    real = read.read

    def slow(src: str, *given: Any, **named: Any) -> Any:
        if src != url:
            return real(src, *given, **named)
        began.set()
        assert go.wait(5)
        return Source(url, "far.png", DOT, "key")

    monkeypatch.setattr(read, "read", slow)
    it = builder(path)
    images = it().issue.images
    assert began.wait(5)
    path.write_text("没有图了\n", encoding="utf-8")
    it()
    go.set()
    eventually(lambda: url not in images._pending)
    with images._lock:
        assert url not in images._ready
    it()
    assert url not in {*images._ready, *images._sources, *images._images}
    it.close()


def test_an_image_that_comes_while_the_file_is_being_written_shows_no_half_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("wxpub.preview.live.PATIENCE", 5)
    it = builder(write(tmp_path))
    with run(it, port=0) as session:
        before = session.live.snapshot
        (tmp_path / "issue.md").write_text("", encoding="utf-8")
        coming = threading.Thread(target=it.changed)
        coming.start()
        coming.join(0.3)
        shown = session.live.snapshot
        assert (shown.value and shown.value.state["title"], shown.error) == ("预览的一期", before.error)
        write(tmp_path, TEXT.replace("预览的一期", "第二稿"))
        coming.join(5)
        eventually(lambda: session.live.snapshot.value.state["title"] == "第二稿")


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    write(tmp_path)
    (tmp_path / "secret.png").write_bytes(DOT)
    with preview(tmp_path / "issue.md") as running:
        yield running


def ask(session: Session, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, Any]:
    """Send a request as it is written, with nothing that a polite client would add or normalise."""
    connection = http.client.HTTPConnection("127.0.0.1", session.port, timeout=10)
    sent = {"Host": f"127.0.0.1:{session.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body, {name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, text, answer.headers


def change(session: Session, path: str, body: Any, **headers: str) -> int:
    """Send a change as the page does, but for `headers`; give the status."""
    return answered(session, path, body, **headers)[0]


def answered(session: Session, path: str, body: Any, **headers: str) -> tuple[int, str, Any]:
    sent = {
        "Origin": f"http://127.0.0.1:{session.port}",
        "Content-Type": "application/json",
        "X-Wxpub-Token": session.access.token,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return ask(session, "POST", path, json.dumps(body), **{name.replace("-", "_"): sent[name] for name in sent})


def test_the_page_and_what_it_needs_are_served(session: Session) -> None:
    status, page, headers = ask(session, "GET", "/")
    assert status == 200 and "/static/live.js" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert ask(session, "GET", "/static/live.js")[2]["Content-Type"].startswith("text/javascript")
    assert ask(session, "GET", "/static/preview.css")[0] == 200


def test_the_state_comes_at_once_and_then_only_when_it_changes(session: Session, tmp_path: Path) -> None:
    first = json.loads(ask(session, "GET", "/state")[1])
    assert first["view"]["title"] == "预览的一期"
    threading.Timer(0.2, lambda: write(tmp_path, TEXT.replace("预览的一期", "第二稿"))).start()
    started = time.monotonic()
    second = json.loads(ask(session, "GET", f"/state?epoch={first['epoch']}&build={first['build']}")[1])
    while "view" not in second or second["view"]["title"] != "第二稿":  # the picture from afar may have failed first
        assert time.monotonic() - started < 10
        second = json.loads(ask(session, "GET", f"/state?epoch={second['epoch']}&build={second['build']}")[1])
    third = json.loads(ask(session, "GET", f"/state?build={second['build']}")[1])
    while third["build"] != second["build"]:  # a picture or the cover has come in between
        assert "view" in third and time.monotonic() - started < 10
        second, third = third, json.loads(ask(session, "GET", f"/state?build={third['build']}")[1])
    assert "view" not in third


def test_the_fragment_is_whole_and_the_pictures_are_served_by_their_hash(session: Session) -> None:
    fragment = json.loads(ask(session, "GET", "/fragment")[1])
    assert "data:image/png;base64," in fragment["html"] and "第一节" in fragment["text"]
    view = session.live.snapshot.value
    assert view
    status, _, headers = ask(session, "GET", f"/image/{view.shown['dot.png'].key}")
    assert status == 200 and headers["Content-Type"] == "image/png" and "immutable" in headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/issue.md",
        "/secret.png",
        "/image/secret.png",
        "/image/../secret.png",
        "/image/..%2fsecret.png",
        "/image/dot.png",
        "/static/../state.py",
        "/static/..%2fstate.py",
        "/static/..%5cstate.py",
        "/static/%2e%2e/templates/live.html",
        "/static//etc/passwd",
        "/static/nothing.js",
        "/templates/live.html",
        "//etc/passwd",
        "/../../etc/passwd",
    ],
)
def test_no_file_but_the_shipped_ones_is_served(session: Session, path: str) -> None:
    status, text, _ = ask(session, "GET", path)
    assert status in (301, 308, 404) and "root:" not in text and "from __future__" not in text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1:1",
        "127.0.0.1",
        "localhost.evil.example:{port}",
        "x@127.0.0.1:{port}",
    ],
)
def test_a_page_elsewhere_cannot_make_its_name_ours(session: Session, host: str) -> None:
    assert ask(session, "GET", "/state", Host=host.format(port=session.port))[0] in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"])
def test_every_name_of_this_machine_is_known(session: Session, host: str) -> None:
    assert ask(session, "GET", "/", Host=host.format(port=session.port))[0] == 200


def test_browsers_leave_out_the_usual_port() -> None:
    assert Access(port=80).knows_host("127.0.0.1")
    assert not Access(port=80).knows_host("127.0.0.1:8080")
    assert not Access(port=80).knows_host("evil.example")


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Wxpub_Token": ""},
        {"X_Wxpub_Token": "guess"},
        {"X_Wxpub_Token": "猜".encode().decode("latin-1")},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Content_Type": "text/plain"},
    ],
)
def test_a_change_needs_the_token_and_our_own_page(session: Session, headers: dict[str, str]) -> None:
    assert change(session, "/theme", {"name": "plain"}, **headers) == 403


def test_a_theme_is_chosen_and_another_path_is_not_one(session: Session) -> None:
    assert change(session, "/theme", {"name": "plain"}) == 200
    assert change(session, "/theme", {"name": "../../etc/passwd"}) == 404
    assert change(session, "/theme", ["plain"]) == 404
    assert change(session, "/push", {"destination": "sandbox"}) == 409
    assert change(session, "/theme", {"name": "x" * 9000}) in (400, 404, 413)


def kept(session: Session, place: str) -> dict[str, str]:
    """Ask for the theme to be kept; give the answer."""
    status, text, _ = answered(session, "/keep", {"place": place})
    assert status == 200
    answer: dict[str, str] = json.loads(text)
    return answer


def offers(session: Session) -> list[dict[str, str]]:
    view = session.live.snapshot.value
    assert view
    offered: list[dict[str, str]] = view.state["keep"]
    return offered


def test_a_theme_is_kept_in_the_issue_and_in_nothing_else(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.chmod(0o640)
    before, files = path.read_text(encoding="utf-8"), sorted(tmp_path.iterdir())
    assert offers(session) == []
    assert "error" in kept(session, "issue")  # it is the issue's own theme
    assert change(session, "/theme", {"name": "ink"}) == 200
    assert offers(session) == [{"place": "issue", "file": "issue.md"}]
    for wrong in ("settings", "/etc/passwd", "../issue.md", ""):
        assert "error" in kept(session, wrong)
    assert change(session, "/keep", {"place": "issue"}, Origin="https://evil.example") == 403
    assert change(session, "/keep", {"place": "issue"}, Host=f"evil.example:{session.port}") == 403
    assert path.read_text(encoding="utf-8") == before
    assert kept(session, "issue") == {"file": "issue.md"}
    assert path.read_text(encoding="utf-8") == before.replace("title:", "theme: ink\ntitle:", 1)
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == files
    view = session.live.snapshot.value
    assert view and view.state["theme"] == "ink" and offers(session) == []


def test_a_theme_is_kept_for_every_issue_where_the_project_is_marked(tmp_path: Path) -> None:
    settings = tmp_path / "wxpub.toml"
    settings.write_text("# 我们的刊物\n[theme]\nsize = '16px' # 大\n", encoding="utf-8")
    path = write(tmp_path)
    with preview(path) as session:
        assert change(session, "/theme", {"name": "ink"}) == 200
        assert [each["file"] for each in offers(session)] == ["issue.md", "wxpub.toml"]
        assert kept(session, "settings") == {"file": "wxpub.toml"}
        assert settings.read_text(encoding="utf-8").endswith("size = '16px' # 大\n\n[article]\ntheme = \"ink\"\n")
        path.write_text(path.read_text(encoding="utf-8").replace("title:", "theme: plain\ntitle:", 1), encoding="utf-8")
        eventually(lambda: session.live.snapshot.value and session.live.snapshot.value.state["theme"] == "plain")
        assert change(session, "/theme", {"name": "ink"}) == 200
        assert [each["place"] for each in offers(session)] == ["issue"]  # its own front matter would win


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = write(tmp_path)
    before = target.read_bytes()
    (tmp_path / "link.md").symlink_to(target)
    with preview(tmp_path / "link.md") as session:
        assert change(session, "/theme", {"name": "ink"}) == 200
        assert "is a link" in kept(session, "issue")["error"]
    assert target.read_bytes() == before


def test_a_port_that_is_taken_is_said(session: Session, tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="cannot listen"),
        preview(tmp_path / "issue.md", port=session.port),
    ):
        pass


def test_a_network_needs_the_key_which_opens_once(tmp_path: Path) -> None:
    write(tmp_path)
    with preview(tmp_path / "issue.md", host="0.0.0.0") as session:
        assert "?key=" in session.url and "0.0.0.0" not in session.url
        assert ask(session, "GET", "/")[0] == 403
        assert ask(session, "GET", "/state")[0] == 403
        assert ask(session, "GET", "/?key=guess")[0] == 403
        key = session.access.key
        status, _, headers = ask(session, "GET", f"/?key={key}")
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert status == 303 and "HttpOnly" in headers["Set-Cookie"] and "SameSite=Lax" in headers["Set-Cookie"]
        assert ask(session, "GET", f"/?key={key}")[0] == 403
        assert ask(session, "GET", "/", Cookie=cookie)[0] == 200
        assert ask(session, "GET", "/", Cookie=cookie, Host=f"evil.example:{session.port}")[0] == 403
        assert change(session, "/theme", {"name": "plain"}) == 403
        assert change(session, "/theme", {"name": "plain"}, Cookie=cookie) == 200


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_all_networks_are_those_of_both_kinds(tmp_path: Path) -> None:
    write(tmp_path)
    with preview(tmp_path / "issue.md", host="::") as session, socket.create_connection(("127.0.0.1", session.port), 5):
        assert session.access.locked


def test_an_address_that_is_none_is_said(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(ConfigError, match="is not an address"), preview(tmp_path / "issue.md", host="my-computer"):
        pass


def test_localhost_is_an_address(tmp_path: Path) -> None:
    write(tmp_path)
    with preview(tmp_path / "issue.md", host="localhost") as session:
        assert session.url == f"http://127.0.0.1:{session.port}/" and not session.access.locked


def test_wrong_keys_make_their_network_wait_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(server.time, "monotonic", lambda: now)
    access = Access(locked=True)
    for _ in range(server.GUESSES):
        assert access.open("guess", "192.0.2.1") is None and access.wait("192.0.2.1") == 0
    waits = []
    for _ in range(12):
        assert access.open("guess", "192.0.2.1") is None
        waits.append(access.wait("192.0.2.1"))
        assert access.open(access.key, "192.0.2.1") is None, "while it waits, not even the right key is looked at"
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert access.open(access.key, "192.0.2.1"), "after the wait the right key opens"
    assert access.open("guess", "192.0.2.1") is None and access.wait("192.0.2.1") == 0, "and the count begins anew"


def test_one_network_that_guesses_keeps_nobody_else_out() -> None:
    access = Access(locked=True)
    for _ in range(server.GUESSES + 1):
        access.open("guess", "2001:db8::1")
        access.open("guess", "192.0.2.1")
    assert access.wait("2001:db8::ffff") and access.wait("::ffff:192.0.2.1"), "the same machine under another address"
    assert access.wait("2001:db8:0:1::1") == 0 and access.open(access.key, "192.0.2.2")


def test_the_memory_of_guesses_is_bounded() -> None:
    access = Access(locked=True)
    for number in range(server.GUESSERS * 3):
        access.open("guess", f"192.0.{number // 256}.{number % 256}")
    assert len(access._guesses) == server.GUESSERS


def test_keys_are_not_guessed_at_the_door(tmp_path: Path) -> None:
    write(tmp_path)
    with preview(tmp_path / "issue.md", host="0.0.0.0") as session:
        statuses = [ask(session, "GET", f"/?key=guess{number}")[0] for number in range(server.GUESSES + 1)]
        assert statuses == [403] * server.GUESSES + [429]
        status, _, headers = ask(session, "GET", f"/?key={session.access.key}")
        assert status == 429 and int(headers["Retry-After"]) >= 1
        assert ask(session, "GET", "/")[0] == 403, "a visit without a key is not a guess, and does not wait"
        eventually(lambda: ask(session, "GET", f"/?key={session.access.key}")[0] == 303)


def test_half_requests_are_let_go_and_keep_nobody_waiting(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 1.0)
    before = threading.active_count()
    place = ("127.0.0.1", session.port)
    head = f"POST /theme HTTP/1.1\r\nHost: 127.0.0.1:{session.port}\r\n"
    halves = ["GET /state HT", head, f"{head}Content-Length: 4000\r\n\r\n{{"]
    connections = [socket.create_connection(place, 10) for _ in range(60)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(halves[number % len(halves)].encode())
        assert ask(session, "GET", "/")[0] == 200
        trickled = connections[0]
        with pytest.raises(OSError, match=r"reset|Broken pipe|closed"):
            for _ in range(100):  # a byte now and then is no request either
                trickled.sendall(b"x")
                time.sleep(0.05)
        eventually(lambda: threading.active_count() <= before)
    finally:
        for connection in connections:
            connection.close()


def test_keys_and_tokens_are_in_no_representation() -> None:
    access = Access(locked=True)
    assert access.key not in repr(access) and access.token not in repr(access)


# --- pushing ----------------------------------------------------------------------------------------------------------


def test_a_push_tells_how_far_it_is_and_how_it_ended() -> None:
    go, told = threading.Event(), []

    def push(destination: str, theme: str, say: Callable[[str], None], tick: Callable[[int, int], None]) -> Outcome:
        say(f"to {destination} in {theme}")
        tick(1, 2)
        go.wait(5)
        return Outcome("created", 2, 0, "http://127.0.0.1/draft")

    pusher = Pusher(push, (Destination("sandbox"),), lambda: told.append(pusher.progress))
    assert not pusher.start("elsewhere", "")
    assert pusher.start("sandbox", "plain")
    assert not pusher.start("sandbox", "plain"), "one push at a time"
    eventually(lambda: pusher.progress.images == (1, 2))
    go.set()
    eventually(lambda: not pusher.progress.running)
    assert pusher.progress.result == Outcome("created", 2, 0, "http://127.0.0.1/draft")
    assert pusher.progress.steps == ("to sandbox in plain",) and told[-1] == pusher.progress


@pytest.mark.parametrize("error", [ConfigError("没有凭据"), ZeroDivisionError("x")])
def test_a_push_that_fails_says_why_and_can_be_repeated(error: Exception) -> None:
    def push(destination: str, theme: str, say: object, tick: object) -> Outcome:
        raise error

    pusher = Pusher(push, (Destination("sandbox"),), lambda: None)
    for _ in range(2):
        assert pusher.start("sandbox", "")
        eventually(lambda: not pusher.progress.running)
        assert ("没有凭据" if isinstance(error, ConfigError) else "internal error") in pusher.progress.error


# --- over time --------------------------------------------------------------------------------------------------------


def test_fifty_reloads_leave_nothing_behind(session: Session, tmp_path: Path) -> None:
    def reload(number: int) -> None:
        text = TEXT.replace("最后一段", f"最后一段，第{number}稿")
        (tmp_path / "issue.md").write_text(text, encoding="utf-8")
        session.live.rebuild()
        json.loads(ask(session, "GET", "/state")[1])

    for number in range(10):
        reload(number)
    gc.collect()
    threads, objects = threading.active_count(), len(gc.get_objects())
    for number in range(50):
        reload(number)
    gc.collect()
    time.sleep(0.2)
    assert threading.active_count() <= threads + 1
    assert len(gc.get_objects()) < objects * 1.05


def test_nothing_runs_on_when_the_preview_ends(tmp_path: Path) -> None:
    write(tmp_path)
    before = {thread.name for thread in threading.enumerate()}
    with preview(tmp_path / "issue.md") as session:
        threading.Thread(target=ask, args=(session, "GET", f"/state?epoch={session.live.snapshot.epoch}")).start()
        time.sleep(0.2)
    eventually(lambda: {each.name for each in threading.enumerate()} - before <= {"images_0", "images_1"})


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need a privilege elsewhere")
def test_an_issue_behind_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = write(tmp_path / "real")
    link = tmp_path / "link.md"
    link.symlink_to(path)
    (tmp_path / "dot.png").write_bytes(DOT)
    with preview(link) as session:
        write(tmp_path / "real", TEXT.replace("预览的一期", "换了"))
        eventually(lambda: (view := session.live.snapshot.value) and view.state["title"] == "换了")
