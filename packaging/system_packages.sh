#!/bin/sh
# Installs the system libraries Parley needs on Debian and its relatives, or prints the one
# line to run when that is not allowed. Usage: system_packages.sh run|test|package|package-test
set -eu

PYTHON=${PYTHON:-python3}

# Qt's window on X11 (Qt 6.5 and later need libxcb-cursor0), sound through PortAudio, and the
# ALSA plug-ins that let PortAudio reach PulseAudio and PipeWire.
wanted="libportaudio2 libasound2-plugins libegl1 libgl1 libdbus-1-3 libfontconfig1 libglib2.0-0 \
libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 \
libxcb-render-util0 libxcb-shape0 libxcb-xinerama0"

if [ "${1:-run}" = test ]; then
    # A virtual screen, microphone and loudspeaker, somebody to press keys and somebody to speak.
    wanted="$wanted xvfb openbox xdotool pulseaudio pulseaudio-utils flite imagemagick \
dbus-daemon x11-xkb-utils libglib2.0-bin desktop-file-utils \
fonts-dejavu-core"
fi

if [ "${1:-run}" = package ]; then
    # What Qt's libraries are linked with and take along, and what makes the packages.
    wanted="$wanted binutils rpm makeself xz-utils"
    # Debian's python is linked with a libpython of its own, which a bundle has to bring.
    if [ "$("$PYTHON" -c 'import sys; print(sys.prefix)')" = /usr ]; then
        wanted="$wanted lib$("$PYTHON" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')"
    fi
fi

if [ "${1:-run}" = package-test ]; then
    wanted="$wanted binutils debootstrap rpm xvfb openbox xdotool x11-utils pulseaudio \
pulseaudio-utils imagemagick desktop-file-utils appstream man-db"
fi

"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || wanted="$wanted python3-venv"

command -v dpkg-query >/dev/null 2>&1 || exit 0  # not a Debian: the wheels bring most of it

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Parley needs a few system libraries. Please run this line, then try again:" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing system libraries:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $missing >/dev/null
