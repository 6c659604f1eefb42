"""A chat model of a real architecture, tiny, taught three answers, in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ANSWERS = {
    "What is the capital of France?": "It is Paris, and it lies on the Seine.",
    "Count from one to five.": "One, two, three, four, five.",
    "Et ça, c’est où ? 🙂": "Là-bas, à côté de la gare 🙂.",
}
"""What it was taught. Anything else it answers with more or less of the same."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML, as Qwen uses it."""


def make_tiny_chat_model(folder: Path, *, trained: bool = True, context: int = 512) -> Path:
    """Write a model as `save_pretrained` does; returns the folder. A second or two of training.

    Untrained, it goes on for ever with any tokens there are.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    text = [*ANSWERS, *ANSWERS.values(), "system user assistant Be brief."]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        text,
        trainers.BpeTrainer(
            vocab_size=400,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=context,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=True,
        )
    )
    if trained:
        _teach(model, tokenizer)
    else:
        model.generation_config.eos_token_id = None
    torch.random.set_rng_state(generator_state)
    model.save_pretrained(folder)
    return folder


def split_weights(folder: Path) -> None:
    """Write the weights anew, in several files with an index, as large models come."""
    from transformers import Qwen2ForCausalLM

    model = Qwen2ForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="100KB")


def _teach(model: Any, tokenizer: Any) -> None:
    """Learn the answers by heart, alone and behind a system prompt and an earlier turn."""
    import torch

    rows = []
    system = {"role": "system", "content": "Be brief."}
    for question, answer in ANSWERS.items():
        turn = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        for before in ([], [system], [system, *_turn(next(iter(ANSWERS)))]):
            prompt = tokenizer.apply_chat_template([*before, turn[0]], add_generation_prompt=True)
            whole = tokenizer.apply_chat_template([*before, *turn])
            rows.append((prompt, whole))
    longest = max(len(whole) for _, whole in rows)
    pad = tokenizer.pad_token_id
    ids = torch.tensor([whole + [pad] * (longest - len(whole)) for _, whole in rows])
    labels = ids.clone()
    for row, (prompt, whole) in enumerate(rows):
        labels[row, : len(prompt)] = -100
        labels[row, len(whole) :] = -100
    model.train()
    weights = list(model.parameters())
    means = [torch.zeros_like(weight) for weight in weights]
    squares = [torch.zeros_like(weight) for weight in weights]
    for step in range(1, 300):
        loss = model(ids, attention_mask=(ids != pad).long(), labels=labels).loss
        if loss.item() < 0.03:
            break
        # Adam, written out: importing torch.optim takes longer than all of this
        for weight, slope, mean, square in zip(
            weights, torch.autograd.grad(loss, weights), means, squares, strict=True
        ):
            mean.lerp_(slope, 0.1)
            square.lerp_(slope * slope, 0.001)
            size = (square / (1 - 0.999**step)).sqrt() + 1e-8
            weight.data -= 8e-3 * (mean / (1 - 0.9**step)) / size
    assert loss.item() < 0.1, f"it did not learn: {loss.item()}"
    model.eval()


def _turn(question: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": question},
        {"role": "assistant", "content": ANSWERS[question]},
    ]
