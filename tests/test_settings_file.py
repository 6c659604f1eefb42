"""Settings on disk: what is loaded from broken files, and what saving leaves alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SettingsError
from app.settings import VERSION, DeviceChoice, LlmSettings, Settings
from app.settings_file import change, load, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


CAUTIOUS = Settings(llm=LlmSettings(local_only=True))
"""The defaults where a file cannot be read: it may have said that nothing leaves the computer."""


def changed(**branches: dict[str, Any]) -> Settings:
    """The defaults with some values changed, branch by branch."""
    plain = Settings().model_dump()
    for name, values in branches.items():
        plain[name].update(values)
    return Settings.model_validate(plain)


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("settings.toml.broken-*"))


def test_a_missing_file_means_defaults_and_no_problem(path: Path) -> None:
    assert load(path) == (Settings(), [])
    assert list(path.parent.iterdir()) == []


def test_values_are_read_and_the_rest_keeps_its_default(path: Path) -> None:
    path.write_text('[talk]\nmode = "toggle"\n[llm.groq]\ntemperature = 0.1\n')
    settings, problems = load(path)
    assert problems == []
    assert settings.talk.mode == "toggle"
    assert settings.llm.groq.temperature == 0.1
    assert settings.llm.groq.model == Settings().llm.groq.model, "a branch's own default"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[talk]\nmode = "toggle\n', "line 2, column"),
        ("[talk]\n\nmode toggle\n", "line 3, column 6"),
        ("a = [1, 2", "line 1, column 10"),
        ("a = 1\na = 2\n", "line 2"),
    ],
)
def test_a_syntax_error_is_named_and_the_file_is_kept_aside(
    path: Path, text: str, where: str
) -> None:
    path.write_text(text)
    settings, problems = load(path)
    assert settings == CAUTIOUS
    assert len(problems) == 1
    assert where in problems[0]
    (copy,) = aside(path)
    assert copy.name in problems[0]
    assert copy.read_text() == path.read_text() == text


def test_the_same_broken_file_is_kept_once_and_another_one_beside_it(path: Path) -> None:
    path.write_text("broken")
    load(path)
    load(path)
    assert len(aside(path)) == 1
    path.write_text("broken otherwise")
    load(path)
    assert sorted(copy.read_text() for copy in aside(path)) == ["broken", "broken otherwise"]


def test_bytes_that_are_no_text_are_located(path: Path) -> None:
    path.write_bytes(b'[talk]\nmode = "\xff"\n')
    settings, problems = load(path)
    assert settings == CAUTIOUS
    assert "line 2, column 9" in problems[0]


@pytest.mark.parametrize("data", [b"\x00" * 100, b"a=" + b"[" * 100_000, b"a=" + b"9" * 10_000])
def test_garbage_never_raises(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    settings, problems = load(path)
    assert settings == CAUTIOUS
    assert len(problems) == 1


@hypothesis.settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_content_makes_load_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "settings.toml"
    path.write_bytes(data)
    settings, _ = load(path)
    assert isinstance(settings, Settings)


def test_a_folder_in_the_files_place_is_a_problem_not_a_crash(path: Path) -> None:
    path.mkdir()
    settings, problems = load(path)
    assert settings == CAUTIOUS
    assert "cannot be read" in problems[0]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbf[talk]\r\nmode = "toggle"\r\n')
    settings, problems = load(path)
    assert (settings.talk.mode, problems) == ("toggle", [])


def test_unknown_keys_are_left_out_named_with_their_line_and_a_guess(path: Path) -> None:
    path.write_text('# mine\n[talk]\nmoed = "toggle"\npre_roll_ms = 100\n\n[nonsense]\nx = 1\n')
    settings, problems = load(path)
    assert settings == changed(talk={"pre_roll_ms": 100})
    assert len(problems) == 2
    assert "line 3: talk.moed" in problems[0]
    assert "did you mean mode?" in problems[0]
    assert "line 6: nonsense" in problems[1]


@pytest.mark.parametrize(
    "line",
    [
        "mode = 3",
        'mode = "sometimes"',
        "pre_roll_ms = 5000",
        'pre_roll_ms = "300"',
        "pre_roll_ms = true",
        "pre_roll_ms = nan",
        "pre_roll_ms = [1]",
    ],
)
def test_a_value_that_cannot_be_used_costs_only_itself(path: Path, line: str) -> None:
    path.write_text(f"[talk]\nmax_utterance_s = 60\n{line}\n")
    settings, problems = load(path)
    assert settings == changed(talk={"max_utterance_s": 60})
    assert len(problems) == 1
    assert f"line 3: talk.{line.split()[0]}" in problems[0]
    assert aside(path) == [], "the file is not replaced, so nothing needs keeping"


def test_lines_are_counted_past_long_strings_and_dotted_keys(path: Path) -> None:
    path.write_text(
        'llm.persona = """\n[talk]\nmode = 3\n"""\ntalk.mode = 7\n[tts . "espeak"]\npitch = 500\n'
    )
    _, problems = load(path)
    assert [problem.split(": ")[0] for problem in problems] == [
        "settings.toml, line 5",
        "settings.toml, line 7",
    ]


def test_a_section_that_is_a_value_keeps_its_defaults(path: Path) -> None:
    path.write_text('talk = 3\nstt = []\n[tts]\nprovider = "espeak"\n')
    settings, problems = load(path)
    assert settings == changed(tts={"provider": "espeak"})
    assert len(problems) == 2


def test_a_value_in_the_wrong_place_is_not_repeated(path: Path) -> None:
    path.write_text('[llm.groq]\napi_key = "gsk_0123456789abcdef"\nmax_tokens = "gsk_012345"\n')
    _, problems = load(path)
    assert len(problems) == 2
    assert "gsk_" not in " ".join(problems)


def test_a_newer_file_gives_defaults_and_is_never_overwritten(path: Path) -> None:
    text = f'version = {VERSION + 1}\n[talk]\nmode = "by-thought"\n'
    path.write_text(text)
    settings, problems = load(path)
    assert settings == CAUTIOUS
    assert "newer Parley" in problems[0]
    with pytest.raises(SettingsError, match="newer Parley"):
        save(changed(talk={"mode": "toggle"}), path)
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_only_what_differs_is_written(path: Path) -> None:
    save(Settings(), path)
    assert tomllib.loads(path.read_text()) == {"version": VERSION}
    save(changed(talk={"mode": "toggle"}), path)
    assert tomllib.loads(path.read_text()) == {"version": VERSION, "talk": {"mode": "toggle"}}


def test_saving_keeps_comments_order_and_what_it_does_not_know(path: Path) -> None:
    path.write_text(
        "# my file\n\n[talk]  # the key\n# shorter\npre_roll_ms = 100  # was 300\n"
        'moed = "toggle"\nmax_utterance_s = "long"\n\n[appearance]\ntheme = "dark"\n'
    )
    settings, _ = load(path)
    save(changed(talk={"pre_roll_ms": 150}, appearance={"theme": "dark"}), path)
    assert path.read_text() == (
        "# my file\n\n[talk]  # the key\n# shorter\npre_roll_ms = 150.0  # was 300\n"
        'moed = "toggle"\nmax_utterance_s = "long"\n\n[appearance]\ntheme = "dark"\n'
    )
    assert settings.talk.pre_roll_ms == 100


def test_a_value_back_at_its_default_stays_named(path: Path) -> None:
    path.write_text('[talk]\nmode = "toggle"\n')
    save(Settings(), path)
    assert load(path) == (Settings(), [])
    assert tomllib.loads(path.read_text())["talk"] == {"mode": "hold"}


def test_none_takes_the_key_out(path: Path) -> None:
    chosen = changed(audio={"input": {"name": "Mic", "host_api": "ALSA"}}, stt={"language": "fr"})
    save(chosen, path)
    assert load(path) == (chosen, [])
    assert chosen.audio.input == DeviceChoice(name="Mic", host_api="ALSA")
    save(Settings(), path)
    assert load(path) == (Settings(), [])


@pytest.mark.parametrize(
    "layout",
    [
        'talk = {mode = "toggle"}\n',
        'talk.mode = "toggle"\n',
        '[talk]\nmode = "toggle"\n[llm]\norder = []\n[tts.espeak]\npitch = 3\n'
        "[llm.ollama]\nnum_ctx = 512\n[tts]\nspeed = 1.5\n",
        "talk = 3\n",
        '[stt]\n[audio]\ninput = {name = "a", host_api = "b"}\n',
        "[tts.vits.voices]\nit = 'x'  # mine\n",
    ],
)
def test_what_was_saved_is_loaded_whatever_the_layout_was(path: Path, layout: str) -> None:
    path.write_text(layout)
    wanted = changed(
        talk={"mode": "hybrid", "pre_roll_ms": 7},
        llm={"order": ("groq", "openai"), "ollama": {"num_ctx": 1024}},
        tts={"speed": 0.9, "vits": {"voices": {"de": "somewhere"}}},
        audio={"output": {"name": 'é "quoted"', "host_api": "]"}},
        stt={"language": "de"},
    )
    save(wanted, path)
    assert load(path)[0] == wanted


@hypothesis.settings(deadline=None, max_examples=30)  # each writes three files to the disk
@given(
    st.fixed_dictionaries(
        {
            "talk": st.fixed_dictionaries(
                {"pre_roll_ms": st.floats(0, 2000), "mode": st.sampled_from(["hold", "toggle"])}
            ),
            "llm": st.fixed_dictionaries(
                {"persona": st.text(), "history_turns": st.integers(0, 9)}
            ),
            "stt": st.fixed_dictionaries(
                {"language": st.none() | st.text("abcxyz", min_size=2, max_size=3)}
            ),
            "audio": st.fixed_dictionaries(
                {
                    "input": st.none()
                    | st.fixed_dictionaries({"name": st.text(), "host_api": st.text()})
                }
            ),
        }
    ).map(lambda branches: changed(**branches)),
    st.fixed_dictionaries({"talk": st.fixed_dictionaries({"pre_roll_ms": st.floats(0, 2000)})}).map(
        lambda branches: changed(**branches)
    ),
)
def test_any_settings_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, first: Settings, second: Settings
) -> None:
    path = tmp_path_factory.mktemp("any") / "settings.toml"
    for settings in (first, second, first):
        save(settings, path)
        assert load(path) == (settings, [])


def test_a_file_broken_since_it_was_loaded_is_kept_before_it_is_replaced(path: Path) -> None:
    path.write_text("[talk\n")
    save(changed(talk={"mode": "toggle"}), path)
    assert load(path)[0].talk.mode == "toggle"
    assert [copy.read_text() for copy in aside(path)] == ["[talk\n"]


def test_settings_that_make_no_sense_are_not_saved(path: Path) -> None:
    path.write_text("# mine\n")
    broken = Settings().model_copy(
        update={"talk": Settings().talk.model_copy(update={"pre_roll_ms": -1.0})}
    )
    with pytest.raises(SettingsError):
        save(broken, path)
    assert path.read_text() == "# mine\n"


def test_a_disk_that_cannot_be_written_is_explained_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError) as caught:
        save(Settings(), tmp_path / "file" / "settings.toml")
    assert caught.value.hint


def test_saving_leaves_no_temporary_file_and_keeps_links_and_modes(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("# mine\n")
    real.chmod(0o640)
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    save(changed(talk={"mode": "toggle"}), link)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert 'mode = "toggle"' in real.read_text()
    assert sorted(tmp_path.iterdir()) == [real, link]


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    save(Settings(), path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_order_names_each_model_once_and_the_skills_come_last_anyway(path: Path) -> None:
    path.write_text('[llm]\norder = ["groq", "ollama", "groq", "skills"]\n')
    settings, problems = load(path)
    assert (settings.llm.order, problems) == (("groq", "ollama"), [])
    path.write_text('[llm]\norder = ["groq", "nobody"]\n')
    settings, problems = load(path)
    assert settings.llm.order == Settings().llm.order
    assert "llm.order" in problems[0]


def test_one_setting_is_changed_and_the_rest_of_the_file_stays(path: Path) -> None:
    path.write_text('# mine\n[llm]\nmode = "rich"  # for now\n')
    now = change(path, "llm.local_only", True)
    assert now.llm.local_only
    assert now.llm.mode == "rich"
    assert load(path) == (now, [])
    assert "# mine" in path.read_text()
    assert "# for now" in path.read_text()


def test_names_are_written_as_an_array_and_come_back(path: Path) -> None:
    change(path, "llm.keyring", ("groq", "openai"))
    assert tomllib.loads(path.read_text())["llm"]["keyring"] == ["groq", "openai"]
    assert load(path)[0].llm.keyring == ("groq", "openai")
    change(path, "llm.keyring", ())
    assert load(path)[0].llm.keyring == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("llm.no_such", True), ("llm.local_only", "yes"), ("llm.mode.x", 1), ("nothing", 1)],
)
def test_a_change_that_makes_no_sense_changes_nothing(path: Path, name: str, value: object) -> None:
    with pytest.raises(SettingsError):
        change(path, name, value)
    assert not path.exists()


def test_the_server_of_ones_choice_is_one_word(path: Path) -> None:
    path.write_text('[llm.openai]\npreset = "lm_studio"\n')
    settings, problems = load(path)
    assert problems == []
    assert settings.llm.openai.address == "http://127.0.0.1:1234/v1"


@pytest.mark.parametrize(
    "text",
    [
        '[llm]\nlocal_only = "yes"\n',
        "[llm]\nlocal_only = true\n[tts]\nspeed = \n",
        "version = 99\n[llm]\nlocal_only = true\n",
        '[llm]\norder = ["ollama", "nobody"]\n',
        "llm = 1\n",
    ],
)
def test_a_mistake_never_lets_words_leave_the_computer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    settings, problems = load(path)
    assert settings.llm.local_only
    assert "leaves this computer" in " ".join(problems)


def test_a_mistake_elsewhere_changes_nothing_about_that(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[tts]\nspeed = "fast"\n')
    assert not load(path)[0].llm.local_only


def test_a_language_that_is_no_code_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[stt]\nlanguage = "french"\n')
    settings, problems = load(path)
    assert settings.stt.language is None
    assert "line 2" in problems[0]
    assert "stt.language" in problems[0]
