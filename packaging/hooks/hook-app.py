"""What `parley bench` names as measured: the versions are read from the libraries' metadata."""

from PyInstaller.utils.hooks import copy_metadata

MEASURED = ("faster-whisper", "ctranslate2", "onnxruntime", "ollama", "PySide6-Essentials")

datas = [entry for name in MEASURED for entry in copy_metadata(name)]
