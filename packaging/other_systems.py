"""Packages for Windows (Inno Setup) and macOS (a disk image), each built on its own system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION_FILE = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers=({numbers}, 0), prodvers=({numbers}, 0)),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("CompanyName", "The Parley developers"),
      StringStruct("FileDescription", "Parley"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("LegalCopyright", "GPL-3.0-or-later"),
      StringStruct("ProductName", "Parley"),
      StringStruct("ProductVersion", "{version}"),
    ])]),
    VarFileInfo([VarStruct("Translation", [1033, 1200])]),
  ],
)
"""
"""What Windows shows under a program's properties, as PyInstaller reads it."""


def windows_version_file(folder: Path, version: str) -> Path:
    place = folder / "version.txt"
    numbers = ", ".join(version.split("."))
    place.write_text(VERSION_FILE.format(numbers=numbers, version=version), "utf-8")
    return place


def windows_setup(root: Path, output: Path, version: str) -> None:
    """dist/Parley-VERSION-setup.exe. With PARLEY_SIGNTOOL, the command that signs `$f`, the
    programs and the installer are signed.

    Raises:
        FileNotFoundError: Inno Setup is not installed.
    """
    compiler = _inno_setup()
    command = [compiler, "/Qp", f"/DVersion={version}", f"/O{output}"]
    signing = os.environ.get("PARLEY_SIGNTOOL")
    if signing:
        command += ["/DSigned", f"/Ssigning={signing}"]
    subprocess.run([*command, str(root / "packaging" / "windows" / "parley.iss")], check=True)


def macos_image(root: Path, output: Path, version: str) -> None:
    """dist/Parley-VERSION-MACHINE.dmg. With PARLEY_CODESIGN_IDENTITY the application was signed
    when it was built and the image is signed here; with PARLEY_NOTARY_PROFILE, the name under
    which `notarytool` keeps its login, Apple is asked for its stamp."""
    if sys.platform != "darwin":
        raise FileNotFoundError("A disk image is made on macOS.")
    subprocess.run(
        [
            str(root / "packaging" / "macos" / "make_image.sh"),
            *(str(output / "Parley.app"), str(output), version),
        ],
        check=True,
    )


def _inno_setup() -> str:
    found = shutil.which("iscc")
    if found:
        return found
    for base in (os.environ.get("PROGRAMFILES(X86)"), os.environ.get("PROGRAMFILES")):
        place = Path(base or ".") / "Inno Setup 6" / "ISCC.exe"
        if base and place.exists():
            return str(place)
    raise FileNotFoundError("Inno Setup 6 is missing: https://jrsoftware.org/isdl.php")
