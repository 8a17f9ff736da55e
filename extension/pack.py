"""Build the browser extension: `python extension/pack.py [OUT]` makes OUT/wxpub-extension/ and a zip of it (dist).

Nothing is fetched and nothing is compiled: the modules that the preview ships, which the bookmarklet runs too, are
joined with those of this folder into one plain script each.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from wxpub import __version__  # noqa: E402
from wxpub.preview import pages  # noqa: E402

_DAY = (1980, 1, 1, 0, 0, 0)  # of every file in the zip, so that equal sources make an equal file


def files() -> dict[str, bytes]:
    """Make the extension's files by their names; the manifest says which there are."""
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    manifest["version"] = ".".join(re.findall(r"\d+", __version__)[:3])
    scripts = {manifest["background"]["service_worker"], *(each["js"][0] for each in manifest["content_scripts"])}
    found = {"manifest.json": json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"}
    for name in sorted(scripts):
        text = (HERE / name).read_text(encoding="utf-8")
        found[name] = pages.joined(text) if text.find("\nimport ") >= 0 else text
    for path in sorted(HERE.glob("_locales/*/messages.json")):
        found[path.relative_to(HERE).as_posix()] = path.read_text(encoding="utf-8")
    return {name: text.encode() for name, text in found.items()}


def build(out: Path) -> Path:
    """Write the extension into `out`; returns the folder that a browser loads."""
    folder = out / "wxpub-extension"
    made = files()
    for name, data in made.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    with zipfile.ZipFile(out / "wxpub-extension.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in made.items():
            archive.writestr(zipfile.ZipInfo(name, _DAY), data, zipfile.ZIP_DEFLATED)
    return folder


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1] if len(sys.argv) > 1 else 'dist'))}\n")
