import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.extraction.suggestions.passages import LONGEST_SENTENCE, read


def sentences(text: str) -> list[str]:
    passage = read(text)
    return [passage.text[one.start : one.end] for one in passage.sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("Dose, i.e. 2.5 mg, was low. Next.", ["Dose, i.e. 2.5 mg, was low.", "Next."]),
        ("Smith et al. found it. We too.", ["Smith et al. found it.", "We too."]),
        ("Cells vs. placebo, see Fig. 2. Done.", ["Cells vs. placebo, see Fig. 2.", "Done."]),
        ("J. R. Smith wrote it. It holds.", ["J. R. Smith wrote it.", "It holds."]),
        ("It rose to 47.1%. Then it fell.", ["It rose to 47.1%.", "Then it fell."]),
        ("Given i.v. Patients did well.", ["Given i.v.", "Patients did well."]),
        ("Was it? It was! Yes.", ["Was it?", "It was!", "Yes."]),
        ("It fell.[12] Then it rose.", ["It fell.[12]", "Then it rose."]),
        ("共17例。随访12个月；无死亡。", ["共17例。", "随访12个月；无死亡。"]),
        (
            "A title of a study\nThe text begins here. It goes on.",
            ["A title of a study", "The text begins here.", "It goes on."],
        ),
        ("A line that was\nwrapped in the middle.", ["A line that was\nwrapped in the middle."]),
        ("One paragraph\n\nAnother one", ["One paragraph", "Another one"]),
    ],
)
def test_sentences_end_where_people_end_them(text, expected):
    assert sentences(text) == expected


def sections(text: str) -> list[str]:
    return [one.section for one in read(text).sentences]


def test_headings_tell_the_section():
    text = (
        "BACKGROUND: Old. Objective: New. Patients and methods: Some. More. RESULTS It was seen. "
        "Conclusions - Good. Trial registration: None."
    )
    assert sections(text) == ["background", "objective", "methods", "methods", "results", "conclusion", "registration"]
    assert sections("目的 甲。方法：乙。【结果】丙。结论 丁。") == ["objective", "methods", "results", "conclusion"]
    assert sections("Methods\nWe did it.\n\nReferences\n1. Smith.")[-1] == "references"
    assert sections("2.1 Methods\n\nWe did it.")[-1] == "methods"


def test_words_that_only_look_like_headings_are_text():
    assert sections("Results were good. Patients improved. Methods differ.") == ["", "", ""]


def test_the_first_line_is_a_title_when_text_follows():
    assert sections("Cells in lupus\n\nWe gave cells.") == ["title", ""]
    assert sections("We gave cells.") == [""]


@pytest.mark.parametrize(
    ("text", "word", "own"),
    [
        ("We treated 12 patients.", "12", True),
        ("Previous studies treated 12 patients.", "12", False),
        ("Previous studies treated 12 patients, but we treated 30.", "30", True),
        ("We treated 30, whereas earlier trials treated 12 patients.", "12", False),
        ("A trial of 12 patients is needed.", "12", False),
        ("Twelve patients will be treated.", "Twelve", False),
        ("They enrolled 12 patients in May 2014.", "12", True),
        ("Cells may help 12 patients.", "12", False),
        ("Psoriasis is a chronic disease.", "Psoriasis", False),
        ("Background: 12 patients flared.", "12", False),
        ("Discussion: Ours were 12 patients.", "12", False),
        ("既往研究治疗12例。", "12", False),
        ("本研究纳入12例。", "12", True),
        ("既往史采集后纳入12例。", "12", True),
        ("拟纳入12例。", "12", False),
        ("将12例患者分为两组。", "12", True),
        ("将于明年纳入12例。", "12", False),
    ],
)
def test_what_a_clause_talks_about(text, word, own):
    passage = read(text)
    assert passage.own(passage.text.index(word)) is own


def test_spans_lead_back_to_the_text_as_given():
    text = "\U0001f9ec  We\r\n\r\n treat\u00aded １７\u3000patients."
    passage = read(text)
    assert "treated 17 patients" in passage.text
    start = passage.text.index("treated")
    given_start, given_end = passage.span(start, start + len("treated 17"))
    assert text[given_start:given_end] == "treat\u00aded １７"
    assert passage.folded(given_start) == start


@given(st.text(alphabet=st.sampled_from("ab 1.,;\n\r\u00ad\u3000。；（Ａ'\U0001f9ec"), max_size=80))
def test_sentences_cover_the_text_in_order(text):
    passage = read(text)
    assert len(passage.origin) == len(passage.text)
    assert list(passage.origin) == sorted(set(passage.origin))
    end = 0
    for sentence in passage.sentences:
        assert end <= sentence.start < sentence.end <= len(passage.text)
        assert not passage.text[end : sentence.start].strip()
        assert [clause.start for clause in sentence.clauses][:1] == [sentence.start]
        assert sentence.clauses[-1].end == sentence.end
        assert passage.sentence(sentence.start) is sentence
        end = sentence.end
    assert not passage.text[end:].strip()


def test_text_without_stops_is_cut():
    passage = read("word " * 2000)
    assert len(passage.sentences) > 5
    assert max(one.end - one.start for one in passage.sentences) <= LONGEST_SENTENCE


def test_no_place_outside_of_sentences_is_of_the_study():
    passage = read("")
    assert passage.sentences == ()
    assert passage.own(0) is False
    assert passage.clause(3) is None
