"""What the pages are to be told when they are built."""

from __future__ import annotations

from app.core.desktop_events import ShortcutChanged
from app.core.events import (
    Event,
    KeyChanged,
    OllamaChanged,
    ProviderChecked,
    SettingChanged,
    StandingChanged,
)
from app.core.model_events import ModelsListed
from app.ui.page import Page

_NOTED = (
    SettingChanged,
    StandingChanged,
    OllamaChanged,
    KeyChanged,
    ProviderChecked,
    ModelsListed,
    ShortcutChanged,
)


class PageNews:
    """The newest of each thing that a page shows."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], Event] = {}

    def note(self, event: Event) -> None:
        """Keep it, if a page that is built later wants it."""
        if not isinstance(event, _NOTED):
            return  # by far the most: every piece of a reply comes by here
        match event:
            case SettingChanged() | ProviderChecked():
                about = event.name
            case StandingChanged() | KeyChanged():
                about = event.engine.name
            case _:
                about = ""
        self._latest[type(event).__name__, about] = event

    def tell(self, page: Page) -> None:
        """Bring a new page up to now."""
        for event in self._latest.values():
            page.handle(event)
