"""A process that listens and speaks for as long as it lives, as Parley does, and tells how it is.

    python -c "from tests.support.sound_user import main; main()" MICROPHONE LOUDSPEAKER

The names are those of the devices it prefers. Each line on its standard input is answered with
one JSON line; "busy" and "idle" say whether a turn runs, "quit" ends it.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import signal
import sys
import time

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, QTimer, Signal

from app.audio.system import SoundSystem
from app.core.events import DeviceChanged, Event, State, StateChanged
from app.settings import AudioSettings, DeviceChoice
from app.workers.sound import SoundWorker
from app.workers.threads import Threads

RATE = 16_000
AHEAD_S = 0.5
"""How much is always queued to be heard."""
HZ = 440.0


class User(QObject):
    """The listener's and the player's side of the devices, in the main thread."""

    to_devices = Signal(object)

    def __init__(self, system: SoundSystem) -> None:
        super().__init__()
        self.system = system
        self.names = {"input": "", "output": ""}
        self.heard = 0.0
        """The loudest sample since the last look."""
        self.samples = 0
        self.spoken_s = 0.0
        self._played = 0
        system.microphone.seek(time.perf_counter())
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._work)
        self._timer.start(30)

    def happened(self, event: Event) -> None:
        if isinstance(event, DeviceChanged):
            self.names[event.kind] = event.name

    def _work(self) -> None:
        sound = self.system.microphone.read()
        if len(sound):
            self.samples += len(sound)
            self.heard = max(self.heard, float(np.abs(sound).max()))
        while self.system.speaker.queued_s < AHEAD_S:
            count = RATE // 10
            at = np.arange(self._played, self._played + count, dtype=np.float64) / RATE
            self._played += count
            self.spoken_s += self.system.speaker.play(
                (0.3 * np.sin(2 * np.pi * HZ * at)).astype(np.float32), RATE
            )

    def answer(self) -> None:
        print(
            json.dumps(
                {
                    **self.names,
                    "heard": self.heard,
                    "samples": self.samples,
                    "spoken_s": self.spoken_s,
                    "alive": [self.system.microphone.alive, self.system.speaker.alive],
                }
            ),
            flush=True,
        )
        self.heard, self.samples = 0.0, 0


def main() -> None:
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # whoever waits for it in vain can ask where it is
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(message)s")
    microphone, loudspeaker = (DeviceChoice(name=name, host_api="ALSA") for name in sys.argv[1:3])
    app = QCoreApplication([])
    system = SoundSystem(AudioSettings(input=microphone, output=loudspeaker))
    user = User(system)
    worker = SoundWorker(system)
    worker.happened.connect(user.happened)
    user.to_devices.connect(worker.handle)
    threads = Threads()
    threads.add(worker)
    threads.start()

    def obey() -> None:
        word = sys.stdin.readline().strip()
        if word == "quit" or not word:
            app.quit()
            return
        if word in ("busy", "idle"):
            state = State.SPEAKING if word == "busy" else State.READY
            user.to_devices.emit(StateChanged(state=state))
        user.answer()

    words = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    words.activated.connect(obey)
    app.exec()
    sys.exit(0 if threads.stop() else 3)
