"""Reading a roster: what the rows of a workbook say, and everything that is wrong in them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from app.core.tables import (
    Layout,
    Row,
    RowError,
    cell_date,
    cell_text,
    cell_words,
    columns_of,
    find_layout,
    noise,
    quoted,
    row_place,
    word_key,
)
from app.core.workbooks import Cell, NewSheet, Sheet
from app.members import logic as members
from app.members.types import Education, MemberCategory, Sex
from app.organizations.logic import CHILDREN, GRID_KINDS, HOLDS_MEMBERS, root_names
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector
from app.rosters import types as t

ORGANIZATIONS, MEMBERS = "党组织", "党员"
_TABLES = {ORGANIZATIONS: t.ORGANIZATION_FIELDS, MEMBERS: t.MEMBER_FIELDS}
_TELLING = {
    ORGANIZATIONS: frozenset({"parent_name", "kind"}),
    MEMBERS: frozenset({"id_number", "category", "joined_on"}),
}
_IS_NOISE = {
    ORGANIZATIONS: partial(
        noise, proper=frozenset({"name", "parent_name", "kind"}), trivial=frozenset({"is_grid"})
    ),
    MEMBERS: partial(
        noise,
        proper=frozenset({"name", "id_number", "category", "organization_name"}),
        trivial=frozenset({"is_mobile"}),
        section="(?:支部|党委|总支|委员会|小组)$",
    ),
}
_ORG = {field.name: field for field in t.ORGANIZATION_FIELDS}
_MEM = {field.name: field for field in t.MEMBER_FIELDS}
_ID_NUMBER = re.compile("[0-9]{17}[0-9X]")
_MESSAGES = t.MESSAGES | {code: text.zh for code, text in members.ID_NUMBER_FAULTS.items()}


@dataclass(slots=True, eq=False)
class _Place:
    """An organisation as other rows may name it. Its kind is None when its row does not tell."""

    name: str
    kind: Kind | None
    parent: str
    """Key of its parent's name."""
    row: Row | None = None
    sector: Sector | None = None
    term_started_on: date | None = None
    due_on: date | None = None
    is_grid: bool = False
    is_ambiguous: bool = False
    is_misplaced: bool = False


