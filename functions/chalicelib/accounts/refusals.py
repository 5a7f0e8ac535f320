"""Why an account cannot be dealt with."""

from chalicelib.kit.problem import Refusal
from chalicelib.kit.refusals import TooManyTries as TooManyTries  # noqa: PLC0414 - the doors name it beside the others


class IdentityAlreadyConfirmed(Refusal):
    """The person was proven before; nothing is started over."""

    status = 409
    title = "Личность уже подтверждена"
    detail = "Личность этого работника уже подтверждена. Если он потерял доступ, пусть обратится в поддержку."


class ConfirmingOneself(Refusal):
    """Nobody confirms himself."""

    status = 409
    title = "Нельзя подтвердить самого себя"
    detail = "Вашу личность подтверждает другой сотрудник кадровой службы. Попросите его открыть вашу карточку."


class CodeWrong(Refusal):
    """The code does not fit the act."""

    status = 422
    title = "Код не подошёл"
    detail = "Код введён неверно, устарел или уже использован. Проверьте последнее сообщение или запросите новый код."
    is_guess = True


class AccountClosed(Refusal):
    """The account was closed."""

    status = 403
    title = "Кабинет закрыт"
    detail = "Этот кабинет закрыт. Если он нужен снова, обратитесь к администратору."


class PhoneTaken(Refusal):
    """The number is confirmed in another account."""

    status = 409
    title = "Телефон занят"
    detail = "Этот телефон подтверждён в другом кабинете. Укажите другой номер или обратитесь в поддержку."


class ActivationEnded(Refusal):
    """The letter's number is damaged, used or older than three days."""

    status = 409
    title = "Письмо больше не действует"
    detail = "Номер из письма уже использован или устарел. Попросите кадровую службу прислать новое письмо."


class RegisterUnavailable(Refusal):
    """The register of medical workers does not answer."""

    status = 503
    title = "Регистр медицинских работников не отвечает"
    detail = (
        "Регистр медицинских работников сейчас не отвечает, поэтому сверить данные нельзя. "
        "Ничего не сохранено и не потеряно: повторите через несколько минут."
    )
    retry_after = 30


class AccountNotClosed(Refusal):
    """Only a closed account is reopened."""

    status = 409
    title = "Кабинет не закрыт"
    detail = (
        "Этот кабинет открыт, возвращать его не нужно. Если человек не может войти, помогите ему восстановить доступ."
    )


class AccountErased(Refusal):
    """The time of retention is over."""

    status = 409
    title = "Данные кабинета уже стёрты"
    detail = "Срок хранения закрытого кабинета прошёл, вернуть его нельзя. Человек может зарегистрироваться заново."


class ClosingOneself(Refusal):
    """An administrator closes others' accounts here, his own as everybody does."""

    status = 409
    title = "Свой кабинет закрывают иначе"
    detail = "Здесь закрывают кабинет другого человека. Чтобы закрыть свой, откройте «Закрыть свой кабинет»."


class HandOverUnfit(Refusal):
    """The colleague does not work there, or has no open account."""

    status = 409
    title = "Передать дела этому коллеге нельзя"
    detail = (
        "Коллега и владелец кабинета должны работать в одной организации, а кабинет коллеги — быть открытым. "
        "Проверьте номер коллеги и организацию. Кабинет пока не закрыт."
    )


class PolicyNotAccepted(Refusal):
    """The consent names another version of the security policy."""

    status = 422
    title = "Нужно согласие с политикой безопасности"
    detail = "Прочитайте действующую политику безопасности и подтвердите согласие с её нынешней версией: {version}."


class AccountBlocked(Refusal):
    """The owner, the cabinet's own watch or an officer has closed the access; told only to who has proved himself."""

    status = 403
    title = "Доступ закрыт"
    detail = (
        "Доступ в кабинет закрыт: вы сообщили о чужом входе, сработала защита или так решил администратор. "
        "Первые два случая снимаются кодами из SMS и из письма вместе, через ЕСИА или электронной подписью. "
        "Если не помогло, обратитесь в поддержку с паспортом."
    )
