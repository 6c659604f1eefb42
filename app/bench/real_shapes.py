"""Models of the real shape with made-up weights, for a computer that has not got the real ones.

A bench needs the time that the real architecture takes, not its words. The layers are random;
what would change how long a run takes is not left to chance:

* a random Whisper never ends its sentence, so every guard fires and every fall-back runs. Here
  the decoder's positions are so strong that each predicts one fixed token: it "hears" the same
  short question in everything, is sure of it, and stops. All of its layers are computed.
* a random VITS draws lengths out of thin air. Here every letter takes the same time, about
  what the real voices take.

The shapes are those of whisper-tiny (39 million weights) and of the MMS voices (36 million).
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from app.errors import ProviderUnavailable
from app.providers.stt import whisper_models

WHISPER_NAME = "random/acft-whisper-tiny"
"""As the default model it takes short windows, which the "acft" in the name says."""

HEARD = (" What", " time", " is", " it", " in", " Paris", "?")
"""What it hears, token by token: a question the built-in skills can answer."""

TEXT_TOKENS = 50_257
"""Whisper's vocabulary: text tokens, then 107 special ones, then 1,501 timestamps: 51,865."""
TIMESTAMPS = 1_501
LANGUAGE_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su"
)
"""Whisper's 99 languages, in its order."""

POSITION_STRENGTH = 6.0
"""How much stronger a position is than the token that stands there. Measured: the planned token
has a probability above 0.99 after int8 quantization."""

EMBEDDING_STD = 0.3

VOICE_LETTERS = "abcdefghijklmnopqrstuvwxyz' -–_6012345"
"""38 characters, as many as the English voice has."""

FRAMES_PER_TOKEN = 2
"""Latent frames of 16 ms. With the blanks between letters that is 64 ms per letter, the pace of
the MMS voices (20 characters in about 1.3 s)."""


def make_whisper(models_dir: Path) -> Path:
    """Write a whisper-tiny as `WhisperStt` loads it; its folder. Takes about 10 s.

    Raises:
        ProviderUnavailable: a library is missing, or there is no room on the disk.
    """
    try:
        import torch
        from transformers import (
            WhisperConfig,
            WhisperFeatureExtractor,
            WhisperForConditionalGeneration,
        )
    except ImportError as exc:
        raise _no_libraries() from exc
    languages = LANGUAGE_CODES.split()
    tokenizer = _whisper_tokenizer()
    token = tokenizer.convert_tokens_to_ids
    end = token("<|endoftext|>")
    # The defaults of the class are the shape of whisper-tiny, but it has six heads.
    config = WhisperConfig(
        vocab_size=TEXT_TOKENS + len(languages) + 8 + TIMESTAMPS,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        decoder_start_token_id=token("<|startoftranscript|>"),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    torch.manual_seed(1)
    model: Any = WhisperForConditionalGeneration(config)
    said = [token(part.replace(" ", "Ġ")) for part in HEARD]
    first_timestamp = token("<|notimestamps|>") + 1
    # Position by position, what comes next: language, task, time 0, the words, the end.
    plan = [token("<|en|>"), token("<|transcribe|>"), first_timestamp, *said, end]
    _plan_tokens(model, plan)
    model.generation_config.suppress_tokens = []
    model.generation_config.begin_suppress_tokens = [end]
    model.generation_config.lang_to_id = {f"<|{c}|>": token(f"<|{c}|>") for c in languages}
    checkpoint = models_dir / "checkpoint"
    try:
        model.save_pretrained(checkpoint)
        tokenizer.save_pretrained(checkpoint)
        WhisperFeatureExtractor().save_pretrained(checkpoint)
    except OSError as exc:
        raise _no_room(models_dir) from exc
    home = whisper_models.home(WHISPER_NAME, models_dir)
    return whisper_models.convert(checkpoint, home, WHISPER_NAME, lambda _: None)


def make_voice(folder: Path) -> Path:
    """Write an English voice as `VitsTts` loads it; the folder. Takes about 2 s.

    Raises:
        ProviderUnavailable: a library is missing, or there is no room on the disk.
    """
    try:
        import torch
        from transformers import VitsConfig, VitsModel, VitsTokenizer
    except ImportError as exc:
        raise _no_libraries() from exc
    torch.manual_seed(1)
    config = VitsConfig()  # the defaults of the class are the shape of the MMS voices
    model: Any = VitsModel(config)
    _plan_lengths(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        vocabulary = {letter: number for number, letter in enumerate(VOICE_LETTERS)}
        (folder / "letters.json").write_text(json.dumps(vocabulary), "utf-8")
        VitsTokenizer(
            str(folder / "letters.json"),
            pad_token="_",
            unk_token="_",
            language="eng",
            phonemize=False,
        ).save_pretrained(folder)
        model.save_pretrained(folder)
    except OSError as exc:
        raise _no_room(folder) from exc
    return folder


def _plan_tokens(model: Any, plan: list[int]) -> None:
    """Make the decoder predict `plan[i]` at position i, and its last token ever after.

    The output layer shares its weights with the token embeddings, so a position that points
    where a token's embedding points makes that token the likeliest.
    """
    import torch

    decoder = model.model.decoder
    with torch.no_grad():
        tokens = decoder.embed_tokens.weight
        tokens.normal_(std=EMBEDDING_STD)
        positions = decoder.embed_positions.weight
        for place, position in enumerate(positions):
            position.copy_(POSITION_STRENGTH * tokens[plan[min(place, len(plan) - 1)]])


def _plan_lengths(model: Any) -> None:
    """Make every token last `FRAMES_PER_TOKEN`.

    The last step of the stochastic duration predictor is (x - translate) / e^log_scale.
    """
    import math

    import torch

    last = model.duration_predictor.flows[0]
    spread = 8.0
    with torch.no_grad():
        last.log_scale.fill_(spread)
        # the length is rounded up, so aim between two whole frames
        last.translate.fill_(-math.log(FRAMES_PER_TOKEN - 0.5) * math.exp(spread))


def _whisper_tokenizer() -> Any:
    """A byte-level tokenizer with Whisper's special tokens at Whisper's places."""
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        pre_tokenizers,
    )
    from transformers import WhisperTokenizerFast

    words = [*sorted(pre_tokenizers.ByteLevel.alphabet())]
    words += [part.replace(" ", "Ġ") for part in HEARD if len(part) > 1]
    fillers = (f"Ġ{number:05d}" for number in itertools.count())
    words += itertools.islice(fillers, TEXT_TOKENS - len(words) - 1)
    words.append("")  # the last one of Whisper's; CTranslate2 tells multilingual models by it
    vocabulary = {word: number for number, word in enumerate(words)}
    learnt = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learnt.decoder = decoders.ByteLevel()
    tokenizer = WhisperTokenizerFast(
        tokenizer_object=learnt,
        vocab=vocabulary,
        merges=[],
        unk_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
    )
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in LANGUAGE_CODES.split()),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nocaptions|>",
        "<|notimestamps|>",
    ]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer


def _no_libraries() -> ProviderUnavailable:
    return ProviderUnavailable(
        "Models cannot be made here: this copy of Parley has no PyTorch.",
        "Download the model, or measure with Parley from its sources.",
    )


def _no_room(folder: Path) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"A model cannot be written to {folder}.", "Make room on the disk and try again."
    )
