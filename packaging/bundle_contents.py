"""What goes into a package and what stays out, with the reason for each.

Read by `parley.spec` and `make_packages.py`. The figures are megabytes unpacked, on Linux.
"""

from __future__ import annotations

import fnmatch
import re
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

NOT_INSTALLED = (
    # CUDA voices and the small built-in chat model alone need these (README.md has the sizes).
    "torch",
    "transformers",
    "sympy",
    "mpmath",
    "networkx",
    "jinja2",
    "markupsafe",
    # FFmpeg (104): faster-whisper reads sound files with it, and Parley hands it samples.
    "av",
    # A second way to download from the hub (11), which Parley's own downloads do not take.
    "hf-xet",
)
"""Distributions of `requirements.lock` that the package is built without."""

LEFT_OUT = [
    "torch",
    "transformers",
    "hf_xet",
    # Imported by libraries for their own tests, build scripts and notebooks.
    "IPython",
    "_pytest",
    "cv2",
    "lib2to3",
    "matplotlib",
    "numpy.f2py",
    "pandas",
    "pip",
    "pkg_resources",
    "pydoc_data",
    "pytest",
    "scipy",
    "setuptools",
    "test",
    "tkinter",
    "wheel",
    # Parts of what is needed that nobody calls.
    "onnxruntime.backend",
    "onnxruntime.datasets",
    "onnxruntime.quantization",
    "onnxruntime.tools",
    "onnxruntime.transformers",
    "PySide6.QtQml",
    "PySide6.QtQuick",
]
"""Modules that no import may bring in."""

UNWANTED = (
    # A second copy of ONNX Runtime (29) for programs in C; Python's module holds its own.
    "onnxruntime/capi/libonnxruntime.*",
    # The same library under two more names.
    "espeakng_loader/libespeak-ng.so.*",
    # Qt: the GTK theme wants GTK, the keyboard and the EGL screens want QML or a kiosk; there is
    # no SQL, no printing and no network in the window.
    "PySide6/Qt/plugins/platformthemes/*gtk*",
    "PySide6/Qt/plugins/platforminputcontexts/*virtualkeyboard*",
    "PySide6/Qt/plugins/platforms/*eglfs*",
    "PySide6/Qt/plugins/platforms/*linuxfb*",
    "PySide6/Qt/plugins/platforms/*minimal*",
    "PySide6/Qt/plugins/platforms/*vkkhrdisplay*",
    "PySide6/Qt/plugins/platforms/*vnc*",
    "PySide6/Qt/plugins/egldeviceintegrations/*",
    "PySide6/Qt/plugins/generic/*",
    "PySide6/Qt/plugins/networkinformation/*",
    "PySide6/Qt/plugins/tls/*",
    "PySide6/Qt/plugins/imageformats/*icns*",
    "PySide6/Qt/plugins/imageformats/*pdf*",
    "PySide6/Qt/plugins/imageformats/*tga*",
    "PySide6/Qt/plugins/imageformats/*tiff*",
    "PySide6/Qt/plugins/imageformats/*wbmp*",
    "PySide6/Qt/plugins/wayland-graphics-integration-server/*",
    "PySide6/Qt/lib/libQt6Egl*",
    "PySide6/Qt/lib/libQt6Qml*",
    "PySide6/Qt/lib/libQt6Quick*",
    "PySide6/Qt/lib/libQt6VirtualKeyboard*",
    "PySide6/Qt/qml/*",
    # Windows keeps the same plugins and libraries one folder higher, and calls them otherwise.
    "PySide6/plugins/generic/*",
    "PySide6/plugins/networkinformation/*",
    "PySide6/plugins/tls/*",
    "PySide6/qml/*",
    "PySide6/Qt6Qml*",
    "PySide6/Qt6Quick*",
    "PySide6/opengl32sw.dll",
    # The system's own, on every desktop and with an interface that only grows. ALSA's looks for
    # its plug-ins (PulseAudio, PipeWire) where its distribution keeps them, fontconfig reads its
    # distribution's files, and graphics drivers want the C++ library they were built with.
    "libasound.so*",
    "libbrotli*.so*",
    "libcap.so*",
    "libcom_err.so*",
    "libdbus-1.so*",
    "libdrm.so*",
    "libexpat.so*",
    "libfontconfig.so*",
    "libfreetype.so*",
    "libgbm.so*",
    "libgcc_s.so*",
    "libgcrypt.so*",
    "libglib-2.0.so*",
    "libgpg-error.so*",
    "libgssapi_krb5.so*",
    "libgthread-2.0.so*",
    "libk5crypto.so*",
    "libkeyutils.so*",
    "libkrb5*.so*",
    "liblz4.so*",
    "libpcre2-8.so*",
    "libpng16.so*",
    "libstdc++.so*",
    "libsystemd.so*",
    "libuuid.so*",
    "libX*.so*",
    "libz.so*",
    "libzstd.so*",
    # In `spare_sound`, for systems without.
    "libdb-5.3.so*",
    "libjack.so*",
    "libportaudio.so*",
    # What translators work on.
    "resources/translations/*.ts",
    # Tests and caches.
    "*/tests/*",
    "*/test/*",
    "*/testing/*",
    "*.pyi",
    "*/py.typed",
    "*/__pycache__/*",
    "*/CMakeLists.txt",
    "numpy/*.c",
    "numpy/*.h",
    "numpy/*.a",
)
"""Files, by the place they would have in the bundle."""

BUILD_TOOLS = ("altgraph", "pip", "pyinstaller", "pyinstaller-hooks-contrib", "setuptools")
"""Distributions that make the bundle and are not in it."""

_LICENCE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors|thirdparty)")
_NEEDED_QT_WORDS = re.compile(r"PySide6/(Qt/)?translations/(?!qtbase_(en|fr)\.)")
"""Of Qt's own words: the plain windows, in the languages that Parley speaks itself."""


def is_wanted(destination: str) -> bool:
    """Whether a file goes into the bundle, by the place it would have there."""
    place = destination.replace("\\", "/")
    if _NEEDED_QT_WORDS.match(place):
        return False
    return not any(fnmatch.fnmatchcase(place, pattern) for pattern in UNWANTED)


def requirements(lock: str) -> list[str]:
    """The pins of a lock file that a package is built with."""
    pins = [line.strip() for line in lock.splitlines() if line.strip()]
    return [
        pin
        for pin in pins
        if not pin.startswith("#") and pin.partition("==")[0].lower() not in NOT_INSTALLED
    ]


def licences() -> list[tuple[str, str]]:
    """The licences of the installed distributions: each file, and its folder in the bundle."""
    found = []
    for distribution in distributions():
        name = distribution.metadata["Name"].lower()
        if name in BUILD_TOOLS:
            continue
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            # Deeper are those of what a library was copied together from, which its own repeat.
            near = "dist-info" in str(file) or len(file.parts) <= 2
            if _LICENCE.match(file.name) and near and path.is_file():
                found.append((str(path), f"licences/{name}"))
    return sorted(set(found))
