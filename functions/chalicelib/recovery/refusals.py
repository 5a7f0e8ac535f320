"""Why a password is not changed or an access not given back. None of them tells a stranger whether a login exists."""

from chalicelib.kit.problem import Refusal


class CurrentPasswordWrong(Refusal):
    """The present password does not fit."""

    status = 422
    title = "Нынешний пароль не подошёл"
    detail = (
        "Нынешний пароль введён неверно, новый не сохранён. Проверьте раскладку и регистр букв. "
        "Не помните пароль или входите без него — задайте новый через «Восстановление доступа»."
    )


class RecoveryEnded(Refusal):
    """The number of the recovery is damaged or too old."""

    status = 409
    title = "Восстановление нужно начать заново"
    detail = "С начала восстановления прошло больше 10 минут. Начните заново: придут новые коды."


class BothChannelsNeeded(Refusal):
    """The security profile demands codes from both confirmed channels."""

    status = 422
    title = "Нужны коды из SMS и из письма"
    detail = "По нынешним правилам доступ восстанавливают двумя кодами: из SMS и из письма. Начните и выберите оба."


class ReportEnded(Refusal):
    """The number from the letter is damaged or older than a week."""

    status = 409
    title = "Ссылка больше не действует"
    detail = (
        "Ссылка из письма скопирована не целиком или старше недели. "
        "Чтобы закрыть чужой доступ, задайте новый пароль через «Восстановление доступа» или обратитесь в поддержку."
    )


class NotBlocked(Refusal):
    """There is no closed access to give back."""

    status = 409
    title = "Доступ не закрыт"
    detail = "Открывать нечего: доступ не закрыт. Если войти не получается, воспользуйтесь «Восстановлением доступа»."


class TwoFactorProofNeeded(Refusal):
    """The proof rests on one factor, and what it would undo was closed because one factor may be stolen."""

    status = 403
    title = "Подтвердите личность двумя способами"
    detail = (
        "На Госуслугах вы подтвердили личность одним паролем. Включите там вход с подтверждением и войдите снова, "
        "войдите по электронной подписи или восстановите доступ кодами из SMS и из письма вместе."
    )


class AlreadyBlocked(Refusal):
    """An officer has closed the access before."""

    status = 409
    title = "Доступ уже закрыт"
    detail = "Доступ этого человека уже закрыт администратором или службой безопасности. Закрывать ещё раз не нужно."


class NotForOneself(Refusal):
    """Nobody closes or opens his own access from an office."""

    status = 409
    title = "Нельзя для самого себя"
    detail = "Свой доступ нельзя ни закрыть, ни открыть. Попросите другого сотрудника."


class ClosedByOffice(Refusal):
    """Support does not lift what administrators or security have imposed."""

    status = 403
    title = "Доступ закрыт администратором или службой безопасности"
    detail = "Этот доступ закрыли администратор или служба безопасности; открыть его могут только они. Передайте обращение им."
