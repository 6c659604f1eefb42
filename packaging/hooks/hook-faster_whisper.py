"""Silero's network lies in `assets`; Parley looks for it beside the package's `__init__`."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("faster_whisper")
