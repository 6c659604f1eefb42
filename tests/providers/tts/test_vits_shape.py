"""How far the convolutions look: counted from the configuration, and seen in their gradients."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from app.errors import ProviderUnavailable
from app.providers.tts.vits_shape import DecoderReach, VitsShape
from tests.support.tiny_vits import make_tiny_vits

FRAMES = 121
MIDDLE = FRAMES // 2

SHAPES: list[dict[str, object]] = [
    {},
    {"prior_encoder_num_wavenet_layers": 4, "prior_encoder_num_flows": 3},
    {"wavenet_dilation_rate": 2, "wavenet_kernel_size": 3, "ffn_kernel_size": 4},
    {"use_stochastic_duration_prediction": False, "ffn_kernel_size": 5},
    {"duration_predictor_num_flows": 2, "depth_separable_num_layers": 2},
    {
        "upsample_rates": [4, 4, 2],
        "upsample_kernel_sizes": [8, 6, 4],
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 2], [1, 4, 2]],
    },
]


NAMES = ["mms", "more layers", "dilated", "lengths not drawn", "shallow lengths", "other decoder"]


@pytest.fixture(params=SHAPES, ids=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_tiny_vits(tmp_path, **request.param)


def looked_at(network: Any, channels: int, first: int, last: int) -> tuple[int, int]:
    """Frames (or tokens) to the left and right of the middle one that results `first` to `last`
    depend on."""
    import torch

    latents = torch.randn(1, channels, FRAMES, dtype=torch.float64, requires_grad=True)
    results = network(latents)[..., first : last + 1]
    (results * torch.randn_like(results)).sum().backward()
    used = latents.grad.abs().sum(dim=(0, 1)).nonzero().flatten().tolist()
    return MIDDLE - used[0], used[-1] - MIDDLE


def model(folder: Path) -> Any:
    from transformers import VitsModel

    return VitsModel.from_pretrained(folder).eval().double()


def test_the_flow_looks_as_far_as_counted(folder: Path) -> None:
    import torch

    shape, flow = VitsShape.read(folder), model(folder).flow
    mask = torch.ones(1, 1, FRAMES, dtype=torch.float64)
    seen = looked_at(lambda x: flow(x, mask, None, reverse=True), shape.flow_size, MIDDLE, MIDDLE)
    assert seen == (shape.flow_reach, shape.flow_reach)


def test_the_decoder_looks_as_far_as_counted(folder: Path) -> None:
    shape = VitsShape.read(folder)
    first = MIDDLE * shape.samples_per_frame
    last = first + shape.samples_per_frame - 1
    seen = looked_at(model(folder).decoder, shape.flow_size, first, last)
    assert max(seen) == DecoderReach(shape).frames


def test_the_feed_forward_looks_as_far_as_counted(folder: Path) -> None:
    import torch

    shape, encoder = VitsShape.read(folder), model(folder).text_encoder.encoder
    feed_forward = encoder.layers[-1].feed_forward
    mask = torch.ones(1, FRAMES, 1, dtype=torch.float64)
    seen = looked_at(
        lambda x: feed_forward(x.transpose(1, 2), mask).transpose(1, 2),
        shape.hidden_size,
        MIDDLE,
        MIDDLE,
    )
    assert max(seen) == shape.feed_forward_reach


def test_the_lengths_look_as_far_as_counted(folder: Path) -> None:
    import torch

    shape, predictor = VitsShape.read(folder), model(folder).duration_predictor
    mask = torch.ones(1, 1, FRAMES, dtype=torch.float64)
    drawn = {"reverse": True} if shape.use_stochastic_duration_prediction else {}
    # the library keeps the gradients of the lengths from the encoder
    with mock.patch("torch.detach", lambda hidden: hidden):
        seen = looked_at(lambda x: predictor(x, mask, **drawn), shape.hidden_size, MIDDLE, MIDDLE)
    assert seen == (shape.durations_reach, shape.durations_reach)


def test_the_defaults_are_those_of_the_library() -> None:
    from transformers import VitsConfig

    library = json.loads(json.dumps(VitsConfig().to_dict()))
    ours = json.loads(json.dumps(asdict(VitsShape())))
    assert ours == {name: library[name] for name in ours}


@pytest.mark.parametrize("written", [{"model_type": "bark"}, {"hidden_act": "gelu"}])
def test_another_kind_of_voice_is_refused(tmp_path: Path, written: dict[str, str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vits"} | written))
    with pytest.raises(ProviderUnavailable, match="kind"):
        VitsShape.read(tmp_path)
