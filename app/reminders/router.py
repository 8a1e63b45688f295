"""Reminders over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["reminders"], route_class=Route)
