"""Builds Parley's packages: `make package`, or `python packaging/make_packages.py STEP ...`.

    bundle    dist/parley/, the program with everything it needs (all systems)
    deb rpm archive
              the Linux packages, from the bundle
    appdir    build/Parley.AppDir, from which `appimagetool` makes an AppImage
    windows   dist/Parley-VERSION-setup.exe, with Inno Setup
    macos     dist/Parley-VERSION.dmg
    linux     bundle, deb, rpm and archive
    tag       nothing but a check: the tag that is released is the version

PARLEY_QUICK=1 compresses little, for whoever builds only to try it.

Two builds of one commit on one system are the same but for what their tools stamp: times are the
commit's (`SOURCE_DATE_EPOCH`), files come in order, hashes are not random.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bundle_contents
import libraries
import linux_packages
import other_systems

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
BUILD = ROOT / "build"
DIST = ROOT / "dist"
BUNDLE = DIST / "parley"

PYTHONS = ((3, 11), (3, 12))
"""With which the locked versions are tested."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=version())
    parser.add_argument("steps", nargs="+", choices=[*STEPS, "linux"])
    wanted = parser.parse_args(arguments).steps
    if "linux" in wanted:
        wanted = ["bundle", "deb", "rpm", "archive"]
    BUILD.mkdir(exist_ok=True)
    DIST.mkdir(exist_ok=True)
    try:
        for step in wanted:
            began = time.monotonic()
            say(f"{step} ...")
            STEPS[step]()
            say(f"{step}: {time.monotonic() - began:.0f} s")
        write_checksums()
    except (linux_packages.MissingTool, FileNotFoundError, LookupError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    except subprocess.CalledProcessError as exc:
        sys.stderr.write(f"{exc.stderr or ''}\n{exc.cmd[0]} ended with {exc.returncode}\n")
        return 1
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def version() -> str:
    """From the one place that has it, without importing what it needs."""
    text = (ROOT / "app" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("app/__init__.py names no version such as 1.2.3.")
    return found[1]


def source_time() -> int:
    """Seconds since 1970 of what is packaged: the last commit's, or the newest file's."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        return int(given)
    answer = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if answer.returncode == 0 and answer.stdout.strip():
        return int(answer.stdout)
    return int(max(path.stat().st_mtime for path in (ROOT / "app").rglob("*.py")))


def environment() -> Mapping[str, str]:
    """In which two builds are the same."""
    return {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(source_time()),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def bundle() -> None:
    """dist/parley/ (and dist/Parley.app on macOS)."""
    python = _environment_of_its_own()
    shutil.rmtree(BUNDLE, ignore_errors=True)
    extra: dict[str, str] = {}
    if sys.platform == "win32":
        extra["PARLEY_VERSION_FILE"] = str(other_systems.windows_version_file(BUILD, version()))
    subprocess.run(
        [
            *(str(python), "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"),
            *("--distpath", str(DIST), "--workpath", str(BUILD / "pyinstaller")),
            str(PACKAGING / "parley.spec"),
        ],
        cwd=BUILD,
        env={**environment(), **extra},
        check=True,
    )
    if sys.platform.startswith("linux"):
        _slim()
    report()


def _environment_of_its_own() -> Path:
    """A virtual environment with what the package holds and what builds it; its Python."""
    if sys.version_info[:2] not in PYTHONS:
        raise ValueError("Build with Python 3.11 or 3.12: make package PYTHON=python3.11")
    lock = (PACKAGING / "requirements.lock").read_text("utf-8")
    tools = (PACKAGING / "requirements-package.lock").read_text("utf-8")
    pins = bundle_contents.requirements(lock) + bundle_contents.requirements(tools)
    folder = BUILD / "venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready, wanted = folder / "ready.txt", "\n".join([sys.version, *pins])
    if not ready.exists() or ready.read_text("utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        listed = BUILD / "requirements.txt"
        listed.write_text("\n".join(pins) + "\n", "utf-8")
        # Each pin is named, so nothing is resolved: what was left out would be asked for again.
        pip = (str(python), "-m", "pip", "--disable-pip-version-check", "--quiet")
        subprocess.run([*pip, "install", "--no-deps", "-r", str(listed)], check=True)
        ready.write_text(wanted, "utf-8")
    return python


def _slim() -> None:
    """Take out what only came along for something left out, and symbols for debuggers (64 MB)."""
    inside = BUNDLE / "_internal"
    for path in libraries.unneeded(inside, ["libpython*", "libespeak-ng*", "libsndfile*"]):
        path.unlink()
    for path in [p for p in inside.rglob("*") if p.is_symlink() and not p.exists()]:
        path.unlink()
    for path in libraries.with_debug_symbols(inside):
        subprocess.run(["strip", "--strip-debug", str(path)], check=True)
    for path in sorted(BUNDLE.rglob("*")):
        if path.is_file() and not path.is_symlink():
            program = path.parent == BUNDLE or ".so" in path.name
            path.chmod(0o755 if program else 0o644)
        elif path.is_dir():
            path.chmod(0o755)


def report(most: int = 12) -> None:
    """What fills the bundle."""
    sizes: dict[str, int] = {}
    top = BUNDLE / "_internal" if (BUNDLE / "_internal").is_dir() else BUNDLE
    for path in BUNDLE.rglob("*"):
        if path.is_file() and not path.is_symlink():
            inside = path.relative_to(top) if path.is_relative_to(top) else Path("the program")
            name = inside.parts[0].split(".libs")[0]
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    say(f"{sum(sizes.values()) / 1e6:.0f} MB unpacked:")
    for name, size in sorted(sizes.items(), key=lambda each: -each[1])[:most]:
        say(f"  {size / 1e6:6.1f} MB  {name}")


def _linux(make: Callable[[linux_packages.Build], Path]) -> Callable[[], None]:
    def step() -> None:
        if not BUNDLE.is_dir():
            raise FileNotFoundError("There is no dist/parley yet: make package")
        made = make(
            linux_packages.Build(
                root=ROOT,
                bundle=BUNDLE,
                work=BUILD,
                output=DIST,
                version=version(),
                time=source_time(),
                machine=platform.machine(),
                environ=environment(),
            )
        )
        if made.is_file():
            say(f"{made.relative_to(ROOT)}: {made.stat().st_size / 1e6:.0f} MB")

    return step


def check_tag() -> None:
    """
    Raises:
        ValueError: the release is called otherwise than the program calls itself.
    """
    tag = os.environ.get("GITHUB_REF_NAME", "")
    if tag != f"v{version()}":
        raise ValueError(f"The tag is {tag or 'missing'}; app/__init__.py says {version()}.")


def write_checksums() -> None:
    """dist/SHA256SUMS, as `sha256sum --check` reads it."""
    made = sorted(path for path in DIST.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = []
    for path in made:
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    (DIST / "SHA256SUMS").write_text("".join(lines), "utf-8", newline="\n")


STEPS: Mapping[str, Callable[[], None]] = {
    "bundle": bundle,
    "deb": _linux(linux_packages.deb),
    "rpm": _linux(linux_packages.rpm),
    "archive": _linux(linux_packages.archive),
    "appdir": _linux(linux_packages.appdir),
    "windows": lambda: other_systems.windows_setup(ROOT, DIST, version()),
    "tag": check_tag,
    "macos": lambda: other_systems.macos_image(ROOT, DIST, version()),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