class _Reading:
    """What has been read so far."""

    def __init__(self, as_of: date, root_name: str, known: Iterable[t.KnownOrganization]) -> None:
        self.as_of = as_of
        self.roster = t.Roster()
        self.ignored: Counter[str] = Counter()
        self.root = _Place(root_name, Kind.DISTRICT_COMMITTEE, "")
        self.root_names = frozenset(map(word_key, root_names(root_name)))
        self.known: dict[str, _Place] = {}
        for k in known:
            _keep(self.known, _Place(k.name, k.kind, word_key(k.parent_name or "")))
        self.places: dict[str, _Place] = {}
        self.named: dict[tuple[str, str], Row] = {}
        self.numbers: dict[str, tuple[str, int]] = {}
        """Where each organisation and each ID number stands first."""
        self.is_incomplete = False
        """A sheet of organisations could not be read, so unknown names say nothing."""

    def find(self, key: str) -> _Place | None:
        """Find an organisation by the key of its name."""
        found = self.places.get(key) or self.known.get(key)
        return found or (self.root if key in self.root_names else None)

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Give the rows of data, and count the others."""
        is_noise, id_column = _IS_NOISE[layout.what], layout.columns.get("id_number", -1)
        for number, cells in enumerate(layout.sheet.rows, start=1):
            if number <= layout.header:
                continue
            number_cell = cells[id_column] if 0 <= id_column < len(cells) else ""
            is_person = isinstance(number_cell, str) and _ID_NUMBER.fullmatch(number_cell)
            why = None if is_person else is_noise(layout, cells)
            if why:
                self.ignored[why] += 1
            else:
                yield Row(layout, number, cells, _MESSAGES, self.roster.errors)


def read_roster(
    sheets: Iterable[Sheet],
    *,
    as_of: date,
    root_name: str,
    known: Iterable[t.KnownOrganization],
) -> t.Roster:
    """Read every row of every sheet that holds organisations or members, and judge it on `as_of`.

    The root of the district and the organisations in `known` may be named without a row.
    """
    reading = _Reading(as_of, root_name, known)
    roster = reading.roster
    order: dict[str, int] = {}
    layouts = []
    for sheet in sheets:
        order[sheet.name] = len(order)
        layout = None if sheet.is_hidden else find_layout(sheet, _TABLES, _TELLING)
        if layout:
            layouts.append(layout)
            roster.columns[sheet.name] = frozenset(layout.columns)
        else:
            roster.skipped_sheets.append(sheet.name)
    if not layouts:
        first = next(iter(order), "")
        roster.errors.append(RowError(first, 1, "", "no_roster", t.MESSAGES["no_roster"]))
    _read_organizations(reading, [a for a in layouts if a.what == ORGANIZATIONS])
    for layout in layouts:
        if layout.what == MEMBERS and _has_its_columns(reading, layout):
            for row in reading.rows(layout):
                _read_member(reading, row)
    roster.ignored = dict(reading.ignored)
    roster.errors.sort(key=lambda error: (order[error.sheet], error.row) if order else (0, 0))
    return roster


def _has_its_columns(reading: _Reading, layout: Layout) -> bool:
    missing = [
        field
        for field in _TABLES[layout.what]
        if field.is_required and field.name not in layout.columns
    ]
    header = Row(layout, layout.header, (), _MESSAGES, reading.roster.errors)
    for field in missing:
        header.fail(field.name, "missing_column", title=field.title)
    return not missing


# ── Organisations


def _read_organizations(reading: _Reading, layouts: Sequence[Layout]) -> None:
    """Read all rows first, since a parent may stand below its children; then judge the tree."""
    places: list[_Place] = []
    for layout in layouts:
        is_whole = _has_its_columns(reading, layout)
        reading.is_incomplete |= not is_whole
        for row in reading.rows(layout):
            if is_whole:
                places.extend(_read_organization(reading, row))
    _judge_parents(reading, places)
    for place in _parents_first(reading, places):
        if place.row and not place.row.is_bad and place.kind:
            parent = reading.find(place.parent)
            named = place.name, parent.name if parent else "", place.kind, place.sector
            dated = place.term_started_on, place.due_on, place.is_grid
            at = place.row.layout.sheet.name, place.row.number
            reading.roster.organizations.append(t.OrganizationRow(*named, *dated, *at))


def _read_organization(reading: _Reading, row: Row) -> list[_Place]:
    """Read one row; give nothing for the district's root or a row without a name."""
    key = word_key(cell_words(row.cell("name")))
    is_named_root = key in reading.root_names and reading.find(key) is reading.root
    if key == word_key(reading.root.name) or (
        is_named_root and word_key(cell_text(row.cell("kind"))) in _ROOT_KINDS
    ):
        reading.ignored["root"] += 1
        return []
    name = row.take(_ORG["name"], t.read_organization, needed=True)
    parent = row.take(_ORG["parent_name"], t.read_organization, needed=True)
    kind = row.take(_ORG["kind"], t.read_kind, needed=True)
    sector = row.take(_ORG["sector"], t.read_sector)
    started = row.take(_ORG["term_started_on"], cell_date)
    due = row.take(_ORG["due_on"], cell_date)
    is_grid = bool(row.take(_ORG["is_grid"], t.read_yes_or_no))
    if started and due and due <= started:
        row.fail("due_on", "due_before_start")
    if is_grid and kind and kind not in GRID_KINDS:
        row.fail("is_grid", "grid_kind")
    if not key:
        return []
    known = reading.known.get(key)
    place = _Place(
        known.name if known else name or key,
        kind,
        word_key(parent or ""),
        row,
        sector,
        started,
        due,
        is_grid,
    )
    _register(reading, key, place, row)
    return [place]


