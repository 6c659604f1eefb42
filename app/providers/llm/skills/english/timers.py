"""Timers in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.providers.llm.skills.numbers import NUMBER
from app.providers.llm.skills.timer import Timer
from app.providers.llm.skills.timers import MOST_LISTED, TimerPhrases


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_SET = (
    r"(?:(?:i want|i need|i would like|give me|let us have|have|let us) )?"
    r"(?:to )?(?:(?:set|start|create|make|begin|run|put|add|set up|put on|do)(?: me)? )?"
)
_A = r"(?:(?:a|an|the|another|my|one more) )?"
_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?)"
_AMOUNT = rf"(?:{NUMBER}|an?)"
_DURATION = rf"(?P<duration>{_AMOUNT} (?:of an? )?{_UNIT}(?:(?: and)? {_AMOUNT}(?: {_UNIT})?)*)"
_CALLED = r"(?: (?:called|named|labeled|labelled|for|saying) (?:the |my )?(?P<name>[^\d ].*?))?"
_NAME = r"(?:(?P<name>[^\W\d]+(?: [^\W\d]+){0,2}) )?"
_UNHEARD = (
    r"(?!(?:and|then|before|after|from|at|until|till|to|or|on|for)\b)"
    r"[^\W\d]+(?: (?!and\b)[^\W\d]+){0,2}"
)
"""Up to three words that begin nothing with a meaning of its own."""

_MY = r"(?: (?:the|my|that|this|a))?"

PHRASES = TimerPhrases(
    set=_patterns(
        rf"{_SET}{_A}timer (?:for |of |to |at )?{_DURATION}{_CALLED}",
        rf"{_SET}{_A}timer{_CALLED} (?:for|of|to|at) {_DURATION}",
        rf"{_SET}{_A}timer (?:for |of )?{_DURATION} and call it (?P<name>[^\d ].*?)",
        rf"{_SET}{_A}timer {_DURATION} from now",
        # a name that speech recognition did not understand: the time counts, which is said back
        rf"{_SET}{_A}timer (?:for |of )?{_DURATION} {_UNHEARD}",
        rf"{_SET}{_A}{_DURATION} timer{_CALLED}",
        rf"{_SET}{_A}{_NAME}timer (?:for |of |to )?{_DURATION}",
        rf"{_SET}{_A}{_DURATION} (?P<name>[^\W\d]+(?: [^\W\d]+)?) timer",
        rf"(?:start )?(?:count ?down|counting down)(?: from| for)? {_DURATION}",
        rf"(?:start )?{_A}{_DURATION} count ?down",
        rf"(?:start )?{_A}count ?down (?:for|of|from) {_DURATION}",
        rf"put {_DURATION} on the (?:clock|timer)",
        rf"(?:tell|warn|wake|alert|remind|call|buzz) me(?: up)? (?:in|after) {_DURATION}",
        rf"wake me up? {_DURATION} from now",
        rf"(?:(?:tell|let|wake) me (?:know |up )?)?(?:when|after) {_DURATION}"
        r"(?: (?:is|are|has|have) (?:up|over|passed|gone by))",
    ),
    remind=_patterns(
        rf"remind me (?:in|after) {_DURATION} (?:to|about|that) (?P<what>.+)",
        rf"remind me (?:to|about|that) (?P<what>.+?) (?:in|after) {_DURATION}",
        rf"remind me (?:to|about|that) (?P<what>.+?) {_DURATION} from now",
        rf"in {_DURATION} remind me (?:to|about|that) (?P<what>.+)",
        rf"set (?:a |up a )?reminder (?:in|for) {_DURATION} (?:to|about) (?P<what>.+)",
        rf"set (?:a |up a )?reminder (?:to|about) (?P<what>.+?) (?:in|after) {_DURATION}",
    ),
    alarm=_patterns(
        r"(?:set |set up |make )?(?:an |the |my )?(?:alarm|timer|reminder)(?: clock)?"
        r" (?:for|at|until|till) (?P<clock>.+)",
        r"(?:set |set up |make )?(?:an |the |my )?(?:alarm|timer|reminder)(?: clock)?"
        r" (?:for|at|until|till) (?P<clock>.+?) (?:to|about) (?P<what>.+)",
        r"wake me(?: up)? at (?P<clock>.+)",
        r"remind me at (?P<clock>.+?) (?:to|about) (?P<what>.+)",
        r"remind me (?:to|about) (?P<what>.+) at (?P<clock>.+?)",
        r"at (?P<clock>.+?) remind me (?:to|about) (?P<what>.+)",
    ),
    set_bare=_patterns(
        rf"{_SET}{_A}(?:new )?timer",
        r"(?:set|start|create) (?:a|an|another|the|my) [^\W\d]+ timer",
        r"(?:set|start) (?:a |an )?(?:countdown|alarm)",
    ),
    remind_bare=_patterns(
        r"remind me (?:to|about|tomorrow|tonight|on|at|next|later) .+",
        r"wake me(?: up)? (?:at|on|tomorrow|tonight|later)(?: .+)?",
        r"set (?:an|the|my) alarm .+",
    ),
    left=_patterns(
        r"how (?:long|much time|much|much longer|many minutes|many seconds)"
        r"(?: time)?(?: (?:is|are|do i have|does it have|have i got|till|until))*"
        rf"(?: (?:left|remaining|remains|still))?(?: there)? (?:left )?(?:on|for|of|in){_MY} "
        rf"{_NAME}(?:timers?|timer's)(?: have)?(?: left| remaining)?",
        rf"how (?:long|much time|much longer) (?:does|do|will|is|has){_MY} {_NAME}timers?"
        r"(?: still)?(?: have| got| take)?(?: left| remaining| to go)?",
        r"how (?:long|much time|much longer|much) (?:is |do i have |have i got |time is )?"
        r"(?:left|remaining)",
        r"how much longer",
        r"how many (?:minutes|seconds|hours) (?:are |do i have )?(?:left|remaining)",
        rf"when (?:does|will|is|do){_MY} {_NAME}timers? "
        r"(?:go off|ring|done|end|finish|be done|up|over|going to ring|going off)",
        r"(?:what|which|how many|are there any|are any) timers?(?: are| is)?(?: there)?"
        r"(?: do i have| have i (?:got|set)| running| set| are running| are set| active| on)*",
        r"(?:list|show|show me|what are|check|read)(?: all)?(?: of)?(?: my| the)? timers?",
        r"(?:do i have|have i got) any timers(?: running| set| on)?",
        rf"(?:time |how long )?(?:left|remaining) on{_MY} {_NAME}timer",
        rf"how is{_MY} {_NAME}timer(?: doing)?",
        rf"is{_MY} {_NAME}timer (?:still )?(?:running|on|going|done|over|finished)",
    ),
    cancel=_patterns(
        rf"(?:cancel|stop|delete|remove|clear|kill|end|abort|turn off|forget|drop){_MY} "
        r"(?:(?P<name>[\w.]+(?: [\w.]+){0,3}) )?(?:timer|alarm|countdown|reminder)",
        rf"(?:cancel|delete|remove|clear|forget|stop){_MY} reminder (?:to|about|for) (?P<name>.+)",
        rf"(?:cancel|stop|delete|remove){_MY} timer (?:for|called|named) (?:the )?(?P<name>.+)",
        rf"turn{_MY} (?:(?P<name>[\w.]+(?: [\w.]+){{0,3}}) )?(?:timer|alarm) off",
    ),
    cancel_all=_patterns(
        r"(?:cancel|stop|delete|remove|clear|kill|end|turn off|forget)"
        r"(?: (?:all|both|every|all of))?(?: (?:the|my|of my|of the))?"
        r" (?:timers|alarms|reminders)",
        r"(?:cancel|stop|delete|remove|clear) (?:every|each) timer",
    ),
    units={
        **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1),
        **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 60),
        **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3600),
        **dict.fromkeys(("day", "days"), 86400),
    },
    joiner="and",
    articles=frozenset({"a", "an", "one"}),
    share_of=re.compile(r" of an? "),
    nameless=frozenset(
        {"a", "an", "the", "my", "new", "another", "one", "more", "please", "quick", "that"}
        | {"this", "current", "first", "timer", "me", "running", "active"}
    ),
)

_CLOCK = re.compile(
    r"(?:(?P<part>0\.5|0\.25|quarter|\d{1,2}) (?P<way>past|after|to|before) )?"
    r"(?P<hour>\d{1,2})(?:(?::| )(?P<minute>\d\d))?(?: o'clock| oclock)?"
    r"(?: ?(?P<half>am|pm|a m|p m|in the morning|in the afternoon|in the evening|at night"
    r"|this morning|this afternoon|this evening|tonight))?"
)


class EnglishTimers:
    """Answers about timers."""

    language = "en"

    def label(self, name: str, seconds: int) -> str:
        return f"{name or _length_as_name(seconds)} timer"

    def set(self, name: str, seconds: int) -> str:
        what = f"{name[0].upper()}{name[1:]} timer" if name else "Timer"
        return f"{what} set for {say_duration(seconds)}."

    def reminder(self, what: str, seconds: int) -> str:
        return f"In {say_duration(seconds)} I will remind you: {what}."

    def alarm(self, what: str, at: datetime, seconds: int) -> str:
        reminding = f" to remind you: {what}" if what else ""
        clock = _say_clock(at)
        near = seconds - seconds % 60 if seconds >= 3600 else seconds
        return f"I will ring at {clock}{reminding}, {say_duration(near)} from now."

    def rang(self, label: str) -> str:
        return f"Your {label} is done."

    def reminds(self, what: str) -> str:
        return f"Here is your reminder: {what}."

    def missed(self, timers: Sequence[Timer], at: datetime, days: int) -> str:
        if len(timers) > 1:
            labels = [timer.label for timer in timers[-MOST_LISTED:]]
            rest = ". The last were" if len(timers) > len(labels) else ":"
            begin = f"You missed {len(timers)} timers{rest}"
            return f"{begin} {', '.join(labels[:-1])} and {labels[-1]}."
        (timer,) = timers
        day = {0: "", 1: "yesterday"}.get(days, f"{days} days ago")
        if timer.is_reminder:
            when = f"{day}, {_say_clock(at)}" if day else _say_clock(at)
            return f"You missed a reminder from {when}: {timer.name}."
        when = f"{day} at {_say_clock(at)}".strip()
        return f"You missed your {timer.label}. It ended {when}."

    def left(self, timers: Sequence[Timer]) -> str:
        if not timers:
            return "No timer is running."
        if len(timers) == 1:
            return f"Your {_called(timers[0])} has {say_duration(timers[0].left_s)} left."
        each = [
            f"your {_called(timer)} has {say_duration(timer.left_s)} left"
            for timer in timers[:MOST_LISTED]
        ]
        more = len(timers) - len(each)
        last = f"{more} more {'runs' if more == 1 else 'run'} longer" if more else each.pop()
        return f"Y{', '.join(each)[1:]}, and {last}."

    def cancelled(self, timers: Sequence[Timer]) -> str:
        if len(timers) == 1:
            return f"Your {_called(timers[0])} is cancelled."
        return f"{len(timers)} timers are cancelled."

    def which(self, timers: Sequence[Timer]) -> str:
        names = [timer.name or _length_as_name(timer.seconds) for timer in timers]
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        return f"{len(timers)} timers are running: {listed}. Say which one, or all timers."

    def unknown(self, name: str) -> str:
        return f"No {name} timer is running."

    def how_long(self) -> str:
        return "For how long? Say ten minutes, for example."

    def only_durations(self) -> str:
        return (
            "I can remind you only within a day and while I run. "
            "Say, for example, remind me in 20 minutes to call home."
        )

    def too_long(self) -> str:
        return "My timers run for a day at most."

    def too_short(self) -> str:
        return "A timer needs at least one second."

    def too_many(self) -> str:
        return "Too many timers are running. Cancel some first."

    def needs_window(self) -> str:
        return "A timer can ring only from my window. Open it and ask me there."

    def in_window(self) -> str:
        return "My timers run in my window. Ask me there."

    def read_clock(self, text: str, now: datetime) -> datetime | None:
        text = {"noon": "12 pm", "midday": "12 pm", "midnight": "12 am"}.get(text, text)
        found = _CLOCK.fullmatch(text)
        if found is None:
            return None
        hour, minute = int(found["hour"]), int(found["minute"] or 0)
        half = (found["half"] or "").replace(" ", "")
        if found["part"]:
            part = int(
                {"0.5": "30", "0.25": "15", "quarter": "15"}.get(found["part"], found["part"])
            )
            before = found["way"] in ("to", "before")
            if not 1 <= hour <= 12 or found["minute"] or not 0 < part < 60:
                return None
            hour, minute = (hour - 2) % 12 + 1 if before else hour, 60 - part if before else part
        if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
            return None
        if half:
            morning = half in ("am", "inthemorning", "thismorning")
            morning = morning or (half == "atnight" and hour == 12)
            hours = [hour % 12 + (0 if morning else 12)]
        else:
            # "at five" is whichever five o'clock comes first
            hours = [hour] if hour > 12 or hour == 0 else [hour % 12, hour % 12 + 12]
        moments = []
        for hour in hours:
            at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            moments.append(at if at > now else at + timedelta(days=1))
        return min(moments)


def say_duration(seconds: int) -> str:
    """ "1 hour, 20 minutes and 5 seconds"."""
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    if len(parts) < 2:
        return "".join(parts) or "0 seconds"
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _say_clock(at: datetime) -> str:
    """ "2:05 PM"."""
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"


def _length_as_name(seconds: int) -> str:
    """ "10-minute", "90-second": one number where one is short enough to say."""
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        amount, rest = divmod(seconds, size)
        if not rest and amount <= 120:
            return f"{amount}-{unit}"
    parts = re.split(r", | and ", say_duration(seconds))
    return " ".join(part.replace(" ", "-").removesuffix("s") for part in parts)


def _called(timer: Timer) -> str:
    if timer.is_reminder:
        return f"reminder, {timer.name},"
    return f"{timer.name or _length_as_name(timer.seconds)} timer"
