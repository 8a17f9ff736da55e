"""Covers made here: what an issue is called in, the PNG of a designed cover out; the same bytes for the same values.

    words     a title taken apart: series, number, date, headline
    lines     a headline broken where Unicode allows (UAX 14), at the largest size that its box takes
    designs   grounds and places for the words; each is a function from a `_Sheet` to nothing

WeChat shows the first article of a draft at 2.35:1, and the middle square of the same picture wherever there is less
room: so all words stand in that square, and the sides hold what may be cut off. Reads no files.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from wxpub import darkmode
from wxpub.darkmode import contrast, parse
from wxpub.errors import SourceError, did_you_mean
from wxpub.images.draw import Typeface, chinese_font, typeface
from wxpub.language import listed, tr
from wxpub.limits import COVER_PIXELS, words

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont

Colour: TypeAlias = "tuple[int, int, int]"

GROUND, ACCENT, PAPER, INK = "#0f4c81", "#f0b429", "#ffffff", "#1f2329"  # where neither theme nor author has colours
_VERSION = "3"  # changes when covers are drawn differently, so that they are uploaded anew
_WIDTH, _HEIGHT = COVER_PIXELS
_LEFT, _RIGHT = (_WIDTH - _HEIGHT) // 2 + 1, (_WIDTH + _HEIGHT) // 2 - 1  # the middle square, a pixel to be safe
_MARGIN = 24  # pixels from the square's edge to its words
_FINE = 3  # shapes are drawn this many times larger and scaled down, which smooths their edges
_READABLE = 4.5  # contrast of words with their ground, as WCAG asks for
PRINT = 7.0  # contrast of a headline on paper


@dataclass(frozen=True, slots=True)
class Cover:
    """All that a cover is made of. Colours are `#rrggbb`; `picture` and `logo` are sources of images, "" for none.

    `ground` is what most of it is coloured with, `accent` what stands out; `paper` and `ink` are those of the text.
    """

    headline: str
    series: str = ""
    number: str = ""
    date: str = ""
    design: str = ""
    ground: str = GROUND
    accent: str = ACCENT
    paper: str = PAPER
    ink: str = INK
    picture: str = ""
    logo: str = ""

    @property
    def figure(self) -> str:
        """The number alone, or month and day of the date: what is drawn large."""
        number = re.search(rf"\d+|[{_NUMERALS}]+", self.number)
        if number:
            return number[0]
        day = re.search(r"(\d+)-(\d+)$", self.date)
        return f"{int(day[1])}.{int(day[2])}" if day else ""


# --- words ------------------------------------------------------------------------------------------------------------

_NUMERALS = "〇零一二三四五六七八九十百千两"
_NUMBER = rf"第\s*(?:\d+|[{_NUMERALS}]+)\s*[期号刊周卷辑集回封篇]|(?:Vol(?:ume)?\.?|Issue|No\.|№)\s*\d+|(?<!\w)#\d+"
_DATE = r"(?:19|20)\d\d(?:[-./]\d{1,2}[-./]\d{1,2}(?!\d)|年\d{1,2}月(?:\d{1,2}日)?)"
_SPACE, _JOINT = " \t\u3000", "：:|｜—–·•-"
_TOKEN = re.compile(
    rf"(?P<open>[（(【\[]\s*)?(?:(?P<number>{_NUMBER})|(?P<date>{_DATE}))(?P<close>\s*[）)】\]])?", re.IGNORECASE
)
_NAME_LENGTH = 16  # characters before a colon that may be a series' name


def read_title(title: str, *, series: str = "", number: str = "", date: str = "") -> dict[str, str]:
    """Take a title apart: its series, number, date and headline, as fields of a `Cover`.

    What is given wins over what the title says. A number or a date counts where it stands apart, in brackets, at an end
    or before a colon; one in running text is a part of the headline.

    >>> read_title("科技周刊（第 37 期）：会飞的编译器")
    {'series': '科技周刊', 'number': '第 37 期', 'date': '', 'headline': '会飞的编译器'}
    """
    text = " ".join(title.split())
    before, after, found = text, "", {"number": "", "date": ""}
    begin = end = None
    for each in _TOKEN.finditer(text):
        kind = "number" if each["number"] else "date"
        if not found[kind] and _stands_apart(each, text):
            found[kind] = " ".join((each[kind]).split())
            begin, end = each.start() if begin is None else begin, each.end()
    if begin is not None:
        before, after = _bare(text[:begin]), _bare(text[end:])
    name, headline = (before, after) if begin is not None and after else ("", before)
    if series:
        if headline.casefold().startswith(series.casefold()):
            headline = _bare(headline[len(series) :])
    elif name:
        series = name
    else:
        # A bar or brackets set a name apart by themselves; a colon may stand in any sentence, but not beside a number.
        joint = r"：|: |[|｜]| · |——" if begin is not None else r"[|｜]| · "
        name = rf".{{1,{_NAME_LENGTH}}}?"
        if cut := re.match(rf"(?:【(?P<label>{name})】|(?P<name>{name})\s*(?:{joint}))\s*(?=\S)", headline):
            series, headline = cut["label"] or cut["name"], headline[cut.end() :]
    number = number or found["number"]
    number = f"第 {number} 期" if number.isdecimal() else number
    date = re.sub(r"\D+", "-", date or found["date"]).strip("-")
    return {"series": series, "number": number, "date": date, "headline": headline}


def _stands_apart(found: re.Match[str], text: str) -> bool:
    if bool(found["open"]) != bool(found["close"]):
        return False
    rest = text[found.end() :]
    ends, joint = not rest.strip(_SPACE), rest.lstrip(_SPACE)[:1] in tuple(_JOINT)
    loose = bool(found["open"]) or not text[: found.start()].strip(_SPACE)  # where a space is enough to stand apart
    return ends or joint or bool(_TOKEN.match(rest.lstrip(_SPACE))) or (loose and rest[:1] in tuple(_SPACE))


def _bare(text: str) -> str:
    """Take off what joined a text to what stood beside it."""
    return text.strip(_SPACE + _JOINT + "，,、/")


# --- lines ------------------------------------------------------------------------------------------------------------

_OPENING, _CLOSING = "（【《〈「『〔“‘([{", "，。、；：！？）】》〉」』〕”’,.;:!?)]}%…·～"
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
# A number goes with what it counts.
_COUNTERS = "期个月日年天次种位条章节款台倍万亿千百元岁周届代号卷集篇页行步米秒分点项家部本场件篇折成"
_CLINGING = "的了着过们吗呢吧啊之得地者性化度率器型式里内"  # what seldom begins a word
_LEADING = "不很最更太第再没未非超多全新大小老"  # what seldom ends one
_JOINING = "与和及或而但并在是从到对为把被让给用以将"  # what is well begun a line with
# Words that titles are made of: Chinese has no spaces, and a line is not to end within one of these.
WORDS = frozenset(
    words(
        "软件 硬件 系统 模型 技术 开源 学习 机器 深度 网络 数据 算法 程序 编程 代码 工程 开发 设计 产品 项目 平台 架构 "
        "框架 编译 优化 性能 内存 芯片 手机 电脑 服务 服器 云端 边缘 嵌入 智能 人工 推理 训练 部署 量化 剪枝 视觉 语音 "
        "识别 检测 图像 视频 音频 文本 语言 翻译 生成 搜索 推荐 安全 隐私 加密 漏洞 攻击 接口 协议 引擎 插件 工具 应用 "
        "前端 后端 测试 调试 发布 更新 升级 版本 迁移 重构 存储 缓存 并发 线程 进程 异步 容器 集群 向量 索引 查询 文档 "
        "教程 指南 实践 实战 入门 进阶 原理 源码 解析 详解 分析 总结 经验 教训 反思 思考 观点 观察 趋势 行业 市场 公司 "
        "企业 团队 创业 投资 融资 商业 经济 社会 科技 科学 研究 论文 实验 方法 问题 方案 案例 报告 新闻 资讯 周刊 周报 "
        "月报 简报 日报 期刊 杂志 读者 作者 编辑 写作 阅读 读书 书单 图书 小说 故事 散文 诗歌 文学 文化 历史 艺术 音乐 "
        "电影 摄影 旅行 生活 健康 教育 学校 大学 老师 学生 孩子 家庭 父亲 母亲 朋友 城市 乡村 自然 环境 气候 能源 电池 "
        "汽车 交通 航天 卫星 春天 夏天 秋天 冬天 春节 假期 期间 今天 明天 昨天 今年 去年 明年 未来 过去 现在 时代 时间 "
        "时候 世界 中国 国家 国际 全球 美国 日本 欧洲 北京 上海 深圳 我们 你们 他们 自己 大家 人们 什么 怎么 怎样 如何 "
        "为何 为什 哪些 这些 那些 这个 那个 一个 一种 一次 一些 两个 几个 不再 不能 不会 不是 不要 不用 没有 可以 可能 "
        "应该 需要 必须 已经 开始 结束 完成 继续 暂停 恢复 停止 启动 关闭 打开 使用 利用 通过 关于 以及 或者 而且 但是 "
        "因为 所以 如果 虽然 还是 就是 通知 公告 活动 招聘 报名 欢迎 感谢 祝贺 庆祝 重磅 独家 特别 本期 专题 专栏 访谈 "
        "对话 采访 直播 回顾 预告 精选 合集 汇总 盘点 年度 十大 最新 最后 编码 文件 配置 记录 笔记 日志 监控 运维 网站 "
        "网页 浏览 链接 域名 邮件 消息 通信 连接 断点 续传 重试 自动 下载 上传 流式 输出 输入 支持 实现 完整 价格 成本 "
        "免费 收费 用户 客户 体验 需求 功能 效率 质量 速度 规模 标准 规范 规则 管理 组织 领导 员工 同事 工作 职业 面试 "
        "工资 远程 办公 会议 沟通 协作 资深 高级 初级 专家 学者 教授 博士 医生 律师 记者 画家 诗人 作家 导演 演员 歌手 "
        "运动 比赛 足球 篮球 游戏 玩家 动画 漫画 美食 咖啡 茶叶 水稻 杂交 上下 下文 大型 小型 中心 基础 核心 关键 重要 "
        "简单 复杂 高效 快速 轻量 通用 专用 多模 模态 单目 三维 重建 超分 人脸 影像 相机 移动 终端 设备 传感 控制 数位 "
        "开箱 评测 对比 区别 选择 决定 判断 预测 评估 指标 结果 效果 影响 变化 变成 成为 发展 进步 创新 突破 挑战 机会 "
        "风险 失败 成功 秘密 真相 意义 价值 公众 众号 微信 新人 优雅 技巧 知道 搬家 感想 通讯 来信 书信 "
        "收音 音机 下来 起来 出来 过来 家里 心里 夜里 里面 外面 上面 下面 算力 微服 字母 全角 标题 静默 "
        "家用 家居 路由 蓝牙 无线 电路 电源 电压 信号 频率 温度 显示 屏幕 键盘 鼠标 打印 机械 材料 制造 工厂 供应 物流 "
        "加速 压缩 稀疏 注意 力机 卷积 特征 标注 样本 蒸馏 微调 对齐 幻觉 提示 体系 知识 图谱 检索 增强 问答 聊天 助手 "
        "代理 协同 决策 强化 规划 导航 驾驶 "
    )
)
_SIZES = (128, 116, 104, 96, 88, 82, 76, 70, 65, 60, 56, 52, 48, 45, 42, 39, 36, 33, 30, 28)
_LEAST = 28  # pixels: on a phone a cover is a bit more than a third as wide, and this about 11 px
_LEAST_WORD = 16  # pixels: a word longer than this lets it be is cut
_PITCH = 1.26  # from line to line, in sizes


def units(text: str) -> list[str]:
    """Cut `text` where a line may end: where Unicode says (UAX 14), but not within C++ or between 3 and 个."""
    from uniseg.linebreak import line_break_units

    found: list[str] = []
    for unit in line_break_units(text):
        # Unicode binds a curly quote on both sides, since it may open or close; beside Chinese it is plain which.
        for piece in re.split(rf"(?<=[{_HAN}])(?=[“‘])|(?<=[”’])(?=[{_HAN}])", unit):
            if found and _bound(found[-1], piece):
                found[-1] += piece
            elif piece:
                found.append(piece)
    return found


def _bound(left: str, right: str) -> bool:
    last, first, spaced = left.rstrip()[-1:], right[:1], left[-1:].isspace()
    if first in tuple(_CLOSING):  # Unicode lets a line begin with some of them, above all after a space
        return not (spaced and first == ".")  # .NET
    if last in ("第", *_OPENING) or (last.isdigit() and first in tuple(_COUNTERS)):
        return True
    return not spaced and last.isascii() and first.isascii() and last not in ("-", "/", "")


def _penalty(left: str, right: str, depth: int) -> float:
    """Say how much a line's end between `left` and `right` hurts: least after a colon, most within a word."""
    left = left.rstrip()
    last, first = left[-1:], right[:1]
    inside = 2.0 if depth else 0.0  # within brackets or quotes
    if last in tuple("：。！？:!?|｜—"):
        return inside - 0.3
    if last in tuple("，、；,;/·"):
        return inside
    if last in tuple(_CLOSING) or first in tuple(_OPENING):
        return inside + 0.1
    han = [bool(re.match(f"[{_HAN}]", each)) for each in (last, first)]
    if not all(han):
        return inside + 0.3
    clings = (first in _CLINGING and right[:2] not in WORDS) or (last in _LEADING and left[-2:] not in WORDS)
    if last + first in WORDS or clings:
        return inside + 3.5
    if last in "的了" or first in _JOINING:
        return inside + 0.6
    return inside + 1.6 - 0.4 * ((left[-2:] in WORDS) + (right[:2] in WORDS))


