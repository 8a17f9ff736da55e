"""What WeChat accepts: numbers, hosts, tag sets and what its error codes mean, each with its source.

Facts only; nothing here computes. "measured" means measured by users of live accounts and published by them;
nobody has tried it on an account of ours.
"""

from __future__ import annotations

from collections.abc import Mapping


def words(names: str) -> frozenset[str]:
    """Read a set of names."""
    return frozenset(names.split())


# --- an article's fields ----------------------------------------------------------------------------------------------
# developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add (as of 2026-09)
TITLE_CHARS = 64  # documented as 32 since 2025-12-19; 64 taken and 65 refused with 45003, measured 2026-06-16
TITLE_CHARS_DOCUMENTED = 32
AUTHOR_CHARS = 16  # documented since 2025-12; the web console takes 8 Chinese characters
DIGEST_CHARS = 120  # documented as 128, then as 120 (page as read on 2026-09-01); 45004 beyond
DIGEST_DEFAULT_CHARS = 54  # what WeChat takes from the body when the digest is empty
SOURCE_URL_BYTES = 1024  # content_source_url, "阅读原文"
CONTENT_CHARS = 20_000  # documented, markup included; 38,102 were accepted on 2026-08-20
CONTENT_BYTES = 1024 * 1024  # documented and enforced: 45002 beyond
CONTENT_BYTES_NEAR = CONTENT_BYTES * 9 // 10  # ours: from here on, uploads and a colleague's edit may bring it there
CLIPBOARD_BYTES = 400_000  # beyond, pasting into the web editor was reported to lose styles
NEWSPIC_PICTURES = 20  # of a picture article, documented with image_info (api_draft_add)
NEWSPIC_CHARS = 1000  # the text of a picture article (article_type newspic); 1,001 refused with 45166 (2026-08-05)
ARTICLES_PER_DRAFT = 8  # older documentation and SDKs; 45008 beyond

# --- images -----------------------------------------------------------------------------------------------------------
# developers.weixin.qq.com api_uploadimage, api_addmaterial
UPLOADIMG_BYTES = 1024 * 1024  # JPEG or PNG, *less* than this; 40009 otherwise
MATERIAL_IMAGE_BYTES = 10 * 1024 * 1024  # bmp, png, jpeg, jpg, gif
THUMB_BYTES = 64 * 1024  # type=thumb, JPEG only
COVER_RATIO = 2.35  # the crop of a draft's first article; that of all others, and of a shared link, is 1:1
COVER_PIXELS = (900, 383)  # of that ratio
CARD_PIXELS = (1080, 1440)  # of a drawn picture of a 贴图: 3:4, the tallest that is shown whole (reported, unverified)
COLUMN_PIXELS = 677  # the article's column on a computer (page CSS); a phone has about 343
IMAGE_PIXELS = 1440  # a body image's width in pixels: twice the column and a little, sharp on every screen

# Hosts that WeChat itself serves pictures from: kept by draft/add, everything else is filtered (api_draft_add).
IMAGE_HOSTS = ("qpic.cn", "qlogo.cn")
# Permalinks of published articles are the only links that stay alive for every account (api_uploadimage, notes).
ARTICLE_HOST = "mp.weixin.qq.com"

API_BASE = "https://api.weixin.qq.com"
CHECKER_BASE = "https://mp.weixin.qq.com"  # of the article checker (verify-article-structure-spec, README section 1)

# What is read of a picture before it is made smaller; ours, against mistakes and malice.
IMAGE_FILE_BYTES = 50 * 1024 * 1024
IMAGE_TOTAL_PIXELS = 100_000_000
# A PNG of 18,018 × 24,477 pixels was refused with 40137 (reported 2026); half of that height is taken.
IMAGE_HEIGHT = 12_000

