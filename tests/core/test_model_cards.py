"""What is on the disk and what the settings name, as cards."""

from __future__ import annotations

from app.core.catalogue import OLLAMA, VOICES, WHISPER, ModelId
from app.core.model_cards import Chosen, OnDisk, Stock, cards, ollama_cards
from app.core.ports import Stage

TINY, FRENCH = WHISPER[0].id, VOICES[1].id
MINE = ModelId(Stage.STT, "whisper", "somebody/whisper-of-mine")
PHI = ModelId(Stage.LLM, "ollama", "phi3:mini")
BUILTIN = ModelId(Stage.LLM, "builtin", "Qwen/Qwen2.5-0.5B-Instruct")


def test_the_offers_come_in_their_order_with_what_is_here() -> None:
    shown = cards([Stock(TINY, True, 80), Stock(FRENCH, False, 40, 145)], Chosen(), WHISPER)
    assert [card.offer for card in shown[: len(WHISPER)]] == list(WHISPER)
    assert (shown[0].on_disk, shown[0].here_bytes) == (OnDisk.HERE, 80)
    assert {card.on_disk for card in shown[1 : len(WHISPER)]} == {OnDisk.ABSENT}
    (other,) = shown[len(WHISPER) :]
    assert (other.id, other.on_disk, other.total_bytes) == (FRENCH, OnDisk.PAUSED, 145)


def test_one_that_nobody_offers_has_a_card_when_it_is_here_or_chosen() -> None:
    here = cards([Stock(MINE, True, 80, ours=False)], Chosen(), WHISPER)[-1]
    assert (here.id, here.can_delete, here.in_use) == (MINE, False, False)
    chosen = cards([], Chosen(stt=MINE), WHISPER)[-1]
    assert (chosen.id, chosen.on_disk, chosen.in_use) == (MINE, OnDisk.ABSENT, True)


def test_what_is_used_is_said() -> None:
    chosen = Chosen(
        stt=TINY, voices={"fr": FRENCH.model}, llm=(PHI, BUILTIN), order=("groq", "ollama")
    )
    assert [one for one in (TINY, FRENCH, PHI, MINE) if chosen.uses(one)] == [TINY, FRENCH, PHI]
    assert (chosen.rank(PHI), chosen.rank(BUILTIN), chosen.rank(TINY)) == (2, 0, 0)
    assert not chosen.uses(BUILTIN), "it is not among those who answer"
    assert chosen.language_of(FRENCH) == "fr"


def test_a_voice_of_somebody_else_is_called_by_its_language() -> None:
    theirs = ModelId(Stage.TTS, "vits", "somebody/their-voice")
    shown = cards([], Chosen(voices={"sv": theirs.model}), VOICES)[-1]
    assert (shown.offer.title, shown.offer.language, shown.in_use) == ("Swedish", "sv", True)


def test_the_models_of_ollama_are_the_offers_and_what_it_has_besides() -> None:
    chosen = Chosen(llm=(ModelId(Stage.LLM, "ollama", "mine"), BUILTIN), order=("ollama",))
    shown = ollama_cards(("phi3:mini", "mine:latest"), (2_200, 7), chosen)
    assert len(shown) == len(OLLAMA) + 1
    phi = next(card for card in shown if card.id == PHI)
    assert (phi.on_disk, phi.here_bytes, phi.rank) == (OnDisk.HERE, 2_200, 0)
    assert (shown[-1].id.model, shown[-1].rank) == ("mine:latest", 1), "no tag means latest"
    assert all(card.id.engine == "ollama" for card in shown)