def _depths(pieces: Sequence[str]) -> list[int]:
    """Say of the end of each unit how many brackets and quotes are open there."""
    depths, depth = [], 0
    for piece in pieces:
        depth += sum(piece.count(each) for each in "（【《〈「『〔“‘([{")
        depth -= sum(piece.count(each) for each in "）】》〉」』〕”’)]}")
        depths.append(max(depth, 0))
    return depths


def fit(text: str, width: Callable[[str], float], column: float, height: float) -> tuple[int, list[str]]:
    """Break `text` into lines for a box of `column` × `height` pixels; `width` measures a text at a size of 1 pixel.

    Returns size and lines: the largest size, but for a little that a better place for a line's end is worth. A text
    that does not fit at the least size ends in an ellipsis.
    """
    pieces = units(text)
    while pieces and not (best := _best(pieces, width, column, height)):
        widest = max(width(each.strip()) for each in pieces)
        if widest * _LEAST > column:
            small = int(column / widest)
            if small >= _LEAST_WORD and (best := _best(pieces, width, column, height, (small,))):
                break
            pieces = [part for each in pieces for part in cut_up(each, width, column / _LEAST)]  # there is no other way
        else:
            shorter = "".join(pieces[:-1]).rstrip("…" + _OPENING + _CLOSING + _SPACE)
            pieces = units(shorter + "…") if shorter else []
    return best if pieces and best else (_LEAST, [])


