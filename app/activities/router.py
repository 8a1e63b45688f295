"""Activities over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["activities"], route_class=Route)
