# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io

from stromata.formats import registry_xml
from stromata.formats.content import Passage, examine
from stromata.model import Problem, Record
from stromata.progress import silent

STUDY = """<?xml version="1.0" encoding="UTF-8"?>
<clinical_study>
  <!-- a schema -->
  <required_header><download_date>on a day</download_date><url>https://clinicaltrials.gov/show/NCT01234567</url></required_header>
  <id_info><org_study_id>ORG-1</org_study_id><secondary_id>2011-005408-13</secondary_id><nct_id>NCT01234567</nct_id></id_info>
  <brief_title>Cells for skin</brief_title><official_title>A randomised trial of cells for skin</official_title>
  <sponsors><lead_sponsor><agency>A firm</agency><agency_class>Industry</agency_class></lead_sponsor></sponsors>
  <brief_summary><textblock>
      First line.

        -  a point
  </textblock></brief_summary>
  <detailed_description><textblock>More.</textblock></detailed_description>
  <start_date>October 2009</start_date><condition>Burns</condition>
  <intervention><intervention_type>Biological</intervention_type><intervention_name>MSC</intervention_name></intervention>
  <study_first_submitted>September 25, 2009</study_first_submitted>
  <study_first_posted type="Estimate">September 28, 2009</study_first_posted><keyword>stromal</keyword>
</clinical_study>
"""

PORTAL = """<Trials_downloaded_from_ICTRP>
  <Trial><Internal_Number>1
    </Internal_Number><TrialID>ChiCTR2000012345
    </TrialID><Public_title>Cells for lungs</Public_title><Scientific_title>Cells for lungs: a trial</Scientific_title>
    <Acronym/><web_address>https://www.chictr.org.cn/1</web_address><Date_registration3>20200301</Date_registration3>
    <Date_registration>01/03/2020</Date_registration><Source_Register>ChiCTR</Source_Register>
    <Condition>Fibrosis&lt;br&gt;Cough;</Condition><Intervention>Cells: 1;</Intervention></Trial>
  <Trial><TrialID>ISRCTN12345678</TrialID><Public_title>Second</Public_title><Date_registration>04/12/2021</Date_registration></Trial>
</Trials_downloaded_from_ICTRP>
"""

ISRCTN = """<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount="1"><fullTrial>
<trial lastUpdated="2020-01-02T00:00:00.000Z" version="1"><isrctn dateAssigned="2019-05-06T10:00:00.0Z">12345678</isrctn>
<trialDescription><title>Cells</title><scientificTitle>Cells in depth</scientificTitle>
<plainEnglishSummary>What we do.</plainEnglishSummary></trialDescription>
<externalRefs><doi>10.1186/ISRCTN12345678</doi><clinicalTrialsGovNumber>NCT01234567</clinicalTrialsGovNumber></externalRefs>
<trialDesign><overallEndDate>2021-01-01</overallEndDate></trialDesign>
<conditions><condition><description>Burns</description></condition></conditions></trial></fullTrial></allTrials>
"""

EXCHANGE = """<trials><trial><main><trial_id>RBR-74547s</trial_id><utrn>U1111</utrn><reg_name>REBEC</reg_name>
<date_registration>08/09/2016</date_registration><public_title>Cells</public_title><scientific_title>Cells!</scientific_title>
<url>https://a.example</url><hc_freetext>Burns; Scars</hc_freetext></main>
<secondary_ids><secondary_id><sec_id>NCT01234567</sec_id></secondary_id></secondary_ids></trial></trials>
"""

Item = Record | Problem | Passage


def items(text: str) -> list[Item]:
    assert registry_xml.sniff(text)
    content = examine("registry.xml", lambda: io.BytesIO(text.encode()))
    return list(registry_xml.read(content, progress=silent))


def records(text: str) -> list[Record]:
    return [item for item in items(text) if isinstance(item, Record)]


def test_a_study_of_clinicaltrials_gov_is_read() -> None:
    (record,) = records(STUDY)
    assert (record.type, record.accession, record.database) == ("report", "NCT01234567", "ClinicalTrials.gov")
    assert record.registry_ids == ("NCT01234567", "EUCTR2011-005408-13")
    assert (record.title, record.date) == ("Cells for skin", "2009-09-28")
    assert record.abstract == "First line. - a point"
    assert record.keywords == ("Burns", "MSC", "stromal")
    assert record.urls == ("https://clinicaltrials.gov/study/NCT01234567",)
    assert (record.line, record.end_line) == (2, STUDY.count("\n"))
    kept = {
        ("official_title", "A randomised trial of cells for skin"), ("org_study_id", "ORG-1"), ("start_date", "October 2009"),
        ("sponsors", "agency: A firm | agency_class: Industry"), ("detailed_description", "textblock: More."),
        ("secondary_id", "2011-005408-13"), ("intervention", "intervention_type: Biological | intervention_name: MSC"),
    }  # fmt: skip
    assert kept <= set(record.extra)


def test_trials_of_the_search_portal_are_read() -> None:
    first, second = records(PORTAL)
    assert (first.accession, first.registry_ids) == ("ChiCTR2000012345", ("ChiCTR2000012345",))
    assert (first.title, first.date, first.database) == ("Cells for lungs", "2020-03-01", "WHO ICTRP")
    assert first.keywords == ("Fibrosis", "Cough", "Cells: 1")
    assert first.urls == ("https://www.chictr.org.cn/1",)
    assert ("Scientific_title", "Cells for lungs: a trial") in first.extra
    assert (second.date, second.urls) == ("2021-12-04", ("https://www.isrctn.com/ISRCTN12345678",))


def test_a_trial_of_isrctn_is_read() -> None:
    (record,) = records(ISRCTN)
    assert record.accession == "ISRCTN12345678"
    assert record.registry_ids == ("ISRCTN12345678", "NCT01234567")
    assert (record.title, record.date, record.doi) == ("Cells", "2019-05-06", "10.1186/isrctn12345678")
    assert (record.abstract, record.keywords) == ("What we do.", ("Burns",))
    assert ("trialDesign", "overallEndDate: 2021-01-01") in record.extra


def test_a_trial_in_the_format_of_exchange_is_read() -> None:
    (record,) = records(EXCHANGE)
    assert (record.accession, record.date, record.database) == ("RBR-74547s", "2016-09-08", "REBEC")
    assert record.registry_ids == ("RBR-74547s", "NCT01234567")
    assert record.keywords == ("Burns", "Scars")
    assert record.urls == ("https://a.example",)


def test_an_entry_that_says_nothing_is_told() -> None:
    found = items("<Trials_downloaded_from_ICTRP><Trial><Acronym>A</Acronym></Trial></Trials_downloaded_from_ICTRP>")
    assert [item.code for item in found if isinstance(item, Problem)] == ["registry-empty-entry"]


def test_other_xml_is_not_claimed() -> None:
    assert not registry_xml.sniff("<records><record><title>trial</title></record></records>")
    assert not registry_xml.sniff("TI  - <clinical_study> and more\n")


def test_the_date_of_an_isrctn_may_stand_with_the_trial() -> None:
    dated = ISRCTN.replace(' dateAssigned="2019-05-06T10:00:00.0Z"', "").replace(
        'version="1"', 'publicIdentifierDateAssigned="2018-02-03T00:00:00.0Z"'
    )
    (record,) = records(dated)
    assert record.date == "2018-02-03"
