"""The account's web pages: the draft box, articles as on a phone, the log; they read the store and write by `Control`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from wxpub.sandbox.store import Store


def add_to(app: Flask, store: Store) -> None:
    """Add the pages to the application."""
