"""What people ask a voice assistant, as sentence patterns.

PocketSphinx's general language model was made from broadcast and newspaper text, where nobody
asks for a timer. From these patterns a second, small language model is built, so that the
stand-in hears the questions Parley's skills answer, and the everyday commands of the house, even
through a poor microphone. Words in braces name a list in `FILLERS`; words in brackets may be
left out; `|` parts wordings of one pattern.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SMALL = _words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = (
    *_SMALL,
    *_TENS,
    *(f"{ten} {one}" for ten in _TENS for one in _SMALL[:9]),
    "a hundred",
    *(f"{one} hundred" for one in _SMALL[:9]),
    "a thousand",
    "one thousand",
    "zero",
)

FILLERS: dict[str, tuple[str, ...]] = {
    "number": _NUMBERS,
    "count": (*_SMALL, *_TENS, "twenty five", "forty five", "ninety"),
    "digit": (*_SMALL[:9], "zero", "oh"),
    "hour": _SMALL[:12],
    "minute": ("fifteen", "thirty", "forty five", "ten", "twenty", "o'clock"),
    "half_day": ("a m", "p m", "in the morning", "in the afternoon", "in the evening", "tonight"),
    "time_unit": ("seconds", "minutes", "hours"),
    "unit": (
        "kilometers", "miles", "meters", "feet", "inches", "yards", "centimeters", "millimeters",
        "kilograms", "kilos", "pounds", "ounces", "grams", "stones", "tons", "liters", "gallons",
        "pints", "cups", "quarts", "milliliters", "tablespoons", "teaspoons", "fluid ounces",
        "degrees fahrenheit", "degrees celsius", "fahrenheit", "celsius",
        "miles per hour", "kilometers per hour", "knots", "acres", "square feet", "square meters",
        "hours", "minutes", "seconds", "days", "weeks", "months", "years",
    ),
    "one_unit": (
        "kilometer", "mile", "meter", "foot", "inch", "yard", "kilogram", "kilo", "pound", "ounce",
        "gram", "liter", "gallon", "pint", "cup", "quart", "tablespoon", "hour", "minute", "day",
        "week", "month", "year",
    ),
    "operator": ("plus", "minus", "times", "divided by", "multiplied by"),
    "place": (
        "paris", "london", "tokyo", "berlin", "madrid", "rome", "moscow", "beijing", "shanghai",
        "hong kong", "singapore", "sydney", "melbourne", "delhi", "new delhi", "mumbai", "karachi",
        "dubai", "cairo", "lagos", "nairobi", "cape town", "johannesburg", "istanbul", "athens",
        "vienna", "zurich", "geneva", "brussels", "amsterdam", "copenhagen", "stockholm", "oslo",
        "helsinki", "dublin", "edinburgh", "manchester", "lisbon", "barcelona", "milan", "munich",
        "hamburg", "frankfurt", "prague", "warsaw", "budapest", "bucharest", "kiev", "seoul",
        "bangkok", "jakarta", "manila", "hanoi", "kuala lumpur", "taipei", "tehran", "baghdad",
        "riyadh", "jerusalem", "tel aviv", "new york", "new york city", "los angeles", "chicago",
        "san francisco", "san diego", "seattle", "denver", "dallas", "houston", "boston", "miami",
        "atlanta", "phoenix", "philadelphia", "detroit", "las vegas", "washington", "toronto",
        "montreal", "vancouver", "mexico city", "havana", "bogota", "lima", "santiago",
        "buenos aires", "sao paulo", "rio de janeiro", "caracas", "honolulu", "anchorage",
        "auckland", "wellington", "perth", "brisbane", "reykjavik", "casablanca", "accra",
        "england", "france", "germany", "spain", "italy", "portugal", "greece", "turkey", "russia",
        "china", "japan", "india", "australia", "new zealand", "brazil", "argentina", "mexico",
        "canada", "california", "texas", "florida", "egypt", "nigeria", "kenya", "south africa",
        "sweden", "norway", "denmark", "finland", "poland", "ireland", "scotland", "switzerland",
        "austria", "belgium", "the netherlands", "korea", "thailand", "vietnam", "indonesia",
    ),
    "day": (
        "today", "tomorrow", "tonight", "this weekend", "this morning", "this afternoon",
        "this evening", "next week", "on monday", "on tuesday", "on wednesday", "on thursday",
        "on friday", "on saturday", "on sunday", "right now", "now",
    ),
    "month": (
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
    ),
    "holiday": ("christmas", "easter", "new year", "thanksgiving", "halloween", "my birthday"),
    "room": (
        "living room", "bedroom", "kitchen", "bathroom", "hall", "hallway", "dining room",
        "office", "garage", "garden", "basement", "attic", "porch", "study",
    ),
    "device": (
        "light", "lights", "lamp", "fan", "heating", "heater", "television", "radio", "music",
        "speaker", "air conditioning", "ceiling light", "desk lamp",
    ),
    "color": ("red", "green", "blue", "white", "yellow", "orange", "purple", "pink", "warm white"),
    "rank": ("ace", *_SMALL[1:10], "jack", "queen", "king"),
    "suit": ("clubs", "diamonds", "hearts", "spades"),
    "direction": ("forward", "backward", "back", "left", "right", "up", "down", "straight ahead"),
    "distance": ("meters", "meter", "feet", "steps", "miles", "kilometers", "yards", "centimeters"),
    "thing": ("pasta", "eggs", "tea", "pizza", "laundry", "bread", "meeting", "the oven"),
}  # fmt: skip

PATTERNS = """
what time is it | what's the time | what is the time | tell me the time
do you know what time it is
what time is it in {place} | what time is it in {place}
what's the time in {place} | what is the time in {place} | tell me the time in {place}
what time is it [right] now [in {place}]
what is the time difference between {place} and {place}
what day is it [today] | what day is today | which day is it today
what day is it tomorrow | what day of the week is it | what day was yesterday
what is the date [today] | what's the date [today] | what is today's date | what's today's date
what date is it [today] | what month is it | what year is it | what week is it
what is the date {day} | what day is {month} {count}
how many days until {holiday} | how long until {holiday} | when is {holiday}
what can you do | what can you do [for me] | what can you help me with
what can you do | what can i ask you | what can i say | how can you help me | what do you do
help | help me | who are you | what are you | what is your name | what's your name
how are you | hello | hi | good morning | good evening | good night | thank you | thanks
set a timer for {count} {time_unit} | set a timer for {number} {time_unit}
set a timer for {count} {time_unit} | set a {count} minute timer | start a {count} minute timer
start a timer for {count} {time_unit} | set a timer for an hour | set a timer for half an hour
set a timer for one minute | set a timer for a minute | set a timer for an hour and a half
set a timer for {hour} hours and {count} minutes
set a timer for {hour} minutes and {count} seconds
set another timer for {count} {time_unit} | set a {thing} timer for {count} minutes
timer for {count} {time_unit} | {count} minute timer
cancel the timer | cancel my timer | cancel all timers | stop the timer | pause the timer
how much time is left | how much time is left on the timer | how long is left on the timer
set an alarm for {hour} {half_day} | set an alarm for {hour} {minute} | set an alarm for {hour}
wake me up at {hour} [{half_day}] | wake me up at {hour} {minute} | cancel the alarm
remind me in {count} {time_unit} | remind me at {hour} {half_day}
what is {number} {operator} {number} | what's {number} {operator} {number}
what is {number} times {number} | what is {number} plus {number}
how much is {number} {operator} {number}
calculate {number} {operator} {number} | {number} {operator} {number}
what is {number} percent of {number} | what is the square root of {number}
what is {hour} squared
what is half of {number} | what is {number} {operator} {number} {operator} {number}
how many {unit} is {number} {unit} | how many {unit} are {number} {unit}
how many {unit} is {number} {unit} | how many {unit} is {number} {unit}
how many {unit} in a {one_unit} | how many {unit} are in a {one_unit}
how many {unit} are there in a {one_unit}
how many {unit} in {number} {unit} | how much is {number} {unit} in {unit}
what is {number} {unit} in {unit} | what's {number} {unit} in {unit}
convert {number} {unit} to {unit} | convert {number} {unit} into {unit}
{number} {unit} in {unit} | {number} {unit} to {unit}
what is the weather | what's the weather | what's the weather like | what is the weather like
what is the weather like {day} | what's the weather like {day} | how is the weather {day}
what is the weather in {place} | what's the weather in {place}
what is the weather like in {place}
what's the weather like in {place} | what is the weather in {place} {day}
what is the temperature [outside] | what's the temperature in {place} | how cold is it outside
will it rain {day} | is it going to rain {day} | is it raining in {place}
do i need an umbrella {day}
turn on the {device} | turn off the {device} | turn the {device} on | turn the {device} off
turn on the {room} light | turn off the {room} light | turn on the {room} lights
turn off the {room} lights
turn on the light in the {room} | turn off the light in the {room}
turn on the lights in the {room}
turn the {room} light on | turn the {room} lights off | turn on the {room} {device}
turn off the {room} {device}
turn off all the lights | turn on all the lights | dim the {room} lights
switch on the {room} light | switch off the {room} light
set the {room} light to {color} | set the {room} lights to {number} percent
make the {room} light {color}
set the temperature to {count} degrees | turn the heating up | turn the volume up
turn the volume down
volume up | volume down | set the volume to {number} percent | mute | pause | play | stop
next | continue
play some music | stop the music | next song | pause the music | open the door | close the door
lock the door
go {direction} | go {direction} {count} {distance} | move {direction} {count} {distance}
turn left | turn right | turn around | turn {direction} {number} degrees
{rank} of {suit} | {rank} of {suit} | {rank} of {suit}
{rank} of {suit} {rank} of {suit} | {rank} of {suit} {rank} of {suit} {rank} of {suit}
{digit} {digit} {digit} | {digit} {digit} {digit} {digit} | {digit} {digit}
yes | no | okay | yes please | no thank you | never mind | repeat that | say that again
flip a coin | roll a die | tell me a joke | what's the news | sing a song
"""
"""One pattern's worth of probability per line, shared by the wordings on it."""
