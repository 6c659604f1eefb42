"""The keys' thread: the system's keyring, and whether a provider takes its key.

A keyring may ask the user to unlock it and wait for the answer, so nothing here runs in the GUI
thread. The thread runs an asyncio loop: checks wait for servers side by side, and quitting
cancels them at once. A keyring that waits for its user holds up the checks, and nobody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Signal

from app.core.events import (
    ChangeSetting,
    CheckProvider,
    Event,
    ForgetKey,
    KeyChanged,
    LocalOnlyChanged,
    LookUpKeys,
    ProviderChecked,
    SaveKey,
    UseKey,
)
from app.core.ports import Engine
from app.core.secret import Secret
from app.errors import STAY
from app.workers.loop import LoopWorker
from app.workers.worker import failure

log = logging.getLogger(__name__)


class KeyStore(Protocol):
    """Where keys are kept. May block."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, key: str) -> None: ...
    def delete(self, name: str) -> None: ...
    def present(self, name: str) -> str:
        """Where the key is, in words."""

    def place_at_hand(self, name: str) -> str:
        """The same, without asking the keyring; empty when only that knows."""

    @property
    def reason(self) -> str:
        """Why keys are not kept; empty when they are."""


@dataclass(frozen=True, slots=True)
class Service:
    """A provider that takes a key."""

    engine: Engine
    address: str


IN_THE_KEYRING = "in the keyring"
"""What `KeyStore.present` says of a key that will be there at the next start."""

Check = Callable[[str, str | None, bool], Awaitable[tuple[bool, str]]]
"""Tries a provider out: its name, its key, whether local-only is on; fine or not, and a line."""


class KeysWorker(LoopWorker):
    """Keeps, drops and tries API keys. Connect `handle` directly (`LoopWorker`).

    Signals:
        key_found: a `UseKey` for the language model's thread.
        kept: a `ChangeSetting`: other providers than before have their key in the keyring.
    """

    stage = "keys"

    key_found = Signal(object)
    kept = Signal(object)

    def __init__(
        self,
        store: KeyStore,
        services: Sequence[Service],
        check: Check,
        *,
        look_up: Collection[str],
        kept: Sequence[str],
        local_only: bool,
        without_key: Sequence[Engine] = (),
    ) -> None:
        """
        Args:
            services: in the order in which they are shown.
            without_key: providers that take no key and can be tried out all the same.
            look_up: names whose key is fetched from the keyring at the start; the others' only
                when the user wants to see them, because asking a locked keyring makes the
                desktop ask for a password.
            kept: names known to have a key in the keyring.
        """
        super().__init__()
        self._store = store
        self._services = {service.engine.name: service for service in services}
        self._engines = {each.name: each for each in without_key}
        self._engines |= {service.engine.name: service.engine for service in services}
        self._check = check
        self._look_up = frozenset(look_up)
        self._kept = tuple(kept)
        self._local_only = local_only
        self._checking: dict[str, asyncio.Task[None]] = {}

    # --- the border: any thread --------------------------------------------------------------

    def on_begin(self) -> None:
        self._hand_over(self._begin())

    def on(self, event: Event) -> None:
        match event:
            case LookUpKeys():
                self._hand_over(self._show_all())
            case SaveKey():
                self._hand_over(self._save(event))
            case ForgetKey():
                self._hand_over(self._forget(event))
            case CheckProvider():
                self._hand_over(self._try_out(event))
            case LocalOnlyChanged():
                self._hand_over(self._switch(event))

    # --- the loop's thread -------------------------------------------------------------------

    async def _begin(self) -> None:
        for name in self._services:
            if name in self._look_up:
                self._look_up_one(name)
            else:
                self._tell(name, self._store.place_at_hand(name))

    async def _show_all(self) -> None:
        for name in self._services:
            self._look_up_one(name)

    async def _save(self, intent: SaveKey) -> None:
        self._store.set(intent.name, intent.key.reveal())
        log.info("a key for %s was saved", intent.name)
        self._look_up_one(intent.name)

    async def _forget(self, intent: ForgetKey) -> None:
        self._store.delete(intent.name)
        log.info("the key for %s was forgotten", intent.name)
        self._look_up_one(intent.name)

    async def _switch(self, command: LocalOnlyChanged) -> None:
        """Stops the checks that ask other computers, if they shall not be asked any more."""
        self._local_only = command.on
        if command.on:
            for name, task in self._checking.items():
                if not self._engines[name].local:
                    task.cancel()

    async def _try_out(self, intent: CheckProvider) -> None:
        """The same provider once at a time; each check ends in one `ProviderChecked`."""
        name = intent.name
        if name in self._checking or name not in self._engines:
            return
        task = asyncio.current_task()
        assert task is not None
        self._checking[name] = task
        try:
            # A keyring may wait for its user; the switch must be heard meanwhile.
            takes_key = name in self._services
            key = await asyncio.to_thread(self._store.get, name) if takes_key else None
            ok, line = await self._check(name, key, self._local_only)
        except asyncio.CancelledError:
            if not self._local_only:
                raise
            ok, line = False, f"The check was stopped, because {STAY} is on."
        except Exception as exc:  # the border to the providers' libraries
            log.error("the check of %s failed", name, exc_info=exc)
            told = failure(self.stage, exc, turn_id=0)
            ok, line = False, f"{told.title} {told.hint}".strip()
        finally:
            self._checking.pop(name, None)
        self.happened.emit(ProviderChecked(name=name, ok=ok, line=line))

    def _look_up_one(self, name: str) -> None:
        """Hand the key to who asks the provider, and say where it is."""
        key = self._store.get(name)
        self.key_found.emit(UseKey(name=name, key=Secret(key) if key else None))
        place = self._store.present(name)
        self._tell(name, place, self._store.reason)
        others = tuple(one for one in self._kept if one != name)
        kept = (*others, name) if place == IN_THE_KEYRING else others
        if set(kept) != set(self._kept) and not self._store.reason:
            self._kept = kept
            self.kept.emit(ChangeSetting(name="llm.keyring", value=kept))

    def _tell(self, name: str, place: str, remark: str = "") -> None:
        service = self._services[name]
        self.happened.emit(
            KeyChanged(
                engine=service.engine,
                address=service.address,
                place=place,
                remark=remark,
            )
        )
