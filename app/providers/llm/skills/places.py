"""From the name of a place to the time there."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from app.providers.llm.skills.place_names import (
    ALSO_CALLED,
    NOT_ASKED_FOR,
    ONE_ZONE,
    SEVERAL_ZONES,
)
from app.providers.llm.skills.reading import folded


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere with one time."""

    name: str
    """As it is said; the capital's where a country has several times."""
    zone_name: str
    stands_for: str = ""
    """The country or state whose capital this is, when that was asked for."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


def find_place(name: str) -> Place | None:
    """The place, or None when it is not known for certain.

    "Portland Oregon" is taken apart when both halves keep the same time; "London Ontario"
    is left alone.
    """
    key = _key(name)
    known = _places()
    if key in known:
        return known[key]
    words = key.split()
    for split in range(1, len(words)):
        city = known.get(" ".join(words[:split]))
        region = known.get(_key(" ".join(words[split:])))
        if city and region and city.zone_name == region.zone_name:
            return city
    return None


def _key(name: str) -> str:
    key = folded(name).removeprefix("the ").removesuffix(" time zone")
    return f"saint {key[3:]}" if key.startswith("st ") else key


@functools.cache
def _places() -> Mapping[str, Place]:
    """Everything, by folded name. Takes some milliseconds once: the zone database is listed."""
    places: dict[str, Place] = {}
    for zone_name in sorted(available_timezones()):
        parts = zone_name.split("/")
        # Names without a continent are old ones ("Eire", "W-SU"); three parts are mostly
        # villages in Indiana and North Dakota.
        within = len(parts) == 2 or parts[:2] == ["America", "Argentina"]
        if not within or parts[0] in ("Etc", "US", "Canada", "Brazil", "Mexico", "Chile"):
            continue
        name = parts[-1].replace("_", " ")
        if folded(name) not in NOT_ASKED_FOR:
            places[_key(name)] = Place(name, zone_name)
    for zone_name, names in ONE_ZONE.items():
        for name in names.split(", "):
            places[_key(name)] = Place(name, zone_name)
    for country, (capital, zone_name) in SEVERAL_ZONES.items():
        places.setdefault(_key(capital), Place(capital, zone_name))
        places[_key(country)] = Place(capital, zone_name, stands_for=country)
    for other, name in ALSO_CALLED.items():
        places[_key(other)] = places[_key(name)]
    return places


def warm_places() -> None:
    """Build the table now rather than at the first question."""
    _places()
