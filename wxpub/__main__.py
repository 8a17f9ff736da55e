"""Run the command line; `--version` answers before anything is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `wxpub` with the process's arguments; exits with 0, 1 (refused), 2 (usage) or 130 (Ctrl-C)."""
    if sys.argv[1:] == ["--version"]:
        from wxpub import __version__

        print(f"wxpub {__version__}")
        return
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        _begin_again()
    if sys.stdout.errors == "strict" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a console that has no Chinese shows the rest
    from wxpub.cli import cli

    cli(prog_name="wxpub")


def _begin_again() -> None:
    """Run the same command in Python's UTF-8 mode: in a locale like C or GBK no file of a Chinese name could be opened.

    The console keeps its encoding, unless that is ASCII, by which a system says that it knows none.
    """
    import os

    env = dict(os.environ)
    if sys.stdout.encoding.lower() not in ("ascii", "us-ascii", "ansi_x3.4-1968"):
        env["PYTHONIOENCODING"] = f"{sys.stdout.encoding}:replace"
    os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], env)  # noqa: S606  our own words


if __name__ == "__main__":
    main()