# --- what an error code means to an editor ----------------------------------------------------------------------------
# Codes and meanings: developers.weixin.qq.com, pages of each endpoint and 全局返回码; the paths are those of
# mp.weixin.qq.com as of 2026-09.
_WHITELIST = "mp.weixin.qq.com → 设置与开发 → 开发接口管理 → IP白名单"
_CONSOLE = "mp.weixin.qq.com → 通知中心 says why"
# Codes that decide what happens next.
SYSTEM_BUSY, INVALID_MEDIA_ID, NO_SUCH_CALL, SLOW_DOWN, NOT_ALLOWED = -1, 40007, 40066, 45011, 48001
STALE_TOKEN = (40001, 40014, 42001)
PICTURE_REFUSED = (40004, 40005, 40006, 40009, 40113, 40137, 41005, 44001, 45001, 87014)  # of what is uploaded
ARTICLE_REFUSED = (
    *(40155, 40227, 41039, 44004, 45002, 45003, 45004, 45005, 45110, 45166, 53402, 53404, 53405, 53406, 87014, 88000),
)
ADDRESS_REFUSED = 40164  # this machine is not on the IP whitelist
ERRCODE_HINTS: Mapping[int, str] = {
    -1: "WeChat's system is busy: try again in a minute",
    # credentials and tokens
    40001: "another program took the token over, or the AppSecret is wrong: let all programs use stable_token",
    40002: "the token request has a wrong grant_type: is api_base a relay that changes requests?",
    40013: "the AppID is wrong: copy it from 设置与开发 → 开发接口管理 (it begins with wx)",
    40014: "the token is malformed or another account's: run `wxpub doctor`",
    40125: "the AppSecret is wrong or was reset: copy it again from 设置与开发 → 开发接口管理",
    40164: f"add this computer's address to the account's IP whitelist ({_WHITELIST}); it takes about ten minutes",
    40243: "the AppSecret is frozen: unfreeze it in 设置与开发 → 开发接口管理",
    41001: "no token was sent: is api_base a relay that drops the query?",
    41002: "no AppID was sent: set WXPUB_APPID or appid in wxpub.toml",
    41004: "no AppSecret was sent: set WXPUB_SECRET, secret_env or secret_file",
    42001: "the token has expired: check this computer's clock and run again",
    43001: "a relay changed the request's method: api_base must pass requests through",
    43002: "a relay changed the request's method: api_base must pass requests through",
    43003: "WeChat wants https: write api_base with https://",
    50002: f"the account is restricted or closed: {_CONSOLE}",
    50004: f"the account may not use tokens: {_CONSOLE}",
    50007: f"the account is frozen: {_CONSOLE}",
    61004: f"add this computer's address to the platform's whitelist ({_WHITELIST})",
    89501: "an administrator has to confirm this address: look at the message that WeChat sent, then run again",
    89503: f"an administrator has to confirm WeChat's message, or to fill the IP whitelist ({_WHITELIST})",
    89506: "an administrator refused this address: try again in 24 hours, or ask the administrator",
    89507: "an administrator refused this address: try again in an hour, or ask the administrator",
    # quotas
    45009: "today's quota of this call is used up until midnight in Beijing; `wxpub doctor` shows what is left",
    45011: "too many calls in one minute: run again in a minute",
    48006: "the quota was reset too often this month (ten times): wait until midnight in Beijing",
    # rights of the account
    48001: "the account's certification has expired, or its type does not allow this call: do it by hand on "
    "mp.weixin.qq.com",
    48004: f"the call is blocked after a violation: {_CONSOLE}",
    48008: "the account may not send this kind of message",
    88000: "the account has no comments (留言): set open_comment: false",
    # requests that go wrong on the way
    40033: "text arrived escaped as \\uXXXX: is api_base a relay that rewrites JSON?",
    40035: "WeChat does not accept a parameter of this call: please report it",
    40066: "WeChat does not know this address: is api_base right (scheme and host, no path)?",
    40097: "WeChat does not accept a parameter of this call: please report it",
    40170: "too many items in one call: please report it",
    41011: "a field that WeChat requires is missing: please report it",
    44001: "a file arrived empty: is api_base a relay that drops uploads?",
    44002: "the request arrived empty: is api_base a relay that drops bodies?",
    47001: "WeChat could not read the request: a control character in title or text, or a relay that rewrites JSON",
    # pictures
    40004: "WeChat does not know this kind of material: please report it",
    40005: "the picture is neither JPEG nor PNG: save it again as PNG",
    40006: "the picture is empty or larger than 10 MB: make it smaller",
    40009: "the picture is larger than 1 MB: make it smaller",
    40012: "the thumbnail is larger than 64 KB: make the cover smaller",
    40113: "WeChat cannot read the picture's format: save it again as PNG or JPEG",
    40137: "WeChat cannot read the picture, or it has too many pixels: save it again, smaller, as PNG or JPEG",
    41005: "the picture did not arrive: is api_base or a proxy dropping uploads?",
    45001: "the picture is too large: make it smaller",
    46001: "WeChat no longer has this material: run again with --new",
    53402: "the cover cannot be cropped: use a cover of 900 × 383 pixels",
    # drafts
    40007: "WeChat does not know this id: the draft or the cover was deleted, or belongs to another account",
    40114: "the draft has fewer articles than are sent: run again with --new",
    40118: "this is no media_id: `wxpub drafts list` shows them",
    40121: "this is the media_id of something else: `wxpub drafts list` shows drafts",
    41006: "no media_id was sent: please report it",
    40155: "the text links to the home page of another account: take the link out",
    40227: "the title is empty: add a `# heading` or `title:`",
    41039: "content_source_url (阅读原文) is no valid address: correct source_url",
    44003: "no article arrived: please report it",
    44004: "the article is empty: write something below its title",
    45002: "the article is too long: WeChat takes less than 20,000 characters of HTML for sure, and never 1 MB",
    45003: "the title is too long: 32 characters are safe, 64 the most",
    45004: "the digest is too long: 120 characters are safe; shorten `digest:` or the 导读",
    45005: "source_url is too long: 1,024 bytes are the most",
    45008: "too many articles in one draft: eight are the most",
    45110: "the author's name is too long: 8 Chinese or 16 Latin characters are safe",
    45166: "WeChat refuses the content: a link that it does not allow (tempkey=, #anchor), a tag, or its moderation; "
    "`wxpub check` finds the first two",
    48005: "this material is used by an automatic answer or a menu, and stays",
    53404: "the account's goods are restricted: take the product card out",
    53405: "the product card is wrong: take it out",
    53406: "the account may not sell goods: take the product card out",
    87014: "WeChat's moderation finds the text or a picture risky: change it",
    45103: "WeChat has retired this call: please report it",
    45106: "WeChat has retired this call: please report it",
    # publishing and previews
    40008: "WeChat does not accept this kind of message: please report it",
    40132: "there is no such WeChat ID: it is the 微信号, not the name (我 → 个人信息 → 微信号)",
    41040: "the originality check (原创) objects: decide in the draft box on mp.weixin.qq.com",
    43004: "this person does not follow the account: only followers can get previews",
    45028: "this month's or today's mass messages are used up",
    45065: "this was sent before: nothing more to do",
    45066: "this was sent before, with another text: look into 发表记录 on mp.weixin.qq.com",
    45067: "WeChat does not accept this message id: please report it",
    48021: "the draft was saved by the web editor just now: close it there and try again",
    53503: "the draft does not pass WeChat's checks: open it in the draft box on mp.weixin.qq.com, which says why",
    53504: "this draft can only be published on mp.weixin.qq.com",
    53505: "save the draft once in the draft box on mp.weixin.qq.com, then publish again",
    53600: "there is no such published article",
    89504: "an administrator is being asked to confirm: look at the message that WeChat sent",
    89505: "an administrator is being asked to confirm: look at the message that WeChat sent",
    # diagnosis
    40201: "the address to check is wrong: please report it",
    40202: "the check of the callback could not be made: try again later",
    40203: "the check of the callback is made too often: try again later",
    76001: "WeChat does not know this rid",
    76002: "this is no rid",
    76003: "this rid belongs to another account",
    76004: "this rid is older than seven days",
    76021: "WeChat has no quota for this call",
    76022: "the account may not ask for this quota",
}

