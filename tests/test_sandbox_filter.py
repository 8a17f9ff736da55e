"""The content filter: what draft/add keeps, changes and removes; and what a phone makes of what is kept."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from wxpub.sandbox import filter, pages
from wxpub.sandbox.call import Refusal

PIC = "https://mmbiz.qpic.cn/mmbiz_png/abc/640"
UP = "http://mmbiz.qpic.cn/mmbiz_png/abc/0"

# What is kept byte for byte.
KEPT = [
    "",
    "只有文字",
    "文字 & 符号 &amp; &nbsp; &#20320; &copy <b>x</b>",
    '<section style="margin:0 0 16px;color:#333333;">正文</section>',
    "<p>a<!-- 注释 --><br>b</p>",
    "<p>a</p>\n\n  <p>  </p>  <b> </b>\t",
    '<p class="anything" data-x="1" data-round-trip="y">类与 data-*</p>',
    '<div style="color:red">div 原样存下</div>',
    '<p style="display:flex;gap:4px;transform:rotate(3deg);box-shadow:0 0 1px #000;float:left">样式</p>',
    '<p style="background-image:linear-gradient(90deg,#fff,#eee);clip-path:circle(4px)">渐变</p>',
    '<p style="font-family:&quot;PingFang SC&quot;,Menlo;color:#333">引号实体</p>',
    "<p style='font-family:\"A\"'>单引号属性</p>",
    f'<section style="background-image:url({PIC}?from=appmsg);background-size:cover"></section>',
    '<p style="width:50vw;color:var(--x);text-decoration-thickness:initial">vw、var()</p>',
    '<svg viewbox="0 0 1 1"><path d="M0 0L1 1" fill="currentColor"></path><text x="1">字</text></svg>',
    '<a href="https://mp.weixin.qq.com/s/abcDEF_123">永久链接</a>',
    '<a class="weapp_text_link" data-miniprogram-appid="wx1" href="">小程序文字链接</a>',
    '<ol start="3"><li><section>一</section></li></ol>',
    '<table><tbody><tr><td colspan="2">格</td></tr></tbody></table>',
    "<h1>一</h1><h6>六</h6><blockquote>引</blockquote><pre><code>x<br>y</code></pre><hr><sup>1</sup><ruby>字<rt>zi</rt></ruby>",
    "<mpvideo></mpvideo><figure>图</figure><article>文</article>",
    '<p style="content:&quot;;position:x&quot;;color:red">分号在引号里</p>',
]
# sent -> stored
CHANGED = [
    ("<script>alert(1)</script><p>x</p>", "<p>x</p>"),
    ("<style>p{color:red}</style><link rel=x><p>x</p>", "<p>x</p>"),
    ("<!doctype html><html><head><title>t</title></head><body><p>x</p></body></html>", "<p>x</p>"),
    ("<![CDATA[</p><script>alert(1)</script>]]>x", "x"),
    ('<xmp><p title="</xmp><script>alert(1)</script>"></p></xmp>x', "x"),
    ("<!--><script>alert(1)</script>-->x<?php y ?>", "x"),
    ("<form><p>x</p></form><input><button>y</button><select><option>z</option></select>a", "a"),
    ("<video src=x></video><audio></audio><object></object><embed><canvas></canvas>a", "a"),
    ('<iframe class="video_iframe" src="https://v.qq.com/x"></iframe>a', "a"),
    ('<iframe src="https://e.com" width="3">x</iframe>', "<iframe></iframe>"),
    ("<mp-common-videosnap></mp-common-videosnap>a", "a"),
    ("<details><summary>标题<b>粗</b></summary><p>内容</p></details>", "标题<b>粗</b>"),
    ("<details><p>内容</p></details>a", "a"),
    ('<svg><a href="https://e.com"><path></path></a></svg>', "<svg><path></path></svg>"),
    ('<p id="x" onclick="y()" ONLOAD=z>x</p>', "<p>x</p>"),
    ('<svg><g id="a"><rect fill="url(#a)"></rect></g></svg>', '<svg><g><rect fill="url(#a)"></rect></g></svg>'),
    (
        '<svg viewBox="0 0 1 1" preserveAspectRatio="none"></svg>',
        '<svg viewbox="0 0 1 1" preserveaspectratio="none"></svg>',
    ),
    (
        "<section nodeleaf><p data-no-dark='' data-ignore-dm>x</p></section>",
        '<section nodeleaf="nodeleaf"><p data-no-dark="data-no-dark" data-ignore-dm="data-ignore-dm">x</p></section>',
    ),
    ('<p data-ignore-dm="low-contrast">x</p>', '<p data-ignore-dm="low-contrast">x</p>'),
    ('<p style="position:relative;color:red">x</p>', '<p style="color:red">x</p>'),
    ('<p style="color:red;POSITION : absolute;top:0">x</p>', '<p style="color:red;top:0">x</p>'),
    ('<p style="filter:blur(1px);backdrop-filter:none;width:calc(100% - 1px)">x</p>', '<p style="">x</p>'),
    ('<p style="text-underline-offset:2px;text-decoration-thickness:1px;a:b">x</p>', '<p style="a:b">x</p>'),
    ('<p style="background:url(https://e.com/a.png) #fff;color:red">x</p>', '<p style="color:red">x</p>'),
    ('<p style="background-image:url(data:image/png;base64,AA==);color:red">x</p>', '<p style="color:red">x</p>'),
    (f'<p style="background-image:url({UP})">x</p>', f'<p style="background-image:url({PIC}?from=appmsg)">x</p>'),
    (f"<section style=\"background-image:url('{PIC}')\"><b>x</b></section>", "<b>x</b>"),
    (f"<section style='background:url(\"{PIC}\")'>x</section>", "x"),
    (
        f'<p style="background-image:url(&quot;{PIC}&quot;)">x</p>',
        f'<p style="background-image:url(&quot;{PIC}&quot;)">x</p>',
    ),
    ('<p><a href="https://example.com/?a=1&amp;b=2">外链<b>粗</b></a></p>', "<p>外链<b>粗</b></p>"),
    ('<a href="mailto:a@b.c">m</a><a href="/x">r</a><a href="javascript:x()">j</a>', "mr<a>j</a>"),
    ('<a href="https://mp.weixin.qq.com.evil.com/s/x">x</a>', "x"),
    (f'<img src="{UP}">', f'<img data-src="{PIC}?from=appmsg">'),
    (
        f'<img alt="图" src="{UP}?wx_fmt=png" width="30" height="20">',
        f'<img alt="图" data-src="{PIC}?wx_fmt=png&amp;from=appmsg" height="20">',
    ),
    (f'<img data-src="{PIC}?from=appmsg">', f'<img data-src="{PIC}?from=appmsg">'),
    (f'<img src="{PIC}?a=1&amp;b=2">', f'<img data-src="{PIC}?a=1&amp;b=2">'),
    ('a<img src="https://e.com/x.png">b<img src="data:image/png;base64,AA">c<img>d', "abcd"),
    ('<img src="https://qpic.cn.evil.com/x.png">a', "a"),
    ('<img src="https://wx.qlogo.cn/x/0">', '<img data-src="https://wx.qlogo.cn/x/640?from=appmsg">'),
    ("<pre><code>a\nb</code></pre>", "<pre><code>ab</code></pre>"),
    ('<pre><code><a href="https://e.com">a\nb</a>\n<b>\nc</b></code></pre>', "<pre><code>ab<b>c</b></code></pre>"),
    ('<svg><details><summary><a href="https://e.com">x</a></summary></details></svg>', "<svg>x</svg>"),
    ("<p>x</p><!-- 没有结尾 <b>y</b>", "<p>x</p>&lt;!-- 没有结尾 <b>y</b>"),
    ('<p title="<!--">x</p>', '<p title="<!--">x</p>'),
    ("<p>x</p><![CDATA[y <b>z</b>", "<p>x</p>&lt;![CDATA[y <b>z</b>"),
    ("\ufdd1b>x<i>y</i>", "b>x<i>y</i>"),
    ("<p>没有闭合<b>x", "<p>没有闭合<b>x</b></p>"),
    ("1 < 2 <", "1 &lt; 2 &lt;"),
    ('<p a"b=1 =x>x</p>', "<p>x</p>"),
    ("\ufdd0lt;b>x<i>y</i>", "lt;b>x<i>y</i>"),
]
REFUSED = [
    '<a href="#x">x</a>',
    '<a href=" #x ">x</a>',
    '<a href="&#35;x">x</a>',
    "<a href>x</a>",
    '<a href="https://mp.weixin.qq.com/s?tempkey=x">x</a>',
    '<a href="http://mp.weixin.qq.com/s?x&amp;tempkey%3Dx">x</a>',
    '<a href="https://mp.weixin.qq.com/s/' + "a" * 40 + '">x</a>',
    "<MP-MiniProgram></MP-MiniProgram>",
]


@pytest.mark.parametrize("content", KEPT)
def test_it_is_kept_byte_for_byte(content: str) -> None:
    assert filter.keep(content) == (content, [])


@pytest.mark.parametrize(("sent", "stored"), CHANGED)
def test_it_is_stored_as_wechat_stores_it(sent: str, stored: str) -> None:
    assert filter.keep(sent)[0] == stored


@pytest.mark.parametrize(("sent", "stored"), CHANGED)
def test_what_is_stored_is_stored_the_same_again(sent: str, stored: str) -> None:
    assert filter.keep(stored)[0] == stored


@pytest.mark.parametrize("content", REFUSED)
def test_it_makes_wechat_refuse_the_whole_draft(content: str) -> None:
    with pytest.raises(Refusal) as caught:
        filter.keep(f"<p>{content}</p>")
    assert caught.value.errcode == 45166


def test_what_was_removed_is_told_and_counted() -> None:
    _, removed = filter.keep('<p id="a">x</p><p id="b" style="position:fixed">y</p><script></script>')
    assert removed == [
        {"what": "<script>", "times": 1},
        {"what": "attribute id (<p>)", "times": 2},
        {"what": "style position: fixed (<p>)", "times": 1},
    ]


def test_external_links_can_be_allowed() -> None:
    content = '<a href="https://example.com/">x</a>'
    assert filter.keep(content, external_links=True) == (content, [])


def test_a_deep_article_is_no_problem() -> None:
    content = "<section>" * 1400 + "x" + "</section>" * 1400
    assert filter.keep(content) == (content, [])


def test_an_abysmal_article_is_refused_at_once() -> None:
    with pytest.raises(Refusal):
        filter.keep("<b>" * 300_000)


def steps(content: str) -> int:
    """Count the lines of Python that the filter runs through."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        filter.keep(content)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("opener", ["<!--", "<!---", "<![CDATA[", "<?", "<a", "<a ", "</p ", '<p style="'])
def test_what_never_ends_is_read_once(opener: str) -> None:
    # Each opener would send the parser to the end of the text: they are one piece of text instead.
    assert steps("<p>x</p>" + opener * 2000) <= steps("<p>x</p>" + opener * 1000) + 20
    assert filter.keep("<p>x</p>" + opener * 3)[0] == "<p>x</p>" + opener.replace("<", "&lt;") * 3


@pytest.mark.parametrize(
    "piece",
    [
        '<a href="https://e.com">x</a>',
        "<details><summary>x</summary></details>",
        "<img src=x>",
        "<script></script>",
        "<code>\n</code>",
        "<!--<-->",
        "<svg><a></a></svg>",
        "<p style=\"background:url('x')\">x</p>",
    ],
)
def test_twice_as_many_pieces_take_twice_as_many_steps(piece: str) -> None:
    assert steps(piece * 400) < 2.2 * steps(piece * 200)


# stored -> as a phone lays it out
SHOWN = [
    (
        '<img data-src="https://mmbiz.qpic.cn/mmbiz_png/abc/640?from=appmsg">',
        '<img src="/mmbiz_png/abc/640?from=appmsg">',
    ),
    ('<img src="https://e.com/x.png">', "<img>"),
    ('<p class="mine rich_pages code-snippet__x">x</p>', '<p class="rich_pages code-snippet__x">x</p>'),
    ('<p contenteditable="true">x</p><map><area></map>', "<p>x</p>"),
    ('<div style="color:red">x</div>', "<div>x</div>"),
    (
        '<section nodeleaf="nodeleaf"><p>块</p><img data-src="/a"></section>',
        '<section nodeleaf="nodeleaf"><img src="/a"></section>',
    ),
    (
        '<p style="font-family:宋体,&quot;PingFang SC&quot;,Menlo;color:red">x</p>',
        '<p style="font-family:Menlo;color:red">x</p>',
    ),
    ('<p style="filter:blur(9px);color:red">x</p>', '<p style="color:red">x</p>'),
    (
        '<p style="background-image:url(https://mmbiz.qpic.cn/mmbiz_png/a/640?from=appmsg)">x</p>',
        '<p style="background-image:url(/mmbiz_png/a/640?from=appmsg)">x</p>',
    ),
]


@pytest.mark.parametrize(("stored", "shown"), SHOWN)
def test_a_phone_shows_it_so(stored: str, shown: str) -> None:
    assert pages.show(stored) == shown


def test_links_to_known_articles_stay_in_the_sandbox() -> None:
    content = '<a href="https://mp.weixin.qq.com/s/known">x</a><a href="https://mp.weixin.qq.com/s/other">y</a>'
    shown = pages.show(content, knows=lambda slug: slug == "known")
    assert shown == '<a href="/s/known">x</a><a href="https://mp.weixin.qq.com/s/other">y</a>'
