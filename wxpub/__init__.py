"""Turn a newsletter's Markdown into a WeChat Official Account article and put it in the draft box."""

__version__ = "0.1.0"
