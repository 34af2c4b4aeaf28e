import matplotlib as mpl
import pytest

from reporting.figures.samples import description, proportions, read, texts, trials
from stromata.errors import InvalidInput
from stromata.reporting.figures import forest, funnel
from stromata.reporting.figures.canvas import checked, chinese_face, faces, settings, tidy, width_of, wrapped


@pytest.mark.parametrize(
    "options", [{"format": "jpeg"}, {"width_mm": 20}, {"width_mm": float("nan")}, {"dpi": 10}, {"dpi": 9999}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InvalidInput):
        forest(trials(), **options)


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF-"), ("png", b"\x89PNG")])
def test_equal_input_gives_equal_bytes_in_every_format(kind, start):
    made = [funnel(trials(), format=kind, width_mm=84, dpi=100, title="A title") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(start)
    assert b"CreationDate" not in made[0]


def test_fonts_of_a_pdf_are_never_type_3():
    made = forest(trials(), format="pdf", width_mm=84)
    assert b"/Type3" not in made
    assert b"DejaVuSans" in made


def test_the_page_is_as_wide_as_asked_for():
    assert float(read(funnel(trials(), width_mm=84)).get("width").removesuffix("pt")) == pytest.approx(84 / 25.4 * 72)
    width = int.from_bytes(funnel(trials(), format="png", width_mm=84, dpi=100)[16:20], "big")
    assert width == pytest.approx(84 / 25.4 * 100, abs=1)


def test_an_svg_is_one_named_image_with_a_description_and_no_style_of_its_own():
    made = forest(trials(), title="Tuberculosis & <BCG>", width_mm=84)
    root = read(made)
    assert (root.get("role"), root.get("aria-roledescription")) == ("img", "forest plot")
    title, text = root.get("aria-labelledby").split()
    assert f'id="{title}"'.encode() in made
    assert f'id="{text}"'.encode() in made
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Tuberculosis & <BCG>"
    assert "Hart & Sutherland 1977: 0.24 [0.18, 0.31]" in description(root)
    assert b"<style" not in made
    assert b"<metadata" not in made


def test_two_figures_in_one_page_share_no_id():
    from lxml import etree

    one, two = (
        {each.get("id") for each in etree.fromstring(made).iter() if each.get("id")}
        for made in (funnel(trials(), width_mm=84), funnel(proportions(), width_mm=84))
    )
    assert not one & two


def test_a_label_is_never_taken_for_markup_or_mathematics():
    from dataclasses import replace

    odd = 'a $x^2$ id="b" <script> \x07'
    result = trials()
    result = replace(result, effects=(replace(result.effects[0], label=odd), *result.effects[1:]))
    shown = " ".join(texts(read(forest(result, columns=("estimate",)))))
    assert 'a $x^2$ id="b" <script>' in shown


def test_settings_of_the_user_neither_matter_nor_change():
    plain = funnel(trials(), width_mm=84)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path", "text.color": "green"}):
        before = dict(mpl.rcParams)
        assert funnel(trials(), width_mm=84) == plain
        assert dict(mpl.rcParams) == before


def test_a_chinese_face_is_named_only_where_it_is_needed():
    assert faces("Müller") == ["DejaVu Sans"]
    expected = ["DejaVu Sans"] if chinese_face() is None else ["DejaVu Sans", chinese_face()]
    assert faces("王 2020") == expected
    assert "王小明 2020" in texts(read(forest(proportions())))


def test_lines_keep_to_their_room_and_lose_nothing():
    text = "Bianchi and the Northern Registry Group for Pneumonoultramicroscopic disease 2018"
    with settings():
        lines = wrapped(text, 20, 7)
        assert all(width_of(line, 7) <= 20 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert wrapped("", 20, 7) == ("",)
        assert width_of("m" * 10, 7) == pytest.approx(10 * 0.974 * 7 / 72 * 25.4, rel=0.02)  # DejaVu: 0.974 em


def test_text_is_one_line():
    assert tidy("a\nb\x00 ") == "a b"


def test_a_page_of_one_column_has_smaller_letters():
    assert checked({"width_mm": 84}).size < checked({}).size
