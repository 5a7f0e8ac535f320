"""Why a registration does not go on. None of them tells whether a worker or an account exists."""

from chalicelib.kit.problem import Refusal


class FlowEnded(Refusal):
    """The flow is unknown, out of time or already used for this step."""

    status = 409
    title = "Начните заново"
    detail = (
        "Эта попытка больше не действует: прошло слишком много времени или шаг уже пройден. Начните с первого шага."
    )


class AccountExists(Refusal):
    """The person who has proved himself has a confirmed cabinet."""

    status = 409
    title = "Кабинет у вас уже есть"
    detail = "У вас уже есть подтверждённый кабинет. Завершите вход: новый открывать не нужно."


class PatientsComeByEsia(Refusal):
    """A patient's cabinet is opened after ЕСИА only: neither a signature nor a gateway is enough."""

    status = 409
    title = "Кабинет пациента открывают через Госуслуги"
    detail = (
        "Кабинет пациента открывается только после входа через Госуслуги. Войдите через Госуслуги и повторите. "
        "Если вы медицинский работник, выберите «медицинский работник»."
    )


class NotInRegister(Refusal):
    """The register holds no present employment of the person."""

    status = 409
    title = "Вас нет в регистре медицинских работников"
    detail = (
        "Личность подтверждена, но в регистре медицинских работников нет вашего действующего места работы. "
        "Обратитесь в кадровую службу организации, где вы работаете, или откройте кабинет пациента."
    )
