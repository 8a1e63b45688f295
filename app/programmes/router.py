"""Programmes over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["programmes"], route_class=Route)
