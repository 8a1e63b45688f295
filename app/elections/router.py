"""Elections over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(route_class=Route)
