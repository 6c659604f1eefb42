"""Everyday text in many scripts, and how many tokens it is to three real tokenizers."""

# ruff: noqa: E501

from __future__ import annotations

SAMPLES: dict[str, tuple[str, tuple[int, int, int]]] = {
    "en": (
        "What is the capital of France? It is Paris, and it lies on the Seine. "
        "Tell me a short story about a dog who wanted to learn how to swim. I "
        "would like to know whether it will rain tomorrow, because we were "
        "planning a picnic near the lake with our neighbours.",
        (59, 59, 60),
    ),
    "fr": (
        "Quelle est la capitale de la France ? C'est Paris, et elle se trouve "
        "sur la Seine. Raconte-moi une courte histoire d'un chien qui voulait "
        "apprendre à nager. J'aimerais savoir s'il va pleuvoir demain, parce que "
        "nous avions prévu un pique-nique près du lac avec nos voisins.",
        (79, 78, 91),
    ),
    "de": (
        "Was ist die Hauptstadt von Frankreich? Es ist Paris, und es liegt an "
        "der Seine. Erzähl mir eine kurze Geschichte über einen Hund, der "
        "schwimmen lernen wollte. Ich möchte wissen, ob es morgen regnet, weil "
        "wir mit unseren Nachbarn ein Picknick am See geplant hatten.",
        (68, 67, 80),
    ),
    "pl": (
        "Jaka jest stolica Francji? To Paryż, leży nad Sekwaną. Opowiedz mi "
        "krótką historię o psie, który chciał nauczyć się pływać. Chciałbym "
        "wiedzieć, czy jutro będzie padać, ponieważ planowaliśmy piknik nad "
        "jeziorem z naszymi sąsiadami.",
        (87, 81, 97),
    ),
    "cs": (
        "Jaké je hlavní město Francie? Je to Paříž a leží na Seině. Vyprávěj mi "
        "krátký příběh o psovi, který se chtěl naučit plavat. Chtěl bych vědět, "
        "jestli zítra bude pršet, protože jsme plánovali piknik u jezera s "
        "našimi sousedy.",
        (73, 107, 98),
    ),
    "fi": (
        "Mikä on Ranskan pääkaupunki? Se on Pariisi, ja se sijaitsee Seinen "
        "varrella. Kerro minulle lyhyt tarina koirasta, joka halusi oppia "
        "uimaan. Haluaisin tietää, sataako huomenna, koska olimme suunnitelleet "
        "piknikkiä järven rannalla naapureidemme kanssa.",
        (96, 96, 106),
    ),
    "tr": (
        "Fransa'nın başkenti neresidir? Paris'tir ve Seine nehri üzerinde yer "
        "alır. Bana yüzmeyi öğrenmek isteyen bir köpek hakkında kısa bir hikâye "
        "anlat. Yarın yağmur yağıp yağmayacağını bilmek istiyorum, çünkü "
        "komşularımızla gölün kıyısında piknik planlıyorduk.",
        (73, 88, 135),
    ),
    "vi": (
        "Thủ đô của Pháp là gì? Đó là Paris, nằm bên sông Seine. Hãy kể cho tôi "
        "một câu chuyện ngắn về một chú chó muốn học bơi. Tôi muốn biết ngày mai "
        "trời có mưa không, vì chúng tôi định đi dã ngoại gần hồ với hàng xóm.",
        (61, 60, 132),
    ),
    "ru": (
        "Какая столица у Франции? Это Париж, и он стоит на Сене. Расскажи мне "
        "короткую историю о собаке, которая хотела научиться плавать. Я хотел бы "
        "знать, пойдёт ли завтра дождь, потому что мы собирались на пикник у "
        "озера с нашими соседями.",
        (74, 83, 98),
    ),
    "uk": (
        "Яка столиця Франції? Це Париж, він стоїть на Сені. Розкажи мені коротку "
        "історію про собаку, який хотів навчитися плавати. Я хотів би знати, чи "
        "буде завтра дощ, тому що ми планували пікнік біля озера з нашими "
        "сусідами.",
        (76, 111, 94),
    ),
    "el": (
        "Ποια είναι η πρωτεύουσα της Γαλλίας; Είναι το Παρίσι και βρίσκεται στον "
        "Σηκουάνα. Πες μου μια σύντομη ιστορία για έναν σκύλο που ήθελε να μάθει "
        "κολύμπι. Θα ήθελα να ξέρω αν θα βρέξει αύριο, γιατί σχεδιάζαμε πικνίκ "
        "στη λίμνη με τους γείτονες.",
        (97, 203, 242),
    ),
    "he": (
        "מהי בירת צרפת? זו פריז, והיא שוכנת על נהר הסן. ספר לי סיפור קצר על כלב "
        "שרצה ללמוד לשחות. אני רוצה לדעת אם ירד גשם מחר, כי תכננו פיקניק ליד "
        "האגם עם השכנים שלנו.",
        (157, 60, 160),
    ),
    "ar": (
        "ما هي عاصمة فرنسا؟ إنها باريس، وتقع على نهر السين. احك لي قصة قصيرة عن "
        "كلب أراد أن يتعلم السباحة. أود أن أعرف هل ستمطر غدا لأننا كنا نخطط "
        "لنزهة قرب البحيرة مع جيراننا.",
        (72, 74, 160),
    ),
    "hi": (
        "फ्रांस की राजधानी क्या है? यह पेरिस है और यह सीन नदी पर बसा है। मुझे एक "
        "कुत्ते की छोटी कहानी सुनाओ जो तैरना सीखना चाहता था। मैं जानना चाहता हूँ "
        "कि क्या कल बारिश होगी, क्योंकि हम पड़ोसियों के साथ झील के पास पिकनिक की "
        "योजना बना रहे थे।",
        (125, 211, 246),
    ),
    "bn": (
        "ফ্রান্সের রাজধানী কী? এটি প্যারিস, এবং এটি সেন নদীর তীরে অবস্থিত। আমাকে "
        "একটি কুকুরের ছোট গল্প বলো যে সাঁতার শিখতে চেয়েছিল।",
        (152, 133, 138),
    ),
    "ta": (
        "பிரான்சின் தலைநகரம் என்ன? அது பாரிஸ். நீந்தக் கற்றுக்கொள்ள விரும்பிய ஒரு நாயைப் பற்றி ஒரு சிறுகதை சொல்.",
        (136, 114, 120),
    ),
    "th": (
        "เมืองหลวงของฝรั่งเศสคืออะไร คือปารีส และตั้งอยู่ริมแม่น้ำแซน "
        "เล่าเรื่องสั้นเกี่ยวกับสุนัขที่อยากเรียนว่ายน้ำให้ฟังหน่อย "
        "ฉันอยากรู้ว่าพรุ่งนี้ฝนจะตกไหม",
        (77, 90, 151),
    ),
    "ka": (
        "რა არის საფრანგეთის დედაქალაქი? ეს არის პარიზი. მიამბე მოკლე ამბავი "
        "ძაღლზე, რომელსაც ცურვის სწავლა უნდოდა.",
        (194, 106, 107),
    ),
    "am": (
        "የፈረንሳይ ዋና ከተማ ምንድን ነው? ፓሪስ ነው። መዋኘት መማር ስለፈለገ ውሻ አጭር ታሪክ ንገረኝ።",
        (143, 77, 135),
    ),
    "zh": (
        "法国的首都是哪里？是巴黎，位于塞纳河畔。给我讲一个想学游泳的小狗的短故事。我想知道明天会不会下雨，因为我们打算和邻居们在湖边野餐。",
        (53, 44, 75),
    ),
    "zht": (
        "法國的首都是哪裡？是巴黎，位於塞納河畔。給我講一個想學游泳的小狗的短故事。我想知道明天會不會下雨，因為我們打算和鄰居們在湖邊野餐。",
        (58, 49, 82),
    ),
    "ja": (
        "フランスの首都はどこですか？パリです。セーヌ川のほとりにあります。泳ぎを習いたかった犬の短い話を聞かせてください。隣人と湖の近くでピクニックをす"
        "る予定だったので、明日雨が降るかどうか知りたいです。",
        (73, 63, 113),
    ),
    "ko": (
        "프랑스의 수도는 어디입니까? 파리이며 센 강가에 있습니다. 수영을 배우고 싶어 했던 개에 대한 짧은 이야기를 들려주세요. "
        "이웃들과 호숫가에서 소풍을 갈 계획이었기 때문에 내일 비가 올지 알고 싶습니다.",
        (65, 75, 131),
    ),
    "num": (
        "1234567890 3.14159 2024-05-17 14:35:22 +49 170 1234567, 99,999,999.00",
        (39, 68, 69),
    ),
    "code": (
        "def f(x):\n    return [i**2 for i in range(x) if i % 3 == 0]\n\n"
        "print(json.dumps({'a': f(10)}, indent=2)); // if (a != b && c[0] >= 1) "
        "{ x += y->z; }",
        (62, 63, 72),
    ),
    "emoji": (
        "🙂😀🎉🚀👍🏽👨‍👩‍👧‍👦🇫🇷❤️✨",
        (41, 21, 37),
    ),
    "random": (
        "x7Qp9zKf2LmW8vRt4YbN6cHj0sDg3aEu5iOo1TlBvXqZkUyPwMnCrSdFhGjAeIx",
        (60, 60, 62),
    ),
    "url": (
        "https://example.com/a/very/long/path?query=value&other=12345#fragment",
        (20, 23, 27),
    ),
    "caps": (
        "WHAT IS THE CAPITAL OF FRANCE AND WHERE DOES IT LIE EXACTLY",
        (16, 16, 22),
    ),
    "punct": (
        "!!??!!...,,,;;;:::---___***###$$$%%%^^^&&&((()))",
        (19, 20, 24),
    ),
    "words": (
        "spurious xylophones quixotically jeopardize Brobdingnagian phantasmagoria zymurgy syzygy",
        (28, 28, 32),
    ),
}
"""By language (or kind): the text, and its length in tokens of Llama 3, of Qwen 2.5, and of a
SentencePiece vocabulary of 32,000 as Phi-3 and Mistral use, each without a start token."""
