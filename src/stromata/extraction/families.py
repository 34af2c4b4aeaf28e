"""Which references describe one study, and which studies may share patients.

Everything here is a proposal with its reason: a person decides. Precision comes before recall. A reader who is asked
about many pairs that are nothing stops reading, and a wrong link hides a study.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from stromata.model import Arm, Name, Record, Reference, Study
from stromata.model.identifiers import find_registry_ids, normal_doi, normal_pmid, registry_of

Strength = Literal["certain", "likely", "possible"]
_STRENGTHS: tuple[Strength, ...] = ("certain", "likely", "possible")

MANY_TRIALS = 3
"""Trial numbers in one reference above which it speaks about trials (a review, a list) and reports none of them."""

YEARS_APART = 3
"""Years within which reports of one small study usually appear."""

COHORT_YEARS = 6
"""Years between the reports of two studies of one group within which recruitment may overlap."""

SHARED_AUTHORS = 3
"""Authors in common from which two reports are taken for the same group; two may have met by chance in a small
field."""

_COMMON_NAME = 60
"""References that may share an author's name before it tells nothing and is passed over."""

_GENERIC_WORDS = """
    with from after and for the of in on to by an at or using versus via its into than that among between during
    mesenchymal stem stromal cell cells therapy treatment treated transplantation transplant infusion injection
    administration patient patients people subject subjects trial trials study studies phase clinical pilot
    randomised randomized controlled double blind placebo open label single centre center multicentre multicenter
    safety efficacy effect effects results long term follow extension derived human autologous allogeneic
    autogenic allogenic case report reports series evaluation preliminary outcome outcomes novel new potential
    year years month months week weeks disease diseases refractory severe moderate chronic one two three
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
"""Words of titles that any report on cell therapy may hold."""

_LATER_REPORT = re.compile(
    r"\b(?:follow[- ]?up|extension|long[- ]term|extended|(?:sub|secondary|post[- ]?hoc|interim|subgroup)[- ]?"
    r"(?:analysis|study)|substudy|(?:\d+|one|two|three|four|five|ten)[- ]years?)\b",
    re.IGNORECASE,
)
_PROTOCOL = re.compile(
    r"\b(?:protocol|sponsor(?:'s)?(?: protocol| study)?|study|trial)[ -]*(?:no\.?|number|code|id(?:entifier)?)[ :#]*"
    r"([A-Z0-9][A-Z0-9./_-]{3,})",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b[A-Z]{1,6}-?\d{3,6}[A-Z]?\b")
_REVIEW = re.compile(
    r"\b(?:systematic review|meta-?analys[ei]s|scoping review|overview of|narrative review)\b", re.IGNORECASE
)
_PEOPLE = re.compile(
    r"\b(\d{1,4}) (?:[a-z-]+ ){0,3}(?:patients|subjects|participants|people|adults|children)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Ground:
    """One field that a proposal rests on: which reference or study, which field, and what stands there."""

    of: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class LinkProposal:
    """References that seem to describe one study.

    Attributes
    ----------
    study : id of the study that they belong to; None when none of them is linked to a study yet.
    references : ids of the references in question, in the order given.
    reason : why, in a sentence.
    evidence : the fields that the reason rests on.
    """

    study: str | None
    references: tuple[str, ...]
    reason: str
    evidence: tuple[Ground, ...]
    strength: Strength


@dataclass(frozen=True, slots=True)
class OverlapProposal:
    """Two studies that may share patients, and why."""

    studies: tuple[str, str]
    reason: str
    strength: Strength


def propose_links(
    references: Sequence[Reference], studies: Sequence[Study], *, related: Sequence[tuple[str, str, str]] = ()
) -> tuple[LinkProposal, ...]:
    """Propose which references describe one study.

    Looked for, in this order: a shared number of a primary register; a shared protocol number; relatives that
    de-duplication met (a meeting's abstract, a preprint, an erratum); a title that calls itself a follow-up, extension
    or secondary analysis, by the same group on the same subject; and the same authors, subject, years and number of
    patients. The first two are certain unless a reference names several trials. The others ask.

    Parameters
    ----------
    references : the publications of the review, each once (after de-duplication).
    studies : what is extracted so far, with its links; links are not proposed again.
    related : (reference, reference, relation) as de-duplication tells them, such as ``abstract-of``.

    Returns
    -------
    Proposals, the strongest first, then in the order of the references. Reviews are left out. Nothing is linked.
    """
    known = _Known.of(references, studies)
    found: list[LinkProposal] = []
    seen: set[frozenset[str]] = set()
    for proposal in (*_by_registry(known), *_by_protocol(known), *_by_relation(known, related), *_by_pairs(known)):
        if not _asked(proposal, known) <= seen:
            found.append(proposal)
        seen |= _asked(proposal, known)
    return tuple(sorted(found, key=lambda proposal: _STRENGTHS.index(proposal.strength)))


def propose_overlaps(
    studies: Sequence[Study], arms: Sequence[Arm], references: Sequence[Reference]
) -> tuple[OverlapProposal, ...]:
    """Propose which studies may have patients in common, so that nobody is counted twice.

    Looked for: one registration in two studies; one report that describes two; and the same group of authors with the
    same condition, in years and with products that do not exclude it. Studies that are marked as one cohort are not
    proposed.

    Parameters
    ----------
    arms : tell which products the studies gave; different tissues or classes speak against common patients.
    references : the reports, for their authors and titles.

    Returns
    -------
    At most one proposal for two studies, with every reason found, the strongest first.
    """
    known = _Known.of(references, studies)
    products = _products(arms)
    found = []
    for one, two in combinations(studies, 2):
        if one.cohort and one.cohort == two.cohort:
            continue
        reasons = tuple(_shared_by(one, two, known, products))
        if reasons:
            strength = min((strength for strength, _ in reasons), key=_STRENGTHS.index)
            found.append(OverlapProposal((one.id, two.id), " ".join(text for _, text in reasons), strength))
    return tuple(sorted(found, key=lambda proposal: _STRENGTHS.index(proposal.strength)))


def _asked(proposal: LinkProposal, known: _Known) -> set[frozenset[str]]:
    """Return what a person is asked to join: references with their study, else pairs of references."""
    if proposal.study:
        there = known.references_of[proposal.study]
        return {frozenset((proposal.study, key)) for key in proposal.references if key not in there}
    return {frozenset(pair) for pair in combinations(proposal.references, 2)} or {frozenset(proposal.references)}


# -- what is known -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """The references and studies in the forms that are compared."""

    records: dict[str, Record]
    order: dict[str, int]
    studies_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    references_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    trials: dict[str, tuple[str, ...]] = field(default_factory=dict)
    study_trials: dict[str, tuple[str, ...]] = field(default_factory=dict)
    authors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, references: Sequence[Reference], studies: Sequence[Study]) -> _Known:
        """Prepare references and studies for comparison."""
        records = {item.id: item.merged for item in references if not _REVIEW.search(item.merged.title)}
        known = cls(records, {key: place for place, key in enumerate(records)})
        keys: dict[str, str] = {}
        for item in references:
            if item.id in records:
                keys |= dict.fromkeys(_keys(item), item.id)
        for key, record in records.items():
            known.trials[key] = tuple(filter(_is_trial, record.registry_ids))
            known.authors[key] = tuple(filter(None, map(_author, record.authors)))
            known.words[key] = _words(record.title)
        for study in studies:
            found = find_registry_ids(" ; ".join((*study.registry_ids, *(link.key for link in study.links))))
            known.study_trials[study.id] = tuple(filter(_is_trial, found))
            for link in study.links:
                reference = next((keys[key] for key in _link_keys(link.key) if key in keys), "")
                if reference:
                    known.studies_of[reference].add(study.id)
                    known.references_of[study.id].add(reference)
        return known

    def study_for(self, references: Iterable[str]) -> str | None:
        """Return the one study that some of the references are linked to; None when there is none or several."""
        found = set().union(*(self.studies_of.get(reference, set()) for reference in references))
        return next(iter(found)) if len(found) == 1 else None

    def settled(self, references: Iterable[str]) -> bool:
        """Say whether all are linked already: to one study, or to different ones, which is another question."""
        return all(self.studies_of.get(reference) for reference in references)

    def label(self, reference: str) -> str:
        """Return the words by which a sentence names a reference."""
        record = self.records[reference]
        who = record.authors[0].family or record.authors[0].literal if record.authors else ""
        return " ".join(filter(None, (who, str(record.year or "")))) or f"“{record.title[:60]}”"


def _keys(item: Reference) -> Iterator[str]:
    """Yield everything that a study's link may name a reference by."""
    merged = item.merged
    yield from (item.id, *item.records, merged.doi, merged.pmid, merged.accession, _plain(merged.title))


def _link_keys(key: str) -> tuple[str, ...]:
    named = (key, normal_doi(key), normal_pmid(key), *find_registry_ids(key), _plain(key))
    return tuple(text for text in named if text)


def _is_trial(identifier: str) -> bool:
    return registry_of(identifier) not in {"", "PROSPERO"}


def _plain(text: str) -> str:
    """Return the letters and figures of a text without case or accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in bare if letter.isalnum())


def _author(name: Name) -> str:
    """Return family name and first initial; empty where there is no initial, as a bare family name tells too little."""
    family, given = _plain(name.family), _plain(name.given)
    return f"{family} {given[0]}" if family and given else ""


def _first_author(text: str) -> str:
    """Return the same for ``Wang D`` as a study's table writes it."""
    family, _, initials = text.strip().rpartition(" ")
    return f"{_plain(family)} {_plain(initials)[0]}" if family and _plain(initials) else ""


def _words(title: str) -> frozenset[str]:
    """Return the words of a title that say what it is about."""
    found = re.findall(r"[^\W\d_]{4,}", unicodedata.normalize("NFKC", title).casefold())
    return frozenset(word for word in found if word not in _GENERIC)


# -- references of one study ---------------------------------------------------------------------------------------


def _by_registry(known: _Known) -> Iterator[LinkProposal]:
    """Yield the groups of references, and studies, that name one registration."""
    naming: dict[str, list[str]] = defaultdict(list)
    for key, trials in known.trials.items():
        if len(trials) <= MANY_TRIALS:
            for trial in trials:
                naming[trial].append(key)
    for trial, members in naming.items():
        owners = [study for study, trials in known.study_trials.items() if trial in trials]
        owners += [study for key in members for study in known.studies_of.get(key, ()) if study not in owners]
        if len(owners) > 1:
            yield from _shared_registration(known, trial, members, owners)
            continue
        study = owners[0] if owners else None
        open_ = [key for key in members if study is None or study not in known.studies_of.get(key, ())]
        if not open_ or (study is None and len(members) < 2):
            continue
        sole = all(len(_registers(known.trials[key])) == len(known.trials[key]) for key in members)
        end = "" if sole else " Some of them name other trials too, so look which one each reports."
        whose = f" of study {study}" if study else ""
        yield LinkProposal(
            study,
            tuple(open_ if study else members),
            f"{_listed(known, open_ if study else members)} {_verb(open_ if study else members, 'name')} the "
            f"registration"
            f" {trial}{whose}.{end}",
            tuple(Ground(key, "registry_ids", trial) for key in members),
            "certain" if sole else "likely",
        )


def _registers(trials: Sequence[str]) -> set[str]:
    """Return the registers of some numbers: one trial may stand in several registers, but once in each."""
    return {registry_of(trial) for trial in trials}


def _shared_registration(
    known: _Known, trial: str, members: Sequence[str], owners: Sequence[str]
) -> Iterator[LinkProposal]:
    """Yield one open proposal for each reference that could belong to several studies with one registration."""
    for key in members:
        if not known.studies_of.get(key):
            yield LinkProposal(
                None,
                (key,),
                f"{_listed(known, [key])} names the registration {trial}, which studies {', '.join(owners)} share.",
                (Ground(key, "registry_ids", trial),),
                "possible",
            )


def _by_protocol(known: _Known) -> Iterator[LinkProposal]:
    """Yield the groups of references that state one protocol or sponsor number."""
    naming: dict[str, list[str]] = defaultdict(list)
    for key, record in known.records.items():
        text = " ".join((record.title, record.abstract, *record.notes))
        numbers = {found.upper().rstrip("./-_") for found in _PROTOCOL.findall(text)}
        for number in sorted(numbers):
            if re.search(r"\d{2}", number) and re.search(r"[A-Z]", number) and not find_registry_ids(number):
                naming[number].append(key)
    for number, members in naming.items():
        if len(members) > 1 and not known.settled(members):
            yield LinkProposal(
                known.study_for(members),
                tuple(members),
                f"{_listed(known, members)} state the same protocol number, {number}.",
                tuple(Ground(key, "protocol number", number) for key in members),
                "likely",
            )


_RELATIONS = {
    "abstract-of": "one is a meeting's abstract of the other",
    "preprint-of": "one is a preprint of the other",
    "registry-entry-of": "one is the register's entry of the other",
    "protocol-of": "one is the protocol of the other",
    "erratum-of": "one corrects the other",
    "retraction-of": "one retracts the other",
    "concern-about": "one voices concern about the other",
    "version-of": "they are two versions of one document",
    "update-of": "one is a later edition of the other",
    "companion-of": "title and authors are nearly the same",
}
"""Relations of works that tell of one study. Replies, comments and parts of a series do not."""


def _by_relation(known: _Known, related: Sequence[tuple[str, str, str]]) -> Iterator[LinkProposal]:
    """Yield pairs of different works of one family, as de-duplication met them."""
    for one, two, relation in related:
        pair = one, two
        if relation in _RELATIONS and known.records.keys() >= set(pair) and not known.settled(pair):
            text = f"{_listed(known, pair)} belong together: {_RELATIONS[relation]}."
            grounds = tuple(Ground(key, "title", known.records[key].title) for key in pair)
            strength: Strength = "possible" if relation == "companion-of" else "likely"
            yield LinkProposal(known.study_for(pair), pair, text, grounds, strength)


def _by_pairs(known: _Known) -> Iterator[LinkProposal]:
    """Yield pairs of references that look like two reports of one study."""
    for one, two in _candidates(known):
        if known.settled((one, two)):
            continue
        proposal = _later_report(known, one, two) or _same_study(known, one, two)
        if proposal:
            yield proposal


def _candidates(known: _Known) -> list[tuple[str, str]]:
    """Return the pairs that have two authors in common, or a code in their titles, in the order of the references."""
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for keys in _holders((key, set(names)) for key, names in known.authors.items()):
        for pair in combinations(keys, 2):
            shared[pair] += 1
    pairs = {pair for pair, count in shared.items() if count >= 2}
    for keys in _holders((key, set(_CODE.findall(record.title))) for key, record in known.records.items()):
        pairs |= set(combinations(keys, 2))
    return sorted(pairs, key=lambda pair: (known.order[pair[0]], known.order[pair[1]]))


def _holders(marks: Iterable[tuple[str, set[str]]]) -> Iterator[list[str]]:
    """Yield the references that share one mark, for marks that tell something."""
    holding: dict[str, list[str]] = defaultdict(list)
    for key, found in marks:
        for mark in found:
            holding[mark].append(key)
    yield from (keys for keys in holding.values() if 1 < len(keys) <= _COMMON_NAME)


def _contradict(known: _Known, one: str, two: str) -> bool:
    """Say whether two references name different trials of one register."""
    left, right = known.trials[one], known.trials[two]
    return bool(left and right and not set(left) & set(right) and _registers(left) & _registers(right))


def _later_report(known: _Known, one: str, two: str) -> LinkProposal | None:
    """Propose a title that calls itself a later report, with the earlier report of the same group."""
    titles = {key: known.records[key].title for key in (one, two)}
    calling = [key for key in (one, two) if _LATER_REPORT.search(titles[key])]
    if len(calling) != 1:
        return None
    later, earlier = calling[0], two if calling[0] == one else one
    years = known.records[earlier].year, known.records[later].year
    if years[0] is not None and years[1] is not None and years[0] > years[1]:
        return None
    names = _common(known, one, two)
    subject = known.words[one] & known.words[two]
    codes = set(_CODE.findall(titles[one])) & set(_CODE.findall(titles[two]))
    if not (codes or (len(names) >= SHARED_AUTHORS and len(subject) >= 2)):
        return None
    apart = _contradict(known, one, two)
    if apart and not codes:
        return None
    found = _LATER_REPORT.search(titles[later])
    words = found.group() if found else ""
    why = f"the code {min(codes)}" if codes else f"{len(names)} authors and the subject ({', '.join(sorted(subject))})"
    end = " Each has a registration of its own, as extensions often do." if apart else ""
    return LinkProposal(
        known.study_for((one, two)),
        (one, two),
        f"The title of {known.label(later)} says “{words}”, and it shares {why} with {known.label(earlier)}.{end}",
        (Ground(later, "title", titles[later]), Ground(earlier, "title", titles[earlier]), *_named(one, names)),
        "possible" if apart else "likely",
    )


def _same_study(known: _Known, one: str, two: str) -> LinkProposal | None:
    """Propose two reports by the same people on the same subject, of about the same time and number of patients."""
    left, right = known.records[one], known.records[two]
    names, subject = _common(known, one, two), known.words[one] & known.words[two]
    shorter = min(len(known.authors[one]), len(known.authors[two]))
    near = left.year is not None and right.year is not None and abs(left.year - right.year) <= YEARS_APART
    if len(names) < SHARED_AUTHORS or 2 * len(names) < shorter or not near or len(subject) < 2:
        return None
    if _contradict(known, one, two):
        return None
    people = _people(left) & _people(right)
    alike = len(subject) / len(known.words[one] | known.words[two])
    if not people and alike < 0.6:
        return None
    more = f" and {max(people)} patients" if people else ""
    grounds = [Ground(key, "title", known.records[key].title) for key in (one, two)]
    grounds += [Ground(key, "abstract", f"{max(people)} patients") for key in (one, two) if people]
    return LinkProposal(
        known.study_for((one, two)),
        (one, two),
        f"{known.label(one)} and {known.label(two)} share {len(names)} authors, the subject"
        f" ({', '.join(sorted(subject))}){more}, and appeared within {YEARS_APART} years. They may report one study.",
        (*grounds, *_named(one, names)),
        "likely" if people and alike >= 0.6 else "possible",
    )


def _common(known: _Known, one: str, two: str) -> list[str]:
    return sorted(set(known.authors[one]) & set(known.authors[two]))


def _named(key: str, names: Sequence[str]) -> tuple[Ground, ...]:
    return (Ground(key, "authors", "; ".join(names)),) if names else ()


def _people(record: Record) -> set[int]:
    """Return the numbers of patients that an abstract or title names."""
    found = (int(number) for number in _PEOPLE.findall(f"{record.title}. {record.abstract}"))
    return {number for number in found if number > 2}  # one or two patients tell nothing


def _listed(known: _Known, keys: Sequence[str]) -> str:
    labels = [known.label(key) for key in keys]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _verb(keys: Sequence[str], verb: str) -> str:
    return verb if len(keys) > 1 else f"{verb}s"


# -- studies that may share patients -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Products:
    """What the studies gave: product classes and tissues in the arms that got cells."""

    classes: Mapping[str, frozenset[str]]
    tissues: Mapping[str, frozenset[str]]

    def exclude(self, one: str, two: str) -> bool:
        """Say whether both state a class, or a tissue, and have none in common."""
        return any(
            bool(told.get(one) and told.get(two) and not told[one] & told[two]) for told in (self.classes, self.tissues)
        )


def _products(arms: Sequence[Arm]) -> _Products:
    classes: dict[str, set[str]] = defaultdict(set)
    tissues: dict[str, set[str]] = defaultdict(set)
    for arm in arms:
        if arm.product:
            classes[arm.study].add(arm.product.product_class)
            if arm.product.tissue:
                tissues[arm.study].add(_plain(arm.product.tissue))
    return _Products(
        {study: frozenset(found) for study, found in classes.items()},
        {study: frozenset(found) for study, found in tissues.items()},
    )


def _shared_by(one: Study, two: Study, known: _Known, products: _Products) -> Iterator[tuple[Strength, str]]:
    """Yield what speaks for common patients, with its strength and a sentence."""
    stages = bool(one.phase and two.phase and one.phase.casefold() != two.phase.casefold())
    aside = " Their phases differ, so the patients may, too." if stages else ""
    trials = sorted(set(known.study_trials[one.id]) & set(known.study_trials[two.id]))
    if trials:
        yield "possible" if stages else "certain", f"Both rest on the registration {', '.join(trials)}.{aside}"
    reports = sorted(known.references_of[one.id] & known.references_of[two.id], key=known.order.__getitem__)
    unread = {key for key in map(_link_name, one.links) if key} & {key for key in map(_link_name, two.links) if key}
    if (reports or unread) and not trials:
        which = known.label(reports[0]) if reports else min(unread)
        yield "possible" if stages else "likely", f"One report, {which}, describes both.{aside}"
    if not trials and not reports and one.condition == two.condition and not products.exclude(one.id, two.id):
        yield from _same_group(one, two, known)


def _link_name(link: object) -> str:
    """Return the DOI or PMID that a link names; empty for others, as titles may stand for a series."""
    key = str(getattr(link, "key", ""))
    return normal_doi(key) or (normal_pmid(key) if key.strip().isdigit() else "")


def _same_group(one: Study, two: Study, known: _Known) -> Iterator[tuple[Strength, str]]:
    """Yield the same first author, last author or group, in years in which the same patients may have been treated."""
    if one.year is None or two.year is None or abs(one.year - two.year) > COHORT_YEARS:
        return
    if one.country and two.country and one.country.casefold() != two.country.casefold():
        return
    if _distinct_trials(known.study_trials[one.id], known.study_trials[two.id]):
        return
    left, right = _group(one, known), _group(two, known)
    many = len(left.all & right.all) >= SHARED_AUTHORS
    leading = (left.leaders & right.leaders) - {""}
    if not many and not leading:
        return
    earlier, later = sorted((one, two), key=lambda study: study.year or 0)
    who = f"{len(left.all & right.all)} authors" if many else "a leading author"
    text = (
        f"They share {who} and the condition, and appeared {abs(one.year - two.year)} years apart"
        f" ({earlier.id}, {later.id})."
    )
    if earlier.n_enrolled and later.n_enrolled and earlier.n_enrolled <= later.n_enrolled:
        text += f" The {earlier.n_enrolled} patients of the earlier may be among the {later.n_enrolled} of the later."
    named = _LATER_REPORT.search(later.title)
    if named:
        text += f" The later title says “{named.group()}”."
    yield "likely" if many and named else "possible", text


def _distinct_trials(left: Sequence[str], right: Sequence[str]) -> bool:
    """Say whether both studies are registered, in one register, under different numbers."""
    return bool(_registers(left) & _registers(right)) and not set(left) & set(right)


@dataclass(frozen=True, slots=True)
class _Group:
    """The people behind a study: first and last authors of its reports, and all of them."""

    leaders: frozenset[str]
    all: frozenset[str]


def _group(study: Study, known: _Known) -> _Group:
    leaders, everyone = {_first_author(study.first_author)}, {_first_author(study.first_author)}
    for key in known.references_of[study.id]:
        names = known.authors[key]
        everyone |= set(names)
        leaders |= {names[0], names[-1]} if names else set()
    return _Group(frozenset(leaders - {""}), frozenset(everyone - {""}))