def cut_up(unit: str, width: Callable[[str], float], column: float) -> list[str]:
    """Cut a unit into parts of about one length if it is wider than `column`."""
    parts = math.ceil(width(unit.strip()) / (0.92 * column)) if width(unit.strip()) > column else 1
    length = max(1, math.ceil(len(unit) / parts))
    return [unit[begin : begin + length] for begin in range(0, len(unit), length)]


def _best(
    pieces: Sequence[str],
    width: Callable[[str], float],
    column: float,
    height: float,
    sizes: Sequence[int] = _SIZES,
) -> tuple[int, list[str]] | None:
    widths = [width(each) for each in pieces]
    bare = [width(each.rstrip()) for each in pieces]
    depths = _depths(pieces)
    hurt = [
        _penalty("".join(pieces[max(0, place - 2) : place]), "".join(pieces[place : place + 2]), depths[place - 1])
        for place in range(1, len(pieces))
    ]
    best: tuple[float, int, list[str]] | None = None
    largest = 0
    for size in sizes:
        if largest and size < 0.5 * largest:
            break
        most = max(1, int((height / size - 1) / _PITCH + 1.001))
        for broken in _broken(widths, bare, hurt, column / size, most):
            largest = largest or size
            ends = (*broken[1], len(pieces))
            lines = ["".join(pieces[one:two]).strip() for one, two in zip((0, *broken[1]), ends, strict=True)]
            score = broken[0] + 3.2 * math.log2(largest / size)
            if best is None or score < best[0]:
                best = score, size, lines
    return best and best[1:]


