from stromata.extraction.suggestions.extractor import Draft, Extractor
from stromata.extraction.suggestions.llm import LanguageModel, LanguageModelSettings
from stromata.extraction.suggestions.rules import Rules


def test_the_built_in_extractors_are_extractors():
    assert isinstance(Rules(), Extractor)
    assert isinstance(LanguageModel(LanguageModelSettings("http://localhost:1/v1", "small")), Extractor)
    assert not isinstance(Draft(), Extractor)
