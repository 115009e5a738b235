"""The built-in rules: they load, keep their own examples, and do what the frame promises."""

from typing import Any

import pytest

from hub.routing.decide import Decision
from hub.routing.facts import facts_from
from hub.routing.rules import RuleSet, load_rules

GROUPS = {
    "stolen money": "stolen-money",
    "hijacked number": "hijacked-number",
    "swallowed card": "swallowed-card",
    "outage": "outage",
    "card blocked": "card-blocked",
    "wrong charge": "wrong-charge",
    "court": "court",
    "regulator": "regulator",
    "press as a threat": "press-threat",
    "complaint": "angry",
    "consultation": "question",
    "praise": "warm-praise",
    "suggestion": "suggestion",
    "news and press": "news",
    "adverts by others": "advert",
    "spam": "spam",
    "job seekers": "job-seeker",
    "staff and candidates": "staff",
    "official accounts": "official-account",
    "insurance": "insurance-queue",
    "legal entities": "companies-queue",
    "investments": "investments-queue",
    "influencers": "influencer",
    "call for a live person": "live-person",
    "asks again": "asks-again",
    "strategic platforms": "strategic",
    "secondary platforms": "chat",
    "analysis pool": "unlisted-platform",
    "map reviews": "map-review",
}


@pytest.fixture(scope="module")
def pack() -> RuleSet:
    return load_rules(None)


def decided(pack: RuleSet, text: str, **facts: Any) -> Decision:
    return pack.decide(facts_from({"text": text, **facts}, strict=True))


# --- the pack itself ------------------------------------------------------------------------------------------------


def test_every_example_of_every_rule_holds(pack: RuleSet) -> None:
    wrong = [
        (rule.name, example.line, example.facts.texts)
        for rule in pack.rules
        for example in rule.examples
        if (rule.name in pack.decide(example.facts).rules) is not example.matches
    ]
    assert wrong == []


def test_every_rule_has_examples_for_and_against(pack: RuleSet) -> None:
    lacking = [rule.name for rule in pack.rules if {example.matches for example in rule.examples} != {True, False}]
    assert lacking == []


@pytest.mark.parametrize("group", GROUPS)
def test_the_pack_has_every_group(pack: RuleSet, group: str) -> None:
    assert GROUPS[group] in {rule.name for rule in pack.rules}


def test_the_score_starts_at_30(pack: RuleSet) -> None:
    assert pack.scale.base == 30


# --- critical, threats ----------------------------------------------------------------------------------------------

CRITICAL = {
    "Помогите, с карты украли деньги, пока я спал": "fraud",
    "C кapты yкpaли дeньги": "fraud",
    "Укра\u200bли деньги со счё\u0301та, все шестьдесят тысяч": "fraud",
    "Списали без моего ведома 4 500 рублей!!!": "fraud",
    "Someone used my card in another country": "fraud",
    "Hackers emptied my account": "fraud",
    "The money is gone from my account": "fraud",
    "I think my card is compromised": "fraud",
    "There is a cash withdrawal in the app that I did not do": "fraud",
    "С карты списали деньги мошенники": "fraud",
    "Чужой человек взял кредит по моему паспорту": "fraud",
    "ATM didn't return my card": "swallowed-card",
    "My card was swallowed": "swallowed-card",
    "Интернет лёг, весь дом сидит без сети": "outage",
    "Мой номер переоформили на другого человека": "hijacked-number",
    "I think it is a sim swap, my phone has no service": "hijacked-number",
    "Банкомат на вокзале сожрал карту": "swallowed-card",
    "The machine ate my card and gave no receipt": "swallowed-card",
    "ТРЕТИЙ ЧАС НЕ РАБОТАЕТ ПРИЛОЖЕНИЕ": "outage",
    "Не рабоооотает приложение": "outage",
    "The app is down, is anybody there": "outage",
}


@pytest.mark.parametrize("text", CRITICAL)
@pytest.mark.parametrize("platform", ["vk.com", "t.me", "example.com", "yandex_maps"])
def test_what_is_critical_goes_to_the_helpdesk_from_any_platform(pack: RuleSet, text: str, platform: str) -> None:
    found = decided(pack, text, platform=platform, kind="mention")
    assert CRITICAL[text] in found.tags
    assert (found.category, found.queue, found.priority, found.policy) == (
        "complaint",
        "helpdesk",
        "urgent",
        "critical",
    )
    assert found.score >= 80
    assert found.notify == ("lead",)
    assert found.deliver is None


