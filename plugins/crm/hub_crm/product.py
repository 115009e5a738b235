"""What a product must be able to do, and where products are found: every module of :mod:`hub_crm.products`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

from hub.sdk import (
    Auth,
    AuthError,
    Checks,
    Counting,
    Cursor,
    Delivery,
    Draft,
    HubError,
    Inquiry,
    Limit,
    Lookup,
    Page,
    Read,
    Record,
    Request,
    Response,
    Stream,
    Webhook,
    Writes,
)
from hub_crm import products
from hub_crm.customer import Card, Customer, Step

if TYPE_CHECKING:
    from hub_crm.settings import CrmConfig


class Own(BaseModel):
    """Base of a product's own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Product(ABC):
    """One product. All of it is pure: it describes requests and reads responses.

    Attributes:
        title: the vendor's name, for people.
        Settings: its own keys in ``hub.toml``, beside those of :class:`hub_crm.settings.CrmConfig`.
        kinds: what ``read`` may name.
        has_groups: whether a task can belong to a group or project.
    """

    title: ClassVar[str]
    Settings: ClassVar[type[Own]] = Own
    kinds: ClassVar[tuple[str, ...]] = ("tasks",)
    has_groups: ClassVar[bool] = True

    def __init__(self, config: "CrmConfig") -> None:
        self.config = config

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings that follow from those *given* (unchecked, as they stand in the file), ``base_url`` above
        all."""
        return {}

    # --- what the source is -------------------------------------------------------------------------------------

    @abstractmethod
    def auth(self) -> Auth:
        """Return the credentials.

        Raises:
            ConfigError: none are set; says which could be.
        """

    @abstractmethod
    def namespace(self) -> str:
        """Return the portal or account."""

    def account(self) -> str:
        """Return what the vendor counts its limits by."""
        return self.namespace()

    @abstractmethod
    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        """Return the streams to read."""

    @abstractmethod
    def limits(self, request: Request) -> Sequence[Limit]:
        """Return the allowances that *request* counts against."""

    @abstractmethod
    def classify(self, response: Response, usual: HubError | None) -> HubError | None:
        """Return what is wrong with *response*, or None; *usual* is what any vendor's status would mean."""

    @abstractmethod
    def check(self) -> Checks:
        """Ask what credentials and settings lack, for ``hub check``."""

    # --- reading ------------------------------------------------------------------------------------------------

    @abstractmethod
    def reference(self, read: Read) -> Request | None:
        """Return the first request of a reference: ``about`` (what may we do here; also what ``hub check`` asks),
        ``people`` (who works here) or ``stages`` (names of states); None where the product needs none."""

    @abstractmethod
    def request(self, read: Read) -> Request | None:
        """Return the first request of a poll, sweep or backfill."""

    @abstractmethod
    def parse(self, response: Response, read: Read) -> Page:
        """Return what *response* holds, references included."""

    def position(self, record: Record) -> Cursor:
        """Return where the stream stands after *record*; for products whose pages name no cursor."""
        raise NotImplementedError  # asked only where a page came without a cursor; the product then needs its own

    def window(self, stream: str) -> timedelta | None:
        """Return how long the windows of a backfill are; None: the product cannot end one by the time of creation."""
        return timedelta(days=7)

    def count(self, read: Read) -> Counting:
        """Ask how much there is in a window; by default the product does not say."""
        return None
        yield

    @abstractmethod
    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        """Return what *record* says."""

    # --- writing ------------------------------------------------------------------------------------------------

    @abstractmethod
    def escalate(self, delivery: Delivery) -> Writes:
        """Open a task for a ticket, tell it what is new, or change it."""

    def receive(self, webhook: Webhook) -> Sequence[str]:
        """Return the streams that a call of the vendor says have news; empty: all of them.

        Raises:
            AuthError: it does not bring the secret of the settings, or there is none; a product without webhooks.
        """
        raise AuthError(f"a webhook was refused: those of {self.title} are not understood; polling goes on")

    @abstractmethod
    def find_customer(self, customer: Customer) -> Step[tuple[Card, ...]]:
        """Return the cards that *customer* may have, by phone, e-mail, or a nickname noted before."""

    @abstractmethod
    def identifies_by(self) -> frozenset[str]:
        """Return what a customer is looked up by: phone, email, handle."""

    @abstractmethod
    def identify(self, inquiry: Inquiry) -> Lookup:
        """Return the cards of contacts and companies that *inquiry* is about, and write nothing."""

    @abstractmethod
    def note_customer(self, card: Card, customer: Customer) -> Step[None]:
        """Write the nicknames of *customer* with their networks, and the flags, to *card*; what is there already is
        not written again."""


def names() -> tuple[str, ...]:
    """Return the names of the products, which are those of their modules."""
    return tuple(sorted(module.name for module in iter_modules(products.__path__)))


@lru_cache
def load(name: str) -> type[Product]:
    """Return the product called *name*."""
    product: type[Product] = import_module(f"{products.__name__}.{name}").PRODUCT
    return product


def plain(value: Any) -> str:
    """Return a setting that may be a secret, or anything, as text; empty where it is none."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value if isinstance(value, str) else ""