def _broken(
    widths: Sequence[float], bare: Sequence[float], hurt: Sequence[float], column: float, most: int
) -> list[tuple[float, tuple[int, ...]]]:
    """Break units into the fewest lines of `column`, and into one more: each with its cost and where lines begin."""
    total, count = sum(widths), len(widths)
    found: list[tuple[float, tuple[int, ...]]] = []
    for lines in range(max(1, math.ceil((total - 0.5) / column)), most + 1):
        aim = total / lines
        # ways[i]: the cheapest way to set the first i units in as many lines as were counted so far
        ways: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
        for _ in range(lines):
            longer: dict[int, tuple[float, tuple[int, ...]]] = {}
            for begin, (cost, starts) in ways.items():
                used = 0.0
                for end in range(begin, count):
                    if used + bare[end] > column:
                        break
                    off = (used + bare[end] - aim) / max(aim, 1.0)
                    now = cost + 2.5 * off * off + (hurt[end] if end + 1 < count else 0.0)
                    if end + 1 not in longer or now < longer[end + 1][0]:
                        longer[end + 1] = (now, (*starts, begin))
                    used += widths[end]
            ways = longer
        if count in ways:
            found.append((ways[count][0], ways[count][1][1:]))
        if len(found) == 2:
            break
    return found


# --- colours ----------------------------------------------------------------------------------------------------------


def palette(variables: Mapping[str, str]) -> dict[str, str]:
    """Give the colours of a theme as fields of a `Cover`; one that is translucent, or none, is left to the defaults."""
    names = {"ground": "accent", "paper": "background", "ink": "text"}
    found = {field: parse(variables.get(name, "")) for field, name in names.items()}
    return {field: str(colour) for field, colour in found.items() if colour and colour.a == 1}


def rgb(text: str) -> Colour:
    found = parse(text)
    if found is None or found.a < 1:
        raise SourceError(tr("{value!r} is not a colour", value=text), hint=tr("write it as #rrggbb"))
    red, green, blue = map(round, found.rgb)
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return `one` with a `share` of `other`, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _contrast(one: Colour, other: Colour) -> float:
    return contrast(darkmode.Colour(*one), darkmode.Colour(*other))


def _brightness(colour: Colour) -> float:
    return darkmode.Colour(*colour).brightness


_WHITE, _BLACK = (255, 255, 255), (16, 18, 22)


def readable(wanted: Colour, *grounds: Colour, least: float = _READABLE) -> Colour:
    """Return `wanted`, made lighter or darker until it is read on all of `grounds`, which are much alike."""

    def seen(colour: Colour) -> float:
        return min(_contrast(colour, ground) for ground in grounds)

    end = max(_WHITE, _BLACK, key=seen)
    return next((each for step in range(11) if seen(each := mixed(wanted, end, step / 10)) >= least), end)


# --- the sheet --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """Words on a sheet: lines of one face, size and colour, `gap` pixels below what stands above them."""

    lines: Sequence[str]
    face: Typeface
    size: int
    colour: Colour
    gap: int = 0
    rule: Colour | None = None  # a short line below

    @property
    def height(self) -> float:
        return self.size * (1 + _PITCH * max(0, len(self.lines) - 1)) + (16 if self.rule else 0)