# --- HTML -------------------------------------------------------------------------------------------------------------
# What a finished article is made of: tags seen to survive pasting, saving, draft/add and the page's own script
# (github.com/wechatjs/verify-article-structure-spec, published articles, probes of draft/add compared with draft/get).
TAGS = words("section p h1 h2 h3 blockquote ul ol li table tbody tr th td hr br span strong em code a img svg")
ATTRIBUTES = {
    "*": frozenset({"style"}),
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "data-w", "data-ratio"}),
    "table": frozenset({"data-ignore-width"}),  # exempts a table that scrolls from the checker's rule on widths
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
    "ul": frozenset({"class"}),  # list-paddingleft-1, which the editor sets itself
    "ol": frozenset({"class"}),
}
SVG_TAGS = words("svg g path rect circle ellipse line polyline polygon text tspan")
SVG_ATTRIBUTES = words(
    """
    viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry d points transform dx dy fill stroke
    fill-rule fill-opacity stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray
    stroke-dashoffset stroke-miterlimit opacity font-size font-weight font-style text-anchor role aria-label
    aria-hidden style
    """
)
# Properties that an author's own `style` may set; everything else (position, filter, animation…) is dropped or inert.
CSS_PROPERTIES = words(
    """
    color background background-color opacity font-size font-weight font-style font-family line-height
    letter-spacing word-spacing text-align text-indent text-decoration text-transform text-shadow vertical-align
    white-space word-break overflow-wrap list-style-type margin margin-top margin-right margin-bottom margin-left
    padding padding-top padding-right padding-bottom padding-left border border-top border-right border-bottom
    border-left border-color border-style border-width border-radius border-collapse border-spacing
    border-top-left-radius border-top-right-radius border-bottom-left-radius border-bottom-right-radius
    border-top-color border-right-color border-bottom-color border-left-color box-shadow display width min-width
    max-width height overflow overflow-x overflow-y -webkit-overflow-scrolling box-sizing flex justify-content
    align-items transform font-variant-numeric fill stroke stroke-width stroke-dasharray
    """
)