@pytest.mark.parametrize("text", ["I lost my card", "Потеряла карту, заблокируйте"])
def test_a_lost_card_is_high_but_no_alarm(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="pikabu.ru", kind="mention")
    assert (found.priority, found.notify) == ("high", ())


@pytest.mark.parametrize(
    "text",
    [
        "Нет сети банкоматов у моря",
        "Is there an outage planned this weekend?",
        "У вас есть защита, если мошенники украдут деньги?",
        "не успели украсть деньги, спасибо банку",
    ],
)
def test_what_has_not_happened_alarms_nobody(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="pikabu.ru", kind="mention")
    assert found.priority in ("low", "normal")
    assert found.notify == ()


@pytest.mark.parametrize(
    "text",
    [
        "Ещё неделя молчания, и я подам в суд",
        "Отправила жалобу в ЦБ",
        "Обращусь в СМИ",
        "My lawyer will write to you",
        "I will report you to the ombudsman",
        "I'm going to sue your bank",
        "I'll sue",
        "Подала на вас в суд",
        "Иду в Роспотребнадзор и прокуратуру",
        "I'll go to the newspapers",
        "Передам дело юристам, ждите повестку",
    ],
)
def test_threats_are_high_and_go_to_the_helpdesk(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="example.com", kind="mention")
    assert "threat" in found.tags
    assert found.score >= 60
    assert (found.queue, found.policy, found.deliver) == ("helpdesk", "threat", None)


def test_a_swearing_victim_of_fraud_is_a_victim_of_fraud(pack: RuleSet) -> None:
    text = "Бл*ть, у меня украли деньги с карты, суки"
    found = decided(pack, text, platform="2gis", kind="review", rating=1)
    assert (found.category, found.state) == ("complaint", None)
    assert "fraud" in found.tags


# --- what people want -----------------------------------------------------------------------------------------------

MEANT = {
    "Отвратительное отношение, больше никогда": "complaint",
    "Ужaсный бaнк": "complaint",
    "3адолбали": "complaint",
    "Zадолбали": "complaint",
    "Уже месяц никто не отвечает на моё заявление": "complaint",
    "Обещали перезвонить и пропали": "complaint",
    "С меня списали дважды за одну поездку": "complaint",
    "Заблокировали карту в отпуске": "complaint",
    "Worst bank I ever had, rude staff": "complaint",
    "Огромное спасибо сотруднице на Лесной, всё объяснила и помогла": "praise",
    "Без нареканий, всё быстро и чётко": "praise",
    "Отличный врач, всем советую": "praise",
    "Excellent service, highly recommend": "praise",
    "Подскажите, как поменять тариф?": "consultation",
    "Какие документы нужны для вклада?": "consultation",
    "How do I order a second card?": "consultation",
    "Было бы здорово добавить тёмную тему": "suggestion",
    "Please add a search to the app": "suggestion",
    "Банк открыл новый офис и снизил ставку, сообщает пресс-служба": "news",
    "Скидки до 70% на шины, промокод внутри, подробности по ссылке": "news",
    "Ищу людей в команду, заработок от 500$ в неделю, пишите в личку": "spam",
    "Нaбирaю пaртнёрoв, oбучeниe бecплaтнo, дoxoд oт 100$ в дeнь": "spam",
    "Лучшее казино, фриспины каждому": "spam",
    "Join group now, earn 900 USD a week, link below": "spam",
}


@pytest.mark.parametrize("text", MEANT)
def test_what_people_want_is_understood(pack: RuleSet, text: str) -> None:
    assert decided(pack, text).category == MEANT[text]


@pytest.mark.parametrize(
    ("text", "rating", "category"),
    [
        ("Ну спасибо, обслужили", 1, "complaint"),
        ("Пять звёзд, чтобы заметили: третью неделю никто не отвечает", 5, "complaint"),
        ("Снял деньги, положил деньги", 5, "praise"),
        ("Спасибо, проблему решили в тот же день", 5, "praise"),
    ],
)
def test_stars_help_where_words_do_not(pack: RuleSet, text: str, rating: int, category: str) -> None:
    assert decided(pack, text, rating=rating).category == category


def test_an_odd_text_stays_undecided_and_still_reaches_people(pack: RuleSet) -> None:
    found = decided(pack, "Ну вот и осень", platform="vk.com", kind="mention")
    assert (found.category, found.queue) == (None, "helpdesk")


