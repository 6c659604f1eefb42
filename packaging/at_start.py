"""Runs in a packaged Parley before Parley itself (a PyInstaller runtime hook).

Only what a package changes about its process is put right here; no other module knows of it but
those that ask `sys.frozen`.
"""

import ctypes
import ctypes.util
import os
import ssl
import sys
from pathlib import Path

BUNDLE = Path(sys._MEIPASS)


def _give_streams() -> None:
    """A Windows program without a console has none, and `print` would crash in any library."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, stream)


def _give_back_library_path() -> None:
    """The bundle's libraries come first for this process, which has read the variable when it
    began; a browser or a server that it starts must find the system's. What the user had stays
    under the other name too, where Parley looks for it before it starts Ollama."""
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = os.environ.get(f"{name}_ORIG")
        if before is not None:
            os.environ[name] = before
        elif getattr(sys, "frozen", False):
            os.environ.pop(name, None)


def _find_spare_portaudio() -> None:
    """The system's PortAudio knows the system's sound; the bundle's is for those without one."""
    folder = BUNDLE / "spare_sound"
    find_on_system = ctypes.util.find_library

    def find_library(name: str) -> str | None:
        found = find_on_system(name)
        if found is not None or name != "portaudio" or not folder.is_dir():
            return found
        for needed in ("libdb-5.3.so", "libjack.so.0"):
            if (folder / needed).exists():
                ctypes.CDLL(str(folder / needed), mode=ctypes.RTLD_GLOBAL)
        return str(folder / "libportaudio.so.2")

    ctypes.util.find_library = find_library


def _find_certificates() -> None:
    """OpenSSL looks where the distribution it was built on keeps its certificates; elsewhere the
    list that comes along is used, as everywhere in Parley's HTTP clients."""
    usual = ssl.get_default_verify_paths()
    if usual.cafile is None and not _has_files(usual.capath):
        certificates = BUNDLE / "certifi" / "cacert.pem"
        if certificates.exists():
            os.environ.setdefault("SSL_CERT_FILE", str(certificates))


def _has_files(folder: str | None) -> bool:
    return folder is not None and any(Path(folder).iterdir())


_give_streams()
if sys.platform != "win32":
    _give_back_library_path()
if sys.platform.startswith("linux"):
    _find_spare_portaudio()
    _find_certificates()
