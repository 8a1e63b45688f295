"""Admissions over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["admissions"], route_class=Route)
