"""docs/architecture.md names what is there: rooms, functions, and the files of its recipes, four at the most."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from conftest import ROOT
from test_house import ROOMS

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"^\| ([^|]+?) \| ([^|]+) \|$", PAGE[PAGE.index("## Recipes") :], re.MULTILINE)[2:]


def test_every_room_is_on_the_page() -> None:
    table = PAGE[PAGE.index("## The rooms") : PAGE.index("## Recipes")]
    assert [room for room in ROOMS if f"`{room}`" not in table] == []


@pytest.mark.parametrize(("what", "where"), RECIPES, ids=[what for what, _ in RECIPES])
def test_the_files_of_a_recipe_are_there(what: str, where: str) -> None:
    files = re.findall(r"`((?:wxpub|tests|docs|styles)/[\w/.]+\.\w+|README\.md)`", where)
    assert [each for each in files if "NAME" not in each and not (ROOT / each).exists()] == []
    ways = where.split("one of ours:")  # none for what others published
    assert max(len(set(re.findall(r"`[\w/…]+\.\w+`", way))) for way in ways) <= 4


def test_the_functions_on_the_way_are_there() -> None:
    way = PAGE[PAGE.index("## An article's way") : PAGE.index("## The rooms")]
    for room, name in re.findall(r"\b(page|issue|links|conform|theme|dialect|article|config|ledger)\.(\w+)", way):
        if name not in ("py", "path"):
            assert hasattr(import_module(f"wxpub.{room}"), name), f"{room}.{name}"
