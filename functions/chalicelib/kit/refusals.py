"""The refusals that any operation may give."""

from chalicelib.kit.problem import Refusal


class InvalidJson(Refusal):
    """The body is not one JSON text in UTF-8, repeats a key or is too deep."""

    status = 400
    title = "Запрос не читается"
    detail = "Тело запроса не удалось прочитать: {why} Исправьте его и отправьте ещё раз."


class BodyTooLarge(Refusal):
    """The body is over the limit."""

    status = 413
    title = "Слишком большой запрос"
    detail = "Запрос больше допустимых 256 КБ. Сократите его и отправьте ещё раз."


class UnsupportedMediaType(Refusal):
    """The body is not declared as JSON."""

    status = 415
    title = "Неподходящий тип содержимого"
    detail = "Тело запроса должно быть в формате JSON: укажите заголовок Content-Type: application/json."


class WrongFields(Refusal):
    """Some fields are missing, unknown or wrong; all of them are named."""

    status = 422
    title = "Есть ошибки в полях"
    detail = "Проверьте поля, перечисленные ниже, исправьте их и отправьте ещё раз. Ничего не сохранено."


class RouteNotFound(Refusal):
    """There is no such address."""

    status = 404
    title = "Такого адреса нет"
    detail = "По этому адресу ничего нет. Сверьте адрес со справочником операций."


class MethodNotAllowed(Refusal):
    """The address exists, the method does not."""

    status = 405
    title = "Метод не подходит"
    detail = "Этот адрес не принимает такой метод. Разрешённые методы перечислены в заголовке Allow."


class NotFound(Refusal):
    """The thing does not exist, or is not the caller's to see: the two are never told apart."""

    status = 404
    title = "Не найдено"
    detail = "Такой записи нет или она вам недоступна. Обновите список и выберите запись заново."


class NotSignedIn(Refusal):
    """No usable session token came with the call."""

    status = 401
    title = "Нужно войти"
    detail = "Войдите в кабинет и повторите действие."


class SessionEnded(Refusal):
    """The session ended by idleness, by its absolute limit, by sign-out or by force."""

    status = 401
    title = "Сеанс завершён"
    detail = "Сеанс закончился: истекло время, вы вышли или доступ был сброшен. Войдите заново."


class CrossSiteCall(Refusal):
    """A changing call came with the session's cookie and from another site."""

    status = 403
    title = "Запрос пришёл с чужого сайта"
    detail = "Действие запрошено не со страницы кабинета, поэтому не выполнено. Откройте кабинет и повторите его там."


class TryLater(Refusal):
    """After some wrong passwords the next try has to wait, longer each time."""

    status = 429
    title = "Подождите немного"
    detail = (
        "Пароль несколько раз ввели неверно, поэтому следующая попытка возможна чуть позже: от секунд до пяти минут. "
        "Если пароль забыт, восстановите доступ."
    )


class TooManyGuesses(Refusal):
    """This network has guessed wrong too often, whatever the accounts."""

    status = 429
    title = "Слишком много неверных попыток"
    detail = (
        "Из вашей сети за этот час слишком много раз вводили неверные пароли или коды. Подождите час "
        "или войдите через Госуслуги, ключом доступа или электронной подписью."
    )
    retry_after = 3600


class RoleNotAllowed(Refusal):
    """The role of this session may not do this."""

    status = 403
    title = "Недостаточно прав"
    detail = "В вашей нынешней роли это действие недоступно. Перейдите в роль, которой оно разрешено."


class ConsentRequired(Refusal):
    """The security policy has a new version that the person has not accepted yet."""

    status = 403
    title = "Нужно согласие с политикой безопасности"
    detail = "Вышла новая версия политики безопасности. Прочитайте её и примите: до этого остальные функции закрыты."


class PasswordExpired(Refusal):
    """The password is older than the policy allows."""

    status = 403
    title = "Пора сменить пароль"
    detail = "Срок действия пароля закончился. Смените его: до этого остальные функции закрыты."


class WorkplaceRequired(Refusal):
    """The worker has several workplaces and has not said for which one he acts."""

    status = 403
    title = "Выберите место работы"
    detail = (
        "По регистру у вас несколько мест работы. Выберите то, за которое сейчас работаете: потом его можно сменить."
    )


