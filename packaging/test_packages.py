"""Installs the packages of `dist/` into clean systems and uses them: `make package-test` (root).

    python packaging/test_packages.py [CHECK ...]     all checks, or those named

PARLEY_CYCLES         how often the window is started and quit (200)
PARLEY_SOURCE_PYTHON  a Python that runs Parley from source, to compare the start (.venv's)
PARLEY_DEBIAN_MIRROR  where debootstrap gets Debian from
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from clean_system import HOME, CleanSystem, enter_namespace
from desk import Desk, run, until
from installed import DIST, READY, Failed, Installed, Window, expect, newest
from linux_tree import APP_ID
from other_packages import OtherPackages

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "package-test"
SAMPLE = ROOT / "resources" / "samples" / "what_time_is_it_in_paris.wav"

QUIT_S = 5.0
STALE = Path("opt/parley/_internal/of-an-older-version.txt")
CYCLES = int(os.environ.get("PARLEY_CYCLES", "200"))

TOOLS = {
    "debootstrap": "debootstrap",
    "unshare": "util-linux",
    "dpkg-deb": "dpkg",
    "rpm": "rpm",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "xprop": "x11-utils",
    "import": "imagemagick",
    "pulseaudio": "pulseaudio",
    "pactl": "pulseaudio-utils",
    "paplay": "pulseaudio-utils",
    "parec": "pulseaudio-utils",
    "desktop-file-validate": "desktop-file-utils",
    "appstreamcli": "appstream",
    "man": "man-db",
}
"""Programs and the Debian packages that have them."""


def main(names: list[str]) -> int:
    trouble = missing()
    if trouble:
        sys.stderr.write(f"{trouble}\n")
        return 2
    enter_namespace()
    WORK.mkdir(parents=True, exist_ok=True)
    system = CleanSystem(WORK / "system", WORK / "base")
    test = Test(system)
    failures = 0
    try:
        for check in test.checks:
            if names and check.__name__ not in names and check.__name__ != "installs":
                continue
            began = time.monotonic()
            try:
                said = check()
                say(f"ok    {check.__name__} ({time.monotonic() - began:.0f} s) {said or ''}")
            except (Failed, TimeoutError, subprocess.SubprocessError) as exc:
                failures += 1
                say(f"FAIL  {check.__name__}: {exc}")
                if check.__name__ == "installs":
                    break
    finally:
        test.close()
        system.close()
    return 1 if failures else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def missing() -> str:
    """What keeps the test from running, and how to get it; empty when nothing does."""
    packages = sorted({package for name, package in TOOLS.items() if shutil.which(name) is None})
    if packages:
        return f"To test the packages: sudo apt-get install {' '.join(packages)}"
    if os.geteuid() != 0:
        return "A system in a folder needs root: sudo make package-test"
    for pattern in ("parley_*.deb", "parley-*.rpm", "parley-*.run"):
        if not list(DIST.glob(pattern)):
            return f"There is no dist/{pattern} yet: make package"
    return ""


class Test:
    """The checks, in their order; each uses what the ones before it left."""

    def __init__(self, system: CleanSystem) -> None:
        self._system = system
        self._deb = newest("parley_*.deb")
        self._control = run(["dpkg-deb", "-f", str(self._deb)], {}).stdout
        self._version = self._field("Version")
        desk_folder = Path(tempfile.mkdtemp(prefix="parley-desk-"))
        self._desk = Desk(desk_folder)
        system.share(desk_folder)
        self._desk_folder = desk_folder
        self._before: set[str] = set()
        self._installed = Installed(system, self._desk)
        others = OtherPackages(self._installed, self._version, WORK)
        self.checks: tuple[Callable[[], str | None], ...] = (
            self.installs,
            self.is_found_by_the_desktop,
            self.answers_in_the_terminal,
            self.says_what_is_not_in_it,
            self.leaves_no_library_path_to_others,
            self.answers_a_spoken_question,
            self.starts_as_fast_as_from_source,
            self.starts_and_quits,
            self.is_upgraded,
            self.is_removed,
            others.rpm,
            others.archive,
        )

    def close(self) -> None:
        self._desk.close()
        shutil.rmtree(self._desk_folder, ignore_errors=True)

    def _field(self, name: str) -> str:
        for line in self._control.splitlines():
            if line.startswith(f"{name}: "):
                return line.partition(": ")[2]
        raise Failed(f"The .deb names no {name}")

    # --- the .deb ---

    def installs(self) -> str:
        """Its dependencies are enough, and none of them is Python. An older version comes first,
        so that there is something to upgrade."""
        system = self._system
        system.run(["apt-get", "update", "-qq"]).check_returncode()
        alone = ["apt-get", "satisfy", "-qq", "-y", "--no-install-recommends"]
        got = system.run([*alone, self._field("Depends")])
        expect(got.returncode == 0, f"the dependencies cannot be had: {got.stderr}")
        self._before = system.files()
        older = self._older_deb()
        done = system.run(["dpkg", "--install", f"/{older.name}"])
        older.unlink()
        expect(done.returncode == 0, done.stderr)
        expect(system.run(["which", "python3"]).returncode != 0, "there is Python")
        said = system.run(["parley", "--version"], user=True).stdout
        expect(said == f"Parley {self._version}\n", f"parley --version said {said!r}")
        return f"{self._deb.name}, {self._deb.stat().st_size / 1e6:.0f} MB"

    def _older_deb(self) -> Path:
        """This one under a lower number, with a file more. In the system's root."""
        tree = WORK / "older"
        shutil.rmtree(tree, ignore_errors=True)
        run(["dpkg-deb", "-R", str(self._deb), str(tree)], {}, 600).check_returncode()
        control = tree / "DEBIAN" / "control"
        lowered = control.read_text().replace(f"Version: {self._version}", "Version: 0.0.1")
        control.write_text(lowered)
        (tree / STALE).touch()
        older = self._system.root / "older.deb"
        build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(older)]
        run(build, {}, 600).check_returncode()
        shutil.rmtree(tree)
        return older

    def is_found_by_the_desktop(self) -> None:
        """The menu entry, the description, the icons and the manual are in order."""
        share = self._system.root / "usr/share"
        for check in (
            ["desktop-file-validate", str(share / "applications/parley.desktop")],
            [
                "appstreamcli",
                "validate",
                "--no-net",
                str(share / f"metainfo/{APP_ID}.metainfo.xml"),
            ],
        ):
            done = run(check, {})
            expect(done.returncode == 0, done.stdout + done.stderr)
            expect("warning" not in done.stdout, done.stdout)
        manual = share / "man/man1/parley.1.gz"
        done = run(
            ["man", "--warnings", "-l", str(manual)], {"MANROFFSEQ": "", "LC_ALL": "C.UTF-8"}
        )
        expect(done.returncode == 0 and not done.stderr, done.stderr)
        expect("hold a key" in done.stdout, "the manual is empty")
        icons = list((share / "icons/hicolor").glob("*/apps/parley.*"))
        expect(len(icons) == 9, f"{len(icons)} icons")

    def answers_in_the_terminal(self) -> None:
        asked = self._installed.parley(
            "ask", "ten miles in kilometers", "--out", f"{HOME}/reply.wav"
        )
        expect(asked.returncode == 0, f"ask: {asked}")
        expect("16.09 kilometers" in asked.stdout, f"ask: {asked}")
        reply = self._installed.home / "reply.wav"
        expect(reply.stat().st_size > 50_000, "the reply is too short to be spoken")
        reply.unlink()
        done = self._installed.parley("doctor", "--json", env=self._desk.env)
        expect(done.returncode == 0, f"doctor: {done}")
        found = json.loads(done.stdout)
        broken = [each for each in found["checks"] if each["status"] == "fail"]
        expect(found["answers"] and not broken, f"doctor: {broken}")
        listed = self._installed.parley("history", "search", "kilometers")
        expect("ten miles" in listed.stdout, f"history: {listed}")

    def says_what_is_not_in_it(self) -> None:
        """The built-in model needs libraries of a gigabyte, which are left out."""
        done = self._installed.parley("fetch", "llm", "builtin")
        expect(done.returncode == 1, f"fetch: {done}")
        expect("this copy of Parley does not have" in done.stderr, f"fetch: {done}")

    def leaves_no_library_path_to_others(self) -> None:
        """A program that Parley starts finds the system's libraries. `nvidia-smi` is one."""
        spy = self._system.root / "usr/local/bin/nvidia-smi"
        spy.write_text('#!/bin/sh\nenv >"$HOME/seen.txt"\nexit 1\n')
        spy.chmod(0o755)
        try:
            self._installed.parley("doctor")
            self._expect_path(None)
            self._installed.parley("doctor", env={"LD_LIBRARY_PATH": "/usr/local/mine"})
            self._expect_path("/usr/local/mine")
        finally:
            spy.unlink()

    def _expect_path(self, wanted: str | None) -> None:
        seen = self._installed.home / "seen.txt"
        expect(seen.exists(), "doctor did not ask for the graphics card")
        pairs = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
        seen.unlink()
        found = pairs.get("LD_LIBRARY_PATH")
        expect(found == wanted, f"LD_LIBRARY_PATH is {found}, not {wanted}")

    def answers_a_spoken_question(self) -> str:
        """A double-click on the menu entry, a held key, a voice, a reply."""
        entry = (self._system.root / "usr/share/applications/parley.desktop").read_text()
        itself = entry.partition("[Desktop Action")[0]
        fields = dict(line.split("=", 1) for line in itself.splitlines() if "=" in line)
        with self._installed.started(fields["Exec"].split()) as window:
            window.wait_for(*READY)
            names = self._desk.property_of_window("WM_CLASS")
            expect(f'"{fields["StartupWMClass"]}"' in names, f"the window calls itself {names}")
            # the window itself beside the sound devices' process and what multiprocessing keeps
            windows = [each for each in window.processes() if "multiprocessing" not in each]
            expect(len(windows) == 1, f"{len(windows)} windows: {window.processes()}")
            ear = self._desk.listen()
            self._hold_and_say()
            until(lambda: self._heard().get("outcome") == "replied", "the reply", 60)
            turn = self._heard()
            loudest = ear.loudest()
            expect(loudest > 1000, f"the loudspeaker was silent ({loudest} of 32767)")
            self._desk.picture(WORK / "window.png")
            expect(window.quit() == 0, "it did not end well")
        expect(turn["transcript"] == "what time is it in paris", f"heard {turn['transcript']!r}")
        expect("in Paris" in turn["reply_heard"], f"said {turn['reply_heard']!r}")
        expect(" ERROR " not in self._installed.log(), "there is an error in the log")
        return f"loudness {loudest} of 32767"

    def _hold_and_say(self) -> None:
        self._desk.xdotool("keydown", "space")
        self._desk.say(SAMPLE).wait(30)
        self._desk.xdotool("keyup", "space")

    def _heard(self) -> dict[str, str]:
        """The newest turn that was spoken to Parley, as the history has it."""
        done = self._installed.parley("history", "export", "--format", "json")
        spoken = [turn for turn in turns(done.stdout) if turn["source"] == "voice"]
        return max(spoken, key=lambda turn: turn["started_at"]) if spoken else {}

    def starts_as_fast_as_from_source(self) -> str:
        """From the start to a window that takes input, in turns, the best of three each."""
        packaged, source = [], []
        python = source_python()
        for _ in range(3):
            with self._installed.started(["parley"]) as window:
                packaged.append(window.usable_s)
                window.quit()
            if python:
                source.append(self._source_start_s(python))
        if not source:
            return f"packaged {min(packaged):.2f} s; no source environment to compare with"
        return f"packaged {min(packaged):.2f} s, from source {min(source):.2f} s"

    def _source_start_s(self, python: Path) -> float:
        with tempfile.TemporaryDirectory() as profile:
            log = Path(profile, "data/log/parley.log")
            command = [str(python), str(ROOT / "main.py"), "--profile", profile]
            env = {**os.environ, **self._desk.env, "QT_QPA_PLATFORM": "xcb"}
            with Window(command, env, log) as window:
                window.quit()
                return window.usable_s

    def starts_and_quits(self) -> str:
        """Again and again: at rest, before the engines are there, while somebody speaks, while it
        thinks and speaks."""
        slowest = 0.0
        for number in range(CYCLES):
            doing = ("rest", "start", "listening", "speaking")[number % 4]
            with self._installed.started(["parley"]) as window:
                if doing != "start":
                    window.wait_for(*READY)
                if doing in ("listening", "speaking"):
                    self._desk.xdotool("keydown", "space")
                    voice = self._desk.say(SAMPLE)
                    if doing == "listening":
                        time.sleep(0.7)
                    else:
                        voice.wait(30)
                        self._desk.xdotool("keyup", "space")
                        time.sleep(0.05 * (number % 20))
                began = time.monotonic()
                code = window.quit()
                took = time.monotonic() - began
                self._desk.xdotool("keyup", "space")
            slowest = max(slowest, took)
            expect(
                code == 0,
                f"cycle {number} ({doing}): exit code {code}\n{self._installed.log()[-2000:]}",
            )
            expect(took < QUIT_S, f"cycle {number} ({doing}): {took:.1f} s to quit")
            # what multiprocessing keeps sees that Parley has ended a moment after it
            left = f"cycle {number} ({doing}): the end of {window.processes()}"
            until(lambda: not window.processes(), left, 2)
        fault = self._installed.home / ".local/share/parley/log/fault.log"
        expect("Fatal Python error" not in fault.read_text(), f"a crash: {fault}")
        expect(" ERROR " not in self._installed.log(), "there is an error in the log")
        return f"{CYCLES} times, the slowest quit {slowest:.2f} s"

    def is_upgraded(self) -> None:
        system = self._system
        before = self._installed.parley("history", "export", "--format", "json").stdout
        expect("paris" in before, "there is no history to keep")
        shutil.copyfile(self._deb, system.root / "new.deb")
        done = system.run(["apt-get", "install", "-qq", "-y", "/new.deb"])
        (system.root / "new.deb").unlink()
        expect(done.returncode == 0, done.stderr)
        expect(not (system.root / STALE).exists(), "a file of the older version is left")
        after = self._installed.parley("history", "export", "--format", "json").stdout
        expect(turns(after) == turns(before), "the history is another one")

    def is_removed(self) -> None:
        system = self._system
        home_before = system.users_files()
        done = system.run(["dpkg", "--purge", "parley"])
        expect(done.returncode == 0, done.stderr)
        left = system.files() - self._before
        expect(not left, f"left behind: {sorted(left)[:10]}")
        expect(system.users_files() == home_before, "files of the user's are gone")
        expect(".local/share/parley/history.sqlite" in home_before, "there was no history")


def turns(export: str) -> list[dict[str, Any]]:
    """Every turn in a JSON export."""
    if not export:
        return []
    return [turn for session in json.loads(export)["sessions"] for turn in session["turns"]]


def source_python() -> Path | None:
    given = os.environ.get("PARLEY_SOURCE_PYTHON", "")
    python = Path(given) if given else ROOT / ".venv" / "bin" / "python"
    return python if python.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
