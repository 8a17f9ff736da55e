"""An issue with all that belongs to it, opened once and laid out once: a path in, an `Issue` out.

    issue = open(Path("issue.md"))
    issue.layout          the styled tree, outline, notes, images and findings, computed when first asked for
    issue.page(API)       the layout finished for a target
    issue.images          its images, each read once, whoever asks

Everything above this room – checks, pushes, the preview, the command line – works on the `Issue` and opens nothing
again. Reads files, and the web only if told to; knows no account.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from wxpub import article, config, page, safe, theme
from wxpub.article import Article
from wxpub.config import Config
from wxpub.errors import SettingError, SourceError, WxpubError, near_file, reason_of
from wxpub.finding import Finding, Rule
from wxpub.images import Store, remote
from wxpub.language import tr
from wxpub.page import Home, ImageRef, Layout, Page, Size
from wxpub.target import API, NEWSPIC, Placed, Target
from wxpub.theme import Theme

if TYPE_CHECKING:
    from wxpub.blocks import Block
    from wxpub.desk.letter import Letter
    from wxpub.images.cards import Part
    from wxpub.images.cover import Cover

BLOCKS = "blocks"  # the folder, beside wxpub.toml, in which blocks are
NEIGHBOURS = "neighbours"  # the block that is made where there is no file of this name
_NEIGHBOURS = {"zh-CN": ("上一期：", "下一期："), "en": ("Earlier: ", "Later: ")}
IMAGE_MISSING = Rule(
    "image-missing",
    "error",
    "an image cannot be read",
    "correct its path",
    "source",
    reader="a gap where the image should be",
)
RULES = (IMAGE_MISSING,)


@dataclass(frozen=True)
class Issue:
    """An issue of a newsletter: what its author wrote, and the settings, theme and images that make an article of it.

    `back_issues` maps the Markdown of published issues (absolute path) to their permalinks. With `fetch`, images of the
    web are fetched for their sizes before the issue is laid out, as a push does; otherwise nothing leaves the machine.
    `as_newspic` makes a 贴图 of it. `letters` are the letters that were read, by their folders: issues that are opened
    together have one of these, and what one of them reads, the others need not.
    """

    article: Article
    settings: Config
    theme: Theme
    back_issues: Mapping[str, str]
    images: Store = field(repr=False)
    fetch: bool = False
    as_newspic: bool = False
    letters: dict[Path, Letter] = field(default_factory=dict, repr=False)

    @property
    def is_newspic(self) -> bool:
        """Whether a 贴图 is made of it: its author wrote one, or somebody asked for one."""
        return self.as_newspic or self.article.is_newspic

    @property
    def path(self) -> Path:
        """The Markdown file."""
        return self.article.path

    @property
    def name(self) -> str:
        """What the ledger calls the issue: its path in the project, alike on every machine."""
        from wxpub import ledger

        name = ledger.issue_name(self.path, self.settings.root)
        return name + ledger.NEWSPIC if self.is_newspic else name

    @cached_property
    def layout(self) -> Layout:
        """The issue laid out for WeChat, which is done once."""
        return self._compose(NEWSPIC if self.is_newspic else API)

    def page(self, target: Target = API) -> Page:
        """Finish the issue for `target`, once for each; a target with other links than WeChat's is laid out anew.

        A 贴图 is the same by every way into WeChat.
        """
        own = NEWSPIC if self.is_newspic else API
        if self.is_newspic and target.wechat:
            target = own
        if target not in self._pages:
            same = target.layout == own.layout
            self._pages[target] = page.finish(self.layout if same else self._compose(target), target)
        return self._pages[target]

    def unreadable(self) -> tuple[Finding, ...]:
        """Find images that cannot be read, with their lines; those on the web are not fetched."""
        here = (image for image in self.layout.images if not remote(image.src))
        return tuple(found for image in here if (found := self._unreadable(image)))

    def _unreadable(self, image: ImageRef) -> Finding | None:
        try:
            self.images.read(image.src)
        except SourceError as error:
            return self.missing(image, error)
        return None

    def embedded(self, target: Target = API) -> tuple[dict[str, Placed], tuple[Finding, ...]]:
        """Put every image for `target` but those of the web into a `data:` URL, and find those that cannot be read."""
        images: dict[str, Placed] = {}
        findings = []
        for image in self.page(target).images:
            if remote(image.src) or image.src.startswith("data:"):
                continue
            try:
                images[image.src] = Placed(self.images.embed(image.src), *(self.images.size(image.src) or (0, 0)))
            except SourceError as error:
                findings.append(self.missing(image, error))
        return images, tuple(findings)

    def missing(self, image: ImageRef, error: SourceError) -> Finding:
        """Say with its line that an image cannot be read, and why."""
        fix = error.hint or tr("name a file beside the issue")
        return IMAGE_MISSING.find(error.message, self.file_of(image), image.line, fix=fix)

    def file_of(self, image: ImageRef) -> Path:
        """Return the file in which an image stands: the issue's, or that of a block."""
        return Path(image.file) if image.file else self.path

    @cached_property
    def _pages(self) -> dict[Target, Page]:
        return {}

    def _compose(self, target: Target) -> Layout:
        return page.compose(
            self.article,
            self.theme,
            back_issues=self.back_issues,
            sizes=self._sizes,
            target=target,
            extensions=self.settings.extensions,
            draws=self.images.draws,
            cards=self._cards if target.plain else None,
            home=Home(str(self.settings.image_root.resolve()), self.settings.addresses, _exists),
            load=self._block,
        )

    def _block(self, name: str) -> Block:
        """Read a block of the newsletter, by its name or, as `[article] header` has it, by its file.

        Raises SourceError where there is none, or none that may be read.
        """
        from wxpub.blocks import Block

        root = self.settings.root.resolve()
        named = not name.lower().endswith((".md", ".markdown"))
        path = root / BLOCKS / f"{name}.md" if named else root / name.lstrip("/")
        real = path.resolve()
        if not real.is_relative_to(root):
            raise SourceError(tr("{file} is outside {folder}", file=name, folder=root))
        if named and name == NEIGHBOURS and not path.exists():
            return Block(self._neighbours())
        try:
            data = safe.read_whole(real, article.MAX_BYTES)
        except (FileNotFoundError, ValueError):  # of a zero byte
            hint = near_file(path)
            what = tr("there is no file {file}", file=path.relative_to(root).as_posix())
            raise SourceError(what, path, hint=hint) from None
        except OSError as error:
            raise SourceError(tr("cannot be read: {reason}", reason=reason_of(error))) from None
        shown = path if self.path.is_absolute() else Path(os.path.relpath(path))
        return Block(article.read(shown, data=data).body if data.strip() else "", shown)

    def _neighbours(self) -> str:
        """Write the links to the issue before this one and, once it was published, to the one after it."""
        from wxpub.desk import archive, letter

        root, folder = self.settings.root, self.path.parent.resolve()
        if root not in self.letters:
            self.letters[root] = letter.read(root, self.settings)
        earlier, later = self.letters[root].around(folder / self.path.name)
        if later is not None and str(later.path) not in self.back_issues:
            later = None
        words = _NEIGHBOURS[article.written_in("".join(each.title for each in self.letters[root].issues))]
        both = zip(words, (earlier, later), strict=True)
        lines = [f"{word}{archive.link(each, folder)}" for word, each in both if each is not None]
        return "\n\n".join(lines)

    def _cards(self, article: Article, parts: Sequence[Part]) -> tuple[str, ...]:
        """Name cards of the issue, in its theme's colours, with its cover's words. Raises SourceError for no font."""
        from wxpub.images.cards import SIZE, Deck, draw, key, lay

        deck = Deck(self._cover(article), tuple(parts), article.source_url)
        pictures = (lines[0] for kind, lines in parts if kind == "picture")
        sizes = {src: size for src in pictures if (size := self.images.size(src)) and all(size)}
        return tuple(
            self.images.drawn(
                f"card-{card.number + 1:02}.png",
                SIZE,
                card.pictures,
                partial(key, deck, card),
                partial(draw, deck, card),
            )
            for card in lay(deck, sizes)
        )

    def _sizes(self, images: Iterable[ImageRef]) -> dict[str, Size]:
        """Find the images' natural sizes; what cannot be read has none, and whoever needs the image hears why."""
        srcs = [image.src for image in images]
        if self.fetch:
            self.images.prepare(srcs, known=lambda source: True)
        return {src: size for src in srcs if (size := self.images.size(src))}

    def to_send(self, back_issues: Mapping[str, str]) -> Issue:
        """Return the issue as a push wants it: with every back issue that its ledger knows, and images of the web.

        It is the same issue, and laid out no second time, where that changes nothing.
        """
        known = back_issues.items() <= self.back_issues.items()
        if known and (self.fetch or not any(remote(each.src) for each in self.layout.images)):
            return self
        return replace(self, back_issues={**self.back_issues, **back_issues}, fetch=True)

    def version(self, text: str) -> Issue:
        """Return the issue as it is, or was, with `text` in its file. Raises SourceError for what is wrong in it."""
        found = article.parse(text, self.path, self.settings.article, self.settings.root)
        return replace(self, article=found)

    @cached_property
    def cover(self) -> Cover:
        """What a cover of this issue is drawn of, in the theme's colours, where its author named no picture for it."""
        return self._cover(self.layout.article)

    def _cover(self, own: Article) -> Cover:
        from wxpub.images.cover import Cover, palette, read_title

        words = read_title(own.title, series=own.cover_series, number=own.number, date=own.date)
        given = {name: getattr(own, f"cover_{name}") for name in ("design", "picture", "logo", "ground", "accent")}
        return Cover(**{**palette(self.theme.variables), **words, **{k: v for k, v in given.items() if v}})


