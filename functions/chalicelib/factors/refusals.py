"""Why a factor cannot be added."""

from chalicelib.kit.problem import Refusal


class TotpNotStarted(Refusal):
    """There is no authenticator app waiting for its first code."""

    status = 409
    title = "Подключение не начато"
    detail = "Подключение приложения не начато или уже завершено. Начните подключение заново."


class FactorNotAvailable(Refusal):
    """The account has no such second factor."""

    status = 409
    title = "Этот способ не подключён"
    detail = "Выбранный способ подтверждения не подключён. Выберите другой из предложенных."
