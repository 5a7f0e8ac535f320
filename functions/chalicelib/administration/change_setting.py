"""A decision on a setting is added; earlier ones stay readable, and of two at once one wins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

from chalicelib.administration.refusals import SettingChanged
from chalicelib.administration.schemas import SettingView, show_setting, typed
from chalicelib.kit import clock, options
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put, Query
from chalicelib.kit.declare import operation
from chalicelib.kit.problem import wrong
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import Token
from chalicelib.profile.refusals import NothingToChange

RECENT, FARTHEST = 100, timedelta(days=366)


class ChangeSetting(Body):
    """The new value, and the one that the administrator saw in force."""

    name: Annotated[Token, Meta(title="Имя настройки", examples=["idle_minutes"])]
    value: Annotated[Token, Meta(title="Новое значение", examples=["20"])]
    was: Annotated[Token, Meta(title="Действующее значение, которое вы видели", examples=["15"])]
    valid_from: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(title="С какого момента действует", description="Пусто — сразу."),
    ] = None


@operation(
    "POST /v1/administration/setting_changes",
    allow={Role.ADMIN: WholeCabinet()},
    fresh=True,
    reads=[Query(Setting)],
    writes=[Put(Setting)],
    refuses=[SettingChanged, NothingToChange],
    audit="setting.changed",
    status=201,
)
def change_setting(call: Call, body: ChangeSetting) -> SettingView:
    """Изменить настройку кабинета сразу или с будущего момента."""
    name = str(body.name)
    if name not in options.Options.__struct_fields__:
        raise WrongFields([wrong("/name", "Такой настройки нет: возьмите имя из списка настроек.")])
    value, begins = typed(name, str(body.value)), _beginning(body.valid_from)
    rows: list[Setting] = list(call.page(Setting.of(name), RECENT, None).items)
    before = show_setting(name, rows)
    if before.value != body.was:
        raise SettingChanged
    if before.value == body.value and not before.coming:
        raise NothingToChange
    number = int(rows[0].place.partition("#")[2]) + 1 if rows else 1
    place = f"{name}#{number:06d}"
    made = Setting(scope="cabinet", place=place, name=name, value=value, valid_from=begins, set_at=call.now)
    call.transaction.put(made, SettingChanged)
    call.note(fields=[name])
    options.forget()
    return show_setting(name, [*rows, made])


def _beginning(asked: datetime | None) -> int:
    now = clock.now()
    if asked is not None and not now < asked.astimezone(UTC) < now + FARTHEST:
        raise WrongFields([wrong("/valid_from", "Укажите будущий момент в пределах года или оставьте поле пустым.")])
    return int(asked.timestamp()) if asked else clock.epoch()