class IdentityNotConfirmed(Refusal):
    """The account rests on matching data only; the person has not been proven yet."""

    status = 403
    title = "Личность не подтверждена"
    detail = (
        "Это действие откроется после подтверждения личности. Войдите через Госуслуги или по электронной подписи "
        "либо придите с паспортом в кадровую службу вашей организации."
    )


class FreshFactorRequired(Refusal):
    """A dangerous act needs a second factor entered a short while ago."""

    status = 403
    title = "Подтвердите вход ещё раз"
    detail = (
        "Для этого действия второй фактор должен быть введён не более 10 минут назад. "
        "Подтвердите вход ещё раз, выходить не нужно, и повторите действие."
    )


class FullSignInRequired(Refusal):
    """What guards the account changes only soon after a whole sign-in; a factor in the open session is not enough."""

    status = 403
    title = "Войдите заново"
    detail = (
        "Способы входа, телефон и почта меняются не позже чем через 10 минут после входа. "
        "Войдите заново (прежний сеанс на этом устройстве закончится сам) и повторите действие."
    )


class TooManyCalls(Refusal):
    """The caller asks too often."""

    status = 429
    title = "Слишком много запросов"
    detail = (
        "Запросы идут слишком часто. Подождите столько секунд, сколько указано в заголовке Retry-After, и повторите."
    )
    retry_after = 60


class TooManyTries(Refusal):
    """The tries of this hour are used up."""

    status = 429
    title = "Слишком много попыток"
    detail = "Попытки на этот час закончились. Подождите час и начните заново; другие способы входа не заблокированы."
    retry_after = 3600


class PasswordDoorShut(Refusal):
    """A hundred passwords in a row were wrong: until a new one is set, none is compared here."""

    status = 403
    title = "Вход по паролю закрыт"
    detail = (
        "Сто раз подряд пароль вводили неверно, поэтому он здесь больше не принимается. "
        "Задайте новый пароль через «Восстановление доступа» или войдите другим способом."
    )


class IdempotencyKeyRequired(Refusal):
    """A POST came without an Idempotency-Key of 22 to 64 random characters."""

    status = 400
    title = "Нужен ключ повторения"
    detail = (
        "Добавьте заголовок Idempotency-Key: 22–64 случайных символа "
        "(латинские буквы, цифры, «-», «_»), свой для каждого действия."
    )


class IdempotencyKeyReused(Refusal):
    """The key was used before with another request."""

    status = 422
    title = "Ключ повторения уже использован"
    detail = "С этим Idempotency-Key раньше пришёл другой запрос. Для нового действия возьмите новый ключ."


class VersionRequired(Refusal):
    """A change came without a strong If-Match."""

    status = 428
    title = "Нужна версия записи"
    detail = "Добавьте заголовок If-Match с точным значением ETag из последнего чтения этой записи."


class Stale(Refusal):
    """Somebody changed the entity since it was read."""

    status = 412
    title = "Запись уже изменилась"
    detail = (
        "Пока вы работали, запись изменили. Прочитайте её заново и повторите изменение. Ваше изменение не сохранено."
    )


class Busy(Refusal):
    """Parallel changes or a throttled store: nothing was written."""

    status = 503
    title = "Сейчас занято"
    detail = "Одновременно идут другие изменения. Ничего не сохранено: повторите через секунду."
    retry_after = 1


class TemporarilyUnavailable(Refusal):
    """AWS did not answer, or answered that it is broken; whether a change was saved is not known."""

    status = 503
    title = "Кабинет временно не отвечает"
    detail = (
        "Связь внутри кабинета прервалась, и неизвестно, выполнено ли действие. Повторите его через несколько секунд "
        "с тем же ключом повторения (Idempotency-Key): дважды оно не выполнится."
    )
    retry_after = 5


class InvalidCursor(Refusal):
    """The cursor is damaged, old, or belongs to another list."""

    status = 400
    title = "Страница списка устарела"
    detail = "Продолжение этого списка больше не действует. Откройте список с начала."


class InternalError(Refusal):
    """Something unexpected: nothing about the inside is told."""

    status = 500
    title = "Ошибка на нашей стороне"
    detail = "Что-то пошло не так у нас. Повторите позже; если не поможет, сообщите поддержке номер trace_id."
