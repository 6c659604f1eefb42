"""Builds the pages, and knows where each one's buttons lead."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal

from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.engines.status import EngineStatus
from app.ui.engines.ways_out import WaysOut
from app.ui.layers import Layers
from app.ui.models.page import ModelsPage
from app.ui.page import Page
from app.ui.pages import Name, Pages
from app.ui.settings.page import SettingsPage
from app.ui.theme import Theme


class PageMaker(QObject):
    """Lives in the GUI thread.

    Signals:
        setting_wanted: show this setting, by its name in the file (str).
        link_wanted: show this address (str) in the browser.
        first_minute_wanted: show once more how Parley begins.
        data_folder_wanted: show where Parley keeps things.
        restart_wanted: end Parley and start it again.
    """

    setting_wanted = Signal(str)
    link_wanted = Signal(str)
    first_minute_wanted = Signal()
    data_folder_wanted = Signal()
    restart_wanted = Signal()

    def __init__(
        self, pages: Pages, layers: Layers, theme: Theme, engines: EngineStatus, ways_out: WaysOut
    ) -> None:
        """
        Args:
            pages: is offered every page there is.
        """
        super().__init__(pages)
        self._layers = layers
        self._theme = theme
        self._engines = engines
        self._ways_out = ways_out
        pages.offer(Name.SETTINGS, self._make_settings)
        pages.offer(Name.DIAGNOSIS, self._make_diagnosis)
        pages.offer(Name.MODELS, self._make_models)

    def _make_settings(self) -> Page:
        page = SettingsPage(self._theme)
        page.page_wanted.connect(self._open_from_settings)
        page.restart_wanted.connect(self.restart_wanted)
        return page

    def _make_diagnosis(self) -> Page:
        page = DiagnosisPage(self._theme, self._engines)
        page.fetch_wanted.connect(self._ways_out.fetch)
        page.settings_wanted.connect(self.setting_wanted)
        page.models_wanted.connect(lambda: self._layers.open(Name.MODELS))
        # once the page has gone
        page.closed.connect(self._layers.left_diagnosis, Qt.ConnectionType.QueuedConnection)
        return page

    def _make_models(self) -> Page:
        page = ModelsPage(self._theme)
        page.licence_wanted.connect(self.link_wanted)
        page.first_minute_wanted.connect(self.first_minute_wanted)
        return page

    def _open_from_settings(self, where: str) -> None:
        if where == "data":
            self.data_folder_wanted.emit()
        else:
            self._layers.open(Name(where))
