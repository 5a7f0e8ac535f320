"""What the administrator may set, what holds now and what will."""

from chalicelib.administration.schemas import SettingView, show_settings
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Setting

ALL = 10_000  # rows are small and added by hand: all of them fit one page of the store


class SettingsView(Answer):
    """All settings of the cabinet."""

    items: list[SettingView]


@operation(
    "GET /v1/administration/settings",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet()},
    reads=[Query(Setting)],
    audit="settings.read",
)
def read_settings(call: Call) -> SettingsView:
    """Показать настройки кабинета."""
    return SettingsView(items=show_settings(list(call.page(Setting.everything(), ALL, None).items)))
