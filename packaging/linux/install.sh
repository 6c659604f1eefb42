#!/bin/sh
# Puts Parley where this user can start it: into the home folder, or, for root, into /usr/local.
# Run by the archive; `./parley-VERSION-linux-x86_64.run -- --prefix DIR` chooses another place.
set -eu
here=$(dirname "$(readlink -f "$0")")

if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
        --prefix=*) prefix=${1#--prefix=}; shift ;;
        *) echo "Usage: install.sh [--prefix DIR]" >&2; exit 2 ;;
    esac
done
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
home=$prefix/lib/parley

if [ -e "$home" ] && [ ! -x "$home/uninstall.sh" ]; then
    echo "$home is there and is not Parley. Choose another place: --prefix DIR" >&2
    exit 1
fi
if ! "$here/parley/parley" --version >/dev/null; then
    echo "Parley does not run on this system.." >&2
    exit 1
fi

# Beside the old one first, so that a full disk leaves that as it was.
mkdir -p "$prefix/lib" "$prefix/bin" "$prefix/share"
rm -rf "$home.new"
cp -a "$here/parley" "$home.new"
cp "$here/uninstall.sh" "$home.new/"
(cd "$here/share" && find . -type f | sed 's,^\./,,' | sort) >"$home.new/shared-files.txt"
if [ -e "$home" ]; then
    mv "$home" "$home.old"
    mv "$home.new" "$home"
    rm -rf "$home.old"
else
    mv "$home.new" "$home"
fi
ln -sf ../lib/parley/parley "$prefix/bin/parley"
cp -R "$here/share/." "$prefix/share/"
# A desktop starts programs with a shorter PATH than a terminal's.
sed -i "s|^Exec=parley|Exec=\"$home/parley\"|" "$prefix/share/applications/parley.desktop"

echo "Parley is in your menu, and here: $prefix/bin/parley"
echo "To remove it: $home/uninstall.sh"