@dataclass
class _Sheet:
    """A cover being drawn: shapes first, at `_FINE` times the size, then the words."""

    cover: Cover
    faces: Mapping[str, Typeface]
    picture: Bitmap | None = None
    logo: Bitmap | None = None
    ground: Colour = field(init=False)
    accent: Colour = field(init=False)
    paper: Colour = field(init=False)
    ink: Colour = field(init=False)

    def __post_init__(self) -> None:
        from PIL import Image

        for name in ("ground", "accent", "paper", "ink"):
            setattr(self, name, rgb(getattr(self.cover, name)))
        self.image: Bitmap = Image.new("RGB", (_WIDTH * _FINE, _HEIGHT * _FINE))
        self._settled = False

    @cached_property
    def seed(self) -> bytes:
        """Bytes that differ from issue to issue, and stay while the headline is being written."""
        cover = self.cover
        said = "\0".join((cover.series, cover.number or cover.date or cover.headline))
        return b"".join(sha256(f"{number}\0{said}".encode()).digest() for number in range(16))

    @property
    def pen(self) -> Pen:
        from PIL import ImageDraw

        return ImageDraw.Draw(self.image, "RGBA")

    # shapes: all measures are pixels of the cover

    def fill(self, top: Colour, bottom: Colour, words: Sequence[Colour]) -> None:
        """Lay the ground: a colour, from `top` to `bottom`; the author's picture under it, for `words` to be read."""
        from PIL import Image

        column = Image.new("RGB", (1, _HEIGHT))
        for y in range(_HEIGHT):
            column.putpixel((0, y), mixed(top, bottom, y / (_HEIGHT - 1)))
        ground = column.resize(COVER_PIXELS)
        if self.picture:
            ground = self._veiled(self.picture, ground, words)
        self.image = ground.resize(self.image.size, Image.Resampling.NEAREST)

    def _veiled(self, picture: Bitmap, ground: Bitmap, words: Sequence[Colour]) -> Bitmap:
        """Lay `ground` over `picture`: in the middle as thinly as `words` can be read on, less at the sides."""
        from PIL import Image, ImageOps

        under = ImageOps.fit(flat(picture, ground.getpixel((0, 0))), COVER_PIXELS, Image.Resampling.LANCZOS)
        area = (_LEFT, 0, _RIGHT, _HEIGHT)
        middle, veil = (each.crop(area).resize((96, 96), Image.Resampling.BOX) for each in (under, ground))
        for percent in range(45 if words else 25, 101, 5):
            ends = Image.blend(middle, veil, percent / 100).convert("L").getextrema()
            greys = [(round(each), round(each), round(each)) for each in ends if isinstance(each, (int, float))]
            if all(_contrast(grey, word) >= _READABLE + 0.5 for grey in greys for word in words):
                break
        shares = (percent - max(0.0, abs(x - _WIDTH // 2) - _HEIGHT * 0.55) * 0.14 for x in range(_WIDTH))
        mask = Image.new("L", (_WIDTH, 1))
        mask.putdata([round(max(each, 0.4 * percent) * 2.55) for each in shares])
        return Image.composite(ground, under, mask.resize(COVER_PIXELS))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, **more: float) -> None:
        """Draw a rectangle; `radius` rounds it, `opacity` lets the ground through."""
        area = tuple(round(each * _FINE) for each in (left, top, right, bottom))
        ink = (*colour, round(more.get("opacity", 1) * 255))
        if radius := more.get("radius", 0):
            self.pen.rounded_rectangle(area, radius * _FINE, fill=ink)
        else:
            self.pen.rectangle((*area[:2], area[2] - 1, area[3] - 1), fill=ink)

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour, opacity: float = 1) -> None:
        """Draw a polygon."""
        self.pen.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=(*colour, round(opacity * 255)))

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, begin: int = 0, end: int = 360) -> None:
        """Draw a circle around a point, or a sector of it, in degrees from the right clockwise."""
        area = [round(each * _FINE) for each in (x - radius, y - radius, x + radius, y + radius)]
        self.pen.pieslice((area[0], area[1], area[2], area[3]), begin, end, fill=colour)

    # words

    def settle(self) -> None:
        """Scale the shapes down: from now on words are drawn."""
        if not self._settled:
            self.image = self.image.reduce(_FINE)
            self._settled = True

    def text(self, x: float, y: float, row: _Row, *, align: str = "centre") -> None:
        """Write a row; `x` is where its ink begins, or its middle or end, `y` the top of its first line."""
        self.settle()
        font, pen = row.face.at(row.size), self.pen
        for number, line in enumerate(row.lines):
            begin, end = _ink(line, font)
            at = x - {"left": begin, "centre": (begin + end) / 2, "right": end}[align]
            pen.text((at, y + row.size * (0.865 + _PITCH * number)), line, font=font, fill=row.colour, anchor="ls")

    def write(
        self,
        box: tuple[float, float, float, float],
        colours: tuple[Colour, Colour],
        *,
        face: str = "bold",
        align: str = "centre",
        rule: Colour | None = None,
    ) -> None:
        """Write series, headline, number and date, one below the other, into `box`.

        `colours` are the headline's and that of all others. The headline takes the size that its words allow. What is
        missing leaves no gap, and without a headline the next of them takes its place.
        """
        self.settle()
        left, top, right, bottom = box
        strong, soft = colours
        said = self.said
        small, column, height = self.faces["bold"], right - left, bottom - top
        above, below = said["series"], said["foot"]
        mark = 64 if self.logo else 0
        if mark:
            height -= mark + 14
        if above:
            size = _one_line(above, small, column, 28)
            height -= size + 20 + (18 if rule else 0)
        if below:
            low = _one_line(below, small, column, 24)
            height -= low + 20
        rows: list[_Row] = []
        if above:
            rows.append(_Row((above,), small, size, soft, 14 if mark else 0, rule=rule))
        if said["headline"]:
            big = self.faces[face]
            size, lines = fit(said["headline"], big.width, column, height)
            rows.append(_Row(lines, big, size, strong, 20 if rows or mark else 0))
        if below:
            rows.append(_Row((below,), small, low, soft, 22 if rows or mark else 0))
        if not rows:
            rows.append(_Row((), small, 1, soft, rule=strong))
        used = mark + sum(each.gap + each.height for each in rows)
        y = top + (bottom - top - used) / 2
        x = {"left": left, "centre": (left + right) / 2, "right": right}[align]
        if self.logo:
            self._badge(x, y, mark, align)
            y += mark
        for row in rows:
            y += row.gap
            if row.lines:
                self.text(x, y, row, align=align)
            y += row.height
            if row.rule:
                begin = {"left": x, "centre": x - 18, "right": x - 36}[align]
                self.pen.rectangle((begin, y - 3, begin + 36, y), fill=row.rule)

    @cached_property
    def said(self) -> dict[str, str]:
        """The words that can be drawn: headline, series, and the foot, which joins number and date."""
        face, cover = self.faces["bold"], self.cover
        parts = {name: face.drawable(getattr(cover, name)) for name in ("series", "headline", "number")}
        if not self.faces["bold"].path:  # what is left of Chinese words without a Chinese font says nothing
            parts = {
                name: text if text == " ".join(getattr(cover, name).split()) else "" for name, text in parts.items()
            }
            parts["number"] = parts["number"] or (cover.figure if cover.number and cover.figure.isascii() else "")
        foot = [each for each in (parts["number"], cover.date.replace("-", ".")) if each]
        headline = parts["headline"] or parts["series"]
        series = parts["series"] if parts["headline"] else ""
        if not headline and foot:
            headline = foot.pop(0)
        return {"series": series, "headline": headline, "foot": "  ·  ".join(foot), "number": parts["number"]}

    def _badge(self, x: float, y: float, side: int, align: str) -> None:
        """Set the author's logo on a light tile, as logos are made for."""
        from PIL import Image, ImageOps

        assert self.logo
        self.settle()
        width = min(max(side, round(side * self.logo.width / self.logo.height)), 3 * side)
        left = round({"left": x, "centre": x - width / 2, "right": x - width}[align])
        tile = Image.new("RGB", (width, side), _WHITE)
        inner = ImageOps.contain(flat(self.logo, _WHITE), (width - 12, side - 12), Image.Resampling.LANCZOS)
        tile.paste(inner, ((width - inner.width) // 2, (side - inner.height) // 2))
        mask = Image.new("L", (width * _FINE, side * _FINE), 0)
        from PIL import ImageDraw

        ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * _FINE - 1, side * _FINE - 1), 12 * _FINE, fill=255)
        self.image.paste(tile, (left, round(y)), mask.resize((width, side), Image.Resampling.BOX))


