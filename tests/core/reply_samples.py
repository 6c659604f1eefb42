"""Replies as assistants give them, in the languages Parley speaks.

Each tuple holds a language and a reply. They are written to be ordinary: long first sentences
without a comma, polite openings, lists, numbers, times, names and code among them.
"""

# ruff: noqa: E501

from __future__ import annotations

REPLIES: tuple[tuple[str, str], ...] = (
    (
        "en",
        "The capital of France is Paris. It lies on the Seine and has about two million inhabitants.",
    ),
    (
        "en",
        "Sure! Here is a short story about a dog named Max who learned to swim one summer at the lake.",
    ),
    (
        "en",
        "The weather in Paris today is mild with a little rain in the afternoon and some wind later on.",
    ),
    (
        "en",
        "It depends on what you mean by fast, but a cheetah can run at about 70 miles per hour.",
    ),
    (
        "en",
        "To boil an egg, place it in cold water, bring the water to a boil, and let it cook for about 7 minutes.",
    ),
    (
        "en",
        "Photosynthesis is the process by which plants use sunlight to make their own food from water and carbon dioxide.",
    ),
    (
        "en",
        "Here are three tips for better sleep:\n\n1. **Keep a schedule.** Go to bed at the same time.\n2. Avoid coffee after 3 p.m.\n3. Keep your room dark and cool.",
    ),
    (
        "en",
        "Yes. Dr. Smith's office opens at 10:30 a.m. on weekdays and closes at 5 p.m. on Fridays.",
    ),
    (
        "en",
        "You can reverse a list in Python with the `reverse()` method or by slicing it:\n\n```python\nnumbers[::-1]\n```\n\nThe second way makes a copy.",
    ),
    (
        "en",
        "The Second World War began on September 1, 1939, when Germany invaded Poland, and ended in 1945.",
    ),
    (
        "en",
        "I would recommend starting with a simple budget that lists your income and your monthly expenses because it shows you where your money goes.",
    ),
    ("en", "Pi is about 3.14159, and it is the ratio of a circle's circumference to its diameter."),
    (
        "en",
        "If you want to learn the guitar you should practise for at least fifteen minutes every day and start with three easy chords.",
    ),
    ("en", "Water boils at 100 °C at sea level. Higher up, it boils at a lower temperature."),
    (
        "en",
        "There are several reasons why the sky looks blue during the day and red in the evening.",
    ),
    (
        "en",
        "Certainly. A good way to start is to write down everything that you have to do this week and then to choose the three things that matter most.",
    ),
    (
        "en",
        "The main difference between a virus and a bacterium is that a virus needs a living host to multiply while a bacterium can live on its own.",
    ),
    (
        "en",
        "I'm sorry, but I don't have access to your calendar. You could tell me about your appointments, though.",
    ),
    (
        "en",
        "Well... that is a hard question. Philosophers have argued about it for more than two thousand years.",
    ),
    (
        "en",
        "For a quick dinner you could make pasta with garlic, olive oil and chili flakes, e.g. spaghetti aglio e olio.",
    ),
    (
        "en",
        "Version 3.12 of Python was released in October 2023 and brought better error messages and faster comprehensions.",
    ),
    (
        "en",
        "The U.S. Constitution was written in 1787 in Philadelphia by delegates from twelve of the thirteen states.",
    ),
    (
        "en",
        "You can find the documentation at https://docs.python.org/3/library/asyncio.html, which explains tasks and event loops.",
    ),
    (
        "en",
        '"To be, or not to be" is the opening phrase of a speech by Prince Hamlet in Shakespeare\'s play.',
    ),
    (
        "en",
        "Octopuses have three hearts and blue blood and they can change the colour of their skin in less than a second.",
    ),
    (
        "fr",
        "La capitale de l'Australie est Canberra. Beaucoup de gens pensent que c'est Sydney, mais c'est une erreur.",
    ),
    (
        "fr",
        "Bien sûr ! Voici une recette simple de crêpes pour quatre personnes avec de la farine, des œufs et du lait.",
    ),
    (
        "fr",
        "Il fait actuellement 18 degrés à Lyon avec un ciel couvert et un peu de vent venant du nord.",
    ),
    (
        "fr",
        "Pour apprendre une langue il faut surtout écouter et parler tous les jours parce que la régularité compte plus que la durée.",
    ),
    ("fr", "Le train pour Marseille part à 14 h 35 de la voie 7. Il arrive à 17 h 50."),
    (
        "fr",
        "La photosynthèse est le processus par lequel les plantes utilisent la lumière du soleil pour fabriquer leur nourriture.",
    ),
    (
        "fr",
        "Victor Hugo est né en 1802 à Besançon et il est l'auteur des Misérables et de Notre-Dame de Paris.",
    ),
    ("fr", "Oui, M. Dupont a raison : il faut env. 20 min de marche, c.-à-d. deux kilomètres."),
    (
        "de",
        "Die Hauptstadt von Kanada ist Ottawa. Viele denken, es sei Toronto, aber das stimmt nicht.",
    ),
    (
        "de",
        "Gerne! Für einen einfachen Pfannkuchenteig brauchst du 250 g Mehl, drei Eier und einen halben Liter Milch.",
    ),
    (
        "de",
        "Der Zweite Weltkrieg endete in Europa am 8. Mai 1945 mit der bedingungslosen Kapitulation der Wehrmacht.",
    ),
    (
        "de",
        "Ein Schwarzes Loch ist ein Objekt mit einer so starken Schwerkraft, dass nicht einmal das Licht ihm entkommen kann.",
    ),
    (
        "de",
        "Um besser zu schlafen solltest du jeden Abend zur gleichen Zeit ins Bett gehen und vorher nicht mehr auf das Handy schauen.",
    ),
    (
        "de",
        "Das hängt davon ab, wie viel Zeit du hast. In zwei Tagen siehst du z. B. das Brandenburger Tor und die Museumsinsel.",
    ),
    (
        "de",
        "Die Temperatur in Berlin liegt heute bei etwa 22 Grad und am Abend kann es einzelne Schauer geben.",
    ),
    (
        "de",
        "Ich kann dir leider nicht sagen, wann der nächste Bus fährt, weil ich keinen Zugriff auf Fahrpläne habe.",
    ),
    (
        "es",
        "La capital de Perú es Lima. Está en la costa del Pacífico y tiene unos diez millones de habitantes.",
    ),
    (
        "es",
        "¡Claro! Para hacer una tortilla de patatas necesitas cuatro huevos, medio kilo de patatas y una cebolla.",
    ),
    (
        "es",
        "El corazón humano late unas cien mil veces al día y bombea más de siete mil litros de sangre.",
    ),
    (
        "es",
        "Los volcanes se forman cuando el magma del interior de la Tierra sube a la superficie a través de grietas.",
    ),
    (
        "es",
        "Si quieres mejorar tu inglés lo mejor es escuchar podcasts todos los días y hablar con alguien aunque cometas errores.",
    ),
    (
        "es",
        "El Sr. García llega a las 10:30. Puede esperarlo en la sala 3, que está al final del pasillo.",
    ),
    (
        "es",
        "La luz viaja a casi 300.000 kilómetros por segundo y tarda unos ocho minutos en llegar del Sol a la Tierra.",
    ),
    (
        "pt",
        "A capital do Brasil é Brasília. Foi construída em menos de quatro anos e inaugurada em 1960.",
    ),
    (
        "pt",
        "Claro! Para fazer pão de queijo você precisa de polvilho, leite, ovos e bastante queijo ralado.",
    ),
    (
        "pt",
        "O coração é um músculo que bombeia o sangue para todo o corpo e bate cerca de cem mil vezes por dia.",
    ),
    (
        "pt",
        "Não tenho acesso à sua agenda, mas posso ajudar a planejar o seu dia se você me contar os seus compromissos.",
    ),
    ("nl", "De hoofdstad van Nederland is Amsterdam. De regering zit in Den Haag."),
    (
        "nl",
        "Natuurlijk! Voor een eenvoudige appeltaart heb je bloem, boter, suiker, eieren en een kilo appels nodig.",
    ),
    (
        "nl",
        "Een regenboog ontstaat wanneer zonlicht door waterdruppels in de lucht wordt gebroken en weerkaatst.",
    ),
    (
        "nl",
        "Je kunt het beste elke dag een kwartier oefenen omdat je hersenen tijd nodig hebben om nieuwe woorden te onthouden.",
    ),
    ("ru", "Столица Японии — Токио. В этом городе живёт около четырнадцати миллионов человек."),
    ("ru", "Конечно! Чтобы сварить борщ, вам понадобятся свёкла, капуста, морковь, лук и мясо."),
    (
        "ru",
        "Фотосинтез — это процесс, при котором растения используют солнечный свет для производства питательных веществ.",
    ),
    (
        "ru",
        "Лев Толстой родился 9 сентября 1828 г. в имении Ясная Поляна и написал там роман «Война и мир».",
    ),
    ("ru", "Я не могу проверить погоду прямо сейчас потому что у меня нет доступа к интернету."),
    (
        "it",
        "La capitale d'Italia è Roma. La città ha quasi tremila anni e si trova sul fiume Tevere.",
    ),
    ("zh", "法国的首都是巴黎。它位于塞纳河畔，是世界上最受欢迎的旅游城市之一。"),
    ("zh", "当然可以！做西红柿炒鸡蛋需要两个西红柿、三个鸡蛋和一点盐。先把鸡蛋打散，再切西红柿。"),
    ("zh", "光合作用是植物利用阳光把水和二氧化碳变成养分的过程，对地球上的生命非常重要。"),
    ("ja", "日本の首都は東京です。人口は約千四百万人で、世界でも最も大きな都市の一つです。"),
    ("ja", "もちろんです。まず、お湯を沸かして、卵を入れ、七分ほど茹でてください。"),
)
