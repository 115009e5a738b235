"""Settings of an instance: what all products share, and each product's own keys in the same table."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from hub.sdk import ConnectorConfig, DestinationMap
from hub_crm.product import load, names

DEFAULT_PRODUCT = "bitrix24"

Id = int | str


class Target(BaseModel):
    """Where in the CRM a queue or a department stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Id | None = Field(default=None, description="id of the group or project that gets the task")
    responsible: Id | None = Field(default=None, description="id of the user who gets it")


class CustomerFields(BaseModel):
    """Own fields of cards that say something of the customer, by what the product calls them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do_not_call: Id | None = Field(default=None, description="yes/no field: wants no calls")
    loyalty: Id | None = Field(default=None, description="level of loyalty, or segment")
    flags: dict[str, Id] = Field(default_factory=dict, description="other fields that tickets are to show, by name")
    names: dict[str, str] = Field(
        default_factory=dict, description="what values of list fields mean, where the CRM gives their ids"
    )


class CrmConfig(ConnectorConfig):
    """What every product takes."""

    product: str = Field(default=DEFAULT_PRODUCT, description="which CRM")
    read: tuple[str, ...] = Field(
        default=("tasks",), min_length=1, description="what becomes tickets: tasks, leads, deals"
    )
    map: DestinationMap[Target] = Field(
        default_factory=DestinationMap[Target],
        description="by queue or department: the CRM's own group, project and responsible",
    )
    responsible: Id | None = Field(default=None, description="id of the user who gets what the map gives to nobody")
    note_customers: bool = Field(
        default=True, description="write nickname, network and flags to the card of a customer who is found"
    )
    customer: CustomerFields = Field(
        default_factory=CustomerFields,
        description="own fields of cards that are read: do_not_call, loyalty, flags; names of list values",
    )
    lang: Literal["ru", "en"] = Field(default="ru", description="language of what is written into the CRM")

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("product", DEFAULT_PRODUCT) not in names():
            return given
        product = load(given.get("product", DEFAULT_PRODUCT))
        known: Mapping[str, Any] = {name: value for name, value in given.items() if value is not None}
        return {**product.defaults(known), **given, **known}

    @model_validator(mode="after")
    def _of_one_product(self) -> Self:
        product = load(self.product)
        own = product.Settings.model_fields
        shared = CrmConfig.model_fields
        strange = sorted(name for name in self.model_fields_set if name not in shared and name not in own)
        if strange:
            raise ValueError(f"{strange[0]} is no setting of {self.product}; it takes {', '.join(own)}")
        unknown = [kind for kind in self.read if kind not in product.kinds]
        if unknown:
            raise ValueError(f"read: {self.product} has no {unknown[0]!r}; choose among {', '.join(product.kinds)}")
        if not product.has_groups and any(target.group is not None for target in self.map.targets().values()):
            raise ValueError(f"map: {self.product} has no groups of tasks; name a responsible")
        return self

    def department_of(self, *, group: str, responsible: str) -> str | None:
        """Return the department of the map that has this group, else the one that has this responsible."""
        named = self.map.department.items()
        by_group = (name for name, target in named if group and str(target.group) == group)
        by_person = (name for name, target in named if responsible and str(target.responsible) == responsible)
        return next(by_group, None) or next(by_person, None)

    def own(self) -> dict[str, Any]:
        """Return the settings of the product that are given."""
        keys = load(self.product).Settings.model_fields
        return {key: value for key in keys if (value := getattr(self, key)) is not None}


def with_products(base: type[CrmConfig]) -> type[CrmConfig]:
    """Return *base* with the keys of every product, each optional: which of them count, ``product`` decides."""
    fields: dict[str, Any] = {}
    about: dict[str, list[str]] = {}
    for name in names():
        for key, field in load(name).Settings.model_fields.items():
            about.setdefault(key, []).append(f"{name}: {field.description}")
            annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            fields[key] = (annotation | None, Field(default=None, description="; ".join(about[key])))
    described = Field(default=DEFAULT_PRODUCT, description="which CRM: " + ", ".join(names()))
    fields["product"] = (Literal[names()], described)
    made: type[CrmConfig] = create_model("CrmConfig", __base__=base, **fields)
    return made
