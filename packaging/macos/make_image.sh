#!/bin/sh
# Makes the disk image one drags Parley out of. Usage: make_image.sh Parley.app OUTPUT VERSION
# Signs it with PARLEY_CODESIGN_IDENTITY, and asks Apple for its stamp with PARLEY_NOTARY_PROFILE.
set -eu
app=$1
image=$2/Parley-$3-$(uname -m).dmg

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ditto "$app" "$work/Parley.app"
ln -s /Applications "$work/Applications"

if [ -n "${PARLEY_CODESIGN_IDENTITY:-}" ]; then
    codesign --verify --deep --strict "$work/Parley.app"
fi
rm -f "$image"
hdiutil create -volname Parley -srcfolder "$work" -format ULFO -fs HFS+ "$image"
if [ -n "${PARLEY_CODESIGN_IDENTITY:-}" ]; then
    codesign --sign "$PARLEY_CODESIGN_IDENTITY" --timestamp "$image"
fi
if [ -n "${PARLEY_NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$PARLEY_NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
