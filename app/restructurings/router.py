"""Restructurings over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["restructurings"], route_class=Route)
