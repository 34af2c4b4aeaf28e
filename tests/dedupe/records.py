"""A small invented library that holds every outcome: copies, variants, doubts, relatives, generic titles."""

from collections.abc import Iterator

from stromata.model import Name, Record

SOURCE = "a" * 64
TOPICS = (
    "plaque psoriasis in adults",
    "lupus nephritis in children",
    "systemic sclerosis of the lung",
    "chronic urticaria and sleep",
)


def record(number: int, **fields: object) -> Record:
    defaults = {
        "title": "Stromal cells for plaque psoriasis in adults", "authors": (Name("Ames", "J"), Name("Bose", "K")),
        "year": 2020, "journal": "Journal of Fictional Cells",
    }  # fmt: skip
    return Record(source=SOURCE, number=number, line=1, end_line=2, **(defaults | fields))  # type: ignore[arg-type]


def works() -> Iterator[Record]:
    """Yield four works in four forms each, with an erratum, an abstract of a meeting, and two editorials."""
    number = 0
    for index, topic in enumerate(TOPICS):
        place = {"volume": str(10 + index), "issue": "2", "pages": f"{index}12-{index}19"}
        own = {
            "title": f"Stromal cells for {topic}",
            "authors": (Name(f"Ames{'abcd'[index]}", "Jo"), Name("Bose", "K")),
            **place,
        }
        for change in (
            {"doi": f"10.1000/x.{index}", "pmid": str(900 + index)},
            {"doi": f"10.1000/x.{index}", "title": f"STROMAL CELLS FOR {topic.upper()}.", "journal": "J Fict Cells"},
            {"pages": f"{index}12-9", "issue": ""},
            {"pages": f"{index}12-9", "issue": ""},
            {"title": f"Erratum: Stromal cells for {topic}", "pages": f"{index}80", "doi": f"10.1000/e.{index}"},
            {
                "journal": "Proceedings of the Fictional Congress",
                "volume": "3",
                "issue": "",
                "pages": f"{index + 30}",
                "year": 2019,
            },
        ):
            number += 1
            yield record(number, **(own | change))
    for _ in range(2):
        number += 1
        yield record(number, title="Editorial", authors=(Name("Chief", "E"),))


def entries() -> Iterator[tuple[str, Record]]:
    """Yield (id, record) of the library."""
    for item in works():
        yield item.id, item
