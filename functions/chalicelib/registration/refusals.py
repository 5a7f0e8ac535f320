"""Why a registration does not go on. None of them tells whether a worker or an account exists."""

from chalicelib.kit.problem import Refusal


class FlowEnded(Refusal):
    """The flow is unknown, out of time or already used for this step."""

    status = 409
    title = "Начните заново"
    detail = (
        "Эта попытка больше не действует: прошло слишком много времени или шаг уже пройден. Начните с первого шага."
    )
