"""The expected "no"s of the seals."""

from chalicelib.kit.problem import Refusal


class NothingSealed(Refusal):
    """No record of the person has been sealed yet, or no record at all."""

    status = 409
    title = "Журнал ещё не опечатан"
    detail = (
        "Записей под печатью ещё нет: печать ставится не позже чем через минуту после действия. Повторите через минуту."
    )
