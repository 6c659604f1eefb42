"""The library is opened by its path and finds its voices by theirs."""

from PyInstaller.utils.hooks import collect_data_files, collect_dynamic_libs

datas = collect_data_files("espeakng_loader")
binaries = collect_dynamic_libs("espeakng_loader")
