"""Rectifications over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["rectifications"], route_class=Route)
