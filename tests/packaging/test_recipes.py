"""The recipes name files that exist, and one version."""

from __future__ import annotations

import plistlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import bundle_contents
import linux_packages
import linux_tree
import make_packages
import other_systems
import pytest

import app
from app.commandline import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
DESKTOP = ROOT / "resources" / "desktop"
ICONS = ROOT / "resources" / "app_icon"
INNO = (PACKAGING / "windows" / "parley.iss").read_text("utf-8")


def entry() -> dict[str, str]:
    """The entry itself, without its actions."""
    text = (DESKTOP / "parley.desktop").read_text("utf-8").partition("[Desktop Action")[0]
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_every_action_of_the_menu_entry_is_a_command():
    text = (DESKTOP / "parley.desktop").read_text("utf-8")
    actions = entry()["Actions"].strip(";").split(";")
    assert actions
    for action in actions:
        group = text.split(f"[Desktop Action {action}]", 1)[1]
        fields = dict(line.split("=", 1) for line in group.splitlines() if "=" in line)
        assert fields["Name"]
        assert fields["Name[fr]"]
        program, command = fields["Exec"].split()
        assert program == "parley"
        assert command in COMMANDS


def test_the_version_has_one_place():
    assert make_packages.version() == app.__version__
    asked = subprocess.run(
        [sys.executable, str(PACKAGING / "make_packages.py"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == app.__version__


@pytest.mark.parametrize("file", sorted(PACKAGING.rglob("*.sh")), ids=lambda path: path.name)
def test_the_shell_understands_every_script(file):
    done = subprocess.run(["sh", "-n", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o111, f"{file.name} cannot be run"


@pytest.mark.parametrize(
    "file", [*PACKAGING.rglob("*.py"), PACKAGING / "parley.spec"], ids=lambda path: path.name
)
def test_python_understands_every_script(file):
    compile(file.read_text("utf-8"), str(file), "exec")


def test_the_files_that_the_spec_names_exist():
    spec = (PACKAGING / "parley.spec").read_text("utf-8")
    for parts in re.findall(r"ROOT((?: / \"[\w.]+\")+)", spec):
        place = ROOT.joinpath(*re.findall(r"\"([\w.]+)\"", parts))
        assert place.exists(), place
    for parts in re.findall(r"Path\(SPECPATH\)((?: / \"[\w.]+\")+)", spec):
        assert PACKAGING.joinpath(*re.findall(r"\"([\w.]+)\"", parts)).exists(), parts


def test_the_window_carries_the_name_that_the_menu_entry_waits_for():
    window = (ROOT / "app" / "commands" / "window.py").read_text("utf-8")
    assert 'setDesktopFileName("parley")' in window
    assert entry()["StartupWMClass"] == "parley"
    assert entry()["Icon"] == "parley"
    assert entry()["Exec"] == "parley"


def test_the_manual_has_every_command():
    manual = (DESKTOP / "parley.1").read_text("utf-8")
    for command, summary in COMMANDS.items():
        assert f".B {command}\n" in manual, f"{command}: {summary}"


def test_the_description_for_software_centres_is_complete():
    text = linux_tree.filled(DESKTOP / "parley.metainfo.xml", "1.2.3", 1_790_000_000)
    component = ET.fromstring(text)
    assert component.findtext("id") == linux_tree.APP_ID
    assert component.findtext("launchable") == "parley.desktop"
    assert component.findtext("provides/binary") == "parley"
    release = component.find("releases/release")
    assert release is not None
    assert release.attrib == {"version": "1.2.3", "date": "2026-09-21"}


def test_icons_have_the_sizes_in_their_names():
    for size in linux_tree.ICON_SIZES:
        head = (ICONS / f"parley-{size}.png").read_bytes()[16:24]
        assert struct.unpack(">II", head) == (size, size)


def test_the_icon_for_macos_holds_the_pngs():
    data = (ICONS / "parley.icns").read_bytes()
    assert data[:4] == b"icns"
    assert struct.unpack(">I", data[4:8]) == (len(data),)
    sizes, at = set(), 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at + 4 : at + 8])
        sizes.add(struct.unpack(">I", data[at + 8 + 16 : at + 8 + 20])[0])
        at += length
    assert at == len(data)
    assert sizes == {16, 32, 64, 128, 256, 512}


def test_windows_is_given_files_that_exist():
    for name in ("LicenseFile", "SetupIconFile"):
        found = re.search(rf"^{name}=(.+)$", INNO, re.MULTILINE)
        assert found is not None
        assert (ROOT / found[1].replace("\\", "/")).exists()
    assert re.findall(r'Filename: "{app}\\([\w-]+\.exe)"', INNO)[0] == "parley-window.exe"
    assert 'program("parley-window", console=False)' in (PACKAGING / "parley.spec").read_text()


def test_windows_installs_for_one_user_and_keeps_what_is_the_users():
    assert "PrivilegesRequired=lowest" in INNO
    assert "MB_DEFBUTTON2, IDNO" in INNO  # who does not answer keeps it
    for line in INNO.partition("[InstallDelete]")[2].partition("[Files]")[0].splitlines():
        assert "Name:" not in line or r"{app}\_internal" in line


def test_the_version_that_windows_shows(tmp_path):
    text = other_systems.windows_version_file(tmp_path, "1.2.3").read_text("utf-8")
    assert "filevers=(1, 2, 3, 0)" in text
    assert 'StringStruct("ProductVersion", "1.2.3")' in text
    compile(text, "version.txt", "eval")


def test_macos_may_listen():
    entitlements = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert entitlements["com.apple.security.device.audio-input"] is True
    assert "NSMicrophoneUsageDescription" in (PACKAGING / "parley.spec").read_text("utf-8")


def test_only_what_the_package_leaves_out_is_not_installed():
    lock = (PACKAGING / "requirements.lock").read_text("utf-8")
    pins = bundle_contents.requirements(lock)
    names = {pin.partition("==")[0] for pin in pins}
    assert {"ctranslate2", "onnxruntime", "pyside6-essentials", "sounddevice"} <= names
    assert not {"torch", "transformers", "av"} & names
    locked = {line.partition("==")[0] for line in lock.splitlines()}
    assert set(bundle_contents.NOT_INSTALLED) <= locked, "a name that nobody knows any more"


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", True),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6/Qt/lib/libQt6Qml.so.6", False),
        ("PySide6/Qt/translations/qtbase_fr.qm", True),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("PySide6\\plugins\\tls\\qopensslbackend.dll", False),
        ("espeakng_loader/espeak-ng-data/fr_dict", True),
        ("espeakng_loader/libespeak-ng.so", True),
        ("espeakng_loader/libespeak-ng.so.1", False),
        ("onnxruntime/capi/libonnxruntime.so.1.31.1", False),
        ("onnxruntime/capi/onnxruntime_pybind11_state.so", True),
        ("faster_whisper/assets/silero_vad_v6.onnx", True),
        ("pocketsphinx/model/en-us/en-us.lm.bin", True),
        ("libasound.so.2", False),
        ("spare_sound/libportaudio.so.2", True),
        ("libxcb-cursor.so.0", True),
        ("libstdc++.so.6", False),
        ("resources/translations/parley_fr.qm", True),
        ("resources/translations/parley_fr.ts", False),
        ("numpy/tests/data/file.csv", False),
    ],
)
def test_what_goes_into_the_bundle(place, wanted):
    assert bundle_contents.is_wanted(place) is wanted


def test_a_missing_tool_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(linux_packages.MissingTool, match="apt-get install binutils makeself"):
        linux_packages.need("makeself", "readelf")


def test_a_tag_that_is_not_the_version_is_refused(monkeypatch):
    monkeypatch.setenv("GITHUB_REF_NAME", f"v{app.__version__}")
    make_packages.check_tag()
    monkeypatch.setenv("GITHUB_REF_NAME", "v99.0.0")
    with pytest.raises(ValueError, match=r"v99\.0\.0"):
        make_packages.check_tag()
