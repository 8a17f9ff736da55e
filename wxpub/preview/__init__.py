"""The preview: a rendered page in, something to look at and copy from out; it never speaks to WeChat.

`standalone` makes the one file that `wxpub convert` writes; `wxpub.preview.server` shows the same page live.
"""

from wxpub.preview.standalone import make as standalone

__all__ = ["standalone"]
