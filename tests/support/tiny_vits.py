"""A VITS voice of the real architecture, small, with random weights, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz'-"
FRENCH = LETTERS + "àâçéèêëîïôùûü"


def make_tiny_vits(
    folder: Path,
    letters: str = LETTERS,
    *,
    seed: int = 0,
    romanised: bool = False,
    weight_norm_names: str = "new",
    sample_rate: int = 16_000,
    **shape: object,
) -> Path:
    """Write a voice as `save_pretrained` does; returns the folder.

    `weight_norm_names="old"` names the weight-normed tensors as voices published before
    torch 2.1 do ("weight_g", "weight_v"). `shape` replaces entries of the configuration.
    """
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {letter: index + 1 for index, letter in enumerate(letters + " ")}
    vocabulary["_"] = 0
    vocab_file = folder / "vocab.json"
    vocab_file.write_text(json.dumps(vocabulary), "utf-8")
    VitsTokenizer(
        str(vocab_file), pad_token="_", unk_token=" ", language="eng", phonemize=False,
        is_uroman=romanised,
    ).save_pretrained(folder)  # fmt: skip
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = VitsModel(
        VitsConfig(
            **{
                "vocab_size": len(vocabulary),
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "ffn_dim": 48,
                "flow_size": 32,
                "spectrogram_bins": 33,
                "duration_predictor_filter_channels": 32,
                "prior_encoder_num_flows": 4,
                "prior_encoder_num_wavenet_layers": 2,
                "posterior_encoder_num_wavenet_layers": 1,
                "upsample_initial_channel": 32,
                "sampling_rate": sample_rate,
                "speaking_rate": 6.0,  # random durations are far longer than speech
                **shape,
            }
        )
    ).eval()
    with torch.no_grad():
        # the initial weights give near silence, in which any two results agree
        for layer in model.decoder.modules():
            if isinstance(layer, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                torch.nn.init.kaiming_normal_(layer.weight, a=0.1)
        model.decoder.conv_post.weight.mul_(0.1)
    torch.random.set_rng_state(generator_state)
    model.save_pretrained(folder)
    if weight_norm_names == "old":
        weights = folder / "model.safetensors"
        renamed = {
            name.replace("parametrizations.weight.original0", "weight_g").replace(
                "parametrizations.weight.original1", "weight_v"
            ): tensor
            for name, tensor in load_file(weights).items()
        }
        save_file(renamed, weights, metadata={"format": "pt"})
    return folder


def tiny_voice_settings(root: Path, *languages: str) -> dict[str, str]:
    """Voices for `VitsSettings(voices=...)`, each made under `root`."""
    return {
        language: str(
            make_tiny_vits(root / language, FRENCH if language == "fr" else LETTERS, seed=index)
        )
        for index, language in enumerate(languages)
    }
