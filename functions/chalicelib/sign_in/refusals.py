"""Why a sign-in does not go on. None of them tells whether a login exists."""

from chalicelib.kit.problem import Refusal


class PasswordWrong(Refusal):
    """The login and password do not fit each other, or there is no such login."""

    status = 401
    title = "Логин или пароль не подошли"
    detail = "Логин или пароль введены неверно. Проверьте раскладку и регистр букв и попробуйте ещё раз."
    is_guess = True


class SignInExpired(Refusal):
    """The ticket of the sign-in is damaged, too old, or of an earlier state of the account."""

    status = 409
    title = "Вход нужно начать заново"
    detail = "С начала входа прошло слишком много времени или доступ изменился. Начните вход с первого шага."


class FactorNeeded(Refusal):
    """This way of signing in wants a second factor, and none was given."""

    status = 422
    title = "Нужен второй фактор"
    detail = "Подтвердите вход кодом из SMS, письма или приложения либо ключом доступа."


class AccountNotConfirmed(Refusal):
    """Somebody opened a cabinet with this person's data and never proved himself; who has proved himself starts anew."""

    status = 409
    title = "Кабинет открывал неподтверждённый пользователь"
    detail = (
        "На ваш СНИЛС уже открыт кабинет, но личность того, кто его открыл, не подтверждена. Продолжите регистрацию: "
        "прежний доступ сразу прекратится, кабинет станет вашим."
    )


class NoLongerWorking(Refusal):
    """The register says that the worker has no employment any more."""

    status = 403
    title = "Нет действующего места работы"
    detail = (
        "По регистру у вас нет действующего места работы, поэтому вход закрыт. Мы запросили регистр ещё раз: "
        "повторите вход через несколько минут. Если не поможет, обратитесь в кадровую службу."
    )


class SignatureAlreadyUsed(Refusal):
    """The challenge has been answered before."""

    status = 409
    title = "Эта подпись уже использована"
    detail = "По этому тексту вход уже был. Начните вход ещё раз и подпишите новый текст."
