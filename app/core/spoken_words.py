"""What numbers, units and signs are called, language by language.

Data for `spoken_text`. A language that is missing here still has its numbers spelled where
num2words knows it; its symbols stay unspoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language.

    Forms of a noun are parted by "/": one, many; Russian: one, few, many.
    """

    decimal_mark: str = ","
    """The other of "." and "," groups thousands."""
    decimal: str
    decimals_as_number: bool = False
    """Whether 3,14 is "three comma fourteen" rather than "three comma one four"."""
    minus: str
    plus: str
    equals: str
    times: str
    divided_by: str
    over: str
    """Between numerator and denominator of an unusual fraction."""
    squared: str
    cubed: str
    power: str
    less: str
    greater: str
    about: str
    to: str
    """Between the ends of a range."""
    per: str
    and_: str
    at: str
    dot: str
    """In addresses and versions."""
    number: str
    """Before the 5 of "#5"."""
    hours: str = "{hour}"
    """A full hour, of "10:00"."""
    clock: str = "{hour} {minute}"
    """Of "10:30"."""
    months: str
    fractions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str]
    currencies: Mapping[str, str]
    abbreviations: Mapping[str, str]
    """By pattern; a pattern starts at a word and does not look behind."""


_ENGLISH = Words(
    decimal_mark=".", decimal="point", minus="minus", plus="plus", equals="equals",
    times="times", divided_by="divided by", over="over", squared="squared", cubed="cubed",
    power="to the power of", less="less than", greater="greater than", about="about", to="to",
    per="per", and_="and", at="at", dot="dot", number="number", hours="{hour} o'clock",
    months="January February March April May June July August September October November"
    " December",
    fractions={"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter",
               "3/4": "three quarters", "24/7": "twenty-four seven"},
    units={
        "%": "percent", "‰": "per mille", "°C": "degree Celsius/degrees Celsius",
        "°F": "degree Fahrenheit/degrees Fahrenheit", "°": "degree/degrees",
        "km": "kilometre/kilometres", "m": "metre/metres", "cm": "centimetre/centimetres",
        "mm": "millimetre/millimetres", "mi": "mile/miles", "ft": "foot/feet",
        "mph": "mile per hour/miles per hour", "kg": "kilogram/kilograms", "g": "gram/grams",
        "mg": "milligram/milligrams", "lb": "pound/pounds", "lbs": "pounds", "oz": "ounce/ounces",
        "l": "litre/litres", "L": "litre/litres", "ml": "millilitre/millilitres",
        "mL": "millilitre/millilitres", "s": "second/seconds", "ms": "millisecond/milliseconds",
        "min": "minute/minutes", "h": "hour/hours", "Hz": "hertz", "kHz": "kilohertz",
        "MHz": "megahertz", "GHz": "gigahertz", "kB": "kilobyte/kilobytes",
        "KB": "kilobyte/kilobytes", "MB": "megabyte/megabytes", "GB": "gigabyte/gigabytes",
        "TB": "terabyte/terabytes", "W": "watt/watts", "kW": "kilowatt/kilowatts",
        "kWh": "kilowatt hour/kilowatt hours", "V": "volt/volts",
        "m^2": "square metre/square metres", "km^2": "square kilometre/square kilometres",
        "m^3": "cubic metre/cubic metres", "cm^3": "cubic centimetre/cubic centimetres",
    },
    currencies={"$": "dollar/dollars", "€": "euro/euros", "£": "pound/pounds", "¥": "yen",
                "₹": "rupee/rupees", "₽": "rouble/roubles", "CHF": "franc/francs"},
    abbreviations={
        r"Dr\.": "Doctor", r"Mr\.": "Mister", r"Mrs\.": "Missus", r"Ms\.": "Miz",
        r"Prof\.": "Professor", r"St\.(?= [A-Z])": "Saint", r"e\. ?g\.": "for example",
        r"i\. ?e\.": "that is", r"etc\.": "et cetera", r"vs\.?": "versus",
        r"approx\.": "approximately", r"[Nn]o\.(?= ?\d)": "number", r"w/o": "without",
    },
)  # fmt: skip

