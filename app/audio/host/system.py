"""Both devices together: opened once, kept, noticed when they go and when they come back."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from app.audio.host import portaudio
from app.audio.host.devices import SERVER_API, Choice, Device, ranked, to_choose_from
from app.audio.host.microphone import MicrophoneDevice
from app.audio.host.portaudio import NOUN, Kind
from app.audio.host.speaker import SpeakerDevice
from app.audio.shared import SharedSound
from app.errors import AudioError

log = logging.getLogger(__name__)

RESTART_EVERY_S = 2.0
RESTART_LATER_S = 4.0
"""How often to look for devices that PortAudio has not seen yet, so that one that comes back is in
use within 5 s; more often in the first minute. A restart takes 45 ms here, which is 1.25 % of a
core every 2 s."""

FIRST_MINUTE_S = 60.0
"""Devices that are missing for longer are not expected back at any moment."""

FOLLOW_EVERY_S = 2.0
"""How often the sound server is asked whether the chosen device is there; 2 ms of work here."""

LONGEST_PAUSE_S = 60.0

CARDS = Path("/proc/asound/cards")
"""Linux lists its sound cards here; reading it costs nothing."""


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """A device that is in use now, or is gone."""

    kind: Kind
    name: str
    """Empty when there is none now."""
    detail: str = ""
    """What to do about it, one or two short sentences; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long devices are waited for."""

    rest_after_s: float = 5.0
    """How long after the last turn both devices are put to rest."""
    first_pause_s: float = 1.5
    """A device that opened and then did nothing is left alone for this long, twice as long each
    time it happens again, at most for `LONGEST_PAUSE_S`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which devices."""

    microphone: Choice | None = None
    """None: what the system would use."""
    speaker: Choice | None = None
    listens: bool = True
    """False leaves the microphone alone."""
    speaks: bool = True
    patience: Patience = Patience()


class SoundSystem:
    """Owns the microphone and the loudspeaker.

    Threads: all methods belong to the main thread of its process, because they call PortAudio.
    `microphone` and `speaker` stay the same objects whatever happens to the devices.
    """

    def __init__(self, wanted: Wanted, shared: SharedSound) -> None:
        self._wanted = wanted
        self.microphone = MicrophoneDevice(shared.input, shared.rings)
        self.speaker = SpeakerDevice(shared.output, shared.flushes)
        self._ends: list[_End] = []
        if wanted.listens:
            end = _End("input", self.microphone, wanted.microphone, wanted.patience)
            self._ends.append(end)
        if wanted.speaks:
            end = _End("output", self.speaker, wanted.speaker, wanted.patience)
            self._ends.append(end)
        self._restarted_at = 0.0
        self._complete_at = time.perf_counter()
        """When both devices were last there."""
        self._followed_at = 0.0
        self._in_use_at = 0.0
        self._heard_at = 0.0
        self._cards: bytes | None = None
        self._there: frozenset[Choice] = frozenset()
        """What could be chosen when somebody looked last."""
        self._failure: AudioError | None = None

    def open(self) -> list[DeviceReport]:
        """Open what there is. Never fails: no device is a state."""
        self._restarted_at = self._in_use_at = time.perf_counter()
        self._cards = _cards()
        self._attach()
        return self._news()

    def check(self, *, busy: bool, watched: bool = False) -> list[DeviceReport]:
        """Call about once a second: notice what was lost, take back what has returned.

        Call it also when `busy` becomes True: both devices rest between turns, and are awake then
        before there is anything to say.

        Args:
            busy: somebody is being recorded or something is being said. PortAudio is
                restarted, which is the only way to see new devices and interrupts both
                streams, only when it is False.
            watched: somebody sees how loud the microphone is.
        """
        self._forget_lost()
        self.speaker.admit()
        self._follow_server(busy=busy)
        self._attach()
        if not busy and self._restart_may_help():
            self._restart()
        self._rest_or_wake(busy)
        self._attend_or_rest(attentive=busy or watched)
        if all(end.satisfied for end in self._ends):
            self._complete_at = time.perf_counter()
        return self._news()

    def devices(self, kind: Kind) -> list[Choice]:
        """What the user can choose from, the one the system would use first."""
        try:
            return to_choose_from(portaudio.list_devices(), kind)
        except AudioError as exc:
            log.info("%s", exc)
            return []

    def use(self, microphone: Choice | None, speaker: Choice | None) -> list[DeviceReport]:
        """Change to other devices."""
        for end in self._ends:
            end.choose(microphone if end.kind == "input" else speaker)
        self._attach()
        return self._news()

    def close(self) -> None:
        for end in self._ends:
            end.target.close()

    def _attach(self) -> None:
        """Open what is not open."""
        if not all(end.device for end in self._ends):
            devices = self._list()
            for end in self._ends:
                end.attach(devices)

    def _news(self) -> list[DeviceReport]:
        """What changed since the last report."""
        return [report for end in self._ends if (report := end.news(self._failure))]

    def _list(self) -> list[Device]:
        try:
            devices = portaudio.list_devices()
        except AudioError as exc:
            if self._failure is None:
                log.warning("%s", exc)
            self._failure = exc
            return []
        self._failure = None
        there = frozenset(device.choice for device in devices)
        if there != self._there:  # somebody plugged something in or out: tries are worth it again
            self._there = there
            for end in self._ends:
                end.forgive()
        return devices

    def _rest_or_wake(self, busy: bool) -> None:
        now = time.perf_counter()
        if busy or self.speaker.wanted:
            self._in_use_at = now
            try:
                self.speaker.wake()
            except AudioError as exc:
                log.info("%s", exc)
                self._forget_lost()
                self._attach()
        elif (
            now - self._in_use_at > self._wanted.patience.rest_after_s and not self.speaker.unproven
        ):
            self.speaker.rest()

    def _attend_or_rest(self, *, attentive: bool) -> None:
        """Give the microphone the pace it needs."""
        now = time.perf_counter()
        if attentive:
            self._heard_at = now
        try:
            if attentive:
                self.microphone.attend()
            elif now - self._heard_at > self._wanted.patience.rest_after_s:
                self.microphone.rest()
        except AudioError as exc:
            log.info("%s", exc)
            self._forget_lost()
            self._attach()

    def _forget_lost(self) -> None:
        for end in self._ends:
            end.drop_if_lost()

    def _follow_server(self, *, busy: bool) -> None:
        """The sound server moves a stream whose device goes to another one without a word, and
        leaves it there when the device returns."""
        ends = [end for end in self._ends if end.names_server_device]
        now = time.perf_counter()
        if not ends or now - self._followed_at < FOLLOW_EVERY_S:
            return
        self._followed_at = now
        devices = portaudio.list_server_devices()
        if devices is None:
            return  # it does not say: what plays goes on
        for end in ends:
            end.follow(devices, busy=busy)

    def _restart_may_help(self) -> bool:
        now = time.perf_counter()
        is_new = now - self._complete_at < FIRST_MINUTE_S
        if now - self._restarted_at < (RESTART_EVERY_S if is_new else RESTART_LATER_S):
            return False
        cards = _cards()
        if cards is not None and cards != self._cards:
            return True
        if all(end.device is None for end in self._ends):
            return bool(self._ends)
        # Somebody is heard or spoken to: a restart cuts a hole into that, so only where the
        # system does not tell us that nothing has changed.
        return cards is None and any(not end.satisfied for end in self._ends)

    def _restart(self) -> None:
        self._restarted_at = time.perf_counter()
        self._cards = _cards()
        self.close()
        for end in self._ends:
            end.device = None
        try:
            portaudio.restart()
        except AudioError as exc:
            log.info("%s", exc)
        self._attach()


class _End:
    """One of the two devices: what is wanted, what is in use, what was last reported."""

    def __init__(
        self,
        kind: Kind,
        target: MicrophoneDevice | SpeakerDevice,
        choice: Choice | None,
        patience: Patience,
    ) -> None:
        self.kind: Kind = kind
        self._patience = patience
        self.target = target
        self.device: Device | None = None
        self._choice = choice
        self._mute: dict[Choice, _Pause] = {}
        """Devices that opened and then did nothing, until they do."""
        self._trouble = ""
        self._reported: tuple[str, str] | None = None

    @property
    def satisfied(self) -> bool:
        """Whether the device in use is the one the user chose, or any when none was."""
        if self.device is None:
            return False
        return self._choice is None or self.device.choice == self._choice

    def choose(self, choice: Choice | None) -> None:
        if choice != self._choice:
            self._choice = choice
            self.target.close()
            self.device = None

    @property
    def names_server_device(self) -> bool:
        """Whether one of the sound server's own devices was chosen."""
        return self._choice is not None and self._choice.host_api == SERVER_API

    def follow(self, devices: list[Device], *, busy: bool) -> None:
        """Let go of what is not there any more, or serves only until the chosen one is back."""
        there = {device.choice for device in devices}
        if self.device is None:
            return
        gone = self.device.host_api == SERVER_API and self.device.choice not in there
        returned = not self.satisfied and self._choice in there and not busy
        if gone or returned:
            self.target.close()
            self.device = None

    def drop_if_lost(self) -> None:
        if self.device is None:
            return
        if not self.target.running:
            log.warning("lost the %s %s", NOUN[self.kind], self.device.name)
            if self.target.unproven:
                self._leave_alone(self.device.choice)
            self.target.close()
            self.device = None
        elif not self.target.unproven:
            self._mute.pop(self.device.choice, None)

    def forgive(self) -> None:
        """Whatever did nothing may do something now."""
        self._mute.clear()

    def _leave_alone(self, mute: Choice) -> None:
        """Opening it again at once would keep what waits to be heard waiting for ever."""
        before = self._mute.get(mute)
        pause_s = (
            min(2 * before.length_s, LONGEST_PAUSE_S) if before else self._patience.first_pause_s
        )
        self._mute[mute] = _Pause(time.perf_counter() + pause_s, pause_s)

    def attach(self, devices: list[Device]) -> None:
        """Open the best of these that can be opened."""
        if self.device is not None:
            return
        troubles: list[str] = []
        for device in ranked(devices, self.kind, self._choice):
            pause = self._mute.get(device.choice)
            if pause and time.perf_counter() < pause.until:
                troubles.append(self._is_mute(device))
                continue
            try:
                self.target.open(device)
            except AudioError as exc:
                troubles.append(str(exc))
                continue
            self.device = device
            log.info("using the %s %s (%s)", NOUN[self.kind], device.name, device.host_api)
            return
        noun = NOUN[self.kind]
        none = f"No {noun} is there. Plug one in, or choose one in the settings."
        self._trouble = troubles[0] if troubles else none

    def _is_mute(self, device: Device) -> str:
        does_not = "does not play" if self.kind == "output" else "records nothing"
        return (
            f"{device.label} {does_not}. "
            f"Check it in the system's sound settings, or choose another {NOUN[self.kind]}."
        )

    def news(self, failure: AudioError | None) -> DeviceReport | None:
        """What changed since the last call."""
        if self.device is not None and self.device.choice in self._mute:
            name, detail = "", self._is_mute(self.device)  # one more try is no news
        elif self.device is not None:
            name, detail = self.device.label, ""
            if not self.satisfied and self._choice is not None:
                detail = f"{self._choice.name} is not there. Parley uses {name} until it returns."
        else:
            name = ""
            detail = str(failure) if failure else self._trouble
        if (name, detail) == self._reported:
            return None
        self._reported = (name, detail)
        if detail:
            log.warning("%s: %s", NOUN[self.kind], detail)
        return DeviceReport(self.kind, name, detail)


@dataclass(frozen=True, slots=True)
class _Pause:
    """How long a device is left alone."""

    until: float
    """perf_counter"""
    length_s: float


def _cards() -> bytes | None:
    """What changes when a sound card comes or goes; None where the system does not say."""
    try:
        return CARDS.read_bytes()
    except OSError:
        return None
