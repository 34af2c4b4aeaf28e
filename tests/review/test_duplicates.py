"""Duplicates in a review: import by import, beside other people, and against what a person has settled."""

import random
import shutil
from itertools import count, pairwise

import pytest

from projects import ANN, LEAD, as_person, begin, import_text, ris, tick
from stromata import review
from stromata.errors import NotAllowed
from stromata.review import duplicates

WORDS = ("skin", "nerve", "lung", "gut", "eye", "joint", "heart", "liver", "bone", "kidney", "muscle", "cornea")


def publication(number: int) -> dict[str, str]:
    """Return one of any number of publications, each unlike the others in all that is compared."""
    first, second = WORDS[number % 12], WORDS[number // 12 % 12]
    return {
        "TI": f"Stromal cells of the {first} and the {second} in trial {number} of patients with scars",
        "AU": f"Family{chr(97 + number % 26)}{chr(97 + number // 26)}, A",
        "PY": str(1990 + number % 30),
        "JO": f"Annals of the {second}",
        "VL": str(number + 1),
        "SP": str(3 * number + 1),
        "EP": str(3 * number + 9),
        "DO": f"10.5555/work.{number}",
    }


def form(number: int, draw: random.Random) -> dict[str, str]:
    """Return a publication as one database or another writes it."""
    entry = publication(number)
    changes = (
        {},
        {"TI": entry["TI"].upper()},
        {"DO": f"https://doi.org/{entry['DO'].upper()}", "AN": str(number)},
        {"DO": "", "AB": "Background. Scars are many and treatments few. We gave cells."},
    )
    changed = entry | draw.choice(changes)
    return {tag: value for tag, value in changed.items() if value}


def clusters(project) -> set[tuple[str, frozenset[str]]]:
    with project.store.snapshot(project.id) as view:
        return {(reference, frozenset(records)) for reference, records in view.references()}


def numbered(project) -> set[frozenset[int]]:
    """Return the clusters by the place of their records in the order of import."""
    with project.store.snapshot(project.id) as view:
        place = {record.id: number for number, record in enumerate(view.records())}
        return {frozenset(place[record] for record in records) for _, records in view.references()}


def cache(project):
    return project.store.files.folder.with_name(f"duplicates-{project.id}.cache")


@pytest.mark.parametrize("parts", [2, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_library_in_parts_gives_the_references_that_it_gives_at_once(tmp_path, seed, parts):
    draw = random.Random(seed)
    library = [form(draw.randrange(25), draw) for _ in range(60)]
    with begin(tmp_path / "whole") as project:
        import_text(project, tmp_path, "whole.ris", ris(*library))
        found = review.find_duplicates(project)
        whole, asked = numbered(project), len(found.questions)
    assert (asked, len(whole) < 45) == (0, True)
    ends = [round(len(library) * part / parts) for part in range(parts + 1)]
    with begin(tmp_path / "parts") as project:
        for start, end in pairwise(ends):
            import_text(project, tmp_path, f"{start}.ris", ris(*library[start:end]))
            review.find_duplicates(project)
        assert numbered(project) == whole


def test_a_review_with_and_without_what_was_worked_out_comes_to_the_same(tmp_path):
    draw, sources = random.Random(3), count()
    with begin(tmp_path / "a") as project:
        for _ in range(3):
            entries = [form(draw.randrange(20), draw) for _ in range(15)]
            import_text(project, tmp_path, f"{next(sources)}.ris", ris(*entries))
            shutil.rmtree(tmp_path / "b", ignore_errors=True)
            shutil.copytree(tmp_path / "a", tmp_path / "b")  # another member's folder, without the cache
            with review.open_project(tmp_path / "b", actor=LEAD, clock=tick(5_000)) as other:
                cache(other).unlink(missing_ok=True)
                without = review.find_duplicates(other)
                assert review.find_duplicates(project) == without
                assert clusters(project) == clusters(other)
                assert review.find_duplicates(project) == review.find_duplicates(other, anew=True)
            _meddle(project, draw)


def _meddle(project, draw: random.Random) -> None:
    """Split a reference and keep two others apart."""
    held = sorted(clusters(project), key=lambda item: item[0])
    reference, records = next(item for item in held if len(item[1]) > 1)
    review.split(project, reference, (draw.choice(sorted(records)),), reason="two editions")
    one, other = draw.sample(sorted(reference for reference, _ in clusters(project)), 2)
    review.keep_apart(project, one, other, reason="a whim")


def test_only_new_records_are_read_and_compared(tmp_path, monkeypatch):
    read: list[int] = []
    kept = duplicates._records

    def counted(*given):
        found = list(kept(*given))
        read.append(len(found))
        return iter(found)

    monkeypatch.setattr(duplicates, "_records", counted)
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(*map(publication, range(20))))
        review.find_duplicates(project)
        import_text(project, tmp_path, "b.ris", ris(publication(3), publication(30)))
        assert len(review.find_duplicates(project).merges) == 1
        review.find_duplicates(project)
        cache(project).write_bytes(b"not what it was")
        review.find_duplicates(project)
        review.find_duplicates(project, anew=True)
    assert read == [20, 2, 0, 22, 22]


def test_a_native_record_that_is_split_off_is_not_merged_again(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(publication(1)))
        import_text(project, tmp_path, "b.ris", ris(publication(1)) + "\n")
        (merge,) = review.find_duplicates(project).merges
        review.split(project, merge.into, (merge.into,), reason="two editions")
        found = review.find_duplicates(project)
        assert (found.merges, found.questions) == ((), ())


def test_a_record_split_off_stays_apart_from_all_that_it_stood_with(tmp_path):
    with begin(tmp_path) as project:
        for number in range(3):  # the same bytes are not imported twice
            import_text(project, tmp_path, f"{number}.ris", ris(publication(1)) + "\n" * number)
        (merge,) = review.find_duplicates(project).merges
        first, (second, third) = merge.into, merge.merged
        review.split(project, first, (third,), reason="another edition")
        review.split(project, first, (first,), reason="a misprint")
        found = review.find_duplicates(project)  # the third was told apart from the second, too
        assert (found.merges, found.questions) == ((), ())
        review.merge(project, second, (third,), reason="after all")
        assert review.find_duplicates(project).merges == ()
        assert frozenset((second, third)) in {records for _, records in clusters(project)}


def test_what_was_merged_into_a_later_reference_keeps_its_name_and_takes_new_records(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(publication(1), publication(1) | {"AN": "6"}))
        one, other = sorted(reference for reference, _ in clusters(project))
        review.merge(project, other, (one,), reason="the second is the fuller one")
        assert review.find_duplicates(project).merges == ()
        import_text(project, tmp_path, "b.ris", ris(publication(1) | {"AN": "7"}))
        (merge,) = review.find_duplicates(project).merges
        assert (merge.into, len(merge.merged)) == (other, 1)
        assert {len(records) for _, records in clusters(project)} == {3}


def test_a_record_that_joins_two_references_merges_them(tmp_path):
    bare = {tag: value for tag, value in publication(1).items() if tag in {"TI", "AU", "PY"}}
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(publication(1), publication(5)))
        import_text(project, tmp_path, "b.ris", ris(publication(1) | {"AN": "8"}, bare))
        review.find_duplicates(project)
        assert sum(len(records) for _, records in clusters(project)) == 4
        for reference, _ in clusters(project):
            assert review.reference(project, reference).id == reference


def test_what_another_person_did_meanwhile_is_taken_into_account(tmp_path, monkeypatch):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(publication(1)))
        import_text(project, tmp_path, "b.ris", ris(publication(1)) + "\n")
        searched, meanwhile = duplicates._searched, iter([True])

        def slow(*given, **options):
            found = searched(*given, **options)
            if next(meanwhile, False):
                with review.open_project(tmp_path, actor=LEAD, clock=tick(900)) as other:
                    one, two = (reference for reference, _ in clusters(other))
                    review.keep_apart(other, one, two, reason="two editions")
            return found

        monkeypatch.setattr(duplicates, "_searched", slow)
        assert review.find_duplicates(project).merges == ()
        assert len(clusters(project)) == 2


def test_only_the_lead_merges_also_by_a_search(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "a.ris", ris(publication(1)))
        with pytest.raises(NotAllowed):
            review.find_duplicates(as_person(project, ANN))
