"""Why a journal is not shown."""

from chalicelib.kit.problem import Refusal


class CheckEnded(Refusal):
    """The check was closed, or its term has passed."""

    status = 409
    title = "Проверка завершена"
    detail = "Проверка закрыта или её срок вышел, поэтому журнал организации больше не показывается."
