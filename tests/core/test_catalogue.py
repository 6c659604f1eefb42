"""What is offered, and how it stands."""

from __future__ import annotations

import pytest

from app.core.catalogue import BUILTIN, MMS, OFFERS, OLLAMA, VOICES, WHISPER, ModelId, offer_of
from app.core.ports import Stage
from app.settings import LlmSettings, Settings, VitsSettings


def test_every_row_says_all_there_is_to_know() -> None:
    for offer in OFFERS:
        assert offer.title, offer.id
        assert offer.about.endswith("."), offer.id
        assert 50_000_000 < offer.size_bytes < 6_000_000_000, offer.id
        assert offer.licence is not None
        assert offer.licence.name
        assert offer.licence.url.startswith("https://")
    assert len({offer.id for offer in OFFERS}) == len(OFFERS)


def test_each_part_has_one_model_for_the_first_minute_and_it_is_the_default() -> None:
    settings = Settings()
    recommended = {offer.id.stage: offer.id.model for offer in OFFERS if offer.recommended}
    assert recommended == {
        Stage.STT: settings.stt.whisper.model,
        Stage.TTS: settings.tts.vits.voices["en"],
        Stage.LLM: settings.llm.ollama.model,
    }
    assert sum(offer.recommended for offer in OFFERS) == 3


def test_what_the_settings_name_by_default_is_offered() -> None:
    offered = {offer.id.model for offer in OFFERS}
    assert set(VitsSettings().voices.values()) <= offered
    assert LlmSettings().builtin.model in offered


def test_who_may_not_be_used_for_business_is_marked() -> None:
    assert not MMS.commercial
    assert all(offer.licence is MMS for offer in VOICES)
    barred = [offer.id.model for offer in OFFERS if offer.licence and not offer.licence.commercial]
    assert barred == [*(offer.id.model for offer in VOICES), "qwen2.5:3b"]


def test_there_is_a_voice_for_at_least_twelve_languages_each_once() -> None:
    languages = [offer.language for offer in VOICES]
    assert len(languages) == len(set(languages)) >= 12
    assert all(offer.title for offer in VOICES)


@pytest.mark.parametrize(
    ("rows", "stage", "engine"),
    [
        (WHISPER, Stage.STT, "whisper"),
        (VOICES, Stage.TTS, "vits"),
        (OLLAMA, Stage.LLM, "ollama"),
        (BUILTIN, Stage.LLM, "builtin"),
    ],
)
def test_each_row_belongs_to_its_engine(rows, stage, engine) -> None:
    assert {(offer.id.stage, offer.id.engine) for offer in rows} == {(stage, engine)}


def test_a_model_that_is_not_offered_has_its_name() -> None:
    strange = ModelId(Stage.STT, "whisper", "somebody/whisper-of-mine")
    assert (offer_of(strange).title, offer_of(strange).licence) == ("whisper-of-mine", None)
    assert offer_of(WHISPER[0].id) is WHISPER[0]
