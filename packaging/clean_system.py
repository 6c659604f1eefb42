"""A freshly installed Debian in a folder, in which a package is tried: no Python, one user.

Mounts are made in a namespace of their own (`enter_namespace`), so that they are gone with the
process whatever happens to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

USER, UID = "tester", 1000
HOME = Path("/home") / USER
SUITE = "bookworm"
_INSIDE = "PARLEY_TEST_NAMESPACE"

CHANGES_BY_ITSELF = ("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "var/log/", "tmp/", "proc/")
"""Where the package manager keeps its own records."""


def enter_namespace() -> None:
    """Run this program again where its mounts are its own; returns in that one."""
    if os.environ.get(_INSIDE):
        return
    os.environ[_INSIDE] = "1"
    unshare = ["unshare", "--mount", "--propagation", "private"]
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


class CleanSystem:
    """The folder as a system. Make it after `enter_namespace`.

    Args:
        folder: where it is put; what was there is removed.
        base: keeps the system as debootstrap made it, for the next time.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.root = folder
        if not (base / "ready").exists():
            _remove(base)
            # debootstrap knows where Debian is, unless somebody has a nearer copy.
            mirror = os.environ.get("PARLEY_DEBIAN_MIRROR")
            wanted = [SUITE, str(base / "root"), *([mirror] if mirror else [])]
            _checked(["debootstrap", "--variant=minbase", *wanted])
            (base / "ready").touch()
        _remove(folder)
        _checked(["cp", "-a", str(base / "root"), str(folder)])
        self._mounts: list[Path] = []
        for name in ("proc", "dev"):
            self._mount(Path("/", name), name)
        shutil.copyfile("/etc/resolv.conf", folder / "etc/resolv.conf")
        # Services must not start in here.
        policy = folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        self.run(["useradd", "--create-home", "--uid", str(UID), USER]).check_returncode()

    def _mount(self, source: Path, place: str) -> None:
        target = self.root / place
        target.mkdir(parents=True, exist_ok=True)
        _checked(["mount", "--bind", str(source), str(target)])
        self._mounts.append(target)

    def share(self, folder: Path) -> None:
        """Let a folder be seen inside under the name it has outside."""
        self._mount(folder, str(folder).lstrip("/"))

    def close(self) -> None:
        """Unmount; the folder stays, for whoever wants to look."""
        while self._mounts:
            _checked(["umount", str(self._mounts.pop())])

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        user: bool = False,
        timeout_s: float = 600.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root or as the user, to its end."""
        return subprocess.run(
            self.command(command, user=user),
            env=self.environment(env or {}, user=user),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )

    def command(self, command: Sequence[str], *, user: bool) -> list[str]:
        who = [f"--userspec={UID}:{UID}"] if user else []
        return [str(shutil.which("chroot")), *who, str(self.root), *command]

    def environment(self, env: Mapping[str, str], *, user: bool) -> dict[str, str]:
        """Nothing of this system's own but what is asked for."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin" + ("" if user else ":/usr/sbin:/sbin"),
            "HOME": str(HOME) if user else "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **env,
        }

    def files(self) -> set[str]:
        """Every path but the user's, what the package manager notes and what is mounted."""
        found = set()
        mounted = {str(place) for place in self._mounts}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if str(Path(folder, name)) not in mounted]
            for name in [*folders, *names]:
                place = str(Path(folder, name).relative_to(self.root))
                if not place.startswith((*CHANGES_BY_ITSELF, f"home/{USER}/")):
                    found.add(place)
        return found

    def users_files(self) -> set[str]:
        home = self.root / str(HOME).lstrip("/")
        return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def _remove(folder: Path) -> None:
    """Remove a system, unless something is still mounted in it."""
    if not folder.exists():
        return
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    below = [place for place in mounts if place.startswith(f"{folder}/")]
    if below:
        raise RuntimeError(f"Still mounted: {', '.join(below)}. Unmount it, then try again.")
    shutil.rmtree(folder)


def _checked(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr or done.stdout)[-2000:]}")
