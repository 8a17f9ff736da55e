"""Draws one SVG, as a program of its own: the drawing in by stdin, its PNG out by stdout, its width by argument.

A second argument names the font of words whose own fonts are not on this machine; without one resvg leaves them out.

A drawing can end the program that draws it (nesting, sizes) or keep it busy for ever (filters), and no exception says
so; `shrink` starts this beside the program that has an issue to push.
"""

from __future__ import annotations

import sys

_MEMORY = 2 * 1024**3  # bytes: a tall drawing asks for any amount
_SECONDS = 60  # of the processor: whoever started it ends it sooner, unless it was killed itself


def main() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    from resvg_py import svg_to_bytes

    text = sys.stdin.buffer.read().decode("utf-8")
    width = int(sys.argv[1])
    font = sys.argv[2] if len(sys.argv) > 2 else None
    sys.stdout.buffer.write(
        svg_to_bytes(
            svg_string=text, width=width, languages=["zh", "en"], resources_dir=None, font_family=font,
            serif_family=font, sans_serif_family=font, monospace_family=font, cursive_family=font, fantasy_family=font,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
