"""Who works in the sandbox's Jira, and where: users, projects, workflows, priorities."""

from __future__ import annotations

from .model import Project, Status, User

KEY, READER_KEY = "sandbox-jira-token", "sandbox-jira-token-reader"
HUB = User("5b10a2844c20165700ede21g", "hub", "Хаб поддержки", "Asia/Yekaterinburg", email="hub@example.org")
READER = User("5b10ac8d82e05b22cc7d4ef5", "reader", "Читатель", "America/New_York", email="reader@example.org")
ANNA = User("5b109f2e9729b51b54dc274d", "belova", "Анна Белова")
OLEG = User("557058:9c1f6a3e-0001-4d00-b0b8-4e4c6f1c2a01", "kim", "Олег Ким", "Asia/Vladivostok")
ROBOT = User("557058:f58131cb-0002-4d00-b0b8-4e4c6f1c2a02", "automation", "Automation for Jira", kind="app")
STAFF = (ANNA, OLEG)
CUSTOMERS = tuple(
    User(f"qm:0b0d6c1e-{number:04}:c{number:03}", f"customer{number}", name, kind="customer")
    for number, name in enumerate(("Мария Ткач", "Игорь К.", "С. Петров", "Лейла", "John Ash", "Ё́жик 🦔"), 1)
)
USERS = {user.key: user for user in (HUB, READER, ANNA, OLEG, ROBOT, *CUSTOMERS)}

OPEN = Status("10001", "To Do", "К выполнению", "new")
WORK = Status("3", "In Progress", "В работе", "indeterminate")
WAIT = Status("10005", "Waiting for customer", "Ожидание клиента", "indeterminate")
DONE = Status("10003", "Done", "Готово", "done")
CANCELLED = Status("10009", "Cancelled", "Отменено", "done")
ODD = Status("10011", "Reviewed", "На проверке", "undefined")
STATUSES = {status.id: status for status in (OPEN, WORK, WAIT, DONE, CANCELLED, ODD)}
CATEGORIES = {
    "undefined": (1, "No Category", "Нет категории", "medium-gray"),
    "new": (2, "To Do", "К выполнению", "blue-gray"),
    "indeterminate": (4, "In Progress", "В работе", "yellow"),
    "done": (3, "Done", "Готово", "green"),
}

CLAIMS = Project(
    "10000", "CLAIMS", "Обращения", "service_desk",
    {"11": OPEN.id, "21": WORK.id, "31": WAIT.id, "41": DONE.id, "51": CANCELLED.id},
)  # fmt: skip
DEV = Project("10001", "DEV", "Разработка", "software", {"4": WORK.id, "5": DONE.id, "711": OPEN.id, "3": ODD.id})
STRICT = Project("10002", "STRICT", "Строгий проект", "software", {"4": WORK.id, "5": DONE.id}, ("customfield_10050",))
PROJECTS = {project.key: project for project in (CLAIMS, DEV, STRICT)}

TYPES = {"10001": ("Task", "Задача"), "10002": ("Bug", "Баг"), "10003": ("Service request", "Запрос")}
PRIORITIES = {
    1: ("Highest", "Наивысший"), 2: ("High", "Высокий"), 3: ("Medium", "Средний"), 4: ("Low", "Низкий"),
    5: ("Lowest", "Самый низкий"),
}  # fmt: skip
OLD_PRIORITIES = {1: "Blocker", 2: "Critical", 3: "Major", 4: "Minor", 5: "Trivial"}
"""What an older Data Center calls them (sheet, section 6)."""
