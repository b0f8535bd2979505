"""The API: who may ask, how often, and what is answered (facts of the protocol: `docs/helper.md`)."""

import hmac
import logging
import math
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Protocol

from blockprobe.helper.budget import InFlight, RequestBudget
from blockprobe.helper.guard import Place, place_of
from blockprobe.helper.http_server import HttpRequest, HttpResponse, problem
from blockprobe.helper.keys import KeyTable
from blockprobe.helper.metrics import Meter
from blockprobe.helper.protocol import ControlRequest, Greeting, Outcome, read_request, render
from blockprobe.net.clock import Clock

_LOG = logging.getLogger(__name__)
_HELLO = b'{"message":"blockprobe helper: POST a control request here, see docs/helper.md"}'
#: Seconds after which a client that met a full house may come back.
_BUSY_S = "1"


class Measurer(Protocol):
    """What does the measuring: `blockprobe.helper.control`."""

    async def measure(self, request: ControlRequest, place: Place) -> Outcome:
        """Everything found out about the place; never raises for the network."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The handler of the API's listener. `token`: what clients must present (None: nothing)."""

    clock: Clock
    keys: KeyTable
    budget: RequestBudget
    in_flight: InFlight
    meter: Meter
    measurer: Measurer
    token: str | None = None

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request and count it."""
        try:
            response = await self._answer(request)
        except Exception:  # a fault of ours must cost one request, not the server; the log has the traceback
            _LOG.exception("request failed")
            response = problem(500, "internal error")
        self.meter.count("api", str(response.status))
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        path = request.target.partition("?")[0]
        if (request.method, path) == ("GET", "/"):
            return HttpResponse(status=200, body=_HELLO)
        if request.method not in ("GET", "POST") or (request.method == "POST" and path != "/"):
            return problem(400, "GET / for health, POST / for control measurements")
        if refusal := self._refusal(request):
            return refusal
        if request.method == "POST":
            return await self._control(request)
        if path == "/metrics":
            body, content_type = self.meter.text()
            return HttpResponse(status=200, body=body, content_type=content_type)
        return problem(404, "nothing here")

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        """Why this client gets no answer now; guesses at the token are paid from the budget too."""
        if wait_s := self.budget.take(request.client):
            return problem(429, "too many requests", ("Retry-After", str(math.ceil(wait_s))))
        if self.token is not None:
            shown = (request.header("authorization") or "").encode()
            if not hmac.compare_digest(shown, f"Bearer {self.token}".encode()):
                return problem(401, "a bearer token is needed", ("WWW-Authenticate", "Bearer"))
        return None

    async def _control(self, request: HttpRequest) -> HttpResponse:
        try:
            asked = read_request(request.body)
        except ValueError as error:
            return problem(400, str(error))
        if not asked.http_request and asked.x_blockprobe is not None:
            return HttpResponse(status=200, body=render(None, self._greeting(request.client)))
        place = place_of(asked.http_request)
        if place is None:
            return problem(400, "http_request: no http(s) URL whose host and port this helper goes to")
        if not self.in_flight.enter(request.client):
            return problem(503, "too many measurements under way", ("Retry-After", _BUSY_S))
        try:
            outcome = await self.measurer.measure(asked, place)
        finally:
            self.in_flight.leave(request.client)
        greeting = self._greeting(request.client) if asked.x_blockprobe is not None else None
        return HttpResponse(status=200, body=render(outcome, greeting), headers=self._date())

    def _date(self) -> tuple[tuple[str, str], ...]:
        return (("Date", format_datetime(self.clock.now(), usegmt=True)),)

    def _greeting(self, client: str) -> Greeting:
        return Greeting(now=self.clock.now().timestamp(), client=client, key=self.keys.issue(client))
