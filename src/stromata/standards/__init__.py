"""Practice standards: criteria as data, records and studies held against them, and a team's own standards."""

from stromata.standards.catalogue import standard, standards
from stromata.standards.certificate import certificate
from stromata.standards.derived import derive, read_standard
from stromata.standards.fields import NOT_DONE, Field, fields
from stromata.standards.judge import asks, check
from stromata.standards.page import reference_page
from stromata.standards.records import SUBJECTS, read_record, record_of
from stromata.standards.studies import (
    HARM_KINDS,
    LOOKED_FOR,
    NOT_LOOKED_FOR,
    check_study,
    item_groups,
    study_record,
)

__all__ = [
    "HARM_KINDS",
    "LOOKED_FOR",
    "NOT_DONE",
    "NOT_LOOKED_FOR",
    "SUBJECTS",
    "Field",
    "asks",
    "certificate",
    "check",
    "check_study",
    "derive",
    "fields",
    "item_groups",
    "read_record",
    "read_standard",
    "record_of",
    "reference_page",
    "standard",
    "standards",
    "study_record",
]