# Who was robbed, or whose account was seized, writes of the police and the bailiffs as the news do.
VICTIMS = {
    "Украли деньги с карты, полиция не принимает заявление, банк молчит": "helpdesk",
    "Украли деньги с карты, заявление в полиции, банк не возвращает": "helpdesk",
    "Полиция сообщила, что с карты жены украли деньги, банк отказывается вернуть": "helpdesk",
    "Приставы арестовали счет, карта не работает, что делать": "helpdesk",
    "Банк оштрафовал нашу компанию, расчётный счёт заблокирован": "companies",
}


@pytest.mark.parametrize("text", VICTIMS)
def test_customers_in_trouble_are_no_news(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="vk.com", kind="mention")
    assert (found.category, found.queue, found.deliver) == ("complaint", VICTIMS[text], None)


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо за обращение, но вопрос так и не решён",
        "Мне написали: спасибо за обращение. И тишина третий день",
        "Напишите нам на почту?? Я уже писал туда месяц назад, никто не отвечает",
    ],
)
def test_who_quotes_the_answer_of_the_company_is_still_a_customer(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="vk.com", kind="mention")
    assert (found.category, found.queue, found.deliver) == ("complaint", "helpdesk", None)


@pytest.mark.parametrize(
    "text",
    [
        "Приносим извинения за неудобства, наши специалисты свяжутся с вами",
        "Спасибо за обращение! Уточните, пожалуйста, номер вашей заявки, обязательно разберёмся",
    ],
)
def test_the_company_itself_is_answered_by_nobody(pack: RuleSet, text: str) -> None:
    found = decided(pack, text, platform="vk.com", kind="mention")
    assert (found.category, found.queue, found.deliver) == ("other", "marketing", ())


# --- where it goes --------------------------------------------------------------------------------------------------


def test_points_add_up(pack: RuleSet) -> None:
    found = decided(
        pack,
        "Ужасное обслуживание",
        platform="banki.ru",
        rating=1,
        followers=50_000,
        contacts_in_week=3,
        kind="mention",
    )
    assert found.score == 30 + 15 + 10 + 10 + 25 + 10
    assert (found.queue, found.policy) == ("helpdesk", "strategic")


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("Не возвращают деньги за навязанную страховку", "insurance"),
        ("Третий день не проходит платёжка с расчётного счёта, ужас", "companies"),
        ("Брокер не исполнил поручение, верните деньги", "investments"),
        ("Я бывший сотрудник, не выплатили зарплату", "staff"),
        ("Есть ли вакансии в Перми?", "staff"),
        ("Грубят на кассе", "helpdesk"),
    ],
)
def test_complaints_go_by_direction(pack: RuleSet, text: str, queue: str) -> None:
    assert decided(pack, text, platform="vk.com", kind="mention").queue == queue


@pytest.mark.parametrize(
    ("text", "platform", "kind", "queue", "least", "most", "policy", "deliver"),
    [
        # critical: from any platform
        ("Украли деньги с карты", "banki.ru", "review", "helpdesk", 80, 999, "critical", None),
        ("Мой номер переоформили на чужого", "t.me", "mention", "helpdesk", 80, 999, "critical", None),
        ("Банкомат съел карту", "yandex_maps", "review", "helpdesk", 80, 999, "critical", None),
        ("Третий час не работает приложение", "example.com", "mention", "helpdesk", 80, 999, "critical", None),
        (
            "Украли деньги с карты, полиция не принимает заявление",
            "x.com",
            "mention",
            "helpdesk",
            80,
            999,
            "critical",
            None,
        ),
        # court, regulator, press
        ("Подаю в суд", "vk.com", "mention", "helpdesk", 60, 79, "threat", None),
        ("Пишу жалобу в ЦБ", "example.com", "mention", "helpdesk", 60, 79, "threat", None),
        ("Обращусь в СМИ", "2gis", "review", "helpdesk", 60, 79, "threat", None),
        # complaints, and the rest, by direction and platform
        ("Хамят на кассе", "banki.ru", "mention", "helpdesk", 55, 55, "strategic", None),
        ("Хамят на кассе", "pikabu.ru", "mention", "helpdesk", 45, 45, "others", None),
        ("Хамят, страховку не вернули", "pikabu.ru", "mention", "insurance", 45, 45, "others", None),
        ("Хамят, расчётный счёт не открыли", "vk.com", "mention", "companies", 55, 55, "strategic", None),
        ("Хамят, брокер не отвечает", "vk.com", "mention", "investments", 55, 55, "strategic", None),
        ("Есть ли у вас вакансии?", "pikabu.ru", "mention", "staff", 30, 30, "others", None),
        ("Спасибо за обращение, но вопрос так и не решён", "vk.com", "mention", "helpdesk", 55, 55, "strategic", None),
        ("Хамят на кассе", "yandex_maps", "review", "maps", 45, 45, "maps", None),
        ("Хамят на кассе", "t.me", "mention", "chat", 45, 45, "chat", None),
        # nobody answers here
        ("Хамят на кассе", "example.com", "mention", "analysis", 45, 45, "analysis", ()),
        ("Есть ли у вас вакансии?", "example.com", "mention", "staff", 30, 30, "analysis", ()),
        ("Большое спасибо за помощь", "vk.com", "mention", "praise", 0, 19, "praise", None),
        ("Банк запустил новый тариф, сообщает пресс-служба", "vk.com", "mention", "marketing", 30, 30, "none", ()),
        ("Скидки до 70% на шины, промокод внутри", "vk.com", "mention", "marketing", 30, 30, "none", ()),
        ("Казино дарит фриспины", "vk.com", "mention", "spam", 30, 30, "none", ()),
    ],
)
def test_queue_score_clock_and_delivery_are_those_of_the_frame(
    pack: RuleSet,
    text: str,
    platform: str,
    kind: str,
    queue: str,
    least: int,
    most: int,
    policy: str,
    deliver: tuple[str, ...] | None,
) -> None:
    found = decided(pack, text, platform=platform, kind=kind)
    assert (found.queue, found.policy, found.deliver) == (queue, policy, deliver)
    assert least <= found.score <= most


