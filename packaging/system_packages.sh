#!/bin/sh
# Installs the system libraries Parley needs on Debian and its relatives, or prints the one
# line to run when that is not allowed. Usage: system_packages.sh run|test
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
fonts-dejavu-core"
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
