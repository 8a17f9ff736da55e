"""The language in which the tool speaks: English stands in the code, the same message in Chinese in `chinese.txt`.

A message is a whole sentence with named places, written once where it is said: `tr("{path}: no such file", path=…)`.
`tests/test_language.py` fails for a message that the catalogue lacks, that has other places there, or that goes past
it. What programs read (JSON keys, names of rules, exit codes) is the same in every language.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
VARIABLE = "WXPUB_LANG"

_chosen = ""  # by `use`
_preferred = ""  # by `prefer`


def use(language: str) -> None:
    """Speak `language`, "zh" or "en", from now on; "" lets the environment and the settings choose again."""
    global _chosen
    _chosen = _known(language)


def prefer(language: str) -> None:
    """Speak `language` where neither `use` nor the environment variable WXPUB_LANG names another."""
    global _preferred
    _preferred = _known(language)


def asked() -> str:
    """Give the language that somebody asked for: chosen, in WXPUB_LANG, or preferred; "" where nobody did."""
    return _chosen or _known(os.environ.get(VARIABLE, "")) or _preferred


def current() -> str:
    """Give the language that is spoken: the one asked for, or else that of the user's locale."""
    return asked() or _of_locale()


def tr(message: str, /, **values: object) -> str:
    """Say `message` in the user's language, with `values` in its places."""
    return _in_words(message).format(**values) if values else _in_words(message)


def tr_n(one: str, many: str, n: int, /, **values: object) -> str:
    """Say `one` or `many` of something in the user's language; `n` and `values` fill its places."""
    return _in_words(one, many, n).format(n=n, **values)


def listed(words: Iterable[str]) -> str:
    """Write several things side by side, as `one, two` or `一、二`."""
    return ("、" if current() == "zh" else ", ").join(words)


def gettext(message: str) -> str:
    """Give `message` in the user's language, its places open; what libraries ask of the standard library's gettext."""
    return _in_words(message)


def ngettext(one: str, many: str, n: int) -> str:
    """Give `one` or `many` in the user's language, its places open; what libraries ask of the standard library's."""
    return _in_words(one, many, n)


def _in_words(message: str, many: str = "", n: int = 1) -> str:
    """Look a message up. Chinese has no plural: the catalogue knows one that has a plural by that."""
    if current() != "zh":
        return message if n == 1 else many
    return chinese().get(many or message, many or message)


@cache
def chinese() -> Mapping[str, str]:
    """Read the catalogue: Chinese by English, in which `\\n` and `\\t` stand for what they are in Python."""
    text = Path(__file__).with_name("chinese.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    words = [line.strip().replace("\\n", "\n").replace("\\t", "\t") for line in lines]
    return dict(zip(words[::2], words[1::2], strict=True))


def _known(name: str) -> str:
    """Give the language that `name` stands for, as `zh`, `zh_CN.UTF-8` or `en-GB`; "" for one that is not spoken."""
    language = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return language if language in LANGUAGES else ""


def _of_locale() -> str:
    """Give the language of the user's locale, by the rules of POSIX: the first variable that is set decides.

    Where none is set, as on Windows and for programs that macOS starts, the system is asked.
    """
    # LANGUAGE, a list by GNU's rules, counts only beside a locale that is not C.
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable, ""):
            if value.partition(".")[0] in ("C", "POSIX"):
                return "en"
            first = os.environ.get("LANGUAGE", "").partition(":")[0]
            return _known(first) or _known(value) or "en"
    if sys.platform in ("win32", "darwin"):
        import locale

        name = locale.getlocale()[0] or ""
        return "zh" if name.lower().startswith(("zh", "chinese")) else "en"
    return "en"