def _ink(text: str, font: FreeTypeFont) -> tuple[float, float]:
    """Return where the ink of a text begins and ends: Chinese punctuation has space beside it that is none."""
    mask, (left, _) = font.getmask2(text, anchor="ls")
    begin, _, end, _ = mask.getbbox() or (0, 0, 0, 0)
    return left + begin, left + end


def _one_line(text: str, face: Typeface, column: float, size: int) -> int:
    """Return the size at which a text fits in one line, `size` at most."""
    return max(12, min(size, int(column / max(face.width(text), 0.1))))


def flat(picture: Bitmap, ground: object) -> Bitmap:
    """Return a picture without transparency, on `ground`."""
    from PIL import Image

    if picture.mode not in ("RGBA", "LA", "PA", "P") and "transparency" not in picture.info:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    under = Image.new("RGBA", clear.size, (*_rgb(ground), 255))
    under.alpha_composite(clear)
    return under.convert("RGB")


def _rgb(pixel: object) -> Colour:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel[:3]
    return red, green, blue


# --- designs ----------------------------------------------------------------------------------------------------------

_MIDDLE = (_LEFT + _MARGIN, _MARGIN, _RIGHT - _MARGIN, _HEIGHT - _MARGIN)  # the box in which words are safe


def _numeral(sheet: _Sheet) -> None:
    """Number or date behind the words, as high as the cover, in the colour of the ground."""
    words = readable(_WHITE, sheet.ground)
    shades = (mixed(sheet.ground, words, share) for share in (0.09, 0.06, 0.03))
    faint = next((each for each in shades if _contrast(words, each) >= _READABLE), sheet.ground)
    soft = readable(sheet.accent, faint, sheet.ground)
    away = _BLACK if _brightness(words) > _brightness(sheet.ground) else _WHITE
    sheet.fill(sheet.ground, mixed(sheet.ground, away, 0.28), (words, soft))
    face = sheet.faces["bold"]
    initial = next((each for each in sheet.said["headline"] if each.isalnum()), "")
    if (figure := face.drawable(sheet.cover.figure) or initial) and not sheet.picture:
        size = min(460, round(840 / max(face.width(figure), 0.5)))
        sheet.text(_WIDTH / 2, _HEIGHT / 2 - size * 0.49, _Row((figure,), face, size, faint))
    sheet.write(_MIDDLE, (words, soft), rule=soft)


def _card(sheet: _Sheet) -> None:
    """A card of paper on a striped ground."""
    sheet.fill(sheet.ground, sheet.ground, ())
    stripe = mixed(sheet.ground, readable(_WHITE, sheet.ground), 0.09)
    for x in range(-_HEIGHT, _WIDTH, 44) if not sheet.picture else ():
        sheet.shape([(x, _HEIGHT), (x + 22, _HEIGHT), (x + 22 + _HEIGHT, 0), (x + _HEIGHT, 0)], stripe)
    left, top, right, bottom = _LEFT + 20, 20, _RIGHT - 20, _HEIGHT - 20
    for step in range(8):
        sheet.box(left - step, top + 6, right + step, bottom + 4 + step, _BLACK, radius=18, opacity=0.035)
    sheet.box(left, top, right, bottom, sheet.paper, radius=16)
    sheet.box(left + 24, bottom - 14, right - 24, bottom - 10, sheet.accent, radius=2)
    words, soft = readable(sheet.ink, sheet.paper, least=PRINT), readable(sheet.ground, sheet.paper)
    sheet.write((left + 22, top + 20, right - 22, bottom - 28), (words, soft))


