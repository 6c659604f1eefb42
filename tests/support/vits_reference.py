"""What the library's own `VitsModel` says, in one call, given the noise that Parley is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

Noise = Callable[[tuple[int, ...]], NDArray[np.float32]]


def seeded_noise(seed: int) -> Noise:
    """The same numbers for the same seed and the same questions."""
    generator = np.random.default_rng(seed)
    return lambda size: generator.standard_normal(size, np.float32)


def whole_call(
    folder: Path | str,
    ids: NDArray[np.int64],
    noise: Noise,
    *,
    speed: float = 1.0,
    log_durations: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The samples of one call.

    `log_durations` are Parley's: the model's own must agree with them, and then they are taken,
    since a difference in the seventh digit may round a token's length up to one frame more.
    """
    import torch
    from transformers import VitsModel

    # more threads than free cores make torch many times slower
    torch.set_num_threads(1)
    model: Any = VitsModel.from_pretrained(folder).eval()
    model.speaking_rate *= speed
    own = model.duration_predictor.forward

    def agreed(*args: Any, **kwargs: Any) -> Any:
        theirs = own(*args, **kwargs)
        if log_durations is None:
            return theirs
        ours = torch.from_numpy(log_durations.T.copy())[None]
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
        return ours

    # Parley draws by token and by frame, the model by channel
    def randn(*size: int, **_: object) -> Any:
        return torch.from_numpy(noise((size[2], size[1])).T.copy())[None]

    def randn_like(like: Any, **_: object) -> Any:
        return randn(*like.shape)

    model.duration_predictor.forward = agreed
    with (
        mock.patch("torch.randn", randn),
        mock.patch("torch.randn_like", randn_like),
        torch.inference_mode(),
    ):
        return np.asarray(model(torch.from_numpy(ids)[None]).waveform[0].numpy())
