"""How organisations and settings are shown."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, inspect

from chalicelib.administration.rules import coming
from chalicelib.administration.tables import Organisation
from chalicelib.kit import clock
from chalicelib.kit.body import Answer
from chalicelib.kit.options import Options, in_force
from chalicelib.kit.problem import wrong
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import Text

OrganisationKind = Annotated[
    Literal["hospital", "authority", "pharmacy", "education", "other"],
    Meta(
        title="Вид организации",
        description=(
            "hospital — медицинская организация, authority — контролирующий орган, pharmacy — аптека, "
            "education — образовательная организация, other — иная."
        ),
    ),
]
OrganisationState = Annotated[
    Literal["working", "closed"],
    Meta(title="Состояние", description="working — работает, closed — закрыта: новых приглашений нет."),
]
OrganisationName = Annotated[Text, Meta(title="Название организации", examples=["Городская больница № 1"])]


class OrganisationView(Answer):
    """An organisation of the cabinet."""

    organisation_id: Annotated[str, Meta(title="Номер организации", description="OID или номер вида org_…")]
    kind: OrganisationKind
    name: Annotated[str, Meta(title="Название организации")]
    ogrn: Annotated[str, Meta(title="ОГРН организации")]
    state: OrganisationState
    version: Annotated[int, Meta(title="Версия записи")]


class ComingChange(Answer):
    """A value that was set for later."""

    value: Annotated[str, Meta(title="Значение")]
    valid_from: Annotated[str, Meta(title="С какого момента действует")]


class SettingView(Answer):
    """One setting: what it is, what it may be, what it is now and what it will be."""

    name: Annotated[str, Meta(title="Имя настройки")]
    title: Annotated[str, Meta(title="Название")]
    bounds: Annotated[str, Meta(title="Что можно задать")]
    least: Annotated[int | None, Meta(title="Наименьшее значение", description="Только у чисел.")]
    most: Annotated[int | None, Meta(title="Наибольшее значение", description="Только у чисел.")]
    choices: Annotated[list[str], Meta(title="Варианты", description="Только у настроек с вариантами.")]
    value: Annotated[str, Meta(title="Действующее значение")]
    coming: Annotated[list[ComingChange], Meta(title="Будущие изменения")]


def show_organisation(found: Organisation) -> OrganisationView:
    """Show an organisation to the office."""
    kind: Any = found.kind
    state: Any = found.state
    return OrganisationView(
        organisation_id=found.organisation_id,
        kind=kind,
        name=found.name,
        ogrn=found.ogrn,
        state=state,
        version=int(found.version),
    )


def name_key(name: str) -> str:
    """Return the form of a name by which lists are sorted: no capitals, ё beside е."""
    return name.casefold().replace("ё", "е")


def show_settings(rows: list[Setting]) -> list[SettingView]:
    """Show every setting with its bounds, its value in force and the coming ones."""
    return [show_setting(name, [one for one in rows if one.name == name]) for name in Options.__struct_fields__]


def show_setting(name: str, rows: list[Setting]) -> SettingView:
    """Show one setting by its rows."""
    kind, said = _described(name)
    decisions = [(one.place, int(one.valid_from), one.value) for one in rows]
    return SettingView(
        name=name,
        title=said["title"],
        bounds=said["description"],
        least=getattr(kind, "ge", None),
        most=getattr(kind, "le", None),
        choices=[str(one) for one in getattr(kind, "values", ())],
        value=written(getattr(in_force(rows), name)),
        coming=[
            ComingChange(value=written(value), valid_from=clock.moment(at))
            for at, value in coming(decisions, clock.epoch())
        ],
    )


def written(value: object) -> str:
    """Write a value as people read and type it: `15`, `modern`, `true`."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def typed(name: str, text: str) -> Any:
    """Read the typed value of a setting, or refuse it with its bounds."""
    try:
        return getattr(msgspec.convert({name: text}, Options, strict=False), name)
    except msgspec.ValidationError:
        raise WrongFields([wrong("/value", f"Так задать нельзя. {_described(name)[1]['description']}")]) from None


def _described(name: str) -> tuple[Any, dict[str, Any]]:
    """Return the inspected type of a setting and its title and description."""
    fields: Any = inspect.type_info(Options)
    (field,) = (one for one in fields.fields if one.name == name)
    if isinstance(field.type, inspect.Metadata):
        return field.type.type, field.type.extra_json_schema or {}
    return field.type, {}
