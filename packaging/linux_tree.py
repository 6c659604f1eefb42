"""Where everything of an installed Parley lies on Linux: the program in one folder of its own, and
what the desktop looks for in the places it looks."""

from __future__ import annotations

import gzip
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

APP_ID = "org.parley.Parley"
ICON_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
HOME = Path("opt/parley")
"""Of the program, from the root of the file system. Nothing of a user's is ever here."""


def lay_out(root: Path, bundle: Path, tree: Path, version: str, time: int) -> None:
    """Fill `tree` as the root of a file system should look.

    Args:
        root: the repository.
        bundle: the program with its libraries.
        time: seconds since 1970 that every file is given.
    """
    shutil.rmtree(tree, ignore_errors=True)
    # Hard links: the bundle is large, and nobody writes into either.
    shutil.copytree(bundle, tree / HOME, symlinks=True, copy_function=os.link)
    link = tree / "usr/bin/parley"
    link.parent.mkdir(parents=True)
    link.symlink_to(Path("../..") / HOME / "parley")
    share(root, tree / "usr/share", version, time)
    licence = tree / "usr/share/doc/parley/copyright"
    licence.parent.mkdir(parents=True)
    licence.write_text(copyright_notice(), "utf-8")
    changes = (root / "CHANGELOG.md").read_bytes()
    (licence.parent / "changelog.gz").write_bytes(gzip.compress(changes, 9, mtime=time))
    settle(tree, tree / HOME, time)


def share(root: Path, folder: Path, version: str, time: int) -> None:
    """What belongs into a `share` folder: the menu entry, the icons, the page of the manual."""
    desktop, icons = root / "resources/desktop", root / "resources/app_icon"
    _copy(desktop / "parley.desktop", folder / "applications/parley.desktop")
    for size in ICON_SIZES:
        place = folder / f"icons/hicolor/{size}x{size}/apps/parley.png"
        _copy(icons / f"parley-{size}.png", place)
    _copy(icons / "parley.svg", folder / "icons/hicolor/scalable/apps/parley.svg")
    metainfo = filled(desktop / "parley.metainfo.xml", version, time)
    _write(folder / f"metainfo/{APP_ID}.metainfo.xml", metainfo.encode())
    manual = filled(desktop / "parley.1", version, time)
    _write(folder / "man/man1/parley.1.gz", gzip.compress(manual.encode(), 9, mtime=time))


def filled(template: Path, version: str, time: int) -> str:
    """A file of `resources/desktop` with the version and the day in their places."""
    day = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")
    text = template.read_text("utf-8")
    return text.replace("@VERSION@", version).replace("@DATE@", day)


def settle(tree: Path, program: Path, time: int) -> None:
    """One time for all files, and everybody may read them.

    Args:
        program: the folder of the bundle, whose files are links and have their modes already.
    """
    for path in sorted(tree.rglob("*")):
        if not path.is_symlink() and not path.is_relative_to(program):
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (time, time), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (time, time))


def size_kib(tree: Path) -> int:
    """What it takes on a disk, as `Installed-Size:` counts."""
    files = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(-(-path.stat().st_size // 1024) for path in files)


def copyright_notice() -> str:
    return f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Parley

Files: *
Copyright: The Parley developers
License: GPL-3+
 This program is free software: you can redistribute it and/or modify it under the terms of the
 GNU General Public License as published by the Free Software Foundation, either version 3 of the
 License, or (at your option) any later version.
 .
 The whole text is in /{HOME}/_internal/LICENSE; the licences of the libraries that come along are
 in /{HOME}/_internal/licences.
"""


def _copy(source: Path, destination: Path) -> None:
    _write(destination, source.read_bytes())


def _write(destination: Path, content: bytes) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(content)
