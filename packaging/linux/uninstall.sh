#!/bin/sh
# Removes what install.sh put on this computer. Settings, history and models stay where they are.
set -eu
home=$(dirname "$(readlink -f "$0")")
prefix=$(dirname "$(dirname "$home")")
if [ ! -e "$home/shared-files.txt" ]; then
    echo "$home is not an installed Parley." >&2
    exit 1
fi
while IFS= read -r file; do
    rm -f "$prefix/share/$file"
    # and the folders that this leaves empty, other than share itself
    (cd "$prefix/share" && rmdir -p "$(dirname "$file")" 2>/dev/null) || true
done <"$home/shared-files.txt"
if [ "$(readlink -f "$prefix/bin/parley")" = "$home/parley" ]; then
    rm -f "$prefix/bin/parley"
fi
rm -rf "$home"
echo "Parley is removed. Your settings, history and models are still there:"
echo "    ${XDG_CONFIG_HOME:-$HOME/.config}/parley  ${XDG_DATA_HOME:-$HOME/.local/share}/parley"