_FRENCH = Words(
    decimal="virgule", decimals_as_number=True, minus="moins", plus="plus", equals="égale",
    times="fois", divided_by="divisé par", over="sur", squared="au carré", cubed="au cube",
    power="puissance", less="inférieur à", greater="supérieur à", about="environ", to="à",
    per="par", and_="et", at="arobase", dot="point", number="numéro",
    hours="{hour} heures", clock="{hour} heures {minute}",
    months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    fractions={"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart",
               "3/4": "trois quarts"},
    units={
        "%": "pour cent", "‰": "pour mille", "°C": "degré Celsius/degrés Celsius",
        "°F": "degré Fahrenheit/degrés Fahrenheit", "°": "degré/degrés",
        "km": "kilomètre/kilomètres", "m": "mètre/mètres", "cm": "centimètre/centimètres",
        "mm": "millimètre/millimètres", "kg": "kilogramme/kilogrammes", "g": "gramme/grammes",
        "mg": "milligramme/milligrammes", "l": "litre/litres", "L": "litre/litres",
        "ml": "millilitre/millilitres", "mL": "millilitre/millilitres", "s": "seconde/secondes",
        "ms": "milliseconde/millisecondes", "min": "minute/minutes", "h": "heure/heures",
        "Hz": "hertz", "kHz": "kilohertz", "MHz": "mégahertz", "GHz": "gigahertz",
        "ko": "kilooctet/kilooctets", "Mo": "mégaoctet/mégaoctets", "Go": "gigaoctet/gigaoctets",
        "MB": "mégaoctet/mégaoctets", "GB": "gigaoctet/gigaoctets", "TB": "téraoctet/téraoctets",
        "W": "watt/watts", "kW": "kilowatt/kilowatts", "kWh": "kilowattheure/kilowattheures",
        "V": "volt/volts", "m^2": "mètre carré/mètres carrés",
        "km^2": "kilomètre carré/kilomètres carrés", "m^3": "mètre cube/mètres cubes",
    },
    currencies={"$": "dollar/dollars", "€": "euro/euros", "£": "livre/livres", "¥": "yen/yens",
                "₹": "roupie/roupies", "₽": "rouble/roubles", "CHF": "franc/francs"},
    abbreviations={
        r"MM\.(?= [A-Z])": "messieurs", r"M\.(?= [A-ZÉÈ])": "monsieur", r"Mme\.?": "madame",
        r"Mlle\.?": "mademoiselle", r"Dr\.?": "docteur", r"Pr\.": "professeur",
        r"p\. ?ex\.": "par exemple", r"c\.-à-d\.": "c'est-à-dire", r"etc\.": "et cetera",
        r"env\.": "environ", r"[Nn]o\.?(?= ?\d)": "numéro", r"n°": "numéro", r"cf\.": "voir",
    },
)  # fmt: skip