_ROOT_KINDS = frozenset(t.KINDS[Kind.DISTRICT_COMMITTEE].split())


def _register(reading: _Reading, key: str, place: _Place, row: Row) -> None:
    """Enter a name. Only groups of different branches may share one; others' names come first."""
    is_group = place.kind is Kind.PARTY_GROUP
    first = reading.named.setdefault((place.parent if is_group else "", key), row)
    if first is not row:
        row.fail("name", "duplicate_name", place=row_place(first.layout.sheet.name, first.number))
        return
    _keep(reading.places, place)
    known = reading.known.get(key)
    if is_group and known:  # one that stands elsewhere may be meant as well
        place.is_ambiguous |= known.is_ambiguous or known.parent != place.parent


def _keep(places: dict[str, _Place], place: _Place) -> None:
    """Keep a place under its name: the first, but another kind before a group."""
    key = word_key(place.name)
    first = places.setdefault(key, place)
    if first is not place and first.kind is Kind.PARTY_GROUP:
        first.is_ambiguous = True
        if place.kind is not Kind.PARTY_GROUP:
            places[key] = place


def _judge_parents(reading: _Reading, places: Sequence[_Place]) -> None:
    misplaced = []
    for place in places:
        row, parent = place.row, reading.find(place.parent)
        if row is None or not place.parent:
            continue
        if parent is None:
            if not reading.is_incomplete:
                value = quoted(row.cell("parent_name"))
                row.fail("parent_name", "unknown_parent", value=value)
        elif place.parent == word_key(place.name):
            row.fail("parent_name", "parent_is_itself")
        elif place.kind and parent.kind and place.kind not in CHILDREN[parent.kind]:
            place.is_misplaced = True
            misplaced.append((row, place.kind, parent))
    for row, kind, parent in misplaced:
        if parent.kind and not parent.is_misplaced:  # one misplaced parent is one error
            names = {"parent": _label(parent.kind), "kind": _label(kind)}
            row.fail("parent_name", "kind_not_allowed", **names)


def _parents_first(reading: _Reading, places: Sequence[_Place]) -> Iterator[_Place]:
    """Give every organisation after its parent; report those that stand above themselves."""
    order = {place: index for index, place in enumerate(places)}
    done: set[_Place] = set()
    for start in places:
        chain: dict[_Place, None] = {}
        place: _Place | None = start
        while place and place not in done and place not in chain:
            chain[place] = None
            above = reading.find(place.parent) if place.parent else None
            place = None if above is place else above
        if place in chain:
            circle = list(chain)[list(chain).index(place) :]
            _report_circle(reading, circle, order)
        done.update(chain)
        yield from reversed(chain)


def _report_circle(
    reading: _Reading, circle: Sequence[_Place], order: Mapping[_Place, int]
) -> None:
    """Report the row that closes a circle: the one that names a parent further down the file."""
    if any(place.is_misplaced for place in circle):
        return
    rows = [place for place in circle if place.row]
    last = len(order)
    closing = [p for p in rows if order[p] < order.get(reading.find(p.parent) or p, last)]
    for place in closing or rows:
        if place.row:
            place.row.fail("parent_name", "parent_cycle")


def _label(kind: Kind) -> str:
    return _first(t.KINDS[kind])


def _first(words: str) -> str:
    return words.split(maxsplit=1)[0]


# ── Members


