"""Why a profile cannot be changed or checked."""

from chalicelib.kit.problem import Refusal


class ContactChangeMissing(Refusal):
    """There is no contact change to confirm, or its time is over."""

    status = 409
    title = "Нет изменения, которое можно подтвердить"
    detail = "Изменение контактов не начато, уже подтверждено или его коды устарели. Начните изменение заново."


class NothingToChange(Refusal):
    """The request changes nothing."""

    status = 422
    title = "Нет изменений"
    detail = "В запросе нет ни одного изменения. Укажите хотя бы одно поле с новым значением."


class LicenceNotProposed(Refusal):
    """There is no licence number waiting for the organisation."""

    status = 409
    title = "Нечего подтверждать"
    detail = (
        "Работник не предлагал этого номера лицензии: предложил другой, не предлагал никакого или номер уже подтверждён. "
        "Уточните номер у работника и введите его точно."
    )
