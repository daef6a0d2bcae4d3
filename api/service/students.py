"""Students, their yearly agreements and the schools they chose: what purchase facts need."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.envelope import Place, Sealed
from api.service import people, standing
from api.service.dossier import read_record
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.service.reading import Reading
from api.store.records import Agreement, School, SchoolChoice, Student
from api.store.transaction import Transaction

_STUDENT_FACTS: Final = ("grade", "in_public_school_full_time")
_AGREEMENT_FACTS: Final = (
    "signed_on", "signed_by", "acknowledgments_complete", "lea_release_required",
    "lea_release_signed", "w9_submitted",
)  # fmt: skip
_SCHOOL_FACTS: Final = ("registered", "direct_payment_eligible")
_CHOICE_FACTS: Final = (
    "type", "full_time", "special_services_waived", "term_cost", "receipts_approved",
)  # fmt: skip
_HOME_SCHOOL: Final = "home_school"
_HOME: Final = "home:"
"""How the code of a home school begins, which stands where other schools have their name."""
_YEARS: Final = (2000, 2100)
FOUND_LIMIT: Final = 50
"""Students of one name that a search shows."""


def create(
    parts: Parts, tx: Transaction, caller: Caller, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A new student: name, born_on?, and the facts that are known.

    Refusal FORBIDDEN for a caller of some students alone, who could not see the new one.
    """
    if caller.student_ids is not None:
        message = "this caller is for some students alone and could not see a new one"
        help = "ask staff to enter the student"
        raise Refusal("FORBIDDEN", message, [problem("student", "may not be created", help)])
    reading = Reading(given, ("name", "born_on", *_STUDENT_FACTS), personal=("name", "born_on"))
    name, born_on = reading.text("name"), reading.day("born_on") if given.get("born_on") else None
    reading.finish()
    id, boxes = parts.new_id(), tx.boxes
    birth = born_on.isoformat() if born_on else None
    student = Student(
        id=id,
        name=boxes.seal(people.of_student(id), _place(id, "name"), name),
        name_index=boxes.vault.name_indexes(name)[0],
        born_on=boxes.seal_optional(people.of_student(id), _place(id, "born_on"), birth),
        facts=_facts(parts, "student", given, _STUDENT_FACTS),
        created_at=parts.clock(),
    )
    tx.students.add(student)
    emit(parts, tx, f"student:{student.id}", "StudentRecorded", caller)
    return _view(tx, caller, student)


def show(parts: Parts, tx: Transaction, caller: Caller, student_id: str) -> dict[str, Any]:
    """The student, the agreements' latest and this program year's school."""
    student = visible(tx, caller, student_id)
    _note(tx, caller, student)
    agreement = tx.agreements.latest(student_id)
    return _view(tx, caller, student) | {
        "agreement": {"year": agreement.year, **agreement.facts} if agreement else None
    }


def find(parts: Parts, tx: Transaction, caller: Caller, name: str) -> dict[str, Any]:
    """The students of exactly that name, however it is written (case, blanks, width of letters).

    Needs the scope facts:personal: that somebody of a name is here is told to nobody else.
    Refusal FORBIDDEN, INVALID_REQUEST.
    """
    people.require(caller, "facts:personal")
    reading = Reading({"name": name}, ("name",), personal=("name",))
    wanted = reading.text("name")
    reading.finish()
    rows = tx.students.of_name(tx.boxes.vault.name_indexes(wanted), FOUND_LIMIT)
    found = [student for student in rows if caller.sees(student.id)]
    for student in found:
        _note(tx, caller, student)
    return {"items": [_view(tx, caller, student) for student in found], "next": None}


def visible(tx: Transaction, caller: Caller, student_id: str) -> Student:
    """The student, if the caller may see it; Refusal NOT_FOUND otherwise."""
    student = tx.students.get(student_id)
    if student is None or not caller.sees(student.id):
        raise Refusal("NOT_FOUND", f"no student `{student_id[:64]}`")
    return student


