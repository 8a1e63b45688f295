"""The application: the one place that knows every domain."""

import importlib.resources
import re
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.access.router import Callers, authenticate, bearer
from app.access.router import public as sessions_public
from app.access.router import router as sessions
from app.accounts.router import router as accounts
from app.accounts.router import secret as accounts_secret
from app.activities.router import router as activities
from app.admissions.router import router as admissions
from app.appraisals.router import router as appraisals
from app.arrivals.router import router as arrivals
from app.audit.router import router as audit
from app.ballots.router import router as ballots
from app.cadences.router import router as cadences
from app.changes.router import router as changes
from app.closings.router import router as closings
from app.contests.router import router as contests
from app.core import health, problems
from app.core.db import Doors
from app.core.envelope import Envelope
from app.core.http import note_refusal
from app.core.settings import Settings
from app.core.store import open_store
from app.corrections.router import router as corrections
from app.cycles.router import router as cycles
from app.economy.router import router as economy
from app.elections.router import router as elections
from app.figures.router import router as figures
from app.forecasts.router import router as forecasts
from app.imports.router import router as imports
from app.leaders.router import router as leaders
from app.members.router import router as members
from app.messages.router import router as messages
from app.organizations.router import router as organizations
from app.partners.router import router as partners
from app.pledges.router import router as pledges
from app.postings.router import router as postings
from app.probations.router import router as probations
from app.programmes.router import router as programmes
from app.rates.router import router as rates
from app.rectifications.router import router as rectifications
from app.reminders.router import Reads
from app.reminders.router import public as feeds_public
from app.reminders.router import router as reminders
from app.reminders.router import secret as feeds_secret
from app.reports.router import router as reports
from app.residents.router import router as residents
from app.restructurings.router import router as restructurings
from app.rosters.router import router as rosters
from app.rules.router import router as rules
from app.simulations.router import router as simulations
from app.tallies.router import router as tallies
from app.terms.router import router as terms
from app.transfers.router import router as transfers
from app.wechat import service as wechat
from app.wishes.router import router as wishes

GUARDED = (  # fixed paths first, and what is asked most
    sessions,
    organizations,
    rosters,
    imports,
    members,
    probations,
    simulations,
    rules,
    rates,
    pledges,
    residents,
    wishes,
    elections,
    cycles,
    tallies,
    terms,
    ballots,
    changes,
    figures,
    closings,
    corrections,
    forecasts,
    reports,
    messages,
    reminders,
    feeds_secret,
    restructurings,
    transfers,
    arrivals,
    admissions,
    cadences,
    activities,
    contests,
    leaders,
    postings,
    appraisals,
    rectifications,
    partners,
    economy,
    programmes,
    accounts,
    accounts_secret,
    audit,
)
MAX_JSON = 1 << 20
_TERM = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)")
VERSION = "0.1.0"
DESCRIPTION = """
夯基：区县基层党组织管理服务。记录在系统中，数字由系统计算。

Hangji keeps the records of a district's grassroots Party organisations and computes the rest.

`POST /v1/sessions` 取得令牌，点击 **Authorize** 填入。 / Get a token there, then *Authorize*.
"""


class Application(FastAPI):
    """FastAPI, with the envelope around what the framework answers by itself too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the envelope outermost."""
        return Envelope(super().build_middleware_stack(), allowed_hosts=self.state.allowed_hosts)


def create_app(doors: Doors, settings: Settings) -> FastAPI:
    """Build the application around its doors to the database."""
    app = Application(
        title="夯基 Hangji",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        max_body_size=MAX_JSON,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.allowed_hosts = settings.allowed_hosts
    app.state.guard = authenticate
    app.state.note_refusal = note_refusal
    app.state.doors = doors
    app.state.callers = Callers()
    app.state.store = open_store(settings)
    app.state.wechat = wechat.of_settings(settings)
    app.state.feed_reads = Reads()
    problems.install(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Location", "X-Request-ID", "Idempotent-Replayed"],
        )
    app.include_router(health.router)
    app.include_router(feeds_public)
    app.include_router(sessions_public, prefix="/v1")
    for router in GUARDED:  # side by side: every level would match the path once more
        app.include_router(
            router,
            prefix="/v1",
            dependencies=[Depends(bearer)],  # for the document: `Route` asks the guard itself
            responses=problems.EVERYWHERE,
        )
    _serve_docs(app)
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Generate the OpenAPI document, the same on every run."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(problems.schemas())
        for path in made["paths"].values():
            for operation in path.values():
                if term := _TERM.search(operation.get("description", "")):
                    operation["summary"] = f"{term[1]} {operation['summary']}"
                answers = operation["responses"]
                if "$ref" in str(answers.get("422", {}).get("content", {}).get("application/json")):
                    answers["422"] = problems.EVERYWHERE[422]
        app.openapi_schema = made
    return app.openapi_schema


def _serve_docs(app: FastAPI) -> None:
    """Serve Swagger UI out of an installed package: government networks have no internet."""
    assets = importlib.resources.files("fastapi_offline") / "static"
    app.mount("/docs/assets", StaticFiles(directory=str(assets)), name="docs-assets")

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> dict[str, Any]:
        return openapi(app)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        base = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{base}/openapi.json",
            title=app.title,
            swagger_js_url=f"{base}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{base}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{base}/docs/assets/favicon.png",
            oauth2_redirect_url=None,
        )
