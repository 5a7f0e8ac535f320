"""Why a session is not opened or changed."""

from chalicelib.kit.problem import Refusal


class RoleNotHeld(Refusal):
    """The person does not hold the role he wants to act in."""

    status = 403
    title = "Такой роли у вас нет"
    detail = "Вы не назначены на эту роль в этой организации. Войдите в другой роли или обратитесь к администратору."
