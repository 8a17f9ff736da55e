"""The values of the images room: what a source holds, and what is uploaded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256


def digest(data: bytes) -> str:
    """Give the key of `data`: 32 hexadecimal digits of its SHA-256."""
    return sha256(data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Source:
    """A picture as its author gave it.

    `src` is its source in the article, `name` what to call it in a message. `key` is the same for the same picture on
    every machine: of the original bytes, not of the converted ones, which differ from one Pillow to the next.
    """

    src: str
    name: str
    data: bytes = field(repr=False)
    key: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture within WeChat's limits: `mime` is image/jpeg, image/png or, if it moves, image/gif; sizes in pixels.

    `name` is plain ASCII with the extension of its kind, as WeChat's upload wants it. `remark` says what was lost on
    the way ("" if nothing was).
    """

    name: str
    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int
    remark: str = ""

    @property
    def animated(self) -> bool:
        """Tell whether it moves, and so has to take the way of permanent material: uploadimg takes no GIF."""
        return self.mime == "image/gif"