_GERMAN = Words(
    decimal="Komma", minus="minus", plus="plus", equals="gleich", times="mal",
    divided_by="geteilt durch", over="durch", squared="Quadrat", cubed="hoch drei", power="hoch",
    less="kleiner als", greater="größer als", about="ungefähr", to="bis", per="pro", and_="und",
    at="ät", dot="Punkt", number="Nummer", hours="{hour} Uhr", clock="{hour} Uhr {minute}",
    months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    fractions={"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel",
               "1/4": "ein Viertel", "3/4": "drei Viertel"},
    units={
        "%": "Prozent", "‰": "Promille", "°C": "Grad Celsius", "°F": "Grad Fahrenheit",
        "°": "Grad", "km": "Kilometer", "m": "Meter", "cm": "Zentimeter", "mm": "Millimeter",
        "kg": "Kilogramm", "g": "Gramm", "mg": "Milligramm", "t": "Tonne/Tonnen", "l": "Liter",
        "L": "Liter", "ml": "Milliliter", "s": "Sekunde/Sekunden",
        "ms": "Millisekunde/Millisekunden", "min": "Minute/Minuten", "Min.": "Minute/Minuten",
        "h": "Stunde/Stunden", "Std.": "Stunde/Stunden", "Hz": "Hertz", "kHz": "Kilohertz",
        "MHz": "Megahertz", "GHz": "Gigahertz", "kB": "Kilobyte", "MB": "Megabyte",
        "GB": "Gigabyte", "TB": "Terabyte", "W": "Watt", "kW": "Kilowatt",
        "kWh": "Kilowattstunde/Kilowattstunden", "V": "Volt", "m^2": "Quadratmeter",
        "km^2": "Quadratkilometer", "m^3": "Kubikmeter", "Mio.": "Million/Millionen",
        "Mrd.": "Milliarde/Milliarden",
    },
    currencies={"$": "Dollar", "€": "Euro", "£": "Pfund", "¥": "Yen", "₹": "Rupie/Rupien",
                "₽": "Rubel", "CHF": "Franken"},
    abbreviations={
        r"z\. ?B\.": "zum Beispiel", r"d\. ?h\.": "das heißt", r"u\. ?a\.": "unter anderem",
        r"Dr\.": "Doktor", r"Prof\.": "Professor", r"Hr\.": "Herr", r"Fr\.": "Frau",
        r"St\.(?= [A-Z])": "Sankt", r"usw\.": "und so weiter", r"bzw\.": "beziehungsweise",
        r"ca\.": "circa", r"Nr\.": "Nummer", r"inkl\.": "inklusive", r"evtl\.": "eventuell",
        r"vgl\.": "vergleiche", r"ggf\.": "gegebenenfalls", r"sog\.": "sogenannte",
        r"bspw\.": "beispielsweise",
    },
)  # fmt: skip

_SPANISH = Words(
    decimal="coma", decimals_as_number=True, minus="menos", plus="más", equals="igual a",
    times="por", divided_by="dividido por", over="sobre", squared="al cuadrado",
    cubed="al cubo", power="elevado a", less="menor que", greater="mayor que",
    about="aproximadamente", to="a", per="por", and_="y", at="arroba", dot="punto",
    number="número", clock="{hour} y {minute}",
    months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    fractions={"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto",
               "3/4": "tres cuartos"},
    units={
        "%": "por ciento", "‰": "por mil", "°C": "grado Celsius/grados Celsius",
        "°F": "grado Fahrenheit/grados Fahrenheit", "°": "grado/grados",
        "km": "kilómetro/kilómetros", "m": "metro/metros", "cm": "centímetro/centímetros",
        "mm": "milímetro/milímetros", "kg": "kilogramo/kilogramos", "g": "gramo/gramos",
        "mg": "miligramo/miligramos", "l": "litro/litros", "L": "litro/litros",
        "ml": "mililitro/mililitros", "mL": "mililitro/mililitros", "s": "segundo/segundos",
        "ms": "milisegundo/milisegundos", "min": "minuto/minutos", "h": "hora/horas",
        "Hz": "hercios", "kHz": "kilohercios", "MHz": "megahercios", "GHz": "gigahercios",
        "kB": "kilobyte/kilobytes", "MB": "megabyte/megabytes", "GB": "gigabyte/gigabytes",
        "TB": "terabyte/terabytes", "W": "vatio/vatios", "kW": "kilovatio/kilovatios",
        "kWh": "kilovatio hora/kilovatios hora", "V": "voltio/voltios",
        "m^2": "metro cuadrado/metros cuadrados",
        "km^2": "kilómetro cuadrado/kilómetros cuadrados", "m^3": "metro cúbico/metros cúbicos",
    },
    currencies={"$": "dólar/dólares", "€": "euro/euros", "£": "libra/libras", "¥": "yen/yenes",
                "₹": "rupia/rupias", "₽": "rublo/rublos", "CHF": "franco/francos"},
    abbreviations={
        r"Sra\.": "señora", r"Srta\.": "señorita", r"Sr\.": "señor", r"Dra\.": "doctora",
        r"Dr\.": "doctor", r"Uds\.": "ustedes", r"Ud\.": "usted", r"p\. ?ej\.": "por ejemplo",
        r"etc\.": "etcétera", r"EE\. ?UU\.": "Estados Unidos", r"aprox\.": "aproximadamente",
        r"[Nn]o\.(?= ?\d)": "número", r"núm\.": "número", r"pág\.": "página",
    },
)  # fmt: skip

