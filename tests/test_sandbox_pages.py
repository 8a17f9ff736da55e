"""The sandbox's web page: what it shows, what its buttons do, and that no article can do anything in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
from raw_wechat import Raw, png

from wxpub.sandbox import Sandbox, serve

EVIL = (
    '<p onclick="document.title=1">x</p><svg onload="alert(1)"></svg>'
    "<img src=x onerror=\"top.document.title='owned'\">"
    "<script>top.document.title='owned'</script><iframe src=\"javascript:alert(1)\"></iframe>"
    '</div></div><form action="/do/delete" method="post"><button>x</button></form><style>body{display:none}</style>'
)


def get(wechat: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(wechat.url + path, headers=headers, timeout=5, allow_redirects=False)


def press(wechat: Sandbox, action: str, token: str | None = "own", **values: str) -> requests.Response:
    if token == "own":
        found = re.search(r'name="csrf" value="([^"]+)"', get(wechat, "/").text)
        assert found
        token = found.group(1)
    data = {**values, **({} if token is None else {"csrf": token})}
    return requests.post(f"{wechat.url}/do/{action}", data=data, timeout=5, allow_redirects=False)


@pytest.fixture(autouse=True)
def _in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_LANG", "zh")


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_an_empty_account_says_what_to_do(wechat: Sandbox) -> None:
    assert "draft/add" in get(wechat, "/").text


def test_drafts_articles_and_material_are_listed(raw: Raw, wechat: Sandbox) -> None:
    media_id = raw.add_draft(raw.article(title="头条", digest="一句话"), raw.article(title="次条"))
    wechat.publish(raw.add_draft(raw.article(title="发出去的")))
    raw.add_image(name="封面图.png")
    page = get(wechat, "/").text
    for text in ("头条", "一句话", "次条", "发出去的", "已发表", "封面图.png", f"/draft/{media_id}", wechat.appid):
        assert text in page
    assert "贴图" not in page
    images = {"image_list": [{"image_media_id": raw.add_image()}]}
    raw.add_draft({"article_type": "newspic", "title": "头条", "content": "文字", "image_info": images})
    assert "贴图" in get(wechat, "/").text


def test_a_draft_shows_what_was_removed_its_source_its_json_and_its_sizes(raw: Raw, wechat: Sandbox) -> None:
    content = '<p id="here" style="position:fixed">正文<a href="https://example.com">外链</a></p>'
    path = "/draft/" + raw.add_draft(raw.article(title="标题<b>", content=content))
    removed = get(wechat, path + "?show=removed").text
    assert "属性 id" in removed and "position: fixed" in removed and "https://example.com" in removed
    source = get(wechat, path + "?show=source").text
    assert "&lt;p style=&#34;&#34;&gt;正文外链&lt;/p&gt;" in source
    assert "id=&#34;here&#34;" in source
    assert "thumb_media_id" in get(wechat, path + "?show=json").text
    size = get(wechat, path + "?show=size").text
    assert "5 / 64 字" in size and "/ 1,048,576 字节" in size
    assert "<b>" not in size.split("<main>")[1].split("<table")[0].replace("标题<b>", "x")


def test_every_width_and_both_schemes_can_be_chosen(raw: Raw, wechat: Sandbox) -> None:
    path = "/draft/" + raw.add_draft()
    for width in (320, 375, 414, 586, 677):
        assert f'class="phone w{width} dark"' in get(wechat, f"{path}?width={width}&dark=1").text


def test_the_log_shows_calls_with_request_answer_and_fault(raw: Raw, wechat: Sandbox) -> None:
    wechat.fail("errcode", 45009, endpoint="/cgi-bin/draft/get")
    raw.send("draft/get", {"media_id": "某个草稿"})
    page = get(wechat, "/log?path=/cgi-bin/draft/get").text
    assert "45009" in page and "故障 errcode" in page
    found = re.search(r'href="(/log/\d+)"', page)
    assert found
    call = get(wechat, found.group(1)).text
    assert "某个草稿" in call and "reach max api daily quota limit" in call
    assert raw.token not in call


def test_the_quota_page_shows_what_was_used(raw: Raw, wechat: Sandbox) -> None:
    raw.get("draft/count")
    assert "1 / 1,000" in get(wechat, "/quota").text


def test_a_permanent_link_shows_the_article_as_a_reader_sees_it(raw: Raw, wechat: Sandbox) -> None:
    url = raw.upload_picture()
    (link,) = wechat.publish(raw.add_draft(raw.article(content=f'<p class="x"><img src="{url}"></p>')))
    page = get(wechat, link.removeprefix("https://mp.weixin.qq.com")).text
    assert '<p class=""><img src="/mmbiz_png/' in page
    source = re.search(r'<img src="([^"]+)"', page)
    assert source and get(wechat, source.group(1).replace("&amp;", "&")).content == png()


def test_the_temporary_link_of_a_draft_shows_it(raw: Raw, wechat: Sandbox) -> None:
    media_id = raw.add_draft(raw.article(title="还是草稿"))
    url = raw.send("draft/get", {"media_id": media_id})["news_item"][0]["url"]
    assert "还是草稿" in get(wechat, url.removeprefix("http://mp.weixin.qq.com")).text


def test_the_pages_speak_english_where_the_tool_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXPUB_LANG", "en")
    with serve() as wechat:
        raw = Raw(wechat)
        raw.add_image(name="cover.png")
        content = '<p id="here" style="position:fixed">text<a href="https://example.com">link</a></p>'
        article = raw.article(title="one", content=content)
        path = "/draft/" + raw.add_draft(article, raw.article(title="two", content="x"))
        wechat.publish(raw.add_draft(article))
        wechat.fail("empty", endpoint="/cgi-bin/draft/count")
        wechat.add_account("wx2", "2" * 32, "second")
        paths = ["/", *(f"{path}?show={show}" for show in ("phone", "removed", "source", "size")), "/published/1"]
        for each in (*paths, "/log", "/log/1", "/quota", "/draft/x"):
            page = get(wechat, each).text
            assert not re.search("[\u4e00-\u9fff]", page.replace("阅读原文", "")), each
            assert '<html lang="en">' in page, each
        assert "attribute id (&lt;p&gt;)" in get(wechat, path + "?show=removed").text


@pytest.mark.parametrize("path", ["/draft/x", "/published/1", "/frame/draft/x/0", "/s/x", "/mmbiz_png/x/0", "/log/7"])
def test_what_is_not_there_is_not_found(wechat: Sandbox, path: str) -> None:
    assert get(wechat, path).status_code == 404


# --- buttons ----------------------------------------------------------------------------------------------------------


def test_buttons_publish_delete_and_move_the_clock(raw: Raw, wechat: Sandbox) -> None:
    first, second = raw.add_draft(), raw.add_draft()
    assert press(wechat, "publish", key=first).headers["Location"] == "/published/1"
    assert press(wechat, "delete", key=second).status_code == 303
    assert wechat.drafts() == {}
    assert press(wechat, "unpublish", key="1").status_code == 303
    assert "已删除" in get(wechat, "/").text
    before = wechat.now()
    press(wechat, "clock", hours="24")
    assert wechat.now() - before >= 86400
    press(wechat, "kind", kind="personal")
    assert wechat.profile.kind == "personal"
    wechat.fail("empty")
    press(wechat, "faults")
    assert wechat.faults() == ()


def test_another_account_can_be_looked_at(raw: Raw, wechat: Sandbox) -> None:
    wechat.add_account("wx2", "2" * 32, "另一个号")
    token = raw.fetch_token(appid="wx2", secret="2" * 32)["access_token"]
    media = {"media": ("a.png", png())}
    cover = raw.send("material/add_material", token=token, query={"type": "image"}, files=media)["media_id"]
    article = {"title": "另一个号的草稿", "content": "x", "thumb_media_id": cover}
    raw.send("draft/add", {"articles": [article]}, token=token)
    raw.add_draft(raw.article(title="第一个号的草稿"))
    assert "另一个号的草稿" not in get(wechat, "/").text
    answer = press(wechat, "account", account="wx2")
    page = requests.get(wechat.url, cookies=answer.cookies, timeout=5).text
    assert "另一个号的草稿" in page and "第一个号的草稿" not in page


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_buttons_do_nothing_without_the_token_of_the_page(raw: Raw, wechat: Sandbox, token: str | None) -> None:
    media_id = raw.add_draft()
    assert press(wechat, "delete", token=token, key=media_id).status_code == 403
    assert len(wechat.drafts()) == 1


# --- safety -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/cgi-bin/token", "/log", "/sandbox/state", "/mmbiz_png/x/0"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "evil.example:80", "localhost.evil"])
def test_another_host_name_is_refused(wechat: Sandbox, path: str, host: str) -> None:
    assert get(wechat, path, Host=host).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:80", "api.weixin.qq.com"])
def test_loopback_and_wechats_own_names_are_taken(wechat: Sandbox, host: str) -> None:
    assert get(wechat, "/", Host=host).status_code == 200


def test_further_names_can_be_allowed() -> None:
    with serve(hosts=("wechat.test",)) as wechat:
        assert get(wechat, "/", Host="wechat.test:80").status_code == 200


def test_it_listens_on_loopback_only(wechat: Sandbox) -> None:
    assert wechat.url.startswith("http://127.0.0.1:")


def test_pages_run_no_script_and_articles_can_do_nothing(raw: Raw, wechat: Sandbox) -> None:
    media_id = raw.add_draft()
    page, frame = get(wechat, f"/draft/{media_id}"), get(wechat, f"/frame/draft/{media_id}/0")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert re.search(r"<iframe [^>]*\bsandbox title=", page.text)
    assert frame.headers["Content-Security-Policy"].endswith("; sandbox allow-same-origin")
    assert "<script" not in page.text + frame.text


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 1280])
def test_no_page_is_wider_than_the_window(chromium: Any, raw: Raw, wechat: Sandbox, scheme: str, width: int) -> None:
    long = "一个没有空格的非常长的标题" * 4 + "https://example.com/" + "x" * 8
    media_id = raw.add_draft(raw.article(title=long[:64], content="<p>" + "x" * 300 + "</p>"), raw.article())
    wechat.publish(raw.add_draft())
    wechat.fail("errcode", 45009, endpoint="/cgi-bin/draft/add", times=3)
    number = 1 + len(wechat.calls()) // 2
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    draft = f"/draft/{media_id}"
    paths = ["/", "/log", f"/log/{number}", "/quota", "/published/1", "/nothing-here/", "/s/none"]
    for path in [*paths, *(f"{draft}?show={name}" for name in ("phone", "removed", "source", "json", "size"))]:
        page.goto(wechat.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.close()
    assert [problem for problem in problems if "404" not in problem] == []


@pytest.mark.browser
def test_a_draft_is_looked_at_published_and_read_in_a_browser(chromium: Any, raw: Raw, wechat: Sandbox) -> None:
    url = raw.upload_picture(png(40, 20))
    style = "background-color:#f7f7f7;color:#333333;padding:8px"
    raw.add_draft(
        raw.article(title="浏览器里的草稿", content=f'<p style="{style}">正文</p><p><img src="{url}" width="9"></p>')
    )
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(wechat.url)
    page.get_by_role("link", name="浏览器里的草稿").click()
    frame = page.frame_locator("iframe")
    paragraph = frame.get_by_text("正文", exact=True)
    colours = "element => [getComputedStyle(element).color, getComputedStyle(element).backgroundColor]"
    assert paragraph.evaluate(colours) == ["rgb(51, 51, 51)", "rgb(247, 247, 247)"]
    assert frame.locator("#content img").evaluate("image => image.naturalWidth") == 40
    assert page.locator("iframe").bounding_box()["width"] == 377  # 375 and its border

    page.get_by_role("link", name="深色").click()
    assert frame.get_by_text("正文", exact=True).evaluate(colours) == ["rgb(179, 179, 179)", "rgb(33, 33, 33)"]
    assert frame.locator("html").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(25, 25, 25)"
    page.get_by_role("link", name="677").click()
    page.wait_for_url("**677**")
    assert page.locator("iframe").bounding_box()["width"] == 679
    page.get_by_role("link", name=re.compile("过滤记录")).click()
    assert page.get_by_text("属性 width（<img>）").is_visible()

    page.get_by_role("button", name="发表").click()
    page.get_by_role("link", name=re.compile("mp.weixin.qq.com")).click()
    assert page.locator("#title").inner_text() == "浏览器里的草稿"
    assert wechat.drafts() == {}
    page.close()


@pytest.mark.browser
def test_an_article_cannot_script_the_page(chromium: Any, wechat: Sandbox, raw: Raw) -> None:
    # Straight into the store: nothing of this would pass the content filter.
    media_id = raw.add_draft(raw.article(title="<img src=x onerror=alert(1)>", digest="<script>1</script>"))
    articles = [{**article, "content": EVIL} for article in wechat.drafts()[media_id]]
    wechat._store.run("UPDATE draft SET articles = ?", json.dumps(articles))
    page = chromium.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in ("/", f"/draft/{media_id}", f"/frame/draft/{media_id}/0", f"/frame/draft/{media_id}/0?dark=1"):
        page.goto(wechat.url + path)
        page.wait_for_timeout(100)
        assert "owned" not in page.title()
    assert dialogs == []
    page.close()
    assert list(wechat.drafts()) == [media_id]
