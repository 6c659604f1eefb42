"""The archive and the .rpm, tried after the .deb in the same clean system."""

from __future__ import annotations

import shutil
from pathlib import Path

from clean_system import HOME
from desk import run
from installed import READY, Installed, expect, newest


class OtherPackages:
    """Two checks.

    Args:
        installed: the system, in which the .deb was and is not any more.
        version: what the packages say they are.
        work: a folder for what is unpacked.
    """

    def __init__(self, installed: Installed, version: str, work: Path) -> None:
        self._installed = installed
        self._version = version
        self._work = work

    def archive(self) -> str:
        """Installs for one user without root, twice, hears and speaks without the system's
        PortAudio, and is removed."""
        system = self._installed.system
        system.run(["dpkg", "--purge", "--force-depends", "libportaudio2"]).check_returncode()
        archive = newest("parley-*.run")
        system.run(["apt-get", "install", "-qq", "-y", "xz-utils"]).check_returncode()
        inside = system.root / archive.name
        shutil.copyfile(archive, inside)
        before = system.users_files()
        stale = self._installed.home / ".local/lib/parley/_internal/of-an-older-version.txt"
        for _ in range(2):
            done = system.run(["sh", f"/{archive.name}", "--nox11"], user=True)
            expect(done.returncode == 0, done.stdout + done.stderr)
            expect(not stale.exists(), "a file of the older version is left")
            stale.touch()
        inside.unlink()
        here = f"{HOME}/.local/bin/parley"
        said = system.run([here, "ask", "two miles in kilometers"], user=True)
        expect("3.22 kilometers" in said.stdout, said.stdout + said.stderr)
        entry = self._installed.home / ".local/share/applications/parley.desktop"
        done = run(["desktop-file-validate", str(entry)], {})
        expect(done.returncode == 0, done.stdout)
        expect(f'Exec="{HOME}/.local/lib/parley/parley"' in entry.read_text(), "Exec is wrong")
        with self._installed.started([here]) as window:
            window.wait_for(*READY)
            expect(window.quit() == 0, "the window did not end well")
        done = system.run([f"{HOME}/.local/lib/parley/uninstall.sh"], user=True)
        expect(done.returncode == 0, done.stdout + done.stderr)
        left = {path for path in system.users_files() - before if "parley/log/" not in path}
        expect(not left, f"left behind: {sorted(left)[:10]}")
        return f"{archive.name}, {archive.stat().st_size / 1e6:.0f} MB"

    def rpm(self) -> str:
        """Has the same files as the .deb, asks for libraries that exist, installs, is removed.

        Debian has no distribution of its kind at hand: the package manager is the real one, the
        system below it is an empty folder.
        """
        package = newest("parley-*.rpm")
        listed = run(["rpm", "-qlp", str(package)], {}).stdout.split("\n")
        wanted = set()
        for line in run(["dpkg-deb", "-c", str(newest("parley_*.deb"))], {}).stdout.splitlines():
            name = line.split(" -> ")[0].split(maxsplit=5)[5].lstrip(".")
            if not name.endswith("/"):
                wanted.add(name)
        expect(not (wanted - set(listed)), f"missing: {sorted(wanted - set(listed))[:5]}")
        requires = run(["rpm", "-qp", "--requires", str(package)], {}).stdout.splitlines()
        known = self._installed.system.run(["/sbin/ldconfig", "-p"]).stdout
        for line in requires:
            soname = line.split("(")[0]
            if ".so" in soname:
                expect(f"\t{soname} " in known, f"{soname} is asked for and not in a system")
        root = self._work / "rpm-root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        base = ["rpm", "--root", str(root)]
        done = run([*base, "-i", "--nodeps", str(package)], {}, 600)
        expect(done.returncode == 0, done.stderr)
        said = run([str(root / "opt/parley/parley"), "--version"], {}).stdout
        expect(said == f"Parley {self._version}\n", f"--version said {said!r}")
        done = run([*base, "-e", "parley"], {}, 600)
        expect(done.returncode == 0, done.stderr)
        left = [path for path in root.rglob("*") if "parley" in path.name]
        expect(not left, f"left behind: {left[:5]}")
        shutil.rmtree(root)
        return f"{package.name}, {package.stat().st_size / 1e6:.0f} MB"