_PORTUGUESE = Words(
    decimal="vírgula", decimals_as_number=True, minus="menos", plus="mais", equals="igual a",
    times="vezes", divided_by="dividido por", over="sobre", squared="ao quadrado",
    cubed="ao cubo", power="elevado a", less="menor que", greater="maior que",
    about="aproximadamente", to="a", per="por", and_="e", at="arroba", dot="ponto",
    number="número", hours="{hour} horas", clock="{hour} e {minute}",
    months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro"
    " dezembro",
    fractions={"1/2": "meio", "1/3": "um terço", "2/3": "dois terços", "1/4": "um quarto",
               "3/4": "três quartos"},
    units={
        "%": "por cento", "‰": "por mil", "°C": "grau Celsius/graus Celsius",
        "°F": "grau Fahrenheit/graus Fahrenheit", "°": "grau/graus",
        "km": "quilômetro/quilômetros", "m": "metro/metros", "cm": "centímetro/centímetros",
        "mm": "milímetro/milímetros", "kg": "quilograma/quilogramas", "g": "grama/gramas",
        "mg": "miligrama/miligramas", "l": "litro/litros", "L": "litro/litros",
        "ml": "mililitro/mililitros", "mL": "mililitro/mililitros", "s": "segundo/segundos",
        "ms": "milissegundo/milissegundos", "min": "minuto/minutos", "h": "hora/horas",
        "Hz": "hertz", "kHz": "quilohertz", "MHz": "megahertz", "GHz": "gigahertz",
        "kB": "quilobyte/quilobytes", "MB": "megabyte/megabytes", "GB": "gigabyte/gigabytes",
        "TB": "terabyte/terabytes", "W": "watt/watts", "kW": "quilowatt/quilowatts",
        "kWh": "quilowatt-hora/quilowatts-hora", "V": "volt/volts",
        "m^2": "metro quadrado/metros quadrados",
        "km^2": "quilômetro quadrado/quilômetros quadrados", "m^3": "metro cúbico/metros cúbicos",
    },
    currencies={"R$": "real/reais", "$": "dólar/dólares", "€": "euro/euros",
                "£": "libra/libras", "¥": "iene/ienes", "₹": "rupia/rupias",
                "₽": "rublo/rublos", "CHF": "franco/francos"},
    abbreviations={
        r"Sra\.": "senhora", r"Sr\.": "senhor", r"Dra\.": "doutora", r"Dr\.": "doutor",
        r"Prof\.": "professor", r"p\. ?ex\.": "por exemplo", r"etc\.": "et cetera",
        r"aprox\.": "aproximadamente", r"[Nn]o\.(?= ?\d)": "número", r"pág\.": "página",
    },
)  # fmt: skip

