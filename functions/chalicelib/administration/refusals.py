"""Why an organisation or a setting cannot be changed."""

from chalicelib.kit.problem import Refusal


class OrganisationExists(Refusal):
    """The OID is taken."""

    status = 409
    title = "Такая организация уже есть"
    detail = "Организация с этим OID уже заведена. Откройте её карточку и измените её."


class SettingChanged(Refusal):
    """Another administrator was faster, or the value seen is an old one."""

    status = 409
    title = "Настройка уже изменилась"
    detail = (
        "Пока вы решали, настройку изменили. Откройте настройки заново, посмотрите действующее значение и повторите."
    )
