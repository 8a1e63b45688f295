"""Messages over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["messages"], route_class=Route)