_ITALIAN = Words(
    decimal="virgola", decimals_as_number=True, minus="meno", plus="più", equals="uguale a",
    times="per", divided_by="diviso", over="su", squared="al quadrato", cubed="al cubo",
    power="alla", less="minore di", greater="maggiore di", about="circa", to="a", per="a",
    and_="e", at="chiocciola", dot="punto", number="numero", clock="{hour} e {minute}",
    months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
    fractions={"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto",
               "3/4": "tre quarti"},
    units={
        "%": "per cento", "‰": "per mille", "°C": "grado Celsius/gradi Celsius",
        "°F": "grado Fahrenheit/gradi Fahrenheit", "°": "grado/gradi",
        "km": "chilometro/chilometri", "m": "metro/metri", "cm": "centimetro/centimetri",
        "mm": "millimetro/millimetri", "kg": "chilogrammo/chilogrammi", "g": "grammo/grammi",
        "mg": "milligrammo/milligrammi", "l": "litro/litri", "L": "litro/litri",
        "ml": "millilitro/millilitri", "s": "secondo/secondi",
        "ms": "millisecondo/millisecondi", "min": "minuto/minuti", "h": "ora/ore",
        "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
        "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "W": "watt",
        "kW": "kilowatt", "kWh": "kilowattora", "V": "volt", "m^2": "metro quadrato/metri quadrati",
        "km^2": "chilometro quadrato/chilometri quadrati", "m^3": "metro cubo/metri cubi",
    },
    currencies={"$": "dollaro/dollari", "€": "euro", "£": "sterlina/sterline", "¥": "yen",
                "₹": "rupia/rupie", "₽": "rublo/rubli", "CHF": "franco/franchi"},
    abbreviations={
        r"Sig\.ra": "signora", r"Sig\.": "signor", r"Dott\.": "dottor", r"Dr\.": "dottor",
        r"Prof\.": "professor", r"p\. ?es\.": "per esempio", r"es\.": "esempio",
        r"ecc\.": "eccetera", r"[Nn]\.(?= ?\d)": "numero", r"pag\.": "pagina",
    },
)  # fmt: skip

_DUTCH = Words(
    decimal="komma", minus="min", plus="plus", equals="is gelijk aan", times="keer",
    divided_by="gedeeld door", over="gedeeld door", squared="kwadraat", cubed="tot de derde",
    power="tot de macht", less="kleiner dan", greater="groter dan", about="ongeveer", to="tot",
    per="per", and_="en", at="apenstaartje", dot="punt", number="nummer", hours="{hour} uur",
    clock="{hour} uur {minute}",
    months="januari februari maart april mei juni juli augustus september oktober november"
    " december",
    fractions={"1/2": "een half", "1/3": "een derde", "2/3": "twee derde", "1/4": "een kwart",
               "3/4": "drie kwart"},
    units={
        "%": "procent", "‰": "promille", "°C": "graden Celsius", "°F": "graden Fahrenheit",
        "°": "graad/graden", "km": "kilometer", "m": "meter", "cm": "centimeter",
        "mm": "millimeter", "kg": "kilogram", "g": "gram", "mg": "milligram", "l": "liter",
        "L": "liter", "ml": "milliliter", "s": "seconde/seconden",
        "ms": "milliseconde/milliseconden", "min": "minuut/minuten", "h": "uur", "u": "uur",
        "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
        "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "W": "watt",
        "kW": "kilowatt", "kWh": "kilowattuur", "V": "volt", "m^2": "vierkante meter",
        "km^2": "vierkante kilometer", "m^3": "kubieke meter",
    },
    currencies={"$": "dollar", "€": "euro", "£": "pond", "¥": "yen", "₹": "roepie",
                "₽": "roebel", "CHF": "frank"},
    abbreviations={
        r"dhr\.": "de heer", r"mevr\.": "mevrouw", r"dr\.": "doctor", r"prof\.": "professor",
        r"bijv\.": "bijvoorbeeld", r"bv\.": "bijvoorbeeld", r"d\.w\.z\.": "dat wil zeggen",
        r"enz\.": "enzovoort", r"ca\.": "circa", r"nr\.": "nummer",
    },
)  # fmt: skip

