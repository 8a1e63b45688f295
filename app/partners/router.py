"""Partners over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["partners"], route_class=Route)
