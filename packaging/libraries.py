"""Which shared libraries a bundle brings, which it takes from the system, and which Debian
packages have those. Linux; reads ELF files with `readelf` (binutils)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

OPENED_BY_NAME = (
    "libportaudio.so.2",  # sounddevice
    "libdbus-1.so.3",  # Qt: the desktop's dark mode, input methods
    "libEGL.so.1",
    "libGL.so.1",
)
"""Libraries of the system that are opened while Parley runs, so that no ELF header names them."""

PLUG_INS = {
    # The ALSA plug-ins that let PortAudio reach PulseAudio and PipeWire.
    "debian": ("libasound2-plugins",),
}

RENAMED = {
    # Debian's transition to a 64-bit time renamed these; Ubuntu 24.04 and Debian 13 have the new
    # names, and the old one of ALSA's is there also given by a library that is none.
    "libasound2": "libasound2t64 | libasound2",
    "libglib2.0-0": "libglib2.0-0t64 | libglib2.0-0",
}

_NEEDED = re.compile(r"\((?:NEEDED|SONAME)\).*\[(.+)\]")
_GLIBC = re.compile(r"\bGLIBC_(\d+)\.(\d+)\b")


@dataclass(frozen=True, slots=True)
class Library:
    """One ELF file."""

    path: Path
    soname: str
    """The name others ask for; the file's own name when it has none."""
    needs: frozenset[str]
    """Sonames."""


def elf_files(folder: Path) -> list[Path]:
    """Every ELF file below, links left out, sorted."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.append(path)
    return found


def read(paths: Sequence[Path]) -> list[Library]:
    """What each file needs."""
    libraries = []
    for path in paths:
        needs, soname = set(), path.name
        for line in _readelf("-d", path).splitlines():
            named = _NEEDED.search(line)
            if named and "(SONAME)" in line:
                soname = named[1]
            elif named:
                needs.add(named[1])
        libraries.append(Library(path, soname, frozenset(needs)))
    return libraries


def from_system(folder: Path) -> list[str]:
    """Sonames that the bundle needs and does not bring, sorted."""
    libraries = read(elf_files(folder))
    # Linked names count too: PyInstaller puts links to Qt's libraries at the top.
    brought = {library.soname for library in libraries}
    brought |= {path.name for path in folder.rglob("*.so*")}
    needed = {name for library in libraries for name in library.needs}
    return sorted((needed | set(OPENED_BY_NAME)) - brought | set(OPENED_BY_NAME))


def unneeded(folder: Path, roots: Iterable[str]) -> list[Path]:
    """Libraries at the top of the bundle that came along for a file that was left out.

    Args:
        roots: patterns of those that no other file needs and that stay.
    """
    gone: set[Path] = set()
    libraries = read(elf_files(folder))
    linked = {path.name: path.resolve() for path in folder.iterdir() if path.is_symlink()}
    qt = folder / "PySide6" / "Qt" / "lib"
    while True:
        needed = {n for lib in libraries if lib.path not in gone for n in lib.needs}
        needed_paths = {linked[name] for name in needed if name in linked}
        more = {
            library.path
            for library in libraries
            if library.path not in gone
            and library.path.parent in (folder, qt)
            and library.path.name.startswith("lib")
            and not {library.soname, library.path.name} & needed
            and library.path not in needed_paths
            and not any(library.path.match(pattern) for pattern in roots)
        }
        if not more:
            return sorted(gone)
        gone |= more


def newest_glibc(folder: Path) -> str:
    """The oldest GNU C library that the bundle runs on, such as "2.34"."""
    newest = (2, 17)
    for path in elf_files(folder):
        for major, minor in _GLIBC.findall(_readelf("--version-info", path)):
            newest = max(newest, (int(major), int(minor)))
    return f"{newest[0]}.{newest[1]}"


def debian_packages(sonames: Iterable[str], glibc: str) -> list[str]:
    """What a Debian package has to depend on, as `Depends:` wants it.

    Raises:
        LookupError: a library belongs to no installed package.
    """
    packages = set(PLUG_INS["debian"])
    for soname in sonames:
        package = _owner(soname)
        if package in ("libc6", "libc-bin"):
            package = f"libc6 (>= {glibc})"
        packages.add(RENAMED.get(package, package))
    return sorted(packages)


def _owner(soname: str) -> str:
    """The Debian package that has a library."""
    # Without a folder in front: merged /usr makes two of each file, and dpkg knows one.
    answer = subprocess.run(
        ["dpkg-query", "--search", f"*/{soname}"], capture_output=True, text=True, check=False
    )
    for line in answer.stdout.splitlines():
        package, _, path = line.partition(": ")
        if Path(path).parts[1] in ("lib", "lib64", "usr") and "/share/" not in path:
            name = package.split(":")[0].split(",")[0]
            if _is_runtime(path):
                return name
    raise LookupError(f"{soname}: no installed Debian package has it")


def _is_runtime(path: str) -> bool:
    """Whether the loader looks there by itself."""
    folder = str(Path(path).parent)
    return re.fullmatch(r"(/usr)?/lib(64|/[a-z0-9_-]+-linux-gnu)?", folder) is not None


def _readelf(option: str, path: Path) -> str:
    return subprocess.run(
        ["readelf", "--wide", option, str(path)], capture_output=True, text=True, check=True
    ).stdout


def with_debug_symbols(folder: Path) -> list[Path]:
    """Files that carry symbols for debuggers, which nobody needs to run them."""
    return [
        path
        for path in elf_files(folder)
        if re.search(r"\s\.debug_info\s", _readelf("--section-headers", path))
    ]
