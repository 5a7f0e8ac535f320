"""Why a factor cannot be added."""

from chalicelib.kit.problem import Refusal


class TotpNotStarted(Refusal):
    """There is no authenticator app waiting for its first code, or it has waited for more than ten minutes."""

    status = 409
    title = "Подключение не начато"
    detail = "Подключение приложения не начато, уже завершено или заняло больше 10 минут. Начните его заново."


class FactorNotAvailable(Refusal):
    """The account has no such second factor."""

    status = 409
    title = "Этот способ не подключён"
    detail = "Выбранный способ подтверждения не подключён. Выберите другой из предложенных."


class PasskeyWrong(Refusal):
    """What the device answered does not prove the act."""

    status = 422
    title = "Ключ доступа не принят"
    detail = "Ключ доступа не принят: {reason}. Попробуйте ещё раз или выберите другой способ подтверждения."


class PasskeyCloned(Refusal):
    """The counter of the device went back: somebody may use a copy of the key."""

    status = 409
    title = "У ключа доступа могла появиться копия"
    detail = (
        "Счётчик этого ключа доступа пошёл назад: возможно, ключ скопирован. Подтвердите действие другим способом, "
        "удалите этот ключ и подключите новый."
    )


class PasskeyNotStarted(Refusal):
    """The ticket of the registration is damaged, too old or used."""

    status = 409
    title = "Подключение ключа не начато"
    detail = "Подключение ключа доступа не начато, уже завершено или заняло больше 10 минут. Начните его заново."


class PasskeyAlreadyAdded(Refusal):
    """The account knows this very key."""

    status = 409
    title = "Этот ключ уже подключён"
    detail = "Этот ключ доступа уже подключён к вашему кабинету. Чтобы изменить название, откройте список способов."


class TooManyPasskeys(Refusal):
    """The account has as many passkeys as it may."""

    status = 409
    title = "Слишком много ключей доступа"
    detail = "Подключено 20 ключей доступа, больше нельзя. Удалите тот, которым не пользуетесь, и повторите."


class LastFactor(Refusal):
    """Without this factor there would be nothing to prove acts with."""

    status = 409
    title = "Это последний способ подтверждения"
    detail = "Последний способ подтверждения удалить нельзя. Сначала подключите другой, потом удалите этот."


class FactorNotNamed(Refusal):
    """Only an app and passkeys have names of one's own."""

    status = 409
    title = "У этого способа нет своего названия"
    detail = "Название можно дать приложению с кодами и ключу доступа. СМС, письмо и резервные коды называются сами."


class FactorAlreadyOn(Refusal):
    """Codes come by this channel already."""

    status = 409
    title = "Этот способ уже включён"
    detail = "Коды по этому каналу уже включены, ничего делать не нужно."
