"""Silero VAD, the small network that faster-whisper brings in its package, frame by frame."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ports import Audio, Engine, Stage
from app.errors import ProviderUnavailable

FRAME_SAMPLES = 512
"""32 ms at 16 kHz, the one frame length the network was trained with at this rate."""

CONTEXT_SAMPLES = 64
"""End of the previous frame that the network wants in front of the next one."""

STATE_SHAPE = (1, 1, 128)
"""Of each of the two memories of its LSTM."""


class SileroVad:
    """The model and the state of one utterance. Used by one thread.

    One frame takes about 0.1 ms on one core: the listener can ask for every frame.
    """

    def __init__(self) -> None:
        self._session: Any = None
        self._model = "silero"
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        self._h = np.zeros(STATE_SHAPE, dtype=np.float32)
        self._c = np.zeros(STATE_SHAPE, dtype=np.float32)

    @property
    def engine(self) -> Engine:
        return Engine(Stage.VAD, "silero", self._model)

    @property
    def frame_samples(self) -> int:
        return FRAME_SAMPLES

    def load(self) -> None:
        """Read the network and run it once.

        Raises:
            ProviderUnavailable: onnxruntime or the network's file is missing or unreadable.
        """
        path = model_path()
        try:
            import onnxruntime
        except ImportError as exc:
            raise ProviderUnavailable(
                "The voice detector's library is missing.", "Install Parley again."
            ) from exc
        options = onnxruntime.SessionOptions()
        # A frame is too small to share out, and threads that wait by spinning eat the idle budget.
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"], sess_options=options
            )
        # onnxruntime's own errors share no base class but Exception; this is the border.
        except Exception as exc:
            raise ProviderUnavailable(
                f"The voice detector's file {path.name} cannot be read.", "Install Parley again."
            ) from exc
        self._session = session
        self._model = path.stem
        self.reset()
        self.probability(np.zeros(FRAME_SAMPLES, dtype=np.float32))
        self.reset()

    def twin(self) -> SileroVad:
        """Another utterance's detector with the network this one has loaded."""
        other = SileroVad()
        other._session = self._session
        other._model = self._model
        return other

    def close(self) -> None:
        self._session = None

    def probability(self, frame: Audio) -> float:
        """Speech probability of the next 32 ms, 0 to 1. Only after `load`."""
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        self._input[0, CONTEXT_SAMPLES:] = frame
        output, self._h, self._c = self._session.run(
            None, {"input": self._input, "h": self._h, "c": self._c}
        )
        return float(output.reshape(-1)[0])

    def reset(self) -> None:
        self._input[:] = 0.0
        self._h = np.zeros(STATE_SHAPE, dtype=np.float32)
        self._c = np.zeros(STATE_SHAPE, dtype=np.float32)


def model_path() -> Path:
    """Where faster-whisper keeps the network, found without importing it (that takes seconds).

    Raises:
        ProviderUnavailable: faster-whisper is not installed, or came without the network.
    """
    spec = find_spec("faster_whisper")
    if spec is not None and spec.origin is not None:
        found = sorted(Path(spec.origin).parent.glob("assets/silero_vad*.onnx"))
        if found:
            return found[-1]
    raise ProviderUnavailable("The voice detector's file is missing.", "Install Parley again.")
