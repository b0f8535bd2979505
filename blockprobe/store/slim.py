"""Slim records: what a measurement concluded when nothing new was to be kept; they name the last full record."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.codec import without_later
from blockprobe.model.errors import StoreError
from blockprobe.model.record import Attribution, Record, Target
from blockprobe.model.words import Grade, Layer, LineState, Mechanism, Reason, Refusal, SiteState, State
from blockprobe.store.lines import SLIM, Packed, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimVerdict:
    """A verdict without its sentence, its list of interference and its artefacts; the words are those of `Verdict`."""

    state: State
    line_state: LineState
    site_state: SiteState
    grade: Grade | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    layer: Layer | None = None
    rule: str
    reasons: tuple[Reason, ...] = ()
    suspected: tuple[Mechanism, ...] = ()
    refusal: Refusal | None = None
    partial: bool = False
    via_redirect: bool = False
    parity_gap: bool = False
    attribution: Attribution = Attribution()  # noqa: RUF009 - frozen, as in the model


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimRecord:
    """One measurement of one target, without its evidence. `isp` is the network's id in the catalogue, as the vantage
    stated it; `last_full` the id of the latest record of this target that was kept with all its evidence."""

    schema: Literal["blockprobe.slim/1"] = "blockprobe.slim/1"
    id: str
    measured_at: datetime
    runtime_s: float
    target: Target
    verdict: SlimVerdict
    isp: str | None = None
    last_full: str | None = None


@cache
def _adapter() -> TypeAdapter[SlimRecord]:
    return TypeAdapter(SlimRecord)


def slim_schema() -> dict[str, Any]:
    """The JSON Schema of a slim record."""
    return _adapter().json_schema()


def slim_of(record: Record, last_full: str | None) -> SlimRecord:
    """The record without evidence."""
    verdict = record.verdict
    return SlimRecord(
        id=record.id,
        measured_at=record.measured_at,
        runtime_s=record.runtime_s,
        target=record.target,
        verdict=SlimVerdict(**{name: getattr(verdict, name) for name in SlimVerdict.__slots__}),
        isp=record.vantage.isp,
        last_full=last_full,
    )


def pack_slim(slim: SlimRecord) -> Packed:
    """The slim record as a line without parts; what has its default value is left out."""
    document = _adapter().dump_python(slim, mode="json", exclude_defaults=True)
    text = to_json(document)
    return Packed(schema=SLIM, shape="", id=slim.id, measured_at=slim.measured_at, parts=(), text=text)


def dump_slim(slim: SlimRecord) -> bytes:
    """One line of JSON with every key, without the newline."""
    return without_later(_adapter().dump_json(slim))


def load_slim(line: bytes) -> SlimRecord:
    """The slim record in a line; raises StoreError naming the first fault."""
    try:
        return _adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "slim record"
        raise StoreError(f"{place}: {first['msg']}") from None
