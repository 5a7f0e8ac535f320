"""Why a rating of a page is not taken."""

from chalicelib.kit.problem import Refusal


class PageRatedEnough(Refusal):
    """The day's ratings of one page from one network are used up."""

    status = 429
    title = "Страницу сегодня уже оценили"
    detail = (
        "С вашего адреса в интернете эту страницу сегодня уже оценили несколько раз. Прежние оценки учтены, "
        "ещё одну можно поставить завтра."
    )
