"""The Linux packages: .deb, .rpm, an archive that installs itself, and a folder for AppImage."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import libraries
import linux_tree

MAINTAINER = "The Parley developers <developers@parley.invalid>"
"""Who builds packages for others sets PARLEY_MAINTAINER to an address that is read."""

SUMMARY = "voice assistant: hold a key, talk, and hear the answer"
DESCRIPTION = """\
Parley is a voice assistant that runs on your own computer. Hold the space bar and talk: your words
appear as you say them, and Parley starts to speak while the answer is still being written.

Time, dates, timers, sums and units are built in; everything else is answered through Ollama on
this computer, or a service you have a key for."""

TOOLS = {
    "dpkg-deb": "dpkg",
    "dpkg-query": "dpkg",
    "rpmbuild": "rpm",
    "makeself": "makeself",
    "readelf": "binutils",
    "strip": "binutils",
}
"""Programs and the Debian packages that have them."""

DEB_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class MissingTool(Exception):
    """A program that builds packages is not installed."""


@dataclass(frozen=True, slots=True)
class Build:
    """What is built, from what, and where it goes."""

    root: Path
    """The repository."""
    bundle: Path
    """dist/parley"""
    work: Path
    output: Path
    version: str
    time: int
    """Seconds since 1970."""
    machine: str
    """As `uname -m` says."""
    environ: Mapping[str, str]

    @property
    def quick(self) -> bool:
        """Compress little: for whoever builds only to try it (PARLEY_QUICK=1)."""
        return bool(self.environ.get("PARLEY_QUICK"))

    @property
    def maintainer(self) -> str:
        return self.environ.get("PARLEY_MAINTAINER", MAINTAINER)


def deb(build: Build) -> Path:
    """dist/parley_VERSION_MACHINE.deb"""
    need("dpkg-deb", "dpkg-query", "readelf")
    machine = DEB_MACHINES[build.machine]
    tree = build.work / "deb"
    linux_tree.lay_out(build.root, build.bundle, tree, build.version, build.time)
    inside = build.bundle / "_internal"
    depends = libraries.debian_packages(
        libraries.from_system(inside), libraries.newest_glibc(inside)
    )
    long_text = "".join(f" {line}\n" if line else " .\n" for line in DESCRIPTION.splitlines())
    control = (
        "Package: parley\n"
        f"Version: {build.version}\n"
        f"Architecture: {machine}\n"
        f"Maintainer: {build.maintainer}\n"
        f"Installed-Size: {linux_tree.size_kib(tree)}\n"
        f"Depends: {', '.join(depends)}\n"
        "Recommends: gnome-keyring | kwalletmanager | keepassxc, pulseaudio | pipewire-pulse\n"
        "Section: sound\n"
        "Priority: optional\n"
        f"Description: {SUMMARY}\n{long_text}"
    )
    (tree / "DEBIAN").mkdir(mode=0o755)
    (tree / "DEBIAN" / "control").write_text(control, "utf-8")
    os.utime(tree / "DEBIAN" / "control", (build.time, build.time))
    os.utime(tree / "DEBIAN", (build.time, build.time))
    made = build.output / f"parley_{build.version}_{machine}.deb"
    # xz: measured in README.md. There are no scripts: the desktop's caches are kept by triggers
    # of the packages that own them, and what is in a home folder is nobody's but its user's.
    level = "-z0" if build.quick else "-z6"
    run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", level, "--build", str(tree), str(made)],
        build.environ,
    )
    shutil.rmtree(tree)
    return made


def rpm(build: Build) -> Path:
    """dist/parley-VERSION-1.MACHINE.rpm"""
    need("rpmbuild", "readelf")
    top, tree = build.work / "rpm", build.work / "rpm" / "tree"
    shutil.rmtree(top, ignore_errors=True)
    linux_tree.lay_out(build.root, build.bundle, tree, build.version, build.time)
    spec = top / "parley.spec"
    spec.write_text(rpm_spec(build, tree), "utf-8")
    run(
        [
            *("rpmbuild", "-bb", "--quiet", "--target", f"{build.machine}-linux"),
            *("--define", f"_topdir {top}"),
            str(spec),
        ],
        build.environ,
    )
    (found,) = (top / "RPMS").rglob("*.rpm")
    made = build.output / found.name
    shutil.move(found, made)
    shutil.rmtree(top)
    return made


def rpm_spec(build: Build, tree: Path) -> str:
    """What `rpmbuild` reads. Libraries are asked for by their names, which are the same in every
    distribution, unlike those of packages."""
    inside = build.bundle / "_internal"
    sonames = [n for n in libraries.from_system(inside) if not n.startswith(("ld-linux", "libc."))]
    glibc = libraries.newest_glibc(inside)
    requires = "".join(f"Requires: {soname}()(64bit)\n" for soname in sonames)
    day = datetime.fromtimestamp(build.time, UTC).strftime("%a %b %d %Y")
    files = [
        "%dir /opt/parley",
        "/opt/parley/*",
        "/usr/bin/parley",
        *(
            f"/{path.relative_to(tree)}"
            for path in sorted((tree / "usr/share").rglob("*"))
            if path.is_file() and "/doc/" not in path.as_posix()
        ),
        "%doc /usr/share/doc/parley",
    ]
    return f"""\
