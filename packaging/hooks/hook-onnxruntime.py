"""Python's module holds the whole runtime on Linux and macOS; on Windows a DLL beside it does."""

from PyInstaller.utils.hooks import collect_dynamic_libs

binaries = collect_dynamic_libs("onnxruntime")
