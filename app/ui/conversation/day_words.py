"""How a day is named above its first turn."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

translate = QCoreApplication.translate


def day_line(started_at: float, now: float) -> str:
    """ "Today 14:05", "Yesterday 14:05", "Monday 3 March 14:05".

    Args:
        started_at, now: Unix time, seconds.
    """
    when, today = datetime.fromtimestamp(started_at), datetime.fromtimestamp(now).date()
    locale = QLocale()
    moment = QDateTime.fromSecsSinceEpoch(round(started_at))
    clock = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
    if when.date() == today:
        return translate("DayWords", "Today %1").replace("%1", clock)
    if when.date() == today - timedelta(days=1):
        return translate("DayWords", "Yesterday %1").replace("%1", clock)
    same_year = when.year == today.year
    pattern = (
        translate("DayWords", "dddd d MMMM", "a day of this year, as Qt writes dates")
        if same_year
        else translate("DayWords", "d MMMM yyyy", "a day of another year, as Qt writes dates")
    )
    return f"{locale.toString(moment.date(), pattern)} {clock}"