def _read_member(reading: _Reading, row: Row) -> None:
    """Read one row, and keep it when nothing is wrong with it."""
    columns = row.layout.columns
    name = row.take(_MEM["name"], t.read_person, needed=True)
    sex = row.take(_MEM["sex"], t.read_sex, needed="sex" in columns)
    ethnicity = row.take(_MEM["ethnicity"], t.read_ethnicity, needed=True)
    number = row.take(_MEM["id_number"], t.read_id_number, needed=True)
    born_on = row.take(_MEM["born_on"], cell_date, needed="born_on" in columns)
    education = row.take(_MEM["education"], t.read_education, needed=True)
    category = row.take(_MEM["category"], t.read_category, needed=True)
    joined_on = row.take(_MEM["joined_on"], cell_date, needed=True)
    before = len(row.errors)
    full_on = row.take(_MEM["full_on"], cell_date)
    is_full_on_read = len(row.errors) == before
    branch = row.take(_MEM["organization_name"], t.read_organization, needed=True)
    phone = row.take(_MEM["phone"], t.read_phone)
    is_mobile = bool(row.take(_MEM["is_mobile"], t.read_yes_or_no))
    if number:
        sex = sex or (None if "sex" in columns else members.sex_of(number))
        born_on = born_on or (None if "born_on" in columns else members.born_on_of(number))
        here = row.layout.sheet.name, row.number
        first = reading.numbers.setdefault(number, here)
        if first is not here:
            row.fail("id_number", "duplicate_id_number", place=row_place(*first))
    facts = members.MemberFacts(
        number, born_on, sex, category if is_full_on_read else None, joined_on, full_on
    )
    for fault in members.check_facts(facts, reading.as_of):
        row.report(fault.field, fault.code, fault.zh)
    organization = _branch(reading, row, branch) if branch else None
    if not row.is_bad:
        who = (name, sex, ethnicity, number, born_on, education, category, joined_on)
        roster, sheet = reading.roster, row.layout.sheet.name
        found = t.MemberRow(*who, full_on, organization, phone, is_mobile, sheet, row.number)  # type: ignore[arg-type]
        roster.members.append(found)  # none of these is None: a row that lacks one is bad


def _branch(reading: _Reading, row: Row, name: str) -> str | None:
    place = reading.find(word_key(name))
    if place is None:
        if not reading.is_incomplete:
            row.fail("organization_name", "unknown_branch", value=quoted(name))
    elif place.is_ambiguous:
        row.fail("organization_name", "ambiguous_branch")
    elif place.kind and place.kind not in HOLDS_MEMBERS and not place.is_misplaced:
        row.fail("organization_name", "branch_holds_no_members", kind=_label(place.kind))
    return place.name if place else None


# ── Template and export


_CHOICES = {
    "kind": tuple(_label(kind) for kind in t.KINDS if kind is not Kind.DISTRICT_COMMITTEE),
    "sector": tuple(map(_first, t.SECTORS.values())),
    "is_grid": ("是", "否"),
    "sex": ("男", "女"),
    "ethnicity": tuple(members.ETHNICITIES.values()),
    "education": tuple(map(_first, t.EDUCATIONS.values())),
    "category": tuple(map(_first, t.CATEGORIES.values())),
    "is_mobile": ("是", "否"),
}


def template_sheets() -> list[NewSheet]:
    """Give the sheets of the import template (导入模板): headings, hints, drop-downs, no rows."""
    return [
        NewSheet(name=what, columns=columns_of(fields, _CHOICES), blank_rows=5_000)
        for what, fields in _TABLES.items()
    ]


def export_sheet(rows: Iterable[t.ExportedMember]) -> NewSheet:
    """Give the sheet of an export of members, with the headings and words of the template."""
    columns = columns_of(t.MEMBER_FIELDS, {})
    return NewSheet(name=MEMBERS, columns=columns, rows=map(_exported, rows))


def _exported(member: t.ExportedMember) -> tuple[Cell, ...]:
    """Write the codes of a record as words."""
    words = member._replace(
        sex=_first(t.SEXES[Sex(member.sex)]),
        ethnicity=members.ETHNICITIES[member.ethnicity],
        education=_first(t.EDUCATIONS[Education(member.education)]),
        category=_first(t.CATEGORIES[MemberCategory(member.category)]),
    )
    return *words[:-1], "是" if member.is_mobile else "否"