def record_agreement(
    parts: Parts, tx: Transaction, caller: Caller, student_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Records what is known of a year's agreement; what was known before stays.

    The standing rules of the student's accounts are judged again.
    """
    student = locked(tx, caller, student_id)
    reading = Reading(given, ("year", *_AGREEMENT_FACTS))
    year = reading.whole("year", *_YEARS)
    reading.finish()
    facts = _facts(parts, "agreement", given, _AGREEMENT_FACTS)
    before = tx.agreements.of_year(student.id, year)
    was_signed = before is not None and bool(before.facts.get("signed_on"))
    if before is None:
        kept = Agreement(parts.new_id(), student.id, year, facts, parts.clock())
        tx.agreements.add(kept)
    else:
        facts = {**before.facts, **facts}
        tx.agreements.change(before.id, facts=facts, changed_at=parts.clock())
    signed = bool(facts.get("signed_on")) and not was_signed
    kind = "AgreementSigned" if signed else "AgreementRecorded"
    emit(parts, tx, f"student:{student.id}", kind, caller, {"year": year})
    standing.judge_student(parts, tx, student.id, caller)
    return {"student_id": student.id, "year": year, **facts}


def record_school(
    parts: Parts, tx: Transaction, caller: Caller, student_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Records the school of a fiscal year and what is known of it; what was known before stays."""
    student = locked(tx, caller, student_id)
    keys = ("name", "fiscal_year", "tuition_settled", *_SCHOOL_FACTS, *_CHOICE_FACTS)
    reading = Reading(given, keys)
    name, year = reading.text("name"), reading.whole("fiscal_year", *_YEARS)
    reading.finish()
    if name.startswith(_HOME):
        reading.wrong("name", f"begins with `{_HOME}`", "send the name of the school")
        reading.finish()
    facts = _facts(parts, "school", given, _CHOICE_FACTS)
    before = tx.school_choices.of_year(student.id, year)
    kind = facts.get("type", before.facts.get("type") if before else None)
    # What is of no known kind may be a home school.
    is_home = kind in (None, _HOME_SCHOOL)
    record = _record_home_school if is_home else _record_school_itself
    school_id = record(parts, tx, student, name, _facts(parts, "school", given, _SCHOOL_FACTS))
    if "tuition_settled" in given:
        facts["tuition_settled"] = reading.flag("tuition_settled", False)
        reading.finish()
    if before is None:
        tx.school_choices.add(
            SchoolChoice(parts.new_id(), student.id, school_id, year, facts, parts.clock())
        )
    else:
        if before.school_id == school_id:
            facts = {**before.facts, **facts}
        tx.school_choices.change(
            before.id, school_id=school_id, facts=facts, changed_at=parts.clock()
        )
    data = {"fiscal_year": year, "school": school_id}
    emit(parts, tx, f"student:{student.id}", "SchoolChosen", caller, data)
    standing.judge_student(parts, tx, student.id, caller)
    return {"student_id": student.id, "school_id": school_id, "fiscal_year": year, **facts}


def _record_home_school(
    parts: Parts, tx: Transaction, student: Student, name: str, facts: Mapping[str, Any]
) -> str:
    """The family's own record: its name is sealed for the student, and goes with them."""
    code = f"{_HOME}{student.id}"
    school = tx.schools.named(code)
    id = parts.new_id() if school is None else school.id
    place = Place("schools", id, "home_name")
    sealed = tx.boxes.seal(people.of_student(student.id), place, name)
    if school is None:
        tx.schools.add(School(id, code, facts, parts.clock(), sealed))
    else:
        known = {**school.facts, **facts}
        tx.schools.change(id, facts=known, home_name=sealed, changed_at=parts.clock())
    return id


def _record_school_itself(
    parts: Parts, tx: Transaction, _student: Student, name: str, facts: Mapping[str, Any]
) -> str:
    school = tx.schools.named(name)
    if school is None:
        school = School(parts.new_id(), name, facts, parts.clock())
        tx.schools.add(school)
    elif facts:
        tx.schools.change(school.id, facts={**school.facts, **facts}, changed_at=parts.clock())
    return school.id


def refuse_erased(student: Student) -> None:
    """Refusal STATE_CONFLICT for a student whose data were erased."""
    if student.name_index is None:
        raise Refusal("STATE_CONFLICT", "this student's data were erased; nothing new is begun")


def locked(tx: Transaction, caller: Caller, student_id: str) -> Student:
    """The student, locked until the transaction ends, for something new about them.

    Refusal NOT_FOUND, and STATE_CONFLICT where their data were erased: what is told anew would be
    under a new key, and readable again.
    """
    visible(tx, caller, student_id)
    locked = tx.students.lock(student_id)
    assert locked is not None  # noqa: S101 - seen just now, and students are never deleted
    refuse_erased(locked)
    return locked


def _facts(
    parts: Parts, group: str, given: Mapping[str, Any], names: tuple[str, ...]
) -> dict[str, Any]:
    stated = {name: given[name] for name in names if name in given}
    return read_record(parts.decider.release, group, stated)


def legal_name(tx: Transaction, student: Student) -> str:
    """The name for the wallet provider. Gone where it was erased."""
    return tx.boxes.open(_place(student.id, "name"), student.name)


def _place(student_id: str, column: str) -> Place:
    return Place("students", student_id, column)


def _note(tx: Transaction, caller: Caller, student: Student) -> None:
    if people.may_see(caller):
        people.note(tx, f"student:{student.id}", "student", student.id)


def _view(tx: Transaction, caller: Caller, student: Student) -> dict[str, Any]:
    def told(column: str, envelope: Sealed | None) -> str | None:
        return people.shown(tx, caller, _place(student.id, column), envelope)

    return {
        "id": student.id,
        "name": told("name", student.name),
        "born_on": told("born_on", student.born_on),
        **student.facts,
        "created_at": student.created_at.isoformat(),
    }
