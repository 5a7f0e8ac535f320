"""Why a sign-in does not go on. None of them tells whether a login exists."""

from chalicelib.kit.problem import Refusal


class PasswordWrong(Refusal):
    """The login and password do not fit each other, or there is no such login."""

    status = 401
    title = "Логин или пароль не подошли"
    detail = "Логин или пароль введены неверно. Проверьте раскладку и регистр букв и попробуйте ещё раз."


class SignInExpired(Refusal):
    """The ticket of the sign-in is damaged, too old, or of an earlier state of the account."""

    status = 409
    title = "Вход нужно начать заново"
    detail = "С начала входа прошло слишком много времени или доступ изменился. Начните вход с первого шага."


class RoleNotHeld(Refusal):
    """The person does not hold the role he wants to act in."""

    status = 403
    title = "Такой роли у вас нет"
    detail = "Вы не назначены на эту роль в этой организации. Войдите в другой роли или обратитесь к администратору."


class NoLongerWorking(Refusal):
    """The register says that the worker has no employment any more."""

    status = 403
    title = "Нет действующего места работы"
    detail = (
        "По регистру у вас нет действующего места работы, поэтому вход закрыт. Мы запросили регистр ещё раз: "
        "повторите вход через несколько минут. Если не поможет, обратитесь в кадровую службу."
    )
    keeps_effects = True


class SignatureAlreadyUsed(Refusal):
    """The challenge has been answered before."""

    status = 409
    title = "Эта подпись уже использована"
    detail = "По этому тексту вход уже был. Начните вход ещё раз и подпишите новый текст."
