"""Economy over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["economy"], route_class=Route)
