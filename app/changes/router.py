"""Changes over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["changes"], route_class=Route)
