from __future__ import annotations

import pytest

from app.audio.host.devices import Choice, Device, is_second_rate_microphone, ranked


def microphone(name: str, host_api: str = "ALSA", *, default: bool = False) -> Device:
    return Device(0, name, host_api, inputs=2, outputs=0, rate=48_000, default_input=default)


def loudspeaker(name: str, host_api: str = "ALSA", *, default: bool = False) -> Device:
    return Device(0, name, host_api, inputs=0, outputs=2, rate=48_000, default_output=default)


def names(devices: list[Device]) -> list[str]:
    return [device.name for device in devices]


def test_the_sound_server_goes_before_bare_hardware() -> None:
    devices = [
        microphone("HDA Intel: ALC257 (hw:0,0)", default=True),
        microphone("default"),
        microphone("pipewire"),
        microphone("pulse"),
    ]
    assert names(ranked(devices, "input", None))[:3] == ["pulse", "pipewire", "default"]


def test_the_choice_of_the_user_goes_before_all() -> None:
    chosen = microphone("Bluetooth Headset (hw:2,0)")
    devices = [microphone("pulse"), chosen]
    assert ranked(devices, "input", chosen.choice)[0] is chosen


def test_the_chosen_name_under_another_host_api_is_next_best() -> None:
    devices = [
        loudspeaker("Speakers", "Windows WASAPI", default=True),
        loudspeaker("Monitor", "MME"),
    ]
    choice = Choice(name="Monitor", host_api="Windows WASAPI")
    assert ranked(devices, "output", choice)[0].name == "Monitor"


def test_a_choice_that_is_gone_falls_back_to_the_default() -> None:
    devices = [
        microphone("Other", "Windows WASAPI"),
        microphone("Built-in", "Windows WASAPI", default=True),
    ]
    choice = Choice(name="Unplugged", host_api="Windows WASAPI")
    assert ranked(devices, "input", choice)[0].name == "Built-in"


def test_low_latency_hosts_go_first_and_their_default_leads() -> None:
    devices = [
        loudspeaker("Speakers", "MME", default=True),
        loudspeaker("Headphones", "Windows WASAPI"),
        loudspeaker("Speakers", "Windows WASAPI", default=True),
    ]
    first = ranked(devices, "output", None)[0]
    assert (first.name, first.host_api) == ("Speakers", "Windows WASAPI")


def test_a_bluetooth_microphone_is_not_used_by_itself_even_as_default() -> None:
    devices = [
        microphone("AirPods Pro", "Core Audio", default=True),
        microphone("MacBook Air Microphone", "Core Audio"),
    ]
    assert names(ranked(devices, "input", None)) == ["MacBook Air Microphone", "AirPods Pro"]


def test_a_bluetooth_headset_is_a_fine_loudspeaker() -> None:
    devices = [
        loudspeaker("Speakers", "Core Audio"),
        loudspeaker("AirPods Pro", "Core Audio", default=True),
    ]
    assert ranked(devices, "output", None)[0].name == "AirPods Pro"


@pytest.mark.parametrize(
    ("name", "second_rate"),
    [
        ("Headset (WH-1000XM4 Hands-Free AG Audio)", True),
        ("Monitor of Built-in Audio", True),
        ("Stereo Mix (Realtek)", True),
        ("Jabra USB Headset", False),
        ("Microphone (Yeti)", False),
        ("pulse", False),
    ],
)
def test_microphones_are_judged_by_their_names(name: str, second_rate: bool) -> None:
    assert is_second_rate_microphone(microphone(name)) is second_rate


def test_only_devices_of_the_right_direction_are_offered() -> None:
    devices = [microphone("in"), loudspeaker("out")]
    assert names(ranked(devices, "input", None)) == ["in"]
    assert names(ranked(devices, "output", None)) == ["out"]
    assert ranked([], "input", None) == []
