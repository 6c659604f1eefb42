"""The English model lies in the package and is read from there."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("pocketsphinx")