# Made by packaging/linux_packages.py.
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _buildhost parley
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _binary_payload {"w1" if build.quick else "w7"}T0.xzdio
# Said below; found by rpm, it would be every library that the bundle brings for itself.
AutoReqProv: no

Name: parley
Version: {build.version}
Release: 1
Summary: {SUMMARY[0].upper()}{SUMMARY[1:]}
License: GPL-3.0-or-later
Group: Applications/Multimedia
Packager: {build.maintainer}
Requires: libc.so.6(GLIBC_{glibc})(64bit)
{requires}Recommends: (pipewire-alsa or alsa-plugins-pulseaudio)

%description
{DESCRIPTION}

%install
mkdir -p %{{buildroot}}
cp -al {tree}/. %{{buildroot}}/

%files
{chr(10).join(files)}

%changelog
* {day} {build.maintainer} - {build.version}-1
- See /usr/share/doc/parley/changelog.gz
"""


def archive(build: Build) -> Path:
    """dist/parley-VERSION-linux-MACHINE.run, for other distributions and for no root."""
    need("makeself")
    folder = build.work / "archive"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(build.bundle, folder / "parley", symlinks=True, copy_function=os.link)
    linux_tree.share(build.root, folder / "share", build.version, build.time)
    for script in ("install.sh", "uninstall.sh"):
        shutil.copyfile(build.root / "packaging" / "linux" / script, folder / script)
    linux_tree.settle(folder, folder / "parley", build.time)
    for script in ("install.sh", "uninstall.sh"):
        (folder / script).chmod(0o755)
    made = build.output / f"parley-{build.version}-linux-{build.machine}.run"
    stamp = datetime.fromtimestamp(build.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    run(
        [
            *("makeself", "--xz", "--complevel", "0" if build.quick else "6"),
            *("--nomd5", "--sha256"),
            *("--quiet", "--packaging-date", stamp),
            # One order, one owner, one time: the same files give the same archive.
            *("--tar-format", "gnu", "--tar-extra"),
            f"--sort=name --owner=0 --group=0 --numeric-owner --mtime=@{build.time}",
            *(str(folder), str(made), f"Parley {build.version}", "./install.sh"),
        ],
        {**build.environ, "XZ_OPT": "--threads=0"},
    )
    shutil.rmtree(folder)
    return made


def appdir(build: Build) -> Path:
    """build/Parley.AppDir: `appimagetool` makes an AppImage of it."""
    folder = build.work / "Parley.AppDir"
    linux_tree.lay_out(build.root, build.bundle, folder, build.version, build.time)
    icons = folder / "usr/share/icons/hicolor/256x256/apps/parley.png"
    shutil.copyfile(icons, folder / "parley.png")
    (folder / ".DirIcon").symlink_to("parley.png")
    shutil.copyfile(folder / "usr/share/applications/parley.desktop", folder / "parley.desktop")
    run_it = folder / "AppRun"
    shutil.copyfile(build.root / "packaging" / "linux" / "AppRun", run_it)
    run_it.chmod(0o755)
    # Where appimagetool looks for it.
    old_name = folder / "usr/share/metainfo/parley.appdata.xml"
    (folder / f"usr/share/metainfo/{linux_tree.APP_ID}.metainfo.xml").rename(old_name)
    return folder


def need(*programs: str) -> None:
    """
    Raises:
        MissingTool: names those that are missing, and how to get them.
    """
    missing = sorted({TOOLS[name] for name in programs if shutil.which(name) is None})
    if missing:
        raise MissingTool(f"To build this: sudo apt-get install {' '.join(missing)}")


def run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    subprocess.run(command, env=dict(environ), check=True, stdout=subprocess.DEVNULL)
