"""Why an electronic signature or its certificate is not taken."""

from typing import Final

from chalicelib.kit.problem import Refusal


class SignatureUnreadable(Refusal):
    """The bytes are no CMS SignedData with signed attributes, or the certificate in it cannot be read."""

    status = 422
    title = "Подпись не читается"
    detail = (
        "Это не файл электронной подписи, или он повреждён. Подпишите текст ещё раз и передайте отсоединённую подпись "
        "(.sig, .p7s) целиком, в base64 или PEM."
    )


class SignatureTooLarge(Refusal):
    """The signature is over 64 KiB."""

    status = 422
    title = "Файл подписи слишком большой"
    detail = (
        "Файл подписи больше 64 КБ. Проверьте, что передан файл отсоединённой подписи, а не документ, "
        "и включайте в него только свой сертификат."
    )


class SignatureNotDetached(Refusal):
    """The signature carries a content of its own."""

    status = 422
    title = "Нужна отсоединённая подпись"
    detail = (
        "Внутри подписи лежит сам текст. Выберите в программе отсоединённую (отделённую) подпись и подпишите заново."
    )


class SignersNotOne(Refusal):
    """There is no signer, or more than one."""

    status = 422
    title = "Нужна подпись одного человека"
    detail = "В файле не одна подпись. Подпишите исходный текст заново, не добавляя подпись к готовому файлу."


class SignerCertificateMissing(Refusal):
    """The signer's certificate does not lie in the signature."""

    status = 422
    title = "В подписи нет сертификата"
    detail = "Проверить подпись не по чему. Включите в программе «добавить сертификат в подпись» и подпишите заново."


class SignatureAlgorithmRefused(Refusal):
    """The key, the hash or the algorithm is weak or unknown."""

    status = 422
    title = "Алгоритм подписи не принят"
    detail = (
        "Алгоритм или длина ключа подписи устарели или кабинету не известны. Годятся ГОСТ Р 34.10-2012, RSA от 2048 бит "
        "и ECDSA с SHA-256 и длиннее. Выберите другой сертификат или обновите программу для подписи."
    )


class SignatureWrong(Refusal):
    """The signature does not fit the text or the certificate."""

    status = 422
    title = "Подпись не сошлась"
    detail = (
        "Подписан другой текст, или текст либо подпись изменились. Подпишите полученный текст без единой правки: "
        "не меняйте переносы строк и не добавляйте пустую строку в конце."
    )


class CertificateNotYetValid(Refusal):
    """The certificate begins to hold later."""

    status = 403
    title = "Сертификат ещё не действует"
    detail = "Срок действия вашего сертификата ещё не начался. Дождитесь его начала или выберите другой сертификат."


class CertificateExpired(Refusal):
    """The certificate holds no more."""

    status = 403
    title = "Срок сертификата закончился"
    detail = "Ваш сертификат больше не действует. Выберите действующий сертификат или получите новый в удостоверяющем центре."


class CertificateNotTrusted(Refusal):
    """No certification authority of the trust store issued the certificate."""

    status = 403
    title = "Удостоверяющий центр не из списка"
    detail = (
        "Сертификат выпустил удостоверяющий центр, которому этот кабинет не доверяет. Выберите квалифицированный "
        "сертификат или войдите другим способом."
    )


class CertificateNotForSigning(Refusal):
    """The key usage does not name signatures."""

    status = 403
    title = "Сертификат не для подписи"
    detail = "Этим сертификатом подписывать нельзя: он выпущен для другого. Выберите сертификат электронной подписи."


class CertificateNotPersonal(Refusal):
    """The subject has no СНИЛС with right check digits, or no name."""

    status = 403
    title = "В сертификате нет СНИЛС или имени"
    detail = (
        "По сертификату нельзя узнать человека: в нём нет СНИЛС или имени владельца либо они записаны с ошибкой. "
        "Выберите сертификат физического лица, где указан СНИЛС."
    )


OF_A_SIGNATURE: Final = (
    SignatureUnreadable,
    SignatureTooLarge,
    SignatureNotDetached,
    SignersNotOne,
    SignerCertificateMissing,
    SignatureAlgorithmRefused,
    SignatureWrong,
)
OF_A_CERTIFICATE: Final = (
    CertificateNotYetValid,
    CertificateExpired,
    CertificateNotTrusted,
    CertificateNotForSigning,
    CertificateNotPersonal,
)
