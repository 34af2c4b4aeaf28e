"""What one panellist is shown before the next round: their own votes beside the group's, without names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from stromata.consensus.names import NameHider
from stromata.consensus.rand import rate
from stromata.consensus.stability import Stability
from stromata.errors import InvalidInput, NotFound
from stromata.model import Caution
from stromata.model.consensus import Appropriateness, Panel, Statement, Vote
from stromata.model.protocol import DisagreementRule, HalfMedian, PercentileMethod

SMALLEST_GROUP = 3
"""A distribution of fewer ratings than this is not shown: with two, each could read the other's vote."""


@dataclass(frozen=True, slots=True)
class GroupRatings:
    """The ratings of a group of panellists: `counts` of the scores 1 to 9, in this order, and `n` of them."""

    group: str
    counts: tuple[int, ...]
    n: int
    median: float | None


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One statement on a feedback sheet.

    Attributes
    ----------
    own : this panellist's score; None with `voted` when unable to score, None without it when no vote was given.
    own_comment : their own comment.
    ratings : the distribution of the whole group; None when it would give single votes away.
    groups : the same by stakeholder group, those of at least `SMALLEST_GROUP` ratings.
    result : the group's median, spread and class.
    unable : how many were unable to score; None with `ratings`, since the one would tell the other.
    comments : comments of the others, each once, in the order of the alphabet, with names of panellists hidden; none
        where fewer than `SMALLEST_GROUP` voted.
    """

    statement: str
    text: str
    round: int
    voted: bool
    own: int | None
    own_comment: str
    ratings: GroupRatings | None
    groups: tuple[GroupRatings, ...]
    result: Appropriateness | None
    unable: int | None
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackSheet:
    """The feedback of one round for one panellist."""

    panellist: str
    round: int
    items: tuple[FeedbackItem, ...]
    cautions: tuple[Caution, ...] = ()


def may_tell_movement(moved: Stability) -> bool:
    """Tell whether everybody may know how the ratings of a statement moved between two rounds.

    Who rated in one of the rounds only is missing from the pairs. With one or two such people, two distributions and
    how many moved between them would tell what they rated.
    """
    alone = (moved.n_before - moved.pairs, moved.n_after - moved.pairs)
    return moved.pairs >= SMALLEST_GROUP and all(count == 0 or count >= SMALLEST_GROUP for count in alone)


def feedback_sheet(
    votes: Iterable[Vote],
    panellist: str,
    *,
    round_number: int | None = None,
    panel: Panel | None = None,
    statements: Iterable[Statement] = (),
    method: PercentileMethod = "linear",
    disagreement: DisagreementRule = "ipras",
    half_medians: HalfMedian = "middle",
) -> FeedbackSheet:
    """Return the feedback sheet of one panellist.

    Parameters
    ----------
    votes : of all panellists, each at most once per statement and round.
    round_number : the round to report on; None = the last.
    panel : adds distributions by stakeholder group, and further names that comments must not show.
    statements : their texts.
    method, disagreement, half_medians : as for `stromata.consensus.rate`.

    Returns
    -------
    Every statement of the round, in the order of first votes. Nothing on the sheet tells who else voted what: counts of
    fewer than three ratings are left out, and how many were unable with them; comments of fewer than three voters are
    left out; others stand in alphabetical order and without names, as far as names are recognised.

    Raises
    ------
    NotFound
        Nobody of this name has voted or is on the panel.
    InvalidInput
        There are no votes in the round.
    """
    kept = list(votes)
    names = dict.fromkeys([vote.panellist for vote in kept])
    if panel:
        names.update(dict.fromkeys(member.name for member in panel.members))
    if panellist not in names:
        raise NotFound(f"there is no panellist {panellist!r}", hint="Write the name as the votes have it.")
    number = max((vote.round for vote in kept), default=0) if round_number is None else round_number
    here = [vote for vote in kept if vote.round == number]
    if not here:
        raise InvalidInput(f"there are no votes in round {number}")
    texts = {one.id: one.text for one in statements}
    groups = {member.name: member.group for member in panel.members} if panel else {}
    hide = NameHider(names).hide
    by_statement: dict[str, list[Vote]] = {}
    for vote in here:
        by_statement.setdefault(vote.statement, []).append(vote)
    rated = partial(rate, method=method, disagreement=disagreement, half_medians=half_medians)
    items = tuple(
        replace(_item(panellist, own, groups, hide, rated), text=texts.get(statement, ""))
        for statement, own in by_statement.items()
    )
    return FeedbackSheet(panellist, number, items, _cautions(items))


def _item(
    panellist: str,
    here: Sequence[Vote],
    groups: dict[str, str],
    hide: Callable[[str], str],
    rated: Callable[..., Appropriateness],
) -> FeedbackItem:
    statement = here[0].statement
    own = next((vote for vote in here if vote.panellist == panellist), None)
    scores = [vote.score for vote in here if vote.score is not None]
    enough = len(scores) >= SMALLEST_GROUP
    others = {hide(vote.comment.strip()) for vote in here if vote.panellist != panellist}
    unable = len(here) - len(scores)
    return FeedbackItem(
        statement,
        "",
        here[0].round,
        own is not None,
        own.score if own else None,
        own.comment if own else "",
        _ratings("", scores) if enough else None,
        _by_group(here, groups) if enough else (),
        rated(scores, statement=statement, round_number=here[0].round, unable=unable) if enough else None,
        unable if enough else None,
        tuple(sorted(filter(None, others), key=str.casefold)) if len(here) >= SMALLEST_GROUP else (),
    )


def _ratings(group: str, scores: Sequence[int]) -> GroupRatings:
    counts = tuple(sum(score == value for score in scores) for value in range(1, 10))
    return GroupRatings(group, counts, len(scores), rate(scores).median)


def _by_group(here: Sequence[Vote], groups: dict[str, str]) -> tuple[GroupRatings, ...]:
    """Return the distribution of each group that is large enough, and of none if the rest could be worked out.

    All ratings less the groups shown are the ratings of the groups not shown: these must be none, or enough as well.
    """
    scores: dict[str, list[int]] = {}
    for vote in here:
        if vote.score is not None:
            scores.setdefault(groups.get(vote.panellist, ""), []).append(vote.score)
    shown = {name: own for name, own in scores.items() if name and len(own) >= SMALLEST_GROUP}
    rest = sum(len(own) for name, own in scores.items() if name not in shown)
    if 0 < rest < SMALLEST_GROUP:
        return ()
    return tuple(_ratings(name, shown[name]) for name in sorted(shown))


def _cautions(items: Sequence[FeedbackItem]) -> tuple[Caution, ...]:
    found = []
    few = [item.statement for item in items if item.ratings is None]
    if few:
        text = (
            f"Fewer than {SMALLEST_GROUP} people rated {', '.join(few)}: the distribution is not shown, because it "
            "would tell who voted what."
        )
        found.append(Caution("few-ratings", text))
    if any(item.comments for item in items):
        text = (
            "Names in comments are hidden where a program can find them. What a comment tells, and how it is written, "
            "can still show whose it is."
        )
        found.append(Caution("names-in-comments", text))
    return tuple(found)