@pytest.mark.parametrize(
    ("policy", "first", "resolution"),
    [
        ("critical", 7, 240),
        ("threat", 15, 480),
        ("strategic", 15, 30),
        ("others", 60, None),
        ("maps", 30, None),
        ("chat", 1, None),
        ("praise", 24 * 60, None),
        ("none", None, None),
        ("analysis", None, None),
    ],
)
def test_deadlines_are_those_of_the_frame(
    pack: RuleSet, policy: str, first: int | None, resolution: int | None
) -> None:
    sla = next(one.sla for one in pack.policies if one.name == policy)
    minutes = [None if (s := sla.seconds(promise)) is None else s / 60 for promise in ("first_response", "resolution")]
    assert minutes == [first, resolution]


def test_praise_waits_and_has_a_draft_of_an_answer(pack: RuleSet) -> None:
    found = decided(pack, "Огромное спасибо за помощь", platform="vk.com", kind="mention", followers=90_000)
    assert found.score <= 19
    assert found.priority == "low"
    assert found.reply is not None
    assert found.reply.mode == "draft"


def test_news_are_tagged_at_the_source_and_delivered_nowhere(pack: RuleSet) -> None:
    found = decided(pack, "Ставки снижены, сообщает пресс-служба банка", platform="vk.com", kind="mention")
    assert found.deliver == ()
    assert [(act.name, act.values) for act in found.act] == [("add_tags", ("news",))]


def test_spam_is_closed_and_a_complaint_in_it_is_not(pack: RuleSet) -> None:
    offer = "Нужны люди в команду, заработок от 200$ в день, пишите в личку"
    assert decided(pack, offer).state == "closed"
    victim = decided(pack, "Повёлся на «заработок в команду, пишите в личку», мошенники сняли все деньги с карты")
    assert (victim.category, victim.state) == ("complaint", None)


@pytest.mark.parametrize(
    "text",
    [
        "Can I trade crypto in your app and what is the fee for $100?",
        "I was charged $5 when I tried to sign up, please explain",
        "I paid $20 and the staff was great, solved everything in ten minutes",
        "Хочу зарабатывать на вкладе, какая доходность у накопительного счёта?",
        "Подскажите, можно ли удалённо открыть ИИС и какая доходность?",
        "Заинтересовала ваша вакансия, удалённая работа, куда писать?",
        "Не могу вывести заработок с биржи на вашу карту, помогите",
        "Hе paбoтaeт бaнкoмaт нa вoкзaлe, пишитe в личкy, ecли нужны дeтaли",
    ],
)
def test_customers_who_speak_of_money_are_no_spammers(pack: RuleSet, text: str) -> None:
    assert decided(pack, text, platform="vk.com", kind="mention").state is None


def test_tasks_and_issues_keep_their_own_queue(pack: RuleSet) -> None:
    found = decided(pack, "Ужас, украли деньги с карты", kind="issue")
    assert (found.queue, found.policy) == (None, None)