def open(
    path: Path,
    *,
    theme: str | None = None,
    variables: Mapping[str, str] | None = None,
    images: Store | None = None,
    fetch: bool = False,
    as_newspic: bool = False,
) -> Issue:
    """Open the issue at `path` with its settings, its theme and its newsletter's published issues.

    `theme` (a name, or a path from the working folder) and `variables` win over front matter and `wxpub.toml`.
    `images` are images that were read before, as a preview keeps them. `as_newspic` makes a 贴图 of it, with cards that
    are drawn unless its author made it one, with pictures. Raises SourceError for what is wrong with the
    issue or its theme, ConfigError for what is wrong with settings or ledger.
    """
    (issue,) = open_all([path], theme=theme, variables=variables, fetch=fetch, as_newspic=as_newspic)
    return issue if images is None else replace(issue, images=images)


def open_all(
    paths: Sequence[Path],
    *,
    theme: str | None = None,
    variables: Mapping[str, str] | None = None,
    fetch: bool = False,
    as_newspic: bool = False,
) -> Iterator[Issue]:
    """Open several issues one by one; what they share, settings, ledger and theme, is read once."""
    opener = Opener(theme, dict(variables or {}), fetch, as_newspic)
    for path in paths:
        yield opener.open(path)


@dataclass(slots=True)
class Opener:
    """Opens issues, and remembers what issues of one folder share."""

    theme: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    fetch: bool = False
    as_newspic: bool = False
    _settings: dict[Path, Config] = field(default_factory=dict)
    _back_issues: dict[Path, Mapping[str, str]] = field(default_factory=dict)
    _themes: dict[tuple[object, ...], Theme] = field(default_factory=dict)
    _letters: dict[Path, Letter] = field(default_factory=dict)

    def open(self, path: Path, settings: Config | None = None, data: bytes | None = None) -> Issue:
        """Open one issue, by default with the settings that belong to it; `data` stands for its file; see `open`."""
        if settings is None and (settings := self._settings.get(path.parent)) is None:
            settings = self._settings[path.parent] = config.find(path)
        found = article.read(path, settings.article, settings.root, data)
        if settings.root not in self._back_issues:
            self._back_issues[settings.root] = _published(settings.root)
        private = bool(settings.network.get("allow_private"))
        store = Store(path, root=settings.image_root, allow_private=private, renderers=config.renderers)
        look, known = self._theme(found, settings), self._back_issues[settings.root]
        return Issue(found, settings, look, known, store, self.fetch, self.as_newspic, self._letters)

    def _theme(self, found: Article, settings: Config) -> Theme:
        name = self.theme or found.theme or theme.DEFAULT
        overrides = {**settings.theme, **dict(found.theme_variables), **self.variables}
        base = Path.cwd() if self.theme else found.path.parent
        key = (name, base, *sorted(overrides.items()))
        if key not in self._themes:
            try:
                self._themes[key] = theme.load(name, overrides, base)
            except SettingError as error:
                raise self._blamed(error, found, settings) from None
        return self._themes[key]

    def _blamed(self, error: SettingError, found: Article, settings: Config) -> WxpubError:
        """Say of a theme, or of a variable's value, that cannot be had, in which file it was asked for."""
        key = f"{article.VARIABLES}.{error.setting}" if error.setting else "theme"
        if error.setting in self.variables or (self.theme and not error.setting):
            return error
        if line := found.places.get(key):
            return SourceError(tr("front matter: {message}", message=error.message), found.path, line, error.hint)
        return settings.fault(
            error.message, *(("theme", error.setting) if error.setting else ("article", "theme")), error.hint
        )


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)  # noqa: PTH110  a table of back issues has hundreds, and a Path costs ten times as much
    except ValueError:  # a zero byte
        return False


def _published(root: Path) -> Mapping[str, str]:
    """Map the published issues to their permalinks; the ledger is imported where there is one."""
    if not os.path.lexists(root / config.LEDGER_NAME):
        return {}
    from wxpub import ledger

    return ledger.published(root)
