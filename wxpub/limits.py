"""What WeChat accepts: numbers, hosts, tag sets and what its error codes mean, each with its source.

Facts only; nothing here computes. "measured" means measured by users of live accounts and published by them;
nobody has tried it on an account of ours.
"""

from __future__ import annotations

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
ARTICLES_PER_DRAFT = 8  # older documentation and SDKs; 45008 beyond

# --- images -----------------------------------------------------------------------------------------------------------
# developers.weixin.qq.com api_uploadimage, api_addmaterial
UPLOADIMG_BYTES = 1024 * 1024  # JPEG or PNG, *less* than this; 40009 otherwise
MATERIAL_IMAGE_BYTES = 10 * 1024 * 1024  # bmp, png, jpeg, jpg, gif
THUMB_BYTES = 64 * 1024  # type=thumb, JPEG only
COVER_PIXELS = (900, 383)  # 2.35:1, the crop of a draft's first article
COLUMN_PIXELS = 677  # the article's column on a computer (page CSS); a phone has about 343
IMAGE_PIXELS = 1440  # a body image's width in pixels: twice the column and a little, sharp on every screen

# Hosts that WeChat itself serves pictures from: kept by draft/add, everything else is filtered (api_draft_add).
IMAGE_HOSTS = ("qpic.cn", "qlogo.cn")
# Permalinks of published articles are the only links that stay alive for every account (api_uploadimage, notes).
ARTICLE_HOST = "mp.weixin.qq.com"

API_BASE = "https://api.weixin.qq.com"

# What is read of a picture before it is made smaller; ours, against mistakes and malice.
IMAGE_FILE_BYTES = 50 * 1024 * 1024
IMAGE_TOTAL_PIXELS = 100_000_000
# A PNG of 18,018 × 24,477 pixels was refused with 40137 (reported 2026); half of that height is taken.
IMAGE_HEIGHT = 12_000