def _masthead(sheet: _Sheet) -> None:
    """The head of a newspaper: rules across the page, columns at the sides, a serif headline."""
    ink, soft = readable(sheet.ink, sheet.paper, least=PRINT), readable(sheet.ground, sheet.paper)
    sheet.fill(sheet.paper, sheet.paper, (ink, soft))
    for top, thick in ((22, 5), (31, 1.4), (_HEIGHT - 36, 1.4), (_HEIGHT - 31, 5)):
        sheet.box(0, top, _WIDTH, top + thick, ink)
    if not sheet.picture:
        for number, x in enumerate((22, 134, _RIGHT + 28, _RIGHT + 140)):
            _column(sheet, x, sheet.seed[number * 64 :], printed=number in (1, 2))
    sheet.write((_LEFT + 18, 50, _RIGHT - 18, _HEIGHT - 52), (ink, soft), face="serif", rule=sheet.accent)


def _column(sheet: _Sheet, x: float, chances: bytes, *, printed: bool) -> None:
    """A column of a newspaper, too small to be read: below a headline, or below a printed picture."""
    grey, begin, width = mixed(sheet.paper, sheet.ink, 0.2), 152 if printed else 96, 96
    if printed:
        sheet.box(x, 56, x + width, 144, mixed(sheet.paper, sheet.ground, 0.2))
        for dot in range(88):
            across, down = dot % 8, dot // 8
            size = 0.8 + 4.2 * abs(math.sin(across / 5 + chances[0] / 40) * math.cos(down / 6 + chances[1] / 40))
            sheet.disc(x + 6 + across * 12, 60 + down * 8, size, mixed(sheet.paper, sheet.ground, 0.62))
    else:
        sheet.box(x, 56, x + width, 66, mixed(sheet.paper, sheet.ink, 0.5))
        sheet.box(x, 72, x + 40 + chances[0] / 5, 82, mixed(sheet.paper, sheet.ink, 0.5))
    for line, y in enumerate(range(begin, _HEIGHT - 62, 9)):
        share = 0.3 + chances[line] / 400 if chances[line + 1] % 6 == 0 else 1  # a paragraph's last line
        sheet.box(x, y, x + width * share, y + 3, grey)


