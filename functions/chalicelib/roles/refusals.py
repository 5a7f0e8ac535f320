"""Why a role is not given or taken."""

from chalicelib.kit.problem import Refusal


class RoleNotGrantable(Refusal):
    """The caller's role gives no such role."""

    status = 403
    title = "Эту роль вы не даёте"
    detail = (
        "Ваша роль не даёт права приглашать на эту роль и отзывать её. "
        "Кто какие роли даёт, перечислено в справке о ролях."
    )


class InvitingOneself(Refusal):
    """Nobody grants himself a role."""

    status = 409
    title = "Нельзя пригласить самого себя"
    detail = "Роль себе выдать нельзя. Попросите другого человека, который даёт эту роль, прислать вам приглашение."


class WithdrawingOneself(Refusal):
    """One's own role is given up, not withdrawn."""

    status = 409
    title = "Свою роль не отзывают"
    detail = "Отозвать можно роль другого человека. Если роль больше не нужна вам самому, откажитесь от неё."


class OrganisationClosed(Refusal):
    """No roles begin at a closed organisation."""

    status = 409
    title = "Организация закрыта"
    detail = "Организация закрыта, новые роли в ней не выдаются. Если это ошибка, обратитесь к администратору кабинета."


class InvitationEnded(Refusal):
    """The invitation is unknown, used, withdrawn, older than three days, or its grantor's role has ended."""

    status = 409
    title = "Приглашение больше не действует"
    detail = (
        "Номер приглашения записан с ошибкой, уже использован, отозван, старше трёх суток, или у пригласившего больше нет прав. "
        "Вставьте номер из письма целиком или попросите новое приглашение."
    )


class InvitationForAnother(Refusal):
    """The invitation names another person's СНИЛС."""

    status = 409
    title = "Приглашение не для вас"
    detail = (
        "Приглашение выписано на другой СНИЛС. "
        "Попросите того, кто вас пригласил, проверить СНИЛС и прислать новое приглашение."
    )


class ProvedSignInRequired(Refusal):
    """The session was opened by a password, which does not prove who accepts."""

    status = 403
    title = "Войдите через Госуслуги или по подписи"
    detail = (
        "Приглашение принимает тот, чью личность подтвердил вход. "
        "Выйдите, войдите через Госуслуги или по электронной подписи и примите приглашение снова."
    )


class EsiaSignInRequired(Refusal):
    """A patient's role is taken in a session that ЕСИА has opened."""

    status = 403
    title = "Войдите через Госуслуги"
    detail = "Пациентом становится тот, кого назвали Госуслуги. Выйдите, войдите через Госуслуги и повторите."


class RolesExclude(Refusal):
    """Administrator and security officer watch each other."""

    status = 409
    title = "Эти роли не сочетаются"
    detail = (
        "Администратор и сотрудник службы безопасности — всегда разные люди. "
        "Сначала откажитесь от прежней роли или попросите пригласить другого человека."
    )


class RoleAlreadyHeld(Refusal):
    """The person holds this role there already."""

    status = 409
    title = "Эта роль уже есть"
    detail = "У вас уже есть эта роль в этой организации. Выберите её при входе."


class LastHolder(Refusal):
    """Without this person nobody would be left in the role."""

    status = 409
    title = "Это последний человек в роли"
    detail = (
        "Без него в этой роли не останется никого. Сначала пригласите замену и дождитесь, пока она примет приглашение."
    )