_RUSSIAN = Words(
    decimal="запятая", decimals_as_number=True, minus="минус", plus="плюс", equals="равно",
    times="умножить на", divided_by="разделить на", over="дробь", squared="в квадрате",
    cubed="в кубе", power="в степени", less="меньше", greater="больше", about="примерно",
    to="до", per="в", and_="и", at="собака", dot="точка", number="номер",
    months="января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    fractions={"1/2": "одна вторая", "1/3": "одна треть", "2/3": "две трети",
               "1/4": "одна четверть", "3/4": "три четверти"},
    units={
        "%": "процент/процента/процентов", "°C": "градус/градуса/градусов",
        "°": "градус/градуса/градусов", "ч": "час/часа/часов", "с": "секунда/секунды/секунд",
        "км": "километр/километра/километров", "м": "метр/метра/метров",
        "см": "сантиметр/сантиметра/сантиметров", "мм": "миллиметр/миллиметра/миллиметров",
        "кг": "килограмм/килограмма/килограммов", "г": "грамм/грамма/граммов",
        "л": "литр/литра/литров", "мл": "миллилитр/миллилитра/миллилитров",
        "км^2": "квадратный километр/квадратных километра/квадратных километров",
        "м^2": "квадратный метр/квадратных метра/квадратных метров",
    },
    currencies={"$": "доллар/доллара/долларов", "€": "евро", "£": "фунт/фунта/фунтов",
                "¥": "иена/иены/иен", "₽": "рубль/рубля/рублей"},
    abbreviations={
        r"т\. ?е\.": "то есть", r"т\. ?д\.": "так далее", r"т\. ?п\.": "тому подобное",
        r"напр\.": "например", r"др\.": "другие",
    },
)  # fmt: skip

WORDS: Mapping[str, Words] = {
    "en": _ENGLISH,
    "fr": _FRENCH,
    "de": _GERMAN,
    "es": _SPANISH,
    "pt": _PORTUGUESE,
    "it": _ITALIAN,
    "nl": _DUTCH,
    "ru": _RUSSIAN,
}
"""By ISO 639-1 code."""

DIGITS: Mapping[str, str] = {
    "en": "zero one two three four five six seven eight nine",
    "zh": "零 一 二 三 四 五 六 七 八 九",
    "hi": "शून्य एक दो तीन चार पाँच छह सात आठ नौ",
    "mr": "शून्य एक दोन तीन चार पाच सहा सात आठ नऊ",
    "el": "μηδέν ένα δύο τρία τέσσερα πέντε έξι επτά οκτώ εννέα",
    "bg": "нула едно две три четири пет шест седем осем девет",
    "hr": "nula jedan dva tri četiri pet šest sedam osam devet",
    "et": "null üks kaks kolm neli viis kuus seitse kaheksa üheksa",
    "sw": "sifuri moja mbili tatu nne tano sita saba nane tisa",
    "ms": "kosong satu dua tiga empat lima enam tujuh lapan sembilan",
    "ta": "பூஜ்யம் ஒன்று இரண்டு மூன்று நான்கு ஐந்து ஆறு ஏழு எட்டு ஒன்பது",
    "ur": "صفر ایک دو تین چار پانچ چھ سات آٹھ نو",
}
"""Zero to nine where num2words does not know the language; English where this does not."""

DECIMALS: Mapping[str, str] = {
    "ar": "فاصلة", "bg": "цяло и", "cs": "celá", "da": "komma", "el": "κόμμα", "fi": "pilkku",
    "hi": "दशमलव", "hr": "zarez", "hu": "egész", "ja": "点", "ko": "점", "nb": "komma",
    "no": "komma", "pl": "przecinek", "ro": "virgulă", "sv": "komma", "th": "จุด", "tr": "virgül",
    "uk": "кома", "vi": "phẩy", "zh": "点",
}  # fmt: skip
"""What stands between 3 and 14 in languages that `WORDS` lacks; a pause where this does too."""

DECIMAL_POINT = frozenset(
    [
        *("ar", "bn", "en", "fa", "he", "hi", "ja", "kn", "ko"),
        *("mr", "ms", "sw", "ta", "te", "th", "ur", "zh"),
    ]
)
"""Languages that write 3.14; the others write 3,14."""
