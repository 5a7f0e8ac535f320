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
        "На ваш СНИЛС был открыт кабинет, но личность того, кто его открыл, не подтверждена: его доступ прекращён. "
        "Продолжите регистрацию, и кабинет станет вашим."
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


class ProviderNotConnected(Refusal):
    """The operator has not set this provider up."""

    status = 409
    title = "Этот вход не подключён"
    detail = "Вход через эту службу в кабинете не подключён. Войдите с логином и паролем или другим способом."


class ProviderFlowEnded(Refusal):
    """The flow is damaged, older than a quarter of an hour, or was used."""

    status = 409
    title = "Вход через Госуслуги нужно начать заново"
    detail = (
        "С начала входа прошло больше 15 минут, или этот вход уже использован. Нажмите «Войти через Госуслуги» ещё раз."
    )


class ForeignProviderAnswer(Refusal):
    """The answer belongs to another sign-in than the one that was started here."""

    status = 409
    title = "Ответ пришёл не на ваш вход"
    detail = (
        "Ответ Госуслуг относится к другому входу: возможно, вы начали вход дважды или открыли чужую ссылку. "
        "Закройте её и нажмите «Войти через Госуслуги» ещё раз."
    )


class ProviderUnavailable(Refusal):
    """The provider does not answer in time."""

    status = 503
    title = "Госуслуги не отвечают"
    detail = "Служба входа сейчас не отвечает. Повторите через полминуты или войдите с логином и паролем."
    retry_after = 30


class ProviderBusy(Refusal):
    """The provider says that it is overloaded."""

    status = 503
    title = "Госуслуги перегружены"
    detail = "Служба входа перегружена и просит подождать. Повторите через минуту или войдите с логином и паролем."
    retry_after = 60


class ProviderDeclined(Refusal):
    """The person pressed «Отказаться» at the provider."""

    status = 409
    title = "Вход отменён на Госуслугах"
    detail = (
        "На странице Госуслуг вы не разрешили передать данные кабинету. "
        "Если передумали, нажмите «Войти через Госуслуги» ещё раз и выберите «Разрешить»."
    )


class ProviderCodeSpent(Refusal):
    """The code is too old, was used, or belongs to another return address."""

    status = 409
    title = "Код входа устарел"
    detail = (
        "Код, с которым вернули Госуслуги, устарел или уже использован: он действует несколько минут и один раз. "
        "Нажмите «Войти через Госуслуги» ещё раз и не обновляйте страницу возврата."
    )


class ProviderFactorUnavailable(Refusal):
    """Two factors are demanded and the person has none that works."""

    status = 409
    title = "Недоступно подтверждение входа на Госуслугах"
    detail = (
        "Госуслуги требуют подтвердить вход вторым способом, а он у вас недоступен. "
        "Настройте его в личном кабинете Госуслуг в разделе «Безопасность» или войдите с логином и паролем."
    )


class ProviderAccountUnconfirmed(Refusal):
    """The account at the provider is simplified or standard."""

    status = 403
    title = "Учётная запись Госуслуг не подтверждена"
    detail = (
        "В кабинет можно войти только с подтверждённой учётной записью Госуслуг. "
        "Подтвердите учётную запись (в центре обслуживания или через свой банк) и войдите ещё раз."
    )


class ProviderKnowsNoEmployee(Refusal):
    """The person wants to sign in for an organisation where the provider does not know him."""

    status = 403
    title = "Госуслуги не видят вас среди сотрудников организации"
    detail = "Войдите на Госуслугах как частное лицо: место работы кабинет узнаёт из регистра медицинских работников."


class ProviderDataMissing(Refusal):
    """No valid СНИЛС or no name came."""

    status = 409
    title = "Госуслуги не передали СНИЛС или имя"
    detail = (
        "Без СНИЛС, фамилии и имени кабинет не узнает, кто вы. Проверьте, указан ли СНИЛС в вашем профиле Госуслуг, "
        "и войдите ещё раз."
    )


class ProviderAnswerUntrusted(Refusal):
    """The answer does not prove that it comes from the provider and is meant for this sign-in."""

    status = 502
    title = "Ответ Госуслуг не прошёл проверку"
    detail = (
        "Подлинность ответа не подтвердилась, поэтому вход остановлен. Начните вход заново; "
        "если не поможет, сообщите в поддержку номер trace_id: ошибку исправляют администраторы кабинета."
    )


class ProviderSignatureUnknown(Refusal):
    """The answer is signed by a key that is not known here: the provider may have changed its certificate."""

    status = 502
    title = "Подпись Госуслуг не узнана"
    detail = (
        "Ответ подписан сертификатом, которого кабинет не знает: скорее всего, Госуслуги его сменили. Это исправляют "
        "администраторы кабинета: сообщите в поддержку номер trace_id, а пока войдите с логином и паролем."
    )


class ProviderClocksDiffer(Refusal):
    """The provider's clock and the cabinet's differ."""

    status = 502
    title = "Часы кабинета и Госуслуг расходятся"
    detail = "Вход не принят из-за расхождения часов. Это исправляют администраторы кабинета: сообщите в поддержку."


class ProviderKnowsNoCertificate(Refusal):
    """The provider does not accept the cabinet's certificate or signature."""

    status = 502
    title = "Госуслуги не приняли сертификат кабинета"
    detail = (
        "Связь кабинета с Госуслугами нужно обновить. Это исправляют администраторы кабинета: сообщите в поддержку."
    )


class ProviderRefusesData(Refusal):
    """The cabinet is not granted the data that it asks for."""

    status = 502
    title = "Кабинету не разрешены запрошенные данные"
    detail = "Госуслуги не разрешили кабинету эти данные. Это исправляют администраторы кабинета: сообщите в поддержку."


class ProviderKnowsNoAddress(Refusal):
    """The provider does not know the address of return."""

    status = 502
    title = "Госуслуги не знают адреса кабинета"
    detail = "Адрес возврата не зарегистрирован. Это исправляют администраторы кабинета: сообщите в поддержку."


class ProviderFailed(Refusal):
    """The provider refused for a reason that has no explanation of its own here."""

    status = 502
    title = "Вход на Госуслугах не удался"
    detail = "Госуслуги сообщили об ошибке. Начните вход заново; если не поможет, сообщите в поддержку номер trace_id."
