"""A language is looked up by its code."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("num2words")
