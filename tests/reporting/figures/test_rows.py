import pytest

from reporting.figures.samples import ids, numbers_of, part, read, texts
from stromata.errors import InvalidInput
from stromata.model import Interval
from stromata.reporting.axes import Axis
from stromata.reporting.figures.canvas import checked
from stromata.reporting.figures.rows import Row, Table, draw

AXIS = Axis(0.0, 10.0, logarithmic=False, ticks=tuple((float(tick), f"{tick}") for tick in range(0, 11, 2)), label="x")


def figure(*rows, columns=None, width_mm=174, **table):
    made = Table(rows=rows, axis=AXIS, value_head=("Effect", "[95 % CI]"), **table)
    return read(draw(made, checked({"width_mm": width_mm}), columns, kind="Test", description="d"))


def study(label, *interval, **more):
    return Row("study", label, interval=Interval(*interval), value="1 [0, 2]", **more)


def spans(root, row):
    xs = [x for x, _ in numbers_of(part(root, f"row-{row}-interval"))]
    axis = [x for x, _ in numbers_of(part(root, "axis"))]
    return [(x - min(axis)) / (max(axis) - min(axis)) for x in (min(xs), max(xs))]


def test_an_interval_spans_its_bounds_on_the_axis():
    assert spans(figure(study("a", 4.0, 2.0, 7.0)), 1) == pytest.approx([0.2, 0.7], abs=1e-4)


def test_an_interval_beyond_the_axis_is_cut_and_ends_in_an_arrow():
    root = figure(study("a", 4.0, -5.0, 7.0), study("b", 4.0, 1.0, 99.0), study("c", 4.0, None, None))
    assert spans(root, 1) == pytest.approx([0, 0.7], abs=1e-4)
    assert spans(root, 2) == pytest.approx([0.1, 1], abs=1e-4)
    assert ids(root, "row-1-arrow") == ["row-1-arrow-low"]
    assert ids(root, "row-2-arrow") == ["row-2-arrow-high"]
    assert not ids(root, "row-3-interval")
    assert ids(root, "row-3-marker")


def test_a_bound_that_is_missing_is_an_arrow_too():
    root = figure(study("a", 4.0, None, 7.0))
    assert ids(root, "row-1-arrow") == ["row-1-arrow-low"]


def test_a_study_wholly_beyond_the_axis_keeps_an_arrow_that_points_to_it():
    root = figure(study("a", 50.0, 40.0, 60.0), study("b", -50.0, -60.0, -40.0))
    assert not ids(root, "row-1-marker") + ids(root, "row-2-marker")
    assert "row-1-arrow-high" in ids(root, "row-1-arrow")
    assert "row-2-arrow-low" in ids(root, "row-2-arrow")


def test_the_area_of_a_square_grows_with_its_share():
    root = figure(study("a", 4.0, 3.0, 5.0, share=1.0), study("b", 4.0, 3.0, 5.0, share=0.25), study("c", 4.0, 3, 5))
    sides = []
    for row in (1, 2, 3):
        xs = [x for x, _ in numbers_of(part(root, f"row-{row}-marker"))]
        sides.append(max(xs) - min(xs))
    assert (sides[1] - sides[2]) / (sides[0] - sides[2]) == pytest.approx(0.5, abs=1e-3)


def test_the_diamond_spans_its_interval_and_is_cut_with_arrows():
    root = figure(Row("total", "All", interval=Interval(4.0, -2.0, 6.0), value="x"))
    xs = [x for x, _ in numbers_of(part(root, "row-1-diamond"))]
    axis = [x for x, _ in numbers_of(part(root, "axis"))]
    assert (min(xs), max(xs)) == pytest.approx((axis[0], axis[0] + 0.6 * (axis[1] - axis[0])), abs=0.01)
    assert ids(root, "row-1-arrow") == ["row-1-arrow-low"]


def test_the_fullest_columns_that_leave_the_plot_its_room_are_taken():
    rows = [
        study("A study with a name", 4.0, 3.0, 5.0, cells=("1/100,000", "2/100,000"), weight="50.0 %") for _ in range(3)
    ]
    heads = (("One", "Events / total"), ("Two", "Events / total"))
    wide, narrow = figure(*rows, heads=heads), figure(*rows, heads=heads, width_mm=84)
    assert texts(wide).count("1/100,000") == 3
    assert "Weight" in texts(wide)
    assert "1/100,000" not in texts(narrow)
    assert texts(narrow).count("1 [0, 2]") == 3


def test_asked_for_columns_are_kept_or_refused():
    row = study("a", 4.0, 3.0, 5.0, cells=("1/100,000",) * 4, weight="50.0 %")
    heads = tuple((f"Group {place}", "Events / total") for place in range(4))
    assert "1 [0, 2]" not in texts(figure(row, heads=heads, columns=("inputs", "weight")))
    with pytest.raises(InvalidInput, match="mm"):
        figure(row, heads=heads, columns=("inputs", "estimate", "weight"), width_mm=84)
    with pytest.raises(InvalidInput, match="estimates"):
        figure(row, heads=heads, columns=("estimates",))


def test_labels_of_ticks_never_overlap_and_that_of_no_effect_stays():
    axis = Axis(
        0.0, 1e6, logarithmic=False, ticks=tuple((tick * 1e5, f"{tick}00,000") for tick in range(11)), label="x"
    )
    rows = (study("a", 4e5, 3e5, 5e5),)
    table = Table(rows=rows, axis=axis, value_head=("E", "CI"), reference=5e5)
    root = read(draw(table, checked({"width_mm": 84}), None, kind="Test", description=""))
    shown = ids(root, "tick-")
    assert "tick-500,000" in shown
    assert 2 <= len(shown) < 6


def test_lines_of_no_effect_break_where_a_note_runs_over_the_plot():
    plain = figure(study("a", 4.0, 3.0, 5.0), study("b", 4.0, 3.0, 5.0), reference=5.0, pooled=4.0)
    noted = figure(
        study("a", 4.0, 3.0, 5.0), Row("note", "word " * 60), study("b", 4.0, 3.0, 5.0), reference=5.0, pooled=4.0
    )
    assert len(ids(plain, "no-effect-")) == len(ids(plain, "pooled-")) == 1
    assert len(ids(noted, "no-effect-")) == len(ids(noted, "pooled-")) == 2


def test_a_table_without_intervals_has_no_axis():
    root = figure(Row("note", "Nothing."))
    assert "axis" not in ids(root, "axis")
    assert "Nothing." in texts(root)
