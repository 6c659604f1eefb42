"""The shape of a VITS voice, and how far its convolutions look.

A window of what a convolution makes depends on a window of what it is given, wider by the reach
of its kernels. Counted here layer by layer from the voice's own configuration, so a window is
exact with as little around it as there can be.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Any, Self

from app.errors import ProviderUnavailable


@dataclass(frozen=True)
class VitsShape:
    """Of `config.json`, what speaking needs. The defaults are the MMS voices' own."""

    hidden_size: int = 192
    num_hidden_layers: int = 6
    num_attention_heads: int = 2
    window_size: int | None = 4
    """How many tokens to each side the attention knows the distance of."""
    ffn_kernel_size: int = 3
    hidden_act: str = "relu"
    layer_norm_eps: float = 1e-5
    flow_size: int = 192
    use_stochastic_duration_prediction: bool = True
    duration_predictor_kernel_size: int = 3
    duration_predictor_flow_bins: int = 10
    duration_predictor_tail_bound: float = 5.0
    duration_predictor_num_flows: int = 4
    depth_separable_channels: int = 2
    depth_separable_num_layers: int = 3
    prior_encoder_num_flows: int = 4
    prior_encoder_num_wavenet_layers: int = 4
    wavenet_kernel_size: int = 5
    wavenet_dilation_rate: int = 1
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernel_sizes: tuple[int, ...] = (16, 16, 4, 4)
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 3
    leaky_relu_slope: float = 0.1
    noise_scale: float = 0.667
    noise_scale_duration: float = 0.8
    speaking_rate: float = 1.0
    sampling_rate: int = 16_000

    @classmethod
    def read(cls, folder: Path) -> Self:
        """
        Raises:
            ProviderUnavailable: the voice is of another kind than Parley can speak.
        """
        written = json.loads((folder / "config.json").read_text("utf-8"))
        known = {field.name for field in fields(cls)}
        shape = cls(**{name: _fixed(value) for name, value in written.items() if name in known})
        if written.get("model_type") != "vits" or shape.hidden_act != "relu":
            raise ProviderUnavailable(
                f"The voice in {folder} is of a kind that Parley does not know.",
                "Choose another voice in Parley's settings, under Models.",
            )
        return shape

    @property
    def samples_per_frame(self) -> int:
        """Of sound, for each latent frame."""
        return prod(self.upsample_rates)

    @property
    def frames_per_s(self) -> float:
        return self.sampling_rate / self.samples_per_frame

    @property
    def feed_forward_reach(self) -> int:
        """Tokens that a layer's two convolutions look at on each side of one."""
        return 2 * (self.ffn_kernel_size // 2)

    @property
    def durations_reach(self) -> int:
        """Tokens that the length of one depends on, on each side of it."""
        side = (self.duration_predictor_kernel_size - 1) // 2
        if not self.use_stochastic_duration_prediction:
            return 2 * side
        kernel = self.duration_predictor_kernel_size
        stack = sum(side * int(kernel**layer) for layer in range(self.depth_separable_num_layers))
        # one stack over the letters, then one in each spline flow but the second, which is skipped
        return stack * self.duration_predictor_num_flows

    @property
    def flow_reach(self) -> int:
        """Frames that the flow looks at on each side of a window."""
        layers = range(self.prior_encoder_num_wavenet_layers)
        widths = sum(int(self.wavenet_dilation_rate**layer) for layer in layers)
        return self.prior_encoder_num_flows * (self.wavenet_kernel_size - 1) // 2 * widths


CONV_PRE_KERNEL = CONV_POST_KERNEL = 7
"""First and last layer of the decoder; not in the configuration."""


class DecoderReach:
    """What each layer of the decoder needs around a window, so that the rest can be dropped.

    Most of the reach is needed by the first, cheap layers only. For the MMS voices a window of
    the decoder looks at 13 latent frames on each side, but costs only about 4 frames a side more
    than itself.
    """

    def __init__(self, shape: VitsShape) -> None:
        self._rates = shape.upsample_rates
        block_reach = max(
            sum((kernel - 1) // 2 * (dilation + 1) for dilation in dilations)
            for kernel, dilations in zip(
                shape.resblock_kernel_sizes, shape.resblock_dilation_sizes, strict=True
            )
        )
        # From the loudspeaker backwards: how far on each side of the window the later layers
        # look, before and after the residual blocks of each stage, in samples of that stage.
        reach = (CONV_POST_KERNEL - 1) // 2
        self._after_blocks: list[int] = []
        self._before_blocks: list[int] = []
        for rate, kernel in zip(
            reversed(shape.upsample_rates), reversed(shape.upsample_kernel_sizes), strict=True
        ):
            self._after_blocks.insert(0, reach)
            reach += block_reach
            self._before_blocks.insert(0, reach)
            padding = (kernel - rate) // 2
            reach = (reach + kernel - padding - 1) // rate
        self._after_conv_pre = reach
        self.frames = reach + (CONV_PRE_KERNEL - 1) // 2
        """Latent frames needed on each side of a window."""

    def cuts(self, frames: int, left: int, right: int) -> list[tuple[int, int]]:
        """What to keep, as (start, stop), of a window of so many frames with so many of them
        to the `left` and `right` of what is wanted: after the first convolution, then before and
        after the residual blocks of each stage, then of the samples.

        Fewer around it than `frames` of this reach means that the clause begins or ends there.
        """
        cuts = []
        length = frames

        def keep(reach: int) -> None:
            nonlocal length, left, right
            start, stop = max(left - reach, 0), length - max(right - reach, 0)
            cuts.append((start, stop))
            length, left, right = stop - start, min(left, reach), min(right, reach)

        keep(self._after_conv_pre)
        for rate, before, after in zip(
            self._rates, self._before_blocks, self._after_blocks, strict=True
        ):
            length, left, right = length * rate, left * rate, right * rate
            keep(before)
            keep(after)
        keep(0)
        return cuts


def _fixed(value: Any) -> Any:
    """Lists of JSON as tuples."""
    return tuple(map(_fixed, value)) if isinstance(value, list) else value
