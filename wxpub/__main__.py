"""Run the command line; `--version` answers before anything is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `wxpub` with the process's arguments; exits with 0, 1 (refused), 2 (usage) or 130 (Ctrl-C)."""
    if sys.argv[1:] == ["--version"]:
        from wxpub import __version__

        print(f"wxpub {__version__}")
        return
    from wxpub.cli import cli

    cli(prog_name="wxpub")


if __name__ == "__main__":
    main()
