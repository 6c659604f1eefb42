"""How Parley is present on this desktop, as lines of the report that is sent to who helps. They are
English, as its first lines are: whoever helps reads them."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.desktop_events import ShortcutChanged


def desktop_lines(
    environment: Mapping[str, str],
    *,
    platform: str,
    has_tray: bool,
    tray_wanted: bool,
    shortcut: ShortcutChanged | None,
) -> list[str]:
    """
    Args:
        environment: of this process.
        platform: Qt's name of what draws the window ("xcb", "wayland").
        has_tray: the desktop shows icons of programs.
        tray_wanted: the setting `desktop.tray`.
        shortcut: what the talk key of the whole desktop can do; None while nobody has told.
    """
    desktop = environment.get("XDG_CURRENT_DESKTOP") or "no name"
    session = environment.get("XDG_SESSION_TYPE") or "not told"
    tray = "yes" if has_tray else "no"
    if not tray_wanted:
        tray += ", switched off in the settings"
    return [
        f"Desktop: {desktop}, session {session}, drawn by {platform}",
        f"Tray: {tray}",
        *_shortcut(shortcut),
    ]


def _shortcut(news: ShortcutChanged | None) -> list[str]:
    if news is None:
        return ["Shortcut of the desktop: nobody has told"]
    if not news.shortcut:
        return ["Shortcut of the desktop: none is set"]
    if news.works:
        how = "can be held" if news.can_hold else "starts and ends, cannot be held"
        lines = [f"Shortcut of the desktop: {news.shortcut} by {news.by}, {how}"]
    else:
        lines = [f"Shortcut of the desktop: {news.shortcut} does not work"]
    return lines + [f"  not by {name}: {why}" for name, why in news.others]