def _mosaic(sheet: _Sheet) -> None:
    """Circles, halves and triangles in a grid at both sides, other ones for every issue."""
    light = readable(_WHITE, sheet.ground)
    soft = readable(mixed(light, sheet.ground, 0.15), sheet.ground)
    sheet.fill(sheet.ground, sheet.ground, (light, soft))
    shades = (mixed(sheet.ground, light, 0.2), mixed(sheet.ground, light, 0.82), mixed(sheet.ground, _BLACK, 0.3))
    inks = (sheet.accent, *shades)
    side = _HEIGHT / 4
    columns = [_LEFT - 4 - side * (each + 1) for each in range(3)] + [_RIGHT + 4 + side * each for each in range(3)]
    places = [(x, row * side) for x in columns for row in range(4)] if not sheet.picture else []
    for (x, y), chance in zip(places, sheet.seed, strict=False):
        _tile(sheet, x, y, side, chance % 7, inks[chance // 7 % 4], inks[chance // 28 % 4])
    for number, chance in enumerate(sheet.seed[40:45]):  # a line of small ones: what the middle square has of them
        _tile(
            sheet, _WIDTH / 2 - 62 + 26 * number, _HEIGHT - 38, 20, chance % 5, inks[number % 3], inks[2 - number % 3]
        )
    left, top, right, bottom = _MIDDLE
    sheet.write((left, top - 4, right, bottom - 34), (light, soft))


def _tile(sheet: _Sheet, x: float, y: float, side: float, kind: int, one: Colour, two: Colour) -> None:
    middle, half = (x + side / 2, y + side / 2), side / 2
    if kind == 0:
        sheet.disc(x, y + side, side, one, begin=270, end=360)
    elif kind == 1:
        sheet.disc(x + side, y, side, one, begin=90, end=180)
    elif kind == 2:
        sheet.disc(*middle, half, one)
        sheet.disc(*middle, half / 2.2, two if two != one else sheet.ground)
    elif kind == 3:
        sheet.shape([(x, y), (x + side, y), (x, y + side)], one)
    elif kind == 4:
        sheet.disc(x + half, y + side, half, one, begin=180, end=360)
        sheet.disc(x + half, y + half, half, two, begin=180, end=360)
    elif kind == 5:
        for step in range(3):
            sheet.box(x, y + side * step / 3 + side / 12, x + side, y + side * step / 3 + side / 4, one)
    else:
        for step in range(9):
            sheet.disc(x + side * (step % 3 * 2 + 1) / 6, y + side * (step // 3 * 2 + 1) / 6, side / 14, one)


def _grid(sheet: _Sheet) -> None:
    """A night of fine lines, some cells lit, fewer towards the middle; the words begin at a bar."""
    night, deep = mixed(sheet.ground, _BLACK, 0.74), mixed(sheet.ground, _BLACK, 0.86)
    line, lit = mixed(night, sheet.ground, 0.3), mixed(sheet.ground, _WHITE, 0.25)
    words, soft = readable(_WHITE, night, line), readable(sheet.accent, night, line)
    sheet.fill(night, deep, (words, soft))
    side, left, top = 24, _WIDTH // 2 % 24, _HEIGHT // 2 % 24 - 24
    for x in range(left, _WIDTH, side):
        sheet.box(x - 0.34, 0, x + 0.34, _HEIGHT, line, opacity=0.4 if sheet.picture else 1)
    for y in range(top, _HEIGHT, side):
        sheet.box(0, y - 0.34, _WIDTH, y + 0.34, line, opacity=0.4 if sheet.picture else 1)
    columns = [x for x in range(left - side, _WIDTH, side) if x + side <= _LEFT or x >= _RIGHT]
    cells = [(x, y) for x in columns for y in range(top, _HEIGHT, side)] if not sheet.picture else []
    for (x, y), chance in zip(cells, sheet.seed, strict=False):
        away = min(abs(x + side - _LEFT), abs(x - _RIGHT)) / (_WIDTH - _RIGHT)
        if chance < 150 * away:
            ink, glow = sheet.accent if chance % 9 == 0 else lit, 0.2 + 0.19 * (chance % 5) * away
            sheet.box(x + 2, y + 2, x + side - 2, y + side - 2, ink, opacity=glow)
    sheet.box(_LEFT + 20, 34, _LEFT + 26, _HEIGHT - 34, sheet.accent)
    sheet.write((_LEFT + 46, 30, _RIGHT - 16, _HEIGHT - 30), (words, soft), align="left")


def _hills(sheet: _Sheet) -> None:
    """Hills in a haze under a round sun, in the ink of the ground on warm paper; a serif headline."""
    paper = mixed(sheet.paper, (246, 236, 214), 0.55)
    words, soft = readable(sheet.ink, paper, least=PRINT), readable(sheet.ground, paper)
    sheet.fill(paper, paper, (words, soft))
    if not sheet.picture:
        sheet.disc(742, 116, 62, mixed(paper, sheet.accent, 0.9))
    for layer in range(4):
        ink = mixed(paper, sheet.ground, 0.1 + 0.17 * layer)
        one, two = sheet.seed[layer] / 40, sheet.seed[layer + 9] / 40
        floor, rise = 312 + 24 * layer, 46 - 6 * layer
        points = [(0.0, float(_HEIGHT))]
        for x in range(0, _WIDTH + 6, 6):
            away = abs(x - _WIDTH / 2) / (_WIDTH / 2)
            wave = math.sin(x / 97 + one) + 0.5 * math.sin(x / 41 + two) + 0.25 * math.sin(x / 19 + one * two)
            points.append((float(x), floor - rise * wave * (0.25 + away) - 60 * away * away))
        sheet.shape([*points, (float(_WIDTH), float(_HEIGHT))], ink)
    sheet.write((_LEFT + _MARGIN, 22, _RIGHT - _MARGIN, 290), (words, soft), face="serif")


DESIGNS: Mapping[str, Callable[[_Sheet], None]] = {
    "numeral": _numeral,
    "card": _card,
    "masthead": _masthead,
    "mosaic": _mosaic,
    "grid": _grid,
    "hills": _hills,
}


def check(cover: Cover) -> None:
    """Raise SourceError if a cover has a design or a colour that is none."""
    if cover.design and cover.design not in DESIGNS:
        known = tr("known designs: {names}", names=listed(DESIGNS))
        hint = did_you_mean(cover.design, DESIGNS, known)
        raise SourceError(tr("no cover design {name!r}", name=cover.design), hint=hint)
    for each in (cover.ground, cover.accent, cover.paper, cover.ink):
        rgb(each)


def key(cover: Cover, *images: str) -> bytes:
    """Return all that a cover depends on, with the keys of its picture and logo: equal bytes, equal covers."""
    drawn = "text" if chinese_font() else "plain"
    return "\0".join((_VERSION, drawn, *astuple(cover), *images)).encode()


def draw(cover: Cover, picture: bytes = b"", logo: bytes = b"") -> tuple[bytes, str]:
    """Draw a cover of 900 × 383 pixels, with the bytes of its picture and its logo, if it has them.

    Returns the PNG, and a remark if Chinese words could not be drawn because this machine has no Chinese font ("" if
    they could). Raises SourceError for a design or a colour that is none.
    """
    check(cover)
    faces = {"bold": typeface(), "serif": typeface(serif=True)}
    sheet = _Sheet(cover, faces, _opened(picture), _opened(logo))
    DESIGNS[cover.design or next(iter(DESIGNS))](sheet)
    sheet.settle()
    out = io.BytesIO()
    sheet.image.save(out, "PNG", optimize=True)
    lost = not faces["bold"].path and any(not each.isascii() for each in (cover.series, cover.headline, cover.number))
    remark = tr("no Chinese font was found, so the cover carries number and date but not the Chinese words")
    return signed(out.getvalue()), remark if lost else ""


def _opened(data: bytes) -> Bitmap | None:
    from PIL import Image

    return Image.open(io.BytesIO(data)) if data else None


# --- whose a file is --------------------------------------------------------------------------------------------------

_HEAD = 33  # bytes of a PNG's signature and of its IHDR chunk
_SIGNATURE = 12 + len("wxpub\0") + 64  # bytes of the chunk that holds the digest of all others


def signed(png: bytes) -> bytes:
    """Write into a PNG the digest of what it is without it."""
    chunk = b"tEXtwxpub\0" + sha256(png).hexdigest().encode()
    return png[:_HEAD] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[_HEAD:]


def is_ours(data: bytes) -> bool:
    """Whether `draw` made this file and nobody has changed it since."""
    return data == signed(data[:_HEAD] + data[_HEAD + _SIGNATURE :])
