"""Transfers over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["transfers"], route_class=Route)
