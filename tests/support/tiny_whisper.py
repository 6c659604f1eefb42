"""A small Whisper of the real architecture, taught in seconds to know two sentences, their
beginnings, and what follows one of them.

Its encoder is random; its decoder learns what to write for two synthetic voices. Everything
around the weights is as on the hub: checkpoint files, tokenizer, special tokens, vocabulary size.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio
from app.providers.stt import whisper_models
from tests.support.voices import say


@dataclass(frozen=True)
class Sentence:
    """What the model knows: a sound, its words and their language."""

    vowels: str
    pitch_hz: float
    text: str
    language: str

    @property
    def audio(self) -> Audio:
        return say(self.vowels, self.pitch_hz)


QUESTION = Sentence("aeiouaei", 120, "What time is it in Paris?", "en")
GREETING = Sentence("uuoouoou", 190, "Guten Morgen, wie geht es?", "de")
SENTENCES = (QUESTION, GREETING)

TEXT_TOKENS = 50257
"""Entries of a multilingual Whisper's vocabulary before its special tokens; English-only models
have one less. Those the two sentences do not need are filled up."""

FOLLOW_UP = "And now?"
"""What it writes for the question when the question is what was said before."""

STEPS = 60
PREFIXES = ((0.45, 2), (0.75, 9), (1.0, 9))
"""Shares of a sentence that it hears, and how many words it then writes."""


def make_model(models_dir: Path, name: str = "tests/acft-whisper-tiny", **kind: bool) -> str:
    """Put a converted small model where `WhisperStt` looks for `name`; takes seconds."""
    checkpoint = make_checkpoint(models_dir / "checkpoints" / name.replace("/", "--"), **kind)
    home = whisper_models.home(name, models_dir)
    whisper_models.convert(checkpoint, home, name, lambda line: None)
    return name


def make_checkpoint(
    folder: Path,
    *,
    english_only: bool = False,
    plain: bool = False,
    taught: bool = True,
) -> Path:
    """Write a Hugging Face checkpoint as the ones on the hub.

    `plain`: taught full windows only; repeats itself on a short one, as plain Whispers do.
    Otherwise taught short windows only.
    `taught=False`: random weights, for tests that only need the files.
    """
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    torch.manual_seed(7)
    tokenizer = make_tokenizer(english_only=english_only)
    token = tokenizer.convert_tokens_to_ids
    end = token("<|endoftext|>")
    config = WhisperConfig(
        vocab_size=51864 if english_only else 51865,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        init_std=0.1,
        decoder_start_token_id=token("<|startoftranscript|>"),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    generation = model.generation_config
    generation.suppress_tokens = []
    generation.begin_suppress_tokens = [end]
    if not english_only:
        generation.lang_to_id = {
            f"<|{code}|>": token(f"<|{code}|>") for code in list(LANGUAGES)[:99]
        }
    extractor = WhisperFeatureExtractor()
    if taught:
        _teach(model, tokenizer, english_only=english_only, plain=plain)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def make_tokenizer(*, english_only: bool = False) -> Any:
    """A byte-level BPE with Whisper's special tokens in Whisper's order."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import WhisperTokenizerFast
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    languages = [f"<|{code}|>" for code in list(LANGUAGES)[:99]]
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *languages,
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ]
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learnt.decoder = decoders.ByteLevel()
    learnt.train_from_iterator(
        [*(sentence.text for sentence in SENTENCES), FOLLOW_UP],
        trainers.BpeTrainer(
            vocab_size=300,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    parts = json.loads(learnt.to_str())["model"]
    size = TEXT_TOKENS - 1 if english_only else TEXT_TOKENS
    parts["vocab"] |= {f"filler{index}": index for index in range(len(parts["vocab"]), size)}
    if not english_only:
        # The last entry of the multilingual vocabularies, by which CTranslate2 knows them.
        del parts["vocab"][f"filler{size - 1}"]
        parts["vocab"][""] = size - 1
    merges = [tuple(pair) for pair in parts["merges"]]
    learnt.model = models.BPE(vocab=parts["vocab"], merges=merges)
    tokenizer = WhisperTokenizerFast(
        tokenizer_object=learnt,
        vocab=parts["vocab"],
        merges=merges,
        unk_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
    )
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer


def _teach(model: Any, tokenizer: Any, *, english_only: bool, plain: bool) -> None:
    """Train the decoder on what the random encoder makes of the two sentences.

    Only the tokens that occur keep their embedding: the other 51,000 are zeroed and stand in the
    loss as one, which makes a step a hundred times cheaper.
    """
    import math

    import torch

    lessons = list(_lessons(model, tokenizer, english_only, plain))
    used = torch.unique(torch.cat([tokens for _, tokens in lessons]))
    place = {int(token): index for index, token in enumerate(used)}
    embedding = model.proj_out.weight.data
    # Random for the end token too, which starts as zeros because it pads; large, so that a few
    # steps are enough to be sure.
    kept = torch.randn(len(used), embedding.shape[1]) * 0.4
    embedding.zero_()
    embedding[used] = kept
    rest = torch.tensor([[[math.log(len(embedding))]]])

    parameters = list(model.model.decoder.layers.parameters())
    parameters += list(model.model.decoder.layer_norm.parameters())
    optimiser = torch.optim.Adam(parameters, lr=5e-3)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the model is too small to share out
    try:
        for _ in range(STEPS):
            optimiser.zero_grad()
            for heard, tokens in lessons:
                states = model.model.decoder(
                    input_ids=tokens[None, :-1], encoder_hidden_states=heard
                ).last_hidden_state
                scores = torch.nn.functional.linear(states, kept)
                scores = torch.cat([scores, rest.expand(1, scores.shape[1], 1)], dim=2)
                wanted = torch.tensor([place[int(token)] for token in tokens[1:]])
                loss = torch.nn.functional.cross_entropy(scores[0], wanted)
                (loss / len(lessons)).backward()
            optimiser.step()
    finally:
        torch.set_num_threads(threads)


def _lessons(
    model: Any, tokenizer: Any, english_only: bool, plain: bool
) -> Sequence[tuple[Any, Any]]:
    import torch
    from faster_whisper.feature_extractor import FeatureExtractor

    extract = FeatureExtractor()

    def lesson(
        audio: Audio, sentence: Sentence, text: str, *, full: bool = False, before: str = ""
    ) -> tuple[Any, Any]:
        frames = extract(audio, padding=round(2.56 * SAMPLE_RATE))
        if full:
            frames = np.pad(extract(audio), ((0, 0), (0, 3000)))[:, :3000]
        kind = [] if english_only else [f"<|{sentence.language}|>", "<|transcribe|>"]
        names = ["<|startoftranscript|>", *kind, "<|notimestamps|>"]
        ids = []
        if before:
            ids = [tokenizer.convert_tokens_to_ids("<|startofprev|>")]
            ids += tokenizer.encode(" " + before, add_special_tokens=False)
        ids += tokenizer.convert_tokens_to_ids(names)
        ids += tokenizer.encode(" " + text, add_special_tokens=False)
        ids.append(tokenizer.convert_tokens_to_ids("<|endoftext|>"))
        return _encoded(model, frames[:, : frames.shape[1] // 2 * 2]), torch.tensor(ids)

    lessons = []
    for sentence in SENTENCES:
        audio = sentence.audio
        for share, words in PREFIXES:
            heard = audio[: round(share * len(audio))]
            text = " ".join(sentence.text.split()[:words])
            lessons.append(lesson(heard, sentence, "Paris " * 12 if plain else text))
        if plain:
            lessons.append(lesson(audio, sentence, sentence.text, full=True))
    if not plain:
        question = QUESTION
        lessons.append(lesson(question.audio, question, FOLLOW_UP, before=question.text))
    return lessons


def _encoded(model: Any, frames: np.ndarray) -> Any:
    """The encoder's states for any number of frames; transformers only takes 3000."""
    import torch

    encoder = model.model.encoder
    with torch.no_grad():
        states = torch.from_numpy(np.ascontiguousarray(frames, dtype=np.float32))[None]
        states = torch.nn.functional.gelu(encoder.conv1(states))
        states = torch.nn.functional.gelu(encoder.conv2(states)).permute(0, 2, 1)
        states = states + encoder.embed_positions.weight[: states.shape[1]]
        for layer in encoder.layers:
            states = layer(states, None, layer_head_mask=None)[0]
        return encoder.layer_norm(states)
