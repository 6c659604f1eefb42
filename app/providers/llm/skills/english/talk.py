"""Small talk in English."""

from __future__ import annotations

import re

from app.providers.llm.skills.talk import Regret, Talk

_PARLEY = r"(?: (?:parley|there|you|everyone|computer|friend|my friend|buddy|again))*"

TALK = Talk(
    about_parley=(
        (
            re.compile(
                r"(?:what can (?:you|i) (?:do|say|ask)(?: you)?(?: for me)?|what do you do"
                r"|what are you able to do|what are your skills|what can i ask you(?: about| for)?"
                r"|help|help me|how can you help(?: me)?|how do you work|what else can you do"
                r"|what things can you do|show me what you can do|what you can do)"
            ),
            "I tell the time and date anywhere in the world, keep timers, do sums and convert "
            "units, all by myself. For anything else I ask a language model.",
        ),
        (
            re.compile(
                r"(?:who are you|what are you|what is your name|who is this|what are you called"
                r"|what should i call you|do you have a name|introduce yourself|your name)"
            ),
            "I am Parley, your voice assistant. I run on your own computer.",
        ),
    ),
    courtesies=(
        (
            re.compile(
                r"(?:hello|hi|hey|hiya|howdy|greetings"
                rf"|good (?:morning|afternoon|evening|day)){_PARLEY}"
            ),
            "Hello. What can I do for you?",
        ),
        (
            re.compile(r"how are you(?: doing)?(?: today)?|how is it going|what is up"),
            "I am well and ready. What can I do for you?",
        ),
        (
            re.compile(
                rf"(?:thank you|thanks|cheers|many thanks|thank you (?:very|so) much"
                rf"|thanks a lot|thanks a million|great thanks|ok thanks|great|perfect){_PARLEY}"
            ),
            "You are welcome.",
        ),
        (
            re.compile(
                rf"(?:goodbye|bye|bye bye|good bye|good night|goodnight|see you|see you later"
                rf"|see you soon|that is all|that will be all){_PARLEY}"
            ),
            "Goodbye.",
        ),
        (
            re.compile(r"(?:parley|computer|are you there|can you hear me|test|testing|mic check)"),
            "I am here, and I hear you.",
        ),
        (re.compile(r"(?:never mind|nevermind|forget it|nothing|stop|cancel)"), "All right."),
        (re.compile(r"(?:sorry|i am sorry|my bad)"), "No harm done."),
    ),
    repeat=re.compile(
        r"(?:(?:say|repeat|tell me|read) (?:that|it|this)(?: (?:again|once more|one more time))?"
        r"|repeat|repeat yourself|again|once more|one more time|come again|pardon(?: me)?"
        r"|what did you (?:just )?say"
        r"|i (?:did not|could not) (?:hear|catch|get|understand) (?:that|you|it)"
        r"|say again|what was that|what was that again|1 more time)"
    ),
    nothing_to_repeat="I have not said anything yet.",
)

REGRET = Regret(
    needs_model=(
        "I need a language model for that. Start Ollama, or choose a model in my settings, under "
        "Models. I can tell the time, keep timers, do sums and convert units."
    ),
    cannot=(
        (
            re.compile(
                r"\b(?:weather|forecast|temperature outside)\b|\bneed an umbrella\b"
                r"|^(?:is|will) it (?:going to )?(?:be )?(?:rain|snow|sunny|cold|hot|warm)"
            ),
            "I cannot check the weather: I do not look anything up on the internet.",
        ),
        (
            re.compile(
                r"\b(?:the news|headlines|stock price|stock market|exchange rate|the score)\b"
            ),
            "I cannot check that: I do not look anything up on the internet.",
        ),
        (
            re.compile(r"^(?:pause|resume|hold)\b.*\btimer"),
            "I cannot pause a timer, only cancel it.",
        ),
        (
            re.compile(
                r"^(?:play|pause|resume|skip)\b|^(?:turn|put) on (?:some |the )?(?:music|radio)"
            ),
            "I cannot play music.",
        ),
        (
            re.compile(
                r"^(?:turn|switch) (?:on|off|up|down)\b"
                r"|^(?:turn|switch) .+ (?:on|off|up|down)$|^(?:dim|lock|unlock)\b"
                r"|^(?:set|make|open|close) the .*\b(?:lights?|lamp|temperature|volume|door)\b"
            ),
            "I cannot switch anything in your home.",
        ),
        (
            re.compile(r"^(?:call|phone|text|email|message|send)\b"),
            "I cannot make calls or send messages.",
        ),
    ),
)
