"""On Windows and macOS its wheel brings PortAudio; on Linux `system_sound.py` does."""

import sys

from PyInstaller.utils.hooks import collect_data_files, collect_dynamic_libs

if sys.platform in ("win32", "darwin"):
    datas = collect_data_files("_sounddevice_data")
    binaries = collect_dynamic_libs("_sounddevice_data")
    hiddenimports = ["_sounddevice_data"]
