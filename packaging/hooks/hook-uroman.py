"""Its tables of scripts are read when it is first asked."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("uroman")
